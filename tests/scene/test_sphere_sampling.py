"""Sampling of panoramas: against analytic functions on the sphere and against brute-force supersampling."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.scene.sphere_sampling import PanoramaPyramid, sample_panorama


def smooth(directions: torch.Tensor) -> torch.Tensor:
    """A smooth function on the unit sphere (x right, y down, z ahead) with values in [0.1, 0.9], channels first."""
    x, y, z = directions.unbind(-1)
    return torch.stack(
        [0.5 + 0.2 * x + 0.2 * y * z, 0.5 + 0.3 * z * x - 0.1 * y, 0.5 + 0.2 * torch.sin(2 * y) + 0.2 * x * z]
    )


def camera_at_origin(yaw: float, pitch: float, fov_deg: float, width: int, height: int, roll: float = 0.0) -> Cameras:
    pose = rigid(level_rotation(yaw, pitch, roll), torch.zeros(3, dtype=torch.float64))
    return Cameras.from_field_of_view(pose, math.radians(fov_deg), width, height)


def smooth_panorama(width: int, height: int) -> Panorama:
    pose = torch.eye(4, dtype=torch.float64)
    _, rays = pixel_rays(Cameras.equirectangular(pose, width, height))
    return Panorama.from_image(smooth(rays).float())


def analytic_view(camera: Cameras) -> torch.Tensor:
    """What ``camera`` sees of the smooth panorama: its rays, turned into the panorama's frame, evaluated."""
    _, rays = pixel_rays(camera)
    return smooth(rays @ level_rotation())


@pytest.mark.parametrize("size", [(512, 256), (514, 258), (501, 250), (1023, 511)])
@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (math.pi, 0), (2.9, 0.4), (0.3, math.pi / 2), (1.1, -1.5)])
def test_views_of_a_smooth_function_match_it(size: tuple[int, int], yaw: float, pitch: float) -> None:
    """Centre, seam, both poles; even, odd and off-2:1 sizes; magnified. Bicubic at 0.7° a pixel errs by 1e-3."""
    camera = camera_at_origin(yaw, pitch, 90, 64, 48, roll=0.2)
    found = resample_panorama(smooth_panorama(*size), camera)
    torch.testing.assert_close(found.double(), analytic_view(camera), atol=2e-3, rtol=0)


def test_minified_views_of_a_smooth_function_match_it() -> None:
    """A pixel's average over 5° differs from the value at its centre by the function's curvature."""
    camera = camera_at_origin(0.5, 0.9, 100, 20, 16)
    found = resample_panorama(smooth_panorama(2048, 1024), camera)
    torch.testing.assert_close(found.double(), analytic_view(camera), atol=6e-3, rtol=0)


@given(
    yaw=st.floats(-math.pi, math.pi),
    pitch=st.floats(-math.pi / 2, math.pi / 2),
    roll=st.floats(-math.pi, math.pi),
    fov=st.floats(20, 130),
)
def test_any_view_of_a_smooth_function_matches_it(yaw: float, pitch: float, roll: float, fov: float) -> None:
    camera = camera_at_origin(yaw, pitch, fov, 24, 20, roll)
    found = resample_panorama(SMOOTH, camera, SMOOTH_PYRAMID)
    torch.testing.assert_close(found.double(), analytic_view(camera), atol=6e-3, rtol=0)


SMOOTH = smooth_panorama(512, 256)
SMOOTH_PYRAMID = SMOOTH.pyramid()


def textured(height: int = 256) -> Panorama:
    """Detail at every scale that a panorama can hold, up to pixel-wide lines and dots."""
    generator = torch.Generator().manual_seed(3)
    picture = torch.zeros(3, height, 2 * height)
    for octave in (8, 32, height):
        noise = torch.rand(1, 3, octave, 2 * octave, generator=generator)
        picture += torch.nn.functional.interpolate(noise, size=(height, 2 * height))[0] / 3
    picture[:, ::16] = 1
    picture[:, :, ::16] = 0
    return Panorama.from_image(picture)


@pytest.mark.parametrize(("yaw", "pitch"), [(0.4, 0.1), (math.pi, -0.7), (0.0, math.pi / 2)])
@pytest.mark.parametrize("width", [24, 60])
def test_minified_views_equal_the_average_over_their_pixels(width: int, yaw: float, pitch: float) -> None:
    """At 1 to 6 panorama pixels a pixel: far closer to brute-force averaging than one bilinear sample is."""
    panorama = textured()
    camera = camera_at_origin(yaw, pitch, 80, width, width)
    fine = camera_at_origin(yaw, pitch, 80, 8 * width, 8 * width)
    reference = torch.nn.functional.avg_pool2d(resample_panorama(panorama, fine), 8)
    found = resample_panorama(panorama, camera)
    point_samples = resample_panorama(panorama, fine)[:, 4::8, 4::8]
    error, naive_error = ((x - reference).square().mean().sqrt() for x in (found, point_samples))
    assert error < 0.035
    assert error < naive_error / 3


