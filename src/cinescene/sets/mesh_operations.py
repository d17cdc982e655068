"""Operations on meshes: moving, joining, smoothing, cutting polygons into triangles."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from cinescene.errors import GeometryError
from cinescene.sets.mesh import Material, Mesh

Vector = Sequence[float] | np.ndarray


def transformed(mesh: Mesh, matrix: Float[np.ndarray, "4 4"]) -> Mesh:
    """The mesh moved by an invertible affine map (column vectors); faces keep their front side when it mirrors."""
    linear = np.asarray(matrix, dtype=np.float64)[:3, :3]
    determinant = np.linalg.det(linear)
    if not abs(determinant) > 1e-18:
        raise GeometryError("transformed: expected an invertible matrix, but it flattens the mesh")
    positions = mesh.positions @ linear.T + np.asarray(matrix)[:3, 3]
    normals = unit_vectors(mesh.normals @ np.linalg.inv(linear))
    triangles = mesh.triangles[:, ::-1] if determinant < 0 else mesh.triangles
    return mesh_of(positions, normals, mesh.uvs, triangles, mesh.material)


def placed(mesh: Mesh, position_m: Vector = (0, 0, 0), yaw_rad: float = 0.0, scale: float | Vector = 1.0) -> Mesh:
    """The mesh scaled, then turned about z (counter-clockwise seen from above), then moved; uvs stay as they are."""
    matrix = np.eye(4)
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    matrix[:3, :3] = matrix[:3, :3] @ np.diag(np.broadcast_to(np.asarray(scale, dtype=np.float64), (3,)))
    matrix[:3, 3] = vector_of(position_m, 3, "position")
    return transformed(mesh, matrix)


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Meshes of one material (the same object) as one mesh."""
    if not meshes:
        raise GeometryError("merged: expected at least one mesh")
    if any(mesh.material is not meshes[0].material for mesh in meshes):
        raise GeometryError("merged: expected meshes that share one material object; see merged_by_material")
    first = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])])
    return Mesh(
        positions=np.concatenate([mesh.positions for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        uvs=np.concatenate([mesh.uvs for mesh in meshes]),
        triangles=np.concatenate([m.triangles + np.int32(i) for m, i in zip(meshes, first, strict=True)]),
        material=meshes[0].material,
    )


def merged_by_material(meshes: Sequence[Mesh]) -> tuple[Mesh, ...]:
    """One mesh for each material object, in order of first appearance: fewer draw calls."""
    groups: dict[int, list[Mesh]] = {}
    for mesh in meshes:
        groups.setdefault(id(mesh.material), []).append(mesh)
    return tuple(merged(group) for group in groups.values())


def inverted(mesh: Mesh) -> Mesh:
    """The mesh seen from its other side."""
    shadow = mesh.shadow_triangles
    return dataclasses.replace(
        mesh,
        normals=-mesh.normals,
        triangles=np.ascontiguousarray(mesh.triangles[:, ::-1]),
        shadow_triangles=None if shadow is None else np.ascontiguousarray(shadow[:, ::-1]),
    )


def with_uv_offset(mesh: Mesh, uv_offset_m: Vector) -> Mesh:
    """The mesh with its texture moved, so that two objects of one material do not show the same patch."""
    offset = vector_of(uv_offset_m, 2, "uv offset").astype(np.float32)
    return dataclasses.replace(mesh, uvs=mesh.uvs + offset)


def smooth_normals(positions: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "m 3"]) -> Float[np.ndarray, "n 3"]:
    """Unit vertex normals, averaged by area over all triangles that meet at a place.

    Vertices at the same place (within 1 µm), such as those of a texture seam, get one normal.
    """
    corners = positions[triangles].astype(np.float64)
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, place = np.unique(np.round(positions / 1e-6).astype(np.int64), axis=0, return_inverse=True)
    place = place.reshape(-1)
    total = np.zeros((place.max(initial=-1) + 1, 3))
    np.add.at(total, place[triangles], face[:, None])
    return unit_vectors(total[place])


def triangulated(outline: Float[np.ndarray, "k 2"]) -> Int[np.ndarray, "m 3"]:
    """Triangles of a simple polygon given counter-clockwise, by cutting off ears.

    Source: Meisters, "Polygons have ears", 1975. Raises `GeometryError` for a polygon that crosses itself.
    """
    remaining = list(range(len(outline)))
    triangles = []
    while len(remaining) > 3:
        ear = next((i for i in range(len(remaining)) if _is_ear(outline, remaining, i)), None)
        if ear is None:
            raise GeometryError("polygon: expected a simple outline, but it touches or crosses itself")
        triangles.append((remaining[ear - 1], remaining[ear], remaining[(ear + 1) % len(remaining)]))
        del remaining[ear]
    return np.array([*triangles, tuple(remaining)])


def _is_ear(outline: np.ndarray, remaining: list[int], i: int) -> bool:
    before, tip, after = (outline[remaining[j % len(remaining)]] for j in (i - 1, i, i + 1))
    turn = _cross(tip - before, after - tip)
    if turn < 0:
        return False
    if turn == 0:
        return bool((tip - before) @ (after - tip) > 0)
    used = {remaining[j % len(remaining)] for j in (i - 1, i, i + 1)}
    others = outline[[j for j in remaining if j not in used]]
    edges = ((before, tip), (tip, after), (after, before))
    inside = np.all([_cross(end - start, others - start) >= 0 for start, end in edges], axis=0)
    return not bool(inside.any())


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray | np.floating:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def unit_vectors(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Vectors scaled to length 1; those of length 0 point up."""
    vectors = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0])
    return np.where(length > 1e-20, vectors / np.maximum(length, 1e-20), up)


def mesh_of(
    positions: Float[np.ndarray, "n 3"],
    normals: Float[np.ndarray, "n 3"],
    uvs: Float[np.ndarray, "n 2"],
    triangles: Int[np.ndarray, "m 3"],
    material: Material,
) -> Mesh:
    """A mesh from arrays of any precision."""
    return Mesh(
        positions=np.ascontiguousarray(positions, dtype=np.float32),
        normals=np.ascontiguousarray(normals, dtype=np.float32),
        uvs=np.ascontiguousarray(uvs, dtype=np.float32),
        triangles=np.ascontiguousarray(triangles, dtype=np.int32).reshape(-1, 3),
        material=material,
    )


def vector_of(values: Vector, length: int, name: str) -> Float[np.ndarray, "k"]:
    """``length`` finite numbers as float64; raises `GeometryError` for anything else."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (length,) or not np.isfinite(vector).all():
        raise GeometryError(f"{name}: expected {length} finite numbers, got {values!r}")
    return vector
