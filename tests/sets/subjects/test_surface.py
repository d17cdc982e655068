"""Cutting, thickening, hemming and smoothing of surfaces; fewer triangles; charts; melted limbs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.sets.mesh import Material
from cinescene.sets.primitives import sphere
from cinescene.sets.subjects.blobs import Limb, melted, surface_net
from cinescene.sets.subjects.charts import wrapped
from cinescene.sets.subjects.decimation import decimated
from cinescene.sets.subjects.surface import Surface, border_edges, cut, hemmed, smoothed, thickened

GREY = Material(albedo=np.full((1, 1, 3), 128, dtype=np.uint8))


def ball(segments: int = 24, rings: int = 16) -> Surface:
    """A closed unit sphere whose weights change from bottom to top."""
    mesh = sphere(1.0, GREY, segments, rings)
    places, triangles = np.unique(np.round(mesh.positions, 6), axis=0, return_inverse=True)
    triangles = triangles.reshape(-1)[mesh.triangles].astype(np.int32)
    share = (places[:, 2:] + 1) / 2
    weights = np.concatenate([share, 1 - share], axis=1).astype(np.float32)
    return Surface(positions=places.astype(np.float64), weights=weights, triangles=triangles)


def area(surface: Surface) -> float:
    corners = surface.positions[surface.triangles]
    return float(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    )


@settings(max_examples=15)
@given(st.floats(-0.9, 0.9))
def test_a_cut_leaves_what_lies_above_and_its_rim_lies_on_the_plane(height: float) -> None:
    whole = ball()
    above = cut(whole, whole.positions[:, 2] - height)
    below = cut(whole, height - whole.positions[:, 2])
    assert above.positions[:, 2].min() >= height - 1e-6
    assert area(above) + area(below) == pytest.approx(area(whole), rel=1e-6)
    rim = above.positions[np.unique(border_edges(above.triangles)), 2]
    np.testing.assert_allclose(rim, height, atol=1e-6)
    np.testing.assert_allclose(above.weights.sum(axis=1), 1.0, atol=1e-6)


def test_thickening_a_sphere_makes_a_larger_sphere() -> None:
    loose = thickened(ball(), 0.1)
    radius = np.linalg.norm(loose.positions, axis=1)
    assert radius.min() > 1.08
    assert radius.max() < 1.11


def test_smoothing_never_brings_cloth_closer_than_asked() -> None:
    body = ball()
    loose = thickened(body, 0.1, rounds=10, least_m=0.05)
    assert ((loose.positions - body.positions) * body.normals).sum(axis=1).min() > 0.05 - 1e-9


def test_a_hem_turns_every_border_inwards() -> None:
    cap = cut(ball(), ball().positions[:, 2])
    hem = hemmed(cap, 0.05)
    inner = hem.positions[len(cap.positions) :]
    assert len(inner) == len(np.unique(border_edges(cap.triangles)))
    assert np.linalg.norm(inner, axis=1).max() < 1.0
    assert len(border_edges(hem.triangles)) == len(border_edges(cap.triangles))


def test_smoothing_moves_borders_only_along_themselves() -> None:
    cap = cut(ball(), ball().positions[:, 2])
    rim = np.unique(border_edges(cap.triangles))
    np.testing.assert_allclose(smoothed(cap, 5).positions[rim, 2], 0.0, atol=1e-6)


def test_decimation_keeps_the_shape_with_few_of_its_own_vertices() -> None:
    whole = ball(28, 16)
    few = decimated(whole.positions, whole.triangles, 260)
    assert len(few) <= 260
    assert len(border_edges(few)) == 0
    assert set(np.unique(few)) <= set(range(len(whole.positions)))
    corners = whole.positions[few]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((normal * corners.mean(axis=1)).sum(axis=1) > 0).all()
    assert np.linalg.norm(corners.mean(axis=1), axis=1).min() > 0.93


def test_decimation_keeps_an_open_border_in_place() -> None:
    cap = cut(ball(28, 16), ball(28, 16).positions[:, 2])
    few = decimated(cap.positions, cap.triangles, 150)
    rim = cap.positions[np.unique(border_edges(few)), 2]
    assert np.abs(rim).max() < 0.02


def test_a_chart_around_a_cylinder_has_no_triangle_across_the_seam() -> None:
    angle = np.linspace(-np.pi, np.pi, 13)[:-1]
    low, high = np.arange(12), np.arange(12) + 12
    after = (np.arange(12) + 1) % 12
    triangles = np.concatenate([np.stack([low, after, high], 1), np.stack([after, after + 12, high], 1)])
    around, along = np.tile(angle, 2), np.repeat([0.0, 1.0], 12)
    chart = wrapped(triangles, around[triangles], along[triangles], np.ones(len(triangles)))
    corners = chart.uvs[chart.triangles]
    assert np.ptp(corners[..., 0], axis=1).max() == pytest.approx(2 * np.pi / 12)
    np.testing.assert_array_equal(chart.source[chart.triangles], triangles)


def test_a_surface_net_of_a_sphere_is_closed_and_faces_out() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-1.5, 1.6, 0.1)] * 3, indexing="ij"), axis=-1)
    positions, triangles = surface_net(np.linalg.norm(grid, axis=-1) - 1.0)
    positions = positions * 0.1 - 1.5
    assert len(border_edges(triangles)) == 0
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 1.0, atol=0.02)
    corners = positions[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((normal * corners.mean(axis=1)).sum(axis=1) > 0).all()


def test_melted_limbs_lie_on_their_surface_and_follow_the_nearer_bone() -> None:
    limbs = [
        Limb(bone="a", start=(0, 0, 0), end=(1, 0, 0), start_m=0.2, end_m=0.2),
        Limb(bone="b", start=(1, 0, 0), end=(2, 0, 0), start_m=0.2, end_m=0.1),
    ]
    surface, normals = melted(limbs, ("a", "b"), 0.06, 0.02, 0.05)
    along = surface.positions[:, 0]
    middle = (along > 0.2) & (along < 0.6)
    radius = np.linalg.norm(surface.positions[middle, 1:], axis=1)
    np.testing.assert_allclose(radius, 0.2, atol=0.003)
    assert surface.weights[middle, 0].min() > 0.95
    assert surface.weights[along > 1.6, 1].min() > 0.95
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-6)
