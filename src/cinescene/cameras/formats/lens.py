"""Lenses as files state them (focal lengths, fields of view, film backs) and as intrinsics in pixels."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Int, Tensor

NOMINAL_LONG_SIDE_PX = 1920
"""Longer side of the picture that is assumed where a file states a field of view but no picture size."""

MAX_SIDE_PX = 1_000_000

SizePx = tuple[int, int]
"""Width and height of a picture."""


def intrinsics_from(
    fx: Float[Tensor, "t"], fy: Float[Tensor, "t"], cx: Float[Tensor, "t"], cy: Float[Tensor, "t"]
) -> Float[Tensor, "t 3 3"]:
    """Intrinsics in pixels without skew; float64."""
    zero, one = torch.zeros_like(fx), torch.ones_like(fx)
    return torch.stack([fx, zero, cx, zero, fy, cy, zero, zero, one], dim=-1).reshape(-1, 3, 3)


def check_size(size_px: SizePx, where: str) -> None:
    """Raises `InputError` that names the place unless both sides of a picture are positive and not absurd."""
    if not all(0 < side <= MAX_SIDE_PX for side in size_px):
        raise InputError(
            f"{where}: expected a picture with sides of 1 to {MAX_SIDE_PX} px, got {size_px[0]}×{size_px[1]}"
        )


def repeated_size(size_px: SizePx, frames: int, where: str) -> Int[Tensor, "t 2"]:
    """One picture size for every frame; raises `InputError` that names the place for an impossible one."""
    check_size(size_px, where)
    return torch.tensor(size_px).expand(frames, 2)


def nominal_size(aspect: float) -> SizePx:
    """A picture size of the stated width/height, for files that state none."""
    if not (1 / 50 <= aspect <= 50):
        raise GeometryError(f"aspect ratio: expected a width/height between 1/50 and 50, got {aspect:g}")
    if aspect >= 1:
        return NOMINAL_LONG_SIDE_PX, round(NOMINAL_LONG_SIDE_PX / aspect)
    return round(NOMINAL_LONG_SIDE_PX * aspect), NOMINAL_LONG_SIDE_PX


def nominal_note(size_px: SizePx) -> str:
    """What is said when `nominal_size` was used."""
    return (
        f"The file states no picture size: {size_px[0]}×{size_px[1]} is assumed, with the field of view as stated; "
        "state the real size to have it instead."
    )


def focal_from_field_of_view(angle_rad: Float[Tensor, "t"], side_px: float, where: str) -> Float[Tensor, "t"]:
    """Focal length in pixels that sees ``angle_rad`` across ``side_px``; raises `GeometryError` outside (0, π)."""
    if not ((angle_rad > 0) & (angle_rad < math.pi)).all():
        bad = angle_rad[~((angle_rad > 0) & (angle_rad < math.pi))][0]
        raise GeometryError(f"{where}: expected a field of view between 0° and 180°, got {math.degrees(float(bad)):g}°")
    return side_px / 2 / torch.tan(angle_rad / 2)


def is_rounded(size_px: SizePx, aspect: float) -> bool:
    """Whether a picture size has the stated width/height up to the rounding of its sides to whole pixels."""
    return abs(size_px[0] / size_px[1] / aspect - 1) <= 1.0 / min(size_px)


def lens_of(path: str | Path, track: CameraTrack, title: str) -> Cameras:
    """The track as cameras in float64; raises `InputError` that says how to state a lens where it has none."""
    if track.intrinsics_px is None:
        raise InputError(
            f"{path}: {title} needs a lens and the camera track has none; "
            "state a focal length and a picture size (--focal-mm 24 --size 672x384)"
        )
    return track.cameras().to(dtype=torch.float64)


def tangents(cameras: Cameras) -> tuple[Float[Tensor, "t"], Float[Tensor, "t"]]:
    """Half the picture's width and height at depth 1: tan of half the fields of view if the lens is centred."""
    size = cameras.image_size_px.to(cameras.dtype)
    half = size / 2 / cameras.focal_px
    return half[:, 0], half[:, 1]


def lens_words(cameras: Cameras) -> str:
    """The lens of cameras for people: ``24.0 mm (73.7° × 46.2°)``, a range where it changes."""
    focal = cameras.focal_mm()
    low, high = float(focal.min()), float(focal.max())
    mm = f"{low:.1f} mm" if high - low < 0.05 else f"{low:.1f} to {high:.1f} mm"
    angles = torch.rad2deg(cameras.field_of_view_rad[0])
    first = "" if high - low < 0.05 else " at first"
    return f"{mm} on 36 mm film ({float(angles[0]):.1f}° × {float(angles[1]):.1f}°{first})"


def size_words(cameras: Cameras) -> str:
    """The picture size for people: ``672×384``, or how many there are, ``2 sizes``."""
    sizes = cameras.image_size_px.unique(dim=0)
    return f"{int(sizes[0, 0])}×{int(sizes[0, 1])}" if len(sizes) == 1 else f"{len(sizes)} sizes"
