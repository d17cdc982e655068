"""Coloured solids that stand-in actors are made of, and what a camera sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from cinescene.blocking.light import DISPLAY_GAMMA, PlaceLight
from cinescene.blocking.pictures import picture_colours
from cinescene.cameras import Cameras
from cinescene.scene.splat_raster import SeenTriangles, projected_px, seen_triangles
from cinescene.sets.mesh import Material, Mesh
from cinescene.tensor_types import Bool, Float, Int, Tensor

NEAR_M = 0.05
MEAN_LIGHT = 0.7
"""How much of its own brightness a colour shows in the mean light of a place; so what is lit more does not clip."""
FINER = 3
"""Solids are drawn so many times finer than the frame, and averaged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solid:
    """Triangles with a colour a vertex (sRGB in [0, 1]); world metres, z up.

    Where there is a ``material``, its picture takes the place of the colours, ``uvs`` are in repeats of it, and only
    front faces (counter-clockwise) are seen.
    """

    positions: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    colours: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "m 3"]
    material: Material | None = None
    uvs: Float[np.ndarray, "n 2"] | None = None

    @classmethod
    def of_mesh(cls, mesh: Mesh) -> Solid:
        """A subject's mesh with its picture."""
        return cls(
            positions=mesh.positions,
            normals=mesh.normals,
            colours=np.ones_like(mesh.positions),
            triangles=mesh.triangles,
            material=mesh.material,
            uvs=mesh.uvs / mesh.material.metres_per_tile,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sighting:
    """What one camera sees of solids: colours times cover, the share of each pixel that they cover, and z-depth.

    ``depth`` is infinite where nothing is covered.
    """

    colour: Float[Tensor, "3 h w"]
    cover: Float[Tensor, "h w"]
    depth: Float[Tensor, "h w"]


def capsule(
    start: Float[np.ndarray, "3"],
    end: Float[np.ndarray, "3"],
    radii_m: tuple[float, float],
    colour: tuple[float, float, float],
) -> Solid:
    """A rounded rod from one point to another, whose thickness changes along it."""
    directions, near_end, triangles = _template()
    along = np.asarray(end) - np.asarray(start)
    length = float(np.linalg.norm(along))
    axis = along / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])
    side = np.cross(axis, [1.0, 0.0, 0.0] if abs(axis[0]) < 0.8 else [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    normals = directions @ np.stack([side, np.cross(axis, side), axis])
    centre = np.where(near_end[:, None], np.asarray(start), np.asarray(end))
    positions = centre + normals * np.where(near_end, radii_m[0], radii_m[1])[:, None]
    colours = np.broadcast_to(np.asarray(colour), positions.shape)
    return Solid(positions=positions, normals=normals, colours=colours, triangles=triangles)


def cone(
    top: Float[np.ndarray, "3"],
    bottom: Float[np.ndarray, "3"],
    radii_m: tuple[float, float],
    colour: tuple[float, float, float],
    segments: int = 24,
) -> Solid:
    """The mantle of a frustum, such as a skirt."""
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros(segments)], axis=1)
    positions = np.concatenate([top + ring * radii_m[0], bottom + ring * radii_m[1]])
    here = np.arange(segments)
    after = (here + 1) % segments
    triangles = np.concatenate(
        [np.stack([here, here + segments, after], 1), np.stack([after, here + segments, after + segments], 1)]
    )
    return Solid(
        positions=positions,
        normals=np.concatenate([ring, ring]),
        colours=np.broadcast_to(np.asarray(colour), positions.shape),
        triangles=triangles,
    )


@lru_cache(maxsize=1)
def _template() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit directions of a capsule's vertices, whether they belong to its start, and its triangles."""
    quarter, segments = np.arange(0, 91, 15), 20
    rows = 2 * len(quarter)
    heights = np.sin(np.radians(np.concatenate([-quarter[::-1], quarter])))
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    width = np.sqrt(np.maximum(1 - heights**2, 0))[:, None]
    directions = np.stack(
        [width * np.cos(angle), width * np.sin(angle), np.broadcast_to(heights[:, None], (rows, segments))], axis=-1
    )
    row, column = (part.ravel() for part in np.meshgrid(np.arange(rows - 1), np.arange(segments), indexing="ij"))
    after = (column + 1) % segments
    a, b = row * segments + column, row * segments + after
    c, d = a + segments, b + segments
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    return directions.reshape(-1, 3), np.repeat(np.arange(rows) < len(quarter), segments), triangles


