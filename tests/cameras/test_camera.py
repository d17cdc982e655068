import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras import Cameras
from cinescene.cameras.projection import project
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError


def some_cameras(count: int = 5) -> Cameras:
    poses = torch.stack(
        [
            rigid(level_rotation(0.3 * i, 0.1 * i, 0.05 * i), torch.tensor([i, -0.5 * i, 0.2 * i]).double())
            for i in range(count)
        ]
    )
    return Cameras.from_focal_mm(poses, 24.0, 160, 90)


POINTS = torch.tensor([[0.3, 6.0, 0.2], [-1.0, 7.0, -0.5], [2.0, 9.0, 1.0]], dtype=torch.float64)


@given(st.integers(-20, 100), st.integers(-20, 60), st.integers(1, 200), st.integers(1, 200))
def test_a_crop_sees_the_same_rays(left: int, top: int, width: int, height: int) -> None:
    cameras = some_cameras(1)
    pixels, _ = project(cameras, POINTS)
    cropped, _ = project(cameras.cropped(left, top, width, height), POINTS)
    torch.testing.assert_close(cropped, pixels - torch.tensor([left, top]).double())


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_a_resize_sees_the_same_rays(width: int, height: int) -> None:
    cameras = some_cameras(1)
    pixels, _ = project(cameras, POINTS)
    resized, _ = project(cameras.resized(width, height), POINTS)
    torch.testing.assert_close(resized, pixels * torch.tensor([width / 160, height / 90]).double())
    torch.testing.assert_close(cameras.resized(width, height).field_of_view_rad, cameras.field_of_view_rad)


def test_field_of_view_of_a_lens() -> None:
    cameras = some_cameras(1)
    horizontal, vertical = cameras.field_of_view_rad[0].tolist()
    assert math.isclose(horizontal, 2 * math.atan(18 / 24))
    assert math.isclose(vertical, 2 * math.atan(18 / 24 * 90 / 160))
    assert math.isclose(float(cameras.with_focal_mm(50).focal_mm()[0]), 50.0)
    wide = Cameras.from_field_of_view(cameras.world_from_camera, math.radians(100), 160, 90)
    assert math.isclose(math.degrees(wide.field_of_view_rad[0, 0]), 100.0)
    full = Cameras.equirectangular(cameras.world_from_camera, 400, 200).field_of_view_rad[0]
    torch.testing.assert_close(full, torch.tensor([2 * math.pi, math.pi]).double())


def test_relative_cameras_see_relative_points_alike() -> None:
    cameras = some_cameras()
    relative = cameras.relative_to_first()
    torch.testing.assert_close(relative.world_from_camera[0], torch.eye(4).double(), atol=1e-12, rtol=0)
    moved = (cameras[0].camera_from_world @ torch.cat([POINTS, torch.ones(3, 1).double()], dim=1).mT).mT[:, :3]
    torch.testing.assert_close(project(relative, moved)[0], project(cameras, POINTS)[0], equal_nan=True)


def test_scaling_the_world_leaves_the_pictures_alone() -> None:
    cameras = some_cameras()
    torch.testing.assert_close(project(cameras.scaled(3.0), POINTS * 3)[0], project(cameras, POINTS)[0], equal_nan=True)
    with pytest.raises(GeometryError, match="scale"):
        cameras.scaled(0.0)


def test_a_mirrored_camera_sees_the_mirrored_world_mirrored() -> None:
    cameras = some_cameras().cropped(7, -3, 120, 80)
    seen, depth = project(cameras, POINTS)
    mirrored, mirrored_depth = project(cameras.mirrored(), POINTS * torch.tensor([-1.0, 1.0, 1.0]).double())
    torch.testing.assert_close(mirrored_depth, depth)
    torch.testing.assert_close(mirrored[..., 0], 120 - seen[..., 0], equal_nan=True)
    torch.testing.assert_close(mirrored[..., 1], seen[..., 1], equal_nan=True)


def test_batches_index_reshape_and_join() -> None:
    cameras = some_cameras(6)
    assert cameras.reshape(2, 3)[1, 2].batch_shape == ()
    assert cameras[:, None].batch_shape == (6, 1)
    assert cameras.reshape(2, 3)[..., 1:].batch_shape == (2, 2)
    assert len(Cameras.cat([cameras, cameras[:2]])) == 8
    with pytest.raises(IndexError):
        cameras[0, 0]
    with pytest.raises(GeometryError, match="one batch"):
        Cameras.cat([cameras, Cameras.equirectangular(cameras.world_from_camera, 4, 2)])


def test_mixed_sizes_have_no_single_size() -> None:
    mixed = Cameras.cat([some_cameras(1), some_cameras(1).resized(20, 10)])
    with pytest.raises(GeometryError, match="one image size"):
        _ = mixed.size_px
    assert mixed[1].size_px == (20, 10)


def test_looking_at_a_point_puts_it_in_the_middle() -> None:
    eye, target = torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([-4.0, 7.0, 1.0]).double()
    camera = Cameras.from_focal_mm(Cameras.looking_at(eye, target), 35.0, 64, 48)
    pixel, depth = project(camera, target[None])
    torch.testing.assert_close(pixel[0], torch.tensor([32.0, 24.0]).double())
    torch.testing.assert_close(depth[0], (target - eye).norm())


@pytest.mark.parametrize("fov_deg", [0.0, 180.0, -10.0, math.nan])
def test_impossible_fields_of_view_are_refused(fov_deg: float) -> None:
    with pytest.raises(GeometryError, match="field of view"):
        Cameras.from_field_of_view(torch.eye(4), math.radians(fov_deg), 8, 8)


@pytest.mark.parametrize(
    ("intrinsics", "words"),
    [
        ([[0.0, 0, 4], [0, 5, 4], [0, 0, 1]], "positive focal"),
        ([[5.0, 0, math.nan], [0, 5, 4], [0, 0, 1]], "finite"),
        ([[5.0, 0, 4], [0, 5, 4], [0, 0, 2]], "form"),
    ],
)
def test_impossible_intrinsics_are_refused(intrinsics: list[list[float]], words: str) -> None:
    with pytest.raises(GeometryError, match=words):
        Cameras(
            world_from_camera=torch.eye(4), intrinsics_px=torch.tensor(intrinsics), image_size_px=torch.tensor([8, 8])
        )
