"""Free space: exact distances to boxes, never overstated, and lines that are free where nothing stands."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import GeometryError
from cinescene.sets.collision import STEP_M, Air, FreeSpace, Obstacle

ROOM = Air(low=(-3.0, -2.0), high=(3.0, 2.0), height_m=2.5)
BOX = Obstacle(centre=(1.0, 0.0), half_size=(0.5, 0.5), top_m=1.0)
coordinate = st.floats(-4, 4)


def space(*obstacles: Obstacle, air: tuple[Air, ...] = (ROOM,)) -> FreeSpace:
    return FreeSpace(tuple(obstacles), air)


def test_distances_are_those_of_a_box() -> None:
    points = np.array([[0.0, 0.0, 0.5], [1.0, 0.0, 0.5], [1.0, 0.0, 1.4], [0.2, 0.9, 0.5]])
    expected = [0.5, -0.5, 0.4, math.hypot(0.3, 0.4)]
    assert space(BOX).clearance_m(points) == pytest.approx(expected)


def test_walls_floor_and_ceiling_count() -> None:
    points = np.array([[-2.9, 0.0, 1.2], [0.0, 0.0, 2.3], [0.0, 0.0, 0.1], [5.0, 0.0, 1.0]])
    assert space().clearance_m(points) == pytest.approx([0.1, 0.2, 0.1, -2.0])


def test_turned_boxes_turn_with_their_coordinates() -> None:
    turned = Obstacle(centre=(0.5, 0.3), half_size=(1.0, 0.2), turn_rad=math.pi / 2, top_m=2.0)
    plain = Obstacle(centre=(0.5, 0.3), half_size=(0.2, 1.0), top_m=2.0)
    points = np.random.default_rng(0).uniform([-3, -2, 0], [3, 2, 2.5], (200, 3))
    assert space(turned).clearance_m(points) == pytest.approx(space(plain).clearance_m(points))


@given(st.tuples(coordinate, coordinate, st.floats(0, 3)), st.tuples(coordinate, coordinate, st.floats(0, 3)))
def test_clearance_changes_at_most_a_metre_a_metre(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    turned = Obstacle(centre=(-1.0, 0.5), half_size=(0.8, 0.2), turn_rad=0.7, bottom_m=0.4, top_m=1.5)
    ends = np.array([first, second])
    clearance = space(BOX, turned).clearance_m(ends)
    assert abs(clearance[0] - clearance[1]) <= math.dist(first, second) + 1e-9


def test_overlapping_air_is_one_room() -> None:
    annex = Air(low=(2.5, -0.5), high=(6.0, 0.5), height_m=2.1)
    joined = space(air=(ROOM, annex))
    assert joined.line_is_free(np.array([0.0, 0.0, 1.0]), np.array([5.0, 0.0, 1.0]), 0.2)
    assert joined.bounds == (-3.0, -2.0, 6.0, 2.0)
    assert joined.ceiling_m(np.array([0.0, 0.0])) == 2.5
    assert joined.ceiling_m(np.array([5.0, 0.0])) == 2.1
    assert joined.ceiling_m(np.array([5.0, 3.0])) == 0.0


def test_lines_of_sight_are_blocked_by_boxes_only() -> None:
    start, end = np.array([-1.0, 0.0, 0.5]), np.array([2.5, 0.0, 0.5])
    higher = np.array([0.0, 0.0, 1.0])
    assert not space(BOX).line_is_free(start, end)
    assert space(BOX).line_is_free(start + higher, end + higher)
    assert not space(BOX).line_is_free(start + higher, end + higher, radius_m=0.6)


def test_people_step_over_rugs_and_walk_under_lamps() -> None:
    rug = Obstacle(centre=(0.0, 0.0), half_size=(1.0, 1.0), top_m=STEP_M / 2)
    lamp = Obstacle(centre=(0.0, 0.0), half_size=(0.3, 0.3), bottom_m=2.05, top_m=2.5)
    beam = Obstacle(centre=(0.0, 0.0), half_size=(0.3, 0.3), bottom_m=1.6, top_m=2.5)
    here = np.zeros((1, 2))
    assert space(rug, lamp).walk_clearance_m(here)[0] == pytest.approx(2.0)
    assert space(beam).walk_clearance_m(here)[0] == pytest.approx(-0.3)


def test_no_air_is_an_error() -> None:
    with pytest.raises(GeometryError, match="at least one box of air"):
        FreeSpace((), ())
