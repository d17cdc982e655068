"""Geometry flown through, against closed-form pictures of a room and of planes."""

import dataclasses
import math

import pytest
import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import rigid
from cinescene.errors import GeometryError, InputError
from cinescene.scene.geometry import DepthViews, ScenePoints
from cinescene.scene.splat import RenderedFrame, RenderOptions, render_geometry
from tests.scene import analytic_room as room


def frames(geometry, view: Cameras, mode: str = "mesh", **options) -> list[RenderedFrame]:
    return list(render_geometry(geometry, view, mode, RenderOptions(**options)))


def psnr(frame: RenderedFrame, truth: torch.Tensor) -> float:
    error = (frame.image - truth).square().mean(0)[frame.photographed]
    return -10 * math.log10(float(error.mean()))


@pytest.fixture(scope="module")
def panorama() -> DepthViews:
    return room.depth_views(room.ring(8, 96))


@pytest.mark.parametrize("mode", ["mesh", "points"])
def test_turning_at_the_panorama_s_centre_shows_everything(panorama: DepthViews, mode: str) -> None:
    view = room.cameras(room.camera(17, pitch_deg=5), fov_deg=60, width=128, height=72)
    (frame,) = frames(panorama, view, mode)
    truth, depth = room.render(view)
    assert frame.photographed.all()
    assert psnr(frame, truth[0]) > (33 if mode == "mesh" else 30)
    off = (frame.depth / depth[0] - 1).abs()
    assert off.median() < 2e-3
    assert (off > 0.05).float().mean() < 0.015


@pytest.mark.parametrize("mode", ["mesh", "points"])
def test_moving_shows_parallax_as_the_room_has_it(panorama: DepthViews, mode: str) -> None:
    view = room.cameras(room.camera(20, (0.5, 0.3, 0.1)), fov_deg=60, width=128, height=72)
    (frame,) = frames(panorama, view, mode)
    truth, depth = room.render(view)
    assert psnr(frame, truth[0]) > (28 if mode == "mesh" else 25)
    off = (frame.depth / depth[0] - 1).abs()[frame.photographed]
    assert off.median() < 2e-3
    assert (off > 0.05).float().mean() < 0.02


def test_what_the_ball_hid_is_a_hole_and_the_rest_is_not(panorama: DepthViews) -> None:
    view = room.cameras(room.camera(20, (0.7, 0.2, 0.0)), fov_deg=60, width=128, height=72)
    (frame,) = frames(panorama, view)
    points = room.depth_views(view).world_points()[0]
    direction = points / points.norm(dim=-1, keepdim=True)
    along = direction @ room.BALL
    behind_ball = (room.BALL.norm() ** 2 - along**2 < room.RADIUS**2) & (points.norm(dim=-1) > along)
    on_far_side = ((points - room.BALL).norm(dim=-1) < 1.01 * room.RADIUS) & behind_ball
    hidden = behind_ball | on_far_side
    holes = ~frame.photographed
    assert 0.01 < holes.float().mean() < 0.3
    agreement = (holes == hidden).float().mean()
    assert agreement > 0.97
    assert (frame.image[:, holes] == 0).all()
    assert torch.equal(frame.with_holes((0.0, 1.0, 0.0))[1][holes], torch.ones(int(holes.sum())))


def test_each_view_rendered_from_its_own_camera_is_itself() -> None:
    view = room.cameras(room.camera(30), fov_deg=70, width=80, height=60)
    views = room.depth_views(view)
    (frame,) = frames(views, view)
    assert frame.photographed.all()
    assert (frame.image - views.images[0]).abs().max() < 1e-3
    assert (frame.depth / views.depth[0] - 1).abs().max() < 1e-3


def test_nearer_surfaces_hide_farther_ones_whatever_their_order() -> None:
    pose = room.camera(0)
    view = room.cameras(pose, width=40, height=40)
    both = Cameras.cat([view, view])
    images = torch.stack([torch.full((3, 40, 40), 0.2), torch.full((3, 40, 40), 0.9)])
    for depth in (torch.tensor([2.0, 3.0]), torch.tensor([3.0, 2.0])):
        views = DepthViews(images=images, cameras=both, depth=depth[:, None, None].expand(2, 40, 40))
        near = images[int(depth.argmin()), 0, 0, 0]
        for mode in ("mesh", "points"):
            (frame,) = frames(views, view, mode)
            assert (frame.image - near).abs().max() < 1e-5
            assert (frame.depth - 2).abs().max() < 1e-5


def test_surfaces_within_the_tolerance_are_blended_by_confidence() -> None:
    view = room.cameras(room.camera(0), width=40, height=40)
    images = torch.stack([torch.full((3, 40, 40), 0.2), torch.full((3, 40, 40), 0.8)])
    confidence = torch.tensor([3.0, 1.0])[:, None, None].expand(2, 40, 40)
    views = DepthViews(
        images=images,
        cameras=Cameras.cat([view, view]),
        depth=torch.tensor([2.0, 2.001])[:, None, None].expand(2, 40, 40),
        confidence=confidence,
    )
    (frame,) = frames(views, view)
    assert float(frame.image[0, 20, 20]) == pytest.approx(0.35, abs=0.02)


