"""Walks over the free floor of a set: straight or curved where there is room, around the furniture where not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from cinescene.errors import GeometryError
from cinescene.sets.collision import FreeSpace

SPACING_M = 0.05
"""Distance between neighbouring points of a walk."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WalkPath:
    """A walk over the floor: points about 5 cm apart. Where one is at a time is a matter of the walker's speed."""

    points: Float[np.ndarray, "n 2"]

    @property
    def length_m(self) -> float:
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())

    def at(self, distance_m: Float[np.ndarray, "t"]) -> tuple[Float[np.ndarray, "t 2"], Float[np.ndarray, "t"]]:
        """Positions after walked distances, and headings there (radians, counter-clockwise from +x, continuous).

        Distances outside the walk give its ends.
        """
        steps = np.diff(self.points, axis=0)
        along = np.concatenate([[0.0], np.linalg.norm(steps, axis=1).cumsum()])
        position = np.stack([np.interp(distance_m, along, axis) for axis in self.points.T], axis=-1)
        heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        middles = (along[1:] + along[:-1]) / 2
        return position, np.interp(distance_m, middles, heading)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloorGrid:
    """The floor on a square grid: where a walker of a radius fits, and which places connect.

    ``component`` numbers the connected free areas from 1; 0 is not free.
    """

    origin: tuple[float, float]
    cell_m: float
    component: np.ndarray

    @classmethod
    def of(cls, space: FreeSpace, radius_m: float, cell_m: float | None = None) -> FloorGrid:
        """A grid of about 20 000 cells of 10–30 cm, unless a cell size is stated."""
        x0, y0, x1, y1 = space.bounds
        if cell_m is None:
            cell_m = min(max(math.sqrt((x1 - x0) * (y1 - y0) / 20_000), 0.1), 0.3)
        xs = np.arange(x0 + cell_m / 2, x1, cell_m)
        ys = np.arange(y0 + cell_m / 2, y1, cell_m)
        points = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)
        clearance = space.walk_clearance_m(points.reshape(-1, 2)).reshape(points.shape[:2])
        component, _ = ndimage.label(clearance >= radius_m, structure=np.ones((3, 3)))
        return cls(origin=(x0, y0), cell_m=cell_m, component=component)

    @property
    def free_area_m2(self) -> float:
        return float((self.component > 0).sum() * self.cell_m**2)

    def centre_of(self, cells: np.ndarray) -> np.ndarray:
        """Floor points of cells (n, 2)."""
        return np.asarray(self.origin) + (np.asarray(cells) + 0.5) * self.cell_m

    def nearest_free_cell(self, point: np.ndarray) -> np.ndarray:
        """The free cell nearest to a point; raises `GeometryError` where nothing is free."""
        cells = np.argwhere(self.component > 0)
        if len(cells) == 0:
            raise GeometryError("free floor: a walker of this radius fits nowhere; expected an open place")
        return cells[np.linalg.norm(self.centre_of(cells) - point, axis=1).argmin()]

    def connected_to(self, cell: np.ndarray) -> np.ndarray:
        """All cells (n, 2) that can be walked to from a free cell."""
        return np.argwhere(self.component == self.component[tuple(cell)])


@lru_cache(maxsize=8)
def _grid(space: FreeSpace, radius_m: float) -> FloorGrid:
    return FloorGrid.of(space, radius_m)


def walkable_area(
    space: FreeSpace, rng: np.random.Generator, count: int, near: tuple[float, float], radius_m: float = 0.35
) -> Float[np.ndarray, "n 2"]:
    """Random floor points where a walker fits and that connect to the place nearest to ``near``."""
    grid = _grid(space, radius_m + 0.05)
    cells = grid.connected_to(grid.nearest_free_cell(np.asarray(near)))
    chosen = cells[rng.integers(len(cells), size=count)]
    points = grid.centre_of(chosen) + rng.uniform(-0.5, 0.5, (count, 2)) * grid.cell_m
    fits = space.walk_clearance_m(points) >= radius_m
    return np.where(fits[:, None], points, grid.centre_of(chosen))


def plan_walk(
    space: FreeSpace,
    rng: np.random.Generator,
    length_m: float,
    *,
    start: tuple[float, float],
    heading_rad: float | None = None,
    radius_m: float = 0.35,
) -> WalkPath:
    """A walk of a length from ``start`` (or the nearest free place) that keeps ``radius_m`` from everything.

    Gently curved walks are tried first, towards ``heading_rad`` if given (±60°); where none fits, the walk goes round
    the furniture. It is shorter than asked only where the connected floor is too small. Raises `GeometryError` where
    nobody of that radius can stand.
    """
    begin = np.asarray(start, dtype=np.float64)
    if space.walk_clearance_m(begin[None])[0] < radius_m:
        grid = _grid(space, radius_m)
        begin = grid.centre_of(grid.nearest_free_cell(begin))
    curved = _curved_walk(space, rng, length_m, begin, heading_rad, radius_m)
    return curved if curved is not None else _detour(space, rng, length_m, begin, radius_m)


