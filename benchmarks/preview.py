"""Time and peak memory of a preview: 77 frames of 672×384 through a 4096×2048 panorama, encoded to mp4.

    python benchmarks/preview.py [--frames 77] [--width 672] [--height 384]

Runs `cinescene preview` as a process of its own, so that start-up and memory are those that a user sees.
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
from PIL import Image


def write_panorama(path: Path, width: int) -> None:
    """A panorama with detail at every scale."""
    rng = np.random.default_rng(0)
    picture = np.zeros((width // 2, width, 3), dtype=np.float32)
    for size in (16, 64, 256, width // 2):
        noise = Image.fromarray(rng.integers(0, 256, (size, 2 * size, 3), dtype=np.uint8))
        picture += np.asarray(noise.resize((width, width // 2)), dtype=np.float32) / 4
    Image.fromarray(picture.astype(np.uint8)).save(path, quality=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=77)
    parser.add_argument("--width", type=int, default=672)
    parser.add_argument("--height", type=int, default=384)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        panorama = Path(folder) / "panorama.jpg"
        write_panorama(panorama, 4096)
        command = [sys.executable, "-m", "cinescene", "preview", "--scene", str(panorama)]
        command += ["--camera", "dolly in 1m; then pan right 60deg; zoom 24mm -> 50mm"]
        command += ["--frames", str(options.frames), "--size", f"{options.width}x{options.height}"]
        begin = time.perf_counter()
        subprocess.run([*command, "-o", str(Path(folder) / "preview.mp4")], check=True, capture_output=True)
        seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"preview, {options.frames} frames of {options.width}x{options.height} from 4096x2048: "
        f"{seconds:.1f} s, peak memory {peak:.0f} MB"
    )


if __name__ == "__main__":
    main()
