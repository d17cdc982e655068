"""The CineScene data release's ``<scene>_cam.json``: all cameras of a scene, one Unreal matrix a camera and frame.

``{"0": {"01_24mm": "[a b c 0] [d e f 0] [g h i 0] [x y z 1] ", "02_24mm": ...}, "1": {...}, ...}``; see `unreal` for
the strings. The release's clips have 81 frames of 672×384 at 15 a second; the file itself states neither picture size
nor frame rate, and of the lens only the focal length in the camera's name, without the film back it belongs to (36 mm
gives 24 mm a horizontal field of view of 73.7°, 23.76 mm, the film back stated for the sister set 360Motion, 52.7°).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cinescene.cameras.formats.choice import choose_camera
from cinescene.cameras.formats.documents import read_json, write_json
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.unreal import (
    camera_strings,
    frames_in_order,
    poses_from_unreal,
    unreal_strings,
)
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError

TITLE = "A CineScene release camera file"
HOLDS = Holds(metres=True, up=True)


def read_cinescene_cameras(path: str | Path) -> dict[str, CameraTrack]:
    """Every camera of a release file by name, in the file's order; metres, z up, right-handed."""
    path = Path(path)
    cameras = camera_strings(frames_in_order(read_json(path), ""))
    return {
        name: CameraTrack(world_from_camera=poses_from_unreal(fields), metres_per_unit=1.0, notes=_lens_note(name))
        for name, fields in cameras.items()
    }


def write_cinescene_cameras(path: str | Path, tracks: Mapping[str, CameraTrack]) -> list[str]:
    """Writes several cameras into one release file; returns sentences on what it does not hold.

    Raises `InputError` unless there is at least one track and all have the same number of frames.
    """
    lengths = {len(track) for track in tracks.values()}
    if len(lengths) != 1:
        raise InputError(f"{path}: expected tracks of one length, got lengths {sorted(lengths) or 'none'}")
    columns, notes = {}, []
    for name, track in tracks.items():
        columns[name], assumed = unreal_strings(track)
        notes += assumed + what_is_lost(track, TITLE, HOLDS)
    frames = {str(i): {name: column[i] for name, column in columns.items()} for i in range(lengths.pop())}
    write_json(path, frames)
    return list(dict.fromkeys(notes))


def read(path: Path, *, camera: str | None = None) -> CameraTrack:
    """One camera of a release file: ``camera`` is its name or the beginning of it ("01"); the first by default."""
    tracks = read_cinescene_cameras(path)
    name, notes = choose_camera(path, list(tracks), camera)
    track = tracks[name]
    return CameraTrack(world_from_camera=track.world_from_camera, metres_per_unit=1.0, notes=(*notes, *track.notes))


def write(path: Path, track: CameraTrack, *, camera: str | None = None) -> list[str]:
    """Writes one camera, named ``camera`` ("01_24mm"; by default 01 and its focal length on 36 mm film)."""
    return write_cinescene_cameras(path, {camera or default_camera_name(track): track})


def default_camera_name(track: CameraTrack) -> str:
    """``01_24mm`` for a track whose first frame has a 24 mm lens on 36 mm film; ``01`` where no lens is known."""
    if track.intrinsics_px is None:
        return "01"
    return f"01_{round(float(track.cameras().focal_mm()[0]))}mm"


def _lens_note(name: str) -> tuple[str, ...]:
    match = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)mm", name)
    if not match:
        return ()
    return (f"The file names a {match[1]} mm lens but neither its film back nor a picture size.",)
