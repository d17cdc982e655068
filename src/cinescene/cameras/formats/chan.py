"""Nuke's ``.chan`` camera animation: ``frame tx ty tz rx ry rz [vfov]`` a line.

Camera-to-world for OpenGL camera axes (+x right, +y up, looking along −z). Angles are in degrees; ``rotation_order``
names the axes in the order in which they are applied: Nuke's cameras have ZXY, roll first and pan last, M = Ry Rx Rz.
The file does not state it, nor its world's up (Nuke's is y; Blender's exporter turns its z-up world to y up by
default), units, frame rate or picture size. The eighth column is the vertical field of view. Source: Nuke's user guide
("Import chan file"), Blender's manual ("Nuke Animation (chan)"), whose add-on wants the same rotation order named.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import FLIP_CAMERA, Up, checked_poses, turned_up, upright, z_up_from
from cinescene.cameras.formats.documents import read_text, write_text
from cinescene.cameras.formats.lens import (
    SizePx,
    focal_from_field_of_view,
    intrinsics_from,
    nominal_note,
    nominal_size,
    repeated_size,
    tangents,
)
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.rows import data_lines, numbers, row
from cinescene.cameras.formats.timing import timing_of
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import rigid, rotation_about_axis
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

TITLE = "A .chan file"
HOLDS = Holds(lens=True, up=True)

ROTATION_ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
"""The axes in the order in which rotations about them are applied."""

_COLUMNS = "frame tx ty tz rx ry rz"


def read(
    path: Path,
    *,
    size_px: SizePx | None = None,
    frame_rate: float | None = None,
    up: Up = "y",
    rotation_order: str = "ZXY",
) -> CameraTrack:
    """The track in a file; what the file does not state can be stated: picture size, frame rate, up, rotation order.

    Frames that are missing between others need ``frame_rate`` and give times; a file with a steady step needs nothing.
    """
    places, rows = _rows(path)
    order = _checked_order(rotation_order)
    angles = torch.deg2rad(rows[:, 4:7])
    poses = rigid(rotation_from_euler(angles, order), rows[:, 1:4])
    poses, z_up = turned_up(checked_poses(poses.numpy(), places.__getitem__, opengl=True), up)
    notes: list[str] = []
    timing = _timing(path, places, rows[:, 0], frame_rate, notes)
    lens = _lens(path, rows, size_px, notes)
    return CameraTrack(world_from_camera=poses, z_up=z_up, notes=tuple(notes), **timing, **lens)


def _rows(path: Path) -> tuple[list[str], Float[Tensor, "t k"]]:
    places: list[str] = []
    rows: list[list[float]] = []
    for where, line in data_lines(path, read_text(path)):
        with_lens = len(line.split()) == 8
        values = numbers(line, where, _COLUMNS + " vfov" * with_lens)
        if rows and len(values) != len(rows[0]):
            raise InputError(f"{where}: expected {len(rows[0])} numbers as in the first line, got {len(values)}")
        if rows and values[0] <= rows[-1][0]:
            raise InputError(
                f"{where}: expected frame numbers that increase, but {values[0]:g} follows {rows[-1][0]:g}"
            )
        places.append(where)
        rows.append(values)
    if not rows:
        raise InputError(f"{path}: expected lines of 7 or 8 numbers ({_COLUMNS} [vfov]), got comments only")
    return places, torch.tensor(rows, dtype=torch.float64)


def _checked_order(rotation_order: str) -> tuple[int, int, int]:
    if rotation_order.upper() not in ROTATION_ORDERS:
        raise InputError(f"rotation order: expected one of {', '.join(ROTATION_ORDERS)}, got {rotation_order!r}")
    first, second, third = ("XYZ".index(axis) for axis in rotation_order.upper())
    return first, second, third


def _timing(
    path: Path, places: list[str], frames: Float[Tensor, "t"], frame_rate: float | None, notes: list[str]
) -> dict[str, Any]:
    if frame_rate is not None and not (frame_rate > 0 and math.isfinite(frame_rate)):
        raise InputError(f"frame rate: expected a positive number, got {frame_rate}")
    steps = frames.diff()
    if len(frames) > 1 and float((steps - steps[0]).abs().max()) > 1e-6:
        if frame_rate is None:
            jump = int((steps - steps[0]).abs().argmax()) + 1
            raise InputError(
                f"{places[jump]}: frames jump from {float(frames[jump - 1]):g} to {float(frames[jump]):g}; state the "
                "frame rate (--fps) to have them at their times"
            )
        return timing_of((frames - frames[0]) / frame_rate)
    step = float(steps[0]) if len(frames) > 1 else 1.0
    if abs(step - 1) > 1e-6:
        notes.append(f"The file's frames are {step:g} apart; they are read as following each other.")
    return {"frame_rate": None if frame_rate is None else frame_rate / step}


def _lens(path: Path, rows: Float[Tensor, "t k"], size_px: SizePx | None, notes: list[str]) -> dict[str, Any]:
    if rows.shape[1] < 8:
        return {}
    size = size_px
    if size is None:
        size = nominal_size(16 / 9)
        notes.append(nominal_note(size).replace("with the field", "with the vertical field"))
    focal = focal_from_field_of_view(torch.deg2rad(rows[:, 7]), float(size[1]), f"{path}: eighth column")
    centre = torch.full_like(focal, size[0] / 2), torch.full_like(focal, size[1] / 2)
    return {
        "intrinsics_px": intrinsics_from(focal, focal, *centre),
        "image_size_px": repeated_size(size, len(rows), str(path)),
    }


def write(path: Path, track: CameraTrack, *, rotation_order: str = "ZXY", first_frame: int = 1) -> list[str]:
    """Writes a y-up file in the track's own units; returns sentences on what is lost."""
    order = _checked_order(rotation_order)
    poses, notes = upright(track)
    poses = z_up_from("y").mT @ poses @ FLIP_CAMERA
    angles = np.rad2deg(np.unwrap(euler_from_rotation(poses[:, :3, :3], order).numpy(), axis=0))
    frames = torch.arange(len(track), dtype=torch.float64)[:, None] + first_frame
    columns = [frames, poses[:, :3, 3], torch.from_numpy(angles)]
    if track.intrinsics_px is not None:
        cameras = track.cameras().to(dtype=torch.float64)
        columns.append(torch.rad2deg(2 * torch.atan(tangents(cameras)[1]))[:, None])
    write_text(path, "".join(f"{row(line)}\n" for line in torch.cat(columns, dim=-1).tolist()))
    return notes + what_is_lost(track, TITLE, HOLDS)


