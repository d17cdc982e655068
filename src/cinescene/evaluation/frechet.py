"""A Fréchet video distance with a packaged feature extractor.

The distance is Fréchet's between Gaussians fitted to features of two sets of clips (Heusel et al., 2017; Unterthiner et
al., "FVD", 2019). The features are **not I3D's**: EfficientNet-Lite0's, pooled over the picture; their mean over a
window of frames and their root mean square change between frames. Numbers compare with each other only, and never with
published FVD. Small sets bias it upwards: `VideoFrechet.reliable` says whether there were more windows than features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy import linalg

from cinescene.errors import InputError
from cinescene.evaluation.efficientnet_lite import SMALLEST_SIDE_PX, EfficientNetLite0, load_efficientnet_lite0
from cinescene.tensor_types import Float, Tensor, UInt8

NAME = "Fréchet video distance on EfficientNet-Lite0 features"
FEATURE_STAGE = 4
"""112 channels at a stride of 16 px."""
WINDOW_FRAMES = 16
LARGEST_SIDE_PX = 256


@dataclass(frozen=True, kw_only=True)
class VideoFrechet:
    """``distance``, the windows on either side and the number of features."""

    distance: float
    windows: tuple[int, int]
    features: int

    @property
    def reliable(self) -> bool:
        return min(self.windows) > self.features


def video_features(
    frames: UInt8[Tensor, "t 3 h w"], network: EfficientNetLite0 | None = None
) -> Float[Tensor, "windows d"]:
    """Features of consecutive windows of 16 frames (one shorter window if the clip has fewer; at least 2 frames)."""
    if len(frames) < 2:
        raise InputError(f"{NAME}: expected clips of at least 2 frames, got {len(frames)}")
    network = network or load_efficientnet_lite0()
    scale = min(1.0, LARGEST_SIDE_PX / max(frames.shape[-2:]))
    size = tuple(max(SMALLEST_SIDE_PX, round(side * scale)) for side in frames.shape[-2:])
    pooled = []
    for part in frames.split(WINDOW_FRAMES):
        scaled = F.interpolate(part.float() / 255, size=size, mode="bilinear", antialias=True)
        pooled.append(network.stages(scaled)[FEATURE_STAGE].mean((-2, -1)))
    each = torch.cat(pooled)
    whole = len(each) // WINDOW_FRAMES * WINDOW_FRAMES
    windows = each[:whole].split(WINDOW_FRAMES) if whole else (each,)
    return torch.stack([torch.cat([w.mean(0), w.diff(dim=0).square().mean(0).sqrt()]) for w in windows])


def frechet_distance(first: Float[Tensor, "n d"], second: Float[Tensor, "m d"]) -> float:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½) of Gaussians fitted to two sets of features; 0 for equal sets.

    Raises `InputError` for fewer than two samples on a side.
    """
    if min(len(first), len(second)) < 2:
        raise InputError(f"Fréchet distance: expected at least 2 samples a side, got {len(first)} and {len(second)}")
    a, b = first.double().numpy(), second.double().numpy()
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = _square_root(np.atleast_2d(covariance_a))
    cross = np.sqrt(np.clip(linalg.eigvalsh(root @ np.atleast_2d(covariance_b) @ root), 0, None)).sum()
    means = np.square(a.mean(0) - b.mean(0)).sum()
    return float(max(means + np.trace(np.atleast_2d(covariance_a + covariance_b)) - 2 * cross, 0.0))


def video_frechet(
    first: Iterable[Tensor] | Sequence[Tensor], second: Iterable[Tensor] | Sequence[Tensor]
) -> VideoFrechet:
    """The distance between two sets of clips, given the features (`video_features`) of each clip."""
    a, b = torch.cat(list(first)), torch.cat(list(second))
    return VideoFrechet(distance=frechet_distance(a, b), windows=(len(a), len(b)), features=a.shape[1])


def _square_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
