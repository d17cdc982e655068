"""A scene's unit in metres, from three kinds of measurement."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.projection import project
from cinescene.errors import GeometryError, InputError
from cinescene.scene.geometry import DepthViews
from cinescene.scene.metric_scale import (
    Pixel,
    baseline_scale,
    fit_ground,
    metres_per_unit_from_camera_height,
    metres_per_unit_from_cameras,
    metres_per_unit_from_pixels,
    metres_per_unit_from_points,
    point_at,
)
from tests.scene import analytic_room as room


@pytest.fixture(scope="module")
def views() -> DepthViews:
    """The room in a unit of 0.25 m."""
    return room.depth_views(room.ring(8, 48)).scaled(4.0)


def _pixel(views: DepthViews, view: int, point_m: tuple[float, float, float]) -> Pixel:
    place, _ = project(views.cameras[view], 4 * torch.tensor([point_m]))
    return Pixel(view=view, u_px=float(place[0, 0]), v_px=float(place[0, 1]))


def test_two_pixels_of_different_views_and_their_distance_fix_the_scale(views: DepthViews) -> None:
    first, second = (-1.0, 5.0, 0.5), (4.0, -0.5, 0.2)
    distance = math.dist(first, second)
    scale = metres_per_unit_from_pixels(views, _pixel(views, 0, first), _pixel(views, 2, second), distance)
    assert scale == pytest.approx(0.25, rel=0.02)
    assert views.in_metres(scale).cameras.position.norm() < 1e-5


@given(st.floats(0.01, 50), st.floats(0.05, 20))
def test_two_points_and_their_distance_fix_the_scale(units: float, metres: float) -> None:
    second = torch.tensor([0.0, units, 0.0], dtype=torch.float64)
    assert metres_per_unit_from_points(torch.zeros(3), second, metres) == pytest.approx(metres / units)


def test_unusable_measurements_are_refused(views: DepthViews) -> None:
    with pytest.raises(GeometryError, match="coincide"):
        metres_per_unit_from_points(torch.ones(3), torch.ones(3), 1.0)
    with pytest.raises(GeometryError, match="measured distance in metres: expected a positive number"):
        metres_per_unit_from_points(torch.ones(3), torch.zeros(3), 0.0)
    with pytest.raises(InputError, match="view from 0 to 7"):
        point_at(views, Pixel(view=8, u_px=1, v_px=1))
    with pytest.raises(InputError, match="outside view 0 of 48×48"):
        point_at(views, Pixel(view=0, u_px=49, v_px=1))
    unknown = dataclasses.replace(views, depth=torch.full_like(views.depth, torch.nan))
    with pytest.raises(GeometryError, match="no depth is known"):
        point_at(unknown, Pixel(view=0, u_px=10, v_px=10))


def test_the_camera_s_height_fixes_the_scale(views: DepthViews) -> None:
    ground = fit_ground(views)
    assert torch.allclose(ground.normal, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), atol=1e-3)
    assert ground.camera_height == pytest.approx(4 * 1.6, rel=1e-3)
    assert metres_per_unit_from_camera_height(views, 1.6) == pytest.approx(0.25, rel=1e-3)


def test_the_ground_is_found_in_noise_clutter_and_any_frame(views: DepthViews) -> None:
    generator = torch.Generator().manual_seed(0)
    noisy = views.depth * (1 + 0.02 * torch.randn(views.depth.shape, generator=generator))
    spikes = torch.rand(views.depth.shape, generator=generator) < 0.1
    noisy = torch.where(spikes, noisy * torch.rand(views.depth.shape, generator=generator), noisy)
    first = views.cameras[:1]
    turned = dataclasses.replace(views, depth=noisy, cameras=views.cameras.relative_to(first))
    ground = fit_ground(turned)
    assert ground.camera_height == pytest.approx(6.4, rel=0.03)
    assert float(ground.normal[1]) == pytest.approx(-1.0, abs=0.01)
    stated = fit_ground(turned, up=torch.tensor([0.0, -2.0, 0.0]))
    assert stated.camera_height == pytest.approx(ground.camera_height, rel=1e-6)


def test_a_table_is_not_taken_for_the_floor() -> None:
    cameras = room.ring(4, 48)
    images, depth = room.render(cameras, ball=False)
    points = DepthViews(images=images, cameras=cameras, depth=depth).world_points()
    over_table = (points[..., 2] < -1.5) & (points[..., 0].abs() < 1.5) & (points[..., 1].abs() < 2)
    depth = torch.where(over_table, depth * (0.9 / 1.6), depth)
    ground = fit_ground(DepthViews(images=images, cameras=cameras, depth=depth))
    assert ground.camera_height == pytest.approx(1.6, rel=0.02)


def test_no_ground_is_said_to_be_none(views: DepthViews) -> None:
    up_only = room.cameras(room.camera(0, pitch_deg=80), width=32, height=32)
    with pytest.raises(GeometryError, match="almost nothing is known below"):
        fit_ground(room.depth_views(up_only), up=torch.tensor([0.0, 0.0, 1.0]))
    generator = torch.Generator().manual_seed(0)
    cloud = dataclasses.replace(views, depth=views.depth * torch.rand(views.depth.shape, generator=generator) ** 3)
    with pytest.raises(GeometryError, match="ground"):
        fit_ground(cloud)
    around = room.cameras(*(room.camera(0, pitch_deg=p) @ _roll(r) for p, r in ((0, 0), (0, 180))), width=32, height=32)
    with pytest.raises(GeometryError, match="which way is up"):
        fit_ground(room.depth_views(around))


def _roll(degrees: float) -> torch.Tensor:
    angle = math.radians(degrees)
    matrix = torch.eye(4)
    matrix[0, 0] = matrix[1, 1] = math.cos(angle)
    matrix[1, 0] = math.sin(angle)
    matrix[0, 1] = -math.sin(angle)
    return matrix


def test_known_cameras_fix_the_scale() -> None:
    known = room.cameras(*(room.camera(20 * i, (float(i), float(i * i) / 3, 0.2 * i)) for i in range(4)))
    estimated = known.relative_to_first().scaled(3.0)
    assert metres_per_unit_from_cameras(estimated, known) == pytest.approx(1 / 3, rel=1e-5)
    with pytest.raises(GeometryError, match="one point"):
        metres_per_unit_from_cameras(room.ring(4, 32), room.ring(4, 32))


def test_baselines_fix_the_scale_though_a_camera_is_misplaced() -> None:
    known = room.cameras(*(room.camera(0, (float(i), float(i % 3), 0.0)) for i in range(8)))
    estimated = known.scaled(0.2)
    wrong = estimated.world_from_camera.clone()
    wrong[5, :3, 3] += torch.tensor([3.0, -2.0, 1.0])
    estimated = dataclasses.replace(estimated, world_from_camera=wrong)
    result = baseline_scale(estimated, known, typical_depth=1.0)
    assert result.scale == pytest.approx(5.0, rel=1e-4)
    assert result.spread < 0.05


def test_without_baselines_the_scale_is_unknown_and_why_is_said() -> None:
    apart = room.cameras(*(room.camera(0, (float(i), 0.0, 0.0)) for i in range(4)))
    together = room.cameras(*(room.camera(30 * i) for i in range(4)))
    assert baseline_scale(apart, together, 1.0).reason == "the known cameras stand at one point"
    assert baseline_scale(together, apart, 1.0).reason == "the estimated cameras stand at one point"
    assert baseline_scale(apart[:1], apart[:1], 1.0).scale is None
    scattered = torch.tensor([[0.0, 0, 0], [5, 0, 0], [0.1, 0, 0], [0, 40, 0]])
    nonsense = room.cameras(*(room.camera(0, tuple(place.tolist())) for place in scattered))
    assert "disagree" in baseline_scale(nonsense, apart, 1.0).reason
