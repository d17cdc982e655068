"""``cinescene evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from cinescene.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cinescene.evaluation.clip_job import ClipJob
    from cinescene.evaluation.find_jobs import KnownInputs


def evaluate(
    clips: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CLIPS")] = (),
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("evaluation"),
    reference: Path | None = None,
    masks: Path | None = None,
    camera: str | None = None,
    scene: str | None = None,
    data: Path | None = None,
    prompt: str | None = None,
    compare: tuple[Path, Path] | None = None,
    baselines: tuple[Literal["nearest-view", "panorama-standin", "panorama-relief", "explicit-geometry"], ...] = (),
    poses: Literal["auto", "place", "panorama", "colmap", "vggt", "none"] = "auto",
    alignment: Literal["first-frame", "furthest", "similarity", "none"] = "first-frame",
    frames: int = 16,
    pose_frames: int = 20,
    resample: bool = False,
    keep_coordinates: bool = False,
    camera_height: float = 1.6,
    lens: float | None = None,
    vggt: str | None = None,
    clip_weights: str | None = None,
    workers: int = 1,
    ray: bool = False,
    seed: int = 0,
) -> None:
    """Score clips: is the place the photographed one, is the camera followed, does the subject act?

    Gives one folder with report.html, results.json and CSV tables; running it again goes on where it stopped. A single
    clip is also scored on the terminal. What each measure is: docs/evaluation.md.

    Args:
        clips: A video, or folders of videos; each folder is a method of its own.
        out: The folder to write.
        reference: The subject-free clip, or a folder with one of the same name for each clip.
        masks: Where the subject is (white): a video, picture or folder of pictures, or a folder of those by clip name.
        camera: The camera that was asked for: a camera file, moves, or a folder of camera files by clip name.
        scene: A panorama, to compare with where there is no subject-free clip.
        data: A data set with references, masks, cameras and prompts; clips are named SCENE_CLIP.mp4 as in it.
        prompt: The prompt, or a JSON file {"clip": "prompt"}.
        compare: Two folders of videos, or of two finished runs, to compare clip by clip.
        baselines: Baselines to make for the clips of --data and score beside them.
        poses: How each frame's camera is found; auto takes the most exact way that the inputs allow.
        alignment: How an estimated path is brought to the wanted one before they are compared.
        frames: Evenly spaced frames at most for the costly measures.
        pose_frames: Evenly spaced frames at most whose camera is found.
        resample: Bring clips of another size or length to their reference's instead of refusing them.
        keep_coordinates: Leave the poses of camera files where they are instead of starting at the panorama.
        camera_height: Metres from the ground to where a panorama was taken.
        lens: Focal length in mm on 36 mm film where the camera states none.
        vggt: VGGT checkpoint for --poses vggt: a file, a folder or a hub name.
        clip_weights: Folder or hub name of CLIP's weights; they are never downloaded.
        workers: Clips scored at the same time.
        ray: Score on a Ray cluster (RAY_ADDRESS, or a local one) whose machines share the folders.
        seed: Of the bootstrap.
    """
    from cinescene.evaluation.clip_job import ScoreOptions
    from cinescene.evaluation.find_jobs import KnownInputs

    options = ScoreOptions(
        frames_for_costly=frames,
        frames_for_poses=pose_frames,
        poses=poses,
        alignment=alignment,
        resample=resample,
        keep_coordinates=keep_coordinates,
        camera_height_m=camera_height,
        vggt=vggt,
        clip=clip_weights,
        lens_mm=lens,
    )
    known = KnownInputs(references=reference, masks=masks, cameras=camera, data=data, scene=scene, prompts=prompt)
    if compare is not None and clips:
        raise InputError("evaluate: expected clips or --compare A B, not both")
    sources = compare if compare is not None else clips
    if compare is not None and all((source / "results.json").is_file() for source in compare):
        _finish(_merged(compare, seed), out)
        return
    methods = _methods(sources, known)
    if baselines:
        methods |= _baseline_methods(baselines, methods, known, out, camera_height)
    if not methods:
        raise InputError("evaluate: expected a video, a folder of videos, --compare A B, or --data with --baselines")
    _run(methods, options, out, workers, ray, seed)


def _methods(sources: Sequence[Path], known: KnownInputs) -> dict[str, list[ClipJob]]:
    from cinescene.evaluation.find_jobs import find_jobs

    methods: dict[str, list[ClipJob]] = {}
    for source in sources:
        name = source.resolve().name if source.is_dir() else source.stem
        if name in methods:
            name = f"{source.resolve().parent.name}-{name}"
        if name in methods:
            raise InputError(f"{source}: another method is named {name!r} already; rename one of the folders")
        methods[name] = find_jobs(source, known)
    return methods


def _baseline_methods(
    baselines: Sequence[Any],
    methods: Mapping[str, Sequence[ClipJob]],
    known: KnownInputs,
    out: Path,
    camera_height: float,
) -> dict[str, list[ClipJob]]:
    from cinescene.evaluation.find_jobs import dataset_jobs
    from cinescene.evaluation.run_baselines import baseline_jobs

    if known.data is None:
        raise InputError("baselines: expected --data, the data set that they are made for")
    jobs = dataset_jobs(known.data)
    wanted = {job.name for chosen in methods.values() for job in chosen} or set(jobs)
    chosen = [job for name, job in jobs.items() if name in wanted]
    return {
        baseline: baseline_jobs(baseline, chosen, known.data, out / "baselines", camera_height)
        for baseline in dict.fromkeys(baselines)
    }


def _run(methods: Mapping[str, Sequence[ClipJob]], options: Any, out: Path, workers: int, ray: bool, seed: int) -> None:
    from cinescene.cli.progress import progress_bar
    from cinescene.evaluation.run import evaluate as evaluate_methods

    total = sum(len(jobs) for jobs in methods.values())
    with progress_bar("evaluate", total, "clips") as progress:
        document = evaluate_methods(methods, options, out, workers=workers, ray=ray, seed=seed, progress=progress)
    _finish(document, out)


def _merged(folders: Sequence[Path], seed: int) -> dict[str, Any]:
    from cinescene.evaluation.merge import merged_runs

    return merged_runs(folders, seed)


def _finish(document: dict[str, Any], out: Path) -> None:
    from cinescene.evaluation.results import write_results
    from cinescene.evaluation.terminal import clip_lines, summary_lines

    paths = write_results(document, out)
    scored = [clip for entry in document["methods"].values() for clip in entry["clips"]]
    for line in clip_lines(scored[0]) if len(scored) == 1 else summary_lines(document):
        print(line, file=sys.stderr)
    for method, entry in document["methods"].items():
        for name, reason in entry["failed"].items():
            print(f"warning: {method}/{name} was not scored: {reason}", file=sys.stderr)
    print(paths[0])
