"""Photos whose turns are known, laid on a sphere: an equirectangular panorama, and which of it was photographed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

NARROW, WIDE = 24.0, 3.0
"""How abruptly one photo gives way to the next, for fine detail and for shading."""
SHADING_ROWS, SHADING_REACH = 128, 2
"""What a panorama of so many rows shows, smoothed over so many pixels on each side, is shading."""


def stitch(
    pictures: Sequence[UInt8[Tensor, "3 _h _w"]],
    intrinsics_px: Float[Tensor, "v 3 3"],
    world_from_camera: Float[Tensor, "v 3 3"],
    height_px: int,
) -> tuple[UInt8[Tensor, "3 h w"], Bool[Tensor, "h w"]]:
    """The panorama (middle column along +y of the z-up world) and where any photo shows it.

    Every direction is taken from the photo that has it nearest to its middle; detail changes over within a few pixels,
    shading over a wide border (two bands of Burt and Adelson, "A multiresolution spline", 1983). What nobody
    photographed is filled in smoothly from around it.
    """
    frame = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    camera = Cameras.equirectangular(frame, 2 * height_px, height_px)
    directions = pixel_rays(camera)[1].float()
    sums: dict[str, Tensor] = {}
    for picture, intrinsics, rotation in zip(pictures, intrinsics_px, world_from_camera, strict=True):
        shown, nearness = _laid(picture, intrinsics, rotation, directions)
        seen = (nearness > 0).float()
        shading = _shading(shown, seen)
        for name, values, sharpness in (("shading", shading, WIDE), ("detail", shown - shading, NARROW)):
            weight = nearness.double().pow(sharpness)
            sums[name] = sums.get(name, 0) + weight * values
            sums[name + " weight"] = sums.get(name + " weight", 0) + weight
    known = sums["shading weight"] > 0
    least = torch.finfo(torch.float64).tiny
    shading, detail = ((sums[name] / sums[name + " weight"].clamp_min(least)).float() for name in ("shading", "detail"))
    return (_filled(shading + detail, known).clamp(0, 1) * 255).round().to(torch.uint8), known


def _laid(
    picture: UInt8[Tensor, "3 h w"],
    intrinsics: Float[Tensor, "3 3"],
    rotation: Float[Tensor, "3 3"],
    directions: Float[Tensor, "h2 w2 3"],
) -> tuple[Float[Tensor, "3 h2 w2"], Float[Tensor, "h2 w2"]]:
    """A photo seen from inside the sphere, and how near to its middle each direction lies: 1 there, 0 at its edge."""
    height, width = picture.shape[-2:]
    rays = directions @ rotation.float()
    ahead = rays[..., 2] > 1e-3
    plane = rays[..., :2] / rays[..., 2:].clamp_min(1e-3)
    focal = intrinsics[[0, 1], [0, 1]].float()
    place = (plane * focal + intrinsics[:2, 2].float()) / torch.tensor([width, height]) * 2 - 1
    coarse = math.pi / directions.shape[0] * float(focal[0])
    reduced = picture.float()[None] / 255
    if coarse > 1:
        size = (max(1, round(height / coarse)), max(1, round(width / coarse)))
        reduced = F.interpolate(reduced, size, mode="area")
    shown = F.grid_sample(reduced, place[None], mode="bicubic", padding_mode="border", align_corners=False)[0]
    inside = (1 - place.abs()).clamp_min(0)
    return shown, inside.prod(-1) * ahead


def _shading(shown: Float[Tensor, "3 h w"], seen: Float[Tensor, "h w"]) -> Float[Tensor, "3 h w"]:
    """The mean around each direction of what a photo shows."""
    size = seen.shape
    small = (min(SHADING_ROWS, size[0]), min(2 * SHADING_ROWS, size[1]))
    sums = F.interpolate(torch.cat([shown * seen, seen[None]])[None], small, mode="area")[0]
    for _ in range(2):
        around = F.pad(sums, (SHADING_REACH, SHADING_REACH, 0, 0), mode="circular")
        around = F.pad(around, (0, 0, SHADING_REACH, SHADING_REACH), mode="replicate")
        sums = F.avg_pool2d(around, 2 * SHADING_REACH + 1, stride=1)
    return F.interpolate((sums[:3] / sums[3:].clamp_min(1e-4))[None], size, mode="bilinear")[0]


def _filled(image: Float[Tensor, "3 h w"], known: Bool[Tensor, "h w"]) -> Float[Tensor, "3 h w"]:
    """Unknown pixels from ever coarser means of the known ones around them, smoothed so that no blocks show."""
    weight = known.float()[None, None]
    levels = [(image[None] * weight, weight)]
    while levels[-1][1].shape[-2] % 2 == 0 and levels[-1][1].shape[-2] > 2:
        values, weight = levels[-1]
        levels.append((F.avg_pool2d(values, 2), F.avg_pool2d(weight, 2)))
    values, weight = levels.pop()
    filled = values + (1 - weight) * values.sum((-1, -2), keepdim=True) / weight.sum().clamp_min(1e-6)
    for values, weight in reversed(levels):
        around = F.pad(F.pad(filled, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1), mode="replicate")
        grown = F.interpolate(around, scale_factor=2, mode="bilinear")[..., 2:-2, 2:-2]
        filled = values + (1 - weight) * grown
    return rearrange(filled, "1 c h w -> c h w")
