"""Clips that a model makes for an evaluation: the same shots, asked for in several ways and with several seeds."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cinescene.blocking.document import write_blocking
from cinescene.cameras import CameraTrack
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import sha256_of_file
from cinescene.data.strips import write_mask_strip
from cinescene.errors import CineSceneError, InputError, failure_reason
from cinescene.evaluation.clip_job import ClipJob
from cinescene.evaluation.made import Made, is_kept, keep
from cinescene.evaluation.placed_shot import placed_shot
from cinescene.evaluation.variants import EMPTY_PROMPT, Variant, chosen_variants, staged
from cinescene.model.levers import Levers
from cinescene.pipeline import CineScenePipeline
from cinescene.sets.subjects.performance import Performance
from cinescene.shot_manifest import write_manifest
from cinescene.shot_settings import ShotSettings
from cinescene.tensor_types import Bool, Tensor
from cinescene.video import Video, read_video, video_info

CRF = 10
DRAWN = 0.02
"""Difference of the previz with and without actors from which a pixel shows one."""
VERSION = 1
"""Changes whenever the same request would be made differently; part of what decides whether a kept clip is stale."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """Which models make which clips.

    ``models`` are names of models (`CineScenePipeline.from_pretrained`), ``variants`` those of `variants.Variant`,
    ``seeds`` those of the clips. ``steps`` are the model's own by default. ``camera_height_m`` is that of panoramas
    whose height is not recorded. Models make a data set's clips ``enlarge`` times smaller and enlarge them.
    """

    models: tuple[str, ...]
    variants: tuple[str, ...] = ("recorded",)
    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    vggt: str | None = None
    levers: Levers = field(default_factory=Levers)
    camera_height_m: float = 1.6
    enlarge: int = 1

    def __post_init__(self) -> None:
        if not self.models or not self.variants or not self.seeds:
            raise InputError("models: expected at least one model, one variant and one seed")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise InputError(f"seeds: expected different whole numbers from 0, got {', '.join(map(str, self.seeds))}")
        chosen_variants(self.variants)
        if self.enlarge > 1 and "no-scene" in self.variants:
            raise InputError("enlarge: takes its detail from the previz, which variant no-scene has not")

    def methods(self) -> list[tuple[str, str, Variant]]:
        """Name of the method, model and variant, in the order in which they are made."""
        names = [Path(model).name if Path(model).is_dir() else model.replace("/", "-") for model in self.models]
        if len(set(names)) < len(names):
            raise InputError(f"models: expected different names, got {', '.join(names)}; rename a folder")
        variants = chosen_variants(self.variants)
        return [(v.method(n), m, v) for n, m in zip(names, self.models, strict=True) for v in variants]


def model_jobs(
    request: ModelRequest, shots: Sequence[ClipJob], out: Path, progress: Callable[[int], None] = lambda done: None
) -> Made:
    """Makes every clip of every method into ``out/<method>/seed<seed>``; those that are there already stay.

    What the model was shown goes to ``out/previz``. ``shots`` are clips of a data set (`dataset_jobs`), or of panoramas
    with moves as their camera. A shot that a model cannot make is listed with the reason. Raises `CheckpointError` for
    a model that cannot be loaded.
    """
    made, done = Made(), 0
    pipelines = functools.lru_cache(maxsize=1)(functools.partial(_loaded, request))
    for method, model, variant in request.methods():
        pipeline = pipelines(model)
        made.jobs[method], made.failed[method] = [], {}
        made.models[method] = {"model": model, "weights_sha256": pipeline.weights_hash, "variant": variant.name}
        for shot, seed in ((shot, seed) for shot in shots for seed in request.seeds):
            folder = out / method / f"seed{seed}"
            try:
                path = _clip(pipeline, request, variant, shot, seed, folder)
                made.jobs[method].append(_job(shot, variant, seed, path))
            except CineSceneError as error:
                made.failed[method][f"{shot.name}, seed {seed}"] = failure_reason(error)
            done += 1
            progress(done)
    return made


def _loaded(request: ModelRequest, model: str) -> CineScenePipeline:
    return CineScenePipeline.from_pretrained(model, levers=request.levers, vggt=request.vggt)


# ---- one clip -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Wanted:
    """A shot before a variant is chosen, in the world of paths."""

    panorama_file: Path
    camera: CameraTrack | str
    camera_height_m: float
    performances: tuple[Performance, ...]
    settings: ShotSettings


def _wanted(shot: ClipJob, request: ModelRequest) -> _Wanted:
    settings = ShotSettings(steps=request.steps, enlarge=request.enlarge)
    if shot.data is None:
        assert shot.scene is not None
        assert shot.camera is not None
        return _Wanted(
            panorama_file=Path(shot.scene),
            camera=shot.camera,
            camera_height_m=request.camera_height_m,
            performances=(),
            settings=dataclasses.replace(settings, camera_height_m=request.camera_height_m),
        )
    placed = placed_shot(shot, request.camera_height_m)
    assert shot.reference is not None
    info, times = video_info(shot.reference), request.enlarge
    if info.width_px % times or info.height_px % times:
        raise InputError(f"enlarge: {shot.reference} is {info.width_px}×{info.height_px}, no multiple of {times}")
    return _Wanted(
        panorama_file=placed.panorama_file,
        camera=placed.track,
        camera_height_m=placed.camera_height_m,
        performances=placed.performances,
        settings=dataclasses.replace(
            settings,
            width_px=info.width_px // times,
            height_px=info.height_px // times,
            camera_height_m=placed.camera_height_m,
        ),
    )


def _clip(
    pipeline: CineScenePipeline, request: ModelRequest, variant: Variant, shot: ClipJob, seed: int, folder: Path
) -> Path:
    """The file of a clip, made if it is not there."""
    path, wanted = folder / f"{shot.name}.mp4", _wanted(shot, request)
    facts = {
        "version": VERSION,
        "variant": variant.name,
        "seed": seed,
        "prompt": shot.prompt,
        "steps": request.steps,
        "enlarge": request.enlarge,
        "weights": pipeline.weights_hash or pipeline.origin,
        "precision": request.levers.precision,
        "files": {p.name: sha256_of_file(p) for p in _sources(shot, wanted)},
        "camera": shot.camera if shot.data is None else None,
    }
    if is_kept(path, facts):
        return path
    scene = staged(variant, wanted.panorama_file, wanted.camera, wanted.performances)
    settings = dataclasses.replace(
        wanted.settings,
        blocking=_blocking(variant, scene.performances, pipeline, folder / f"{shot.name}.blocking.json"),
        hide_scene=variant.name == "no-scene",
    )
    prompt = EMPTY_PROMPT if variant.name == "empty" else shot.prompt
    if prompt is None:
        raise InputError(f"{shot.name}: a model needs a prompt; give one with --prompt, or captions with the data")
    result = pipeline(scene=scene.scene, prompt=prompt, camera=scene.camera, seed=seed, settings=settings)
    result.video.save(path, CRF)
    write_manifest(path.with_suffix(".json"), result.manifest)
    if result.previz is not None:
        result.previz.save(_previz_file(path), 0)
    keep(path, facts)
    return path


def _sources(shot: ClipJob, wanted: _Wanted) -> Iterator[Path]:
    yield wanted.panorama_file
    if shot.data is None:
        return
    layout = DatasetLayout(shot.data)
    clip = shot.name.removeprefix(f"{shot.group}_")
    recorded = layout.set_file(shot.group)
    yield Path(str(shot.camera))
    yield recorded if recorded.is_file() else Path(str(shot.reference))
    if layout.clip_file(shot.group, clip).is_file():
        yield layout.clip_file(shot.group, clip)


def _blocking(variant: Variant, performances: Sequence[Performance], pipeline: CineScenePipeline, path: Path) -> str:
    """What `ShotSettings.blocking` is told; recorded performances go through a file, as a user's would."""
    if variant.name in ("empty", "no-scene") or not pipeline.parts.transformer.config.stand_ins:
        return "none"
    if variant.name == "caption" or not performances:
        return "auto"
    write_blocking(path, performances)
    return str(path)


