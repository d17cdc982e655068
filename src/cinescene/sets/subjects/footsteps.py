"""Where and when feet are set down, for two legs or four.

Feet that move together form a group; groups take turns. A foot is set down where the body will be over it a little
before the middle of its stance, so one rule gives starting, walking, turning on the spot, stopping and standing: a
group steps if it would otherwise stand in the wrong place.

The length of steps follows Alexander, "Estimates of speeds of dinosaurs" (Nature 261, 1976), which holds from mice to
men: stride / hip height = 2.3 (speed² / (g · hip height))^0.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cinescene.sets.subjects.ground_path import GroundPath

GRAVITY_M_S2 = 9.81
STILL_M_S = 1e-6
"""Slower than this is standing; the square of much smaller speeds is no longer a number."""
IDLE_STEP_S = 0.05
UNDER_BODY = 0.40
"""The share of its stance after which a foot is under the body: it lands less far ahead than it leaves behind."""
SETTLED_M, SETTLED_RAD = 0.03, math.radians(7.0)
"""A foot closer than this to its place stays."""


@dataclass(frozen=True, kw_only=True)
class FootPlace:
    """A foot's place under the body: metres ahead of and to the left of the path, its group, and how far it turns out.

    The distance to the side shrinks to ``moving_width`` of its value in motion.
    """

    ahead_m: float
    left_m: float
    group: int
    turned_out_rad: float = 0.0
    moving_width: float = 0.6


@dataclass(frozen=True, kw_only=True)
class Stepping:
    """How a body steps: hip height, tempo (1 for the formula above) and the share of a stride that feet are down.

    Between ``walk_m_s`` and ``run_m_s`` that share falls from ``walk_duty`` to ``run_duty``.
    """

    hip_height_m: float
    tempo: float = 1.0
    walk_duty: float = 0.62
    run_duty: float = 0.62
    walk_m_s: float = 1.0
    run_m_s: float = 2.0
    least_hz: float = 1.4

    def frequency_hz(self, speed_m_s: float) -> float:
        """Steps a second (two steps make a stride)."""
        if speed_m_s < STILL_M_S:
            return self.least_hz
        froude = speed_m_s**2 / (GRAVITY_M_S2 * self.hip_height_m)
        stride = 2.3 * self.hip_height_m * froude**0.3
        return max(self.tempo * 2 * speed_m_s / stride, self.least_hz)

    def running(self, speed_m_s: float) -> float:
        """0 for walking, 1 for running."""
        share = (speed_m_s - self.walk_m_s) / (self.run_m_s - self.walk_m_s)
        return min(max(share, 0.0), 1.0) if self.run_duty != self.walk_duty else 0.0

    def duty(self, speed_m_s: float) -> float:
        return self.walk_duty + (self.run_duty - self.walk_duty) * self.running(speed_m_s)


@dataclass(frozen=True, kw_only=True)
class Stance:
    """A foot on the ground: from ``start_s`` to ``end_s`` at (x, y), turned to ``yaw_rad``.

    ``stride_m`` is how far it came, ``step_s`` the time of one step then, ``running`` 0 for walking and 1 for running.
    """

    start_s: float
    end_s: float
    x_m: float
    y_m: float
    yaw_rad: float
    stride_m: float
    step_s: float
    running: float


def planned_footsteps(
    path: GroundPath, feet: Sequence[FootPlace], stepping: Stepping, start_s: float, end_s: float
) -> tuple[tuple[Stance, ...], ...]:
    """The stances of each foot, in order, over at least the stated time. The first and last go on for ever."""
    planner = _Planner(path, feet, stepping, start_s)
    while planner.now_s < end_s:
        planner.advance()
    return planner.stances()


class _Planner:
    def __init__(self, path: GroundPath, feet: Sequence[FootPlace], stepping: Stepping, start_s: float) -> None:
        self.path, self.feet, self.stepping = path, feet, stepping
        self.groups = sorted({foot.group for foot in feet})
        self.now_s = start_s
        self.last_group = self.groups[-1]
        self.open: list[Stance] = [self._stance(foot, start_s - 1e3, start_s, 0.5, 0.0) for foot in feet]
        self.done: list[list[Stance]] = [[] for _ in feet]

    def stances(self) -> tuple[tuple[Stance, ...], ...]:
        return tuple((*done, last) for done, last in zip(self.done, self.open, strict=True))

    def advance(self) -> None:
        """Takes one step, or lets a moment pass."""
        order = [*self.groups[self.last_group + 1 :], *self.groups[: self.last_group + 1]]
        for group in order:
            step_s, speed = self._pace(self.now_s)
            strike = self.now_s + step_s
            middle = strike + 2 * UNDER_BODY * self.stepping.duty(speed) * step_s
            members = [i for i, foot in enumerate(self.feet) if foot.group == group]
            goals = [self._stance(self.feet[i], strike, middle, step_s, speed) for i in members]
            if any(_apart(self.open[i], goal) for i, goal in zip(members, goals, strict=True)):
                for i, goal in zip(members, goals, strict=True):
                    self._set_down(i, goal, strike - 2 * step_s * (1 - self.stepping.duty(speed)))
                self.now_s, self.last_group = strike, group
                return
        self.now_s += IDLE_STEP_S

    def _pace(self, now_s: float) -> tuple[float, float]:
        """Duration of the step that begins, and speed; turning on the spot counts as moving the feet around it."""
        ahead = now_s + np.array([0.0, 0.3, 0.6])
        speed = float(self.path.speed_m_s(ahead).max())
        turning = float(np.abs(np.diff(self.path.heading_rad(ahead))).max()) / 0.3
        return 1.0 / self.stepping.frequency_hz(speed + 0.15 * turning), speed

    def _stance(self, foot: FootPlace, strike_s: float, middle_s: float, step_s: float, speed: float) -> Stance:
        moment = np.array([middle_s])
        (x, y), heading = self.path.position_m(moment)[0], float(self.path.heading_rad(moment)[0])
        moving = min(float(self.path.speed_m_s(moment)[0]) / 0.6, 1.0)
        left = foot.left_m * (1.0 + (foot.moving_width - 1.0) * moving)
        cosine, sine = math.cos(heading), math.sin(heading)
        return Stance(
            start_s=strike_s,
            end_s=math.inf,
            x_m=float(x) + cosine * foot.ahead_m - sine * left,
            y_m=float(y) + sine * foot.ahead_m + cosine * left,
            yaw_rad=heading + math.copysign(foot.turned_out_rad, foot.left_m) * (1.0 - 0.5 * moving),
            stride_m=0.0,
            step_s=step_s,
            running=self.stepping.running(speed),
        )

    def _set_down(self, index: int, goal: Stance, lift_s: float) -> None:
        before = self.open[index]
        lift = max(lift_s, before.start_s + 0.3 * before.step_s)
        self.done[index].append(replace(before, end_s=lift))
        stride = math.hypot(goal.x_m - before.x_m, goal.y_m - before.y_m)
        self.open[index] = replace(goal, stride_m=stride)


def _apart(stance: Stance, goal: Stance) -> bool:
    turn = abs((stance.yaw_rad - goal.yaw_rad + math.pi) % (2 * math.pi) - math.pi)
    distance = math.hypot(stance.x_m - goal.x_m, stance.y_m - goal.y_m)
    return distance > SETTLED_M or turn > SETTLED_RAD
