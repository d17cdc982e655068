"""Frame rates from frame times and the reverse."""

import torch

from cinescene.cameras.track import CameraTrack
from cinescene.tensor_types import Float, Tensor

ASSUMED_FRAME_RATE = 24.0
"""Frames a second where a format needs a rate and the track has none; said whenever it is used."""

_USUAL_RATES = [float(n) for n in range(1, 241)] + [n * 1000 / 1001 for n in (24, 30, 48, 60, 120)]


def rate_of(times_s: Float[Tensor, "t"], precision_s: float) -> float | None:
    """Frames a second of times that are even to within ``precision_s``, or None.

    A usual rate (a whole number, or 24 000/1001 and its like) is taken where the times do not tell it from theirs.
    """
    if len(times_s) < 2:
        return None
    span = float(times_s[-1] - times_s[0])
    if not span > 0:
        return None
    steps = len(times_s) - 1
    even = times_s[0] + torch.arange(len(times_s), dtype=times_s.dtype) * (span / steps)
    if float((times_s - even).abs().max()) > precision_s:
        return None
    rate = steps / span
    nearest = min(_USUAL_RATES, key=lambda usual: abs(usual - rate))
    return nearest if abs(steps / nearest - span) <= precision_s else rate


def timing_of(times_s: Float[Tensor, "t"], precision_s: float = 1e-6) -> dict[str, object]:
    """The ``frame_rate`` and ``times_s`` of a `CameraTrack` whose frames stand at these times.

    Times that a rate from zero tells as well are left out.
    """
    rate = rate_of(times_s, precision_s)
    plain = rate is not None and abs(float(times_s[0])) <= precision_s
    return {"frame_rate": rate, "times_s": None if plain else times_s}


def times_for(track: CameraTrack) -> tuple[Float[Tensor, "t"], list[str]]:
    """Times of the frames, float64, and a sentence if a frame rate had to be assumed."""
    times = track.frame_times_s(ASSUMED_FRAME_RATE).to(torch.float64)
    if track.times_s is None and track.frame_rate is None:
        return times, [f"The frame rate was not known: times are written for {ASSUMED_FRAME_RATE:g} frames a second."]
    return times, []


def rate_for(track: CameraTrack) -> tuple[float, list[str]]:
    """Frames a second for a format that holds an even rate only, and a sentence if it is not the track's own."""
    if track.frame_rate is not None:
        return track.frame_rate, []
    if track.times_s is not None and len(track) > 1:
        rate = (len(track) - 1) / float(track.times_s[-1] - track.times_s[0])
        return rate, [f"The frames are written evenly, at the mean rate of their times, {rate:.6g} a second."]
    rate = ASSUMED_FRAME_RATE
    return rate, [f"The frame rate was not known: {rate:g} frames a second are written."]
