"""Which triangles of a set a view may show; a software driver takes as long to drop the others as to draw some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from cinescene.sets.gl_view import View

MARGIN_M = 1e-3
"""Far above the rounding errors of single precision: who is in doubt is drawn."""


@dataclass(frozen=True, kw_only=True)
class TriangleBounds:
    """Planes and axis-parallel boxes of triangles in columns, metres in the world.

    ``planes`` are unit normals to the front and what makes points of the plane 0; triangles without area have zeros.
    ``boxes`` are centre, 1, and half extent.
    """

    planes: Float32[np.ndarray, "4 n"]
    boxes: Float32[np.ndarray, "7 n"]

    @classmethod
    def of_corners(cls, corners: Float32[np.ndarray, "n 3 3"]) -> TriangleBounds:
        """Those of triangles whose front is where their corners run counter-clockwise."""
        corners = corners.astype(np.float64)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = across / np.maximum(np.linalg.norm(across, axis=1), 1e-12)[:, None]
        offsets = -(normals * corners[:, 0]).sum(1)
        low, high = corners.min(1), corners.max(1)
        columns = [*((low + high) / 2).T, np.ones(len(corners)), *((high - low) / 2).T]
        return cls(
            planes=np.stack([*normals.T, offsets]).astype(np.float32), boxes=np.stack(columns).astype(np.float32)
        )

    def seen_by(self, view: View) -> Int[np.ndarray, "_"]:
        """Triangles that face the eye and whose box is not outside one of the view's sides; some may be hidden."""
        sides = view.sides()
        facing = np.append(view.eye, 1).astype(np.float32) @ self.planes > -MARGIN_M
        reach = np.concatenate([sides, np.abs(sides[:, :3])], axis=1).astype(np.float32) @ self.boxes
        return np.flatnonzero(facing & (reach.min(0) > -MARGIN_M))
