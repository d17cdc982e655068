"""Renders the places that ship with the package: a panorama and eight photos each.

    python scripts/make_samples.py [folder]

Needs the extra ``sets``. The same code gives the same pictures.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.sets.generate import generate_set
from cinescene.sets.renderer import Renderer
from cinescene.sets.stage import build_stage, free_space

PLACES = {"courtyard": (7, "courtyard", 0.4), "living-room": (11, "room", 0.4), "street": (21, "street", 0.4)}
"""Name -> seed, kind, yaw of the panorama's centre in radians."""
PHOTOS = 8
PHOTO_PX = (384, 288)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("src/cinescene/assets/samples")
    with Renderer(*PHOTO_PX) as renderer:
        for name, (seed, kind, yaw) in PLACES.items():
            render_place(renderer, folder / name, seed, kind, yaw)
            print(folder / name)


def render_place(renderer: Renderer, folder: Path, seed: int, kind: str, yaw: float) -> None:
    description = generate_set(seed, kind)
    renderer.load(build_stage(description))
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    centre = torch.tensor(description.panorama_position, dtype=torch.float64)
    panorama = renderer.render_panorama(rigid(level_rotation(yaw), centre), 1024, 512)
    save(panorama.colour, folder / "panorama.jpg")
    space, rng = free_space(description), np.random.default_rng(seed)
    for index in range(PHOTOS):
        place = centre.clone()
        for _ in range(100):
            offset = torch.tensor([*rng.uniform(-0.6, 0.6, 2), 0.0])
            if space.is_free((centre + offset).numpy(), 0.4):
                place = centre + offset
                break
        rotation = level_rotation(yaw + 2 * math.pi * index / PHOTOS, float(rng.uniform(-0.12, 0.02)))
        camera = Cameras.from_field_of_view(rigid(rotation, place), math.radians(72), *PHOTO_PX)
        save(renderer.render(camera).colour, folder / "photos" / f"{index + 1:02d}.jpg")


def save(colour: torch.Tensor, path: Path) -> None:
    Image.fromarray(colour.movedim(0, -1).contiguous().numpy()).save(path, quality=88, optimize=True)


if __name__ == "__main__":
    main()