def test_white_noise_keeps_no_more_than_its_share_of_contrast_when_minified() -> None:
    """Averaging n independent pixels divides their standard deviation by √n; aliasing would keep it."""
    noise = torch.rand(3, 512, 1024, generator=torch.Generator().manual_seed(0))
    camera = camera_at_origin(0, 0, 60, 26, 26)
    pixels_each = (1024 / (2 * math.pi)) ** 2 * math.radians(60) ** 2 / 26**2
    found = resample_panorama(Panorama.from_image(noise), camera)
    assert found.std() < 1.6 * noise.std() / math.sqrt(pixels_each)


def test_a_constant_panorama_looks_constant_everywhere() -> None:
    panorama = Panorama.from_image(torch.full((3, 65, 130), 0.3))
    for camera in (camera_at_origin(3.1, 0, 120, 31, 17), camera_at_origin(0, math.pi / 2, 5, 9, 9)):
        found = resample_panorama(panorama, camera)
        torch.testing.assert_close(found, torch.full_like(found, 0.3))


def test_turning_the_picture_by_whole_columns_equals_turning_the_camera() -> None:
    panorama = textured(128)
    columns = 37
    rolled = Panorama.from_image(torch.roll(panorama.image, columns, dims=-1))
    yaw = columns / 256 * 2 * math.pi
    first = resample_panorama(panorama, camera_at_origin(0.2, 0.5, 90, 64, 64))
    second = resample_panorama(rolled, camera_at_origin(0.2 + yaw, 0.5, 90, 64, 64))
    torch.testing.assert_close(first, second, atol=2e-3, rtol=0)


def test_an_equirectangular_target_of_the_same_pose_gives_the_panorama_back() -> None:
    panorama = smooth_panorama(256, 128)
    found = resample_panorama(panorama, panorama.camera)
    torch.testing.assert_close(found, panorama.image, atol=2e-3, rtol=0)


def test_turns_equal_separate_calls(generator: torch.Generator) -> None:
    pyramid = textured(128).pyramid()
    directions = torch.randn(3, generator=generator) + 0.01 * torch.randn(5, 7, 3, generator=generator).cumsum(1)
    turns = torch.tensor([0.0, 1.0, -2.5, 3.1, 12.0])
    together = sample_panorama(pyramid, directions, turns)
    assert together.shape == (5, 3, 5, 7)
    for turn, picture in zip(turns, together, strict=True):
        cosine, sine = math.cos(turn), math.sin(turn)
        rotation = torch.tensor([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
        torch.testing.assert_close(sample_panorama(pyramid, directions @ rotation.T), picture, atol=1e-3, rtol=0)


def test_sampling_takes_any_batch_shape_and_direction_length(generator: torch.Generator) -> None:
    directions = torch.randn(2, 3, 4, 5, 3, generator=generator)
    found = sample_panorama(SMOOTH_PYRAMID, directions)
    assert found.shape == (2, 3, 3, 4, 5)
    torch.testing.assert_close(sample_panorama(SMOOTH_PYRAMID, directions[1, 2] * 7), found[1, 2])
    torch.testing.assert_close(sample_panorama(SMOOTH_PYRAMID, directions.double()), found)
    assert sample_panorama(SMOOTH_PYRAMID, directions[:0]).shape == (0, 3, 3, 4, 5)


def test_eight_bit_and_float_pictures_are_the_same_panorama(generator: torch.Generator) -> None:
    image = torch.randint(0, 256, (3, 64, 128), dtype=torch.uint8, generator=generator)
    camera = camera_at_origin(0.3, 0.2, 70, 16, 16)
    first = resample_panorama(Panorama.from_image(image), camera)
    second = resample_panorama(Panorama.from_image(image.float() / 255), camera)
    torch.testing.assert_close(first, second)


def test_levels_dropped_for_a_stated_spacing_are_not_missed() -> None:
    panorama = textured()
    camera = camera_at_origin(0.4, 0.3, 90, 20, 20)
    full = panorama.pyramid()
    pruned = resample_panorama(panorama, camera)
    torch.testing.assert_close(pruned, resample_panorama(panorama, camera, full))
    assert len(panorama.pyramid(math.radians(4)).levels) < len(full.levels)


def test_a_picture_too_small_to_continue_over_its_poles_is_refused() -> None:
    with pytest.raises(InputError, match="at least 3 pixels"):
        PanoramaPyramid.build(torch.zeros(3, 2, 4))
