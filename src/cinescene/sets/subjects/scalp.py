"""Places on a head by direction from its middle: what hair and hats are laid over.

The places are found once, on the undeformed head, as points of its triangles; every shaped head then has the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import Delaunay

from cinescene.sets.subjects.body_data import body_data
from cinescene.sets.subjects.rig import INDEX, vertex_weights

MIDDLE_M = np.array([0.052, 0.0, 0.742])
"""Of the head, on the base mesh."""
LOWEST_RAD, HIGHEST_RAD = np.radians(-62.0), np.radians(89.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScalpPoints:
    """Points on the head: three vertices of the base mesh each, and their shares."""

    vertices: Int[np.ndarray, "*shape 3"]
    shares: Float[np.ndarray, "*shape 3"]

    def on(self, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "*shape 3"]:
        """The points on a shaped body."""
        return (vertices[self.vertices] * self.shares[..., None]).sum(axis=-2)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Head:
    net: Delaunay
    vertices: np.ndarray


@lru_cache(maxsize=1)
def _head() -> _Head:
    """The head's vertices, but for the ears, spread out by azimuth and elevation (three times round)."""
    used = np.unique(body_data().skin)
    used = used[vertex_weights()[used, INDEX["head"]] > 0.3]
    x, y, z = body_data().positions[used].T
    ear = (np.abs(y) > 0.0735) & (z > 0.672) & (z < 0.745) & (x > 0.0) & (x < 0.075)
    used = used[~ear]
    offset = body_data().positions[used] - MIDDLE_M
    azimuth = np.arctan2(offset[:, 1], offset[:, 0])
    elevation = np.arctan2(offset[:, 2], np.hypot(offset[:, 0], offset[:, 1]))
    turns = np.concatenate([np.stack([azimuth + turn, elevation], axis=1) for turn in (-2 * np.pi, 0.0, 2 * np.pi)])
    return _Head(net=Delaunay(turns), vertices=np.tile(used, 3))


def scalp_points(azimuth_rad: Float[np.ndarray, "*shape"], elevation_rad: Float[np.ndarray, "*shape"]) -> ScalpPoints:
    """Where directions from the middle of the head (azimuth to the left of straight ahead) leave it."""
    head = _head()
    elevation = np.clip(elevation_rad, LOWEST_RAD, HIGHEST_RAD)
    wanted = np.stack([(azimuth_rad + np.pi) % (2 * np.pi) - np.pi, elevation], axis=-1)
    flat = wanted.reshape(-1, 2)
    simplex = head.net.find_simplex(flat)
    missing = simplex < 0
    if missing.any():
        nearest = np.argmin(((head.net.points[None] - flat[missing][:, None]) ** 2).sum(axis=-1), axis=1)
        simplex[missing] = head.net.vertex_to_simplex[nearest]
    transform = head.net.transform[simplex]
    first = np.einsum("nij,nj->ni", transform[:, :2], flat - transform[:, 2])
    shares = np.clip(np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1), 0.0, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    vertices = head.vertices[head.net.simplices[simplex]]
    shape = wanted.shape[:-1]
    return ScalpPoints(vertices=vertices.reshape(*shape, 3), shares=shares.reshape(*shape, 3))


def elevation_at_height(
    azimuth_rad: Float[np.ndarray, "n"], height_m: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """The elevation whose place on the undeformed head has a height of the base mesh."""
    steps = np.linspace(LOWEST_RAD, HIGHEST_RAD, 100)
    azimuth, elevation = np.meshgrid(azimuth_rad, steps, indexing="ij")
    heights = scalp_points(azimuth, elevation).on(body_data().positions)[..., 2]
    heights = np.maximum.accumulate(heights, axis=1)
    return np.array([np.interp(h, row, steps) for h, row in zip(height_m, heights, strict=True)])
