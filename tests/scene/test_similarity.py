"""Similarity alignment, degenerate cases included."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import rigid, rotation_from_quaternion
from cinescene.errors import GeometryError
from cinescene.scene.similarity import align_cameras, align_points


def _motion(seed: int) -> tuple[float, torch.Tensor, torch.Tensor, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    rotation = rotation_from_quaternion(torch.randn(4, generator=generator, dtype=torch.float64))
    scale = float(torch.rand((), generator=generator, dtype=torch.float64)) * 5 + 0.1
    return scale, rotation, 10 * torch.randn(3, generator=generator, dtype=torch.float64), generator


def _cameras(positions: torch.Tensor, generator: torch.Generator) -> Cameras:
    rotation = rotation_from_quaternion(torch.randn(len(positions), 4, generator=generator, dtype=torch.float64))
    return Cameras.from_field_of_view(rigid(rotation, positions), 1.0, 64, 64)


@given(st.integers(0, 2**31), st.integers(0, 1))
def test_points_in_space_or_in_a_plane_fix_everything(seed: int, flat: int) -> None:
    scale, rotation, translation, generator = _motion(seed)
    source = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    source[:, 2] *= 1 - flat
    target = scale * source @ rotation.T + translation
    found = align_points(source, target)
    assert found.determined == "full"
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert torch.allclose(found.rotation, rotation, atol=1e-6)
    assert torch.allclose(found.apply(source), target, atol=1e-6)
    assert found.residual < 1e-6


@given(st.integers(0, 2**31))
def test_cameras_on_a_line_are_turned_by_their_rotations(seed: int) -> None:
    scale, rotation, translation, generator = _motion(seed)
    along = torch.randn(3, generator=generator, dtype=torch.float64)
    cameras = _cameras(torch.arange(5)[:, None] * along + 2, generator)
    moved = cameras.scaled(scale).moved(rigid(rotation, translation))
    found = align_cameras(cameras, moved)
    assert found.determined == "line"
    assert found.scale == pytest.approx(scale, rel=1e-5)
    assert torch.allclose(found.rotation, rotation, atol=1e-5)
    assert torch.allclose(found.apply_to_cameras(cameras).world_from_camera, moved.world_from_camera, atol=1e-4)


def test_cameras_at_one_point_leave_the_scale_open() -> None:
    scale, rotation, translation, generator = _motion(3)
    cameras = _cameras(torch.ones(4, 3, dtype=torch.float64), generator)
    moved = cameras.scaled(scale).moved(rigid(rotation, translation))
    found = align_cameras(cameras, moved)
    assert found.determined == "point"
    assert found.scale == 1.0
    assert torch.allclose(found.rotation, rotation, atol=1e-8)
    assert align_points(torch.ones(1, 3), torch.zeros(1, 3)).determined == "point"


def test_noise_shows_as_residual() -> None:
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(400, 3, generator=generator, dtype=torch.float64)
    noise = 0.05 * torch.randn(400, 3, generator=generator, dtype=torch.float64)
    found = align_points(source, 2 * source + noise)
    assert found.scale == pytest.approx(2, rel=0.01)
    assert found.residual == pytest.approx(0.05 * 3**0.5, rel=0.1)


def test_a_mirrored_cloud_gets_a_rotation_not_a_mirror() -> None:
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(50, 3, generator=generator, dtype=torch.float64) * torch.tensor([3.0, 2.0, 0.1])
    mirrored = source * torch.tensor([1.0, 1.0, -1.0])
    found = align_points(source, mirrored)
    assert float(torch.linalg.det(found.rotation)) == pytest.approx(1.0)


def test_what_cannot_be_aligned_is_refused() -> None:
    points = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    with pytest.raises(GeometryError, match="got 3 and 2"):
        align_points(points, points[:2])
    with pytest.raises(GeometryError, match="NaN"):
        align_points(points, points * torch.nan)
    with pytest.raises(GeometryError, match="opposite"):
        align_points(points, -points, torch.eye(3))
