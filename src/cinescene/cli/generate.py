"""``cinescene generate``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from cinescene.errors import InputError

if TYPE_CHECKING:
    from cinescene.model.levers import Levers
    from cinescene.pipeline import CineScenePipeline
    from cinescene.shot_settings import ShotSettings


def generate(
    scene: str | None = None,
    prompt: str | None = None,
    camera: str | None = None,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("shot.mp4"),
    model: str = "nano",
    seed: int = 0,
    size: str | None = None,
    frames: int | None = None,
    fps: float | None = None,
    lens: float | None = None,
    keep_coordinates: bool = False,
    start_view: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    scene_guidance: float | None = None,
    noise_scale: float | None = None,
    detail: float | None = None,
    enlarge: int | None = None,
    negative_prompt: str = "",
    previz: Literal["auto", "relief", "standin", "vggt", "none"] = "auto",
    blocking: str = "auto",
    save_blocking: Path | None = None,
    camera_height: float = 1.6,
    dome_radius: float = 15.0,
    vggt: str | None = None,
    preview: bool = False,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    vae_precision: Literal["fp32", "bf16", "fp16"] = "fp32",
    offload: Literal["none", "model", "group"] = "none",
    tiling: bool = False,
    fp8: bool = False,
    compile: bool = False,
    attention: str = "sdpa",
    step_cache: float = 0.0,
    from_manifest: Path | None = None,
) -> None:
    """Shoot on a set that you only photographed: a place, a prompt and a camera path become a video.

    Beside OUT come its manifest (.json), which can make the same shot again, and its first frame (.png).

    Args:
        scene: A panorama (equirectangular, 2:1) or photos: a file, a folder, a glob.
        prompt: Who is there and what happens; the place itself is taken from the pictures.
        camera: Moves, such as "dolly in 1.5m, then pan right 40deg", or a camera file.
        out: The video to write.
        model: A model of `cinescene models`, a folder, or a name on the hub.
        seed: Another seed makes another take.
        size: Width and height of what the model makes, such as 672x384; the video has it, too, unless it is enlarged.
        frames: Number of frames: 1 more than a multiple of 4.
        fps: Frames a second.
        lens: Focal length in mm on 36 mm film where the moves or the file do not state one.
        keep_coordinates: Leave the poses of a camera file where they are instead of starting at the place's origin.
        start_view: Number of the scene view that the shot starts from, counted from 0.
        steps: Sampling steps.
        guidance: How closely to follow the prompt; 1 is no guidance.
        scene_guidance: How closely to follow the place; 1 is no guidance.
        noise_scale: Of the noise that sampling starts from; less than 1 is calmer.
        detail: How far the shot may be from its previz and still take its fine detail, in shares of white; 0 is none.
        enlarge: The video is so many times as large as what the model makes, with detail from the previz.
        negative_prompt: What not to show.
        previz: Geometry that hints at the parallax: the relief around a panorama, the stand-in, VGGT's depth, or none.
        blocking: Stand-in actors in the previz: auto (for whom the prompt names), none, or a file of --save-blocking.
        save_blocking: Also write who stands and walks where as JSON, to be edited and given as --blocking.
        camera_height: Metres from the ground to where the pictures were taken.
        dome_radius: Metres to everything that is not ground, for the stand-in.
        vggt: VGGT checkpoint for models that come without one.
        preview: Also write the previz, as OUT with -preview before its suffix.
        device: cpu, cuda, or auto.
        precision: Of the network; auto is bf16 on a GPU and fp32 on a CPU.
        vae_precision: Of the autoencoder; bf16 is several times faster and loses a little detail.
        offload: Keep parts of the model off the GPU while they rest: whole parts, or block by block.
        tiling: Decode in tiles: less memory.
        fp8: Keep the network's weights in 8 bits: less memory.
        compile: Compile the network's blocks: slow once, then faster.
        attention: Attention back end.
        step_cache: First-block cache: the relative change below which a step is skipped; 0 is off.
        from_manifest: Make the shot of this manifest again; nothing but OUT is then taken from the command line.
    """
    from cinescene.blocking.document import blocking_from_json, write_blocking
    from cinescene.cli.values import parse_size
    from cinescene.model.levers import Levers
    from cinescene.shot_plan import check_words
    from cinescene.shot_settings import ShotSettings

    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out}: expected an output name that ends in .mp4")
    if from_manifest is not None:
        _repeat(from_manifest, out, preview)
        return
    if scene is None or prompt is None or camera is None:
        raise InputError("generate: expected --scene, --prompt and --camera (or --from-manifest)")
    width, height = (None, None) if size is None else parse_size(size)
    check_words(scene, prompt, camera)
    settings = ShotSettings(
        width_px=width,
        height_px=height,
        frames=frames,
        frame_rate=fps,
        focal_mm=lens,
        keep_coordinates=keep_coordinates,
        start_view=start_view,
        steps=steps,
        text_guidance=guidance,
        scene_guidance=scene_guidance,
        noise_scale=noise_scale,
        detail=detail,
        enlarge=enlarge,
        negative_prompt=negative_prompt,
        previz=previz,
        blocking=blocking,
        camera_height_m=camera_height,
        dome_radius_m=dome_radius,
        step_cache=step_cache,
    )
    device, dtype = resolved(device, precision)
    levers = Levers(
        device=device,
        precision=dtype,
        autoencoder_precision=vae_precision,
        offload=offload,
        tiling=tiling,
        fp8=fp8,
        compile=compile,
        attention=attention,
    )
    pipeline = loaded(model, vggt, levers, {})
    manifest = _shoot(pipeline, scene, prompt, camera, seed, settings, out, preview)
    if save_blocking is not None:
        performances = manifest["blocking"]
        if performances is None:
            raise InputError(f"{save_blocking}: this shot has no stand-ins to write ({out} is there)")
        write_blocking(save_blocking, blocking_from_json(performances, "manifest"))
        print(save_blocking)


def resolved(device: str, precision: Any) -> tuple[str, Any]:
    """``auto`` made definite."""
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") else "fp32"
    return device, precision


def loaded(model: str, vggt: str | None, levers: Levers, options: dict[str, Any]) -> CineScenePipeline:
    """A model by its name on the command line; says so, as it takes a while."""
    from cinescene.pipeline import CineScenePipeline

    print(f"loading {model}", file=sys.stderr)
    return CineScenePipeline.from_pretrained(model, levers=levers, vggt=vggt, **options)


def _shoot(
    pipeline: CineScenePipeline,
    scene: Any,
    prompt: str,
    camera: str,
    seed: int,
    settings: ShotSettings,
    out: Path,
    preview: bool,
) -> dict[str, Any]:
    with stage_progress() as report:
        shot = pipeline(scene=scene, prompt=prompt, camera=camera, seed=seed, settings=settings, on_progress=report)
    for note in shot.notes:
        print(f"note: {note}", file=sys.stderr)
    for path in shot.save(out, with_previz=preview):
        print(path)
    return shot.manifest


def _repeat(path: Path, out: Path, preview: bool) -> None:
    """Makes the shot of a manifest again; refuses where scene, path or weights are no longer the same."""
    from cinescene.model.levers import Levers
    from cinescene.shot_manifest import read_manifest
    from cinescene.shot_settings import ShotSettings

    manifest = read_manifest(path)
    request, hashes = manifest["request"], manifest["hashes"]
    if request.get("scene") is None or request.get("camera") is None:
        raise InputError(f"{path}: this shot was made from objects in a program, not from files; make it there again")
    levers = Levers(**manifest["resolved"]["levers"])
    pipeline = loaded(request["model"], request.get("vggt"), levers, request.get("options") or {})
    if hashes["weights"] is not None and hashes["weights"] != pipeline.weights_hash:
        raise InputError(f"{path}: model {request['model']} has other weights than the shot was made with")
    settings = ShotSettings.from_dict(manifest["settings"])
    if settings.blocking not in ("auto", "none"):
        settings = dataclasses.replace(settings, blocking="none" if manifest["blocking"] is None else str(path))
    pipeline.check_unchanged(request["scene"], request["camera"], settings, hashes)
    made = _shoot(
        pipeline, request["scene"], request["prompt"], request["camera"], request["seed"], settings, out, preview
    )
    if made["hashes"]["latents"] != hashes["latents"]:
        print(
            "warning: the result differs from the manifest's; another machine or other versions of the packages "
            "round differently",
            file=sys.stderr,
        )


@contextmanager
def stage_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function to call with the stage, what is done of it and of how much; draws one bar a stage."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn, TimeRemainingColumn

    columns = ("{task.description:<9}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    progress.update(task, completed=progress.tasks[task].total)
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done)

        yield report
