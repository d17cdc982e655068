"""The cut for editing programs: OpenTimelineIO, and an EDL (CMX 3600) for those that read nothing newer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinescene.errors import MissingDependencyError
from cinescene.files import written_whole
from cinescene.shotlist.cut import CutClip

EDL_RATES = (24, 25, 30, 48, 50, 60)
"""Whole frame rates that have a time code (SMPTE ST 12-1)."""


def write_timeline(clips: Sequence[CutClip], title: str, path: Path) -> None:
    """An ``.otio`` file: one video track, each clip with its whole video, named relative to the file.

    Raises `MissingDependencyError` without OpenTimelineIO.
    """
    otio = _otio()
    with written_whole(path) as temporary:
        otio.adapters.write_to_file(_timeline(otio, clips, title, path.parent, None), str(temporary))


def write_edl(clips: Sequence[CutClip], title: str, path: Path) -> str | None:
    """An ``.edl`` file at the first of `EDL_RATES` at which every clip lasts a whole number of frames.

    Where there is none, clips are rounded to frames at 24 a second and a note says so. Raises `MissingDependencyError`.
    """
    otio = _otio()
    rate = next((rate for rate in EDL_RATES if all(_is_whole(clip.duration_s * rate) for clip in clips)), None)
    timeline = _timeline(otio, clips, title, path.parent, float(rate or EDL_RATES[0]))
    try:
        text = otio.adapters.write_to_string(timeline, adapter_name="cmx_3600", rate=float(rate or EDL_RATES[0]))
    except otio.exceptions.NoKnownAdapterForExtensionError as error:
        raise _missing() from error
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return None if rate else f"{path.name}: clips are rounded to whole frames at {EDL_RATES[0]} a second"


def _timeline(otio: Any, clips: Sequence[CutClip], title: str, folder: Path, rate: float | None) -> Any:
    """The timeline at each clip's own frame rate, or at one rate."""
    timeline = otio.schema.Timeline(name=title)
    track = otio.schema.Track(name="picture", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for clip in clips:
        own = otio.opentime.RationalTime(clip.frames, clip.frame_rate)
        duration = own if rate is None else otio.opentime.RationalTime(max(1, round(clip.duration_s * rate)), rate)
        span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, duration.rate), duration)
        media = otio.schema.ExternalReference(
            target_url=clip.video.relative_to(folder).as_posix(), available_range=span
        )
        track.append(otio.schema.Clip(name=clip.name, media_reference=media, source_range=span))
    return timeline


def _is_whole(frames: float) -> bool:
    return abs(frames - round(frames)) < 1e-6


def _otio() -> Any:
    try:
        import opentimelineio
    except ImportError as error:
        raise _missing() from error
    return opentimelineio


def _missing() -> MissingDependencyError:
    return MissingDependencyError("timelines for editing programs: pip install 'cinescene[edit]' (OpenTimelineIO)")
