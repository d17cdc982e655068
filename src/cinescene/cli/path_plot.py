"""``cinescene path plot``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from cinescene.errors import InputError

if TYPE_CHECKING:
    from cinescene.cameras.request import ShotRequest
    from cinescene.cameras.track import CameraTrack


def plot(
    path_or_moves: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="FILE|MOVES")] = None,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("path.png"),
    camera: str | None = None,
    every: int | None = None,
    size: str = "672x384",
    fps: float | None = None,
    frames: int | None = None,
    seconds: float | None = None,
    lens: float | None = None,
) -> None:
    """Draw a camera path from above and from the side, with its height, speed, turning and lens over time.

    Args:
        path_or_moves: A camera file of any known format, or moves such as "dolly in 1.5m, then pan left 30deg".
        out: The picture to write, a PNG.
        camera: The same, by name.
        every: Draw the camera at every n-th frame; about 14 times in all by default.
        size: Width and height of the picture; for moves, and for files that do not say.
        fps: Frames a second; for moves, and for files that do not say (24 by default).
        frames: Number of frames of moves.
        seconds: Duration of moves.
        lens: Focal length in mm on 36 mm film where moves or a file do not state one (24 by default for moves).
    """
    from cinescene.cameras.plot import plot_track
    from cinescene.cameras.request import ShotRequest
    from cinescene.cli.values import parse_size

    given = [text for text in (path_or_moves, camera) if text is not None]
    if len(given) != 1 or not given[0].strip():
        raise InputError('path plot: expected a camera file or moves, once: cinescene path plot "pan left 30deg"')
    width, height = parse_size(size)
    request = ShotRequest(
        camera=given[0],
        width_px=width,
        height_px=height,
        frame_rate=24.0 if fps is None else fps,
        frames=frames,
        duration_s=seconds,
        focal_mm=lens,
    )
    track = _file_track(request, fps) if request.is_file() else request.track()
    if not request.is_file():
        print(request.describe(), file=sys.stderr)
    report = plot_track(track, out, title=request.camera, every=every)
    print(report.text(), file=sys.stderr)
    for note in track.notes:
        print(f"note: {note}", file=sys.stderr)
    print(out)


def _file_track(request: ShotRequest, fps: float | None) -> CameraTrack:
    """A file's track where it is, with the stated rate and lens where the file has none."""
    import dataclasses

    from cinescene.cameras.formats import read_track

    if request.frames is not None or request.duration_s is not None:
        raise InputError(f"{request.camera}: a camera file has its own length; expected no --frames or --seconds")
    track = read_track(request.camera)
    if track.frame_rate is None and track.times_s is None:
        track = dataclasses.replace(track, frame_rate=request.frame_rate)
    if track.intrinsics_px is None and request.focal_mm is not None:
        track = track.with_lens(request.focal_mm, request.width_px, request.height_px)
    return track
