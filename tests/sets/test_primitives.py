import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import GeometryError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.mesh_operations import (
    inverted,
    merged,
    merged_by_material,
    placed,
    smooth_normals,
    transformed,
    triangulated,
    with_uv_offset,
)
from cinescene.sets.primitives import (
    box,
    cylinder,
    disc,
    extrusion,
    grid_surface,
    lathe,
    polygon,
    quad,
    rounded_box,
    sphere,
    tube,
)

GREY = Material(albedo=np.full((1, 1, 3), 128, dtype=np.uint8))
STAR = np.array(
    [[math.cos(a) * r, math.sin(a) * r] for a, r in zip(np.arange(10) * math.pi / 5, [2, 0.7] * 5, strict=True)]
)
STAR_AREA = 10 * 0.5 * 2 * 0.7 * math.sin(math.pi / 5)
VASE = np.array([[0, 0], [0.3, 0], [0.4, 0.3], [0.2, 0.5], [0.25, 0.6], [0, 0.6]], dtype=float)
HELIX = np.array([[math.cos(t), math.sin(t), 0.2 * t] for t in np.linspace(0, 9, 60)])

SOLIDS = {
    "box": (box((1, 2, 3), GREY), 6.0),
    "rounded box": (rounded_box((1, 0.8, 0.5), 0.1, GREY, corner_segments=24), None),
    "cylinder": (cylinder(0.5, 2.0, GREY, segments=400), math.pi * 0.25 * 2),
    "cone": (cylinder(0.5, 2.0, GREY, top_radius_m=0.0, segments=400), math.pi * 0.25 * 2 / 3),
    "sphere": (sphere(0.7, GREY, segments=300, rings=150), 4 / 3 * math.pi * 0.7**3),
    "vase": (lathe(VASE, GREY, segments=48), None),
    "star": (extrusion(STAR, 0.5, GREY), STAR_AREA * 0.5),
    "clockwise star": (extrusion(STAR[::-1], 0.5, GREY), STAR_AREA * 0.5),
    "straight tube": (
        tube(np.array([[0, 0, 0], [1.0, 2.0, 2.0]]), 0.1, GREY, segments=400),
        math.pi * 0.01 * 3,
    ),
    "horn": (tube(HELIX, np.linspace(0.2, 0.0, len(HELIX)), GREY), None),
}


def face_normals(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.positions[mesh.triangles[:, i]].astype(np.float64) for i in range(3))
    return np.cross(b - a, c - a)


