"""Draws docs/images/preview.png: a sample's panorama, and frames of a preview with their maps.

cinescene preview --scene sample:courtyard --camera "…" -o preview.mp4
python scripts/make_readme_picture.py preview.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from cinescene.scene.samples import sample_path
from cinescene.video import read_video

WIDTH_PX = 1200
FRAMES = 4


def main() -> None:
    video = Path(sys.argv[1])
    rows = [np.asarray(Image.open(sample_path("sample:courtyard")).crop((0, 96, 1024, 416)).resize((WIDTH_PX, 375)))]
    for file in (video, video.with_name(f"{video.stem}-map{video.suffix}")):
        frames = read_video(file).frames
        chosen = [frames[round(i * (len(frames) - 1) / (FRAMES - 1))] for i in range(FRAMES)]
        tiles = [
            np.asarray(Image.fromarray(f.movedim(0, -1).contiguous().numpy()).resize((WIDTH_PX // FRAMES, 171)))
            for f in chosen
        ]
        rows.append(np.concatenate(tiles, axis=1))
    Image.fromarray(np.concatenate(rows)).save("docs/images/preview.png", optimize=True)


if __name__ == "__main__":
    main()
