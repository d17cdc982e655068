"""Free space of a set: how far points are from anything solid, and where people may stand.

Everything solid is an upright box (`Obstacle`); the air of a set is a union of axis-aligned boxes (`Air`). Both are
enough for furniture, walls, trees and cars at the distances that cameras keep. Lengths in metres, z up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from cinescene.errors import GeometryError

STEP_M = 0.06
"""What people step over without noticing: rugs, thresholds."""
PERSON_HEIGHT_M = 2.0


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A solid upright box: a rectangle turned counter-clockwise (seen from above), from ``bottom_m`` to ``top_m``."""

    centre: tuple[float, float]
    half_size: tuple[float, float]
    turn_rad: float = 0.0
    bottom_m: float = 0.0
    top_m: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Air:
    """An axis-aligned box that cameras and people may be in. Boxes that people pass between must overlap."""

    low: tuple[float, float]
    high: tuple[float, float]
    height_m: float


class FreeSpace:
    """Clearances in the air of a set. Distances are lower bounds of the true ones and change at most 1 m a metre."""

    def __init__(self, obstacles: tuple[Obstacle, ...], air: tuple[Air, ...]) -> None:
        if not air:
            raise GeometryError("free space: expected at least one box of air, got none")
        self.obstacles = obstacles
        self.air = air

    def clearance_m(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Distance of each point to the nearest surface; negative inside an object or outside the air."""
        to_air = _box_distance(points[:, None] - self._air_centre, self._air_half)
        clearance = -to_air.min(axis=1)
        if self.obstacles:
            local = _turned(points[:, None] - self._centre, self._turn)
            clearance = np.minimum(clearance, _box_distance(local, self._half).min(axis=1))
        return clearance

    def is_free(self, point: Float[np.ndarray, "3"], radius_m: float) -> bool:
        """Whether a ball fits."""
        return bool(self.clearance_m(np.asarray(point, dtype=np.float64)[None])[0] >= radius_m)

    def lines_are_free(
        self, starts: Float[np.ndarray, "n 3"], ends: Float[np.ndarray, "n 3"], radius_m: float = 0.0
    ) -> Bool[np.ndarray, "n"]:
        """Whether a ball of a radius can move straight from start to end; radius 0 asks for a line of sight.

        Lines are sampled every 5 cm or finer, so that only objects thinner than that can be missed at radius 0.
        """
        longest = float(np.linalg.norm(ends - starts, axis=-1).max(initial=0.0))
        steps = max(2, math.ceil(longest / 0.05) + 1)
        along = np.linspace(0.0, 1.0, steps)[:, None]
        points = starts[:, None] * (1 - along) + ends[:, None] * along
        clearance = self.clearance_m(points.reshape(-1, 3)).reshape(len(starts), steps)
        return np.all(clearance >= radius_m, axis=1)

    def line_is_free(self, start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"], radius_m: float = 0.0) -> bool:
        """`lines_are_free` for one line."""
        return bool(self.lines_are_free(np.asarray(start)[None], np.asarray(end)[None], radius_m)[0])

    def walk_clearance_m(
        self, points: Float[np.ndarray, "n 2"], height_m: float = PERSON_HEIGHT_M
    ) -> Float[np.ndarray, "n"]:
        """Distance of floor points to whatever somebody of a height would walk into; negative where one cannot stand.

        Things lower than `STEP_M` or hung higher than ``height_m`` do not count.
        """
        clearance = -_box_distance(points[:, None] - self._air_centre[:, :2], self._air_half[:, :2]).min(axis=1)
        low, high = self._centre[:, 2] - self._half[:, 2], self._centre[:, 2] + self._half[:, 2]
        matters = (low < height_m) & (high > STEP_M)
        if matters.any():
            local = _turned(points[:, None] - self._centre[matters, :2], self._turn[matters])
            clearance = np.minimum(clearance, _box_distance(local, self._half[matters, :2]).min(axis=1))
        return clearance

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least x and y, greatest x and y of the air."""
        low = np.min([air.low for air in self.air], axis=0)
        high = np.max([air.high for air in self.air], axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def ceiling_m(self, point: Float[np.ndarray, "2"]) -> float:
        """Height of the air over a floor point; 0 outside."""
        x, y = float(point[0]), float(point[1])
        heights = [
            air.height_m for air in self.air if air.low[0] <= x <= air.high[0] and air.low[1] <= y <= air.high[1]
        ]
        return max(heights, default=0.0)

    @cached_property
    def _air_centre(self) -> np.ndarray:
        return np.array([[*np.add(a.low, a.high) / 2, a.height_m / 2] for a in self.air])

    @cached_property
    def _air_half(self) -> np.ndarray:
        return np.array([[*np.subtract(a.high, a.low) / 2, a.height_m / 2] for a in self.air])

    @cached_property
    def _centre(self) -> np.ndarray:
        return np.array([[*o.centre, (o.bottom_m + o.top_m) / 2] for o in self.obstacles]).reshape(-1, 3)

    @cached_property
    def _half(self) -> np.ndarray:
        return np.array([[*o.half_size, (o.top_m - o.bottom_m) / 2] for o in self.obstacles]).reshape(-1, 3)

    @cached_property
    def _turn(self) -> np.ndarray:
        return np.array([o.turn_rad for o in self.obstacles])


def _turned(offset: np.ndarray, turn_rad: np.ndarray) -> np.ndarray:
    """Offsets in the axes of boxes that are turned counter-clockwise; a third coordinate stays."""
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    x = cosine * offset[..., 0] + sine * offset[..., 1]
    y = cosine * offset[..., 1] - sine * offset[..., 0]
    return np.stack([x, y, *np.moveaxis(offset[..., 2:], -1, 0)], axis=-1)


def _box_distance(offset: np.ndarray, half_size: np.ndarray) -> np.ndarray:
    """Signed distance to axis-aligned boxes about the origin: exact, negative inside."""
    excess = np.abs(offset) - half_size
    outside = np.linalg.norm(np.maximum(excess, 0.0), axis=-1)
    return outside + np.minimum(excess.max(axis=-1), 0.0)
