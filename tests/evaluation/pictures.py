"""Pictures with detail, for tests of measures."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def textured(generator: torch.Generator, height: int = 96, width: int = 128, count: int = 1) -> torch.Tensor:
    """(count, 3, h, w) in [0, 1] with structure at several scales."""
    out = torch.zeros(count, 3, height, width)
    for cells, weight in ((4, 0.4), (12, 0.3), (32, 0.3)):
        coarse = torch.rand(count, 3, cells, cells * width // height, generator=generator)
        out += weight * F.interpolate(coarse, size=(height, width), mode="bicubic")
    return out.clamp(0, 1)


def shifted(picture: torch.Tensor, right_px: float, down_px: float = 0.0) -> torch.Tensor:
    """A picture (c, h, w) moved by a number of pixels, edge repeated."""
    height, width = picture.shape[-2:]
    v, u = torch.meshgrid(torch.arange(height) - down_px, torch.arange(width) - right_px, indexing="ij")
    grid = torch.stack([(2 * u + 1) / width - 1, (2 * v + 1) / height - 1], dim=-1)
    return F.grid_sample(picture[None], grid[None].float(), mode="bicubic", padding_mode="border", align_corners=False)[
        0
    ].clamp(0, 1)
