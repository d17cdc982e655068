"""Contact sheets for docs/results.md: real panoramas, one path with several prompts, one prompt on several paths.

python scripts/make_result_pictures.py --out docs/images/results --panoramas folder/*.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.pipeline import CineScenePipeline
from cinescene.training.contact import save_rows

SAMPLE = "sample:courtyard"
PROMPTS = (
    "a woman in a red coat walks to the left",
    "an old man in a dark blue suit walks towards the camera",
    "a girl in a yellow dress waves",
    "a brown dog trots to the right",
    "a man in a green jacket and a woman in a white dress walk to the right",
    "an empty place",
)
PATHS = (
    "static",
    "pan right 40deg",
    "dolly in 1m",
    "truck left 0.8m",
    "arc right 40deg around 3m",
    "zoom to 50mm",
)
PICTURES = 5
WIDTH_PX = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--panoramas", type=Path, nargs="*", default=())
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    pipeline = CineScenePipeline.from_pretrained(options.model)

    def rows(scene: str | Path, prompt: str, camera: str) -> list[torch.Tensor]:
        shot = pipeline(scene=scene, prompt=prompt, camera=camera, seed=1)
        frames = [shot.video] if shot.previz is None else [shot.previz, shot.video]
        step = len(shot.video.frames) // PICTURES + 1
        print(scene, prompt, camera, *shot.notes, flush=True)
        return [_small(clip.frames[::step]) for clip in frames]

    sheets = {
        "prompts": [rows(SAMPLE, prompt, "pan right 15deg") for prompt in PROMPTS],
        "paths": [rows(SAMPLE, PROMPTS[0], path) for path in PATHS],
        "panoramas": [rows(place, PROMPTS[i % 3], PATHS[2 + i % 3]) for i, place in enumerate(options.panoramas)],
    }
    for name, shots in sheets.items():
        if shots:
            save_rows(options.out / f"{name}.png", [row for shot in shots for row in shot])


def _small(frames: torch.Tensor) -> torch.Tensor:
    size = (round(WIDTH_PX * frames.shape[-2] / frames.shape[-1]), WIDTH_PX)
    return F.interpolate(frames.float() / 255, size=size, mode="bilinear", antialias=True)


if __name__ == "__main__":
    main()
