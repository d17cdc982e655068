"""Where objects are put together: boxes all in one go, other solids one by one, sorted by finish."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinescene.sets import primitives
from cinescene.sets.description import Finish, Point
from cinescene.sets.materials import material_of
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.mesh_operations import merged, mesh_of, transformed
from cinescene.sets.textures.patterns import GRAINED, SHOWN_ONCE

Place = Sequence[float | int] | np.ndarray
"""Three coordinates in an object's frame."""

_RIGHT = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [1, 0, 0], [1, 0, 0]], dtype=np.float64)
_UP = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 0], [0, -1, 0]], dtype=np.float64)
"""Right and up of a box's front (−y), right, back, left, top and bottom face, as seen from outside."""

_UNPAINTED = Material(albedo=np.zeros((1, 1, 3), dtype=np.uint8))
"""Stands in for the material of remembered shapes until they are used."""

UNSEEN_BOTTOM = (0, 1, 2, 3, 4)
"""Faces of a box that stands on something."""


class Workshop:
    """Collects the surfaces of a set. Objects work in their own frame, which `stand` puts somewhere in the world."""

    def __init__(self) -> None:
        self._boxes: dict[Finish, list[tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, ...]]]] = {}
        self._meshes: dict[Finish, list[Mesh]] = {}
        self._materials: dict[Finish, Material] = {}
        self._frame = np.eye(4)
        self._finishes: tuple[Finish, ...] = ()

    def stand(self, position: Point = (0.0, 0.0, 0.0), turn_rad: float = 0.0, finishes: Sequence[Finish] = ()) -> None:
        """From here on objects are made in a frame at a position, turned counter-clockwise, with numbered finishes."""
        cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
        self._frame = np.eye(4)
        self._frame[:2, :2] = [[cosine, -sine], [sine, cosine]]
        self._frame[:3, 3] = position
        self._finishes = tuple(finishes)

    def finish(self, finish: Finish | int) -> Finish:
        """A finish by its number; the last one stands in for numbers beyond it."""
        return self._finishes[min(finish, len(self._finishes) - 1)] if isinstance(finish, int) else finish

    def material(self, finish: Finish | int) -> Material:
        finish = self.finish(finish)
        return self._materials.setdefault(finish, material_of(finish))

    def block(
        self,
        finish: Finish | int,
        low: Place,
        high: Place,
        faces: tuple[int, ...] = (0, 1, 2, 3, 4, 5),
    ) -> None:
        """An upright box between two corners."""
        low_corner, high_corner = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        self._add_box(finish, (low_corner + high_corner) / 2, high_corner - low_corner, np.eye(3), faces)

    def bar(
        self,
        finish: Finish | int,
        start: Place,
        end: Place,
        width: float,
        depth: float | None = None,
    ) -> None:
        """A square (or ``width`` × ``depth``) bar from one point to another; ``width`` is its level side."""
        a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        length = float(np.linalg.norm(b - a))
        axis = (b - a) / length
        seed = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
        side = np.cross(seed, axis)
        side /= np.linalg.norm(side)
        rotation = np.column_stack([axis, side, np.cross(axis, side)])
        self._add_box(finish, (a + b) / 2, np.array([length, width, depth or width]), rotation, (0, 1, 2, 3, 4, 5))

    def leaning(self, finish: Finish | int, low: Place, high: Place, tilt_rad: float) -> None:
        """A box whose top leans back (towards +y) about its lower front edge."""
        low_corner, high_corner = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        cosine, sine = math.cos(tilt_rad), math.sin(tilt_rad)
        rotation = np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]])
        pivot = np.array([0.0, low_corner[1], low_corner[2]])
        centre = rotation @ ((low_corner + high_corner) / 2 - pivot) + pivot
        self._add_box(finish, centre, high_corner - low_corner, rotation, (0, 1, 2, 3, 4, 5))

    def cylinder(
        self,
        finish: Finish | int,
        at: Place,
        radius: float | int,
        height: float | int,
        top_radius: float | int | None = None,
        segments: int = 12,
    ) -> None:
        """A closed cylinder or cone that stands on ``at``."""
        top = radius if top_radius is None else top_radius
        profile = ((0.0, 0.0), (float(radius), 0.0), (float(top), float(height)), (0.0, float(height)))
        self._add_shape(finish, _turned(profile, segments), at)

    def lathe(
        self, finish: Finish | int, at: Place, profile: Sequence[tuple[float | int, float | int]], segments: int = 14
    ) -> None:
        """A turned shape of (radius, height) points that stands on ``at``."""
        self._add_shape(finish, _turned(tuple((float(r), float(z)) for r, z in profile), segments), at)

    def sphere(self, finish: Finish | int, at: Place, radius: float, segments: int = 12) -> None:
        """A ball about ``at``."""
        self._add_shape(finish, _ball(radius, segments), at)

    def cushion(self, finish: Finish | int, low: Place, high: Place, radius: float = 0.05, segments: int = 1) -> None:
        """An upright box with rounded edges between two corners."""
        low_corner, high_corner = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        x, y, z = (high_corner - low_corner).tolist()
        middle = (low_corner + high_corner) / 2
        solid = _rounded(x, y, z, min(radius, 0.49 * min(x, y, z)), segments)
        self._add_shape(finish, solid, (middle[0], middle[1], low_corner[2]))

    def tube(
        self, finish: Finish | int, path: Sequence[Place], radius: float | Sequence[float | int], segments: int = 8
    ) -> None:
        """A round tube along points."""
        thickness = np.asarray(radius, dtype=np.float64) if isinstance(radius, Sequence) else radius
        solid = primitives.tube(np.array(path, dtype=np.float64), thickness, self.material(finish), segments)
        self.mesh(finish, solid)

    def picture(self, finish: Finish | int, corner: Place, right: Place, up: Place) -> None:
        """A parallelogram that shows its finish exactly once; corner, right and up as its viewer sees them."""
        self.mesh(
            finish, primitives.quad(np.array(corner), np.array(right), np.array(up), self.material(finish), fit=True)
        )

    def face(self, finish: Finish | int, corner: Place, right: Place, up: Place) -> None:
        """A parallelogram with metric texture coordinates."""
        self.mesh(finish, primitives.quad(np.array(corner), np.array(right), np.array(up), self.material(finish)))

    def mesh(self, finish: Finish | int, mesh: Mesh, at: Place = (0.0, 0.0, 0.0)) -> None:
        """Any mesh made with ``material(finish)``, moved to ``at`` in the object's frame."""
        move = np.eye(4)
        move[:3, 3] = at
        self._meshes.setdefault(self.finish(finish), []).append(transformed(mesh, self._frame @ move))

    def _add_shape(self, finish: Finish | int, shape: Mesh, at: Place) -> None:
        self.mesh(finish, dataclasses.replace(shape, material=self.material(finish)), at)

    def meshes(self) -> tuple[Mesh, ...]:
        """Everything made so far, one mesh a finish, in order of first use."""
        finishes = dict.fromkeys([*self._boxes, *self._meshes])
        result = []
        for finish in finishes:
            parts = list(self._meshes.get(finish, ()))
            if finish in self._boxes:
                parts.append(_boxes_mesh(self._boxes[finish], self.material(finish), finish.pattern))
            result.append(merged(parts))
        return tuple(result)

    def _add_box(
        self,
        finish: Finish | int,
        centre: np.ndarray,
        size: np.ndarray,
        rotation: np.ndarray,
        faces: tuple[int, ...],
    ) -> None:
        turned = self._frame[:3, :3] @ rotation
        place = self._frame[:3, :3] @ centre + self._frame[:3, 3]
        self._boxes.setdefault(self.finish(finish), []).append((place, np.maximum(size, 1e-4), turned, faces))


