"""Unreal camera matrices as text, ``"[a b c 0] [d e f 0] [g h i 0] [x y z 1] "``: the strings of Kling's data sets.

The matrix multiplies row vectors: its rows are the camera's forward, right and up axes and its position in
**centimetres**, in Unreal's left-handed world (+x forward, +y right, +z up). Source: the loaders of the CineScene,
ReCamMaster (MultiCamVideo) and 3DTrajMaster (360Motion) data, which take columns ``[1, 2, 0, 3]`` of the transpose,
negate the second and divide the position by 100.

That recipe alone leaves a mirrored world (determinant −1), usable for relative poses only. Here the world's y axis is
mirrored besides, S = diag(1, −1, 1): the result is a right-handed, z-up world in metres, and as S cancels in
``inv(c0) @ ci``, relative poses are those of the recipe.
"""

from __future__ import annotations

import re

import numpy as np
import torch

from cinescene.cameras.formats.axes import checked_poses, in_units, upright
from cinescene.cameras.formats.documents import Field
from cinescene.cameras.formats.rows import number, row
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

CENTIMETRE_M = 0.01

_MATRIX = re.compile(r"\s*(?:\[([^\[\]]*)\]\s*){4}")
_ROW = re.compile(r"\[([^\[\]]*)\]")

_OPENCV_FROM_UNREAL = np.array([[0.0, 1, 0], [0, 0, -1], [1, 0, 0]])
"""Right, down and forward from forward, right and up."""


def parse_matrix(field: Field) -> np.ndarray:
    """The 4×4 row-vector matrix in a JSON string; raises `InputError` that names its place."""
    text = field.text()
    rows = [r.replace(",", " ").split() for r in _ROW.findall(text)] if _MATRIX.fullmatch(text) else []
    if [len(r) for r in rows] != [4, 4, 4, 4]:
        raise InputError(f"{field.where}: expected four rows '[a b c d]' of four numbers each, got {text[:60]!r}")
    matrix = np.array([[number(word, field.where) for word in r] for r in rows])
    if np.abs(matrix[:, 3] - [0, 0, 0, 1]).max() > 1e-3:
        column_vectors = np.abs(matrix[3] - [0, 0, 0, 1]).max() <= 1e-3
        hint = "; this one multiplies column vectors (translation in the last column)" if column_vectors else ""
        raise GeometryError(
            f"{field.where}: expected an Unreal matrix for row vectors, whose last column is 0 0 0 1{hint}"
        )
    return matrix


def poses_from_unreal(fields: list[Field]) -> Float[Tensor, "t 4 4"]:
    """``world_from_camera`` in metres, right-handed and z up, of Unreal matrix strings; float64."""
    unreal = np.stack([parse_matrix(field) for field in fields])
    poses = np.zeros_like(unreal)
    poses[:, :3, :3] = np.swapaxes(_OPENCV_FROM_UNREAL @ unreal[:, :3, :3], 1, 2)
    poses[:, :3, 3] = unreal[:, 3, :3] * CENTIMETRE_M
    poses[:, 1] *= -1
    poses[:, 3, 3] = 1
    return checked_poses(poses, lambda i: fields[i].where)


def unreal_strings(track: CameraTrack) -> tuple[list[str], list[str]]:
    """The matrix string of every frame, and sentences on what had to be assumed (up, scale)."""
    poses, notes = upright(track)
    poses, more = in_units(poses, track.metres_per_unit, CENTIMETRE_M)
    mirrored = poses * torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)[:, None]
    unreal = np.zeros(mirrored.shape)
    unreal[:, :3, :3] = _OPENCV_FROM_UNREAL.T @ np.swapaxes(mirrored[:, :3, :3].numpy(), 1, 2)
    unreal[:, 3, :3] = mirrored[:, :3, 3].numpy()
    unreal[:, 3, 3] = 1
    return ["".join(f"[{row(r)}] " for r in matrix.tolist()) for matrix in unreal], notes + more


def frames_in_order(document: Field, prefix: str) -> list[Field]:
    """The per-frame objects of ``{"<prefix>0": ..., "<prefix>1": ...}`` by number; gaps and strange keys raise."""
    numbered: dict[int, Field] = {}
    for key, field in document.entries():
        match = re.fullmatch(rf"{prefix}(\d{{1,9}})", key, re.ASCII)
        if not match:
            raise InputError(f"{document.where}: expected keys such as '{prefix}0', got {key[:40]!r}")
        if int(match[1]) in numbered:
            raise InputError(f"{document.where}: frame {int(match[1])} stands twice")
        numbered[int(match[1])] = field
    if not numbered:
        raise InputError(f"{document.where}: this file holds no frames")
    first = min(numbered)
    for i in range(first, first + len(numbered)):
        if i not in numbered:
            raise InputError(f"{document.where}: frame {i} is missing between frames {first} and {max(numbered)}")
    return [numbered[i] for i in range(first, first + len(numbered))]


def camera_strings(frames: list[Field]) -> dict[str, list[Field]]:
    """The matrix strings of each camera over all frames; raises `InputError` where a frame lacks one."""
    cameras: dict[str, list[Field]] = {key: [] for key, _ in frames[0].entries()}
    if not cameras:
        raise InputError(f"{frames[0].where}: this frame holds no cameras")
    for frame in frames:
        found = dict(frame.entries())
        if found.keys() != cameras.keys():
            odd = sorted(found.keys() ^ cameras.keys())[0]
            raise InputError(
                f"{frame.where}: every frame must hold the same cameras, but {odd!r} is not in all of them"
            )
        for name, field in found.items():
            cameras[name].append(field)
    return cameras
