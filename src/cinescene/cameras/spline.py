"""Curves through given points: cubic Hermite pieces and the ways to choose their slopes.

A curve of ``k`` knots is its knots (k,), its values (k, d) and its slopes (k, d) at the knots; `hermite` evaluates it
together with its derivative. Everything is differentiable in values and slopes.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

PositionSpline = Literal["catmull-rom", "cubic"]


def check_position_spline(name: object) -> None:
    """Raises `InputError` for a name that is no `PositionSpline`."""
    if name not in get_args(PositionSpline):
        raise InputError(f"position spline: expected one of {', '.join(get_args(PositionSpline))}, got {name!r}")


def hermite(
    at: Float[Tensor, "t"], knots: Float[Tensor, "k"], values: Float[Tensor, "k d"], slopes: Float[Tensor, "k d"]
) -> tuple[Float[Tensor, "t d"], Float[Tensor, "t d"]]:
    """Value and first derivative of the piecewise cubic with the given values and slopes; knots do not decrease.

    Where two knots coincide the later one counts. ``at`` is clamped to the span of the knots.
    """
    at = at.clamp(knots[0], knots[-1])
    left = (torch.searchsorted(knots, at.detach(), right=True) - 1).clamp(0, len(knots) - 2)
    width = (knots[left + 1] - knots[left])[:, None]
    width = torch.where(width > 0, width, torch.ones_like(width))
    u = (at - knots[left])[:, None] / width
    start, end = values[left], values[left + 1]
    start_slope, end_slope = slopes[left] * width, slopes[left + 1] * width
    step = end - start
    square, cube = 3 * step - 2 * start_slope - end_slope, start_slope + end_slope - 2 * step
    value = start + u * (start_slope + u * (square + u * cube))
    derivative = start_slope + u * (2 * square + 3 * u * cube)
    return value, derivative / width


def centripetal_knots(points: Float[Tensor, "k d"]) -> Float[Tensor, "k"]:
    """Knots whose distance is the square root of the distance of the points.

    Source: Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull–Rom curves", 2011: of all powers
    only this one has neither cusps nor loops within a piece.
    """
    distance = torch.linalg.vector_norm(points.diff(dim=0), dim=-1)
    return torch.cat([distance.new_zeros(1), distance.sqrt().cumsum(0)])


def catmull_rom_slopes(knots: Float[Tensor, "k"], points: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Slopes of the non-uniform Catmull–Rom curve: at each knot that of the parabola through it and its neighbours.

    The ends have no curvature. A piece without length takes no part: its neighbours' slopes are one-sided.
    """
    width = knots.diff()
    chord = _chords(knots, points)
    if len(knots) == 2:
        return chord.expand(2, -1)
    before, after = width[:-1, None], width[1:, None]
    total = before + after
    total = torch.where(total > 0, total, torch.ones_like(total))
    inner = (after * chord[:-1] + before * chord[1:]) / total
    inner = torch.where(before == 0, chord[1:], torch.where(after == 0, chord[:-1], inner))
    first = (3 * chord[:1] - inner[:1]) / 2
    last = (3 * chord[-1:] - inner[-1:]) / 2
    return torch.cat([first, inner, last])


def monotone_slopes(knots: Float[Tensor, "k"], values: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Slopes of a curve that never leaves the range of two neighbouring values; knots must increase.

    Source: Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984 (the
    weighted harmonic mean), with three-point ends that are limited the same way.
    """
    width = knots.diff()[:, None]
    chord = _chords(knots, values)
    if len(knots) == 2:
        return chord.expand(2, -1)
    before, after = chord[:-1], chord[1:]
    weight_before = 2 * width[1:] + width[:-1]
    weight_after = width[1:] + 2 * width[:-1]
    same_way = before * after > 0
    one = torch.ones_like(before)
    harmonic = (weight_before + weight_after) / (
        weight_before / torch.where(same_way, before, one) + weight_after / torch.where(same_way, after, one)
    )
    inner = torch.where(same_way, harmonic, torch.zeros_like(harmonic))
    first = _monotone_end(width[0], width[1], chord[0], chord[1])
    last = _monotone_end(width[-1], width[-2], chord[-1], chord[-2])
    return torch.cat([first[None], inner, last[None]])


def natural_cubic_slopes(knots: Float[Tensor, "k"], values: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
    """Slopes of the C² cubic spline without curvature at its ends; knots must increase."""
    width = knots.diff()
    chord = _chords(knots, values)
    count = len(knots)
    matrix = knots.new_zeros(count, count)
    right_side = torch.zeros_like(values)
    matrix[0, 0], matrix[0, 1] = 2.0, 1.0
    matrix[-1, -1], matrix[-1, -2] = 2.0, 1.0
    inner = torch.arange(1, count - 1)
    matrix[inner, inner - 1] = width[1:]
    matrix[inner, inner] = 2 * (width[1:] + width[:-1])
    matrix[inner, inner + 1] = width[:-1]
    right_side[0], right_side[-1] = 3 * chord[0], 3 * chord[-1]
    right_side[1:-1] = 3 * (width[1:, None] * chord[:-1] + width[:-1, None] * chord[1:])
    return torch.linalg.solve(matrix, right_side)


class PositionCurve:
    """A smooth curve through points at given times; with one point, that point.

    ``catmull-rom``
        Centripetal Catmull–Rom in space. Time is laid along it by a monotone C¹ map through the key times, so that the
        velocity is continuous for any spacing of the times, the path has no loop or cusp between two keys, and two
        equal neighbouring points are a stop.
    ``cubic``
        The natural C² cubic spline in time: acceleration is continuous too, but uneven times make it swing wide.
    """

    def __init__(self, times_s: Float[Tensor, "k"], points: Float[Tensor, "k 3"], kind: PositionSpline) -> None:
        self._times = times_s
        self._points = points
        self._knots = times_s
        self._knot_slopes: Tensor | None = None
        if len(points) == 1:
            return
        if kind == "cubic":
            self._slopes = natural_cubic_slopes(times_s, points)
        else:
            self._knots = centripetal_knots(points)
            self._knot_slopes = monotone_slopes(times_s, self._knots[:, None])
            self._slopes = catmull_rom_slopes(self._knots, points)

    def __call__(self, times_s: Float[Tensor, "t"]) -> tuple[Float[Tensor, "t 3"], Float[Tensor, "t 3"]]:
        """Points, and velocities per second."""
        if len(self._points) == 1:
            points = self._points.expand(len(times_s), 3)
            return points, torch.zeros_like(points)
        if self._knot_slopes is None:
            return hermite(times_s, self._knots, self._points, self._slopes)
        knot, knots_per_second = hermite(times_s, self._times, self._knots[:, None], self._knot_slopes)
        points, per_knot = hermite(knot[:, 0], self._knots, self._points, self._slopes)
        return points, per_knot * knots_per_second


def _chords(knots: Tensor, values: Tensor) -> Tensor:
    width = knots.diff()[:, None]
    step = values.diff(dim=0)
    return torch.where(width > 0, step / torch.where(width > 0, width, torch.ones_like(width)), torch.zeros_like(step))


def _monotone_end(width: Tensor, next_width: Tensor, chord: Tensor, next_chord: Tensor) -> Tensor:
    slope = ((2 * width + next_width) * chord - width * next_chord) / (width + next_width)
    slope = torch.where(slope * chord <= 0, torch.zeros_like(slope), slope)
    overshoots = (chord * next_chord <= 0) & (slope.abs() > 3 * chord.abs())
    return torch.where(overshoots, 3 * chord, slope)
