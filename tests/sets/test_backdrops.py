"""Skies of the user's: the view, and the light that goes with it."""

import math

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.sets.backdrops import with_backdrop
from cinescene.sets.description import SetDescription
from cinescene.sets.generate import generate_set
from cinescene.sets.sky import sun_direction
from cinescene.sets.stage import build_stage


def hdri(sun_azimuth_rad: float = 0.4, sun_elevation_rad: float = 0.7) -> np.ndarray:
    """A blue sky over brown ground with a sun 3000 times as bright."""
    picture = np.empty((128, 256, 3), dtype=np.float32)
    picture[:64] = (0.4, 0.6, 1.0)
    picture[64:] = (0.2, 0.15, 0.1)
    longitude = math.pi / 2 - sun_azimuth_rad
    column = int((longitude / (2 * math.pi) + 0.5) * 256)
    row = int((0.5 - sun_elevation_rad / math.pi) * 128)
    picture[row, column] = (3000.0, 2700.0, 2100.0)
    return picture


def test_out_of_doors_the_picture_is_the_light() -> None:
    description = with_backdrop(generate_set(1, "street"), hdri(), "sky.hdr")
    assert description.ambient_up[2] > description.ambient_up[0] > description.ambient_down[0] > 0
    assert np.mean(description.ambient_up) == pytest.approx(0.62, rel=0.02)
    assert description.sun is not None
    expected = (math.cos(0.7) * math.cos(0.4), math.cos(0.7) * math.sin(0.4), math.sin(0.7))
    assert np.dot(sun_direction(description.sun), expected) > math.cos(math.radians(2))
    assert description.sun.colour[0] > description.sun.colour[2]


def test_turning_the_picture_turns_its_sun() -> None:
    for turn in (-1.0, 0.5, 2.0):
        sun = with_backdrop(generate_set(1, "courtyard"), hdri(), "sky.hdr", turn_rad=turn).sun
        assert sun is not None
        assert math.cos(sun.azimuth_rad - 0.4 - turn) > math.cos(math.radians(2))


def test_the_light_does_not_depend_on_the_pictures_exposure() -> None:
    first, second = (with_backdrop(generate_set(1, "street"), hdri() * f, "sky.hdr") for f in (1.0, 50.0))
    assert first.ambient_up == pytest.approx(second.ambient_up, rel=1e-3)
    assert first.sky.brightness == pytest.approx(50 * second.sky.brightness, rel=1e-3)


def test_an_ordinary_panorama_has_no_sun_and_rooms_keep_their_light() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 128, 3)).astype(np.uint8)
    room = generate_set(3, "room")
    lit = with_backdrop(room, photo, "view.jpg")
    assert lit.sun is None
    assert (lit.ambient_up, lit.ambient_down, lit.lamps) == (room.ambient_up, room.ambient_down, room.lamps)
    assert SetDescription.from_json(lit.to_json()) == lit
    assert lit.buildings == ()
    assert min(slab.high[2] for slab in lit.slabs) >= 0.0
    assert all(math.hypot(*piece.position[:2]) < 12.0 for piece in lit.pieces)
    assert len(lit.pieces) > 10


def test_a_named_backdrop_has_to_be_given() -> None:
    description = with_backdrop(generate_set(1, "courtyard"), hdri(), "sky.hdr")
    with pytest.raises(InputError, match=r"its sky is the picture 'sky\.hdr'"):
        build_stage(description)


def test_a_picture_that_is_no_panorama_is_refused() -> None:
    with pytest.raises(InputError, match="twice as wide as high"):
        with_backdrop(generate_set(1, "street"), np.zeros((10, 10, 3), dtype=np.uint8), "square.png")
