"""Blender's Cycles beside our renderer: depth, subject masks, colours and seconds on a set of each kind.

Needs CINESCENE_BLENDER (docs/sets.md). With a file name, writes the pictures side by side: ours, Blender's.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from cinescene.data.recipe import RenderRecipe
from cinescene.data.render_job import set_with_shots
from cinescene.data.scripted import script_clip
from cinescene.sets.blender import BlenderRenderer
from cinescene.sets.frame import Frame
from cinescene.sets.renderer import Renderer
from cinescene.sets.stage import build_stage, free_space

WIDTH, HEIGHT, PANORAMA, SAMPLES = 320, 192, (320, 160), 32
SETS = (("room", 5, 0), ("courtyard", 8, 1), ("street", 21, 0), ("hall", 4, 0))


def main() -> None:
    rows = []
    with Renderer(WIDTH, HEIGHT) as ours, BlenderRenderer(SAMPLES) as blender:
        for kind, seed, clip in SETS:
            rows.append(compare(kind, seed, clip, ours, blender))
    if len(sys.argv) > 1:
        sheet = torch.cat(rows, dim=1).movedim(0, -1).numpy()
        Image.fromarray(sheet).save(sys.argv[1])


def compare(kind: str, seed: int, clip: int, ours: Renderer, blender: BlenderRenderer) -> torch.Tensor:
    recipe = RenderRecipe(
        width_px=WIDTH, height_px=HEIGHT, frames=9, frame_rate=5.0, clips=clip + 1, kinds=(kind,), shared_start=False
    )
    description, shots = set_with_shots(seed, recipe)
    script = script_clip(1, shots[clip], description, free_space(description), np.random.default_rng([seed, clip]))
    stage = build_stage(description)
    camera = script.track.cameras()[4]
    actors = [m for p in script.performances for m in p.meshes_at(float(script.track.frame_times_s()[4]))]
    pose = camera.world_from_camera
    ours.load(stage)
    mine, mine_around = ours.render_pair(camera, actors), ours.render_panorama(pose, *PANORAMA)
    started = time.perf_counter()
    blender.load(stage)
    loaded = time.perf_counter()
    other = blender.render_pair(camera, actors)
    rendered = time.perf_counter()
    around = blender.render_panorama(pose, *PANORAMA)
    both, either = mine.subject_mask & other.subject_mask, mine.subject_mask | other.subject_mask
    overlap = f"{float(both.sum() / either.sum()):.4f}" if either.any() else "nobody in view"
    print(f"{kind} {seed} ({description.flavour}, {description.sky.weather}): {script.caption}")
    print(f"  perspective {agreement(mine.with_subject, other.with_subject)}; subject masks {overlap}")
    print(f"  panorama    {agreement(mine_around, around)}")
    print(f"  Blender: load {loaded - started:.1f} s, a pair of frames {rendered - loaded:.1f} s", flush=True)
    return torch.cat([mine.with_subject.colour, other.with_subject.colour], dim=2)


def agreement(ours: Frame, theirs: Frame) -> str:
    inverse = (1 / ours.depth_m)[None, None]
    high, low = F.max_pool2d(inverse, 3, 1, 1)[0, 0], -F.max_pool2d(-inverse, 3, 1, 1)[0, 0]
    inside = (high - low <= 0.1 * high) & ours.depth_m.isfinite()
    error = (theirs.depth_m / ours.depth_m - 1).abs()[inside]
    means = [frame.colour.float().mean((1, 2)) for frame in (ours, theirs)]
    return (
        f"depth: median difference {float(error.median()):.1e}, within 1 % {float((error < 0.01).float().mean()):.4%} "
        f"of {float(inside.float().mean()):.0%}; mean colour {means[0].int().tolist()} and {means[1].int().tolist()}"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
