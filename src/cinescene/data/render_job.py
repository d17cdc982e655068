"""Rendering a data set: seeds in, scenes on disk out, resumable."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

import cinescene
from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.backdrops import backdrop_of_seed, load_backdrop
from cinescene.data.documents import read_kind, write_json
from cinescene.data.jobs import JobReport, run_tasks
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import read_manifest
from cinescene.data.recipe import KIND, VERSION, RenderMeans, RenderRecipe
from cinescene.data.scripted import ScriptedClip, script_clip
from cinescene.data.writer import ClipRecord, PanoramaRecord, write_scene
from cinescene.errors import CineSceneError, GeometryError, InputError
from cinescene.ray_tasks import TaskError, over_ray
from cinescene.sets.back_end import BackEnd
from cinescene.sets.backdrops import with_backdrop
from cinescene.sets.blender import BlenderRenderer
from cinescene.sets.blender_process import find_blender
from cinescene.sets.collision import FreeSpace
from cinescene.sets.description import SetDescription
from cinescene.sets.generate import DRAWS, generate_set
from cinescene.sets.renderer import Renderer
from cinescene.sets.shot_rules import ShotRules
from cinescene.sets.shots import PlannedShot, plan_shots
from cinescene.sets.stage import build_stage, free_space
from cinescene.sets.stress_shots import stress_shots

SET_ATTEMPTS = 10
"""Sets drawn for a seed until one has room for its shots."""
DRAW_STEP = 1_000_003
NO_MEANS = RenderMeans()
NEAR_M, TAKEN_AT_M, ROOM_M = 2.0, (1.2, 1.9), 0.35
"""Of further panoramas: standard deviation around the first, heights, and free space around them."""


def render_dataset(
    root: Path,
    seeds: range,
    recipe: RenderRecipe,
    processes: int,
    progress: Callable[[int], None] = lambda done: None,
    *,
    means: RenderMeans = NO_MEANS,
    ray: bool = False,
) -> JobReport[int]:
    """Renders one scene a seed into ``root``; scenes that are there whole, of the same recipe, are kept.

    Raises `InputError` where ``root`` holds a data set of another recipe, and `MissingDependencyError` without the
    Blender that the recipe asks for. ``progress`` gets the number of scenes that are there. With ``ray`` scenes are
    rendered by a Ray cluster, one a task of one processor.
    """
    if recipe.renderer == "blender" and not ray:
        find_blender(means.blender)
    _check_dataset(root, recipe)
    layout = DatasetLayout(root)
    kept = [seed for seed in seeds if is_rendered(layout, seed, recipe)]
    waiting = [seed for seed in seeds if seed not in set(kept)]
    progress(len(kept))
    threads = 1 if ray else max(1, (os.cpu_count() or 1) // processes)
    work = functools.partial(render_in_worker, root.resolve() if ray else root, recipe, means, threads)
    if ray:
        report = _over_ray(waiting, work, lambda done: progress(len(kept) + done))
    else:
        report = run_tasks(waiting, work, min(processes, len(waiting)), lambda done: progress(len(kept) + done))
    report.done = sorted([*kept, *report.done])
    return report


def _over_ray(seeds: list[int], work: Callable[[int], None], progress: Callable[[int], None]) -> JobReport[int]:
    report: JobReport[int] = JobReport()
    for done, (seed, result) in enumerate(over_ray(seeds, work), start=1):
        if isinstance(result, TaskError):
            report.failed.append((seed, str(result)))
        else:
            report.done.append(seed)
        progress(done)
    return report


def scene_name(seed: int) -> str:
    """The scene of a seed."""
    return f"set{seed:06d}"


def is_rendered(layout: DatasetLayout, seed: int, recipe: RenderRecipe) -> bool:
    """Whether the scene of a seed is there: its manifest names this recipe, and its files have the sizes it lists."""
    try:
        manifest = read_manifest(layout, scene_name(seed))
    except CineSceneError:
        return False
    files: dict[str, dict[str, Any]] = manifest["files"]
    paths = {layout.root / name: entry.get("bytes") for name, entry in files.items()}
    whole = all(path.is_file() and path.stat().st_size == size for path, size in paths.items())
    return whole and manifest.get("recipe") == recipe_of(seed, recipe)


def recipe_of(seed: int, recipe: RenderRecipe) -> dict[str, Any]:
    """What makes the same scene again."""
    return {"seed": seed, "cinescene": cinescene.__version__, "draws": DRAWS, **recipe.to_json()}


def render_in_worker(root: Path, recipe: RenderRecipe, means: RenderMeans, threads: int, seed: int) -> None:
    """Renders one scene in a process of its own, on its share of the cores."""
    os.environ.setdefault("LP_NUM_THREADS", str(threads))
    torch.set_num_threads(threads)
    layout = DatasetLayout(root)
    _clear_leftovers(layout, scene_name(seed))
    if recipe.renderer == "blender":
        with BlenderRenderer(recipe.blender_samples, means.blender, threads) as blender:
            render_scene(layout, seed, recipe, blender, means)
    else:
        render_scene(layout, seed, recipe, _renderer(recipe), means)


def render_scene(
    layout: DatasetLayout, seed: int, recipe: RenderRecipe, renderer: BackEnd, means: RenderMeans = NO_MEANS
) -> None:
    """Generates the set of a seed and its shots, renders them with and without subjects, and writes the scene."""
    description, shots = set_with_shots(seed, recipe)
    space = free_space(description)
    scripts = [
        script_clip(index + 1, shot, description, space, np.random.default_rng([seed, 0x5C, index]))
        for index, shot in enumerate(shots)
    ]
    places = panorama_places(description, space, seed, recipe)
    description, backdrop = _under_backdrop(description, seed, recipe, means)
    renderer.load(build_stage(description, backdrop))
    place: dict[str, object] = {"description": description.to_json()}
    if recipe.renderer != "opengl":
        place["renderer"] = renderer.device
    write_scene(
        layout,
        scene_name(seed),
        [_render_panorama(renderer, at, recipe) for at in places],
        _rendered_clips(renderer, scripts),
        place=place,
        recipe=recipe_of(seed, recipe),
    )


def _under_backdrop(
    description: SetDescription, seed: int, recipe: RenderRecipe, means: RenderMeans
) -> tuple[SetDescription, np.ndarray | None]:
    """The set under the sky of its seed, and that picture; shots and subjects were planned without it."""
    if not recipe.backdrops:
        return description, None
    if means.backdrops is None:
        raise InputError("the recipe has backdrops; expected the folder that holds them (--backdrops FOLDER)")
    backdrop, turn = backdrop_of_seed(seed, recipe.backdrops)
    picture = load_backdrop(means.backdrops, backdrop)
    return with_backdrop(description, picture, backdrop.name, turn), picture


def set_with_shots(seed: int, recipe: RenderRecipe) -> tuple[SetDescription, list[PlannedShot]]:
    """The first set drawn for a seed that has room for all its shots."""
    rules = ShotRules(
        frames=max(recipe.frames, 2),
        frame_rate=recipe.frame_rate,
        width_px=recipe.width_px,
        height_px=recipe.height_px,
        shared_start=recipe.shared_start,
    )
    kind = recipe.kinds[seed % len(recipe.kinds)] if recipe.kinds else None
    for attempt in range(SET_ATTEMPTS):
        description = generate_set(seed + attempt * DRAW_STEP, kind)
        try:
            if recipe.shots == "stress":
                return description, stress_shots(description, rules, seed)
            return description, plan_shots(description, rules, seed, recipe.clips)
        except GeometryError:
            continue
    raise InputError(f"seed {seed}: none of {SET_ATTEMPTS} sets has room for its shots; leave this seed out")


def panorama_places(
    description: SetDescription, space: FreeSpace, seed: int, recipe: RenderRecipe
) -> list[Float[np.ndarray, "3"]]:
    """Where the panoramas of a set are taken: at its own place, near it, and anywhere; fewer where there is no room."""
    rng = np.random.default_rng([seed, 0x9A])
    first = np.asarray(description.panorama_position, dtype=np.float64)
    places = [first]
    left, front, right, back = space.bounds
    for _ in range(100 * (recipe.panoramas - 1)):
        if len(places) == recipe.panoramas:
            break
        near = first[:2] + rng.normal(0, NEAR_M, 2)
        anywhere = np.array([rng.uniform(left, right), rng.uniform(front, back)])
        place = np.array([*(near if rng.random() < 0.5 else anywhere), rng.uniform(*TAKEN_AT_M)])
        if space.is_free(place, ROOM_M):
            places.append(place)
    return places


def _render_panorama(renderer: BackEnd, place: Float[np.ndarray, "3"], recipe: RenderRecipe) -> PanoramaRecord:
    pose = rigid(level_rotation(), torch.tensor(place, dtype=torch.float64))
    width, height = recipe.panorama_width_px, recipe.panorama_width_px // 2
    frame = renderer.render_panorama(pose, width, height)
    camera = Cameras.equirectangular(pose, width, height)
    return PanoramaRecord(image=frame.colour, camera=camera, distance_m=frame.depth_m)


def _rendered_clips(renderer: BackEnd, scripts: list[ScriptedClip]) -> Iterator[ClipRecord]:
    for script in scripts:
        yield ClipRecord(
            clip=script.clip,
            track=script.track,
            **_rendered_frames(renderer, script),
            caption=script.caption,
            facts=script.facts,
        )


def _rendered_frames(renderer: BackEnd, script: ScriptedClip) -> dict[str, Any]:
    """The pictures of a `ClipRecord`, written where they stay, so that a clip is held once."""
    cameras, times = script.track.cameras(), script.track.frame_times_s().tolist()
    width, height = cameras.size_px
    size = (len(times), height, width)
    pictures = {
        name: torch.empty((size[0], 3, *size[1:]), dtype=torch.uint8) for name in ("with_subject", "without_subject")
    }
    masks = {name: torch.empty(size, dtype=torch.bool) for name in ("subject_mask", "affected_mask")}
    depth = torch.empty(size)
    for index, time_s in enumerate(times):
        actors = [mesh for performance in script.performances for mesh in performance.meshes_at(time_s)]
        pair = renderer.render_pair(cameras[index], actors)
        pictures["with_subject"][index] = pair.with_subject.colour
        pictures["without_subject"][index] = pair.without_subject.colour
        masks["subject_mask"][index] = pair.subject_mask
        masks["affected_mask"][index] = pair.subject_and_shadow_mask
        depth[index] = pair.without_subject.depth_m
    return {**pictures, **masks, "depth_m": depth}


@functools.lru_cache(maxsize=1)
def _renderer(recipe: RenderRecipe) -> Renderer:
    return Renderer(recipe.width_px, recipe.height_px, recipe.samples)


def _check_dataset(root: Path, recipe: RenderRecipe) -> None:
    layout = DatasetLayout(root)
    document = {"kind": KIND, "version": VERSION, "licence": "CC0-1.0", "recipe": recipe.to_json()}
    if not layout.dataset_file.exists():
        write_json(layout.dataset_file, document)
        return
    found = read_kind(layout.dataset_file, "data set file", KIND, VERSION).get("recipe")
    if found != recipe.to_json():
        wanted, had = recipe.to_json(), found if isinstance(found, dict) else {}
        differing = sorted(k for k in wanted.keys() | had.keys() if had.get(k) != wanted.get(k))
        raise InputError(
            f"{root}: holds a data set of another recipe (different: {', '.join(differing)}); choose another folder, "
            "or the options that it was made with"
        )


def _clear_leftovers(layout: DatasetLayout, scene_id: str) -> None:
    """Deletes temporary files of a job that was killed while it worked on this scene."""
    folders = [layout.extras_folder(scene_id), layout.panorama_file(scene_id).parent]
    for subject in (True, False):
        folders.append(layout.camera_file(scene_id, subject=subject).parent)
        folders.append(layout.video_file(scene_id, "01", subject=subject).parent)
    for folder in folders:
        for leftover in folder.glob(".*"):
            leftover.unlink(missing_ok=True)
