import math

import numpy as np
import pytest

from cinescene.sets.mesh_operations import placed
from cinescene.sets.occluders import OccluderSampling, occluder_spheres, reach
from cinescene.sets.primitives import cylinder, sphere
from tests.sets.staging import plain

RED = plain(255, 0, 0)


def spheres_of(*meshes):
    first = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])
    sampling = OccluderSampling.of_meshes([m.triangles + i for m, i in zip(meshes, first, strict=False)])
    positions = np.concatenate([np.zeros((0, 3), dtype=np.float32), *(mesh.positions for mesh in meshes)])
    return occluder_spheres(positions, sampling)


def test_spheres_have_the_surface_and_the_middle_of_their_mesh() -> None:
    ball = placed(sphere(0.4, RED, 64, 32), (1, 2, 3))
    found = spheres_of(ball)
    assert (4 * math.pi * found[:, 3] ** 2).sum() == pytest.approx(4 * math.pi * 0.16, rel=0.05)
    weights = found[:, 3:] ** 2
    np.testing.assert_allclose((weights * found[:, :3]).sum(0) / weights.sum(), [1, 2, 3], atol=0.02)


def test_spheres_follow_their_mesh_smoothly() -> None:
    def at(x: float) -> np.ndarray:
        return spheres_of(placed(cylinder(0.2, 1.7, RED), (x, 0, 0)), placed(sphere(0.2, RED), (x, 1, 0.2)))

    np.testing.assert_allclose(at(0.01)[:, :3] - at(0.0)[:, :3], np.tile([0.01, 0, 0], (len(at(0.0)), 1)), atol=1e-6)


def test_nothing_and_specks_give_no_spheres() -> None:
    assert spheres_of().shape == (0, 4)
    assert len(spheres_of(sphere(0.01, RED))) == 0


def test_reach_is_where_shares_fall_below_the_least() -> None:
    low, high = reach(np.array([[0.0, 0.0, 1.0, 0.2]]), 0.04)
    np.testing.assert_allclose(high, [1.0, 1.0, 2.0], rtol=2e-3)
    np.testing.assert_allclose(low, [-1.0, -1.0, 0.0], atol=2e-3)
