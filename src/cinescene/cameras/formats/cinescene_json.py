"""CineScene's own camera track: JSON that holds all of a `CameraTrack`, exactly.

::

    {
      "kind": "cinescene.camera-track", "version": 1,
      "camera_axes": "opencv", "z_up": true, "metres_per_unit": 1.0,
      "frame_rate": 24.0, "times_s": null, "names": null,
      "image_size_px": [672, 384],            one for all frames, or one a frame
      "intrinsics_px": [[fx, s, cx], [0, fy, cy], [0, 0, 1]],       the same
      "world_from_camera": [[[...], [...], [...], [0, 0, 0, 1]], ...],
      "notes": []
    }

Camera axes are OpenCV's (+x right, +y down, +z forward), matrices multiply column vectors, pixel centres lie at +0.5.
Numbers are written with all digits of a float64, so that reading gives the same bits. ``z_up`` false says that it is
not known which way is up; null stands for whatever else is not known. Within a version, keys may be added but none
changes its meaning; a file of a later version is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import checked_poses
from cinescene.cameras.formats.documents import Field, read_json, write_json
from cinescene.cameras.formats.lens import MAX_SIDE_PX
from cinescene.cameras.formats.losses import Holds
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError
from cinescene.tensor_types import Tensor

TITLE = "A CineScene camera track"
HOLDS = Holds(
    lens=True,
    pixel_aspect=True,
    principal_point=True,
    skew=True,
    size=True,
    mixed_sizes=True,
    rate=True,
    times=True,
    names=True,
    metres=True,
    up=True,
)

KIND = "cinescene.camera-track"
VERSION = 1


def read(path: Path) -> CameraTrack:
    """The track in a file of kind ``cinescene.camera-track``."""
    document = read_json(path)
    kind = document["kind"].text()
    if kind != KIND:
        raise InputError(f"{path}: expected a document of kind {KIND!r}, got {kind!r}")
    version = document["version"].integer()
    if version != VERSION:
        later = "; it was written by a later CineScene: update this one" if version > VERSION else ""
        raise InputError(f"{path}: expected version {VERSION} of {KIND}, got version {version}{later}")
    return _track(path, document)


def _track(path: Path, document: Field) -> CameraTrack:
    frames = document["world_from_camera"].items()
    if not frames:
        raise InputError(f"{path}: world_from_camera: expected at least one pose, got none")
    matrices = np.stack([frame.matrix(4, 4) for frame in frames])
    names = document.optional("names")
    times = document.optional("times_s")
    rate = document.optional("frame_rate")
    scale = document.optional("metres_per_unit")
    notes = document.optional("notes")
    up = document.optional("z_up")
    return CameraTrack(
        world_from_camera=checked_poses(matrices, lambda i: frames[i].where),
        intrinsics_px=_intrinsics(document, len(frames)),
        image_size_px=_sizes(document, len(frames)),
        frame_rate=None if rate is None else rate.positive(),
        times_s=None if times is None else torch.from_numpy(times.numbers(len(frames))),
        names=None if names is None else tuple(name.text() for name in names.items()),
        metres_per_unit=None if scale is None else scale.positive(),
        z_up=True if up is None else up.flag(),
        notes=() if notes is None else tuple(note.text() for note in notes.items()),
    )


def _intrinsics(document: Field, frames: int) -> Tensor | None:
    field = document.optional("intrinsics_px")
    if field is None:
        return None
    shared = not _is_nested(field, 2)
    matrices = [field.matrix(3, 3)] if shared else [item.matrix(3, 3) for item in field.items()]
    return _for_frames(field, torch.from_numpy(np.stack(matrices)), frames, shared)


def _sizes(document: Field, frames: int) -> Tensor | None:
    field = document.optional("image_size_px")
    if field is None:
        return None
    shared = not _is_nested(field, 1)
    rows = [field] if shared else field.items()
    sizes = []
    for row in rows:
        sides = [side.integer() for side in row.items()]
        if len(sides) != 2 or not all(0 < side <= MAX_SIDE_PX for side in sides):
            raise InputError(f"{row.where}: expected a width and a height of 1 to {MAX_SIDE_PX} px, got {row.value}")
        sizes.append(sides)
    return _for_frames(field, torch.tensor(sizes), frames, shared)


def _is_nested(field: Field, depth: int) -> bool:
    """Whether arrays lie more than ``depth`` deep in the field, which then has one entry a frame."""
    value = field.value
    for _ in range(depth):
        if not (isinstance(value, list) and value):
            return False
        value = value[0]
    return isinstance(value, list)


def _for_frames(field: Field, rows: Tensor, frames: int, shared: bool) -> Tensor:
    if shared:
        return rows.expand(frames, *rows.shape[1:])
    if len(rows) != frames:
        raise InputError(f"{field.where}: expected one entry, or one for each of {frames} frames, got {len(rows)}")
    return rows


def write(path: Path, track: CameraTrack) -> list[str]:
    """Writes everything; nothing is lost."""
    write_json(path, to_json(track))
    return []


def to_json(track: CameraTrack) -> dict[str, Any]:
    """The track as the JSON document that `read` reads."""
    return {
        "kind": KIND,
        "version": VERSION,
        "camera_axes": "opencv",
        "z_up": track.z_up,
        "metres_per_unit": track.metres_per_unit,
        "frame_rate": track.frame_rate,
        "times_s": None if track.times_s is None else track.times_s.to(torch.float64).tolist(),
        "names": None if track.names is None else list(track.names),
        "image_size_px": _once(track.image_size_px),
        "intrinsics_px": _once(None if track.intrinsics_px is None else track.intrinsics_px.to(torch.float64)),
        "world_from_camera": track.world_from_camera.to(torch.float64).tolist(),
        "notes": list(track.notes),
    }


def _once(rows: Tensor | None) -> Any:
    if rows is None:
        return None
    return (rows[0] if (rows == rows[0]).all() else rows).tolist()
