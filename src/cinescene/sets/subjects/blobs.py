"""Smooth bodies out of rounded limbs that melt into each other, as triangles that follow the limbs' bones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinescene.sets.subjects.surface import Surface

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Limb:
    """A cone with rounded ends from ``start`` to ``end``, flattened sideways by ``squash`` (1 is round)."""

    bone: str
    start: Point
    end: Point
    start_m: float
    end_m: float
    squash: float = 1.0


def melted(
    limbs: Sequence[Limb], bones: Sequence[str], cell_m: float, melt_m: float, hold_m: float
) -> tuple[Surface, Float[np.ndarray, "n 3"]]:
    """The surface about all limbs and its unit normals.

    Joints are rounded over ``melt_m``; weights pass from one bone to the next over about ``hold_m``. Vertices lie on
    the surface itself, whatever the size of the cells they come from.
    """
    low = np.min([np.minimum(limb.start, limb.end) - max(limb.start_m, limb.end_m) for limb in limbs], axis=0)
    high = np.max([np.maximum(limb.start, limb.end) + max(limb.start_m, limb.end_m) for limb in limbs], axis=0)
    axes = [np.arange(a - 2 * cell_m, b + 3 * cell_m, cell_m) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    values = _melted_distance(grid.reshape(-1, 3), limbs, melt_m).reshape(grid.shape[:3])
    positions, triangles = surface_net(values)
    positions = positions * cell_m + [axis[0] for axis in axes]
    for _ in range(2):
        distance, normals = _distance_and_normal(positions, limbs, melt_m)
        positions = positions - normals * distance[:, None]
    _, normals = _distance_and_normal(positions, limbs, melt_m)
    surface = Surface(
        positions=positions, weights=_weights(positions, limbs, bones, hold_m), triangles=triangles.astype(np.int32)
    )
    return surface, normals


def surface_net(
    values: Float[np.ndarray, "x y z"],
) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "m 3"]]:
    """Where a field on a grid changes sign: vertices in cell units, triangles that face the positive side.

    One vertex in each cell that the surface passes, at the mean of its crossings of the cell's edges (Gibson,
    "Constrained elastic surface nets", 1998).
    """
    inside = values < 0
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    shape = tuple(n - 1 for n in values.shape)

    def at(corner: Sequence[int]) -> np.ndarray:
        i, j, k = (slice(offset, offset + n) for offset, n in zip(corner, shape, strict=True))
        return values[i, j, k]

    count, total = np.zeros(shape), np.zeros((*shape, 3))
    for first in corners:
        for axis in range(3):
            if first[axis]:
                continue
            a, b = at(first), at([offset + (n == axis) for n, offset in enumerate(first)])
            crosses = (a < 0) != (b < 0)
            share = np.where(crosses, a / np.where(crosses, a - b, 1.0), 0.0)
            count += crosses
            total += crosses[..., None] * np.asarray(first)
            total[..., axis] += share
    active = count > 0
    number = np.full(shape, -1)
    number[active] = np.arange(int(active.sum()))
    cells = np.argwhere(active)
    positions = cells + total[active] / count[active][:, None]
    quads = [_net_quads(inside, number, axis) for axis in range(3)]
    q = np.concatenate(quads)
    return positions, np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])


def _net_quads(inside: np.ndarray, number: np.ndarray, axis: int) -> np.ndarray:
    """A quad of the four cells about each grid edge along an axis that crosses the surface."""
    b, c = (axis + 1) % 3, (axis + 2) % 3
    moved = np.moveaxis(inside, (axis, b, c), (0, 1, 2))
    cell = np.moveaxis(number, (axis, b, c), (0, 1, 2))
    start, end = moved[:-1, 1:-1, 1:-1], moved[1:, 1:-1, 1:-1]
    i, j, k = np.nonzero(start != end)
    around = np.stack([cell[i, j, k], cell[i, j + 1, k], cell[i, j + 1, k + 1], cell[i, j, k + 1]], axis=1)
    outward = start[i, j, k]
    return np.where(outward[:, None], around, around[:, ::-1])


def _distances(points: np.ndarray, limbs: Sequence[Limb]) -> np.ndarray:
    """Of each point (n) to each limb's surface, negative inside; near enough to metric for melting."""
    columns = []
    for limb in limbs:
        stretch = np.array([1.0, 1.0 / limb.squash, 1.0])
        start, end = np.asarray(limb.start) * stretch, np.asarray(limb.end) * stretch
        line = end - start
        offset = points * stretch - start
        share = np.clip(offset @ line / max(float(line @ line), 1e-12), 0.0, 1.0)
        radius = limb.start_m + share * (limb.end_m - limb.start_m)
        columns.append(np.linalg.norm(offset - share[:, None] * line, axis=1) - radius)
    return np.stack(columns, axis=1)


def _melted_distance(points: np.ndarray, limbs: Sequence[Limb], melt_m: float) -> np.ndarray:
    """A smooth minimum (log-sum-exp) of the distances."""
    distances = _distances(points, limbs)
    least = distances.min(axis=1)
    return least - melt_m * np.log(np.exp(-(distances - least[:, None]) / melt_m).sum(axis=1)) * 0.5


def _distance_and_normal(points: np.ndarray, limbs: Sequence[Limb], melt_m: float) -> tuple[np.ndarray, np.ndarray]:
    """The melted distance and its unit gradient, by forward differences."""
    step = 1e-5
    here = _melted_distance(points, limbs, melt_m)
    ahead = [_melted_distance(points + offset, limbs, melt_m) for offset in np.eye(3) * step]
    gradient = (np.stack(ahead, axis=1) - here[:, None]) / step
    return here, gradient / np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 1e-12)


def _weights(points: np.ndarray, limbs: Sequence[Limb], bones: Sequence[str], hold_m: float) -> np.ndarray:
    distances = _distances(points, limbs)
    share = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / hold_m)
    weights = np.zeros((len(points), len(bones)), dtype=np.float32)
    for column, limb in enumerate(limbs):
        weights[:, bones.index(limb.bone)] += share[:, column]
    return weights / weights.sum(axis=1, keepdims=True)
