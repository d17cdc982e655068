"""Triangles on the graphics device: the set, of which a view draws a part, and subjects in streamed buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32, Int32

from cinescene.sets.gl_materials import MaterialLibrary
from cinescene.sets.gl_program import Program
from cinescene.sets.gl_selection import TriangleBounds
from cinescene.sets.gl_view import View
from cinescene.sets.mesh import Mesh
from cinescene.sets.occluders import OccluderSampling

_FIXED = np.dtype([("uv", np.float32, 2), ("material", np.uint32)])
_FIXED_FORMAT = "2f4 u4"
_NO_POSITIONS = np.zeros((0, 3), dtype=np.float32)
_NO_TRIANGLES = np.zeros((0, 3), dtype=np.int32)


class StaticGeometry:
    """The triangles of a set; those that a view may show are chosen before they are drawn."""

    def __init__(
        self, context: Any, surface: Program, shadow: Program, meshes: Sequence[Mesh], numbers: Sequence[int]
    ) -> None:
        self._buffers = _Buffers(context, surface, shadow, meshes, numbers)
        self.positions = self._buffers.positions
        corners = self.corners()
        self._bounds = TriangleBounds.of_corners(corners)
        self._seen_buffer = context.buffer(reserve=max(1, self._buffers.triangles.nbytes), dynamic=True)
        self._seen = self._buffers.surface_array(surface, self._seen_buffer)
        drawn = corners.reshape(-1, 3) if len(corners) else np.zeros((1, 3), np.float32)
        self.low, self.high = (extreme.astype(np.float64) for extreme in (drawn.min(0), drawn.max(0)))

    def corners(self) -> Float32[np.ndarray, "m 3 3"]:
        """The corners of all triangles."""
        return self.positions[self._buffers.triangles]

    def draw(self, view: View) -> None:
        """Draws what may be in view with the surface program."""
        seen = self._buffers.triangles.take(self._bounds.seen_by(view), axis=0)
        if len(seen):
            self._seen_buffer.write(seen)
            self._seen.render(vertices=seen.size)

    def draw_shadow(self) -> None:
        """Draws everything with the shadow program."""
        if len(self._buffers.triangles):
            self._buffers.shadow.render()

    def release(self) -> None:
        for item in (self._seen, self._seen_buffer, self._buffers):
            item.release()


class SubjectGeometry:
    """The triangles of whatever moves; buffers are kept as long as the meshes keep their topology and textures."""

    def __init__(self, context: Any, surface: Program, shadow: Program) -> None:
        self._context, self._surface, self._shadow = context, surface, shadow
        self._meshes: tuple[Mesh, ...] = ()
        self._numbers: tuple[int, ...] = ()
        self._buffers: _Buffers | None = None
        self.positions = _NO_POSITIONS
        self.low = self.high = np.zeros(3)
        self.sampling = OccluderSampling.of_triangles(_NO_TRIANGLES)

    def update(self, meshes: Sequence[Mesh], library: MaterialLibrary) -> None:
        """Takes over the meshes of a frame."""
        meshes = tuple(mesh for mesh in meshes if len(mesh.triangles))
        numbers = tuple(library.numbers([mesh.material for mesh in meshes]))
        if numbers != self._numbers or not _same_topology(meshes, self._meshes):
            self.release()
            if meshes:
                self._buffers = _Buffers(self._context, self._surface, self._shadow, meshes, numbers)
                self.sampling = OccluderSampling.of_triangles(self._buffers.triangles)
        elif self._buffers is not None:
            self._buffers.move(meshes)
        self._meshes, self._numbers = meshes, numbers
        self.positions = _NO_POSITIONS if self._buffers is None else self._buffers.positions
        if len(self.positions):
            columns = np.ascontiguousarray(self.positions.T)
            self.low, self.high = (extreme.astype(np.float64) for extreme in (columns.min(1), columns.max(1)))

    def draw(self) -> None:
        """Draws them with the surface program."""
        if self._buffers is not None:
            self._buffers.surface.render()

    def draw_shadow(self) -> None:
        """Draws them with the shadow program."""
        if self._buffers is not None:
            self._buffers.shadow.render()

    def release(self) -> None:
        if self._buffers is not None:
            self._buffers.release()
        self._buffers = None
        self._meshes, self._numbers = (), ()
        self.sampling = OccluderSampling.of_triangles(_NO_TRIANGLES)


class _Buffers:
    """Vertex and index buffers of joined meshes, and how the two programs read them."""

    def __init__(
        self,
        context: Any,
        surface: Program,
        shadow: Program,
        meshes: Sequence[Mesh],
        numbers: Sequence[int],
    ) -> None:
        self._context = context
        self.triangles = np.concatenate([_NO_TRIANGLES, *_joined_triangles(meshes)])
        count = sum(len(mesh.positions) for mesh in meshes)
        fixed = np.zeros(count, dtype=_FIXED)
        first = 0
        for mesh, number in zip(meshes, numbers, strict=True):
            part = fixed[first : first + len(mesh.positions)]
            part["uv"] = mesh.uvs / mesh.material.metres_per_tile
            part["material"] = number
            first += len(mesh.positions)
        self._positions, self._normals = (context.buffer(reserve=max(1, 12 * count), dynamic=True) for _ in range(2))
        self._fixed_buffer = context.buffer(fixed.tobytes() or b"\0")
        self._index_buffer = context.buffer(self.triangles.tobytes() or b"\0")
        self.move(meshes)
        self.surface = self.surface_array(surface, self._index_buffer)
        casting = np.concatenate([_NO_TRIANGLES, *_joined_triangles(meshes, casting=True)])
        self._casting_buffer = context.buffer(casting.tobytes() or b"\0")
        self.shadow = context.vertex_array(
            shadow.linked, [(self._positions, "3f4", "in_position")], self._casting_buffer
        )

    def surface_array(self, surface: Program, index_buffer: Any) -> Any:
        """How the surface program reads the vertices that an index buffer names."""
        return self._context.vertex_array(
            surface.linked,
            [
                (self._positions, "3f4", "in_position"),
                (self._normals, "3f4", "in_normal"),
                (self._fixed_buffer, _FIXED_FORMAT, "in_uv", "in_material"),
            ],
            index_buffer,
        )

    def move(self, meshes: Sequence[Mesh]) -> None:
        """Uploads positions and normals."""
        self.positions = _joined([mesh.positions for mesh in meshes])
        self._positions.write(self.positions)
        self._normals.write(_joined([mesh.normals for mesh in meshes]))

    def release(self) -> None:
        for item in (
            self.surface,
            self.shadow,
            self._positions,
            self._normals,
            self._fixed_buffer,
            self._index_buffer,
            self._casting_buffer,
        ):
            item.release()


def _joined_triangles(meshes: Sequence[Mesh], *, casting: bool = False) -> list[Int32[np.ndarray, "_ 3"]]:
    """The triangles of each mesh, or those that cast its shadow, with the vertex numbers of all meshes joined."""
    first = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])
    triangles = [mesh.casting_triangles if casting else mesh.triangles for mesh in meshes]
    return [part + np.int32(i) for part, i in zip(triangles, first[:-1], strict=True)]


def _joined(vectors: Sequence[np.ndarray]) -> Float32[np.ndarray, "n 3"]:
    return np.concatenate([_NO_POSITIONS, *vectors]).astype(np.float32, copy=False)


def _same_topology(meshes: Sequence[Mesh], others: Sequence[Mesh]) -> bool:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a is b or np.array_equal(a, b)

    return len(meshes) == len(others) and all(
        a.material is b.material
        and len(a.positions) == len(b.positions)
        and same(a.triangles, b.triangles)
        and same(a.casting_triangles, b.casting_triangles)
        and same(a.uvs, b.uvs)
        for a, b in zip(meshes, others, strict=True)
    )
