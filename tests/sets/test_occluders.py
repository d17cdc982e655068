import math

import numpy as np
import pytest

from cinescene.sets.mesh import Mesh
from cinescene.sets.mesh_operations import merged, placed
from cinescene.sets.occluders import AREA_FACTOR, LOW_M, OccluderSampling, occluder_spheres
from cinescene.sets.primitives import grid_surface, sphere
from tests.sets.staging import plain

RED = plain(255, 0, 0)


def post(x: float, y: float, height_m: float = 1.7) -> Mesh:
    """An upright open tube of fine, even triangles, about (x, y)."""
    angle, z = np.meshgrid(np.linspace(0, 2 * math.pi, 33), np.linspace(0, height_m, 69))
    points = np.stack([x + 0.2 * np.cos(angle), y + 0.2 * np.sin(angle), z], axis=-1)
    return grid_surface(points, RED)


def spheres_of(mesh: Mesh) -> np.ndarray:
    return occluder_spheres(mesh.positions, OccluderSampling.of_triangles(mesh.triangles))


def test_spheres_have_the_surface_and_the_middle_of_what_is_low() -> None:
    found = spheres_of(post(1, 2))
    low_area = 2 * math.pi * 0.2 * LOW_M / 2
    assert (4 * math.pi * found[:, 3] ** 2).sum() == pytest.approx(AREA_FACTOR * low_area, rel=0.06)
    weights = found[:, 3:] ** 2
    np.testing.assert_allclose((weights * found[:, :3]).sum(0) / weights.sum(), [1, 2, LOW_M / 3], atol=0.03)


def test_balls_keep_from_a_floor_what_they_should() -> None:
    for radius in (0.12, 0.2, 0.3):
        found = spheres_of(placed(sphere(radius, RED, 48, 24), (0, 0, radius)))
        for away in (0.5 * radius, radius, 1.5 * radius):
            way = found[:, :3] - np.array([away, 0, 0])
            squared, r2 = (way**2).sum(1), found[:, 3] ** 2
            kept = (0.8 * r2 * way[:, 2] / ((squared + r2) * (squared + 0.16))).sum()
            exact = radius**3 / math.hypot(away, radius) ** 3
            assert kept == pytest.approx(exact, rel=0.35)


def test_spheres_follow_their_mesh_smoothly() -> None:
    body = merged([post(0, 0), placed(sphere(0.2, RED), (0.1, 0.3, 0.2))])
    here, there = spheres_of(body), spheres_of(placed(body, (0.01, 0, 0)))
    np.testing.assert_allclose(there - here, np.tile([0.01, 0, 0, 0], (4, 1)), atol=1e-6)


def test_two_subjects_apart_get_spheres_each() -> None:
    found = spheres_of(merged([post(-2, 0), post(2, 0)]))
    assert (np.abs(np.abs(found[:, 0]) - 2) < 0.2).all()


def test_nothing_gives_spheres_of_no_size() -> None:
    nothing = OccluderSampling.of_triangles(np.zeros((0, 3), dtype=np.int32))
    assert (occluder_spheres(np.zeros((0, 3), dtype=np.float32), nothing) == 0).all()
