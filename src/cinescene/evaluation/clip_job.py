"""One clip to be scored, with everything that is known of it; and how the scoring is done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cinescene.data.manifest import sha256_of_file
from cinescene.errors import InputError
from cinescene.evaluation.measures import VERSION
from cinescene.evaluation.path_alignment import Rule

Poses = Literal["auto", "place", "panorama", "colmap", "vggt", "none"]


@dataclass(frozen=True, kw_only=True)
class ClipJob:
    """A clip and what belongs to it. Everything but ``name`` and ``video`` may be absent.

    ``group``
        The scene; clips of one scene count as one in the statistics.
    ``reference``, ``reference_with_subject``
        The same shot without its subject (ground truth of the place), and with it.
    ``mask``
        Where the subject is: a strip of a data set, a video or a picture (white: subject), or a folder of pictures.
    ``depth``
        z-depth strip of ``reference``, in the unit of the camera.
    ``camera``, ``camera_name``
        Camera file or moves, and which camera of a file that holds several.
    ``scene``
        A panorama, for clips without a reference.
    ``data``
        The data set that the clip's shot is from.
    ``seed``
        Of a clip that a model made; clips of one name and several seeds count as one in the statistics.
    ``case``
        What the shot tries, such as "pan 180°"; summaries are also given case by case.
    ``staged_mask``, ``staged_previz``, ``staged_empty``
        Where the model was told to put its actors (a strip as ``mask``), the previz that showed them to it, and the
        same model's clip without anybody.
    ``expect_empty``
        The model was asked for an empty place.
    """

    name: str
    video: Path
    group: str = ""
    reference: Path | None = None
    reference_with_subject: Path | None = None
    mask: Path | None = None
    depth: Path | None = None
    camera: str | None = None
    camera_name: str | None = None
    scene: str | None = None
    prompt: str | None = None
    data: Path | None = None
    seed: int | None = None
    case: str | None = None
    staged_mask: Path | None = None
    staged_previz: Path | None = None
    staged_empty: Path | None = None
    expect_empty: bool = False

    @property
    def title(self) -> str:
        """The clip's name, with its seed where it has one."""
        return self.name if self.seed is None else f"{self.name}, seed {self.seed}"

    def files(self) -> list[Path]:
        """Every file that the score depends on."""
        named = [self.video, self.reference, self.reference_with_subject, self.mask, self.depth]
        named += [self.staged_mask, self.staged_previz, self.staged_empty]
        named += [Path(text) for text in (self.camera, self.scene) if text is not None and len(text) < 1024]
        found = [path for path in named if path is not None and path.exists()]
        files = [file for path in found for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
        return [file for file in files if file.is_file()]


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """How clips are scored; part of every result.

    ``frames_for_costly``
        Evenly spaced frames at most for FLIP, learned distances, matches, CLIP and flow.
    ``frames_for_poses``
        Evenly spaced frames at most that are posed.
    ``poses``
        How: ``place`` (reference with depth), ``panorama`` (turning only), ``colmap``, ``vggt``, ``none``; ``auto``
        takes the first that the inputs allow, of these in order.
    ``alignment``
        Before camera errors, for estimates in a world of their own (see `path_alignment`).
    ``resample``
        Bring clips of another size or frame count to their reference's, instead of refusing them.
    ``keep_coordinates``
        Leave camera files where they are, instead of starting at the panorama.
    """

    frames_for_costly: int = 16
    frames_for_poses: int = 20
    poses: Poses = "auto"
    alignment: Rule = "first-frame"
    resample: bool = False
    keep_coordinates: bool = False
    camera_height_m: float = 1.6
    vggt: str | None = None
    clip: str | None = None
    lens_mm: float | None = None

    def __post_init__(self) -> None:
        for name in ("frames_for_costly", "frames_for_poses"):
            if getattr(self, name) < 2:
                raise InputError(f"{name.replace('_', ' ')}: expected at least 2, got {getattr(self, name)}")
        if self.poses not in get_args(Poses):
            raise InputError(f"poses: expected one of {', '.join(get_args(Poses))}, got {self.poses!r}")
        if self.alignment not in get_args(Rule):
            raise InputError(f"alignment: expected one of {', '.join(get_args(Rule))}, got {self.alignment!r}")
        if self.poses == "vggt" and self.vggt is None:
            raise InputError("poses vggt: expected a VGGT checkpoint (--vggt)")


def input_hashes(job: ClipJob) -> dict[str, str]:
    """SHA-256 of every file that the score depends on, by its path."""
    return {str(path): sha256_of_file(path) for path in job.files()}


def result_key(job: ClipJob, options: ScoreOptions, hashes: dict[str, str]) -> str:
    """SHA-256 over the inputs' bytes (`input_hashes`), the job, the options and the measures' version."""
    facts = {"version": VERSION, "job": as_json(job), "options": as_json(options), "files": hashes}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def as_json(config: Any) -> dict[str, Any]:
    """A dataclass's fields, with paths as texts."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in dataclasses.asdict(config).items()}
