"""Colours have the names that people give them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinescene.sets.subjects.colours import (
    HAIR,
    NAMED,
    colour_name,
    distance,
    hair_colour_name,
    random_colour,
    random_hair_colour,
)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((1.0, 0.0, 0.0), "red"),
        ((0.0, 0.0, 0.0), "black"),
        ((1.0, 1.0, 1.0), "white"),
        ((0.0, 0.0, 0.35), "dark blue"),
        ((0.9, 0.8, 0.1), "yellow"),
        ((0.1, 0.5, 0.2), "green"),
        ((0.55, 0.55, 0.55), "grey"),
    ],
)
def test_plain_colours_have_plain_names(colour: tuple[float, float, float], name: str) -> None:
    assert colour_name(colour) == name


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(NAMED)))
def test_a_colour_drawn_by_name_has_that_name(seed: int, name: str) -> None:
    assert colour_name(random_colour(np.random.default_rng(seed), [name])) == name


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(HAIR)))
def test_a_hair_colour_drawn_by_name_has_that_name(seed: int, name: str) -> None:
    assert hair_colour_name(random_hair_colour(np.random.default_rng(seed), name)) == name


def test_distances_are_those_of_cielab() -> None:
    assert distance((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) == pytest.approx(100.0, abs=0.01)
    assert distance((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) == pytest.approx(170.57, abs=0.1)
