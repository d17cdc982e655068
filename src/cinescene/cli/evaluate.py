"""``cinescene evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from cinescene.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cinescene.evaluation.made import Made
    from cinescene.evaluation.run_models import ModelRequest


def evaluate(
    clips: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CLIPS")] = (),
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("evaluation"),
    reference: Path | None = None,
    masks: Path | None = None,
    camera: str | None = None,
    scene: str | None = None,
    data: tuple[Path, ...] = (),
    prompt: str | None = None,
    compare: tuple[Path, Path] | None = None,
    models: tuple[str, ...] = (),
    variants: tuple[str, ...] = ("recorded",),
    seeds: tuple[int, ...] = (0,),
    steps: int | None = None,
    enlarge: int = 1,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    baselines: tuple[
        Literal["nearest-view", "panorama-standin", "panorama-relief", "explicit-geometry", "explicit-vggt", "truth"],
        ...,
    ] = (),
    most: int | None = None,
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

    Gives one folder with report.html, tables.md, results.json and CSV tables; running it again goes on where it
    stopped. A single clip is also scored on the terminal. What each measure is: docs/evaluation.md.

    Args:
        clips: A video, or folders of videos; each folder is a method of its own.
        out: The folder to write.
        reference: The subject-free clip, or a folder with one of the same name for each clip.
        masks: Where the subject is (white): a video, picture or folder of pictures, or a folder of those by clip name.
        camera: The camera that was asked for: a camera file, moves, or a folder of camera files by clip name.
        scene: A panorama, to compare with where there is no subject-free clip; with --models also a folder of them.
        data: Data sets with references, masks, cameras and prompts; clips are named SCENE_CLIP.mp4 as in them.
        prompt: The prompt, or a JSON file {"clip": "prompt"}.
        compare: Two folders of videos, or of two finished runs, to compare clip by clip.
        models: Models that make the shots of --data, or shots on the panoramas of --scene, and are scored on them.
        variants: What models are shown: recorded, caption, empty, no-scene, shuffled, views-N, photos-N.
        seeds: Of the clips that models make; several give the spread between them.
        steps: Sampling steps of the models.
        enlarge: Models make the clips of --data so many times smaller and enlarge them with detail from the previz.
        device: cpu, cuda, or auto, for the models.
        precision: Of the models; auto is bf16 on a GPU and fp32 on a CPU.
        baselines: Baselines to make for the clips of --data and score beside them.
        most: Shots at the most, evenly spread over --data.
        poses: How each frame's camera is found; auto takes the most exact way that the inputs allow.
        alignment: How an estimated path is brought to the wanted one before they are compared.
        frames: Evenly spaced frames at most for the costly measures.
        pose_frames: Evenly spaced frames at most whose camera is found.
        resample: Bring clips of another size or length to their reference's instead of refusing them.
        keep_coordinates: Leave the poses of camera files where they are instead of starting at the panorama.
        camera_height: Metres from the ground to where a panorama was taken, where the data does not say.
        lens: Focal length in mm on 36 mm film where the camera states none.
        vggt: VGGT checkpoint for --poses vggt, the baseline explicit-vggt and models that come without one.
        clip_weights: Folder or hub name of CLIP's weights; they are never downloaded.
        workers: Clips scored at the same time.
        ray: Score on a Ray cluster (RAY_ADDRESS, or a local one) whose machines share the folders.
        seed: Of the bootstrap.
    """
    from cinescene.evaluation.clip_job import ScoreOptions
    from cinescene.evaluation.find_jobs import KnownInputs
    from cinescene.evaluation.gather import Wanted

    options = ScoreOptions(
        frames_for_costly=frames,
        frames_for_poses=pose_frames,
        poses=poses,
        alignment=alignment,
        resample=resample,
        keep_coordinates=keep_coordinates,
        camera_height_m=camera_height,
        vggt=vggt if poses == "vggt" else None,
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
    request = None
    if models:
        request = _request(
            device,
            precision,
            models=models,
            variants=variants,
            seeds=seeds,
            steps=steps,
            enlarge=enlarge,
            vggt=vggt,
            camera_height_m=camera_height,
        )
    wanted = Wanted(
        known=known,
        sources=sources,
        baselines=baselines,
        models=request,
        most=most,
        vggt=vggt,
        camera_height_m=camera_height,
    )
    _run(_gathered(wanted, out), options, out, workers, ray, seed)


def _request(device: str, precision: Any, **wanted: Any) -> ModelRequest:
    from cinescene.cli.generate import resolved
    from cinescene.evaluation.run_models import ModelRequest
    from cinescene.model.levers import Levers

    device, precision = resolved(device, precision)
    return ModelRequest(levers=Levers(device=device, precision=precision), **wanted)


def _gathered(wanted: Any, out: Path) -> Made:
    from cinescene.cli.generate import stage_progress
    from cinescene.evaluation.gather import gather

    with stage_progress() as report:
        return gather(wanted, out, lambda done, total: report("make", done, total))


def _run(made: Made, options: Any, out: Path, workers: int, ray: bool, seed: int) -> None:
    from cinescene.cli.progress import progress_bar
    from cinescene.evaluation.run import evaluate as evaluate_methods

    total = sum(len(jobs) for jobs in made.jobs.values())
    with progress_bar("evaluate", total, "clips") as progress:
        document = evaluate_methods(
            made.jobs, options, out, made=made, workers=workers, ray=ray, seed=seed, progress=progress
        )
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
