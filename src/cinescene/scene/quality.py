"""Sharpness, exposure and likeness of pictures: cheap numbers that say which ones to look at."""

from __future__ import annotations

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
    """Variance of the Laplacian against the picture's contrast: about 0 for a smooth picture, higher for a crisp one.

    The upper half of a 4×4 grid of windows counts, so that sky and shallow focus do not condemn a picture.
    Source: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
    """
    if min(grey.shape) < 3:
        return 0.0
    kernel = grey.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    edges = F.conv2d(grey[None, None], kernel).square()
    windows = F.adaptive_avg_pool2d(edges, (min(4, edges.shape[-2]), min(4, edges.shape[-1]))).flatten()
    best = windows.sort(descending=True).values[: max(1, len(windows) // 2)].mean()
    return float(best / (grey.var() + 1e-4))


def exposure(grey: Float[Tensor, "h w"]) -> Exposure:
    """Brightness of a picture in photographic stops about middle grey (linear light 0.18)."""
    light = torch.where(grey <= 0.04045, grey / 12.92, ((grey + 0.055) / 1.055) ** 2.4)
    average = torch.exp(torch.log(light.clamp(min=1e-4)).mean())
    return Exposure(
        mean_stops=float(torch.log2(average / 0.18)),
        black=float((grey <= BLACK).float().mean()),
        white=float((grey >= WHITE).float().mean()),
    )


def shared_share(first: Float[Tensor, "h w"], second: Float[Tensor, "h2 w2"]) -> float:
    """Share of ``first`` that ``second`` shows too if it were the same picture shifted: a rough guess, in [0, 1].

    Both are reduced to 64×64 and the shift is found by phase correlation; below a clear peak the guess is 0. Scale,
    turns and parallax are not seen. Source: Kuglin and Hines, "The phase correlation image alignment method", 1975.
    """
    size = 64
    small = [F.interpolate(x[None, None], size=(size, size), mode="area")[0, 0] for x in (first, second)]
    window = torch.hann_window(size, periodic=False)
    spectra = [torch.fft.rfft2((x - x.mean()) * window[:, None] * window, s=(2 * size, 2 * size)) for x in small]
    cross = spectra[1] * spectra[0].conj()
    surface = torch.fft.irfft2(cross / (cross.abs() + 1e-9), s=(2 * size, 2 * size))
    peak = int(surface.argmax())
    dy, dx = ((value + size) % (2 * size) - size for value in divmod(peak, 2 * size))
    share = max(0, size - abs(dy)) * max(0, size - abs(dx)) / size**2
    overlap = _overlap(small[0], small[1], dy, dx)
    return share if overlap > 0.35 else 0.0


def _overlap(first: Tensor, second: Tensor, dy: int, dx: int) -> float:
    """Correlation of the parts that two pictures share if the second is the first moved by (dy, dx)."""
    height, width = first.shape
    a = first[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    b = second[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    if a.numel() < 64:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm() + 1e-9))
