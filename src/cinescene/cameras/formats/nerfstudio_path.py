"""nerfstudio's ``camera_path.json``: the frames that ``ns-render camera-path`` renders, and the viewer's keyframes.

``camera_path[i].camera_to_world`` is a 4×4 matrix, row by row as 16 numbers, for OpenGL camera axes in a z-up world of
arbitrary units; ``fov`` is the vertical field of view in degrees, pixels are square and the lens axis is the picture's
centre (``aspect`` is not used by the renderer). ``render_width`` and ``render_height`` are pixels; the frame rate is
the number of frames over ``seconds``, and ``fps``. ``keyframes[i].matrix`` is the same as 16 numbers, row by row, in
files of the present viewer; the former three.js viewer wrote a string of 16 numbers, column by column. Source:
nerfstudio's ``camera_paths.py``, ``render.py`` and ``render_panel.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import FLIP_CAMERA, Up, checked_poses, turned_up, upright
from cinescene.cameras.formats.documents import Field, parse_json, read_json, write_json
from cinescene.cameras.formats.lens import (
    focal_from_field_of_view,
    intrinsics_from,
    lens_of,
    repeated_size,
    tangents,
)
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.timing import rate_for
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError

TITLE = "nerfstudio's camera_path.json"
HOLDS = Holds(lens=True, size=True, rate=True, up=True)


def read(path: Path, *, up: Up = "z", keyframes: bool = False) -> CameraTrack:
    """The rendered frames of a file; with ``keyframes`` the viewer's keyframes instead, which have no times."""
    document = read_json(path)
    frames = document["keyframes" if keyframes else "camera_path"].items()
    if not frames:
        hint = "" if keyframes else "; generate them in the viewer, or read its keyframes (keyframes=True)"
        raise InputError(f"{path}: expected frames in {'keyframes' if keyframes else 'camera_path'}, got none{hint}")
    fields = [frame["matrix" if keyframes else "camera_to_world"] for frame in frames]
    matrices = np.stack([_matrix(field) for field in fields])
    poses, z_up = turned_up(checked_poses(matrices, lambda i: fields[i].where, opengl=True), up)
    notes: list[str] = []
    lens = _lens(document, frames, notes)
    rate = None if keyframes else _rate(document, len(frames))
    return CameraTrack(world_from_camera=poses, frame_rate=rate, z_up=z_up, notes=tuple(notes), **lens)


def _matrix(field: Field) -> np.ndarray:
    columns_first = isinstance(field.value, str)
    if columns_first:
        field = Field(parse_json(field.where, field.value).value, field.file, field.place)
    items = field.items()
    matrix = field.matrix(4, 4) if len(items) == 4 else field.numbers(16).reshape(4, 4)
    return matrix.T if columns_first else matrix


def _lens(document: Field, frames: list[Field], notes: list[str]) -> dict[str, Any]:
    kind = document.optional("camera_type")
    if kind is not None and kind.text().lower() != "perspective":
        notes.append(f"The cameras are of type {kind.text()}, which is no pinhole lens: the poses alone are read.")
        return {}
    size = document["render_width"].integer(), document["render_height"].integer()
    sizes = repeated_size(size, len(frames), document.where)
    degrees = torch.tensor([frame["fov"].number() for frame in frames], dtype=torch.float64)
    focal = focal_from_field_of_view(torch.deg2rad(degrees), float(size[1]), f"{document.where}: fov")
    centre = sizes.to(torch.float64) / 2
    return {
        "intrinsics_px": intrinsics_from(focal, focal, centre[:, 0], centre[:, 1]),
        "image_size_px": sizes,
    }


def _rate(document: Field, frames: int) -> float | None:
    rate = document.optional("fps")
    if rate is not None:
        return rate.positive()
    seconds = document.optional("seconds")
    return None if seconds is None else frames / seconds.positive()


def write(path: Path, track: CameraTrack) -> list[str]:
    """Writes the frames, each a keyframe too, so that the viewer shows the path; returns what is lost."""
    cameras = lens_of(path, track, TITLE)
    poses, notes = upright(track)
    rate, more = rate_for(track)
    width, height = (int(side) for side in cameras.image_size_px[0])
    fields_of_view = torch.rad2deg(2 * torch.atan(tangents(cameras)[1])).tolist()
    frames = [
        {"matrix": matrix, "fov": fov, "aspect": width / height}
        for matrix, fov in zip((poses @ FLIP_CAMERA).flatten(1).tolist(), fields_of_view, strict=True)
    ]
    transition = {"override_transition_enabled": False, "override_transition_sec": None}
    document = {
        "default_fov": fields_of_view[0],
        "default_transition_sec": 1 / rate,
        "keyframes": [{**frame, **transition} for frame in frames],
        "camera_type": "perspective",
        "render_height": height,
        "render_width": width,
        "fps": rate,
        "seconds": len(track) / rate,
        "is_cycle": False,
        "smoothness_value": 0.0,
        "camera_path": [{("camera_to_world" if k == "matrix" else k): v for k, v in f.items()} for f in frames],
    }
    write_json(path, document)
    return notes + more + what_is_lost(track, TITLE, HOLDS)
