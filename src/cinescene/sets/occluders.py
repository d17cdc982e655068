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
_SAMPLED_TRIANGLES = 1500


@dataclass(frozen=True, kw_only=True)
class OccluderSampling:
    """Which triangles stand for all of them, and for how many each; it depends on the topology alone."""

    corners: Int[np.ndarray, "3 m"]
    stands_for: int

    @classmethod
    def of_triangles(cls, triangles: Int[np.ndarray, "n 3"]) -> OccluderSampling:
        """Every so many-th triangle, about 1500 in all."""
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
    a, b, c = positions[sampling.corners].transpose(0, 2, 1).astype(np.float64, order="C")
    u, v = b - a, c - a
    across = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    areas = np.sqrt(across[0] ** 2 + across[1] ** 2 + across[2] ** 2) / 2 * sampling.stands_for
    centres = (a + b + c) / 3
    low, high = centres.min(1), centres.max(1)
    x, y = ((centres - low[:, None]) / np.maximum(high - low, 1e-9)[:, None])[:2]
    counted = areas * np.maximum(1 - (centres[2] - low[2]) / LOW_M, 0)
    weights = np.stack([i * j * counted for i in (1 - x, x) for j in (1 - y, y)])
    total = weights.sum(1)
    spheres[:, :3] = weights @ centres.T / np.maximum(total, 1e-9)[:, None]
    spheres[:, 3] = np.sqrt(AREA_FACTOR * total / (4 * np.pi))
    return spheres
