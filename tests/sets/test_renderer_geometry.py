"""Depth, masks and normals against exact ray casting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_grid, project, unproject
from cinescene.cameras.transforms import rigid
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import box, quad, sphere
from cinescene.sets.renderer import Renderer
from tests.sets.staging import Boxes, camera, odd_camera, plain, rays, renderer, speckled, stage, wall

WIDTH, HEIGHT = 120, 90
ROOM = Boxes(
    (6, 8, 3),
    [([-1, 1, 0], [0.2, 1.7, 0.8]), ([1, -1, 0.5], [1.4, 2.5, 0.6]), ([-2.5, -2, 0], [-2.2, 3, 2.2])],
)


@pytest.fixture(scope="module")
def small(shared_renderer: Callable[..., Renderer]) -> Renderer:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(stage(ROOM.meshes([speckled(1), plain(200, 100, 50), speckled(2)])))
    return one


def smooth_pixels(values: np.ndarray, tolerance: float) -> np.ndarray:
    """Pixels whose neighbours see the same surface."""
    edge = np.zeros(values.shape, dtype=bool)
    for axis in (0, 1):
        jump = np.abs(np.diff(values, axis=axis)) > tolerance
        pad = [(0, 0), (0, 0)]
        pad[axis] = (1, 0)
        edge |= np.pad(jump, pad)
        pad[axis] = (0, 1)
        edge |= np.pad(jump, pad)
    return ~edge


@pytest.mark.parametrize(
    "view",
    [
        camera((0, -3, 1.5), width_px=WIDTH, height_px=HEIGHT),
        camera((1.5, 3, 2.5), 200, -30, 25, width_px=WIDTH, height_px=HEIGHT, fov_deg=100),
        odd_camera((-0.5, -2.5, 1.2), WIDTH, HEIGHT),
    ],
    ids=["level", "tilted", "odd intrinsics"],
)
def test_depth_and_normals_are_those_of_rays_through_pixel_centres(small: Renderer, view: Cameras) -> None:
    frame = small.render(view, normals=True)
    origin, directions = rays(view)
    distance, normals = ROOM.cast(origin, directions)
    expected = distance * (directions @ view.forward.numpy())
    depth = frame.depth_m.numpy()
    agree = np.abs(depth - expected) < 1e-4 * expected
    assert agree.mean() > 0.995, "only pixels whose centre lies on an edge may see the other side of it"
    assert agree[smooth_pixels(expected, 0.2)].all()
    assert frame.normals is not None
    dots = (frame.normals.numpy() * normals.transpose(2, 0, 1)).sum(0)
    assert dots[agree].min() > math.cos(math.radians(0.3))


def test_depth_places_points_to_a_thousandth_of_a_pixel(small: Renderer) -> None:
    view = odd_camera((-0.5, -2.5, 1.2), WIDTH, HEIGHT)
    other = camera((0.5, -2.8, 1.4), 5, -5, width_px=WIDTH, height_px=HEIGHT)
    depth = small.render(view).depth_m.double()
    origin, directions = rays(view)
    distance, _ = ROOM.cast(origin, directions)
    exact = torch.from_numpy(origin + distance[..., None] * directions).reshape(-1, 3)
    rendered = unproject(view, pixel_grid(WIDTH, HEIGHT, torch.float64).reshape(-1, 2), depth.reshape(-1))
    seen, exactly = project(other, rendered)[0], project(other, exact)[0]
    smooth = torch.from_numpy(smooth_pixels(distance, 0.2).reshape(-1)) & torch.isfinite(exactly).all(-1)
    near_picture = (exactly.abs() < 4 * WIDTH).all(-1)
    error = torch.linalg.vector_norm(seen - exactly, dim=-1)[smooth & near_picture]
    assert len(error) > 0.7 * WIDTH * HEIGHT
    assert error.max() < 1e-3


def test_outlines_lie_where_projection_puts_them(small: Renderer) -> None:
    view = odd_camera((0, -2, 1.5), WIDTH, HEIGHT)
    corners = torch.tensor([[-0.4, 1.0, 1.2], [0.7, 1.3, 1.1], [0.8, 1.3, 2.0], [-0.3, 0.9, 1.9]], dtype=torch.float64)
    points = corners.float().numpy()
    triangle = points[[0, 1, 2]]
    mesh = quad((0, 0, 0), (1, 0, 0), (0, 1, 0), plain(255, 0, 0))
    mesh = type(mesh)(
        positions=np.concatenate([triangle, triangle[:1]]),
        normals=mesh.normals,
        uvs=mesh.uvs,
        triangles=np.array([[0, 1, 2]], dtype=np.int32),
        material=mesh.material,
    )
    mask = small.render(view, [mesh]).subject_mask
    outline, _ = project(view, torch.from_numpy(triangle).double())
    pixels = pixel_grid(WIDTH, HEIGHT, torch.float64)
    signed = []
    for i in range(3):
        start, end = outline[i], outline[(i + 1) % 3]
        along = end - start
        away = torch.stack([along[1], -along[0]]) / torch.linalg.vector_norm(along)
        signed.append((pixels - start) @ away)
    inside = torch.stack(signed)
    inside = inside if (inside > 0).all(0).any() else -inside
    clear = inside.abs().amin(0) > 0.02
    assert mask.any()
    assert torch.equal(mask[clear], (inside > 0).all(0)[clear])


def test_sample_counts_agree_in_depth() -> None:
    view = camera((0, -3, 1.5), 20, width_px=40, height_px=30)
    depths = []
    for samples in (1, 4):
        with renderer(40, 30, samples=samples) as one:
            one.load(stage(ROOM.meshes([plain(200, 100, 50)])))
            depths.append(one.render(view).depth_m)
    same = (depths[0] - depths[1]).abs() < 1e-4
    assert same.float().mean() > 0.99


def test_sky_is_infinitely_far_and_has_no_normal(small: Renderer) -> None:
    with renderer(16, 16) as one:
        one.load(stage([wall(0.5, 0.5, plain(255, 255, 255))]))
        frame = one.render(camera((0, 0, 0), width_px=16, height_px=16), normals=True)
    assert frame.normals is not None
    assert torch.isinf(frame.depth_m[0, 0])
    assert (frame.normals[:, 0, 0] == 0).all()
    assert frame.depth_m[8, 8] == pytest.approx(2.0, rel=1e-6)


def test_an_empty_stage_shows_the_sky() -> None:
    with renderer(16, 12) as one:
        one.load(stage([]))
        frame = one.render(camera((0, 0, 0), width_px=16, height_px=12))
        ball = placed(sphere(0.5, plain(255, 0, 0)), (0, 3, 0))
        with_ball = one.render(camera((0, 0, 0), width_px=16, height_px=12), [ball])
    assert torch.isinf(frame.depth_m).all()
    assert not frame.subject_and_shadow_mask.any()
    assert with_ball.depth_m[6, 8] == pytest.approx(2.5, abs=0.05)


def test_front_faces_are_seen_and_back_faces_are_not(small: Renderer) -> None:
    facing = quad((-0.5, 1, 1), (1, 0, 0), (0, 0, 1), plain(255, 0, 0))
    turned = quad((0.5, 1, 1), (-1, 0, 0), (0, 0, 1), plain(255, 0, 0))
    view = camera((0, -1, 1.5), width_px=WIDTH, height_px=HEIGHT)
    assert small.render(view, [facing]).subject_mask.any()
    assert not small.render(view, [turned]).subject_mask.any()
    assert small.render(view, [turned, facing]).subject_mask.any()


def test_subjects_hide_and_are_hidden(small: Renderer) -> None:
    view = camera((0, -3, 1.5), width_px=WIDTH, height_px=HEIGHT)
    before = placed(box((0.3, 0.3, 0.3), plain(255, 0, 0)), (-0.4, 0.5, 0.3))
    behind = placed(box((0.3, 0.3, 0.3), plain(255, 0, 0)), (-0.4, 2.0, 0.3))
    frame = small.render(view, [before])
    assert frame.subject_mask.any()
    assert frame.depth_m[frame.subject_mask].min() == pytest.approx(3.35, rel=1e-4)
    assert not small.render(view, [behind]).subject_mask.any()


@pytest.mark.parametrize("width_px", [256, 200])
def test_panorama_distance_is_that_of_its_rays(small: Renderer, width_px: int) -> None:
    height_px = width_px // 2
    pose = camera((0.3, -1, 1.4), 30, 10, 5, width_px=8, height_px=8).world_from_camera
    frame = small.render_panorama(pose, width_px, height_px)
    origin, directions = rays(Cameras.equirectangular(pose, width_px, height_px))
    expected, normals = ROOM.cast(origin, directions)
    error = np.abs(frame.depth_m.numpy() - expected) / expected
    assert np.median(error) < 1e-5
    assert frame.normals is not None
    assert np.median((frame.normals.numpy() * normals.transpose(2, 0, 1)).sum(0)) > 0.99999
    assert (error < 1e-3).mean() > 0.98
    assert error[smooth_pixels(expected, 0.3)].max() < 0.05, "half a pixel beside a crease"


def test_panorama_sees_subjects_in_their_direction(small: Renderer) -> None:
    pose = rigid(
        camera((0, 0, 1.5), width_px=8, height_px=8).world_from_camera[:3, :3], torch.tensor([0.0, 0.0, 1.5]).double()
    )
    ball = placed(sphere(0.2, plain(255, 0, 0)), (1.5, 0, 1.5))
    mask = small.render_panorama(pose, 128, 64, [ball]).subject_mask
    v, u = (mask.nonzero().double() + 0.5).mean(0)
    assert u == pytest.approx(128 * 3 / 4, abs=0.6), "a ball to the right is a quarter turn right of the middle"
    assert v == pytest.approx(32, abs=0.6)
