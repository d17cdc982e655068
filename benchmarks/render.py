"""The renderer: frames a second at 256×256 with a person in a set, time of a panorama, memory.

    python benchmarks/render.py [--size 256x256] [--frames 60] [--rounds 5] [--seed 0] [--kind room]

The set comes from the set generator and the person walks through it; the camera moves all the time. Meshes are made
before the clock starts: timed is `Renderer.render` alone, from meshes and camera to a frame in memory (colour,
depth and masks come together). Rounds of the cases alternate; printed are the best round and the median one, in wall
time, and the processor time of the best one, summed over threads: on a busy machine it says more. Shadows are on,
samples a pixel are four. The first round compiles shaders and is not counted.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from cinescene.cameras.camera import Cameras
from cinescene.cli.values import parse_size
from cinescene.sets.description import SetDescription
from cinescene.sets.generate import generate_set
from cinescene.sets.mesh import Mesh
from cinescene.sets.renderer import Renderer
from cinescene.sets.stage import build_stage
from cinescene.sets.subjects.casting import random_person
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import Performance

PANORAMA_PX = (2048, 1024)


def views(description: SetDescription, count: int, width_px: int, height_px: int) -> list[Cameras]:
    """An arc at eye level that looks at the middle of the first room."""
    air = description.air[0]
    low, high = np.array(air.low), np.array(air.high)
    middle, reach = (low + high) / 2, 0.42 * (high - low)
    angles = np.linspace(-0.6, 0.6, count) - 2.0
    eyes = [(*(middle + reach * (math.cos(a), math.sin(a))), 1.5) for a in angles]
    target = torch.tensor([*middle, 1.1], dtype=torch.float64)
    poses = [Cameras.looking_at(torch.tensor(eye, dtype=torch.float64), target) for eye in eyes]
    return [Cameras.from_field_of_view(pose, math.radians(70), width_px, height_px) for pose in poses]


def walk(description: SetDescription, count: int, seed: int) -> list[list[Mesh]]:
    """The meshes of a person who walks through the middle of the first room, frame by frame at 24 a second."""
    air = description.air[0]
    middle = (np.array(air.low) + np.array(air.high)) / 2
    seconds = count / 24
    start = middle - (0.5 * 1.2 * seconds, 0.0)
    person = random_person(np.random.default_rng(seed))
    performance = Performance(subject=person, path=GroundPath.straight(start, 0.0, 1.2, seconds), duration_s=seconds)
    return [performance.meshes_at(i / 24) for i in range(count)]


def rounds_of(
    cases: dict[str, Callable[[int], object]], frames: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor seconds a frame of each round of each case, in turn."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for turn in range(rounds + 1):
        for name, case in cases.items():
            wall, processor = time.perf_counter(), time.process_time()
            for i in range(frames):
                case(i)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            if turn:
                found[name].append((wall / frames, processor / frames))
    return found


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{model}, {os.cpu_count()} logical processors, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=parse_size, default=(256, 256))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", default="room")
    options = parser.parse_args()
    width, height = options.size

    description = generate_set(options.seed, options.kind)
    stage = build_stage(description)
    cameras = views(description, options.frames, width, height)
    actors = walk(description, options.frames, options.seed)
    with Renderer(width, height) as renderer:
        start = time.perf_counter()
        renderer.load(stage)
        loaded = time.perf_counter() - start
        print(f"{renderer.device}; {machine()}")
        print(
            f"{width}×{height}, 4 samples, {options.kind} of {_triangles(stage.meshes):,} triangles with "
            f"{'sun' if stage.sun else 'no sun'} and {len(stage.lamps)} lamps, person of {_triangles(actors[0]):,}; "
            f"loading {loaded:.2f} s"
        )
        cases: dict[str, Callable[[int], object]] = {
            "set alone": lambda i: renderer.render(cameras[i]),
            "with person": lambda i: renderer.render(cameras[i], actors[i]),
            "with person, normals": lambda i: renderer.render(cameras[i], actors[i], normals=True),
            "pair (two frames)": lambda i: renderer.render_pair(cameras[i], actors[i]),
        }
        for name, times in rounds_of(cases, options.frames, options.rounds).items():
            best, middle = min(times), statistics.median(wall for wall, _ in times)
            print(
                f"{name:22s} best {1 / best[0]:6.1f} a second ({1e3 * best[0]:.1f} ms, {1e3 * best[1]:.1f} ms of "
                f"processor time), median {1 / middle:6.1f}"
            )
        pose = cameras[0].world_from_camera
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            renderer.render_panorama(pose, *PANORAMA_PX)
            seconds.append(time.perf_counter() - start)
        print(f"panorama {PANORAMA_PX[0]}×{PANORAMA_PX[1]}: {min(seconds):.2f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(f"peak memory of the process, libraries included: {peak:.0f} MB")


def _triangles(meshes: object) -> int:
    return sum(len(mesh.triangles) for mesh in meshes)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
