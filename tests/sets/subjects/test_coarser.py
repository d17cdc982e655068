import numpy as np
import pytest
from scipy.spatial import KDTree

from cinescene.sets.mesh import Mesh
from cinescene.sets.primitives import box
from cinescene.sets.subjects.casting import random_person
from cinescene.sets.subjects.coarser import SHADOW_CELL_M, coarser_triangles
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import Performance
from tests.sets.staging import plain


def sphere(rows: int, radius_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and triangles of a closed sphere whose vertices are shared."""
    latitudes = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)[1:-1]
    longitudes = np.arange(2 * rows) * np.pi / rows
    ring = np.stack([np.cos(longitudes), np.sin(longitudes)], 1)
    rings = [np.column_stack([np.cos(a) * ring, np.full(len(ring), np.sin(a))]) for a in latitudes]
    positions = np.concatenate([*rings, [[0, 0, -1], [0, 0, 1]]]) * radius_m
    n, last = 2 * rows, len(positions)
    triangles = []
    for j in range(n):
        k = (j + 1) % n
        for i in range(len(latitudes) - 1):
            a, b, c, d = i * n + j, i * n + k, (i + 1) * n + k, (i + 1) * n + j
            triangles += [(a, b, c), (a, c, d)]
        top = (len(latitudes) - 1) * n
        triangles += [(k, j, last - 2), (top + j, top + k, last - 1)]
    return positions, np.array(triangles, dtype=np.int32)


def volume_m3(positions: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = positions[triangles].transpose(1, 0, 2)
    return float((a * np.cross(b, c)).sum() / 6)


def test_a_sphere_stays_closed_and_nearly_as_large() -> None:
    positions, triangles = sphere(40, 0.3)
    coarse = coarser_triangles(positions, positions / 0.3, triangles)
    assert len(coarse) < 0.25 * len(triangles)
    assert volume_m3(positions, triangles) == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=0.01)
    assert volume_m3(positions, coarse) == pytest.approx(volume_m3(positions, triangles), rel=0.05)
    ends = np.concatenate([coarse[:, [0, 1]], coarse[:, [1, 2]], coarse[:, [2, 0]]])
    there, back = (set(map(tuple, way.tolist())) for way in (ends, ends[:, ::-1]))
    assert there == back


def test_what_is_near_without_hanging_together_stays_apart() -> None:
    positions, triangles = sphere(20, 0.1)
    both = np.concatenate([positions, positions + np.array([0.2001, 0, 0])])
    normals = np.concatenate([positions, positions]) / 0.1
    coarse = coarser_triangles(both, normals, np.concatenate([triangles, triangles + len(positions)]))
    in_first = coarse < len(positions)
    assert (in_first.all(1) | ~in_first.any(1)).all()


def test_rims_stay_as_they_are() -> None:
    i, j = np.meshgrid(np.arange(21), np.arange(21), indexing="ij")
    positions = np.stack([i.ravel() * 0.01, j.ravel() * 0.01, np.zeros(441)], axis=1)
    corner = (i[:-1, :-1] * 21 + j[:-1, :-1]).ravel()
    squares = np.stack([corner, corner + 21, corner + 22, corner, corner + 22, corner + 1], 1)
    triangles = squares.reshape(-1, 3).astype(np.int32)
    coarse = coarser_triangles(positions, np.tile([0.0, 0.0, 1.0], (441, 1)), triangles)
    rim = ((i == 0) | (i == 20) | (j == 0) | (j == 20)).ravel()
    assert set(np.flatnonzero(rim)) <= set(coarse.ravel().tolist())
    assert len(coarse) < 0.4 * len(triangles)
    a, b, c = positions[coarse].transpose(1, 0, 2)
    assert np.cross(b - a, c - a)[:, 2].sum() / 2 == pytest.approx(0.04)


def test_boxes_and_nothing_are_left_alone() -> None:
    chest = box((0.4, 0.4, 0.3), plain(90, 60, 30))
    assert np.array_equal(coarser_triangles(chest.positions, chest.normals, chest.triangles), chest.triangles)
    nothing = np.zeros((0, 3), dtype=np.int32)
    assert not len(coarser_triangles(np.zeros((0, 3)), np.zeros((0, 3)), nothing))


def test_walkers_cast_their_shadows_with_fewer_triangles_close_to_their_surface() -> None:
    person = random_person(np.random.default_rng(0))
    path = GroundPath.straight((0.0, 0.0), 0.0, 1.2, 1.0)
    performance = Performance(subject=person, path=path, duration_s=1.0)
    for time_s in (0.0, 0.5):
        meshes = performance.meshes_at(time_s)
        for mesh in meshes:
            gap_m, _ = KDTree(points_on(mesh, mesh.casting_triangles)).query(mesh.positions[np.unique(mesh.triangles)])
            assert gap_m.max() < 0.5 * SHADOW_CELL_M
            assert gap_m.mean() < 0.1 * SHADOW_CELL_M
        assert sum(len(mesh.casting_triangles) for mesh in meshes) < 0.6 * sum(len(mesh.triangles) for mesh in meshes)


def points_on(mesh: Mesh, triangles: np.ndarray) -> np.ndarray:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), 60)
    return np.einsum("kc,ncd->nkd", weights, mesh.positions[triangles]).reshape(-1, 3)
