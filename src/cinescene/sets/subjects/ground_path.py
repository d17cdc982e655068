"""Where a subject is on the floor at which time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from cinescene.errors import InputError

STANDING_M_S = 0.12
"""Slower than this a subject keeps its heading."""
HEADING_STEP_S = 0.02
ACCELERATION_M_S2 = 1.8
"""Of starting and stopping."""
ENOUGH = 0.975
"""A way that lasts for so much of the time is not stopped at, but gone on with."""
SMOOTHING_M = 0.35
"""About how much of the way a corner or a change of speed is spread over."""


@dataclass(frozen=True, kw_only=True)
class GroundPath:
    """A timed polyline on a level floor, its corners and its changes of speed rounded off.

    ``points_m`` are (x, y) at ``times_s``; before the first and after the last the motion goes on as it was, so that a
    subject that ends with a step still swings its leg. The rounding is a Gaussian of ``smoothing_s`` over time.
    Headings are radians counter-clockwise from +x: along the path, or ``headings_rad`` (one a point, turned between
    them the way that the numbers say) where they are given. Raises `InputError` for times that do not increase.
    """

    points_m: tuple[tuple[float, float], ...]
    times_s: tuple[float, ...]
    floor_m: float = 0.0
    headings_rad: tuple[float, ...] | None = None
    smoothing_s: float = 0.22

    def __post_init__(self) -> None:
        count = len(self.points_m)
        if count < 2 or len(self.times_s) != count or len(self.headings_rad or self.times_s) != count:
            raise InputError(
                "ground path: expected as many times (and headings, if any) as points, two or more, got "
                f"{count} points, {len(self.times_s)} times"
            )
        numbers = np.concatenate([self._points.ravel(), self.times_s, self.headings_rad or (), [self.floor_m]])
        if not np.isfinite(numbers).all() or not 0 < self.smoothing_s < math.inf:
            raise InputError("ground path: expected finite points, times and headings, and a smoothing above 0 s")
        if (np.diff(self.times_s) <= 0).any():
            raise InputError("ground path: expected times that increase from point to point")
        if self.headings_rad is None and not self._moving.any():
            raise InputError("ground path: a path that stays in one place needs headings_rad")

    @classmethod
    def straight(
        cls, start_m: Sequence[float], heading_rad: float, speed_m_s: float, duration_s: float, floor_m: float = 0.0
    ) -> GroundPath:
        """Straight on at one speed."""
        x, y = start_m
        length = speed_m_s * duration_s
        end = (x + length * math.cos(heading_rad), y + length * math.sin(heading_rad))
        return cls(
            points_m=((x, y), end), times_s=(0.0, duration_s), floor_m=floor_m, headings_rad=(heading_rad, heading_rad)
        )

    @classmethod
    def standing(
        cls,
        place_m: Sequence[float],
        heading_rad: float,
        duration_s: float,
        floor_m: float = 0.0,
        turn_rad: float = 0.0,
    ) -> GroundPath:
        """In one place; with ``turn_rad`` turned by so much over the middle part of the time."""
        x, y = place_m
        turn_s = min(duration_s * 0.6, max(abs(turn_rad) / 1.4, 1e-3))
        before = (duration_s - turn_s) / 2
        times = (0.0, before, before + turn_s, duration_s) if turn_rad else (0.0, duration_s)
        headings = (heading_rad, heading_rad, heading_rad + turn_rad, heading_rad + turn_rad)
        return cls(
            points_m=((x, y),) * len(times),
            times_s=times,
            floor_m=floor_m,
            headings_rad=headings if turn_rad else headings[:2],
            smoothing_s=0.3,
        )

    @classmethod
    def along(
        cls,
        points_m: Float[np.ndarray, "n 2"],
        speed_m_s: float,
        duration_s: float,
        floor_m: float = 0.0,
        from_rest: bool = False,
        start_s: float = 0.0,
    ) -> GroundPath:
        """Along a polyline at one speed; it slows down to stand at the end for what is left of the time, if any is.

        With ``from_rest`` it stands at its start until ``start_s`` and gathers speed, otherwise it already moves there
        at time 0.
        """
        points = np.asarray(points_m, dtype=np.float64)
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        points = points[np.concatenate([[True], steps > 1e-6])]
        if len(points) < 2 or not speed_m_s > 0:
            raise InputError("ground path: expected at least two different points and a speed above 0 m/s")
        along = np.concatenate([[0.0], np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()])
        length = float(along[-1])
        wait = max(start_s, 0.3) if from_rest else 0.0
        ramp = speed_m_s**2 / (2 * ACCELERATION_M_S2)
        first = min(ramp, length / 2) if from_rest else 0.0
        last = min(ramp, length / 2) if wait + length / speed_m_s < ENOUGH * duration_s else 0.0
        ramps = [np.linspace(0.0, first, 9), np.linspace(length - last, length, 9)]
        marks = np.unique(np.concatenate([along, *ramps]).round(6))
        moments = (wait + _time_along(marks, length, speed_m_s, first, last)).tolist()
        knots = [
            (float(x), float(y)) for x, y in zip(*(np.interp(marks, along, axis) for axis in points.T), strict=True)
        ]
        if from_rest:
            knots, moments = [knots[0], *knots], [0.0, *moments]
        if last > 0:
            knots, moments = [*knots, knots[-1]], [*moments, max(duration_s, moments[-1] + 1.0)]
        smoothing = min(max(SMOOTHING_M / speed_m_s, 0.1), 0.22)
        return cls(points_m=tuple(knots), times_s=tuple(moments), floor_m=floor_m, smoothing_s=smoothing)

    def position_m(self, times_s: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t 2"]:
        """Floor positions.

        A straight line plus a rounded ramp (the integral of the normal distribution) for each change of velocity.
        """
        z = self._scaled(times_s)
        ramp = self.smoothing_s * (np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) + z * ndtr(z))
        start, velocity, changes = self._straight
        times = np.asarray(times_s, dtype=np.float64)[:, None]
        return start + velocity * (times - self.times_s[0]) + ramp @ changes

    def velocity_m_s(self, times_s: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t 2"]:
        """Derivatives of the positions."""
        _, velocity, changes = self._straight
        return velocity + ndtr(self._scaled(times_s)) @ changes

    def speed_m_s(self, times_s: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
        return np.linalg.norm(self.velocity_m_s(times_s), axis=1)

    def heading_rad(self, times_s: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
        """Continuous headings; while standing without given headings, the one before turns into the one after."""
        moments, headings = self._headings
        return np.interp(times_s, moments, headings)

    @cached_property
    def _points(self) -> np.ndarray:
        return np.asarray(self.points_m, dtype=np.float64).reshape(-1, 2)

    @cached_property
    def _moving(self) -> np.ndarray:
        return np.linalg.norm(np.diff(self._points, axis=0), axis=1) > 1e-9

    @cached_property
    def _straight(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The first point, the first velocity and the change of velocity at each inner point."""
        velocities = np.diff(self._points, axis=0) / np.diff(self.times_s)[:, None]
        return self._points[0], velocities[0], np.diff(velocities, axis=0)

    def _scaled(self, times_s: np.ndarray) -> np.ndarray:
        inner = np.asarray(self.times_s[1:-1], dtype=np.float64)
        return (np.asarray(times_s, dtype=np.float64)[:, None] - inner) / self.smoothing_s

    @cached_property
    def _headings(self) -> tuple[np.ndarray, np.ndarray]:
        margin = 6.0
        moments = np.arange(self.times_s[0] - margin, self.times_s[-1] + margin, HEADING_STEP_S)
        if self.headings_rad is not None:
            width = int(4 * self.smoothing_s / HEADING_STEP_S) + 1
            kernel = np.exp(-0.5 * (np.arange(-width, width + 1) * HEADING_STEP_S / self.smoothing_s) ** 2)
            raw = np.interp(moments, self.times_s, self.headings_rad)
            smooth = np.convolve(np.pad(raw, width, mode="edge"), kernel / kernel.sum(), mode="valid")
            return moments, smooth
        velocity = self.velocity_m_s(moments)
        moving = np.linalg.norm(velocity, axis=1) > STANDING_M_S
        if not moving.any():
            moving = np.linalg.norm(velocity, axis=1) >= np.linalg.norm(velocity, axis=1).max() * 0.5
        return moments[moving], np.unwrap(np.arctan2(velocity[moving, 1], velocity[moving, 0]))


def _time_along(along_m: np.ndarray, length_m: float, speed_m_s: float, first_m: float, last_m: float) -> np.ndarray:
    """When places along a way are reached: evenly faster over ``first_m``, evenly slower over ``last_m``.

    Over a ramp of length d that begins or ends at rest, the time at a distance x from rest is 2·√(x·d) / speed.
    """
    steady = (np.clip(along_m, first_m, length_m - last_m) - first_m) / speed_m_s
    speeding = 2 * np.sqrt(np.minimum(along_m, first_m) * first_m) / speed_m_s
    left = np.minimum(length_m - along_m, last_m)
    slowing = 2 * (last_m - np.sqrt(np.maximum(left, 0.0) * last_m)) / speed_m_s
    return speeding + steady + slowing
