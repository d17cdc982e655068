"""RealEstate10K ``.txt``: a video's address, then one line of 19 numbers a frame.

::

    https://www.youtube.com/watch?v=...
    timestamp fx fy cx cy 0 0  r11 r12 r13 t1  r21 r22 r23 t2  r31 r32 r33 t3

The timestamp is in microseconds; fx and cx are fractions of the picture's width, fy and cy of its height; the 3×4
matrix is camera-from-world with OpenCV axes. The world is that of a structure-from-motion run: neither its scale nor
which way is up is stated. Source: the data set's page (Zhou et al., "Stereo Magnification", 2018). Columns six and
seven are zero there; CameraCtrl's tools write the picture's width and height into them, and that is understood too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cinescene.cameras.formats.axes import Up, checked_poses, turned_up
from cinescene.cameras.formats.documents import read_text, write_text
from cinescene.cameras.formats.lens import (
    SizePx,
    intrinsics_from,
    lens_of,
    nominal_note,
    nominal_size,
    repeated_size,
)
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.rows import data_lines, numbers, row
from cinescene.cameras.formats.timing import times_for, timing_of
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import invert_rigid
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

TITLE = "RealEstate10K"
HOLDS = Holds(lens=True, pixel_aspect=True, principal_point=True, times=True)

_COLUMNS = "timestamp fx fy cx cy zero zero r11 r12 r13 t1 r21 r22 r23 t2 r31 r32 r33 t3"
_MICROSECOND_S = 1e-6


def read(path: Path, *, size_px: SizePx | None = None, up: Up | None = None) -> CameraTrack:
    """The track in a file. ``size_px`` is the picture size, which the file does not state; ``up`` its world's up."""
    places, rows, notes = _rows(path)
    times = torch.from_numpy(rows[:, 0] * _MICROSECOND_S)
    for i in range(1, len(rows)):
        if rows[i, 0] <= rows[i - 1, 0]:
            raise InputError(
                f"{places[i]}: expected timestamps that increase, but {rows[i, 0]:.0f} follows {rows[i - 1, 0]:.0f}"
            )
    _check_normalised(places, rows)
    size, size_notes = _size(places, rows, size_px)
    sizes = repeated_size(size, len(rows), str(path))
    scale = sizes.to(torch.float64)
    lens = torch.from_numpy(rows[:, 1:5])
    camera_from_world = checked_poses(rows[:, 7:].reshape(-1, 3, 4), places.__getitem__)
    poses, z_up = turned_up(invert_rigid(camera_from_world), up)
    return CameraTrack(
        world_from_camera=poses,
        intrinsics_px=intrinsics_from(*(lens[:, k] * scale[:, k % 2] for k in range(4))),
        image_size_px=sizes,
        z_up=z_up,
        notes=(*notes, *size_notes),
        **timing_of(times),  # type: ignore[arg-type]
    )


def _rows(path: Path) -> tuple[list[str], np.ndarray, list[str]]:
    places, rows, notes = [], [], []
    for i, (where, line) in enumerate(data_lines(path, read_text(path))):
        if i == 0 and len(line.split()) == 1:
            notes += [f"The pictures are those of {line}."] if "://" in line else []
            continue
        places.append(where)
        rows.append(numbers(line, where, _COLUMNS))
    if not rows:
        raise InputError(f"{path}: expected lines of 19 numbers after the video's address, got none")
    return places, np.array(rows), notes


def _check_normalised(places: list[str], rows: np.ndarray) -> None:
    for where, values in zip(places, rows, strict=True):
        fx, fy = values[1:3]
        if not (fx > 0 and fy > 0):
            raise GeometryError(f"{where}: expected positive focal lengths, got {fx:g} and {fy:g}")
        if min(fx, fy) > 50:
            raise InputError(
                f"{where}: expected focal lengths as fractions of the picture's size (0.5 to 2 is usual), got {fx:g} "
                f"and {fy:g}, which look like pixels"
            )


def _size(places: list[str], rows: np.ndarray, size_px: SizePx | None) -> tuple[SizePx, list[str]]:
    sixth, seventh = rows[0, 5:7]
    stated = sixth >= 16 and seventh >= 16 and sixth == int(sixth) and seventh == int(seventh)
    constant = (rows[:, 5:7] == rows[0, 5:7]).all()
    if not constant or not (stated or (sixth == 0 and seventh == 0)):
        raise InputError(f"{places[0]}: expected 0 0 in columns six and seven (or a picture size), got other numbers")
    if stated:
        size = int(sixth), int(seventh)
        return size, [f"Columns six and seven are read as the picture size, {size[0]}×{size[1]}."]
    if size_px is not None:
        return size_px, []
    size = nominal_size(float(rows[0, 2] / rows[0, 1]))
    return size, [nominal_note(size)]


def write(path: Path, track: CameraTrack, *, url: str = "unknown") -> list[str]:
    """Writes a file with ``url`` as its first line; returns sentences on what is lost. Needs a lens."""
    cameras = lens_of(path, track, TITLE)
    times, notes = times_for(track)
    size = cameras.image_size_px.to(torch.float64)
    focal, centre = cameras.focal_px / size, cameras.intrinsics_px[:, :2, 2] / size
    stamps = _microseconds(path, times)
    lines = [" ".join(url.split()) or "unknown"]
    for i, matrix in enumerate(invert_rigid(cameras.world_from_camera)):
        values = [stamps[i], *focal[i].tolist(), *centre[i].tolist(), 0, 0, *matrix[:3].flatten().tolist()]
        lines.append(row(values))
    write_text(path, "\n".join(lines) + "\n")
    return notes + what_is_lost(track, TITLE, HOLDS)


def _microseconds(path: Path, times_s: Float[Tensor, "t"]) -> list[int]:
    stamps = (times_s / _MICROSECOND_S).round()
    if len(stamps) > 1 and not (stamps.diff() > 0).all():
        raise InputError(f"{path}: two frames are less than a microsecond apart, which {TITLE} cannot tell apart")
    if float(stamps.abs().max()) >= 2**53:
        raise InputError(f"{path}: a time of {float(times_s.abs().max()):g} s is too large for microseconds")
    return [int(stamp) for stamp in stamps.tolist()]
