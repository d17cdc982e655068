"""Sharp, well-spread frames of a video, to be used as photos of the place that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from cinescene.errors import InputError
from cinescene.scene.quality import luma, sharpness
from cinescene.tensor_types import Float, Tensor, UInt8
from cinescene.video import iterate_video, read_video, video_info

MOST_FRAMES = 200
MOST_BYTES = 2 * 2**30
ANALYSED_PER_CHOICE = 24
"""About so many frames compete for each place; of a long video only every n-th frame is looked at."""

TIME_SHARE = 0.5
WINDOW_CORE = 0.7
"""Part of each window, about its middle, that is searched first, so that neighbours keep a distance."""

THUMBNAIL_PX = (18, 32)
CUT_CORRELATION = 0.3
CUT_RATIO = 2
"""A cut leaves little of the last frame, and changes more than usual: a whip pan changes much all the time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenFrames:
    """Frames picked from a video, in order of time.

    ``sharpness`` compares frames of one video with each other (see `sharpness`). ``cut_times_s`` are places where the
    picture changes so much at once that it is probably another shot.
    """

    frames: UInt8[Tensor, "v 3 h w"]
    indices: tuple[int, ...]
    frame_rate: float
    sharpness: tuple[float, ...]
    cut_times_s: tuple[float, ...]

    @property
    def times_s(self) -> tuple[float, ...]:
        return tuple(index / self.frame_rate for index in self.indices)


def choose_frames(path: str | Path, count: int = 20) -> ChosenFrames:
    """Up to ``count`` frames: the sharpest of each of ``count`` equal windows of elapsed time and change together.

    Time and change of the picture count half each, so that a pause does not fill the choice with one view and a whip
    pan does not escape it. The video is streamed twice; only the chosen frames are held. Raises `InputError` where the
    file is no video or the choice would take more than 2 GB.
    """
    info = video_info(path)
    if not 1 <= count <= MOST_FRAMES:
        raise InputError(f"{path}: expected to choose 1 to {MOST_FRAMES} frames of a video, got {count}")
    if count * info.width_px * info.height_px * 3 > MOST_BYTES:
        raise InputError(
            f"{path}: {count} frames of {info.width_px}×{info.height_px} take more than 2 GB; choose fewer frames"
        )
    step = max(1, (info.frame_count or 0) // (count * ANALYSED_PER_CHOICE))
    scores, thumbnails, indices = [], [], []
    for index, frame in enumerate(iterate_video(path)):
        if index % step == 0:
            grey = luma(frame)
            scores.append(sharpness(grey))
            thumbnails.append(_thumbnail(grey))
            indices.append(index)
    if not indices:
        raise InputError(f"{path}: this video holds no frame that can be decoded")
    change, cuts = _changes(torch.stack(thumbnails))
    chosen = _spread(_progress(change), np.asarray(scores), count)
    kept = [indices[i] for i in chosen]
    return ChosenFrames(
        frames=read_video(path, kept).frames,
        indices=tuple(kept),
        frame_rate=info.frame_rate,
        sharpness=tuple(scores[i] for i in chosen),
        cut_times_s=tuple(indices[i] / info.frame_rate for i in cuts),
    )


def _thumbnail(grey: Float[Tensor, "h w"]) -> Float[Tensor, "n"]:
    """Small, of zero mean and unit length, so that neither noise nor a change of exposure counts as motion."""
    small = F.interpolate(grey[None, None], size=THUMBNAIL_PX, mode="area").flatten()
    return F.normalize(small - small.mean(), dim=0)


def _changes(thumbnails: Float[Tensor, "t n"]) -> tuple[NDArray[np.float64], list[int]]:
    """How much each frame differs from the one before, and the frames before which the video cuts."""
    before, after = thumbnails[:-1], thumbnails[1:]
    change = torch.linalg.vector_norm(after - before, dim=-1).double().numpy()
    correlation = (after * before).sum(-1).numpy()
    usual = float(np.median(change)) if len(change) else 0.0
    cuts = [i + 1 for i in range(len(change)) if correlation[i] < CUT_CORRELATION and change[i] > CUT_RATIO * usual]
    return np.concatenate([[0.0], change]), cuts


def _progress(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position of each frame in [0, 1) by elapsed time and change."""
    frames = len(change)
    time = (np.arange(frames) + 0.5) / frames
    total = change.sum()
    moved = (np.cumsum(change) - change / 2) / total if total > 1e-9 else time
    return np.asarray(TIME_SHARE * time + (1 - TIME_SHARE) * moved)


def _spread(progress: NDArray[np.float64], scores: NDArray[np.float64], count: int) -> list[int]:
    """The sharpest frame of each window; a window without frames gets the unused frame nearest to its middle."""
    count = min(count, len(progress))
    chosen: list[int] = []
    starved: list[float] = []
    for window in range(count):
        middle = (window + 0.5) / count
        distance = np.abs(progress - middle) * count
        candidates = np.flatnonzero(distance <= WINDOW_CORE / 2)
        if not len(candidates):
            candidates = np.flatnonzero(distance <= 0.5)
        candidates = np.setdiff1d(candidates, chosen)
        if len(candidates):
            chosen.append(int(candidates[scores[candidates].argmax()]))
        else:
            starved.append(middle)
    for middle in starved:
        unused = np.setdiff1d(np.arange(len(progress)), chosen)
        chosen.append(int(unused[np.abs(progress[unused] - middle).argmin()]))
    return sorted(chosen)
