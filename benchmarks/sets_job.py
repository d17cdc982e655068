"""The whole job of `cinescene sets render` in one process: clips and frames a second, by part, and memory.

    python benchmarks/sets_job.py [--preset nano] [--scenes 2] [--clips 6] [--first-seed 0]

Timed is everything that a worker does for a scene: set, shots, textures, upload, panorama, frames with and without the
subject, video, depth and masks, checksums. Frames count both videos. Parts are shares of the time of a second run under
the profiler, which slows plain Python most. One thread draws, as in a job with a process a core.
"""

from __future__ import annotations

import argparse
import cProfile
import dataclasses
import os
import pstats
import resource
import tempfile
import time
from pathlib import Path

import torch

from cinescene.data.layout import DatasetLayout
from cinescene.data.recipe import RenderRecipe, preset
from cinescene.data.render_job import render_scene
from cinescene.sets.renderer import Renderer

PARTS = {
    "set and its shots": "set_with_shots",
    "textures and meshes": "build_stage",
    "free space": "free_space",
    "cast, walks, captions": "script_clip",
    "upload, shadows, openness": "load",
    "panorama": "_render_panorama",
    "subjects' meshes": "meshes_at",
    "frames": "render_pair",
    "videos": "write_video",
    "depth": "write_depth_strip",
    "masks": "write_mask_strip",
    "checksums": "write_manifest",
}
"""What is printed -> the function that does it."""


def job(recipe: RenderRecipe, seeds: range, renderer: Renderer) -> tuple[float, float, int]:
    """Wall and processor seconds of the scenes of some seeds, and the bytes written."""
    with tempfile.TemporaryDirectory(prefix="cinescene-sets-") as folder:
        wall, processor = time.perf_counter(), time.process_time()
        for seed in seeds:
            render_scene(DatasetLayout(Path(folder)), seed, recipe, renderer)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return wall, processor, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="nano")
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--clips", type=int, default=None)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("LP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    recipe = preset(options.preset)
    recipe = dataclasses.replace(recipe, clips=options.clips or recipe.clips)
    seeds = range(options.first_seed, options.first_seed + options.scenes)
    clips = options.scenes * recipe.clips
    frames = 2 * clips * recipe.frames
    with Renderer(recipe.width_px, recipe.height_px) as renderer:
        wall, processor, size = job(recipe, seeds, renderer)
        print(
            f"{options.preset}: {options.scenes} scenes of {recipe.clips} clips, {recipe.width_px}×{recipe.height_px}, "
            f"{recipe.frames} frames; load {os.getloadavg()[0]:.1f}"
        )
        print(
            f"wall {wall:.1f} s: {clips / wall:.3f} clips/s, {frames / wall:.1f} frames/s; "
            f"processor {processor:.1f} s: {clips / processor:.3f} clips/s, {frames / processor:.1f} frames/s; "
            f"{size / clips / 1e6:.2f} MB a clip"
        )
        profile = cProfile.Profile(time.process_time)
        profile.runcall(job, recipe, seeds, renderer)
    stats = pstats.Stats(profile)
    total = stats.total_tt  # type: ignore[attr-defined]
    for part, name in PARTS.items():
        spent = sum(entry[3] for key, entry in stats.stats.items() if key[2] == name)  # type: ignore[attr-defined]
        print(f"  {part:28s} {100 * spent / total:5.1f} %")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"peak memory of the process, libraries included: {peak:.0f} MB")


if __name__ == "__main__":
    main()
