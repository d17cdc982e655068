"""FLIP: how different two pictures look to somebody who flips between them.

Source: Andersson et al., "ꟻLIP: A Difference Evaluator for Alternating Images", 2020 (LDR-FLIP): constants are those of
the paper; pictures are seen at 67 pixels a degree (0.7 m from a 0.7 m wide screen of 3840 pixels).
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F

from cinescene.evaluation.regions import check_pair, region_mean, shrunken
from cinescene.tensor_types import Bool, Float, Tensor

PIXELS_PER_DEGREE = 0.7 * 3840 / 0.7 * math.pi / 180
XYZ_FROM_RGB = (
    (10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794),
    (2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897),
    (1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382),
)
"""Linear sRGB to CIE XYZ under D65; each row's sum is the white point."""
CONTRAST_SENSITIVITY = (
    ((1.0, 0.0047),),
    ((1.0, 0.0053),),
    ((34.1, 0.04), (13.5, 0.025)),
)
"""Amplitudes and widths of the Gaussians that filter luminance, red–green and blue–yellow (table 1 of the paper)."""
COLOUR_EXPONENT, FEATURE_EXPONENT = 0.7, 0.5
LOW_SHARE, LOW_ERROR = 0.4, 0.95
FEATURE_WIDTH_DEG = 0.082


def flip_map(image: Float[Tensor, "*b 3 h w"], reference: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b h w"]:
    """Perceived difference of every pixel, from 0 (none) to 1; RGB in [0, 1], sRGB."""
    check_pair(image, reference, None)
    batch = image.shape[:-3]
    opponents = [_opponent(_linear(picture.reshape(-1, *picture.shape[-3:]))) for picture in (image, reference)]
    colour = _colour_difference(*(_filtered(opponent) for opponent in opponents))
    feature = _feature_difference(*((opponent[:, 0] + 16) / 116 for opponent in opponents))
    return colour.pow(1 - feature).reshape(*batch, *image.shape[-2:])


def flip(
    image: Float[Tensor, "*b 3 h w"],
    reference: Float[Tensor, "*b 3 h w"],
    region: Bool[Tensor, "*b h w"] | None = None,
) -> Float[Tensor, "*b"]:
    """Mean FLIP over each picture or region, 0 for equal pictures; see `flip_mean`."""
    check_pair(image, reference, region)
    return flip_mean(flip_map(image, reference), region)


def flip_mean(differences: Float[Tensor, "*b h w"], region: Bool[Tensor, "*b h w"] | None) -> Float[Tensor, "*b"]:
    """Mean of a `flip_map` over all of each picture or over a region of it.

    Of a region, only pixels count that are farther from masked ones than the filters reach (10 px), so that no masked
    pixel has a part in the result; NaN where none is left.
    """
    if region is None:
        return differences.mean((-2, -1))
    return region_mean(differences, shrunken(region, filter_reach_px()))


def filter_reach_px() -> int:
    """How far the filters look."""
    widest = max(width for terms in CONTRAST_SENSITIVITY for _, width in terms)
    spatial = math.ceil(3 * math.sqrt(widest / (2 * math.pi**2)) * PIXELS_PER_DEGREE)
    return max(spatial, math.ceil(3 * 0.5 * FEATURE_WIDTH_DEG * PIXELS_PER_DEGREE))


# ---- colour ---------------------------------------------------------------------------------------------------------


def _linear(srgb: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    srgb = srgb.clamp(0, 1)
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055).pow(2.4))


def _matrix(like: Tensor) -> tuple[Tensor, Tensor]:
    """XYZ from RGB with the white point divided out, and its inverse."""
    matrix = torch.tensor(XYZ_FROM_RGB, dtype=torch.float64)
    matrix = matrix / matrix.sum(1, keepdim=True)
    return matrix.to(like), torch.linalg.inv(matrix).to(like)


