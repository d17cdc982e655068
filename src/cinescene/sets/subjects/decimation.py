"""Fewer triangles from the same vertices.

Edges collapse onto one of their ends, cheapest first by quadric error (Garland & Heckbert, "Surface simplification
using quadric error metrics", 1997). No vertex moves, so that shape targets and skinning weights stay valid.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

BORDER_WEIGHT = 30.0
"""How much dearer it is to move an open border than a surface."""
LEAST_QUALITY = 0.05
"""Triangles flatter than this (1 for an equilateral one) are not made."""


def decimated(
    positions: Float[np.ndarray, "n 3"],
    triangles: Int[np.ndarray, "m 3"],
    count: int,
    importance: Float[np.ndarray, "n"] | None = None,
) -> Int[np.ndarray, "_ 3"]:
    """About ``count`` triangles (never fewer, unless a fold allows no more) over a subset of the same vertices.

    ``importance`` multiplies the error of a vertex: where it is high, triangles stay small.
    """
    work = _Collapse(positions, triangles, np.ones(len(positions)) if importance is None else importance)
    while work.count > count and work.step():
        pass
    return work.remaining()


class _Collapse:
    """Triangles, who touches them, and a heap of possible collapses; entries out of date are skipped."""

    def __init__(self, positions: np.ndarray, triangles: np.ndarray, importance: np.ndarray) -> None:
        self.positions = positions
        self.importance = importance
        self.triangles = [tuple(int(i) for i in t) for t in triangles]
        self.alive = [True] * len(self.triangles)
        self.count = len(self.triangles)
        self.touching: dict[int, set[int]] = {}
        for number, corners in enumerate(self.triangles):
            for corner in corners:
                self.touching.setdefault(corner, set()).add(number)
        self.quadrics = _quadrics(positions, np.asarray(triangles))
        self.version = dict.fromkeys(self.touching, 0)
        self.heap: list[tuple[float, int, int, int, int]] = []
        for vertex in self.touching:
            self._offer(vertex)

    def step(self) -> bool:
        """Does the cheapest valid collapse; False if none is left."""
        while self.heap:
            _, source, goal, source_version, goal_version = heapq.heappop(self.heap)
            fresh = self.version.get(source) == source_version and self.version.get(goal) == goal_version
            if fresh and self._valid(source, goal):
                self._collapse(source, goal)
                return True
        return False

    def remaining(self) -> np.ndarray:
        kept = [corners for corners, alive in zip(self.triangles, self.alive, strict=True) if alive]
        return np.array(kept, dtype=np.int32).reshape(-1, 3)

    def _neighbours(self, vertex: int) -> set[int]:
        return {corner for number in self.touching[vertex] for corner in self.triangles[number]} - {vertex}

    def _offer(self, vertex: int) -> None:
        """Puts the collapses of a vertex onto each neighbour on the heap."""
        for goal in sorted(self._neighbours(vertex)):
            point = np.append(self.positions[goal], 1.0)
            error = float(point @ (self.quadrics[vertex] + self.quadrics[goal]) @ point)
            length = float(np.sum((self.positions[vertex] - self.positions[goal]) ** 2))
            cost = (max(error, 0.0) + 1e-9 * length) * float(self.importance[vertex])
            heapq.heappush(self.heap, (cost, vertex, goal, self.version[vertex], self.version[goal]))

    def _valid(self, source: int, goal: int) -> bool:
        """Whether the surface stays a surface and no triangle turns over or becomes a sliver."""
        shared = self.touching[source] & self.touching[goal]
        if len(self._neighbours(source) & self._neighbours(goal)) != len(shared):
            return False
        if len(shared) == 2 and self._on_border(source):
            return False
        for number in self.touching[source] - shared:
            corners = self.triangles[number]
            moved = tuple(goal if corner == source else corner for corner in corners)
            before, after = (_normal(self.positions[list(c)]) for c in (corners, moved))
            longest = max(float(np.sum((self.positions[a] - self.positions[b]) ** 2)) for a, b in _edges(moved))
            area = float(np.linalg.norm(after))
            if float(before @ after) < 0.25 * float(np.linalg.norm(before)) * area or area < LEAST_QUALITY * longest:
                return False
        return True

    def _on_border(self, vertex: int) -> bool:
        return len(self._neighbours(vertex)) != len(self.touching[vertex])

    def _collapse(self, source: int, goal: int) -> None:
        changed = self._neighbours(source)
        for number in list(self.touching[source]):
            corners = self.triangles[number]
            for corner in corners:
                self.touching[corner].discard(number)
            if goal in corners:
                self.alive[number] = False
                self.count -= 1
                continue
            self.triangles[number] = tuple(goal if corner == source else corner for corner in corners)
            for corner in self.triangles[number]:
                self.touching[corner].add(number)
        del self.touching[source], self.version[source]
        self.quadrics[goal] = self.quadrics[goal] + self.quadrics[source]
        for vertex in sorted(changed):
            if self.touching.get(vertex):
                self.version[vertex] += 1
        for vertex in sorted(changed):
            if self.touching.get(vertex):
                self._offer(vertex)


def _quadrics(positions: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The sum of squared plane distances about each vertex, weighted by area; open borders weigh more."""
    quadrics = np.zeros((len(positions), 4, 4))
    corners = positions[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(area, 1e-20)[:, None]
    planes = np.concatenate([unit, -(unit * corners[:, 0]).sum(axis=1, keepdims=True)], axis=1)
    outer = planes[:, :, None] * planes[:, None, :] * area[:, None, None] / 2
    for corner in range(3):
        np.add.at(quadrics, triangles[:, corner], outer)
    half_edges = {edge: i for i, t in enumerate(triangles.tolist()) for edge in _edges(t)}
    for (a, b), number in half_edges.items():
        if (b, a) not in half_edges:
            edge = positions[b] - positions[a]
            side = np.cross(edge, unit[number])
            side /= max(float(np.linalg.norm(side)), 1e-20)
            plane = np.append(side, -side @ positions[a])
            wall = BORDER_WEIGHT * float(edge @ edge) * np.outer(plane, plane)
            quadrics[a] += wall
            quadrics[b] += wall
    return quadrics


def _edges(corners: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return (corners[0], corners[1]), (corners[1], corners[2]), (corners[2], corners[0])


def _normal(corners: np.ndarray) -> np.ndarray:
    (ax, ay, az), (bx, by, bz) = corners[1] - corners[0], corners[2] - corners[0]
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
