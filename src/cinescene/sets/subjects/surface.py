"""Surfaces that move with a skeleton, and how they are cut, thickened and smoothed while at rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_matrix

from cinescene.sets.mesh_operations import smooth_normals


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """Triangles at rest, and how much each vertex follows each bone (rows sum to 1)."""

    positions: Float[np.ndarray, "n 3"]
    weights: Float[np.ndarray, "n bones"]
    triangles: Int[np.ndarray, "m 3"]

    @property
    def normals(self) -> Float[np.ndarray, "n 3"]:
        """Unit normals, averaged about each vertex."""
        return smooth_normals(self.positions, self.triangles)

    def moved(self, offsets: Float[np.ndarray, "n 3"]) -> Surface:
        return replace(self, positions=self.positions + offsets)


def part_of(
    positions: Float[np.ndarray, "n 3"], weights: Float[np.ndarray, "n bones"], triangles: Int[np.ndarray, "m 3"]
) -> Surface:
    """The triangles with only the vertices that they use."""
    used, local = np.unique(triangles, return_inverse=True)
    return Surface(positions=positions[used], weights=weights[used], triangles=local.reshape(-1, 3).astype(np.int32))


def triangles_of_quads(quads: Int[np.ndarray, "m 4"]) -> Int[np.ndarray, "_ 3"]:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def chosen(surface: Surface, keep: Bool[np.ndarray, "m"]) -> Surface:
    """Some of the triangles."""
    return part_of(surface.positions, surface.weights, surface.triangles[keep])


def joined(surfaces: Sequence[Surface]) -> Surface:
    """Several surfaces as one, not sewn together."""
    first = np.cumsum([0, *(len(s.positions) for s in surfaces[:-1])])
    return Surface(
        positions=np.concatenate([s.positions for s in surfaces]),
        weights=np.concatenate([s.weights for s in surfaces]),
        triangles=np.concatenate([s.triangles + i for s, i in zip(surfaces, first, strict=True)]).astype(np.int32),
    )


def cut(surface: Surface, field: Float[np.ndarray, "n"]) -> Surface:
    """What lies where a field over the vertices is above zero, cut along its zero line through the triangles."""
    value = np.where(np.abs(field) < 1e-9, 1e-9, field)
    inside = value[surface.triangles] > 0
    count = inside.sum(axis=1)
    kept = [surface.triangles[count == 3]]
    crossing: dict[tuple[int, int], int] = {}

    def between(a: int, b: int) -> int:
        return crossing.setdefault((min(a, b), max(a, b)), len(surface.positions) + len(crossing))

    pieces: list[tuple[int, int, int]] = []
    split = (count == 1) | (count == 2)
    for corners, flags in zip(surface.triangles[split].tolist(), inside[split], strict=True):
        odd = int(np.flatnonzero(flags if flags.sum() == 1 else ~flags)[0])
        a, b, c = corners[odd], corners[(odd + 1) % 3], corners[(odd + 2) % 3]
        ab, ac = between(a, b), between(a, c)
        pieces += [(a, ab, ac)] if flags[odd] else [(ab, b, c), (ab, c, ac)]
    kept.append(np.array(pieces, dtype=np.int64).reshape(-1, 3))
    ends = np.array(list(crossing), dtype=np.int64).reshape(-1, 2)
    share = value[ends[:, 0]] / (value[ends[:, 0]] - value[ends[:, 1]])

    def extended(table: np.ndarray) -> np.ndarray:
        return np.concatenate([table, table[ends[:, 0]] + share[:, None] * (table[ends[:, 1]] - table[ends[:, 0]])])

    return part_of(extended(surface.positions), extended(surface.weights), np.concatenate(kept))


def smoothed(surface: Surface, rounds: int, strength: float = 0.5) -> Surface:
    """Vertices moved towards the mean of their neighbours, round by round; those of a border along the border only."""
    mean = neighbour_mean(surface)
    positions = surface.positions
    for _ in range(rounds):
        positions = positions + strength * (mean @ positions - positions)
    return replace(surface, positions=positions)


def neighbour_mean(surface: Surface) -> csr_matrix:
    """The matrix that averages over neighbours; border vertices have only those along the border."""
    edges = np.concatenate([surface.triangles[:, [0, 1]], surface.triangles[:, [1, 2]], surface.triangles[:, [2, 0]]])
    border = border_edges(surface.triangles)
    on_border = np.zeros(len(surface.positions), dtype=bool)
    on_border[border] = True
    inner = [edges[~on_border[edges[:, 0]]], edges[~on_border[edges[:, 1]]][:, ::-1]]
    edges = np.concatenate([*inner, border, border[:, ::-1]])
    count = len(surface.positions)
    matrix = csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    matrix.data[:] = 1.0
    degree = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    return csr_matrix(matrix.multiply(1.0 / degree[:, None]))


def border_edges(triangles: Int[np.ndarray, "m 3"]) -> Int[np.ndarray, "k 2"]:
    """Edges with a triangle on one side only, in that triangle's sense."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    size = int(triangles.max(initial=0)) + 1
    forward, backward = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    return edges[~np.isin(forward, backward)]


def thickened(
    surface: Surface, distance_m: Float[np.ndarray, "n"] | float, rounds: int = 0, least_m: float | None = None
) -> Surface:
    """Moved out along the normals, smoothed, and kept at least ``least_m`` (by default half the distance) outside."""
    distance = np.broadcast_to(np.asarray(distance_m, dtype=np.float64), (len(surface.positions),))
    normals = surface.normals
    loose = smoothed(surface.moved(normals * distance[:, None]), rounds)
    least = distance / 2 if least_m is None else np.full_like(distance, least_m)
    outside = ((loose.positions - surface.positions) * normals).sum(axis=1)
    return loose.moved(normals * np.maximum(least - outside, 0.0)[:, None])


def hemmed(surface: Surface, depth_m: float = 0.016) -> Surface:
    """With every border turned in, so that cloth has a thickness and one cannot look under it."""
    border = border_edges(surface.triangles)
    if len(border) == 0:
        return surface
    rim, local = np.unique(border, return_inverse=True)
    local = local.reshape(-1, 2)
    first = len(surface.positions)
    inner = surface.positions[rim] - depth_m * surface.normals[rim]
    a, b = border[:, 0], border[:, 1]
    c, d = first + local[:, 0], first + local[:, 1]
    strip = np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)])
    return Surface(
        positions=np.concatenate([surface.positions, inner]),
        weights=np.concatenate([surface.weights, surface.weights[rim]]),
        triangles=np.concatenate([surface.triangles, strip]).astype(np.int32),
    )


def shading_matrix(positions: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "m 3"]) -> csr_matrix:
    """What makes vertex normals (not yet of unit length) of triangle normals; vertices at one place share theirs."""
    _, place = np.unique(np.round(positions / 1e-6).astype(np.int64), axis=0, return_inverse=True)
    place = place.reshape(-1)
    corner = np.repeat(np.arange(len(triangles)), 3)
    count = int(place.max()) + 1
    gather = csr_matrix((np.ones(len(corner)), (place[triangles].reshape(-1), corner)), shape=(count, len(triangles)))
    return csr_matrix(gather[place])


def with_bones_replaced(surface: Surface, replaced: Callable[[int], int]) -> Surface:
    """With each bone's weight given to another one."""
    weights = np.zeros_like(surface.weights)
    for bone in range(weights.shape[1]):
        weights[:, replaced(bone)] += surface.weights[:, bone]
    return replace(surface, weights=weights)
