"""KITTI odometry poses: one 3×4 camera-to-world matrix a line, row by row, twelve numbers.

Metres; OpenCV camera axes; the world is the first left camera (+x right, +y down, +z forward), so that up is about −y
but not stated. No times: KITTI keeps those in a file of their own. Source: the odometry benchmark's development kit
(Geiger et al., 2012).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cinescene.cameras.formats.axes import Up, checked_poses, in_units, turned_up
from cinescene.cameras.formats.documents import read_text, write_text
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.rows import data_lines, numbers, row
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError

TITLE = "A KITTI trajectory"
HOLDS = Holds(metres=True)

_COLUMNS = "r11 r12 r13 t1 r21 r22 r23 t2 r31 r32 r33 t3"


def read(path: Path, *, up: Up | None = None) -> CameraTrack:
    """The track in a file; ``up`` is the axis of its world that points up ("-y" for the benchmark's own)."""
    places, rows = [], []
    for where, line in data_lines(path, read_text(path)):
        places.append(where)
        rows.append(numbers(line, where, _COLUMNS))
    if not rows:
        raise InputError(f"{path}: expected lines of 12 numbers ({_COLUMNS}), got comments only")
    matrices = np.array(rows).reshape(-1, 3, 4)
    poses, z_up = turned_up(checked_poses(matrices, places.__getitem__), up)
    return CameraTrack(world_from_camera=poses, metres_per_unit=1.0, z_up=z_up)


def write(path: Path, track: CameraTrack) -> list[str]:
    """Writes a trajectory in metres; returns sentences on what is lost."""
    poses, notes = in_units(track.world_from_camera.to(torch.float64), track.metres_per_unit, 1.0)
    write_text(path, "".join(f"{row(pose)}\n" for pose in poses[:, :3].flatten(1).tolist()))
    return notes + what_is_lost(track, TITLE, HOLDS)