def sight(solids: Sequence[Solid], camera: Cameras, light: PlaceLight | None = None) -> Sighting:
    """What one perspective camera (batch shape ``()``), in the solids' world, sees of them in a light (from above)."""
    width, height = camera.size_px
    if not solids:
        bare = torch.zeros(height, width)
        return Sighting(colour=torch.zeros(3, height, width), cover=bare, depth=torch.full_like(bare, torch.inf))
    fine = camera.to(dtype=torch.float32).resized(width * FINER, height * FINER)
    starts = np.cumsum([0, *(len(solid.positions) for solid in solids)])
    triangles = torch.from_numpy(
        np.concatenate([s.triangles.astype(np.int64) + at for s, at in zip(solids, starts[:-1], strict=True)])
    )
    points = _joined(solids, "positions")
    lit = (light or PlaceLight.from_above()).on(_joined(solids, "normals"))
    shade = (MEAN_LIGHT * lit) ** (1 / DISPLAY_GAMMA)
    turned_away = _back_faces(points, triangles, fine) & torch.from_numpy(
        np.repeat([solid.material is not None for solid in solids], [len(solid.triangles) for solid in solids])
    )
    seen = seen_triangles(points, triangles[~turned_away], fine, NEAR_M)
    own = _colours(solids, starts, seen, projected_px(points, fine)[0])
    picture = torch.zeros(4, height * FINER * width * FINER)
    picture[:3, seen.pixel] = (own * _across(shade, seen)).clamp(0, 1).T
    picture[3, seen.pixel] = 1
    inverse_depth = torch.zeros_like(picture[:1])
    inverse_depth[0, seen.pixel] = seen.inverse_depth
    picture = F.avg_pool2d(picture.view(4, height * FINER, width * FINER), FINER)
    closest = F.max_pool2d(inverse_depth.view(1, height * FINER, width * FINER), FINER)[0]
    return Sighting(
        colour=picture[:3],
        cover=picture[3],
        depth=torch.where(picture[3] > 0, 1 / closest.clamp_min(1e-9), torch.inf),
    )


def _colours(
    solids: Sequence[Solid], starts: Int[np.ndarray, "s"], seen: SeenTriangles, place: Float[Tensor, "v 2"]
) -> Float[Tensor, "n 3"]:
    """The colours of what is seen, unlit; ``place`` is where vertices are in the picture."""
    colours = _across(_joined(solids, "colours"), seen)
    owner = torch.from_numpy(np.searchsorted(starts, seen.corners[:, 0].numpy(), side="right") - 1)
    for number, solid in enumerate(solids):
        here = (owner == number).nonzero()[:, 0]
        if solid.material is None or solid.uvs is None or not len(here):
            continue
        corners = seen.corners.index_select(0, here)
        uvs = torch.from_numpy(solid.uvs.astype(np.float32))[corners - int(starts[number])]
        rows, columns = solid.material.albedo.shape[:2]
        texels = _area(uvs * uvs.new_tensor([columns, rows]))
        pixels = _area(place[corners]).clamp_min(1e-3)
        places = (uvs * seen.weights.index_select(0, here)[..., None]).sum(1)
        colours[here] = picture_colours(solid.material, places, (texels / pixels).sqrt())
    return colours


def _back_faces(points: Float[Tensor, "v 3"], triangles: Int[Tensor, "m 3"], camera: Cameras) -> Bool[Tensor, "m"]:
    first, second, third = points[triangles].unbind(1)
    outward = torch.linalg.cross(second - first, third - first)
    return ((camera.position - first) * outward).sum(-1) <= 0


def _across(values: Float[Tensor, "v k"], seen: SeenTriangles) -> Float[Tensor, "n k"]:
    return (values[seen.corners] * seen.weights[..., None]).sum(1)


def _area(corners: Float[Tensor, "n 3 2"]) -> Float[Tensor, "n"]:
    first, second = (corners[:, 1:] - corners[:, :1]).unbind(1)
    return (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).abs() / 2


def _joined(solids: Sequence[Solid], name: str) -> Float[Tensor, "n 3"]:
    return torch.from_numpy(np.concatenate([getattr(solid, name) for solid in solids]).astype(np.float32))
