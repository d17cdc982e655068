"""Sharpness and exposure of pictures: cheap numbers that say which ones to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.tensor_types import Float, Tensor, UInt8

ANALYSIS_LONG_SIDE_PX = 640
"""Pictures are measured at this size, so that neither noise nor resolution decides what is sharp."""

BLACK, WHITE = 4 / 255, 251 / 255


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """``mean_stops`` below (or above) middle grey of the log-average light; shares of black and of blown-out pixels."""

    mean_stops: float
    black: float
    white: float


def luma(pixels: UInt8[Tensor, "3 h w"]) -> Float[Tensor, "h2 w2"]:
    """Rec. 709 luma in [0, 1], scaled down to a longer side of `ANALYSIS_LONG_SIDE_PX` by area averaging."""
    height, width = pixels.shape[-2:]
    shrink = max(1.0, max(height, width) / ANALYSIS_LONG_SIDE_PX)
    size = max(1, round(height / shrink)), max(1, round(width / shrink))
    weights = torch.tensor([0.2126, 0.7152, 0.0722]) / 255
    step = int(shrink)
    small = torch.stack([F.avg_pool2d(channel.float()[None], step)[0] for channel in pixels])
    grey = torch.einsum("chw,c->hw", small, weights)
    if grey.shape == size:
        return grey
    return F.interpolate(grey[None, None], size=size, mode="bilinear", antialias=True, align_corners=False)[0, 0]


def sharpness(grey: Float[Tensor, "h w"]) -> float:
    """How much fine detail there is for the coarse detail: compares pictures of about one size with each other.

    The Laplacian's energy is measured at four sizes, in the half of a 4×4 grid of windows with the most detail, so that
    neither sky nor shallow focus condemns a picture; then the finest octave is set against the one three octaves
    coarser, the second finest likewise, and the geometric mean taken. In sharp pictures the energy falls steadily from
    octave to octave whatever they show (Field, "Relations between the statistics of natural images and the response
    properties of cortical cells", 1987), so that a blank wall is not called soft; blur takes the fine octaves away.
    """
    octaves = min(3, int(math.log2(max(1.0, min(grey.shape) / 16))))
    if octaves < 1:
        return 0.0
    middle = _detail(grey, 2)
    windows = middle.argsort(descending=True)[: len(middle) // 2]
    energy = [float(_detail(grey, octave)[windows].mean()) + 1e-7 for octave in (0, 1, octaves, octaves + 1)]
    return math.sqrt(energy[0] / energy[2] * energy[1] / energy[3])


def _detail(grey: Float[Tensor, "h w"], octave: int) -> Float[Tensor, "n"]:
    """Mean squared Laplacian in each of 4×4 windows, at 2^-octave of the size."""
    kernel = grey.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    small = F.avg_pool2d(grey[None, None], 2**octave)
    return F.adaptive_avg_pool2d(F.conv2d(small, kernel).square(), 4).flatten()


def exposure(grey: Float[Tensor, "h w"]) -> Exposure:
    """Brightness of a picture in photographic stops about middle grey (linear light 0.18)."""
    light = torch.where(grey <= 0.04045, grey / 12.92, ((grey + 0.055) / 1.055) ** 2.4)
    average = torch.exp(torch.log(light.clamp(min=1e-4)).mean())
    return Exposure(
        mean_stops=float(torch.log2(average / 0.18)),
        black=float((grey <= BLACK).float().mean()),
        white=float((grey >= WHITE).float().mean()),
    )
