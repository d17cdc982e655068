"""Depth maps as points, and depth maps made to agree."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_grid, project
from cinescene.errors import GeometryError, InputError
from cinescene.scene.geometry import DepthViews, ScenePoints, consistent_depth_scales, pixel_radius
from tests.scene import analytic_room as room


@pytest.fixture(scope="module")
def views() -> DepthViews:
    return room.depth_views(room.ring(6, 48), open_roof=True)


def test_points_project_back_to_their_pixels(views: DepthViews) -> None:
    points = views.world_points()
    grid = pixel_grid(48, 48)
    for index in range(len(views)):
        known = views.known[index]
        pixels, depth = project(views.cameras[index], points[index][known])
        assert torch.allclose(pixels, grid[known], atol=1e-3)
        assert torch.allclose(depth, views.depth[index][known], atol=1e-4)
    assert torch.isnan(points[~views.known]).all()
    assert torch.equal(views.sky, torch.isinf(views.depth))


def test_points_of_equirectangular_views_lie_at_their_distance() -> None:
    pano = Cameras.equirectangular(room.camera(30, (1.0, 2.0, 0.5))[None], 64, 32)
    views = DepthViews(images=torch.rand(1, 3, 32, 64), cameras=pano, depth=torch.full((1, 32, 64), 3.0))
    distance = (views.world_points() - pano.position[:, None, None]).norm(dim=-1)
    assert torch.allclose(distance, torch.tensor(3.0), atol=1e-5)


@given(st.floats(0.01, 100))
def test_another_unit_scales_everything(factor: float) -> None:
    views = dataclasses.replace(room.depth_views(room.ring(2, 16, (0.5, 0.2, 0.1))), metres_per_unit=2.0)
    scaled = views.scaled(factor)
    assert torch.allclose(scaled.world_points(), factor * views.world_points(), rtol=1e-4, atol=1e-5 * factor)
    assert scaled.metres_per_unit == pytest.approx(2.0 / factor)
    assert views.in_metres(2.0).metres_per_unit == 1.0


def test_points_carry_colour_confidence_and_size(views: DepthViews) -> None:
    confidence = torch.rand(views.depth.shape, generator=torch.Generator().manual_seed(0)) + 1
    points = ScenePoints.from_views(dataclasses.replace(views, confidence=confidence), min_confidence=1.5)
    kept = views.known & (confidence >= 1.5)
    assert len(points) == int(kept.sum())
    assert torch.equal(points.colours, views.images.movedim(1, -1)[kept])
    assert (points.confidence >= 1.5).all()
    facing = 0.5 * views.depth[kept] / views.cameras.focal_px[0, 0]
    assert (points.radius >= facing * 0.999).all()
    assert (points.radius <= facing * 1.501).all()
    assert points.views is not None


def test_a_pixel_s_radius_is_half_its_width_on_a_facing_wall() -> None:
    view = room.cameras(room.camera(0), width=32, height=32)
    wall = DepthViews(images=torch.zeros(1, 3, 32, 32), cameras=view, depth=torch.full((1, 32, 32), 2.0))
    assert torch.allclose(pixel_radius(wall), torch.tensor(2.0 / 32))


def test_a_cloud_s_radii_follow_its_density() -> None:
    grid = torch.cartesian_prod(*[torch.arange(6.0)] * 3)
    fine = ScenePoints.from_cloud(0.1 * grid, torch.rand(len(grid), 3))
    coarse = ScenePoints.from_cloud(grid, torch.rand(len(grid), 3))
    assert torch.allclose(coarse.radius, 10 * fine.radius, rtol=1e-4)
    assert torch.allclose(coarse.radius, torch.ones(()))
    with pytest.raises(InputError, match="two points"):
        ScenePoints.from_cloud(grid[:1], grid[:1])


def test_depth_maps_of_a_panorama_are_balanced_exactly() -> None:
    truth = room.depth_views(room.ring(8, 64))
    factors = torch.exp(0.3 * torch.randn(8, generator=torch.Generator().manual_seed(0)))
    wrong = dataclasses.replace(truth, depth=truth.depth * factors[:, None, None])
    found = consistent_depth_scales(wrong).float()
    total = found * factors
    assert float(total.max() / total.min()) < 1.005
    assert float(found.log().mean()) == pytest.approx(0, abs=1e-6)


def test_depth_maps_with_parallax_are_balanced() -> None:
    poses = [room.camera(15 * i, (0.5 * i - 0.7, 0.3 * (i % 2), 0.1 * i)) for i in range(4)]
    truth = room.depth_views(room.cameras(*poses, width=64, height=64))
    factors = torch.tensor([1.1, 0.92, 1.05, 0.95])
    wrong = dataclasses.replace(truth, depth=truth.depth * factors[:, None, None])
    total = consistent_depth_scales(wrong).float() * factors
    assert float(total.max() / total.min()) < 1.04


def test_views_that_share_nothing_keep_their_scale() -> None:
    apart = room.depth_views(room.cameras(room.camera(0), room.camera(180), fov_deg=60, width=32, height=32))
    assert torch.allclose(consistent_depth_scales(apart), torch.ones(2, dtype=torch.float64))
    one = room.depth_views(room.cameras(room.camera(0), width=32, height=32))
    assert consistent_depth_scales(one).tolist() == [1.0]


def test_what_does_not_belong_together_is_refused() -> None:
    view = room.ring(2, 16)
    images, depth = torch.rand(2, 3, 16, 16), torch.ones(2, 16, 16)
    with pytest.raises(InputError, match="2 pictures, but cameras of shape"):
        DepthViews(images=images, cameras=view[:1], depth=depth)
    with pytest.raises(InputError, match="cameras of 20×20"):
        DepthViews(images=images, cameras=view.resized(20, 20), depth=depth)
    with pytest.raises(InputError, match="NaN"):
        DepthViews(images=images * math.nan, cameras=view, depth=depth)
    with pytest.raises(GeometryError, match="metres per unit"):
        DepthViews(images=images, cameras=view, depth=depth, metres_per_unit=-1.0)
    with pytest.raises(GeometryError, match="positive"):
        DepthViews(images=images, cameras=view, depth=depth).scaled(math.inf)
    with pytest.raises(InputError, match="NaN"):
        ScenePoints(
            points=torch.full((1, 3), math.nan),
            colours=torch.zeros(1, 3),
            confidence=torch.ones(1),
            radius=torch.ones(1),
        )
