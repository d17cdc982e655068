"""Walks: as long as asked, clear of everything, around what stands in the way, the same for the same seed."""

import math

import numpy as np
import pytest

from cinescene.errors import GeometryError
from cinescene.sets.collision import Air, FreeSpace, Obstacle
from cinescene.sets.walks import SPACING_M, FloorGrid, WalkPath, plan_walk, walkable_area

HALL = Air(low=(-5.0, -4.0), high=(5.0, 4.0), height_m=3.0)
WALL = Obstacle(centre=(0.0, -0.8), half_size=(0.1, 3.2), top_m=3.0)
"""A wall across the hall with a gap at y > 2.4."""


def test_an_open_floor_gives_walks_of_the_length_asked_for() -> None:
    space = FreeSpace((), (HALL,))
    for seed in range(12):
        walk = plan_walk(space, np.random.default_rng(seed), 3.5, start=(0.5, 0.2))
        assert walk.length_m == pytest.approx(3.5, abs=0.02)
        assert walk.points[0] == pytest.approx([0.5, 0.2])
        assert space.walk_clearance_m(walk.points).min() >= 0.35
        assert np.linalg.norm(np.diff(walk.points, axis=0), axis=1).max() <= SPACING_M + 1e-9


def test_headings_are_kept_where_there_is_room() -> None:
    space = FreeSpace((), (HALL,))
    for seed in range(8):
        walk = plan_walk(space, np.random.default_rng(seed), 2.0, start=(0.0, 0.0), heading_rad=1.0)
        _, heading = walk.at(np.zeros(1))
        assert abs(float(heading[0]) - 1.0) <= math.pi / 3 + 0.05


def test_a_walk_goes_round_furniture() -> None:
    """In a maze of narrow lanes no arc fits, so that the way has to be planned."""
    shelves = tuple(
        Obstacle(centre=(x, 0.9 * (-1) ** k), half_size=(0.15, 3.1), top_m=2.0) for k, x in enumerate((-3, -1, 1, 3))
    )
    space = FreeSpace(shelves, (HALL,))
    for seed in range(3):
        walk = plan_walk(space, np.random.default_rng(seed), 14.0, start=(-4.2, 0.0))
        assert walk.length_m == pytest.approx(14.0, abs=0.05)
        assert space.walk_clearance_m(walk.points).min() >= 0.34
        turns = np.abs(np.diff(walk.at(np.arange(0, 14, 0.1))[1]))
        assert turns.max() < 1.2


def test_a_walk_is_shorter_only_where_the_floor_is() -> None:
    closet = FreeSpace((), (Air(low=(0.0, 0.0), high=(1.2, 1.2), height_m=2.4),))
    walk = plan_walk(closet, np.random.default_rng(0), 5.0, start=(0.6, 0.6))
    assert 0 < walk.length_m < 1.0
    assert closet.walk_clearance_m(walk.points).min() >= 0.34


def test_a_start_inside_a_thing_moves_to_the_nearest_free_place() -> None:
    space = FreeSpace((Obstacle(centre=(0.0, 0.0), half_size=(0.5, 0.5), top_m=1.0),), (HALL,))
    walk = plan_walk(space, np.random.default_rng(1), 1.5, start=(0.3, 0.0))
    assert space.walk_clearance_m(walk.points).min() >= 0.35
    assert 0.84 <= np.linalg.norm(walk.points[0]) < 1.4


def test_the_same_seed_gives_the_same_walk() -> None:
    space = FreeSpace((WALL,), (HALL,))
    first, second = (plan_walk(space, np.random.default_rng(5), 9.0, start=(-2.0, -2.0)) for _ in range(2))
    assert np.array_equal(first.points, second.points)


def test_nowhere_to_stand_is_an_error() -> None:
    tight = FreeSpace((), (Air(low=(0.0, 0.0), high=(0.5, 0.5), height_m=2.4),))
    with pytest.raises(GeometryError, match="fits nowhere"):
        plan_walk(tight, np.random.default_rng(0), 1.0, start=(0.2, 0.2))


def test_components_of_the_floor_are_what_a_wall_leaves() -> None:
    closed = Obstacle(centre=(0.0, 0.0), half_size=(0.1, 4.0), top_m=3.0)
    grid = FloorGrid.of(FreeSpace((closed,), (HALL,)), 0.3, cell_m=0.1)
    assert grid.component.max() == 2
    left = grid.connected_to(grid.nearest_free_cell(np.array([-3.0, 0.0])))
    assert (grid.centre_of(left)[:, 0] < 0).all()
    assert grid.free_area_m2 == pytest.approx(2 * 4.3 * 7.4, rel=0.03)
    assert FloorGrid.of(FreeSpace((WALL,), (HALL,)), 0.3, cell_m=0.1).component.max() == 1


def test_walkable_places_are_free() -> None:
    space = FreeSpace((WALL,), (HALL,))
    points = walkable_area(space, np.random.default_rng(3), 200, near=(-2.0, 0.0), radius_m=0.3)
    assert points.shape == (200, 2)
    assert space.walk_clearance_m(points).min() >= 0.3
    assert points[:, 0].min() < -2
    assert points[:, 0].max() > 2


def test_positions_and_headings_along_a_corner() -> None:
    walk = WalkPath(points=np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]))
    position, heading = walk.at(np.array([-1.0, 1.0, 2.0, 3.0, 9.0]))
    assert position == pytest.approx(np.array([[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]]))
    assert heading == pytest.approx([0, 0, math.pi / 4, math.pi / 2, math.pi / 2])
