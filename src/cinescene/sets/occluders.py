"""Spheres that stand for subjects where they keep ambient light from the set: soft contact shadows without a sun."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

SPHERES = 4
"""Two by two over the ground, for what is low; the rest is too far from it to show."""
LOW_M = 0.7
"""Up to this height subjects count; ever less so from the ground up."""
AREA_FACTOR = 2.0
"""Surface of the spheres for the surface that is low: with it, balls of 0.2 to 0.6 m across on a floor keep from it
what they should (r²·cosine/d²) to 20 %, between half a radius and two radii from where they touch."""
_SAMPLED_TRIANGLES = 750


@dataclass(frozen=True, kw_only=True)
class OccluderSampling:
    """Which triangles stand for all of them, and for how many each; it depends on the topology alone."""

    corners: Int[np.ndarray, "3 m"]
    stands_for: int

    @classmethod
    def of_triangles(cls, triangles: Int[np.ndarray, "n 3"]) -> OccluderSampling:
        """Every so many-th triangle, about 750 in all."""
        step = max(1, len(triangles) // _SAMPLED_TRIANGLES)
        return cls(corners=np.ascontiguousarray(triangles[::step].T), stands_for=step)


def occluder_spheres(positions: Float[np.ndarray, "n 3"], sampling: OccluderSampling) -> Float[np.ndarray, "4 4"]:
    """Centre and radius of four spheres in place of the subjects' lower parts.

    Parts overlap with linear weights, so that spheres move smoothly with the subjects. Spheres of radius 0 stand for
    nothing.
    """
    spheres = np.zeros((SPHERES, 4))
    if not sampling.corners.size:
        return spheres
    a, b, c = np.ascontiguousarray(positions.take(sampling.corners, axis=0).transpose(0, 2, 1))
    u, v = b - a, c - a
    across = u[[1, 2, 0]] * v[[2, 0, 1]] - u[[2, 0, 1]] * v[[1, 2, 0]]
    areas = np.sqrt((across * across).sum(0)) * (sampling.stands_for / 2)
    centres = (a + b + c) / 3
    low, high = centres.min(1, keepdims=True), centres.max(1, keepdims=True)
    x, y = (centres[:2] - low[:2]) / np.maximum(high - low, 1e-9)[:2]
    counted = areas * np.maximum(1 - (centres[2] - low[2]) / LOW_M, 0)
    weights = np.stack([1 - x, x]).repeat(2, 0) * np.stack([1 - y, y] * 2) * counted
    total = weights.sum(1)
    spheres[:, :3] = weights @ centres.T / np.maximum(total, 1e-9)[:, None]
    spheres[:, 3] = np.sqrt(AREA_FACTOR * total / (4 * np.pi))
    return spheres