def rotation_from_euler(angles_rad: Float[Tensor, "t 3"], order: tuple[int, int, int]) -> Float[Tensor, "t 3 3"]:
    """The rotation about x, y and z by the three columns, applied in the stated order of axes."""
    axes = torch.eye(3, dtype=angles_rad.dtype)
    first, second, third = (rotation_about_axis(axes[k], angles_rad[:, k]) for k in order)
    return third @ second @ first


def euler_from_rotation(rotation: Float[Tensor, "t 3 3"], order: tuple[int, int, int]) -> Float[Tensor, "t 3"]:
    """The inverse of `rotation_from_euler`; where the middle angle is ±90°, the first is taken as zero.

    Written out for one cyclic and one anticyclic order from the product of the three elementary rotations.
    """
    i, j, k = order
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    cosine = torch.hypot(rotation[:, i, i], rotation[:, j, i])
    locked = cosine < 1e-9
    first = torch.atan2(sign * rotation[:, k, j], rotation[:, k, k])
    third = torch.atan2(sign * rotation[:, j, i], rotation[:, i, i])
    third_locked = torch.atan2(-sign * rotation[:, i, j], rotation[:, j, j])
    angles = torch.empty_like(rotation[:, 0])
    angles[:, i] = torch.where(locked, torch.zeros_like(first), first)
    angles[:, j] = torch.atan2(-sign * rotation[:, k, i], cosine)
    angles[:, k] = torch.where(locked, third_locked, third)
    return angles
