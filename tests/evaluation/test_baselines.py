"""Baselines show exactly what can be known: turns of photographed views, known geometry."""

from __future__ import annotations

import math

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.evaluation.baselines import geometry_frames, nearest_view_frames, panorama_frames
from cinescene.evaluation.image_metrics import psnr
from cinescene.scene.panorama import Panorama
from tests.evaluation import room


def at(*yaws_deg: float, width: int = 96, height: int = 64, fov_deg: float = 60) -> Cameras:
    poses = [rigid(level_rotation(math.radians(yaw)), torch.zeros(3).double()) for yaw in yaws_deg]
    return Cameras.from_field_of_view(torch.stack(poses), math.radians(fov_deg), width, height)


def smooth(cameras: Cameras) -> torch.Tensor:
    """A far world without fine detail."""
    _, rays = pixel_rays(cameras)
    return (0.5 + 0.3 * torch.sin(3 * rays + torch.tensor([0.0, 1.0, 2.0]))).movedim(-1, -3).float()


def test_the_nearest_view_is_turned_exactly() -> None:
    views = at(-40, 0, 40, width=160, height=160, fov_deg=100)
    wanted = at(-50, 3, 25)
    frames = torch.stack(list(nearest_view_frames(smooth(views), views, wanted)))
    truth = smooth(wanted)
    shown = frames.sum(1) > 0
    assert float(shown.float().mean()) > 0.97
    assert float(psnr(frames, truth, shown).min()) > 38


def test_nothing_is_made_up_beyond_the_view() -> None:
    views = at(0)
    frame = next(nearest_view_frames(smooth(views), views, at(120)))
    assert float(frame.max()) == 0
    with pytest.raises(InputError, match="a camera for each view"):
        next(nearest_view_frames(smooth(views), at(0, 10), at(0)))


def test_the_stand_in_is_exact_for_turning() -> None:
    around = Cameras.equirectangular(rigid(level_rotation(), torch.zeros(3).double()), 512, 256)
    panorama = Panorama(image=smooth(around), camera=around)
    wanted = at(0, 77, -130)
    frames = torch.stack(list(panorama_frames(panorama, wanted)))
    assert float(psnr(frames.clamp(0, 1), smooth(wanted)).min()) > 40


def test_known_geometry_beats_the_nearest_view_where_the_camera_travels() -> None:
    path = room.arc(4, 144, 96, travel_m=0.8)
    views = room.depth_views(path[torch.tensor([0, 3])])
    target = path[torch.tensor([1, 2])]
    truth = room.render(target)[0]
    explicit = torch.stack(list(geometry_frames(views, target))).clamp(0, 1)
    nearest = torch.stack(list(nearest_view_frames(views.images, views.cameras, target))).clamp(0, 1)
    assert float(psnr(explicit, truth).mean()) > float(psnr(nearest, truth).mean()) + 2
