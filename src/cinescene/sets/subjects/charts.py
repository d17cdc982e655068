"""Texture coordinates for surfaces that wrap around something: angle about a line, length along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinescene.sets.subjects.surface import Surface


@dataclass(frozen=True, kw_only=True, eq=False)
class Charted:
    """Triangles with texture coordinates; a vertex on a seam appears twice. ``source`` is its number before."""

    source: Int[np.ndarray, "k"]
    uvs: Float[np.ndarray, "k 2"]
    triangles: Int[np.ndarray, "m 3"]


def wrapped(
    triangles: Int[np.ndarray, "m 3"],
    angle_rad: Float[np.ndarray, "m 3"],
    along: Float[np.ndarray, "m 3"],
    scale: Float[np.ndarray, "m"],
) -> Charted:
    """A chart from the angle and length at each corner of each triangle; u is the angle times the triangle's scale.

    Corners of a triangle across the line where angles jump are unwrapped against its first corner.
    """
    turn = angle_rad - angle_rad[:, :1]
    angle = angle_rad[:, :1] + (turn + np.pi) % (2 * np.pi) - np.pi
    uvs = np.stack([angle * scale[:, None], along], axis=-1).reshape(-1, 2)
    keys = np.concatenate([triangles.reshape(-1, 1).astype(np.float64), np.round(uvs, 6)], axis=1)
    _, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return Charted(
        source=triangles.reshape(-1)[first],
        uvs=uvs[first],
        triangles=place.reshape(-1, 3).astype(np.int32),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """A line to wrap a chart around: where it starts, its direction, which way angle 0 lies, and a usual radius."""

    start: Float[np.ndarray, "3"]
    direction: Float[np.ndarray, "3"]
    front: Float[np.ndarray, "3"]
    radius_m: float


def charted(surface: Surface, axes: tuple[Axis, ...], owner: Int[np.ndarray, "m"], metres_per_tile: float) -> Charted:
    """Metric texture coordinates about several lines; ``owner`` names each triangle's.

    A whole number of tiles goes around each, so that the pattern closes.
    """
    corners = surface.positions[surface.triangles]
    angle = np.empty(corners.shape[:2])
    along = np.empty(corners.shape[:2])
    scale = np.empty(len(corners))
    for number, axis in enumerate(axes):
        mine = owner == number
        offset = corners[mine] - axis.start
        side = np.cross(axis.direction, axis.front)
        angle[mine] = np.arctan2(offset @ side, offset @ axis.front)
        along[mine] = offset @ axis.direction
        tiles = max(round(2 * np.pi * axis.radius_m / metres_per_tile), 1)
        scale[mine] = tiles * metres_per_tile / (2 * np.pi)
    return wrapped(surface.triangles, angle, along, scale)
