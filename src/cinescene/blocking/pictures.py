"""Tiling pictures on triangles, read at the size in which they are seen."""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F

from cinescene.sets.mesh import Material
from cinescene.tensor_types import Float, Int, Tensor


def picture_colours(
    material: Material,
    places: Float[Tensor, "n 2"],
    texels_a_pixel: Float[Tensor, "n"],
) -> Float[Tensor, "n 3"]:
    """sRGB in [0, 1] of a material's picture at texture coordinates, in repeats: u to the right, v up.

    Each place is read from the picture halved so often that a texel is as large as a pixel; between texels it is
    interpolated, across the edges too.
    """
    levels = _halved(material)
    level = texels_a_pixel.clamp_min(1).log2().round().long().clamp_max(len(levels) - 1)
    colours = torch.empty(len(places), 3)
    for number in level.unique().tolist():
        here = level == number
        colours[here] = _interpolated(levels[number], places[here])
    return colours


@lru_cache(maxsize=128)
def _halved(material: Material) -> tuple[Float[Tensor, "h w 3"], ...]:
    """The picture, and it at half the size, a quarter …, down to a pixel in one direction."""
    levels = [torch.from_numpy(material.albedo.copy()).float().movedim(-1, 0)[None] / 255]
    while min(levels[-1].shape[-2:]) > 1:
        levels.append(F.avg_pool2d(levels[-1], 2))
    return tuple(level[0].movedim(0, -1).contiguous() for level in levels)


def _interpolated(picture: Float[Tensor, "h w 3"], places: Float[Tensor, "n 2"]) -> Float[Tensor, "n 3"]:
    rows, columns = picture.shape[:2]
    across, down = places[:, 0] * columns - 0.5, (1 - places[:, 1]) * rows - 0.5
    left, top = across.floor(), down.floor()
    right_share, low_share = (across - left)[:, None], (down - top)[:, None]
    flat = picture.reshape(-1, 3)

    def at(row: Float[Tensor, "n"], column: Float[Tensor, "n"]) -> Float[Tensor, "n 3"]:
        index: Int[Tensor, "n"] = (row % rows).long() * columns + (column % columns).long()
        return flat.index_select(0, index)

    upper = at(top, left) * (1 - right_share) + at(top, left + 1) * right_share
    lower = at(top + 1, left) * (1 - right_share) + at(top + 1, left + 1) * right_share
    return upper * (1 - low_share) + lower * low_share
