"""TUM trajectories: ``timestamp tx ty tz qx qy qz qw`` a line, ``#`` for comments.

Seconds; the position in metres and the orientation of the camera's optical centre in the world, so camera-to-world,
with OpenCV camera axes; the quaternion has its real part last. Source: "File formats of ground truth data", TUM RGB-D
benchmark (Sturm et al., 2012). The world's up is not stated (that of the benchmark's own motion capture is z).
"""

from __future__ import annotations

import math
from pathlib import Path

import torch

from cinescene.cameras.formats.axes import Up, checked_poses, in_units, turned_up
from cinescene.cameras.formats.documents import read_text, write_text
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.rows import data_lines, numbers, row
from cinescene.cameras.formats.timing import times_for, timing_of
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import quaternion_from_rotation, rigid, rotation_from_quaternion
from cinescene.errors import GeometryError, InputError

TITLE = "A TUM trajectory"
HOLDS = Holds(times=True, metres=True)

_COLUMNS = "timestamp tx ty tz qx qy qz qw"


def read(path: Path, *, up: Up | None = None) -> CameraTrack:
    """The track in a file; ``up`` is the axis of its world that points up, if you know it."""
    places, rows = [], []
    for where, line in data_lines(path, read_text(path)):
        places.append(where)
        rows.append(numbers(line, where, _COLUMNS))
        _check_line(where, rows)
    if not rows:
        raise InputError(f"{path}: expected lines of 8 numbers ({_COLUMNS}), got comments only")
    values = torch.tensor(rows, dtype=torch.float64)
    poses = rigid(rotation_from_quaternion(values[:, [7, 4, 5, 6]]), values[:, 1:4])
    poses = checked_poses(poses.numpy(), places.__getitem__)
    poses, z_up = turned_up(poses, up)
    return CameraTrack(
        world_from_camera=poses,
        metres_per_unit=1.0,
        z_up=z_up,
        **timing_of(values[:, 0]),  # type: ignore[arg-type]
    )


def _check_line(where: str, rows: list[list[float]]) -> None:
    length = math.hypot(*rows[-1][4:])
    if abs(length - 1) > 0.01:
        raise GeometryError(
            f"{where}: expected a unit quaternion in columns five to eight, got one of length {length:.4g}"
        )
    if len(rows) > 1 and rows[-1][0] <= rows[-2][0]:
        raise InputError(f"{where}: expected timestamps that increase, but {rows[-1][0]:.6f} follows {rows[-2][0]:.6f}")


def write(path: Path, track: CameraTrack) -> list[str]:
    """Writes a trajectory in metres; returns sentences on what is lost."""
    times, notes = times_for(track)
    poses, more = in_units(track.world_from_camera.to(torch.float64), track.metres_per_unit, 1.0)
    quaternions = quaternion_from_rotation(poses[:, :3, :3])[:, [1, 2, 3, 0]]
    values = torch.cat([times[:, None], poses[:, :3, 3], quaternions], dim=-1)
    write_text(path, "".join([f"# {_COLUMNS}\n", *(f"{row(line)}\n" for line in values.tolist())]))
    return notes + more + what_is_lost(track, TITLE, HOLDS)
