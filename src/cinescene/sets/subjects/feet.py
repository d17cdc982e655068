"""How a foot moves along its footsteps: heel first, flat, heel up over the ball, then through the air to the next one.

While it stands, the heel (as it rolls down), the whole sole, or the ball (as the heel lifts) keeps its place exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects.footsteps import Stance


@dataclass(frozen=True, kw_only=True)
class FootShape:
    """A foot seen from the side: metres behind and ahead of the ankle joint, and heights over the sole.

    The toes bend at ``ball_m`` ahead and ``ball_up_m`` over the sole.
    """

    ankle_m: float
    heel_m: float
    ball_m: float
    toe_m: float
    ball_up_m: float = 0.0

    @property
    def length_m(self) -> float:
        return self.heel_m + self.toe_m


@dataclass(frozen=True, kw_only=True)
class FootRoll:
    """How far a foot tilts: radians, heel down at first contact, heel up at push-off and in the air; lift in metres.

    Values for walking and running; a foot that only shuffles tilts in proportion to its stride, fully from
    ``full_stride_m`` on.
    """

    strike_rad: tuple[float, float] = (0.38, 0.10)
    push_rad: tuple[float, float] = (0.95, 1.0)
    swing_rad: tuple[float, float] = (1.05, 1.75)
    lift_m: tuple[float, float] = (0.02, 0.16)
    full_stride_m: float = 1.1


@dataclass(frozen=True, kw_only=True, eq=False)
class FootMotion:
    """A foot at some times. ``pitch_rad`` tilts it toes down, ``bend_rad`` the toes up again; ``load`` is 1 when down.

    ``ankle`` is the ankle joint, metres from the floor's level.
    """

    ankle: Float[np.ndarray, "t 3"]
    yaw_rad: Float[np.ndarray, "t"]
    pitch_rad: Float[np.ndarray, "t"]
    bend_rad: Float[np.ndarray, "t"]
    load: Float[np.ndarray, "t"]


class FootTrack:
    """A foot of a shape along its stances."""

    def __init__(self, stances: Sequence[Stance], shape: FootShape, roll: FootRoll) -> None:
        self.shape, self.roll = shape, roll
        columns = np.array(
            [(s.start_s, s.end_s, s.x_m, s.y_m, s.yaw_rad, s.stride_m, s.step_s, s.running) for s in stances]
        )
        self.start, self.end, x, y, self.yaw, stride, self.step, self.running = columns.T
        self.place = np.stack([x, y], axis=1)
        self.arriving = np.clip(stride / roll.full_stride_m, 0.0, 1.0)
        self.leaving = np.append(self.arriving[1:], 0.0)
        self.leaving_run = np.append(self.running[1:], 0.0)

    def at(self, times_s: Float[np.ndarray, "t"]) -> FootMotion:
        """The foot at each of the times."""
        times = np.asarray(times_s, dtype=np.float64)
        i = np.clip(np.searchsorted(self.start, times, side="right") - 1, 0, len(self.start) - 1)
        j = np.minimum(i + 1, len(self.start) - 1)
        air = (times > self.end[i]) & (j > i)
        swing_s = np.where(air, self.start[j] - np.minimum(self.end[i], self.start[j] - 1e-3), 1.0)
        u = np.where(air, np.clip((times - self.end[i]) / swing_s, 0.0, 1.0), 0.0)
        strike = -self._blend(self.roll.strike_rad, self.running) * self.arriving
        push = self._blend(self.roll.push_rad, self.leaving_run) * self.leaving
        stance_pitch, push_speed = self._stance_pitch(times, i, strike, push)
        swing_pitch = self._swing_pitch(u, i, push[i], strike[j], push_speed * swing_s)
        pitch = np.where(air, swing_pitch, stance_pitch)
        bend = np.where(air, push[i] * (1 - _smooth(u / 0.4)), np.maximum(stance_pitch, 0.0))
        yaw = self.yaw[i] + (self.yaw[j] - self.yaw[i]) * _eased(u)
        ball = np.where(
            air[:, None],
            self._swing_ball(u, i, j, strike, pitch, bend),
            self._stance_ball(i, stance_pitch),
        )
        ankle = ball + _turned(-self.shape.ball_m, self.shape.ankle_m - self.shape.ball_up_m, yaw, pitch)
        return FootMotion(
            ankle=ankle, yaw_rad=yaw, pitch_rad=pitch, bend_rad=bend, load=np.where(air, 0.0, self._load(times, i))
        )

    def _blend(self, walk_run: tuple[float, float], running: np.ndarray) -> np.ndarray:
        return walk_run[0] + (walk_run[1] - walk_run[0]) * running

    def _stance_pitch(
        self, times: np.ndarray, i: np.ndarray, strike: np.ndarray, push: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pitch while standing, and its rate at the moment of push-off."""
        stance_s = self.end[i] - self.start[i]
        roll_s = np.minimum(0.24 * self.step[i], 0.3 * stance_s)
        push_s = np.minimum(0.60 * self.step[i], 0.55 * stance_s)
        down = strike[i] * (1 - _smooth((times - self.start[i]) / roll_s))
        rising = np.clip(1 - (self.end[i] - times) / push_s, 0.0, 1.0)
        return down + push[i] * rising**2, 2 * push[i] / push_s

    def _swing_pitch(
        self, u: np.ndarray, i: np.ndarray, start: np.ndarray, end: np.ndarray, start_slope: np.ndarray
    ) -> np.ndarray:
        """Up to a peak soon after push-off, forward past level, to the pitch of the next contact."""
        peak = self._blend(self.roll.swing_rad, self.leaving_run)[i] * self.leaving[i]
        knots = (0.0, 0.25, 0.78, 1.0)
        values = (start, np.maximum(peak, start), 0.9 * end, end)
        slope = np.minimum(start_slope, 4.0 * np.maximum(peak - start, 0.05) / knots[1])
        slopes = (slope, np.zeros_like(u), np.zeros_like(u), np.zeros_like(u))
        pitch = np.zeros_like(u)
        for k in range(3):
            width = knots[k + 1] - knots[k]
            inside = (u >= knots[k]) & (u <= knots[k + 1])
            s = (u - knots[k]) / width
            piece = (
                values[k] * (1 + 2 * s) * (1 - s) ** 2
                + values[k + 1] * s**2 * (3 - 2 * s)
                + width * (slopes[k] * s * (1 - s) ** 2 - slopes[k + 1] * s**2 * (1 - s))
            )
            pitch = np.where(inside, piece, pitch)
        return pitch

    def _stance_ball(self, i: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """The joint in the ball of the foot; as long as the heel rolls down, the heel is what stays in place."""
        forward = _heading(self.yaw[i])
        ball = np.full((len(i), 3), self.shape.ball_up_m)
        ball[:, :2] = self.place[i] + forward * self.shape.ball_m
        heel = np.zeros_like(ball)
        heel[:, :2] = self.place[i] - forward * self.shape.heel_m
        rolled = heel + _turned(self.shape.heel_m + self.shape.ball_m, self.shape.ball_up_m, self.yaw[i], pitch)
        return np.where((pitch < 0)[:, None], rolled, ball)

    def _swing_ball(
        self, u: np.ndarray, i: np.ndarray, j: np.ndarray, strike: np.ndarray, pitch: np.ndarray, bend: np.ndarray
    ) -> np.ndarray:
        """Between the push-off and the next contact, the lowest point of the sole clear of the floor."""
        start = self._stance_ball(i, np.zeros(len(i)))
        end = self._stance_ball(j, strike[j])
        ball = start + (end - start) * _eased(u)[:, None]
        lift = self._blend(self.roll.lift_m, self.leaving_run)[i] * (0.3 + 0.7 * self.leaving[i])
        clearance = lift * np.sin(np.pi * u**0.8)
        shape, toes = self.shape, pitch - bend
        heel = (shape.heel_m + shape.ball_m) * np.sin(pitch) - shape.ball_up_m * np.cos(pitch)
        tread = -shape.ball_up_m * np.cos(toes)
        toe = tread - (shape.toe_m - shape.ball_m) * np.sin(toes)
        ball[:, 2] = clearance - np.minimum(np.minimum(heel, toe), tread)
        return ball

    def _load(self, times: np.ndarray, i: np.ndarray) -> np.ndarray:
        ramp = 0.25 * self.step[i]
        return np.minimum(_smooth((times - self.start[i]) / ramp), _smooth((self.end[i] - times) / ramp))


def _turned(ahead: float, up: float, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """The vector (ahead, up) of a foot that is pitched toes down, then turned."""
    along = np.cos(pitch) * ahead + np.sin(pitch) * up
    height = -np.sin(pitch) * ahead + np.cos(pitch) * up
    return np.concatenate([_heading(yaw) * along[:, None], height[:, None]], axis=1)


def _heading(yaw: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(yaw), np.sin(yaw)], axis=-1)


def _smooth(u: np.ndarray) -> np.ndarray:
    u = np.clip(u, 0.0, 1.0)
    return u * u * (3 - 2 * u)


def _eased(u: np.ndarray) -> np.ndarray:
    """From 0 to 1 with least jerk (Flash & Hogan, "The coordination of arm movements", 1985)."""
    return u**3 * (10 - 15 * u + 6 * u**2)
