"""Time and peak memory of scoring one clip: 77 frames of 672×384 against its reference, with mask and camera.

    python benchmarks/evaluate.py [--frames 77] [--width 672] [--height 384] [--poses auto]

Renders a moving camera through a panorama as reference, adds noise and a moving subject as the clip, and runs
`cinescene evaluate` as a process of its own, so that start-up and memory are those that a user sees. Processor time is
what counts on a machine that others use, too. The peak is that of rendering the reference where that is higher.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from preview import write_panorama

from cinescene.video import Video, read_video

CAMERA = "dolly in 1.5m; truck right 0.8m; pan left 20deg"


def write_inputs(folder: Path, frames: int, width: int, height: int) -> None:
    """reference.mp4, clip.mp4 and mask.png (one below the other)."""
    panorama = folder / "panorama.jpg"
    write_panorama(panorama, 4096)
    reference = folder / "reference.mp4"
    command = [sys.executable, "-m", "cinescene", "preview", "--scene", str(panorama), "--camera", CAMERA, "--no-map"]
    command += ["--frames", str(frames), "--size", f"{width}x{height}", "--dome-radius", "4", "-o", str(reference)]
    subprocess.run(command, check=True, capture_output=True)
    clean = read_video(reference)
    mask = torch.zeros(frames, height, width, dtype=torch.bool)
    for index in range(frames):
        left = int(0.2 * width + 0.4 * width * index / frames)
        mask[index, height // 3 : 5 * height // 6, left : left + width // 8] = True
    noise = torch.Generator().manual_seed(0)
    noisy = clean.frames.float() + 8 * torch.randn(clean.frames.shape, generator=noise)
    noisy = torch.where(mask[:, None], torch.tensor([200.0, 40.0, 40.0])[:, None, None], noisy)
    Video(frames=noisy.clamp(0, 255).to(torch.uint8), frame_rate=clean.frame_rate).save(folder / "clip.mp4")
    Image.fromarray(mask.numpy().astype(np.uint8).reshape(-1, width) * 255).save(folder / "mask.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=77)
    parser.add_argument("--width", type=int, default=672)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--poses", default="auto")
    parser.add_argument("--keep", type=Path, help="a folder to leave the inputs and the report in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_inputs(folder, options.frames, options.width, options.height)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "cinescene", "evaluate", str(folder / "clip.mp4"), "--camera", CAMERA]
        command += ["--reference", str(folder / "reference.mp4"), "--masks", str(folder / "mask.png")]
        begin = time.perf_counter()
        subprocess.run([*command, "--poses", options.poses, "-o", str(folder / "out")], check=True)
        seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"evaluate, {options.frames} frames of {options.width}x{options.height}, poses {options.poses}: "
        f"{seconds:.1f} s ({processor_s:.1f} s of processor time), peak memory {after.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    main()
