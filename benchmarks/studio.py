"""Pictures a second that the studio can show through the camera while a path is dragged.

    python benchmarks/studio.py [--size 320x180] [--scene sample:courtyard]

One picture after another along an arc of 60 degrees, with everything that a drag does to it: the path is changed and
sampled, and the previz is drawn and tinted. The page's own drawing, in the browser, is not in it.
"""

from __future__ import annotations

import argparse
import platform
import time

import torch

from cinescene.cli.values import parse_size
from cinescene.presets import NANO_FOLDER
from cinescene.studio.desk import PathDesk
from cinescene.studio.stage import camera_at, open_stage, tinted

PICTURES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--scene", default="sample:courtyard")
    options = parser.parse_args()
    width, height = parse_size(options.size)
    stage, desk = open_stage(options.scene, 1.6, NANO_FOLDER), PathDesk()
    desk.shoot_moves("arc right 60deg around 3m over 5s", focal_mm=24.0, frame_rate=8.0)
    spent = []
    for index in range(PICTURES):
        begin = time.perf_counter()
        desk.replace(0, goes_on=True, focal_mm=24.0 + 0.01 * index)
        track = desk.track(width_px=width, height_px=height, frame_rate=8.0)
        tinted(stage.look(camera_at(track, index % len(track))))
        spent.append(time.perf_counter() - begin)
    spent.sort()
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, {width}×{height}")
    print(f"{PICTURES / sum(spent):.1f} pictures/s; median {1000 * spent[len(spent) // 2]:.0f} ms")


if __name__ == "__main__":
    main()
