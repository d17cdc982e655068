"""Views of 512² cut from a 4096×2048 panorama: time, memory, and closeness to brute-force averaging.

    python benchmarks/panorama_views.py [panorama.jpg]

Without a file a JPEG of that size with detail at every scale is made first (not timed). Timed is what a user waits for:
reading the file, and the 20 views of the paper's layout. The best of three runs counts; the first one also holds
PyTorch's own warming up. Peak memory is the whole process's, libraries included.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama, panorama_views, resample_panorama
from cinescene.scene.view_layout import ViewLayout

SIZE = (4096, 2048)
SUPERSAMPLING = 8


def made_panorama(path: Path) -> None:
    """Writes a JPEG with detail at every scale that wraps around, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.zeros(1, 3, SIZE[1], SIZE[0])
    for octave in (4, 16, 64, 256, 1024):
        noise = torch.rand(1, 3, octave, 2 * octave, generator=generator)
        wrapped = torch.cat([noise[..., -1:], noise, noise[..., :1]], dim=-1)
        wide = round(SIZE[0] * (2 * octave + 2) / (2 * octave))
        part = torch.nn.functional.interpolate(wrapped, size=(SIZE[1], wide), mode="bilinear")
        picture += part[..., (wide - SIZE[0]) // 2 :][..., : SIZE[0]] / 5
    pixels = (picture[0].clamp(0, 1) * 255).byte().movedim(0, -1)
    Image.fromarray(np.ascontiguousarray(pixels.numpy())).save(path, quality=92)


def timed(path: Path) -> tuple[float, float, float, float]:
    """Seconds for reading, for building the pyramid and cutting the views, and for the views alone once it is built.

    Last, the processor time of reading and cutting, summed over cores: on a busy machine it says more.
    """
    start, processor = time.perf_counter(), time.process_time()
    panorama = Panorama.from_image(load_image(path).pixels, str(path))
    read = time.perf_counter()
    panorama_views(panorama, ViewLayout.paper())
    cut, processor = time.perf_counter(), time.process_time() - processor
    pyramid = panorama.pyramid()
    built = time.perf_counter()
    resample_panorama(panorama, ViewLayout.paper().cameras(panorama.camera), pyramid)
    return read - start, cut - read, time.perf_counter() - built, processor


def closeness_db(path: Path) -> tuple[float, float]:
    """PSNR of small views against 8×8 times supersampled ones: of these views, and of one sample a pixel."""
    panorama = Panorama.from_image(load_image(path).pixels, str(path))
    layout = ViewLayout(directions_rad=((0.3, 0.0), (2.0, math.radians(60)), (4.0, math.radians(-90))))
    small = layout.with_size(128, 128).cameras(panorama.camera)
    large = layout.with_size(128 * SUPERSAMPLING, 128 * SUPERSAMPLING).cameras(panorama.camera)
    fine = resample_panorama(panorama, large)
    reference = torch.nn.functional.avg_pool2d(fine, SUPERSAMPLING)
    points = fine[..., SUPERSAMPLING // 2 :: SUPERSAMPLING, SUPERSAMPLING // 2 :: SUPERSAMPLING]
    return _psnr(resample_panorama(panorama, small), reference), _psnr(points, reference)


def _psnr(found: torch.Tensor, reference: torch.Tensor) -> float:
    return -10 * math.log10(float((found - reference).square().mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panorama", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.panorama
        if path is None:
            path = Path(folder) / "panorama.jpg"
            made_panorama_elsewhere(path)
        runs = [timed(path) for _ in range(3)]
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        ours_db, points_db = closeness_db(path)
    read, cut, again, processor = min(runs, key=lambda run: run[0] + run[1])
    print(f"machine            {platform.machine()}, {os.cpu_count()} cores, {arguments.threads} threads")
    print(f"versions           Python {platform.python_version()}, PyTorch {torch.__version__}")
    print(f"reading            {read:.2f} s")
    print(f"20 views of 512²   {cut:.2f} s (first run {runs[0][1]:.2f} s; {again:.2f} s once the pyramid is built)")
    print(f"together           {read + cut:.2f} s (first run {runs[0][0] + runs[0][1]:.2f} s)")
    print(f"processor time     {processor:.2f} s over all cores")
    print(f"peak memory        {peak_mb:.0f} MB")
    print(f"closeness          {ours_db:.1f} dB to 8×8 supersampling (one sample a pixel: {points_db:.1f} dB)")


def made_panorama_elsewhere(path: Path) -> None:
    """Makes the panorama in a process of its own, so that its memory is not counted."""
    import multiprocessing

    process = multiprocessing.get_context("spawn").Process(target=made_panorama, args=(path,))
    process.start()
    process.join()


if __name__ == "__main__":
    main()
