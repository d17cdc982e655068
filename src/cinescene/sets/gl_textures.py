"""The texture array that a renderer draws with, one layer a texture, and textures as it stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from cinescene.sets.mesh import Material
from cinescene.sets.srgb import linear_from_srgb

_LINEAR, _TRILINEAR = 0x2601, 0x2703
_MARGIN_PX = 4
"""Texels about a tile that the filter which resamples it may touch."""


LINEAR16 = np.round(65535 * linear_from_srgb(np.arange(256) / 255)).astype(np.uint16)
"""Linear light as 16-bit numbers of 8-bit sRGB ones."""


class TextureLayers:
    """Square textures of one size, as linear 16-bit numbers, so that filtering averages light, with their mip levels.

    The array is kept from stage to stage while it is large enough: Mesa's software driver gives the memory of a
    released one back only after many more pictures.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._shown: dict[int, Material] = {}
        self.array: Any = None
        self.side_px = 0

    def make_room(self, side_px: int, count: int) -> None:
        """At least ``count`` layers of ``side_px``; what layers show stays as long as the array does."""
        if self.array is not None and self.side_px == side_px and count <= self.array.layers:
            return
        self.release()
        self.array = self._context.texture_array((side_px, side_px, count), 4, dtype="nu2")
        self.array.filter = (_TRILINEAR, _LINEAR)
        self.side_px = side_px

    def show(self, materials: Mapping[int, Material]) -> None:
        """Uploads the texture of each layer that shows another one, and renews the mip levels if there was any."""
        new = {layer: material for layer, material in materials.items() if self._shown.get(layer) is not material}
        for layer, material in new.items():
            viewport = (0, 0, layer, self.side_px, self.side_px, 1)
            self.array.write(_texels(material.albedo, self.side_px), viewport=viewport)
        self._shown |= new
        if new:
            self.array.build_mipmaps()

    def release(self) -> None:
        if self.array is not None:
            self.array.release()
        self.array = None
        self._shown = {}


def _texels(albedo: np.ndarray, side_px: int) -> bytes:
    """A texture as linear 16-bit RGBA, lowest row first, resampled as the tile that it is if its size differs."""
    height, width = albedo.shape[:2]
    linear = LINEAR16[albedo]
    if (height, width) != (side_px, side_px):
        wrapped = np.pad(
            linear.astype(np.float32), ((_MARGIN_PX, _MARGIN_PX), (_MARGIN_PX, _MARGIN_PX), (0, 0)), "wrap"
        )
        box = (_MARGIN_PX, _MARGIN_PX, _MARGIN_PX + width, _MARGIN_PX + height)
        channels = [
            np.asarray(Image.fromarray(wrapped[..., c]).resize((side_px, side_px), Image.Resampling.BICUBIC, box))
            for c in range(3)
        ]
        linear = np.clip(np.round(np.stack(channels, axis=-1)), 0, 65535).astype(np.uint16)
    alpha = np.full((*linear.shape[:2], 1), 65535, dtype=np.uint16)
    return np.concatenate([linear[::-1], alpha], axis=-1).tobytes()
