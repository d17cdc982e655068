"""From linear light (EXR, Radiance HDR) to the 8-bit sRGB that every other part of the package uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cinescene.errors import InputError

REC709_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
REC709_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""x and y of red, green, blue and white (ITU-R BT.709, item 1.3 and 1.4)."""

MIDDLE_GREY = 0.18
WHITE_PERCENTILE = 99.5
STRONGEST_WHITE = 64.0
BRIGHTEST_VALUE = 65504.0
"""The largest half float; infinities (the sun in many panoramas) are read as this."""

STRIP_PIXELS = 1 << 20
SAMPLES_FOR_EXPOSURE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ToneMapping:
    """How linear light becomes a displayable picture.

    The light is multiplied so that its log-average is middle grey (0.18), if ``auto_exposure``, and by
    ``2 ** exposure_ev``. ``reinhard`` then maps each channel x to x (1 + x / w²) / (1 + x), where w, the light that
    becomes white, is the brightest 0.5 % of the picture, from 1 to 64: a picture with nothing brighter than white
    stays as it is. ``clip`` cuts off above 1. Last comes the sRGB transfer function.

    Source: Reinhard et al., "Photographic Tone Reproduction for Digital Images", 2002, equations 1, 2 and 4;
    IEC 61966-2-1.
    """

    exposure_ev: float = 0.0
    auto_exposure: bool = True
    curve: Literal["reinhard", "clip"] = "reinhard"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.exposure_ev) and abs(self.exposure_ev) <= 30):
            raise InputError(f"exposure: expected from -30 to 30 EV, got {self.exposure_ev}")
        if self.curve not in ("reinhard", "clip"):
            raise InputError(f"tone curve: expected 'reinhard' or 'clip', got {self.curve!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearPicture:
    """A picture in linear light with Rec. 709 primaries; ``rows(start, stop)`` gives it strip by strip, (n, w, 3)."""

    width_px: int
    height_px: int
    rows: Callable[[int, int], NDArray[np.float32]]


def tone_mapped(picture: LinearPicture, mapping: ToneMapping) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The displayable picture (h, w, 3) and what had to be mended in it."""
    exposure, white = _exposure(picture, mapping)
    out = np.empty((picture.height_px, picture.width_px, 3), dtype=np.uint8)
    strip = max(1, STRIP_PIXELS // picture.width_px)
    mended = 0
    for start in range(0, picture.height_px, strip):
        stop = min(start + strip, picture.height_px)
        light = picture.rows(start, stop)
        mended += int((~np.isfinite(light)).any(axis=-1).sum())
        light = _cleaned(light) * np.float32(exposure)
        if mapping.curve == "reinhard":
            light = light * (1 + light / np.float32(white**2)) / (1 + light)
        out[start:stop] = np.rint(srgb_from_linear(np.clip(light, 0, 1)) * 255).astype(np.uint8)
    notes = (f"{mended} pixels held NaN or infinity; they are shown black or at full brightness",) if mended else ()
    return out, notes


def _exposure(picture: LinearPicture, mapping: ToneMapping) -> tuple[float, float]:
    """The factor on the light and the exposed light that becomes white, from evenly spread rows and columns."""
    every = max(1, math.isqrt(picture.width_px * picture.height_px // SAMPLES_FOR_EXPOSURE))
    light = np.concatenate([picture.rows(y, y + 1)[0, ::every] for y in range(0, picture.height_px, every)])
    luminance = _cleaned(light) @ REC709_LUMINANCE
    lit = luminance[luminance > 0]
    average = math.exp(float(np.log(lit.astype(np.float64)).mean())) if len(lit) else MIDDLE_GREY
    exposure = 2.0**mapping.exposure_ev * (MIDDLE_GREY / average if mapping.auto_exposure else 1.0)
    brightest = float(np.percentile(lit, WHITE_PERCENTILE)) if len(lit) else 1.0
    return exposure, min(max(1.0, brightest * exposure), STRONGEST_WHITE)


def _cleaned(light: NDArray[np.float32]) -> NDArray[np.float32]:
    cleaned = np.nan_to_num(light, nan=0.0, posinf=BRIGHTEST_VALUE, neginf=0.0)
    return np.asarray(np.clip(cleaned, 0, BRIGHTEST_VALUE), dtype=np.float32)


def srgb_from_linear(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sRGB transfer function (IEC 61966-2-1) of light in [0, 1]."""
    low = light * np.float32(12.92)
    high = np.float32(1.055) * np.power(light, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(light <= 0.0031308, low, high)


def rec709_from_primaries(chromaticities: tuple[float, ...]) -> NDArray[np.float32]:
    """The 3×3 matrix from linear RGB of other primaries to Rec. 709, adapting their white by Bradford's method.

    ``chromaticities`` are x and y of red, green, blue and white. Source: SMPTE RP 177; Bradford matrix as in the ICC
    specification (ICC.1:2022, annex E.3). Raises `InputError` for primaries that span no colours.
    """
    numbers = np.asarray(chromaticities, dtype=np.float64)
    if numbers.shape != (8,) or not np.isfinite(numbers).all() or (numbers[1::2] == 0).any():
        raise InputError(f"chromaticities: expected x and y of red, green, blue and white, got {chromaticities}")
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    try:
        source, target = _xyz_from_rgb(numbers), _xyz_from_rgb(np.asarray(REC709_CHROMATICITIES))
        cone_ratio = (bradford @ target.sum(1)) / (bradford @ source.sum(1))
        adapted = np.linalg.inv(bradford) @ np.diag(cone_ratio) @ bradford
        return (np.linalg.inv(target) @ adapted @ source).astype(np.float32)
    except np.linalg.LinAlgError as error:
        raise InputError(f"chromaticities: these primaries span no colours: {chromaticities}") from error


def _xyz_from_rgb(chromaticities: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = chromaticities.reshape(4, 2).T
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])
