"""Depth and masks of a clip as one lossless PNG: its frames stacked from top to bottom.

Depth is coded as `cinescene.depth_files` says. Masks are 8-bit greyscale: 0 background, 128 the subject's shadow and
soft edge, 255 the subject.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from cinescene.depth_files import depth_code, depth_from_code, depth_png_text
from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole
from cinescene.tensor_types import Bool, Float, Tensor

SHADOW = 128
SUBJECT = 255


def write_depth_strip(path: Path, depth_m: Float[Tensor, "t h w"]) -> None:
    """Stores depth in metres; infinity stays infinity, finite values are clamped to what the code holds."""
    codes = np.stack([depth_code(frame, str(path)) for frame in depth_m])  # one at a time: the sums are in float64
    _write(path, codes, depth_png_text())


def read_depth_strip(path: Path, height_px: int, frame_indices: list[int] | None = None) -> Float[Tensor, "t h w"]:
    """Depth in metres, float32, of all or the chosen frames."""
    return depth_from_code(_read(path, height_px, "I;16", frame_indices))


def write_mask_strip(path: Path, subject: Bool[Tensor, "t h w"], affected: Bool[Tensor, "t h w"]) -> None:
    """Stores where the subject is and where it changes the picture at all (shadow, soft edges)."""
    code = torch.where(subject, SUBJECT, torch.where(affected, SHADOW, 0))
    _write(path, code.numpy().astype(np.uint8))


def read_mask_strip(
    path: Path, height_px: int, frame_indices: list[int] | None = None
) -> tuple[Bool[Tensor, "t h w"], Bool[Tensor, "t h w"]]:
    """The subject, and the subject with its shadow and soft edge."""
    code = torch.from_numpy(_read(path, height_px, "L", frame_indices).copy())
    return code == SUBJECT, code > 0


def _write(path: Path, frames: np.ndarray, text: PngImagePlugin.PngInfo | None = None) -> None:
    with written_whole(path) as temporary:
        strip = Image.fromarray(frames.reshape(-1, frames.shape[-1]))
        strip.save(temporary, format="PNG", compress_level=4, pnginfo=text)


def _read(path: Path, height_px: int, mode: str, frame_indices: list[int] | None) -> np.ndarray:
    readable_file(path, "picture strip")
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode != mode or image.height % height_px:
                raise InputError(
                    f"{path}: expected {mode} frames of {height_px} rows, got {image.mode} with {image.height} rows"
                )
            strip = np.asarray(image).reshape(-1, height_px, image.width)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: this picture strip is damaged ({error})") from error
    if frame_indices is None:
        return strip
    if max(frame_indices) >= len(strip) or min(frame_indices) < 0:
        raise InputError(f"{path}: frames {frame_indices} were asked for, but the strip holds {len(strip)}")
    return strip[frame_indices]
