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


def part_above(points: Float[np.ndarray, "n 3"], height_m: float) -> Float[np.ndarray, "_ 3"]:
    """Points whose convex hull is that of the given points, without what is below a height."""
    return _cut(points, points[:, 2] - height_m)


def seen_area(view: View, hulls: list[Float[np.ndarray, "_ 3"]], near_m: float) -> Rectangle:
    """The least rectangle of a picture that holds the convex hulls of some points, a pixel wider on all sides.

    Parts nearer than ``near_m`` are cut off.
    """
    least, most = np.full(2, np.inf), np.full(2, -np.inf)
    pixel_from_ray = np.linalg.inv(np.column_stack([view.ray_per_u, view.ray_per_v, view.ray_origin]))
    for points in hulls:
        seen = (points - view.eye) @ pixel_from_ray.T
        visible = _cut(seen, seen[:, 2] - near_m)
        if len(visible):
            pixels = visible[:, :2] / visible[:, 2:]
            least, most = np.minimum(least, pixels.min(0)), np.maximum(most, pixels.max(0))
    size = np.array([view.width_px, view.height_px])
    first = np.clip(np.floor(least) - 1, 0, size)
    last = np.clip(np.ceil(most) + 1, first, size)
    left, top, width, height = (int(n) for n in (*first, *(last - first)))
    return left, top, width, height


def _cut(points: Float[np.ndarray, "n 3"], side: Float[np.ndarray, "n"]) -> Float[np.ndarray, "_ 3"]:
    """What is left of a convex hull on the positive side of a plane, from which points are ``side`` away.

    Edges of a hull are among the lines between any two of its points.
    """
    if (side >= 0).all():
        return points
    i, j = np.triu_indices(len(points), 1)
    crossing = side[i] * side[j] < 0
    i, j = i[crossing], j[crossing]
    share = side[i] / (side[i] - side[j])
    return np.concatenate([points[side >= 0], points[i] + share[:, None] * (points[j] - points[i])])
