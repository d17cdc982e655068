"""Draws the clips of a finished evaluation for docs/results.md: one sheet a scene, truth and methods below each other.

    cinescene evaluate --data data/eval data/eval2 --most 16 --frames 5 --pose-frames 5 -o evaluation \\
        --models nano --variants recorded shuffled no-scene caption \\
        --baselines panorama-relief panorama-standin nearest-view
    python scripts/make_results.py evaluation --out docs/images/results

The numbers are the evaluation's own (tables.md, report.html).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from cinescene.evaluation.results import read_results
from cinescene.training.contact import save_rows
from cinescene.video import read_video

PICTURES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder that cinescene evaluate wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=["panorama-relief", "nano", "nano caption"])
    options = parser.parse_args()
    methods = read_results(options.run)["methods"]
    missing = [name for name in options.methods if name not in methods]
    if missing:
        parser.error(f"{options.run} has no method {missing[0]!r}; it has {', '.join(methods)}")
    sheets: dict[str, list[torch.Tensor]] = {}
    for clip in methods[options.methods[0]]["clips"]:
        same = [_of(methods[name]["clips"], clip["name"]) for name in options.methods]
        if any(found is None for found in same):
            continue
        truth = clip["inputs"]["reference_with_subject"] or clip["inputs"]["reference"]
        rows = [truth, *(found["inputs"]["video"] for found in same if found is not None)]
        sheets.setdefault(clip["group"], []).extend(_pictures(Path(video)) for video in rows)
    for scene_id, rows in sheets.items():
        save_rows(options.out / f"{scene_id}.png", rows)


def _of(clips: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """A clip by name, of its first seed."""
    return next((clip for clip in clips if clip["name"] == name), None)


def _pictures(video: Path) -> torch.Tensor:
    frames = read_video(video).as_float()
    return frames[:: len(frames) // PICTURES + 1]


if __name__ == "__main__":
    main()
