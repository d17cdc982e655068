"""What a photo's metadata says of its lens and projection."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

EXIF_IFD = 0x8769
FOCAL_LENGTH = 0x920A
FOCAL_LENGTH_35MM = 0xA405
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
FOCAL_PLANE_X_RESOLUTION = 0xA20E
FOCAL_PLANE_UNIT = 0xA210
"""Tags of Exif 3.0 (CIPA DC-008)."""

FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)
MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
PLAUSIBLE_FOCAL_35MM = (4.0, 3000.0)


@dataclass(frozen=True, kw_only=True)
class ExifLens:
    """Focal length in pixels of the picture as stored (square pixels), or None, and a remark for the user if any."""

    focal_px: float | None = None
    remark: str | None = None


def lens_from_exif(exif: Any, width_px: int, height_px: int) -> ExifLens:
    """Reads the lens of a picture of the given size from its EXIF data (as Pillow gives it).

    The 35 mm equivalent is used if stated: the angle across the **diagonal** is that of the same lens on 36×24 mm
    (CIPA DCG-001). Otherwise the focal length with the focal plane resolution. A picture whose shape differs from the
    one that its camera recorded has been cropped, and its lens is then not known.
    """
    try:
        tags = {**dict(exif), **dict(exif.get_ifd(EXIF_IFD))}
    except Exception:  # damaged metadata must not cost the picture, and Pillow's parser raises whatever comes up
        return ExifLens(remark="its EXIF data is damaged, so its lens is not known")
    recorded = (_number(tags.get(PIXEL_WIDTH)), _number(tags.get(PIXEL_HEIGHT)))
    if None not in recorded and _cropped(recorded, (width_px, height_px)):
        return ExifLens(remark="it was cropped after it was taken, so the lens in its EXIF data no longer holds")
    diagonal_px = math.hypot(width_px, height_px)
    equivalent = _number(tags.get(FOCAL_LENGTH_35MM))
    if equivalent is not None and _plausible(equivalent):
        return ExifLens(focal_px=equivalent * diagonal_px / FULL_FRAME_DIAGONAL_MM)
    focal_mm = _number(tags.get(FOCAL_LENGTH))
    per_unit = _number(tags.get(FOCAL_PLANE_X_RESOLUTION))
    unit_mm = MILLIMETRES_PER_UNIT.get(int(_number(tags.get(FOCAL_PLANE_UNIT)) or 2))
    if focal_mm is None or per_unit is None or unit_mm is None:
        return ExifLens()
    shrink = width_px / recorded[0] if recorded[0] else 1.0
    focal_px = focal_mm * per_unit / unit_mm * shrink
    return ExifLens(focal_px=focal_px) if _plausible(focal_px / diagonal_px * FULL_FRAME_DIAGONAL_MM) else ExifLens()


def _plausible(focal_35mm: float) -> bool:
    return PLAUSIBLE_FOCAL_35MM[0] <= focal_35mm <= PLAUSIBLE_FOCAL_35MM[1]


def _cropped(recorded: tuple[float | None, float | None], size: tuple[int, int]) -> bool:
    if not recorded[0] or not recorded[1]:
        return False
    stored, now = recorded[0] / recorded[1], size[0] / size[1]
    return min(abs(stored / now - 1), abs(stored * now - 1)) > 0.02


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def partial_panorama(xmp: bytes) -> str | None:
    """What part of a sphere a picture covers according to its photo sphere metadata; None if all, or none is stated.

    Source: Google's Photo Sphere XMP namespace, http://ns.google.com/photos/1.0/panorama/.
    """
    found = dict(re.findall(rb"GPano:(\w+)(?:=\"|>)([^\"<]{1,40})", xmp[: 1 << 20]))
    projection = found.get(b"ProjectionType", b"equirectangular").decode("latin-1")
    if projection != "equirectangular":
        return f"its metadata says that its projection is {projection}"
    names = (b"CroppedAreaImageWidthPixels", b"CroppedAreaImageHeightPixels", b"FullPanoWidthPixels")
    width, height, full_width, full_height = (_number(found.get(n)) for n in (*names, b"FullPanoHeightPixels"))
    if width is None or height is None or full_width is None or full_height is None:
        return None
    if width >= 0.99 * full_width and height >= 0.99 * full_height:
        return None
    return (
        f"its metadata says that it covers {360 * width / full_width:.0f}° × {180 * height / full_height:.0f}° "
        "of 360° × 180°"
    )
