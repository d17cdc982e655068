"""What a renderer draws: meshes, materials, lights and sky, in metres with z up.

These are plain numpy containers. Set generators and subjects make them, render back ends consume them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from cinescene.errors import GeometryError


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """How a surface looks: a tiling sRGB texture (1×1 for a plain colour) and a Blinn–Phong highlight.

    ``metres_per_tile`` is what one repeat of the texture spans where texture coordinates are in metres; uvs are divided
    by it. ``emission`` is light the surface gives off, as a multiple of its albedo.
    """

    albedo: UInt8[np.ndarray, "h w 3"]
    metres_per_tile: float = 1.0
    specular: float = 0.0
    shininess: float = 32.0
    emission: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """Triangles of one material. Front faces are counter-clockwise; normals are unit length, one a vertex.

    Texture coordinates: u runs to the right of the texture's picture and v up; (0, 0) is its lower left corner.
    ``shadow_triangles`` are fewer triangles over the same vertices, enough to cast a shadow; None: all of them.
    """

    positions: Float32[np.ndarray, "n 3"]
    normals: Float32[np.ndarray, "n 3"]
    uvs: Float32[np.ndarray, "n 2"]
    triangles: Int32[np.ndarray, "m 3"]
    material: Material
    shadow_triangles: Int32[np.ndarray, "k 3"] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.positions).all():
            raise GeometryError("mesh: expected finite vertex positions")
        for triangles in (self.triangles, self.shadow_triangles):
            if (
                triangles is not None
                and len(triangles)
                and not 0 <= triangles.min() <= triangles.max() < len(self.positions)
            ):
                raise GeometryError("mesh: a triangle names a vertex that does not exist")

    @property
    def casting_triangles(self) -> Int32[np.ndarray, "k 3"]:
        """The triangles that cast the mesh's shadow."""
        return self.triangles if self.shadow_triangles is None else self.shadow_triangles


@dataclass(frozen=True, kw_only=True, eq=False)
class Sun:
    """Parallel light; linear RGB radiance on a surface that faces it. ``direction`` points from the set to the sun."""

    direction: tuple[float, float, float]
    colour: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lamp:
    """A point lamp: linear RGB intensity that falls off with 1/distance² beyond ``radius_m``; casts no shadow."""

    position: tuple[float, float, float]
    colour: tuple[float, float, float]
    radius_m: float = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Sky:
    """What lies beyond every mesh: an equirectangular picture in linear RGB, its centre towards world +y, +x right."""

    radiance: Float32[np.ndarray, "h w 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Everything of a set that does not move.

    ``ambient_up`` and ``ambient_down`` are linear RGB light from above and below, blended by the normal.
    """

    meshes: tuple[Mesh, ...]
    sky: Sky
    sun: Sun | None
    lamps: tuple[Lamp, ...]
    ambient_up: tuple[float, float, float]
    ambient_down: tuple[float, float, float]
