"""Upright panels in the plane y = const. with holes in them, and the faces inside the holes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cinescene.sets.description import Finish
from cinescene.sets.mesh_operations import mesh_of
from cinescene.sets.workshop import Workshop

Rect = tuple[float, float, float, float]
"""x and z of the lower left corner, x and z of the upper right one (as x and z grow)."""


def cut(outline: Rect, holes: Sequence[Rect], z_lines: Sequence[float] = ()) -> Float[np.ndarray, "n 4"]:
    """The rectangle less its holes as rectangles of a common grid, so that edges meet without gaps.

    Further grid lines across may be asked for.
    """
    left, low, right, high = outline
    xs = _lines([left, right, *(h[0] for h in holes), *(h[2] for h in holes)], left, right)
    zs = _lines([low, high, *z_lines, *(h[1] for h in holes), *(h[3] for h in holes)], low, high)
    x0, z0 = np.meshgrid(xs[:-1], zs[:-1], indexing="ij")
    x1, z1 = np.meshgrid(xs[1:], zs[1:], indexing="ij")
    rects = np.stack([x0, z0, x1, z1], axis=-1).reshape(-1, 4)
    middle = (rects[:, :2] + rects[:, 2:]) / 2
    keep = np.ones(len(rects), dtype=bool)
    for hole in holes:
        keep &= ~np.all((middle > hole[:2]) & (middle < hole[2:]), axis=1)
    return rects[keep]


def _lines(values: Sequence[float], low: float, high: float) -> np.ndarray:
    lines = np.unique(np.clip(np.asarray(values, dtype=np.float64), low, high))
    return lines[np.concatenate([[True], np.diff(lines) > 1e-6])]


def panel(
    shop: Workshop,
    finish: Finish | int,
    rects: Float[np.ndarray, "n 4"],
    y: float,
    front: bool,
    uvs: Float[np.ndarray, "n 4 2"] | None = None,
) -> None:
    """Rectangles at one y that face −y (``front``) or +y; metric texture coordinates run on from one to the next."""
    if len(rects) == 0:
        return
    x0, z0, x1, z1 = np.asarray(rects, dtype=np.float64).T
    left, right = (x0, x1) if front else (x1, x0)
    corners = [(left, z0), (right, z0), (right, z1), (left, z1)]
    positions = np.stack([np.stack([x, np.full_like(x, y), z], -1) for x, z in corners], 1)
    if uvs is None:
        uvs = np.stack([positions[..., 0] * (1.0 if front else -1.0), positions[..., 2]], -1)
    normals = np.broadcast_to([0.0, -1.0 if front else 1.0, 0.0], positions.shape)
    triangles = (4 * np.arange(len(rects)))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    shop.mesh(
        finish,
        mesh_of(
            positions.reshape(-1, 3),
            normals.reshape(-1, 3),
            uvs.reshape(-1, 2),
            triangles.reshape(-1, 3),
            shop.material(finish),
        ),
    )


def reveals(shop: Workshop, finish: Finish | int, holes: Sequence[Rect], near: float, far: float) -> None:
    """The four inner faces of holes that go from y = ``near`` to y = ``far`` (> near)."""
    corners, normals = [], []
    for x0, z0, x1, z1 in holes:
        corners += [
            [(x0, near, z0), (x0, far, z0), (x0, far, z1), (x0, near, z1)],
            [(x1, far, z0), (x1, near, z0), (x1, near, z1), (x1, far, z1)],
            [(x0, near, z0), (x1, near, z0), (x1, far, z0), (x0, far, z0)],
            [(x0, far, z1), (x1, far, z1), (x1, near, z1), (x0, near, z1)],
        ]
        normals += [(1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1)]
    if not corners:
        return
    positions = np.array(corners, dtype=np.float64)
    directions = np.repeat(np.array(normals, dtype=np.float64)[:, None], 4, axis=1)
    sideways = np.abs(directions[..., :1]) > 0.5
    uvs = np.where(sideways, positions[..., [1, 2]], positions[..., [0, 1]])
    triangles = (4 * np.arange(len(positions)))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    shop.mesh(
        finish,
        mesh_of(
            positions.reshape(-1, 3),
            directions.reshape(-1, 3),
            uvs.reshape(-1, 2),
            triangles.reshape(-1, 3),
            shop.material(finish),
        ),
    )
