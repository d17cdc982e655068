"""Poses between conventions: camera axes, world axes, units; and the checks that every pose read must pass.

OpenGL cameras (nerfstudio, Blender, USD, glTF, Nuke) look along −z with +y up; OpenCV cameras look along +z with +y
down: the two differ by a half turn about x, which is its own inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import check_rigid, rigid
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

Up = Literal["x", "-x", "y", "-y", "z", "-z"]
"""Which axis of a file's world points up."""

FLIP_CAMERA = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))
"""OpenGL camera axes from OpenCV camera axes, and the reverse."""

_Z_UP_ROWS: dict[str, list[list[float]]] = {
    "x": [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
    "-x": [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
    "y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "-y": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "z": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "-z": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
}


def z_up_from(up: str) -> Float[Tensor, "4 4"]:
    """The quarter or half turn that brings a world whose ``up`` axis points up to z up; float64."""
    if up not in _Z_UP_ROWS:
        raise InputError(f"up: expected one of {', '.join(_Z_UP_ROWS)}, got {up!r}")
    return rigid(torch.tensor(_Z_UP_ROWS[up], dtype=torch.float64), torch.zeros(3, dtype=torch.float64))


def checked_poses(matrices: np.ndarray, where: Callable[[int], str], *, opengl: bool = False) -> Float[Tensor, "t 4 4"]:
    """``world_from_camera`` of camera-to-world matrices in a file; float64.

    Matrices of 3×4 are completed to 4×4; OpenGL camera axes are turned to OpenCV's. Raises `GeometryError` that names
    the place, ``where(i)``, of the first matrix that is not a rigid motion.
    """
    poses = torch.from_numpy(np.ascontiguousarray(matrices, dtype=np.float64))
    if poses.shape[-2] == 3:
        poses = rigid(poses[..., :3], poses[..., 3])
    try:
        check_rigid(poses)
    except GeometryError:
        for i, pose in enumerate(poses):
            check_rigid(pose, where(i))
        raise
    return poses @ FLIP_CAMERA if opengl else poses


def without_scale(matrix: np.ndarray, where: str) -> np.ndarray:
    """A camera-to-world matrix (4×4) with the scale of its axes divided out, as scaled parents leave it.

    Raises `GeometryError` for numbers that are not finite and axes of no length. Shear and mirrors are left in.
    """
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not (np.isfinite(matrix).all() and np.isfinite(lengths).all() and (lengths > 1e-12).all()):
        raise GeometryError(f"{where}: this camera's transform is not finite or squeezes space to nothing")
    result = matrix.copy()
    result[:3, :3] /= lengths
    return result


def turned_up(poses: Float[Tensor, "t 4 4"], up: str | None) -> tuple[Float[Tensor, "t 4 4"], bool]:
    """Poses in a z-up world, and whether they are: with ``up`` None they stay as they are."""
    if up is None:
        return poses, False
    return z_up_from(up) @ poses, True


def upright(track: CameraTrack) -> tuple[Float[Tensor, "t 4 4"], list[str]]:
    """The track's poses in a z-up world, float64, and a sentence if that world's up had to be guessed.

    Where up is unknown, the axis that the cameras' tops lie nearest to on average is taken for up.
    """
    poses = track.world_from_camera.to(torch.float64)
    if track.z_up:
        return poses, []
    tops = -poses[:, :3, 1].mean(0)
    axis = int(tops.abs().argmax())
    up = ("-" if tops[axis] < 0 else "") + "xyz"[axis]
    return z_up_from(up) @ poses, [
        f"Which way is up was not known: the axis {up}, where the cameras' tops point on average, is written as up."
    ]


def in_units(
    poses: Float[Tensor, "t 4 4"], metres_per_unit: float | None, target_metres_per_unit: float
) -> tuple[Float[Tensor, "t 4 4"], list[str]]:
    """Poses with lengths in the target unit, and a sentence if the length of a unit was not known."""
    notes = []
    if metres_per_unit is None:
        notes.append("The scale was not known: one unit is written as one metre.")
        metres_per_unit = 1.0
    scaled = rigid(poses[:, :3, :3], poses[:, :3, 3] * (metres_per_unit / target_metres_per_unit))
    if not torch.isfinite(scaled).all():
        raise GeometryError("camera track: a position is too far away to be written in these units")
    return scaled, notes
