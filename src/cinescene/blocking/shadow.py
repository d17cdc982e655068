"""The soft shadow of solids on the ground under an even sky: it makes a figure stand there and not hover."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from cinescene.blocking.solids import Solid
from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.tensor_types import Bool, Float, Tensor

REACH_M = 1.6
"""Over which a shadow fades out, from the middle of the solids."""
MOST_PATCHES = 200
"""So many triangles, at equal steps of the area, stand for all."""
LOWEST_M = 0.01
"""Height that patches on the ground itself are taken to have."""
PIXELS_AT_ONCE = 2**15
GROUND_SLACK_M = 0.12
"""A surface so near the ground counts as ground."""


def sky_seen_from_ground(solids: Sequence[Solid], camera: Cameras, ground_m: float) -> Float[Tensor, "h w"]:
    """Share of an even sky's light that reaches the level ground at ``ground_m`` past solids, a pixel.

    1 where a pixel of the perspective camera (batch shape ``()``, z-up world in metres) shows no ground near them. A
    small patch of a closed surface with area A, seen from any side, hides A / 4 on average (Cauchy's formula); of the
    cosine-weighted sky above a point at distance l and height h below it, that is A h / (4 π l³). Patches hide each
    other, so a sum of shares s leaves exp(−s). It is faded out over `REACH_M`.
    """
    width, height = camera.size_px
    light = torch.ones(height, width)
    patches = _patches(solids, ground_m)
    origin, rays = pixel_rays(camera.to(dtype=torch.float32))
    above = float(camera.position[2]) - ground_m
    if patches is None or above <= 0:
        return light
    centres, areas = patches
    reach = above / (-rays[..., 2]).clamp_min(1e-6)
    ground = origin[..., :2] + rays[..., :2] * reach[..., None]
    middle = (centres[:, :2] * areas[:, None]).sum(0) / areas.sum()
    apart = (ground - middle).square().sum(-1) / REACH_M**2
    near = (rays[..., 2] < 0) & (apart < 1)
    heights = centres[:, 2] - ground_m
    weights = areas * heights / (4 * math.pi)
    hidden = torch.cat(
        [
            (weights / (torch.cdist(part, centres[:, :2]).square() + heights.square()) ** 1.5).sum(-1)
            for part in ground[near].split(PIXELS_AT_ONCE)
        ]
    )
    light[near] = torch.exp(-hidden * (1 - apart[near]) ** 2)
    return light


def on_ground(depth: Float[Tensor, "h w"], camera: Cameras, ground_m: float) -> Bool[Tensor, "h w"]:
    """Whether the surface at a z-depth, as a perspective camera (batch shape ``()``) sees it, is the ground."""
    origin, rays = pixel_rays(camera.to(dtype=torch.float32))
    along = depth / (rays @ camera.forward.to(rays))
    return (origin[2] + along * rays[..., 2] - ground_m).abs() < GROUND_SLACK_M


def _patches(solids: Sequence[Solid], ground_m: float) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n"]] | None:
    """Centres and areas of triangles above the ground, None without any."""
    if not solids:
        return None
    corners = torch.from_numpy(np.concatenate([s.positions[s.triangles] for s in solids]).astype(np.float32))
    sides = corners[:, 1:] - corners[:, :1]
    areas = torch.linalg.cross(sides[:, 0], sides[:, 1]).norm(dim=-1) / 2
    centres = corners.mean(1)
    centres[:, 2] = centres[:, 2].clamp_min(ground_m + LOWEST_M)
    total = areas.sum()
    if float(total) <= 0:
        return None
    if len(areas) > MOST_PATCHES:
        steps = (torch.arange(MOST_PATCHES) + 0.5) / MOST_PATCHES * total
        chosen = torch.searchsorted(areas.cumsum(0), steps).clamp_max(len(areas) - 1)
        centres, areas = centres[chosen], (total / MOST_PATCHES).expand(MOST_PATCHES)
    return centres, areas
