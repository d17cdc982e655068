"""``cinescene sets``: making and checking scene-decoupled data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from cinescene.errors import InputError


def render(
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    sets: int = 10,
    preset: str = "release",
    clips: int | None = None,
    frames: int | None = None,
    size: str | None = None,
    fps: float | None = None,
    panorama_width: int | None = None,
    panoramas: int | None = None,
    shared_start: bool | None = None,
    kinds: tuple[str, ...] = (),
    shots: Literal["random", "stress"] = "random",
    first_seed: int = 0,
    processes: int | None = None,
    ray: bool = False,
    renderer: Literal["opengl", "blender"] = "opengl",
    blender: Path | None = None,
    blender_samples: int | None = None,
    backdrops: Path | None = None,
) -> None:
    """Render scenes: sets from seeds, each with shots with and without their subjects, a panorama, exact cameras.

    The files lie as in the published CineScene data set, with depth, masks and captions beside them. A job that was
    stopped at any moment goes on where it was when the same command is given again.

    Args:
        out: Folder of the data set.
        sets: Number of scenes.
        preset: release (672x384, 81 frames, 7 clips, shared start) or nano (256x144, 33 frames, 6 clips).
        clips: Shots a scene, in place of the preset's.
        frames: Frames a clip, in place of the preset's.
        size: Width and height of the frames, in place of the preset's.
        fps: Frames a second, in place of the preset's.
        panorama_width: Width of the panorama in pixels, in place of the preset's.
        panoramas: Panoramas a scene (1 in the presets); further ones, from anywhere in it, teach depth.
        shared_start: Whether all shots of a set begin with the same camera, in place of the preset's rule.
        kinds: Kinds of sets: room, hall, courtyard, street; all by default.
        shots: random, or stress: hard paths, the same on every set, for cinescene evaluate (docs/evaluation.md).
        first_seed: Seed of the first scene; the others follow.
        processes: Scenes rendered at once; as many as there are cores by default.
        ray: Render on a Ray cluster (RAY_ADDRESS, or a local one) whose machines share the folder.
        renderer: opengl, or blender: path traced by Blender, which is installed apart (docs/sets.md).
        blender: A Python that has bpy, or a blender executable; $CINESCENE_BLENDER by default.
        blender_samples: Paths a pixel with Blender; 32 by default.
        backdrops: Folder of panoramas that stand in for the skies of the sets and the view from their windows.
    """
    import dataclasses
    import os

    from cinescene.cli.progress import progress_bar
    from cinescene.cli.values import parse_size
    from cinescene.data.backdrops import list_backdrops
    from cinescene.data.recipe import RenderMeans
    from cinescene.data.recipe import preset as preset_recipe
    from cinescene.data.render_job import render_dataset

    if sets < 1 or first_seed < 0 or (processes is not None and processes < 1):
        raise InputError("sets render: expected at least one set and one process, and a first seed of at least 0")
    recipe = preset_recipe(preset)
    width, height = parse_size(size) if size else (recipe.width_px, recipe.height_px)
    changes: dict[str, Any] = {
        "clips": clips,
        "frames": frames,
        "frame_rate": fps,
        "panorama_width_px": panorama_width,
        "panoramas": panoramas,
        "shared_start": shared_start,
        "shots": shots,
        "blender_samples": blender_samples,
        "backdrops": None if backdrops is None else list_backdrops(backdrops),
    }
    known = {name: value for name, value in changes.items() if value is not None}
    recipe = dataclasses.replace(
        recipe, width_px=width, height_px=height, kinds=tuple(kinds), renderer=renderer, **known
    )
    means = RenderMeans(blender=blender, backdrops=None if backdrops is None else backdrops.resolve())
    seeds = range(first_seed, first_seed + sets)
    with progress_bar("scenes", sets, "scenes") as progress:
        report = render_dataset(out, seeds, recipe, processes or os.cpu_count() or 1, progress, means=means, ray=ray)
    print(f"{out}: {len(report.done)} of {sets} scenes are there")
    if report.failed:
        for seed, reason in report.failed:
            print(f"failed: seed {seed}: {reason}", file=sys.stderr)
        raise InputError(f"{out}: {len(report.failed)} scenes could not be rendered; give the command again to retry")


def verify(data: tyro.conf.Positional[Path]) -> None:
    """Check every file of a data set, and that frames, cameras, depth and masks agree with each other.

    Args:
        data: Folder of the data set.
    """
    from cinescene.cli.progress import progress_bar
    from cinescene.data.layout import DatasetLayout
    from cinescene.data.verify import verify_scene

    layout, scene_ids = _scenes(data)
    problems = []
    with progress_bar("verified", len(scene_ids), "scenes") as progress:
        for number, scene_id in enumerate(scene_ids):
            problems += verify_scene(DatasetLayout(layout), scene_id)
            progress(number + 1)
    for problem in problems:
        print(problem)
    if problems:
        raise InputError(f"{data}: {len(problems)} problems in {len(scene_ids)} scenes; render the scenes named anew")
    print(f"{data}: {len(scene_ids)} scenes, no problem")


def show(
    data: tyro.conf.Positional[Path],
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("sets.png"),
    video: Path | None = None,
    most: int = 12,
) -> None:
    """Look at a data set: a contact sheet, and optionally a short video of clips side by side.

    Args:
        data: Folder of the data set.
        out: The contact sheet (PNG).
        video: Also write this mp4: the first clip of each scene, all at once.
        most: Scenes shown at the most, spread over the data set.
    """
    from cinescene.data.layout import DatasetLayout
    from cinescene.data.show import write_clip_wall, write_contact_sheet

    root, scene_ids = _scenes(data)
    if most < 1:
        raise InputError(f"most: expected at least 1, got {most}")
    chosen = scene_ids[:: max(1, -(-len(scene_ids) // most))]
    write_contact_sheet(DatasetLayout(root), chosen, out)
    print(out)
    if video is not None:
        write_clip_wall(DatasetLayout(root), chosen, video)
        print(video)


def export(
    data: tyro.conf.Positional[Path],
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    shard_megabytes: int = 1024,
) -> None:
    """Write a data set as WebDataset tar shards.

    Args:
        data: Folder of the data set.
        out: Folder for the shards.
        shard_megabytes: Largest size of a shard.
    """
    from cinescene.data.dataset import DatasetConfig, SceneDecoupledDataset
    from cinescene.data.shards import export_shards

    dataset = SceneDecoupledDataset(DatasetConfig(root=data, frames=1))
    for path, clips in export_shards(dataset, out, shard_megabytes * 1_000_000):
        print(f"{path}: {clips} clips")
    for problem in dataset.missing:
        print(f"left out: {problem}", file=sys.stderr)


def _scenes(data: Path) -> tuple[Path, list[str]]:
    from cinescene.data.layout import DatasetLayout

    scene_ids = DatasetLayout(data).scene_ids()
    if not scene_ids:
        raise InputError(
            f"{data}: expected a data set in the release's layout (camera/, panorama/, video/), found none"
        )
    return data, scene_ids