def plane_view(height_m: float, width: int = 96, rows: int = 64) -> DepthViews:
    """A level camera above an endless floor of stripes, sky above the horizon."""
    view = Cameras.from_field_of_view(room.camera(0)[None], math.radians(80), width, rows)
    ray = room.pixel_rays(view)[1][0]
    ray = ray / ray[..., 1:2]
    depth = torch.where(ray[..., 2] < 0, -height_m / ray[..., 2], torch.inf)
    points = ray * depth.clamp(max=1e6)[..., None]
    colour = torch.where(torch.isfinite(depth), 0.5 + 0.4 * torch.sin(points[..., 0] / 3), 0.9)
    return DepthViews(images=colour.expand(1, 3, -1, -1), cameras=view, depth=depth[None])


def test_a_floor_runs_unbroken_towards_the_horizon() -> None:
    views = plane_view(1.6)
    (frame,) = frames(views, views.cameras)
    assert frame.photographed.all()
    moved = dataclasses.replace(views.cameras, world_from_camera=rigid(torch.eye(3)[None], torch.zeros(1, 3)))
    moved = dataclasses.replace(moved, world_from_camera=room.camera(0, (0.0, 3.0, 0.2))[None])
    (frame,) = frames(views, moved)
    floor = torch.isfinite(plane_view(1.8).depth[0])
    assert frame.photographed[floor][len(frame.image[0, 0]) * 3 :].float().mean() > 0.95
    expected = plane_view(1.8).depth[0]
    near = floor & frame.photographed & (expected < 20)
    assert ((frame.depth / expected - 1).abs()[near] < 0.03).float().mean() > 0.97


def test_the_sky_stays_where_it_is_and_counts_as_photographed() -> None:
    views = room.depth_views(room.ring(8, 96), open_roof=True, ball=False)
    view = room.cameras(room.camera(40, (0.4, -0.3, 0.2), pitch_deg=25), fov_deg=60, width=96, height=64)
    truth, depth = room.render(view, open_roof=True, ball=False)
    sky = torch.isinf(depth[0])
    assert 0.2 < sky.float().mean() < 0.9
    at_centre = room.cameras(room.camera(40, pitch_deg=25), fov_deg=60, width=96, height=64)
    depth_from_centre = room.render(at_centre, open_roof=True, ball=False)[1][0]
    for mode in ("mesh", "points"):
        (frame,) = frames(views, view, mode)
        assert (torch.isinf(frame.depth) == sky).float().mean() > 0.96
        inner = sky & torch.isinf(frame.depth)
        seen_from_the_centre = torch.isinf(depth_from_centre)
        assert (frame.photographed == seen_from_the_centre)[inner].float().mean() > 0.97
        assert (frame.image - truth[0]).abs().mean(0)[inner & frame.photographed].mean() < 0.01


def test_the_back_of_a_surface_is_no_photograph_but_hides_what_lies_behind() -> None:
    front = room.cameras(room.camera(0), width=40, height=40)
    wall = DepthViews(images=torch.full((1, 3, 40, 40), 0.7), cameras=front, depth=torch.full((1, 40, 40), 2.0))
    from_behind = room.cameras(room.camera(180, (0.0, 4.0, 0.0)), fov_deg=40, width=40, height=40)
    (frame,) = frames(wall, from_behind)
    assert not frame.photographed.any()
    assert (frame.depth - 2).abs().max() < 1e-4


def test_soft_depth_edges_leave_no_curtain() -> None:
    view = room.cameras(room.camera(0), width=128, height=128)
    depth = torch.full((1, 128, 128), 4.0)
    depth[:, 40:88, 40:88] = 1.5
    soft = torch.nn.functional.avg_pool2d(depth[:, None], 5, 1, 2, count_include_pad=False)[:, 0]
    views = DepthViews(images=torch.full((1, 3, 128, 128), 0.5), cameras=view, depth=soft)
    (frame,) = frames(views, room.cameras(room.camera(0, (0.4, 0.0, 0.0)), width=128, height=128))
    between = (frame.depth > 1.7) & (frame.depth < 3.6)
    assert between.float().mean() < 0.003
    assert (~frame.photographed).float().mean() > 0.03


def test_views_from_different_places_fill_each_other_s_holes() -> None:
    poses = [room.camera(0, (x, 0.0, 0.0)) for x in (-1.0, 0.0, 1.0, 2.4)]
    views = room.depth_views(room.cameras(*poses))
    view = room.cameras(room.camera(10, (0.6, 0.2, 0.1)), fov_deg=60, width=96, height=64)
    first = dataclasses.replace(views, images=views.images[:1], cameras=views.cameras[:1], depth=views.depth[:1])
    (alone,), (together,) = frames(first, view), frames(views, view)
    assert (~together.photographed).float().mean() < 0.25 * (~alone.photographed).float().mean()
    assert psnr(together, room.render(view)[0][0]) > 28