def _curved_walk(
    space: FreeSpace,
    rng: np.random.Generator,
    length_m: float,
    start: np.ndarray,
    heading_rad: float | None,
    radius_m: float,
) -> WalkPath | None:
    """The first of 96 random arcs with a slow weave that stays clear; turns no tighter than 1.6 m radius."""
    along = np.linspace(0.0, length_m, max(2, math.ceil(length_m / SPACING_M) + 1))
    candidates = 96
    spread = math.pi if heading_rad is None else math.pi / 3
    first = (heading_rad or 0.0) + rng.uniform(-spread, spread, candidates)
    curvature = rng.uniform(-0.35, 0.35, candidates) * (rng.random(candidates) < 0.7)
    weave = rng.uniform(0.0, 0.25, candidates)
    phase = rng.uniform(0, 2 * math.pi, candidates)
    heading = first[:, None] + curvature[:, None] * along + weave[:, None] * np.sin(along + phase[:, None])
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=-1)[:, 1:] * np.diff(along)[:, None]
    paths = start + np.concatenate([np.zeros((candidates, 1, 2)), steps.cumsum(axis=1)], axis=1)
    for path in paths:
        if space.walk_clearance_m(path[::4]).min() >= radius_m and space.walk_clearance_m(path).min() >= radius_m:
            return WalkPath(points=path)
    return None


def _detour(
    space: FreeSpace, rng: np.random.Generator, length_m: float, start: np.ndarray, radius_m: float
) -> WalkPath:
    """A shortest way over the floor grid to a random place far enough away, straightened and rounded."""
    grid = _grid(space, radius_m)
    origin = grid.nearest_free_cell(start)
    cells = grid.connected_to(origin)
    distance, before = _shortest_ways(grid, cells, origin)
    far = np.flatnonzero(distance >= length_m)
    target = int(far[rng.integers(len(far))]) if len(far) else int(distance.argmax())
    order = [target]
    while before[order[-1]] >= 0:
        order.append(int(before[order[-1]]))
    way = np.concatenate([start[None], grid.centre_of(cells[order[::-1]])])
    smooth = _rounded(space, _straightened(space, way, radius_m), radius_m)
    return WalkPath(points=_evenly_spaced(smooth, length_m))


def _shortest_ways(grid: FloorGrid, cells: np.ndarray, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances (metres) of connected cells from an origin and each cell's predecessor (negative at the origin)."""
    index = np.full(grid.component.shape, -1)
    index[tuple(cells.T)] = np.arange(len(cells))
    padded = np.pad(index, 1, constant_values=-1)
    height, width = grid.component.shape
    rows, columns, weights = [], [], []
    for down, right in [(1, 0), (0, 1), (1, 1), (1, -1)]:
        shifted = padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        linked = (index >= 0) & (shifted >= 0)
        rows.append(index[linked])
        columns.append(shifted[linked])
        weights.append(np.full(linked.sum(), math.hypot(down, right) * grid.cell_m))
    graph = csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(len(cells), len(cells))
    )
    distance, before = dijkstra(graph, directed=False, indices=index[tuple(origin)], return_predecessors=True)
    return distance, before


def _straightened(space: FreeSpace, way: np.ndarray, radius_m: float) -> np.ndarray:
    """The way with every bend left out that a straight line can replace."""
    kept = [way[0]]
    at = 0
    while at < len(way) - 1:
        reach = at + 1
        for candidate in range(len(way) - 1, at + 1, -3):
            if _walk_line_is_free(space, way[at], way[candidate], radius_m):
                reach = candidate
                break
        kept.append(way[reach])
        at = reach
    return np.array(kept)


def _walk_line_is_free(space: FreeSpace, start: np.ndarray, end: np.ndarray, radius_m: float) -> bool:
    steps = max(2, math.ceil(float(np.linalg.norm(end - start)) / SPACING_M) + 1)
    along = np.linspace(0.0, 1.0, steps)[:, None]
    return bool(space.walk_clearance_m(start * (1 - along) + end * along).min() >= radius_m)


def _rounded(space: FreeSpace, way: np.ndarray, radius_m: float) -> np.ndarray:
    """The way after as many rounds of corner cutting (Chaikin, 1974), at most four, as leave it clear."""
    for _ in range(4):
        if len(way) < 3:
            break
        first, second = way[:-1], way[1:]
        cut = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1).reshape(-1, 2)
        rounder = np.concatenate([way[:1], cut[1:-1], way[-1:]])
        if space.walk_clearance_m(_evenly_spaced(rounder)).min() < radius_m:
            break
        way = rounder
    return way


def _evenly_spaced(way: np.ndarray, length_m: float = math.inf) -> np.ndarray:
    """The first ``length_m`` of a polyline as points about `SPACING_M` apart."""
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(way, axis=0), axis=1).cumsum()])
    total = min(length_m, float(along[-1]))
    samples = np.linspace(0.0, total, max(2, math.ceil(total / SPACING_M) + 1))
    return np.stack([np.interp(samples, along, axis) for axis in way.T], axis=-1)
