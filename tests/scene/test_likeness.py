"""Overlap guessed from pictures alone agrees with the truth where it answers, and is silent where it cannot."""

import itertools
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.projection import frustum_overlap
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.scene.images import load_image
from cinescene.scene.likeness import fingerprint, shared_share
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.scene.quality import luma

SHARED_PANORAMAS = Path(__file__).parents[3] / "shared" / "panoramas"


def painted(seed: int, height: int = 256) -> Panorama:
    """A panorama with detail at every scale."""
    generator = torch.Generator().manual_seed(seed)
    out = torch.zeros(1, 3, height, 2 * height)
    for octave in (4, 8, 16, 32, 64, 128):
        noise = torch.rand(1, 3, octave, 2 * octave, generator=generator)
        out += F.interpolate(noise, size=(height, 2 * height), mode="bicubic") / 6
    return Panorama.from_image(out[0].clamp(0, 1))


def camera(yaw_deg: float, fov_deg: float, size: tuple[int, int], pitch_deg: float = 0.0) -> Cameras:
    pose = rigid(level_rotation(math.radians(yaw_deg), math.radians(pitch_deg)), torch.zeros(3, dtype=torch.float64))
    return Cameras.from_field_of_view(pose, math.radians(fov_deg), *size)


def seen(panorama: Panorama, view: Cameras, gain: float = 1.0):
    pixels = (resample_panorama(panorama, view) * gain * 255).clamp(0, 255).to(torch.uint8)
    return fingerprint(luma(pixels), float(view.field_of_view_rad[0]))


@pytest.mark.parametrize(("turn", "pitch"), [(0, 0), (15, 0), (-30, 0), (25, 6), (0, -12)])
def test_turned_views_share_what_their_cameras_say(turn: float, pitch: float) -> None:
    panorama = painted(1)
    first, second = camera(10, 65, (240, 160)), camera(10 + turn, 65, (240, 160), pitch)
    expected = float(frustum_overlap(first, second, 1.0, samples=64))
    found = shared_share(seen(panorama, first), seen(panorama, second, gain=0.6))
    assert found == pytest.approx(expected, abs=0.12)


def test_lenses_and_shapes_may_differ_if_they_are_known() -> None:
    panorama = painted(2)
    wide, upright = camera(0, 80, (240, 160)), camera(12, 45, (160, 240))
    expected = float(frustum_overlap(upright, wide, 1.0, samples=64))
    found = shared_share(seen(panorama, upright), seen(panorama, wide))
    assert found == pytest.approx(expected, abs=0.15)


def test_different_places_share_nothing() -> None:
    prints = [seen(painted(seed), camera(0, 65, (240, 160))) for seed in range(8)]
    assert [shared_share(a, b) for a, b in itertools.combinations(prints, 2)] == [None] * 28
    flat = fingerprint(torch.full((50, 50), 0.5), 1.0)
    assert shared_share(flat, flat) is None


@pytest.mark.parametrize("size", [(16, 16), (30, 400), (400, 30)])
@pytest.mark.parametrize("fov_deg", [2, 65, 150])
def test_any_shape_and_lens_can_be_compared(size: tuple[int, int], fov_deg: float) -> None:
    grey = torch.rand(size[1], size[0], generator=torch.Generator().manual_seed(0))
    shared_share(fingerprint(grey, math.radians(fov_deg)), fingerprint(grey, math.radians(65)))


@pytest.mark.skipif(not SHARED_PANORAMAS.is_dir(), reason="the sample panoramas are not beside this checkout")
@pytest.mark.parametrize("name", ["city", "courtyard", "forest", "interior"])
def test_neighbouring_views_of_real_panoramas_are_told_from_distant_ones(name: str) -> None:
    panorama = Panorama.from_image(load_image(SHARED_PANORAMAS / f"{name}.jpg").pixels)
    prints = [seen(panorama, camera(18 * i, 65, (240, 160))) for i in range(20)]
    near = [shared_share(prints[i], prints[(i + 1) % 20]) for i in range(20)]
    far = [shared_share(prints[i], prints[(i + 7) % 20]) for i in range(20)]
    assert sum(share is not None and abs(share - 0.67) < 0.1 for share in near) >= 19
    assert sum(share is not None for share in far) <= 1