def _mixed(matrix: Tensor, colours: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    return torch.einsum("ij,bjhw->bihw", matrix, colours)


def _opponent(linear: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Linearised CIELab (YyCxCz)."""
    x, y, z = _mixed(_matrix(linear)[0], linear).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _filtered(opponent: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """What the eye resolves, as linear RGB."""
    blurred = torch.stack(
        [_resolved(opponent[:, channel], CONTRAST_SENSITIVITY[channel]) for channel in range(3)], dim=1
    )
    y = (blurred[:, 0] + 16) / 116
    whole = torch.stack([y + blurred[:, 1] / 500, y, y - blurred[:, 2] / 200], dim=1)
    return _mixed(_matrix(whole)[1], whole).clamp(0, 1)


def _resolved(channel: Float[Tensor, "b h w"], terms: tuple[tuple[float, float], ...]) -> Float[Tensor, "b h w"]:
    widest = max(width for parts in CONTRAST_SENSITIVITY for _, width in parts)
    radius = math.ceil(3 * math.sqrt(widest / (2 * math.pi**2)) * PIXELS_PER_DEGREE)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64) / PIXELS_PER_DEGREE
    total, out = 0.0, torch.zeros_like(channel)
    for amplitude, width in terms:
        profile = torch.exp(-(math.pi**2) * offsets.square() / width)
        strength = amplitude * math.sqrt(math.pi / width)
        total += strength * float(profile.sum()) ** 2
        out = out + strength * _separable(channel, profile, profile)
    return out / total


def _colour_difference(first: Float[Tensor, "b 3 h w"], second: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    error = _hybrid_distance(_hunt_lab(first), _hunt_lab(second)).pow(COLOUR_EXPONENT)
    largest = _largest_difference()
    knee = LOW_SHARE * largest
    above = LOW_ERROR + (error - knee) / (largest - knee) * (1 - LOW_ERROR)
    return torch.where(error < knee, LOW_ERROR / knee * error, above).clamp(0, 1)


@lru_cache(maxsize=1)
def _largest_difference() -> float:
    """Between pure green and pure blue."""
    green, blue = (torch.tensor(colour).view(1, 3, 1, 1) for colour in ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    return float(_hybrid_distance(_hunt_lab(green), _hunt_lab(blue)).pow(COLOUR_EXPONENT))


def _hunt_lab(linear: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """CIELab with chroma that falls with lightness (the Hunt effect)."""
    ratio = _mixed(_matrix(linear)[0], linear)
    delta = 6 / 29
    bent = torch.where(ratio > delta**3, ratio.clamp_min(delta**3).pow(1 / 3), ratio / (3 * delta**2) + 4 / 29)
    x, y, z = bent.unbind(1)
    lightness = 116 * y - 16
    return torch.stack([lightness, 0.01 * lightness * 500 * (x - y), 0.01 * lightness * 200 * (y - z)], dim=1)


def _hybrid_distance(first: Float[Tensor, "b 3 h w"], second: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    """HyAB: city block between lightness and chroma."""
    lightness, a, b = (first - second).unbind(1)
    return lightness.abs() + torch.hypot(a, b)


# ---- features -------------------------------------------------------------------------------------------------------


def _feature_difference(first: Float[Tensor, "b h w"], second: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
    edges = (_feature_strength(first, "edge") - _feature_strength(second, "edge")).abs()
    points = (_feature_strength(first, "point") - _feature_strength(second, "point")).abs()
    return (torch.maximum(edges, points) / math.sqrt(2)).pow(FEATURE_EXPONENT).clamp(0, 1)


def _feature_strength(luminance: Float[Tensor, "b h w"], kind: str) -> Float[Tensor, "b h w"]:
    sigma = 0.5 * FEATURE_WIDTH_DEG * PIXELS_PER_DEGREE
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    gauss = torch.exp(-offsets.square() / (2 * sigma**2))
    along = -offsets * gauss if kind == "edge" else (offsets.square() / sigma**2 - 1) * gauss
    along = torch.where(along > 0, along / along.clamp(min=0).sum(), along / -along.clamp(max=0).sum())
    across = gauss / gauss.sum()
    return torch.hypot(_separable(luminance, along, across), _separable(luminance, across, along))


def _separable(
    maps: Float[Tensor, "b h w"], horizontal: Float[Tensor, "k"], vertical: Float[Tensor, "k"]
) -> Float[Tensor, "b h w"]:
    radius = len(horizontal) // 2
    padded = F.pad(maps[:, None], (radius, radius, radius, radius), mode="replicate")
    rows = F.conv2d(padded, horizontal.to(maps).view(1, 1, 1, -1))
    return F.conv2d(rows, vertical.to(maps).view(1, 1, -1, 1))[:, 0]
