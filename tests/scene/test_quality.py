"""Sharpness, exposure and likeness numbers order pictures as eyes do."""

import math

import pytest
import torch
import torch.nn.functional as F

from cinescene.scene.quality import exposure, luma, sharpness


def scene_picture(height: int = 400, width: int = 600, seed: int = 0) -> torch.Tensor:
    """Soft shapes and fine detail, 8 bits."""
    generator = torch.Generator().manual_seed(seed)
    out = torch.zeros(1, 3, height, width)
    for size in (6, 24, 96):
        noise = torch.rand(1, 3, size, size * 3 // 2, generator=generator)
        out += F.interpolate(noise, size=(height, width), mode="bicubic") / 3
    return (out[0].clamp(0, 1) * 255).to(torch.uint8)


def blurred(picture: torch.Tensor, sigma: float) -> torch.Tensor:
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1.0)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    out = F.pad(picture.float()[:, None], (radius, radius, radius, radius), mode="reflect")
    out = F.conv2d(F.conv2d(out, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return out[:, 0].round().to(torch.uint8)


def test_blur_lowers_sharpness_monotonically_and_exposure_hardly_matters() -> None:
    picture = scene_picture()
    values = [sharpness(luma(p)) for p in (picture, *(blurred(picture, s) for s in (1.0, 2.0, 3.0)))]
    assert values == sorted(values, reverse=True)
    assert values[0] > 3 * values[2]
    darker = (picture.float() * 0.5).to(torch.uint8)
    assert sharpness(luma(darker)) == pytest.approx(values[0], rel=0.15)


def test_sharpness_is_of_what_is_shown_not_of_the_file_s_resolution() -> None:
    picture = scene_picture(480, 640)
    larger = picture.repeat_interleave(4, -1).repeat_interleave(4, -2)
    assert sharpness(luma(larger)) == pytest.approx(sharpness(luma(picture)), rel=0.05)
    assert sharpness(torch.zeros(2, 2)) == 0.0


def test_exposure_counts_stops_about_middle_grey_and_clipped_pixels() -> None:
    middle = torch.full((64, 64), 0.4613561)
    assert exposure(middle).mean_stops == pytest.approx(0, abs=1e-4)
    ends = torch.cat([torch.zeros(16, 64), torch.ones(8, 64), middle[:40]])
    assert exposure(ends).black == pytest.approx(0.25)
    assert exposure(ends).white == pytest.approx(0.125)
    brighter = torch.full((64, 64), 1.055 * 0.36 ** (1 / 2.4) - 0.055)
    assert exposure(brighter).mean_stops == pytest.approx(1, abs=1e-3)


def test_luma_averages_whatever_the_size() -> None:
    for height, width in ((100, 200), (1001, 667), (1500, 2000), (17, 2000)):
        grey = luma(torch.full((3, height, width), 128, dtype=torch.uint8))
        assert max(grey.shape) <= 640
        torch.testing.assert_close(grey, torch.full_like(grey, 128 / 255))
