"""What a shot list leaves behind besides its takes: the cut, the sheet, files for editing programs, the manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cinescene.errors import MissingDependencyError
from cinescene.shotlist.cut import cut_clips, write_animatic, write_sheet
from cinescene.shotlist.edit_files import write_edl, write_timeline
from cinescene.shotlist.job import takes_of, write_job
from cinescene.shotlist.shots import ShotList


def finish(shots: ShotList, folder: Path, note: Callable[[str], None]) -> list[Path]:
    """Writes everything of the takes that are there, and returns the files; shots without a take are noted."""
    takes = takes_of(shots, folder)
    clips = cut_clips(takes)
    present = {clip.name for clip in clips}
    if absent := [shot.name for shot in shots.shots if shot.name not in present]:
        note(f"not in the cut, for want of a take: {', '.join(absent)}")
    written = [folder / "cut.mp4", folder / "sheet.png"]
    write_animatic(clips, written[0])
    write_sheet(takes, written[1])
    try:
        write_timeline(clips, shots.title, folder / "cut.otio")
        rounded = write_edl(clips, shots.title, folder / "cut.edl")
        written += [folder / "cut.otio", folder / "cut.edl"]
        if rounded:
            note(rounded)
    except MissingDependencyError as error:
        note(str(error))
    cut = {
        "clips": [
            {
                "shot": clip.name,
                "video": str(clip.video.relative_to(folder)),
                "frames": clip.frames,
                "frame_rate": clip.frame_rate,
            }
            for clip in clips
        ],
        "files": [path.name for path in written],
    }
    return [*written, write_job(shots, folder, cut)]
