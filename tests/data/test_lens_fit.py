import math

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.lens_fit import fit_lens
from cinescene.errors import InputError
from cinescene.scene.panorama import Panorama, resample_panorama


@pytest.fixture(scope="module")
def place() -> Panorama:
    """A panorama of smooth random blobs at several scales."""
    generator = torch.Generator().manual_seed(4)
    image = torch.zeros(3, 256, 512)
    for scale in (8, 16, 48):
        noise = torch.rand(1, 3, scale, 2 * scale, generator=generator)
        noise = torch.cat([noise, noise[..., :1]], dim=-1)
        image += torch.nn.functional.interpolate(noise, size=(256, 512), mode="bicubic")[0] / 3
    return Panorama.from_image(image.clamp(0, 1))


@pytest.mark.parametrize(("yaw_deg", "pitch_deg", "fov_deg"), [(0, 0, 73.74), (200, -12, 52.7), (310, 15, 90)])
def test_the_lens_and_heading_of_a_view_are_found(
    place: Panorama, yaw_deg: float, pitch_deg: float, fov_deg: float
) -> None:
    rotation = level_rotation(math.radians(yaw_deg), math.radians(pitch_deg))
    pose = rigid(rotation, torch.zeros(3, dtype=torch.float64))
    frame = resample_panorama(place, Cameras.from_field_of_view(pose, math.radians(fov_deg), 168, 96))
    noise = 0.02 * torch.randn(frame.shape, generator=torch.Generator().manual_seed(1))
    fit = fit_lens(place, frame + noise)
    assert fit.reliable
    assert abs(math.degrees(fit.horizontal_fov_rad) - fov_deg) < 0.5
    assert abs(math.degrees(math.remainder(fit.yaw_rad - math.radians(yaw_deg), 2 * math.pi))) < 0.3
    assert abs(math.degrees(fit.pitch_rad) - pitch_deg) < 0.3
    expected_back = 2 * 24 * math.tan(math.radians(fov_deg) / 2)
    assert abs(fit.sensor_width_mm(24) / expected_back - 1) < 0.02


def test_a_foreign_frame_is_not_called_reliable(place: Panorama) -> None:
    noise = torch.rand(3, 96, 168, generator=torch.Generator().manual_seed(9))
    assert not fit_lens(place, noise).reliable


def test_a_blank_frame_cannot_be_matched(place: Panorama) -> None:
    with pytest.raises(InputError, match="one colour"):
        fit_lens(place, torch.full((3, 96, 168), 0.3))
