"""How a walking or running body is carried over its feet: height, sway and turn of the pelvis, swing of the arms.

The pelvis rides as high as the standing legs allow, like an inverted pendulum, its peaks and dips rounded off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from cinescene.sets.subjects.feet import FootMotion, FootRoll, FootShape, FootTrack
from cinescene.sets.subjects.footsteps import FootPlace, Stepping, planned_footsteps
from cinescene.sets.subjects.ground_path import GroundPath

RATE_HZ = 100.0
LEAD_S = 4.0
"""Steps are planned from so long before the start, to be in their stride by then."""


@dataclass(frozen=True, kw_only=True)
class Bearing:
    """What is personal about a gait; 1 is usual. ``stoop_rad`` bends the back, ``straightness`` stretches the legs."""

    tempo: float = 1.0
    arm_swing: float = 1.0
    sway: float = 1.0
    width: float = 1.0
    stoop_rad: float = 0.0
    straightness: float = 0.996
    toes_out_rad: float = 0.12


@dataclass(frozen=True, kw_only=True)
class Legs:
    """What matters of legs for walking, metres; ``hip_m`` is the hip joints' distance from the middle."""

    length_m: float
    hip_m: float
    foot: FootShape


@dataclass(frozen=True, kw_only=True, eq=False)
class Carriage:
    """The body at a moment: world axes, heights from the floor. ``turn`` goes to the left, ``list`` raises the left."""

    heading: float
    pelvis: Float[np.ndarray, "3"]
    turn: float
    list: float
    tilt: float
    arms: tuple[float, float]
    speed_m_s: float
    running: float
    feet: tuple[FootMotion, FootMotion]


class Walk:
    """A body of the given legs along a path."""

    def __init__(self, path: GroundPath, legs: Legs, bearing: Bearing, duration_s: float) -> None:
        self.path, self.legs, self.bearing = path, legs, bearing
        hip_height = legs.length_m + legs.foot.ankle_m
        stepping = Stepping(
            hip_height_m=hip_height,
            tempo=bearing.tempo,
            run_duty=0.36,
            walk_m_s=2.05 * math.sqrt(hip_height),
            run_m_s=2.35 * math.sqrt(hip_height),
        )
        places = [
            FootPlace(
                ahead_m=-0.02,
                left_m=sign * legs.hip_m * 0.95 * bearing.width,
                group=group,
                turned_out_rad=bearing.toes_out_rad,
                moving_width=0.55,
            )
            for group, sign in enumerate((1.0, -1.0))
        ]
        plan = planned_footsteps(path, places, stepping, -LEAD_S, duration_s + 1.5)
        roll = FootRoll(full_stride_m=1.15 * hip_height)
        self.tracks = tuple(FootTrack(stances, legs.foot, roll) for stances in plan)
        self.stances = plan
        self._times = np.arange(-0.5, duration_s + 0.5, 1.0 / RATE_HZ)
        self._columns = self._sampled(stepping)

    def at(self, time_s: float) -> Carriage:
        """The body at a time within the duration (half a second more at each end)."""
        moment = np.array([time_s])
        x, y, z, turn, list_, tilt, arm, speed, running = (
            float(np.interp(time_s, self._times, column)) for column in self._columns
        )
        feet = tuple(track.at(moment) for track in self.tracks)
        return Carriage(
            heading=float(self.path.heading_rad(moment)[0]),
            pelvis=np.array([x, y, z]),
            turn=turn,
            list=list_,
            tilt=tilt,
            arms=(arm, -arm),
            speed_m_s=speed,
            running=running,
            feet=(feet[0], feet[1]),
        )

    def _sampled(self, stepping: Stepping) -> np.ndarray:
        times, bearing = self._times, self.bearing
        feet = [track.at(times) for track in self.tracks]
        speed = self.path.speed_m_s(times)
        running = _soft(np.array([stepping.running(v) for v in speed]), 0.15)
        heading = self.path.heading_rad(times)
        forward = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        left = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
        place = self.path.position_m(times)
        ahead = [((foot.ankle[:, :2] - place) * forward).sum(axis=1) for foot in feet]
        aside = [((foot.ankle[:, :2] - place) * left).sum(axis=1) for foot in feet]
        loads = [foot.load for foot in feet]
        support = (loads[0] * aside[0] + loads[1] * aside[1]) / (loads[0] + loads[1] + 0.25)
        centre = place + left * _soft(0.45 * bearing.sway * support, 0.10)[:, None]
        apart = _soft(ahead[0] - ahead[1], 0.05) / self.legs.length_m
        turn = -(0.16 + 0.05 * running) * apart
        hips = left - forward * turn[:, None]
        height = self._height(feet, centre, hips, running, loads)
        acceleration = np.gradient(speed, times)
        tilt = 0.035 + 0.03 * np.minimum(speed, 2.0) + 0.09 * running + 0.035 * _soft(acceleration, 0.1)
        swing = bearing.arm_swing * (0.42 + 0.38 * running) * apart
        return np.stack(
            [
                centre[:, 0],
                centre[:, 1],
                height,
                turn,
                0.055 * bearing.sway * _soft(loads[0] - loads[1], 0.06) * np.minimum(speed, 1.0),
                tilt * np.minimum(speed + 0.3, 1.0),
                -swing,
                speed,
                running,
            ]
        )

    def _height(
        self, feet: list[FootMotion], centre: np.ndarray, hips: np.ndarray, running: np.ndarray, loads: list[np.ndarray]
    ) -> np.ndarray:
        """Of the hip joints over the floor; ``hips`` points from the middle to the left one."""
        reach = self.legs.length_m * (self.bearing.straightness - 0.02 * running)
        limits = []
        for foot, sign in zip(feet, (1.0, -1.0), strict=True):
            hip = centre + sign * self.legs.hip_m * hips
            apart = np.minimum(((foot.ankle[:, :2] - hip) ** 2).sum(axis=1), 0.8 * reach**2)
            limits.append(foot.ankle[:, 2] + np.sqrt(reach**2 - apart))
        limit = np.minimum(limits[0], limits[1])
        standing = self.legs.foot.ankle_m + self.legs.length_m * self.bearing.straightness
        bounce = 0.055 * self.legs.length_m * running * (0.3 - _soft(loads[0] + loads[1], 0.045))
        limit = np.minimum(limit, standing - 0.02 * self.legs.length_m * running) + bounce
        window = int(0.10 * RATE_HZ)
        lowest = ndimage.minimum_filter1d(limit, window | 1, mode="nearest")
        return ndimage.gaussian_filter1d(lowest, 0.035 * RATE_HZ, mode="nearest")


def _soft(signal: np.ndarray, sigma_s: float) -> np.ndarray:
    return ndimage.gaussian_filter1d(signal, sigma_s * RATE_HZ, mode="nearest")
