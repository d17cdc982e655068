"""Files from clients: their type by content, bounded before anything is decoded, under names of our own."""

from __future__ import annotations

import io
import shutil
import warnings
from pathlib import Path

from cinescene.errors import InputError
from cinescene.service.settings import Limits

PICTURES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
CAMERA_FILES = (".json", ".txt", ".csv", ".chan", ".tum")
"""Suffixes of camera files that are text; their content decides how they are read."""
CAMERA_BYTES = 8 * 1024**2


def picture_suffix(data: bytes, limits: Limits, name: str) -> str:
    """The suffix of a whole picture within the limits. Raises `InputError`; ``name`` is only for its message."""
    from PIL import Image

    if len(data) > limits.picture_bytes:
        raise InputError(f"{name}: expected at most {limits.picture_bytes} bytes, got {len(data)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=list(PICTURES)) as picture:
                width, height = picture.size
                if width * height > limits.picture_pixels:
                    raise InputError(f"{name}: expected at most {limits.picture_pixels} pixels, got {width}×{height}")
                if min(width, height) < 16:
                    raise InputError(f"{name}: expected a picture of at least 16×16, got {width}×{height}")
                kind = str(picture.format)
                picture.load()
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{name}: expected a whole JPEG, PNG or WebP picture") from error
    return PICTURES[kind]


def write_pictures(folder: Path, pictures: list[tuple[str, bytes]], limits: Limits) -> None:
    """Writes pictures as 000.jpg … into a new folder that appears whole. Raises `InputError`."""
    if not pictures:
        raise InputError("files: expected a panorama or photos, got none")
    if len(pictures) > limits.pictures:
        raise InputError(f"files: expected at most {limits.pictures} pictures, got {len(pictures)}")
    suffixes = [picture_suffix(data, limits, name) for name, data in pictures]
    aside = folder.with_name(f".{folder.name}")
    aside.mkdir(parents=True)
    for index, ((_, data), suffix) in enumerate(zip(pictures, suffixes, strict=True)):
        (aside / f"{index:03d}{suffix}").write_bytes(data)
    aside.rename(folder)


def write_camera_file(folder: Path, name: str, data: bytes) -> int:
    """Writes a camera file into a new folder and reads it; returns its number of frames. Raises `InputError`.

    Only the suffix of the client's name is used.
    """
    from cinescene.cameras.formats import read_track
    from cinescene.errors import CineSceneError

    suffix = Path(name.replace("\\", "/")).suffix.lower()
    if suffix not in CAMERA_FILES:
        raise InputError(f"file: expected a camera file that ends in {', '.join(CAMERA_FILES)}, got {name[-40:]!r}")
    if len(data) > CAMERA_BYTES:
        raise InputError(f"file: expected at most {CAMERA_BYTES} bytes, got {len(data)}")
    aside = folder.with_name(f".{folder.name}")
    aside.mkdir(parents=True)
    file = aside / f"path{suffix}"
    try:
        file.write_bytes(data)
        frames = len(read_track(file))
    except Exception as error:
        shutil.rmtree(aside)
        ours = isinstance(error, CineSceneError)
        reason = str(error).replace(str(file), "file") if ours else "file: this could not be read as a camera file"
        raise InputError(reason) from error
    aside.rename(folder)
    return frames
