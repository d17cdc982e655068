"""What already stands in a plan, and whether something new would run into it."""

from __future__ import annotations

import math

import numpy as np

from cinescene.sets.collision import Air, Obstacle


class Solids:
    """Upright boxes, compared by their corners: quickly by their bounds, exactly where those overlap."""

    def __init__(self) -> None:
        self._boxes: list[Obstacle] = []
        self._corners: list[np.ndarray] = []
        self._bounds = np.zeros((0, 6))

    def add(self, boxes: tuple[Obstacle, ...]) -> None:
        for box in boxes:
            corners = corners_of(box)
            self._boxes.append(box)
            self._corners.append(corners)
            self._bounds = np.concatenate([self._bounds, [_bounds(box, corners)]])

    def clash(self, box: Obstacle, margin_m: float) -> bool:
        """Whether a box comes closer than a margin sideways to one that it overlaps in height."""
        corners = corners_of(box, margin_m)
        own = _bounds(box, corners)
        low, high = self._bounds[:, :3], self._bounds[:, 3:]
        near = np.all((low < own[3:]) & (high > own[:3]), axis=1)
        return any(
            not _apart(corners, self._corners[k], box.turn_rad, self._boxes[k].turn_rad) for k in np.flatnonzero(near)
        )


def corners_of(box: Obstacle, margin_m: float = 0.0) -> np.ndarray:
    """The four floor corners (4, 2) of a box grown by a margin."""
    cosine, sine = math.cos(box.turn_rad), math.sin(box.turn_rad)
    hx, hy = box.half_size[0] + margin_m, box.half_size[1] + margin_m
    (cx, cy), (ax, ay), (bx, by) = box.centre, (cosine * hx, sine * hx), (-sine * hy, cosine * hy)
    return np.array(
        [
            (cx - ax - bx, cy - ay - by),
            (cx + ax - bx, cy + ay - by),
            (cx + ax + bx, cy + ay + by),
            (cx - ax + bx, cy - ay + by),
        ]
    )


def is_within(box: Obstacle, air: Air) -> bool:
    """Whether a box lies in a box of air."""
    corners = corners_of(box)
    low, high = corners.min(axis=0), corners.max(axis=0)
    inside = low[0] >= air.low[0] - 1e-6 and low[1] >= air.low[1] - 1e-6
    inside = inside and high[0] <= air.high[0] + 1e-6 and high[1] <= air.high[1] + 1e-6
    return bool(inside and box.top_m <= air.height_m + 0.02)


def disc_distance_m(box: Obstacle, x: float, y: float) -> float:
    """Distance of a floor point to a box's footprint; 0 inside."""
    cosine, sine = math.cos(box.turn_rad), math.sin(box.turn_rad)
    dx, dy = x - box.centre[0], y - box.centre[1]
    u, v = abs(cosine * dx + sine * dy) - box.half_size[0], abs(cosine * dy - sine * dx) - box.half_size[1]
    return math.hypot(max(u, 0.0), max(v, 0.0))


def _bounds(box: Obstacle, corners: np.ndarray) -> np.ndarray:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.array([*low, box.bottom_m + 1e-6, *high, box.top_m - 1e-6])


def _apart(first: np.ndarray, second: np.ndarray, *turns_rad: float) -> bool:
    """Whether a line along a side of either rectangle separates the two (separating axes)."""
    for turn in turns_rad:
        for x, y in ((math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))):
            a, b = first @ (x, y), second @ (x, y)
            if a.max() <= b.min() or b.max() <= a.min():
                return True
    return False
