"""Pictures brought to one size, together with their intrinsics."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image

from cinescene.cameras.camera import Cameras
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor, UInt8

Fit = Literal["cover", "contain"]
"""``cover`` cuts equal parts off two sides so that the target is filled; ``contain`` keeps all and pads with grey."""

PADDING_GREY = 128


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """How a picture of one size becomes one of another without changing its proportions.

    The rectangle ``box_px`` (left, top, right, bottom; fractions allowed) of the source is scaled to ``inner_px`` and
    placed with its upper left corner at ``offset_px`` of the target.
    """

    box_px: tuple[float, float, float, float]
    inner_px: tuple[int, int]
    offset_px: tuple[int, int]
    target_px: tuple[int, int]

    @classmethod
    def of(cls, source_px: tuple[int, int], target_px: tuple[int, int], fit: Fit = "cover") -> Fitting:
        """Raises `InputError` for sizes or ways of fitting that cannot be."""
        (width, height), (target_width, target_height) = source_px, target_px
        if min(width, height, target_width, target_height) < 1:
            raise InputError(f"resizing: expected positive sizes, got {source_px} to {target_px}")
        if fit == "cover":
            scale = max(target_width / width, target_height / height)
            kept = target_width / scale, target_height / scale
            left, top = (width - kept[0]) / 2, (height - kept[1]) / 2
            box = (max(left, 0.0), max(top, 0.0), min(left + kept[0], width), min(top + kept[1], height))
            return cls(box_px=box, inner_px=target_px, offset_px=(0, 0), target_px=target_px)
        if fit == "contain":
            scale = min(target_width / width, target_height / height)
            inner = max(1, round(width * scale)), max(1, round(height * scale))
            offset = (target_width - inner[0]) // 2, (target_height - inner[1]) // 2
            return cls(box_px=(0, 0, width, height), inner_px=inner, offset_px=offset, target_px=target_px)
        raise InputError(f"resizing: expected 'cover' or 'contain', got {fit!r}")

    def intrinsics(self, intrinsics_px: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 3 3"]:
        """The intrinsics of the fitted picture."""
        left, top, right, bottom = self.box_px
        scale = self.inner_px[0] / (right - left), self.inner_px[1] / (bottom - top)
        fitted_from_source = intrinsics_px.new_tensor(
            [
                [scale[0], 0, self.offset_px[0] - left * scale[0]],
                [0, scale[1], self.offset_px[1] - top * scale[1]],
                [0, 0, 1],
            ]
        )
        return fitted_from_source @ intrinsics_px

    def cameras(self, cameras: Cameras) -> Cameras:
        """Cameras of the source size as cameras of the fitted pictures."""
        size = torch.tensor(self.target_px, device=cameras.device).expand(*cameras.batch_shape, 2)
        return dataclasses.replace(cameras, intrinsics_px=self.intrinsics(cameras.intrinsics_px), image_size_px=size)

    def picture(self, pixels: UInt8[Tensor, "3 h w"]) -> UInt8[Tensor, "3 h2 w2"]:
        """The fitted picture, anti-aliased (Lanczos)."""
        source = Image.fromarray(np.ascontiguousarray(pixels.movedim(0, -1).cpu().numpy()))
        inner = source.resize(self.inner_px, Image.Resampling.LANCZOS, box=self.box_px)
        if self.inner_px != self.target_px:
            canvas = Image.new("RGB", self.target_px, (PADDING_GREY,) * 3)
            canvas.paste(inner, self.offset_px)
            inner = canvas
        return torch.from_numpy(np.array(inner)).movedim(-1, 0)
