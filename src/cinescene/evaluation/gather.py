"""From what a user names (folders, data sets, baselines, models, panoramas) to methods: lists of clips to score."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinescene.errors import InputError
from cinescene.evaluation.baselines import Baseline
from cinescene.evaluation.clip_job import ClipJob
from cinescene.evaluation.find_jobs import KnownInputs, dataset_jobs, find_jobs, spread
from cinescene.evaluation.made import Made
from cinescene.evaluation.run_models import ModelRequest, model_jobs
from cinescene.sets.stress_shots import CASES

PANORAMA_SUFFIXES = (".jpg", ".jpeg", ".png", ".hdr", ".exr")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be compared.

    ``sources``
        Videos or folders of videos; each is a method.
    ``baselines``, ``models``
        Methods whose clips are made, for the shots of the data sets in ``known`` (of which at most ``most``, evenly
        spread, are taken) or, by models alone, for the panoramas of ``known.scene``.
    ``vggt``
        Checkpoint for the baseline ``explicit-vggt``.
    ``camera_height_m``
        Assumed by baselines of panoramas of which the data do not say it.
    """

    known: KnownInputs
    sources: tuple[Path, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    models: ModelRequest | None = None
    most: int | None = None
    vggt: str | None = None
    camera_height_m: float = 1.6


def gather(wanted: Wanted, out: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Made:
    """Methods in the order models, folders, baselines; what has to be made is made in ``out/made``.

    ``progress`` gets how many of the models' clips are there, and of how many. Raises `InputError` where nothing is
    asked for, or an input is missing.
    """
    sources = _from_folders(wanted.sources, wanted.known)
    made = Made()
    if wanted.models is not None:
        shots = _shots(wanted, sources)
        total = len(shots) * len(wanted.models.seeds) * len(wanted.models.methods())
        made = model_jobs(wanted.models, shots, out / "made", lambda done: progress(done, total))
    _add(made, sources)
    if wanted.baselines:
        if not wanted.known.data:
            raise InputError("baselines: expected --data, the data set that they are made for")
        _add(made, _baselines(wanted, _shots(wanted, sources), out / "made", made))
    if not made.jobs:
        raise InputError(
            "evaluate: expected a video, a folder of videos, --compare A B, or --data with --models or --baselines"
        )
    return made


def _add(made: Made, methods: Mapping[str, list[ClipJob]]) -> None:
    for name, jobs in methods.items():
        if name in made.jobs:
            raise InputError(f"{name}: two methods have this name; rename the folder")
        made.jobs[name] = jobs


def _from_folders(sources: Sequence[Path], known: KnownInputs) -> dict[str, list[ClipJob]]:
    methods: dict[str, list[ClipJob]] = {}
    for source in sources:
        name = source.resolve().name if source.is_dir() else source.stem
        if name in methods:
            name = f"{source.resolve().parent.name}-{name}"
        if name in methods:
            raise InputError(f"{source}: another method is named {name!r} already; rename one of the folders")
        methods[name] = find_jobs(source, known)
    return methods


def _baselines(wanted: Wanted, shots: Sequence[ClipJob], out: Path, made: Made) -> dict[str, list[ClipJob]]:
    """Jobs by baseline; what could not be made is added to ``made``, with its reason."""
    from cinescene.evaluation.run_baselines import baseline_jobs

    jobs: dict[str, list[ClipJob]] = {}
    for baseline in dict.fromkeys(wanted.baselines):
        failed: dict[str, str] = {}
        jobs[baseline] = baseline_jobs(
            baseline, shots, out / "baselines", wanted.vggt, failed, camera_height_m=wanted.camera_height_m
        )
        if failed:
            made.failed[baseline] = failed
    return jobs


def _shots(wanted: Wanted, sources: Mapping[str, Sequence[ClipJob]]) -> list[ClipJob]:
    """The shots to make: those of the data sets (which the folders hold, if any), or of panoramas."""
    known = wanted.known
    if not known.data:
        return _panorama_shots(known)
    jobs = dataset_jobs(*known.data)
    held = {job.name for chosen in sources.values() for job in chosen} or set(jobs)
    return list(spread({name: job for name, job in jobs.items() if name in held}, wanted.most).values())


def _panorama_shots(known: KnownInputs) -> list[ClipJob]:
    """A panorama's or a folder of panoramas' shots: along the given moves, or the stress paths."""
    if known.scene is None:
        raise InputError("models: expected --data, or --scene with a panorama or a folder of them")
    if known.prompts is None:
        raise InputError("models on a panorama: expected --prompt, what shall happen there")
    place = Path(known.scene)
    files = [place]
    if place.is_dir():
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in PANORAMA_SUFFIXES)
        if not files:
            raise InputError(f"{place}: expected a panorama or a folder of panoramas, but it holds no picture")
    paths = {case: case.moves for case in CASES if case.on_any_panorama}
    cameras = {c.name: moves for c, moves in paths.items()} if known.cameras is None else {"": known.cameras}
    base = ClipJob(name="", video=Path())
    return [
        dataclasses.replace(
            base,
            name="_".join(part for part in (file.stem, _slug(case)) if part),
            group=file.stem,
            scene=str(file),
            camera=moves,
            prompt=known.prompts,
            case=case or None,
        )
        for file in files
        for case, moves in cameras.items()
    ]


def _slug(text: str) -> str:
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text).split()
    return "-".join(words)
