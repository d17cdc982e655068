"""`PlaceLight`: the light of a photographed place on a surface, by the direction that the surface faces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.cameras.projection import pixel_rays
from cinescene.scene.panorama import Panorama
from cinescene.tensor_types import Float, Tensor

DISPLAY_GAMMA = 2.2
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of linear sRGB (IEC 61966-2-1); near enough for the encoded values, too."""
CLIPPED, CLIPPED_TIMES = 0.92, 6.0
"""sRGB from which a picture begins to be clipped, and how much brighter white is then taken to be than it says."""
MOST_ROWS = 1024
"""Panoramas of twice as many rows or more are made smaller first."""
ROWS = 32
"""Of the small panorama that light is summed over; irradiance is far smoother."""
USUAL, RESPONSE, GAINS = 0.61, 0.75, (0.3, 1.2)
"""A surface looks as usual where pictures are this bright; elsewhere their brightness to this power, within bounds.

Fitted to how bright 41 clips' subjects are in truth: with it the brightness is off by 29 % (standard deviation of its
logarithm); by what is around them in each frame 34 %, without any of it 37 %.
"""
LEAST = 0.08
"""Of the mean light: what reaches a surface that faces away from all of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceLight:
    """Irradiance over its mean, linear RGB, as the quadratic form ñᵀ M ñ of the unit normal, ñ = (n, 1).

    World frame z up. Source: Ramamoorthi and Hanrahan, "An Efficient Representation for Irradiance Environment Maps",
    2001, equations 8 and 11: spherical harmonics up to degree 2 carry a diffuse surface's light within a few percent.
    ``gain`` is how bright surfaces are in the place's pictures, against usual ones (`exposure_gain`).
    """

    matrices: Float[Tensor, "3 4 4"]
    gain: float = 1.0

    @classmethod
    def from_above(cls) -> PlaceLight:
        """What is assumed where nothing is known: brighter from above than from below."""
        matrix = torch.zeros(4, 4)
        matrix[2, 3] = matrix[3, 2] = 0.275
        matrix[3, 3] = 1.0
        return cls(matrices=matrix.expand(3, 4, 4))

    @classmethod
    def of_panorama(cls, panorama: Panorama) -> PlaceLight:
        """The light where a panorama was taken, as far as an 8-bit picture tells."""
        image, area = _all_around(panorama)
        gain = exposure_gain(image, area)
        linear = image**DISPLAY_GAMMA * (1 + (CLIPPED_TIMES - 1) * ((image - CLIPPED) / (1 - CLIPPED)).clamp(0, 1))
        small = F.interpolate(linear[None], (ROWS, 2 * ROWS), mode="area")[0]
        _, rays = pixel_rays(panorama.camera.to(dtype=torch.float32).resized(2 * ROWS, ROWS))
        up = panorama.camera.world_from_camera.float()[:3, :3] @ torch.tensor([0.0, -1.0, 0.0])
        weight = (1 - (rays @ up).square()).clamp_min(0).sqrt()
        light = (small * weight).flatten(1)
        direction = rays.reshape(-1, 3)
        # The clamped cosine up to degree 2: 1/4 + x/2 + 5/32 (3 x² − 1), whose mean over the sphere is 1/4.
        matrices = torch.zeros(3, 4, 4)
        matrices[:, :3, :3] = 15 / 32 * torch.einsum("cn,ni,nj->cij", light, direction, direction)
        matrices[:, :3, 3] = matrices[:, 3, :3] = torch.einsum("cn,ni->ci", light, direction) / 4
        matrices[:, 3, 3] = light.sum(1) * (1 / 4 - 5 / 32)
        mean = (light.sum(1) / 4 * light.new_tensor(LUMINANCE)).sum()
        if float(mean) <= 0:
            return cls(matrices=cls.from_above().matrices, gain=gain)
        return cls(matrices=matrices / mean.clamp_min(1e-9), gain=gain)

    def on(self, normals: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """Light on surfaces with these unit normals over the mean of all directions, RGB."""
        extended = torch.cat([normals, torch.ones_like(normals[:, :1])], dim=1)
        matrices = self.matrices.to(normals)
        return torch.einsum("ni,cij,nj->nc", extended, matrices, extended).clamp_min(LEAST)


def exposure_gain(picture: Float[Tensor, "3 h w"], weight: Float[Tensor, "h w"]) -> float:
    """How bright a surface is where pictures, in [0, 1], look like this one; 1 where nothing is known."""
    if float(weight.sum()) < 1e-6:
        return 1.0
    luminance = torch.einsum("chw,c->hw", picture, picture.new_tensor(LUMINANCE))
    mean = float((luminance * weight).sum() / weight.sum())
    return min(max((mean / USUAL) ** RESPONSE, GAINS[0]), GAINS[1])


def _all_around(panorama: Panorama) -> tuple[Float[Tensor, "3 h w"], Float[Tensor, "h w"]]:
    """A panorama in [0, 1], made smaller if large, and its pixels' areas on the sphere where they were photographed."""
    shrink = max(1, panorama.image.shape[-2] // MOST_ROWS)
    image = _shrunk(panorama.image, shrink)
    if not panorama.image.is_floating_point():
        image = image / 255
    rows = image.shape[-2]
    area = torch.sin((torch.arange(rows) + 0.5) / rows * math.pi)[:, None].expand(image.shape[-2:])
    return image, area if panorama.known is None else area * _shrunk(panorama.known[None], shrink)[0]


def _shrunk(values: Tensor, times: int) -> Float[Tensor, "c h w"]:
    """Means of squares, a few rows at a time, so that a large picture is never held in 32 bits."""
    if times == 1:
        return values.float()
    strips = values.split(64 * times, dim=-2)
    return torch.cat([F.avg_pool2d(strip.float(), times, ceil_mode=True) for strip in strips], dim=-2)
