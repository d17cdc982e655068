"""Things of stiff parts: each part has a mesh at rest and moves by its own rigid motion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.ground_path import GroundPath

STEP_S = 1 / 120


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A mesh at rest and the name of the part that it moves with."""

    part: str
    mesh: Mesh


class Assembly:
    """Pieces gathered by material, so that few meshes come out."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.parts = tuple(dict.fromkeys(piece.part for piece in pieces))
        groups: dict[int, list[Piece]] = {}
        for piece in pieces:
            groups.setdefault(id(piece.mesh.material), []).append(piece)
        self._groups = [_Group(group, self.parts) for group in groups.values()]

    def posed(self, transforms: Mapping[str, Float[np.ndarray, "3 4"]]) -> list[Mesh]:
        """The meshes with each part moved from its place at rest."""
        table = np.stack([transforms[part] for part in self.parts]).astype(np.float32)
        return [group.posed(table) for group in self._groups]


class _Group:
    def __init__(self, pieces: Sequence[Piece], parts: Sequence[str]) -> None:
        meshes = [piece.mesh for piece in pieces]
        first = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])])
        self.owner = np.concatenate([np.full(len(p.mesh.positions), parts.index(p.part)) for p in pieces])
        self.positions = np.concatenate([mesh.positions for mesh in meshes])
        self.normals = np.concatenate([mesh.normals for mesh in meshes])
        self.uvs = np.concatenate([mesh.uvs for mesh in meshes])
        self.triangles = np.concatenate([m.triangles + np.int32(i) for m, i in zip(meshes, first, strict=True)])
        self.material = meshes[0].material

    def posed(self, table: np.ndarray) -> Mesh:
        moved = table[self.owner]
        return Mesh(
            positions=np.einsum("nij,nj->ni", moved[:, :, :3], self.positions) + moved[:, :, 3],
            normals=np.einsum("nij,nj->ni", moved[:, :, :3], self.normals),
            uvs=self.uvs,
            triangles=self.triangles,
            material=self.material,
        )


def motion(rotation: Float[np.ndarray, "3 3"], place: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 4"]:
    """A rotation about the origin, then a move."""
    return np.column_stack([rotation, place])


def after(second: Float[np.ndarray, "3 4"], first: Float[np.ndarray, "3 4"]) -> Float[np.ndarray, "3 4"]:
    """One motion after another."""
    return np.column_stack([second[:, :3] @ first[:, :3], second[:, :3] @ first[:, 3] + second[:, 3]])


def about_point(rotation: Float[np.ndarray, "3 3"], point: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 4"]:
    """A rotation about a point."""
    return motion(rotation, point - rotation @ point)


def paint(colour: Colour, specular: float = 0.25, shininess: float = 40.0, emission: float = 0.0) -> Material:
    """A plain smooth surface."""
    albedo = np.rint(np.array([[colour]]) * 255).astype(np.uint8)
    return Material(albedo=albedo, specular=specular, shininess=shininess, emission=emission)


class Track:
    """Where something on wheels is: the path, and the way gone by points beside it."""

    def __init__(self, path: GroundPath, duration_s: float) -> None:
        self.path = path
        self._times = np.arange(-0.5, duration_s + 0.5 + STEP_S, STEP_S)
        speed = path.speed_m_s(self._times)
        turning = np.gradient(path.heading_rad(self._times), self._times)
        self._way = _integral(speed, self._times)
        self._turn = _integral(turning, self._times)
        self._curvature = np.where(speed > 0.05, turning / np.maximum(speed, 0.05), 0.0)

    def way_m(self, time_s: float, left_m: float = 0.0) -> float:
        """Distance rolled since time 0 by a wheel so far to the left of the path."""
        way, turn = (float(np.interp(time_s, self._times, table)) for table in (self._way, self._turn))
        return way - left_m * turn

    def curvature(self, time_s: float) -> float:
        """Of the path, 1/m, positive to the left."""
        return float(np.interp(time_s, self._times, self._curvature))

    def place(self, time_s: float) -> tuple[Float[np.ndarray, "3"], float]:
        """Position on the floor and heading."""
        moment = np.array([time_s])
        x, y = self.path.position_m(moment)[0]
        return np.array([x, y, self.path.floor_m]), float(self.path.heading_rad(moment)[0])


def _integral(rate: np.ndarray, times: np.ndarray) -> np.ndarray:
    """From time 0, by the trapezoidal rule."""
    total = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(times))])
    return total - np.interp(0.0, times, total)


def checked_colours(name: str, colours: Sequence[Colour]) -> None:
    """Raises `InputError` for anything but sRGB within 0–1."""
    from cinescene.errors import InputError

    for colour in colours:
        if len(colour) != 3 or not all(math.isfinite(c) and 0.0 <= c <= 1.0 for c in colour):
            raise InputError(f"{name}: expected sRGB colours within 0–1, got {colour!r}")
