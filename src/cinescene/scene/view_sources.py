"""Where the picture of a scene's view comes from: a file, memory, or a panorama. Nothing is decoded before its time.

Each source has ``size_px``, ``load()`` and ``digest``, a SHA-256 of the decoded pixels, the same for the same picture
in any lossless format and folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from cinescene.cameras.camera import Cameras
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.scene.tone_mapping import ToneMapping
from cinescene.tensor_types import Tensor, UInt8


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureFile:
    """A picture in a file; ``upright`` applies its EXIF orientation."""

    path: Path
    size_px: tuple[int, int]
    upright: bool = True
    tone_mapping: ToneMapping = field(default_factory=ToneMapping)

    def load(self) -> UInt8[Tensor, "3 h w"]:
        """Raises `InputError` that names the file where it is damaged."""
        return load_image(self.path, self.tone_mapping, upright=self.upright).pixels

    @cached_property
    def digest(self) -> str:
        return pixel_digest(self.load())


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldPicture:
    """A picture in memory, such as a frame of a video."""

    pixels: UInt8[Tensor, "3 h w"]

    @property
    def size_px(self) -> tuple[int, int]:
        return self.pixels.shape[-1], self.pixels.shape[-2]

    def load(self) -> UInt8[Tensor, "3 h w"]:
        return self.pixels

    @cached_property
    def digest(self) -> str:
        return pixel_digest(self.pixels)


@dataclass(frozen=True, kw_only=True, eq=False)
class PanoramaCrop:
    """What a camera sees of a panorama from its centre."""

    panorama: Panorama
    camera: Cameras

    @property
    def size_px(self) -> tuple[int, int]:
        return self.camera.size_px

    def load(self) -> UInt8[Tensor, "3 h w"]:
        view = resample_panorama(self.panorama, self.camera)
        return view.mul_(255).round_().to(torch.uint8)

    @cached_property
    def digest(self) -> str:
        return pixel_digest(self.load())


ViewSource = PictureFile | HeldPicture | PanoramaCrop


def pixel_digest(pixels: Tensor) -> str:
    """SHA-256 (hexadecimal) of a picture's type, size and values, row by row, channels last."""
    values = pixels.movedim(0, -1).contiguous().cpu().numpy()
    digest = hashlib.sha256(f"{values.dtype.str} {values.shape}\n".encode())
    digest.update(values.data)
    return digest.hexdigest()
