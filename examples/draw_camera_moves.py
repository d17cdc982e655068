"""Draws the picture of the moves in ``docs/camera_moves.md``: ``python examples/draw_camera_moves.py moves.png``."""

import sys
from pathlib import Path

import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cinescene.cameras.notation import parse_moves

ABOVE, SIDE = (0, 1), (1, 2)
MOVES = [
    ("pan right 60deg", ABOVE),
    ("dolly in 2m", ABOVE),
    ("truck right 2m", ABOVE),
    ("arc right 90deg around 3m", ABOVE),
    ("spiral right 270deg around 3m to 1m", ABOVE),
    ("tilt up 30deg", SIDE),
    ("pedestal up 2m", SIDE),
    ("crane up 2m keep 3m", SIDE),
    ("arc up 60deg around 3m", SIDE),
    ("dolly-zoom out 2m at 3m", ABOVE),
]
SUBJECT = (0.0, 3.0, 0.0)
CAMERAS = 5


def draw(axes: Axes, text: str, plane: tuple[int, int]) -> None:
    """One move from above or from the side: its way, and its view at a few instants."""
    track = parse_moves(text).track(width_px=160, height_px=90, frames=101)
    cameras = track.cameras()
    centres = cameras.position[:, plane]
    axes.plot(*centres.mT.tolist(), color="#999999", linewidth=1.5, zorder=1)
    middle, half = cameras.size_px[plane == SIDE] / 2, torch.zeros(3, dtype=torch.float64)
    half[1 if plane == SIDE else 0] = 1
    for index in range(0, 101, 100 // (CAMERAS - 1)):
        tangent = middle / cameras.focal_px[index, 0]
        corners = torch.stack([torch.tensor([0.0, 0.0, 1.0]).double() + sign * tangent * half for sign in (-1, 1)])
        seen = cameras.position[index] + 0.8 * corners @ cameras.world_from_camera[index, :3, :3].mT
        outline = torch.stack([cameras.position[index], *seen, cameras.position[index]])[:, plane]
        axes.plot(*outline.mT.tolist(), color=colormaps["viridis"](index / 110), linewidth=1.6)
    axes.plot(*centres[0].tolist(), "o", color="#1a9850", markersize=7, zorder=3)
    axes.plot(*centres[-1].tolist(), "s", color="#d73027", markersize=6, zorder=3)
    axes.plot(SUBJECT[plane[0]], SUBJECT[plane[1]], "*", color="#333333", markersize=11)
    axes.set_title(text, fontsize=9.5)
    axes.set_xlabel("xyz"[plane[0]] + (" (m), from above" if plane == ABOVE else " (m), from its right"), fontsize=9)
    axes.set_ylabel("xyz"[plane[1]] + " (m)", fontsize=9, labelpad=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    axes.grid(color="#e5e5e5")
    axes.tick_params(labelsize=8)


def main(out: Path) -> None:
    """Draws all moves into one PNG."""
    figure = Figure(figsize=(16, 7.4), layout="constrained")
    for axes, (text, plane) in zip(figure.subplots(2, 5).flat, MOVES, strict=True):
        draw(axes, text, plane)
    figure.savefig(out, dpi=75)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
