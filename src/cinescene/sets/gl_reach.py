"""Where in a picture subjects can change anything: only that part is lit again for the second frame of a pair."""

from __future__ import annotations

import itertools

import numpy as np
from jaxtyping import Float

from cinescene.sets.gl_view import View

Rectangle = tuple[int, int, int, int]
"""Left, first row, width, height, in pixels."""


def swept_box(
    low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"], way: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "16 3"]:
    """Points whose convex hull holds a box and everything that it passes when moved along a way."""
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    return np.concatenate([corners, corners + way])


def seen_area(view: View, hulls: list[Float[np.ndarray, "_ 3"]], near_m: float) -> Rectangle:
    """The least rectangle of a picture that holds the convex hulls of some points, a pixel wider on all sides.

    Parts nearer than ``near_m`` are cut off: edges of a hull are among the lines between any two of its points.
    """
    least, most = np.full(2, np.inf), np.full(2, -np.inf)
    pixel_from_ray = np.linalg.inv(np.column_stack([view.ray_per_u, view.ray_per_v, view.ray_origin]))
    for points in hulls:
        seen = (points - view.eye) @ pixel_from_ray.T
        i, j = np.triu_indices(len(seen), 1)
        crossing = (seen[i, 2] - near_m) * (seen[j, 2] - near_m) < 0
        a, b = seen[i[crossing]], seen[j[crossing]]
        share = (near_m - a[:, 2]) / (b[:, 2] - a[:, 2])
        visible = np.concatenate([seen[seen[:, 2] >= near_m], a + share[:, None] * (b - a)])
        if len(visible):
            pixels = visible[:, :2] / visible[:, 2:]
            least, most = np.minimum(least, pixels.min(0)), np.maximum(most, pixels.max(0))
    size = np.array([view.width_px, view.height_px])
    first = np.clip(np.floor(least) - 1, 0, size)
    last = np.clip(np.ceil(most) + 1, first, size)
    left, top, width, height = (int(n) for n in (*first, *(last - first)))
    return left, top, width, height
