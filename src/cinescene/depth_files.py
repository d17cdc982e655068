"""Depth in picture files.

Our own files are 16-bit greyscale PNG on a logarithmic scale: value v ≥ 1 stands for
``NEAR_M · (FAR_M / NEAR_M) ** ((v − 1) / 65534)`` metres, 0 for no surface (sky); the step is 0.015 % everywhere. They
say so in a text chunk. Other 16-bit PNG files are taken as millimetres with 0 for unknown, as depth cameras write them,
and OpenEXR files as metres in their channel Z, Y or R.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from cinescene.errors import InputError, MissingDependencyError
from cinescene.files import readable_file
from cinescene.tensor_types import Float, Tensor

NEAR_M = 0.05
FAR_M = 1000.0
LARGEST_PIXELS = 500_000_000
_STEPS = 65534
_KEY, _CODE = "cinescene-depth", f"logarithmic {NEAR_M} {FAR_M}"


def depth_code(depth_m: Float[Tensor, "*b"], name: str) -> np.ndarray:
    """16-bit codes of depths in metres; infinity stays infinity, finite values are clamped to NEAR_M … FAR_M."""
    if depth_m.isnan().any() or (depth_m <= 0).any():
        raise InputError(f"{name}: expected positive depths, got NaN, zero or a negative one")
    position = torch.log(depth_m.double().clamp(NEAR_M, FAR_M) / NEAR_M) / math.log(FAR_M / NEAR_M)
    code = torch.where(depth_m.isinf(), 0.0, 1 + (position * _STEPS).round())
    return code.numpy().astype(np.uint16)


def depth_from_code(code: np.ndarray) -> Float[Tensor, "*b"]:
    """Depths in metres, float32, of 16-bit codes."""
    values = torch.from_numpy(code.astype(np.int32))
    depth = NEAR_M * torch.exp((values - 1).double() / _STEPS * math.log(FAR_M / NEAR_M))
    return torch.where(values == 0, torch.inf, depth).float()


def depth_png_text() -> PngImagePlugin.PngInfo:
    """The text chunk that marks a PNG as coded by `depth_code`."""
    text = PngImagePlugin.PngInfo()
    text.add_text(_KEY, _CODE)
    return text


def read_depth(path: str | Path) -> Float[Tensor, "h w"]:
    """One depth map in metres; infinite where there is no surface, NaN where nothing is known.

    Raises `InputError` for files that hold no depth, `MissingDependencyError` for OpenEXR without its library.
    """
    path = readable_file(path, "depth file")
    if path.suffix.lower() == ".exr":
        return _read_exr(path)
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise InputError(
                    f"{path}: {image.width}×{image.height} is more than {LARGEST_PIXELS / 1e6:.0f} megapixels"
                )
            if image.mode not in ("I;16", "I"):
                raise InputError(f"{path}: expected a 16-bit greyscale PNG of depths, got mode {image.mode}")
            ours = image.info.get(_KEY) == _CODE
            code = np.asarray(image).astype(np.uint16)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: expected a 16-bit PNG or OpenEXR file of depths ({error})") from error
    if ours:
        return depth_from_code(code)
    millimetres = torch.from_numpy(code.astype(np.float32))
    return torch.where(millimetres > 0, millimetres / 1000, torch.nan)


def _read_exr(path: Path) -> Float[Tensor, "h w"]:
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: reading OpenEXR needs its library: pip install 'cinescene[interop]'"
        ) from error
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = file.channels()
            for name in ("Z", "Y", "R"):
                if name in channels:
                    depth = torch.from_numpy(np.array(channels[name].pixels, dtype=np.float32))
                    return torch.where(depth > 0, depth, torch.nan)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(f"{path}: this OpenEXR file is damaged ({error})") from error
    raise InputError(f"{path}: expected a channel Z, Y or R with depths in metres, got {', '.join(channels)}")
