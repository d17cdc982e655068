"""Paths over the floor: where, how fast, which way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.sets.subjects.ground_path import GroundPath

numbers = st.floats(-20, 20)


@given(numbers, numbers, st.floats(-3, 3), st.floats(0.2, 4))
def test_a_straight_path_is_a_straight_line_at_all_times(x: float, y: float, heading: float, speed: float) -> None:
    path = GroundPath.straight((x, y), heading, speed, 3.0)
    times = np.linspace(-2, 5, 15)
    expected = np.array([x, y]) + np.outer(times * speed, [math.cos(heading), math.sin(heading)])
    np.testing.assert_allclose(path.position_m(times), expected, atol=1e-9)
    np.testing.assert_allclose(path.speed_m_s(times), speed, rtol=1e-9)
    np.testing.assert_allclose(path.heading_rad(times), heading, atol=1e-9)


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8, unique=True), st.integers(0, 100))
def test_velocity_is_the_derivative_of_position(points: list[tuple[float, float]], seed: int) -> None:
    gaps = np.random.default_rng(seed).uniform(0.2, 2.0, len(points))
    path = GroundPath(
        points_m=tuple(points), times_s=tuple(np.cumsum(gaps).tolist()), headings_rad=(0.0,) * len(points)
    )
    times, step = np.linspace(-1, 10, 23), 1e-5
    slope = (path.position_m(times + step) - path.position_m(times - step)) / (2 * step)
    np.testing.assert_allclose(path.velocity_m_s(times), slope, atol=1e-4)


def test_smoothing_stays_near_the_polyline_and_keeps_its_far_ends() -> None:
    path = GroundPath(points_m=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0)), times_s=(0.0, 4.0, 8.0))
    far = path.position_m(np.array([0.0, 8.0]))
    np.testing.assert_allclose(far, [[0, 0], [4, 4]], atol=1e-9)
    corner = path.position_m(np.array([4.0]))[0]
    assert 0.02 < np.linalg.norm(corner - [4, 0]) < 0.2


def test_heading_follows_the_way_and_is_kept_at_a_stop() -> None:
    path = GroundPath.along(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]), 1.0, 9.0)
    headings = path.heading_rad(np.array([0.5, 3.5, 6.0, 9.0]))
    np.testing.assert_allclose(headings, [0, math.pi / 2, math.pi / 2, math.pi / 2], atol=0.02)
    assert path.speed_m_s(np.array([8.0]))[0] < 1e-6


def test_turning_in_place_turns_by_the_stated_angle() -> None:
    path = GroundPath.standing((1.0, 2.0), 0.3, 5.0, turn_rad=-2.0)
    np.testing.assert_allclose(path.heading_rad(np.array([0.0, 5.0])), [0.3, -1.7], atol=0.02)
    np.testing.assert_allclose(path.position_m(np.array([0.0, 2.5, 5.0])), [[1, 2]] * 3)


def test_a_path_from_rest_begins_at_rest() -> None:
    path = GroundPath.along(np.array([[0.0, 0.0], [9.0, 0.0]]), 1.5, 4.0, from_rest=True, start_s=1.5)
    assert path.speed_m_s(np.array([0.0]))[0] < 1e-3
    assert path.speed_m_s(np.array([3.5]))[0] == pytest.approx(1.5, rel=1e-3)


@pytest.mark.parametrize(
    "fields",
    [
        {"points_m": ((0.0, 0.0),), "times_s": (0.0,)},
        {"points_m": ((0.0, 0.0), (1.0, 0.0)), "times_s": (0.0, 0.0)},
        {"points_m": ((0.0, 0.0), (1.0, math.nan)), "times_s": (0.0, 1.0)},
        {"points_m": ((0.0, 0.0), (0.0, 0.0)), "times_s": (0.0, 1.0)},
        {"points_m": ((0.0, 0.0), (1.0, 0.0)), "times_s": (0.0, 1.0), "headings_rad": (0.0,)},
    ],
)
def test_paths_that_mean_nothing_are_refused(fields: dict) -> None:
    with pytest.raises(InputError, match="ground path"):
        GroundPath(**fields)
