"""Whether two photos look alike where a turn says that they show the same: tells true links from repeated patterns."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.tensor_types import Float, Tensor

WIDTH_PX = 64
"""Of the pictures that are compared: so coarse that a little parallax does not matter."""
LEAST_OVERLAP = 1 / 40
"""Of a picture's pixels, that must be seen in both."""


def thumbnail(grey: Float[Tensor, "h w"]) -> Float[Tensor, "h2 w2"]:
    """The picture for `likeness`."""
    height, width = grey.shape
    return F.interpolate(grey[None, None], (max(1, round(WIDTH_PX * height / width)), WIDTH_PX), mode="area")[0, 0]


def likeness(
    pictures: tuple[Float[Tensor, "h w"], Float[Tensor, "h2 w2"]],
    intrinsics_px: tuple[Float[Tensor, "3 3"], Float[Tensor, "3 3"]],
    turn: Float[Tensor, "3 3"],
) -> float:
    """Correlation of two pictures where both show the same directions: 1 for the same, around 0 for others.

    ``turn`` rotates rays of the first camera into the second; intrinsics are those of the pictures. 0 where they
    hardly overlap, or one of them is plain there.
    """
    first, second = pictures
    height, width = first.shape
    rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([columns, rows, torch.ones_like(rows)], dim=-1).double().reshape(-1, 3)
    seen = pixels @ (intrinsics_px[1] @ turn @ torch.linalg.inv(intrinsics_px[0])).T
    size = seen.new_tensor([second.shape[1], second.shape[0]])
    place = 2 * seen[:, :2] / seen[:, 2:].clamp_min(1e-6) / size - 1
    inside = (seen[:, 2] > 1e-6) & (place.abs() < 1).all(-1)
    if int(inside.sum()) < LEAST_OVERLAP * len(pixels):
        return 0.0
    grid = place[inside].float()[None, None]
    there = F.grid_sample(second[None, None], grid, padding_mode="border", align_corners=False).flatten()
    pair = torch.stack([first.flatten()[inside], there])
    pair = pair - pair.mean(1, keepdim=True)
    size_of = pair.norm(dim=1)
    return float(pair[0] @ pair[1] / (size_of[0] * size_of[1])) if float(size_of.min()) > 1e-3 else 0.0
