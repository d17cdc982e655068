"""nerfstudio's (and instant-ngp's) ``transforms.json``: pictures, their poses and lens.

``frames[i].transform_matrix`` is camera-to-world for OpenGL camera axes (+x right, +y up, looking along −z) in a world
with z up; ``fl_x fl_y cx cy w h`` are in pixels, for all frames at the top or in each frame, pixel centres at +0.5.
``camera_angle_x`` (radians, the whole horizontal field of view) may stand for ``fl_x``, as in the synthetic NeRF data.
Units are arbitrary. ``applied_transform`` (3×4) is what nerfstudio's processing turned the original (COLMAP) world by:
the matrices have it in them; with ``original_world`` it is taken out again. Source: nerfstudio's documentation, "Data
conventions", and its ``nerfstudio_dataparser.py``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import FLIP_CAMERA, Up, checked_poses, turned_up, upright
from cinescene.cameras.formats.distortion import Distorted, distortion_note, polynomial
from cinescene.cameras.formats.documents import Field, read_json, write_json
from cinescene.cameras.formats.lens import SizePx, check_size, intrinsics_from, lens_of, nominal_note, nominal_size
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

TITLE = "nerfstudio's transforms.json"
HOLDS = Holds(lens=True, pixel_aspect=True, principal_point=True, size=True, mixed_sizes=True, names=True, up=True)

_COEFFICIENTS = ("k1", "k2", "p1", "p2", "k3", "k4")


def read(
    path: Path,
    *,
    size_px: SizePx | None = None,
    up: Up = "z",
    original_world: bool = False,
    ignore_distortion: bool = False,
) -> CameraTrack:
    """The poses of a file, or of ``transforms.json`` in a folder, in the file's order.

    ``size_px`` is the picture size where the file has none. ``original_world`` undoes ``applied_transform``; which way
    is up is then unknown.
    """
    document = read_json(path / "transforms.json" if path.is_dir() else path)
    frames = document["frames"].items()
    if not frames:
        raise InputError(f"{document.where}: frames: expected at least one frame, got none")
    matrices = np.stack([_matrix(frame["transform_matrix"]) for frame in frames])
    poses = checked_poses(matrices, lambda i: f"{frames[i].where}.transform_matrix", opengl=True)
    applied = document.optional("applied_transform")
    if original_world and applied is not None:
        poses, z_up = torch.linalg.inv(_applied(applied)) @ poses, False
    else:
        poses, z_up = turned_up(poses, up)
    lens, notes = _lens(document, frames, size_px, ignore_distortion)
    if applied is not None and not original_world:
        notes.append("The world is that of nerfstudio's processing (applied_transform), not the original one.")
    return CameraTrack(world_from_camera=poses, names=_names(frames), z_up=z_up, notes=tuple(notes), **lens)


def _matrix(field: Field) -> np.ndarray:
    rows = field.items()
    if len(rows) == 3:
        return np.concatenate([field.matrix(3, 4), [[0.0, 0, 0, 1]]])
    return field.matrix(4, 4)


def _applied(field: Field) -> Float[Tensor, "4 4"]:
    return checked_poses(_matrix(field)[None], lambda _: field.where)[0]


def _names(frames: list[Field]) -> tuple[str, ...] | None:
    if not any(frame.has("file_path") for frame in frames):
        return None
    names = [frame["file_path"].text() for frame in frames]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in seen:
            raise InputError(f"{frames[i].where}: the picture {name!r} stands at frames[{seen[name]}] too")
        seen[name] = i
    return tuple(names)


# ---- the lens -------------------------------------------------------------------------------------------------------


def _lens(
    document: Field, frames: list[Field], size_px: SizePx | None, ignore_distortion: bool
) -> tuple[dict[str, Any], list[str]]:
    if not any(source.has(key) for source in (document, frames[0]) for key in ("fl_x", "camera_angle_x")):
        return {}, ["The file states no lens."]
    notes: dict[str, None] = {}
    numbers, sizes = [], []
    for frame in frames:
        size, note = _size(document, frame, size_px)
        numbers.append(_pinhole(document, frame, size))
        sizes.append(size)
        distortion = _distortion(document, frame, numbers[-1], size)
        told = None if distortion is None else distortion_note(distortion, frame.where, ignore_distortion)
        notes |= dict.fromkeys(said for said in (note, told) if said)
    intrinsics = intrinsics_from(*torch.tensor(numbers, dtype=torch.float64).unbind(-1))
    return {"intrinsics_px": intrinsics, "image_size_px": torch.tensor(sizes)}, list(notes)


def _stated(document: Field, frame: Field, key: str) -> Field | None:
    return frame.optional(key) or document.optional(key)


def _size(document: Field, frame: Field, size_px: SizePx | None) -> tuple[SizePx, str | None]:
    width, height = _stated(document, frame, "w"), _stated(document, frame, "h")
    if width is not None and height is not None:
        size = (width.integer(), height.integer())
        check_size(size, frame.where)
        return size, None
    if size_px is not None:
        return size_px, None
    if _stated(document, frame, "fl_x") is not None:
        raise InputError(f"{frame.where}: fl_x is stated but not the picture size, w and h; state it (size_px)")
    size = nominal_size(1.0)
    return size, nominal_note(size)


def _pinhole(document: Field, frame: Field, size: SizePx) -> tuple[float, float, float, float]:
    fx = _focal(document, frame, "x", size[0])
    fy = _focal(document, frame, "y", size[1])
    if fx is None:
        raise InputError(f"{frame.where}: the key 'fl_x' (or 'camera_angle_x') is missing")
    cx, cy = _stated(document, frame, "cx"), _stated(document, frame, "cy")
    return (
        fx,
        fx if fy is None else fy,
        size[0] / 2 if cx is None else cx.number(),
        size[1] / 2 if cy is None else cy.number(),
    )


def _focal(document: Field, frame: Field, axis: str, side_px: int) -> float | None:
    focal = _stated(document, frame, f"fl_{axis}")
    if focal is not None:
        return focal.positive()
    angle = _stated(document, frame, f"camera_angle_{axis}")
    if angle is None:
        return None
    if not 0 < angle.number() < math.pi:
        raise GeometryError(f"{angle.where}: expected an angle between 0 and π radians, got {angle.number():g}")
    return side_px / 2 / math.tan(angle.number() / 2)


def _distortion(
    document: Field, frame: Field, pinhole: tuple[float, float, float, float], size: SizePx
) -> Distorted | None:
    model = _stated(document, frame, "camera_model")
    name = "OPENCV" if model is None else model.text().upper()
    if document.has("is_fisheye") and document["is_fisheye"].flag():
        name = "OPENCV_FISHEYE"
    bent = "FISHEYE" in name or "EQUIRECTANGULAR" in name
    fields = [_stated(document, frame, key) for key in _COEFFICIENTS]
    parameters = tuple(0.0 if field is None else field.number() for field in fields)
    return Distorted(
        name=name,
        plane=None if bent else polynomial,
        parameters=parameters,
        focal_px=pinhole[:2],
        centre_px=pinhole[2:],
        size_px=size,
    )


# ---- writing --------------------------------------------------------------------------------------------------------


def write(path: Path, track: CameraTrack) -> list[str]:
    """Writes a file; returns sentences on what is lost. Needs a lens; pictures without names get made-up ones."""
    cameras = lens_of(path, track, TITLE)
    poses, notes = upright(track)
    names = track.names
    if names is None:
        names = tuple(f"images/frame_{i + 1:05d}.png" for i in range(len(track)))
        notes.append("The pictures had no names: images/frame_00001.png and so on are written.")
    lenses = [
        {"fl_x": k[0][0], "fl_y": k[1][1], "cx": k[0][2], "cy": k[1][2], "w": size[0], "h": size[1]}
        for k, size in zip(cameras.intrinsics_px.tolist(), cameras.image_size_px.tolist(), strict=True)
    ]
    shared = all(lens == lenses[0] for lens in lenses)
    frames = [
        {"file_path": name, **({} if shared else lens), "transform_matrix": matrix}
        for name, lens, matrix in zip(names, lenses, (poses @ FLIP_CAMERA).tolist(), strict=True)
    ]
    write_json(path, {"camera_model": "PINHOLE", **(lenses[0] if shared else {}), "frames": frames})
    return notes + what_is_lost(track, TITLE, HOLDS)
