"""Points as soft discs behind a z-buffer with tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cinescene.scene.splat_raster import Spans, disc_spans
from cinescene.tensor_types import Float, Tensor

LEAST_RADIUS_PX = 0.75
"""A disc of this radius covers at least one pixel centre wherever it lies."""
LARGEST_RADIUS_SHARE = 0.1
"""A point very near the camera is drawn no larger than this share of the picture's longer side."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PixelDiscs:
    """Discs in a picture: centre (u, v), radius, z-depth, colour, and weight in blending."""

    centre_px: Float[Tensor, "n 2"]
    radius_px: Float[Tensor, "n"]
    depth: Float[Tensor, "n"]
    colour: Float[Tensor, "n 3"]
    weight: Float[Tensor, "n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscPicture:
    """Blended colour and depth of discs; ``cover`` sums their kernels and is 0 where there is none."""

    colour: Float[Tensor, "3 h w"]
    depth: Float[Tensor, "h w"]
    cover: Float[Tensor, "h w"]


def splat_points(discs: PixelDiscs, tolerance: float, width: int, height: int) -> DiscPicture:
    """The nearest discs of each pixel, and all within ``tolerance`` (relative) behind them, blended.

    A disc's weight falls from its middle to its rim as 1 − (r/R)².
    """
    largest = LARGEST_RADIUS_SHARE * max(width, height)
    radius = discs.radius_px.clamp(LEAST_RADIUS_PX, max(largest, LEAST_RADIUS_PX))
    spans = disc_spans(discs.centre_px, radius, width, height)
    inverse = 1 / discs.depth
    nearest = inverse.new_zeros(height * width)
    for part in spans.chunks():
        span, pixel = part.pixels(width)
        nearest.scatter_reduce_(0, pixel, inverse.index_select(0, part.shape).index_select(0, span), "amax")
    sums = [inverse.new_zeros(height * width) for _ in range(6)]
    for part in spans.chunks():
        _add_discs(sums, part, discs, radius, inverse, nearest, tolerance, width)
    *colour, depth, total, cover = sums
    total = total.clamp(min=1e-12)
    return DiscPicture(
        colour=torch.stack([channel / total for channel in colour]).view(3, height, width),
        depth=(depth / total).view(height, width),
        cover=cover.view(height, width),
    )


def _add_discs(
    sums: list[Tensor],
    part: Spans,
    discs: PixelDiscs,
    radius: Tensor,
    inverse: Tensor,
    nearest: Tensor,
    tolerance: float,
    width: int,
) -> None:
    span, pixel = part.pixels(width)
    disc = part.shape.index_select(0, span)
    front = inverse.index_select(0, disc) * (1 + tolerance) >= nearest.index_select(0, pixel)
    kept = front.nonzero()[:, 0]
    disc, pixel = disc.index_select(0, kept), pixel.index_select(0, kept)
    centre = discs.centre_px.index_select(0, disc)
    along = (pixel % width).to(centre.dtype) + 0.5 - centre[:, 0]
    across = torch.div(pixel, width, rounding_mode="floor").to(centre.dtype) + 0.5 - centre[:, 1]
    kernel = 1 - (along.square() + across.square()) / radius.index_select(0, disc).square()
    kernel = kernel.clamp(min=1e-3)
    weight = kernel * discs.weight.index_select(0, disc)
    for total, values in zip(sums, (*discs.colour.unbind(-1), discs.depth), strict=False):
        total.index_add_(0, pixel, weight * values.contiguous().index_select(0, disc))
    sums[4].index_add_(0, pixel, weight)
    sums[5].index_add_(0, pixel, kernel)
