"""CineScene's camera path: keyframes with easing, JSON of kind ``cinescene.camera-path``.

The format belongs to `cinescene.cameras.path`; here its frames are read as a track and a track's frames written as
keyframes. Metres, z up, a lens in millimetres on a stated sensor width; a path has neither frame rate nor picture size.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cinescene.cameras.formats.axes import in_units, upright
from cinescene.cameras.formats.lens import SizePx, lens_of, nominal_note, nominal_size
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.timing import ASSUMED_FRAME_RATE, times_for
from cinescene.cameras.track import CameraTrack

TITLE = "A CineScene camera path"
HOLDS = Holds(lens=True, times=True, metres=True, up=True)

KIND = "cinescene.camera-path"


def read(path: Path, *, frame_rate: float | None = None, size_px: SizePx | None = None) -> CameraTrack:
    """The frames of a path at a frame rate (24 by default) and picture size; one keyframe is one frame."""
    from cinescene.cameras.path import CameraPath

    keyframed = CameraPath.load(path)
    notes = []
    if frame_rate is None and len(keyframed.keyframes) > 1:
        notes.append(f"A path has no frame rate: it is read at {ASSUMED_FRAME_RATE:g} frames a second.")
    if size_px is None:
        size_px = nominal_size(16 / 9)
        notes.append(nominal_note(size_px))
    track = keyframed.track(
        frame_rate=ASSUMED_FRAME_RATE if frame_rate is None else frame_rate,
        width_px=size_px[0],
        height_px=size_px[1],
        frames=1 if len(keyframed.keyframes) == 1 else None,
    )
    return dataclasses.replace(track, notes=tuple(notes))


def write(path: Path, track: CameraTrack, *, every: int = 1) -> list[str]:
    """Writes every ``every``-th frame, and the last, as a keyframe; returns what is lost. Needs a lens."""
    from cinescene.cameras.path import CameraPath

    lens_of(path, track, TITLE)
    poses, notes = upright(track)
    poses, more = in_units(poses, track.metres_per_unit, 1.0)
    times, assumed = times_for(track)
    timed = dataclasses.replace(track, world_from_camera=poses, times_s=times)
    CameraPath.from_track(timed, every).save(path)
    return notes + more + assumed + what_is_lost(track, TITLE, HOLDS)