def _previz_file(path: Path) -> Path:
    """Not among the clips, so that their folder holds nothing else and can be given to `evaluate` again."""
    method = path.parent.parent
    return method.parent / "previz" / method.name / path.parent.name / path.name


# ---- jobs -----------------------------------------------------------------------------------------------------------


def _job(shot: ClipJob, variant: Variant, seed: int, path: Path) -> ClipJob:
    job = dataclasses.replace(shot, video=path, seed=seed, expect_empty=variant.name == "empty")
    if variant.name == "empty" and _previz_file(path).is_file():
        return dataclasses.replace(job, staged_previz=_previz_file(path))
    if variant.name != "caption":
        return job
    model_folder = path.parent.parent.with_name(path.parent.parent.name.removesuffix("caption") + "empty")
    empty = model_folder / path.parent.name / path.name
    if not (_previz_file(path).is_file() and _previz_file(empty).is_file()):
        return job
    mask = _previz_file(path).with_suffix(".actors.png")
    drawn = _drawn(read_video(_previz_file(path)), read_video(_previz_file(empty)))
    write_mask_strip(mask, drawn, drawn)
    return dataclasses.replace(job, staged_mask=mask, staged_previz=_previz_file(path), staged_empty=empty)


def _drawn(with_actors: Video, without: Video) -> Bool[Tensor, "t h w"]:
    """Where actors were drawn into a previz."""
    difference: Tensor = (with_actors.as_float() - without.as_float()).abs().amax(1)
    return difference > DRAWN
