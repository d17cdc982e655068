"""Fewer triangles in place of many, over the same vertices: enough to cast a shadow, however the mesh moves.

Made for every subject anew, so it takes hundredths of a second; `decimated`, for what is made once, is closer to the
surface with as many triangles and takes seconds.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int32
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHADOW_CELL_M = 0.06
"""Size of the patches that cast a subject's shadow as one vertex. A walker's surface moves by 3 mm on average, and by
7 mm at one vertex in twenty; the filter of the renderer's shadows is 2.4 cm wide and more."""


def coarser_triangles(
    positions: Float[np.ndarray, "n 3"],
    normals: Float[np.ndarray, "n 3"],
    triangles: Int32[np.ndarray, "m 3"],
    cell_m: float = SHADOW_CELL_M,
) -> Int32[np.ndarray, "_ 3"]:
    """Triangles between one vertex for each patch of the surface; those within a patch are gone.

    A patch is what hangs together by edges within one cube of a grid and faces about the same way (vertex clustering
    after Rossignac and Borrel, 1993, with connected clusters): what is near only by pose stays apart, so that the
    result holds in other poses. Vertices at the rim of a mesh stay, so that neighbouring meshes still meet.
    """
    if not len(triangles):
        return triangles
    count = len(positions)
    start, end = triangles.reshape(-1), np.roll(triangles, -1, axis=1).reshape(-1)
    rim = _at_rim(triangles, count)
    patch = np.column_stack([np.floor(positions / cell_m).astype(np.int64), _axis_faced(normals)])
    together = (patch[start] == patch[end]).all(1) & ~rim[start] & ~rim[end]
    edges = coo_array((np.ones(together.sum(), np.int8), (start[together], end[together])), shape=(count, count))
    patches, patch_of = connected_components(edges, directed=False)
    size = np.bincount(patch_of, minlength=patches)
    middle = np.column_stack([np.bincount(patch_of, column, patches) for column in positions.T]) / size[:, None]
    from_middle = ((positions - middle[patch_of]) ** 2).sum(1)
    nearest_first = np.lexsort((from_middle, patch_of))
    kept = nearest_first[np.cumsum(size) - size]
    coarse = kept[patch_of][triangles]
    return coarse[(coarse != np.roll(coarse, 1, axis=1)).all(1)].astype(np.int32)


def _axis_faced(normals: np.ndarray) -> np.ndarray:
    """Which of the six directions along the axes each normal is nearest to."""
    axis = np.abs(normals).argmax(1)
    return 2 * axis + (normals[np.arange(len(normals)), axis] > 0)


def _at_rim(triangles: np.ndarray, count: int) -> np.ndarray:
    """Vertices at edges that do not have a triangle on both sides."""
    start, end = triangles.reshape(-1).astype(np.int64), np.roll(triangles, -1, axis=1).reshape(-1)
    edges, sides = np.unique(np.minimum(start, end) * count + np.maximum(start, end), return_counts=True)
    single = edges[sides != 2]
    rim = np.zeros(count, dtype=bool)
    rim[single // count] = rim[single % count] = True
    return rim