def volume(mesh: Mesh) -> float:
    a, b, c = (mesh.positions[mesh.triangles[:, i]].astype(np.float64) for i in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed_and_face_outwards(name: str) -> None:
    mesh, expected_volume = SOLIDS[name]
    _, place = np.unique(np.round(mesh.positions * 1e5).astype(int), axis=0, return_inverse=True)
    triangles = place.reshape(-1)[mesh.triangles]
    edges = {(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    assert len(edges) == 3 * len(triangles), "each directed edge appears once"
    assert all((b, a) in edges for a, b in edges), "each edge has a neighbour on its other side"
    assert volume(mesh) > 0
    if expected_volume is not None:
        assert volume(mesh) == pytest.approx(expected_volume, rel=1e-3)


@pytest.mark.parametrize("name", SOLIDS)
def test_normals_are_unit_and_agree_with_the_faces(name: str) -> None:
    mesh, _ = SOLIDS[name]
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)
    face = face_normals(mesh)
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    agreement = (face[:, None] * mesh.normals[mesh.triangles]).sum(-1)
    assert agreement.min() > math.cos(math.radians(45))


@pytest.mark.parametrize("name", SOLIDS)
def test_texture_coordinates_read_right_way_round_in_metres(name: str) -> None:
    mesh, _ = SOLIDS[name]
    uv = mesh.uvs[mesh.triangles].astype(np.float64)
    edge = uv[:, 1:] - uv[:, :1]
    uv_area = (edge[:, 0, 0] * edge[:, 1, 1] - edge[:, 0, 1] * edge[:, 1, 0]) / 2
    area = np.linalg.norm(face_normals(mesh), axis=1) / 2
    assert uv_area.min() > 0, "a texture is not mirrored"
    if name in ("box", "cylinder", "star", "clockwise star", "straight tube"):
        np.testing.assert_allclose(uv_area, area, rtol=2e-3, atol=1e-9)


def test_box_sides_show_textures_upright() -> None:
    mesh = box((1, 2, 3), GREY)
    for first in range(0, 16, 4):
        lower_left, _, _, upper_left = mesh.positions[first : first + 4]
        np.testing.assert_array_equal(upper_left - lower_left, [0, 0, 3])
        np.testing.assert_array_equal(mesh.uvs[first], [0, 0])
        np.testing.assert_array_equal(mesh.uvs[first + 3], [0, 3])


def test_box_stands_on_the_floor_and_a_room_looks_in() -> None:
    mesh = box((1, 2, 3), GREY)
    np.testing.assert_array_equal(mesh.positions.min(0), [-0.5, -1, 0])
    np.testing.assert_array_equal(mesh.positions.max(0), [0.5, 1, 3])
    assert volume(box((1, 2, 3), GREY, inward=True)) == pytest.approx(-6.0)


def test_rounded_box_has_the_volume_of_a_box_with_rounded_edges() -> None:
    size, r = np.array([1, 0.8, 0.5]), 0.1
    x, y, z = size - 2 * r
    steiner = x * y * z + 2 * r * (x * y + y * z + z * x) + math.pi * r**2 * (x + y + z) + 4 / 3 * math.pi * r**3
    mesh, _ = SOLIDS["rounded box"]
    assert volume(mesh) == pytest.approx(steiner, rel=1e-3)
    np.testing.assert_allclose(mesh.positions.max(0) - mesh.positions.min(0), size, atol=1e-6)
    assert mesh.positions[:, 2].min() == pytest.approx(0.0, abs=1e-6)


def test_quad_normal_is_right_cross_up_and_fit_shows_the_picture_once() -> None:
    mesh = quad((1, 2, 3), (2, 0, 0), (0, 0, 1), GREY, fit=True)
    np.testing.assert_array_equal(mesh.normals, np.tile([0, -1, 0], (4, 1)))
    np.testing.assert_array_equal(mesh.uvs, [[0, 0], [1, 0], [1, 1], [0, 1]])


def test_sheared_quad_keeps_lengths_in_its_texture() -> None:
    mesh = quad((0, 0, 0), (2, 0, 0), (1, 0, 1), GREY)
    for a, b in ((0, 1), (1, 2), (0, 2), (0, 3)):
        in_space = np.linalg.norm(mesh.positions[a] - mesh.positions[b])
        assert np.linalg.norm(mesh.uvs[a] - mesh.uvs[b]) == pytest.approx(in_space)


def test_sphere_normals_are_radial_and_cones_are_sharp() -> None:
    mesh, _ = SOLIDS["sphere"]
    np.testing.assert_allclose(mesh.normals, mesh.positions / 0.7, atol=1e-3)
    cone = cylinder(1.0, 1.0, GREY, top_radius_m=0.0)
    side = cone.normals[np.abs(cone.normals[:, 2]) < 0.99]
    np.testing.assert_allclose(side[:, 2], math.sqrt(0.5), atol=1e-6)


def test_extrusion_of_a_circle_is_smooth_round_the_side() -> None:
    circle = np.array([[math.cos(a), math.sin(a)] for a in np.arange(24) * math.tau / 24])
    mesh = extrusion(circle, 1.0, GREY)
    side = np.abs(mesh.normals[:, 2]) < 0.5
    np.testing.assert_allclose(mesh.normals[side, :2], mesh.positions[side, :2], atol=1e-6)


def test_flat_shapes_face_up() -> None:
    for mesh in (disc(1.0, GREY), polygon(STAR, GREY), polygon(STAR[::-1], GREY)):
        assert (face_normals(mesh)[:, 2] > 0).all()
    assert face_normals(polygon(STAR, GREY))[:, 2].sum() / 2 == pytest.approx(STAR_AREA)


def test_grid_surface_of_a_slope() -> None:
    x, y = np.meshgrid(np.linspace(0, 2, 5), np.linspace(0, 1, 4))
    mesh = grid_surface(np.stack([x, y, x], axis=-1), GREY)
    np.testing.assert_allclose(mesh.normals, np.tile([-math.sqrt(0.5), 0, math.sqrt(0.5)], (20, 1)), atol=1e-6)
    np.testing.assert_allclose(mesh.uvs.max(0), [2 * math.sqrt(2), 1], rtol=1e-6)


@given(st.integers(3, 14), st.integers(0, 1000))
def test_ear_cutting_covers_any_star_shaped_polygon(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    angle = (np.arange(count) + random.uniform(0, 0.8, count)) * math.tau / count
    radius = random.uniform(0.2, 2.0, count)
    outline = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    triangles = triangulated(outline)
    assert len(triangles) == count - 2
    a, b, c = (outline[triangles[:, i]] for i in range(3))
    areas = np.linalg.det(np.stack([b - a, c - a], axis=-1)) / 2
    following = np.roll(outline, -1, axis=0)
    whole = (outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0]).sum() / 2
    assert areas.min() >= 0
    assert areas.sum() == pytest.approx(whole)


def test_a_mirrored_mesh_still_faces_outwards() -> None:
    mesh = transformed(box((1, 1, 1), GREY), np.diag([-2.0, 1.0, 1.0, 1.0]))
    assert volume(mesh) == pytest.approx(2.0)
    assert ((face_normals(mesh)[:, None] * mesh.normals[mesh.triangles]).sum(-1) > 0).all()


def test_placing_turns_counter_clockwise_and_keeps_normals_square() -> None:
    mesh = placed(cylinder(1, 1, GREY, segments=64), (10, 0, 0), yaw_rad=math.pi / 2, scale=(1, 3, 1))
    np.testing.assert_allclose(mesh.positions.min(0), [7, -1, 0], atol=2e-3)
    face = face_normals(mesh)
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    assert (face[:, None] * mesh.normals[mesh.triangles]).sum(-1).min() > 0.98


def test_merging() -> None:
    other = Material(albedo=np.zeros((1, 1, 3), dtype=np.uint8))
    one, two, three = box((1, 1, 1), GREY), placed(sphere(1, GREY), (3, 0, 0)), box((1, 1, 1), other)
    both = merged([one, two])
    assert volume(both) == pytest.approx(volume(one) + volume(two), rel=1e-5)
    assert [len(m.triangles) for m in merged_by_material([one, three, two])] == [len(both.triangles), 12]
    with pytest.raises(GeometryError, match="one material"):
        merged([one, three])


def test_inverting_twice_and_uv_offsets() -> None:
    mesh = box((1, 2, 3), GREY)
    np.testing.assert_array_equal(inverted(inverted(mesh)).triangles, mesh.triangles)
    np.testing.assert_allclose(with_uv_offset(mesh, (0.5, 2)).uvs - mesh.uvs, np.tile([0.5, 2], (24, 1)), atol=1e-6)


def test_smooth_normals_do_not_show_texture_seams() -> None:
    mesh = sphere(1.0, GREY)
    normals = smooth_normals(mesh.positions, mesh.triangles)
    assert (normals * mesh.positions).sum(-1).min() > 0.99


@pytest.mark.parametrize(
    "make",
    [
        lambda: quad((0, 0, 0), (1, 0, 0), (2, 0, 0), GREY),
        lambda: box((1, 0, 1), GREY),
        lambda: box((1, math.nan, 1), GREY),
        lambda: rounded_box((1, 1, 0.1), 0.2, GREY),
        lambda: sphere(-1.0, GREY),
        lambda: lathe(np.array([[1.0, 0.0]]), GREY),
        lambda: extrusion(np.array([[0, 0], [1, 1], [1, 0], [0, 1.5]]), 1.0, GREY),
        lambda: extrusion(np.array([[0, 0], [3, 0], [3, 1], [1, 1], [2, -1], [0, 1.0]]), 1.0, GREY),
        lambda: extrusion(np.array([[0.0, 0], [1, 1], [2, 2]]), 1.0, GREY),
        lambda: tube(np.zeros((2, 3)), 0.1, GREY),
        lambda: grid_surface(np.zeros((1, 4, 3)), GREY),
        lambda: transformed(box((1, 1, 1), GREY), np.diag([1.0, 1.0, 0.0, 1.0])),
        lambda: merged([]),
    ],
)
def test_impossible_shapes_are_refused(make) -> None:
    with pytest.raises(GeometryError):
        make()