@lru_cache(maxsize=1024)
def _turned(profile: tuple[tuple[float, float], ...], segments: int) -> Mesh:
    return primitives.lathe(np.array(profile, dtype=np.float64), _UNPAINTED, segments)


@lru_cache(maxsize=256)
def _ball(radius: float, segments: int) -> Mesh:
    return primitives.sphere(radius, _UNPAINTED, segments, max(4, segments // 2))


@lru_cache(maxsize=1024)
def _rounded(x: float, y: float, z: float, radius: float, segments: int) -> Mesh:
    return primitives.rounded_box((x, y, z), radius, _UNPAINTED, segments)


def _boxes_mesh(
    boxes: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, ...]]], material: Material, pattern: str
) -> Mesh:
    """Faces of many boxes."""
    owner = np.repeat(np.arange(len(boxes)), [len(box[3]) for box in boxes])
    face = np.concatenate([box[3] for box in boxes]).astype(int)
    centre = np.array([box[0] for box in boxes])[owner]
    size = np.array([box[1] for box in boxes])[owner]
    rotation = np.array([box[2] for box in boxes])[owner]
    right, up = _RIGHT[face], _UP[face]
    normal = np.cross(right, up)
    width, height = np.abs(right * size).sum(-1), np.abs(up * size).sum(-1)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    local = (
        (normal * size / 2)[:, None]
        + corners[None, :, :1] * (right * size)[:, None]
        + corners[None, :, 1:] * (up * size)[:, None]
    )
    positions = centre[:, None] + np.einsum("fij,fkj->fki", rotation, local)
    normals = np.repeat(np.einsum("fij,fj->fi", rotation, normal)[:, None], 4, axis=1)
    uvs = _face_uvs(corners, np.stack([width, height], axis=-1), owner, pattern)
    triangles = (4 * np.arange(len(face)))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return mesh_of(
        positions.reshape(-1, 3), normals.reshape(-1, 3), uvs.reshape(-1, 2), triangles.reshape(-1, 3), material
    )


def _face_uvs(
    corners: np.ndarray, face_size: np.ndarray, owner: np.ndarray, pattern: str
) -> Float[np.ndarray, "f 4 2"]:
    """Grain runs along the longer side of a face; patterns are moved from box to box; pictures fill every face."""
    unit = corners + 0.5
    if pattern in SHOWN_ONCE:
        return np.broadcast_to(unit, (len(owner), 4, 2))
    metric = unit[None] * face_size[:, None]
    if pattern in GRAINED:
        metric = np.where((face_size[:, 1] > face_size[:, 0])[:, None, None], metric[..., ::-1], metric)
    moved = np.stack([owner * 0.618034 % 1.0, owner * 0.381966 % 1.0], axis=-1) * 7.0
    return metric + moved[:, None]