def test_unknown_and_unsure_depth_is_left_out() -> None:
    view = room.cameras(room.camera(0), width=48, height=48)
    views = room.depth_views(view)
    depth, confidence = views.depth.clone(), torch.full_like(views.depth, 5.0)
    depth[:, :10] = torch.nan
    depth[:, 10:20] = 0.0
    confidence[:, 40:] = 1.0
    views = dataclasses.replace(views, depth=depth, confidence=confidence)
    for mode in ("mesh", "points"):
        (frame,) = frames(views, view, mode, min_confidence=2.0)
        assert not frame.photographed[:18].any()
        assert not frame.photographed[42:].any()
        assert frame.photographed[21:39].all()


def test_fine_views_seen_small_are_reduced_without_aliasing() -> None:
    view = room.cameras(room.camera(0), width=256, height=256)
    views = room.depth_views(view)
    stripes = (torch.arange(256) % 2).float().expand(1, 3, 256, 256)
    views = dataclasses.replace(views, images=stripes)
    (frame,) = frames(views, room.cameras(room.camera(0), width=32, height=32))
    assert frame.photographed.all()
    assert (frame.image - 0.5).abs().max() < 0.02


def test_a_bare_cloud_is_drawn_as_points() -> None:
    views = room.depth_views(room.ring(8, 64))
    points = ScenePoints.from_views(views)
    cloud = ScenePoints.from_cloud(points.points, points.colours)
    view = room.cameras(room.camera(10, (0.2, 0.1, 0.0)), fov_deg=60, width=96, height=64)
    (frame,) = frames(cloud, view, "points", splat_size=2.0)
    assert frame.photographed.float().mean() > 0.95
    assert psnr(frame, room.render(view)[0][0]) > 22
    with pytest.raises(InputError, match="no mesh"):
        frames(cloud, view)


def test_equirectangular_views_with_depth_are_geometry_too() -> None:
    pano = Cameras.equirectangular(room.camera(0)[None], 256, 128)
    images, distance = room.render(pano)
    _, directions = room.pixel_rays(pano)
    facing = (directions * pano.forward[..., None, None, :]).sum(-1)
    views = DepthViews(images=images, cameras=pano, depth=distance / facing)
    view = room.cameras(room.camera(15, (0.3, 0.2, 0.0)), fov_deg=60, width=96, height=64)
    (frame,) = frames(views, view)
    assert frame.photographed.float().mean() > 0.9
    assert psnr(frame, room.render(view)[0][0]) > 26


def test_far_from_the_origin_nothing_is_lost() -> None:
    views = room.depth_views(room.ring(4, 64))
    view = room.cameras(room.camera(20, (0.3, 0.1, 0.0)), fov_deg=60, width=64, height=48)
    (near,) = frames(views, view)
    shift = torch.eye(4, dtype=torch.float64)
    shift[:3, 3] = torch.tensor([4e5, -5e6, 300.0], dtype=torch.float64)
    there = dataclasses.replace(views, cameras=views.cameras.to(dtype=torch.float64).moved(shift))
    (far,) = frames(there, view.to(dtype=torch.float64).moved(shift))
    assert (near.photographed == far.photographed).float().mean() > 0.999
    assert (near.image - far.image).abs().mean() < 1e-3


def test_frames_come_one_by_one_and_the_same_each_time(panorama: DepthViews) -> None:
    view = room.cameras(*(room.camera(yaw, (0.2, 0.0, 0.0)) for yaw in (0, 10, 20)), fov_deg=50, width=48, height=32)
    for mode in ("mesh", "points"):
        first, second = frames(panorama, view, mode), frames(panorama, view, mode)
        assert len(first) == 3
        assert all(torch.equal(a.image, b.image) for a, b in zip(first, second, strict=True))
        (last,) = frames(panorama, view[2:], mode)
        assert (last.image - first[2].image).abs().mean() < 1e-3


def test_nothing_known_means_holes_everywhere() -> None:
    view = room.cameras(room.camera(0), width=32, height=32)
    views = DepthViews(images=torch.rand(1, 3, 32, 32), cameras=view, depth=torch.full((1, 32, 32), torch.nan))
    for mode in ("mesh", "points"):
        (frame,) = frames(views, view, mode)
        assert not frame.photographed.any()
        assert (frame.image == 0).all()


def test_what_cannot_be_drawn_is_refused_at_once(panorama: DepthViews) -> None:
    view = room.cameras(room.camera(0))
    with pytest.raises(GeometryError, match="got equirectangular cameras of shape"):
        render_geometry(panorama, Cameras.equirectangular(room.camera(0)[None], 64, 32))
    with pytest.raises(GeometryError, match="perspective camera"):
        render_geometry(panorama, view[0])
    with pytest.raises(InputError, match="render options"):
        RenderOptions(depth_tolerance=0.0)
    with pytest.raises(GeometryError, match="one image size"):
        render_geometry(panorama, Cameras.cat([view, view.resized(32, 32)]))
