import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras import Cameras
from cinescene.cameras.projection import (
    camera_directions,
    frustum_overlap,
    inside_image,
    pixel_grid,
    pixel_rays,
    plucker_rays,
    project,
    unproject,
)
from cinescene.cameras.transforms import level_rotation, rigid

angle = st.floats(-3.0, 3.0)
offset = st.floats(-50.0, 50.0)


def pose(yaw: float, pitch: float, roll: float, x: float, y: float, z: float) -> torch.Tensor:
    return rigid(level_rotation(yaw, pitch, roll), torch.tensor([x, y, z], dtype=torch.float64))


poses = st.builds(pose, angle, angle, angle, offset, offset, offset)


@given(poses, st.floats(14.0, 200.0), st.integers(2, 40), st.integers(2, 40))
def test_project_inverts_unproject(world_from_camera: torch.Tensor, focal_mm: float, width: int, height: int) -> None:
    for cameras in (
        Cameras.from_focal_mm(world_from_camera, focal_mm, width, height),
        Cameras.equirectangular(world_from_camera, width, height),
    ):
        pixels = pixel_grid(width, height, torch.float64).reshape(-1, 2)
        depth = torch.linspace(0.5, 30.0, len(pixels), dtype=torch.float64)
        seen, seen_depth = project(cameras, unproject(cameras, pixels, depth))
        torch.testing.assert_close(seen, pixels, atol=1e-7, rtol=1e-9)
        torch.testing.assert_close(seen_depth, depth, atol=1e-9, rtol=1e-9)


@given(poses)
def test_rays_pass_through_the_points_that_pixels_see(world_from_camera: torch.Tensor) -> None:
    cameras = Cameras.from_field_of_view(world_from_camera, 1.2, 8, 6)
    origin, direction = pixel_rays(cameras)
    pixels = pixel_grid(8, 6, torch.float64).reshape(-1, 2)
    points = unproject(cameras, pixels, torch.full((48,), 3.0, dtype=torch.float64))
    offset = points - origin
    torch.testing.assert_close(
        torch.linalg.cross(offset, direction.reshape(-1, 3)).norm(),
        torch.zeros((), dtype=torch.float64),
        atol=1e-10,
        rtol=0,
    )
    assert ((offset * direction.reshape(-1, 3)).sum(-1) > 0).all()
    moment, axis = plucker_rays(cameras).flatten(-2).mT.split(3, dim=-1)
    torch.testing.assert_close(torch.linalg.cross(points, axis), moment, atol=1e-9, rtol=1e-9)


def test_a_point_to_the_right_and_below_is_seen_right_and_below() -> None:
    camera = Cameras.from_focal_px(torch.eye(4), 100.0, 200, 100)
    pixels, depth = project(camera, torch.tensor([[1.0, 0.5, 2.0], [0.0, 0.0, -1.0]]))
    torch.testing.assert_close(pixels[0], torch.tensor([150.0, 75.0]))
    assert depth[1] < 0
    assert pixels[1].isnan().all()
    assert inside_image(camera, pixels).tolist() == [True, False]


def test_equirectangular_sees_the_four_directions_where_it_should() -> None:
    camera = Cameras.equirectangular(torch.eye(4), 400, 200)
    directions = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 1e-9]])
    pixels, distance = project(camera, directions * 5)
    torch.testing.assert_close(pixels[:3], torch.tensor([[200.0, 100.0], [300.0, 100.0], [100.0, 100.0]]))
    torch.testing.assert_close(pixels[3, 1], torch.tensor(0.0), atol=1e-4, rtol=0)
    torch.testing.assert_close(distance, torch.full((4,), 5.0))


def test_projection_is_differentiable() -> None:
    points = torch.randn(5, 3, dtype=torch.float64) + torch.tensor([0.0, 0.0, 6.0], dtype=torch.float64)
    matrix = torch.eye(4, dtype=torch.float64)

    def seen(points: torch.Tensor, focal: torch.Tensor) -> torch.Tensor:
        return project(Cameras.from_focal_px(matrix, focal, 64, 48), points)[0]

    focal = torch.tensor(50.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(seen, (points.requires_grad_(), focal))


@given(st.floats(0.0, 1.5))
def test_overlap_of_a_pan_is_the_part_that_stays_in_view(turn: float) -> None:
    fov = math.radians(60)
    origin = torch.zeros(3, dtype=torch.float64)
    narrow = Cameras.from_field_of_view(rigid(level_rotation(), origin), fov, 320, 1)
    tall = Cameras.from_field_of_view(rigid(level_rotation(turn), origin), fov, 320, 1).cropped(0, -500, 320, 1001)
    directions = camera_directions(narrow, (pixel_grid(64, 1, torch.float64)[0] / 64) * torch.tensor([320.0, 1.0]))
    azimuth = torch.atan2(directions[:, 0], directions[:, 2])
    expected = ((azimuth - turn).abs() <= fov / 2).double().mean()
    assert frustum_overlap(narrow, narrow, 3.0) == 1.0
    assert abs(frustum_overlap(narrow, tall, 3.0, samples=64) - expected) <= 1.5 / 64
