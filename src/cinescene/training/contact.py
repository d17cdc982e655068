"""Pictures of what a model does, for validation folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from cinescene.files import written_whole
from cinescene.tensor_types import Float, Tensor


def save_rows(path: Path, rows: Sequence[Float[Tensor, "_ 3 h w"]], gap_px: int = 2) -> None:
    """Rows of pictures in [0, 1] of one size as one PNG."""
    height, width = rows[0].shape[-2:]
    columns = max(len(row) for row in rows)
    sheet = torch.ones(3, len(rows) * (height + gap_px) - gap_px, columns * (width + gap_px) - gap_px)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = i * (height + gap_px), j * (width + gap_px)
            sheet[:, top : top + height, left : left + width] = picture.detach().float().cpu().clamp(0, 1)
    pixels = (sheet.movedim(0, -1) * 255).round().to(torch.uint8).numpy()
    with written_whole(path) as temporary:
        Image.fromarray(pixels).save(temporary)
