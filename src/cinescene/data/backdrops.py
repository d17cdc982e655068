"""Panoramas of the user's as skies of rendered sets: which there are, which one a seed gets, and its light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cinescene.data.manifest import sha256_of_file
from cinescene.errors import InputError
from cinescene.scene.images import SUFFIXES, load_image, picture_info
from cinescene.scene.openexr import read_exr, read_exr_header
from cinescene.scene.panorama import check_panorama_size
from cinescene.scene.radiance import read_radiance

LARGEST_WIDTH_PX = 4096
BRIGHTEST = 65504.0


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """A panorama by its file's name and content."""

    name: str
    sha256: str


def list_backdrops(folder: Path) -> tuple[Backdrop, ...]:
    """The panoramas of a folder, by name. Raises `InputError` for none, or for a picture that is no full panorama."""
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder of panoramas for --backdrops")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise InputError(f"{folder}: expected panoramas (JPEG, PNG, EXR, HDR, …) for --backdrops, found no picture")
    for path in paths:
        info = picture_info(path)
        check_panorama_size(info.width_px, info.height_px, str(path))
    return tuple(Backdrop(name=path.name, sha256=sha256_of_file(path)) for path in paths)


def backdrop_of_seed(seed: int, backdrops: tuple[Backdrop, ...]) -> tuple[Backdrop, float]:
    """The backdrop of a seed's set, and the angle (radians, counter-clockwise) that it is turned by."""
    rng = np.random.default_rng([seed, 0xBD])
    return backdrops[int(rng.integers(len(backdrops)))], float(rng.uniform(0.0, 2 * math.pi))


def load_backdrop(folder: Path, backdrop: Backdrop) -> np.ndarray:
    """The picture (h, w, 3), at most 4096 wide: uint8 sRGB, or float32 linear radiance of an EXR or HDR.

    Raises `InputError` where the file is not what it was when the data set was begun.
    """
    path = folder / backdrop.name
    info = picture_info(path)
    if sha256_of_file(path) != backdrop.sha256:
        raise InputError(f"{path}: is not the picture that this data set was begun with; put that one back")
    if info.format not in ("EXR", "HDR"):
        return _bounded(load_image(path).pixels.movedim(0, -1).numpy())
    linear = read_radiance(path) if info.format == "HDR" else read_exr(path, read_exr_header(path))
    light = np.nan_to_num(linear.rows(0, linear.height_px), nan=0.0, posinf=BRIGHTEST).clip(0.0, BRIGHTEST)
    return _bounded(np.ascontiguousarray(light, dtype=np.float32))


def _bounded(picture: np.ndarray) -> np.ndarray:
    """The picture, averaged down to the largest width that is used."""
    height, width = picture.shape[:2]
    if width <= LARGEST_WIDTH_PX:
        return np.ascontiguousarray(picture)
    size = (LARGEST_WIDTH_PX, round(height * LARGEST_WIDTH_PX / width))
    planes = [
        Image.fromarray(np.ascontiguousarray(picture[..., c])).resize(size, Image.Resampling.BOX) for c in range(3)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)
