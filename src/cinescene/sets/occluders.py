"""Spheres that stand for subjects where they keep ambient light from the set: soft contact shadows without a sun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

BANDS = 2
"""Spheres a mesh: one for its lower part and one for its upper part."""
LEAST_RADIUS_M = 0.03
_SAMPLED_TRIANGLES = 300


@dataclass(frozen=True, kw_only=True)
class OccluderSampling:
    """Which triangles of joined meshes stand for all of them; it depends on their topology alone."""

    triangles: Int[np.ndarray, "m 3"]
    stands_for: Float[np.ndarray, "m"]
    owner: Int[np.ndarray, "m"]
    first: Int[np.ndarray, "k"]

    @classmethod
    def of_meshes(cls, triangles: Sequence[Int[np.ndarray, "_ 3"]]) -> OccluderSampling:
        """A few hundred triangles of each mesh; vertex numbers are those of the joined meshes."""
        steps = [max(1, len(part) // _SAMPLED_TRIANGLES) for part in triangles]
        sampled = [part[::step] for part, step in zip(triangles, steps, strict=True)]
        counts = np.array([len(part) for part in sampled], dtype=np.int64)
        return cls(
            triangles=np.concatenate([np.zeros((0, 3), dtype=np.int32), *sampled]),
            stands_for=np.repeat(np.array(steps, dtype=np.float64), counts),
            owner=np.repeat(np.arange(len(counts)), counts),
            first=np.cumsum(counts) - counts,
        )


def occluder_spheres(positions: Float[np.ndarray, "n 3"], sampling: OccluderSampling) -> Float[np.ndarray, "k 4"]:
    """Centre and radius of spheres with the place and the surface area of the meshes' parts.

    Parts overlap with linear weights in height, so that spheres move smoothly while their mesh does.
    """
    if not len(sampling.triangles):
        return np.zeros((0, 4))
    a, b, c = positions[sampling.triangles.T].astype(np.float64)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2 * sampling.stands_for
    rows = np.column_stack([np.ones(len(a)), (a + b + c) / 3])
    low = np.minimum.reduceat(rows[:, 3], sampling.first)
    height = np.maximum(np.maximum.reduceat(rows[:, 3], sampling.first) - low, 1e-9)
    place = (rows[:, 3] - low[sampling.owner]) / height[sampling.owner] * (BANDS - 1)
    weights = np.maximum(1 - np.abs(place[:, None] - np.arange(BANDS)), 0) * areas[:, None]
    sums = np.add.reduceat(weights[:, :, None] * rows[:, None, :], sampling.first).reshape(-1, 4)
    sums = sums[sums[:, 0] > 4 * np.pi * LEAST_RADIUS_M**2]
    return np.column_stack([sums[:, 1:] / sums[:, :1], np.sqrt(sums[:, 0] / (4 * np.pi))])


def reach(spheres: Float[np.ndarray, "k 4"], least_share: float) -> tuple[np.ndarray, np.ndarray]:
    """The box outside which no sphere keeps back more than ``least_share`` of the light."""
    if not len(spheres):
        return np.zeros(3), np.zeros(3)
    radius = spheres[:, 3:] / np.sqrt(least_share) * 1.001
    return (spheres[:, :3] - radius).min(0), (spheres[:, :3] + radius).max(0)
