"""How many frames a shot has and when each is taken.

A shot of ``d`` seconds at rate ``r`` has round(d·r) + 1 frames: the first shows the start, the last the end, and frame
``i`` is taken at i/r seconds (where d·r is not whole, times are stretched by less than half a frame so that the last
frame still is the end). Five seconds at 16 frames a second are 81 frames.
"""

import math

import torch

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

MAX_FRAMES = 100_000
"""More than an hour at 24 frames a second; beyond it a slip of the pen is likelier than a shot."""


def check_frame_rate(frame_rate: float) -> None:
    """Raises `InputError` for a rate that is no positive number."""
    if not (frame_rate > 0 and math.isfinite(frame_rate)):
        raise InputError(f"frame rate: expected a positive number of frames a second, got {frame_rate}")


def check_duration(duration_s: float) -> None:
    """Raises `InputError` for a duration that is negative or not finite."""
    if not (duration_s >= 0 and math.isfinite(duration_s)):
        raise InputError(f"duration: expected a number of seconds from 0 up, got {duration_s}")


def frame_count(duration_s: float, frame_rate: float) -> int:
    """Frames of a shot, both ends included; one where nothing lasts, else at least two."""
    check_frame_rate(frame_rate)
    check_duration(duration_s)
    if duration_s == 0:
        return 1
    return check_frame_count(max(2, round(min(duration_s * frame_rate, 10 * MAX_FRAMES)) + 1))


def check_frame_count(frames: int) -> int:
    """``frames``, if it is a count from 1 to `MAX_FRAMES`; otherwise `InputError`."""
    if not 1 <= frames <= MAX_FRAMES:
        raise InputError(f"frames: expected from 1 to {MAX_FRAMES} frames, got {frames}")
    return frames


def frame_times(duration_s: float, frames: int) -> Float[Tensor, "t"]:
    """Times of evenly spaced frames from 0 to the duration, both included, float64; a single frame is at 0."""
    if frames == 1:
        return torch.zeros(1, dtype=torch.float64)
    return torch.arange(frames, dtype=torch.float64) * (duration_s / (frames - 1))
