"""Light of a place against sums over the sphere; shadows against what a sphere hides of the sky."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.blocking.light import DISPLAY_GAMMA, PlaceLight
from cinescene.blocking.shadow import on_ground, sky_seen_from_ground
from cinescene.blocking.solids import capsule
from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.scene.panorama import Panorama


def panorama_of(linear: torch.Tensor) -> Panorama:
    return Panorama.from_image(linear.clamp(0, 0.8) ** (1 / DISPLAY_GAMMA))


def directions(rows: int = 64) -> torch.Tensor:
    return pixel_rays(panorama_of(torch.zeros(3, rows, 2 * rows)).camera.to(dtype=torch.float32))[1]


def smooth_light(seed: int) -> torch.Tensor:
    """A positive radiance of few changes over the sphere, by colour."""
    generator = torch.Generator().manual_seed(seed)
    rays = directions()
    tilt = torch.randn(3, 3, generator=generator)
    return 0.35 + 0.1 * torch.tanh(torch.einsum("hwi,ci->chw", rays, tilt))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_light_is_the_clamped_cosine_integral(seed: int) -> None:
    radiance = smooth_light(seed)
    rays = directions()
    weight = (1 - rays[..., 2] ** 2).clamp_min(0).sqrt()
    normals = torch.nn.functional.normalize(torch.randn(20, 3, generator=torch.Generator().manual_seed(seed)), dim=1)
    cosine = torch.einsum("ni,hwi->nhw", normals, rays).clamp_min(0)
    exact = torch.einsum("nhw,chw,hw->nc", cosine, radiance, weight)
    mean = (radiance * weight).sum((1, 2)) / 4 @ torch.tensor([0.2126, 0.7152, 0.0722])
    assert torch.allclose(PlaceLight.of_panorama(panorama_of(radiance)).on(normals), exact / mean, atol=0.03)


def test_an_even_grey_place_lights_every_side_alike() -> None:
    normals = torch.eye(3)
    light = PlaceLight.of_panorama(panorama_of(torch.full((3, 32, 64), 0.3))).on(torch.cat([normals, -normals]))
    assert torch.allclose(light, torch.ones(6, 3), atol=0.01)


def test_a_black_picture_has_the_assumed_light() -> None:
    black = PlaceLight.of_panorama(panorama_of(torch.zeros(3, 32, 64)))
    assert torch.equal(black.matrices, PlaceLight.from_above().matrices)


def test_what_faces_a_window_is_brighter() -> None:
    picture = torch.full((3, 64, 128), 0.3)
    picture[:, 20:40, 70:90] = 1.0
    panorama = Panorama.from_image(picture)
    window = pixel_rays(panorama.camera.to(dtype=torch.float32))[1][30, 80]
    light = PlaceLight.of_panorama(panorama).on(torch.stack([window, -window]))
    assert float(light[0].min()) > 1.5 * float(light[1].max())


def looking_down(height_m: float) -> Cameras:
    pose = rigid(level_rotation(0.0, -math.pi / 2 + 1e-3), torch.tensor([0.0, 0.0, height_m], dtype=torch.float64))
    return Cameras.from_focal_mm(pose, 24, 96, 96)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 0.15), st.floats(0.4, 0.9), st.floats(-0.3, 0.3), st.floats(-2.0, 1.0))
def test_a_small_ball_hides_its_share_of_the_sky(radius: float, height: float, x: float, ground: float) -> None:
    camera = looking_down(ground + 3.0)
    centre = np.array([x, 0.0, ground + height])
    light = sky_seen_from_ground([capsule(centre, centre, (radius, radius), (1.0, 0.0, 0.0))], camera, ground)
    origin, rays = pixel_rays(camera.to(dtype=torch.float32))
    points = (origin + rays * 3.0 / -rays[..., 2:])[..., :2]
    below = points[light == light.min()][0]
    apart = float((below - torch.tensor([x, 0.0])).norm())
    assert apart < 0.1
    # Of the cosine-weighted sky a ball of radius r at distance l and height h hides r² h / l³.
    expected = radius**2 * height / (apart**2 + height**2) ** 1.5
    assert float(-light.min().log()) == pytest.approx(expected, rel=0.15)


def test_ground_far_away_and_sky_are_not_darkened() -> None:
    body = [capsule(np.array([0.0, 5.0, 0.2]), np.array([0.0, 5.0, 1.6]), (0.2, 0.2), (1.0, 0.0, 0.0))]
    pose = rigid(level_rotation(0.0, 0.0), torch.tensor([0.0, 0.0, 1.6], dtype=torch.float64))
    light = sky_seen_from_ground(body, Cameras.from_focal_mm(pose, 24, 160, 96), 0.0)
    assert bool((light[:48] == 1).all())
    assert bool((light[:, :30] == 1).all())
    assert float(light[48:, 75:85].min()) < 0.8


def test_no_solids_and_a_camera_under_the_ground_see_no_shadow() -> None:
    body = [capsule(np.array([0.0, 0.0, 0.2]), np.array([0.0, 0.0, 1.6]), (0.2, 0.2), (1.0, 0.0, 0.0))]
    assert float(sky_seen_from_ground([], looking_down(3.0), 0.0).min()) == 1
    assert float(sky_seen_from_ground(body, looking_down(-1.0), 0.0).min()) == 1


def test_ground_is_what_lies_at_its_height() -> None:
    camera = looking_down(2.0)
    depth = torch.full((96, 96), 2.0)
    depth[:, :48] = 1.5
    found = on_ground(depth, camera, 0.0)
    assert bool(found[:, 48:].all())
    assert not bool(found[:, :48].any())
