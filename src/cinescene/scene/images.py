"""One picture from a file: any common format, upright, 8-bit sRGB, with its lens as far as the file tells.

Formats are recognised by content: JPEG, PNG, WebP, TIFF, BMP and AVIF; HEIC and OpenEXR where their libraries are
installed; Radiance HDR. Nothing is decoded before its size is known and within limits.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cinescene.errors import InputError
from cinescene.files import readable_file
from cinescene.scene import openexr, radiance
from cinescene.scene.exif import lens_from_exif, partial_panorama
from cinescene.scene.pillow_pictures import (
    LARGEST_IMAGE_PIXELS,
    SIDEWAYS,
    decoded,
    exif_of,
    opened_picture,
    orientation,
)
from cinescene.scene.tone_mapping import LinearPicture, ToneMapping, tone_mapped
from cinescene.tensor_types import Float, Tensor, UInt8

SMALLEST_IMAGE_PX = 16
LONGEST_SIDE_PX = 65_535

MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (openexr.MAGIC, "EXR"),
    (b"#?RADIANCE", "HDR"),
    (b"#?RGBE", "HDR"),
)
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis")
SUFFIXES = frozenset(
    f".{name}"
    for name in ("jpg", "jpeg", "jpe", "mpo", "png", "webp", "tif", "tiff", "bmp", "avif", "heic", "heif", "exr", "hdr")
)
"""Names that promise a picture; used to tell a damaged picture from a file that is none."""


@dataclass(frozen=True, kw_only=True)
class PictureInfo:
    """What is known of a picture before it is decoded.

    ``width_px``, ``height_px``
        Size when upright, or as stored if that was asked for.
    ``focal_px``
        Focal length by its EXIF data, or None.
    ``partial``
        Why it is no full panorama, if its metadata says so.
    """

    path: Path
    format: str
    width_px: int
    height_px: int
    focal_px: float | None = None
    partial: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture: RGB, sRGB, 8 bits, (3, h, w), upright."""

    pixels: UInt8[Tensor, "3 h w"]
    info: PictureInfo

    def as_float(self) -> Float[Tensor, "3 h w"]:
        """The picture in [0, 1]."""
        return self.pixels.float() / 255


def picture_format(path: str | Path) -> str | None:
    """The format that a file's first bytes show, or None where it is no picture that can be read."""
    with Path(path).open("rb") as file:
        start = file.read(32)
    for magic, name in MAGICS:
        if start.startswith(magic):
            return name
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        brands = {start[8:12], start[16:20], start[20:24], start[24:28]}
        if brands & set(AVIF_BRANDS):
            return "AVIF"
        if start[8:12] in HEIC_BRANDS:
            return "HEIC"
    return None


def picture_info(path: str | Path, *, upright: bool = True) -> PictureInfo:
    """Size, lens and format from a picture's header; raises `InputError` for what cannot or must not be decoded.

    Without ``upright`` the EXIF orientation is left alone, as most reconstruction programs do.
    """
    path = readable_file(path, "picture")
    kind = picture_format(path)
    if kind is None:
        raise InputError(
            f"{path}: expected a picture (JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC, EXR or HDR), but its content is none"
        )
    info = _linear_info(path, kind) if kind in ("EXR", "HDR") else _pillow_info(path, kind, upright)
    _check_size(info)
    return info


def load_image(path: str | Path, tone_mapping: ToneMapping | None = None, *, upright: bool = True) -> Picture:
    """Decodes a picture; EXR and HDR pictures are tone mapped (`ToneMapping` by default).

    Raises `InputError`, naming the file, where it is missing, empty, no picture, damaged, cut short, smaller than
    16×16 or larger than 128 megapixels, and `MissingDependencyError` where its format needs a package.
    """
    info = picture_info(path, upright=upright)
    if info.format in ("EXR", "HDR"):
        pixels, notes = tone_mapped(_linear(info), tone_mapping or ToneMapping())
        more = list(notes)
    else:
        pixels, more = _pillow_pixels(info, upright)
    if pixels.shape != (info.height_px, info.width_px, 3):
        raise InputError(f"{path}: its header says {info.width_px}×{info.height_px}, but its content is another size")
    tensor = torch.from_numpy(np.ascontiguousarray(pixels)).movedim(-1, 0)
    return Picture(pixels=tensor, info=dataclasses.replace(info, notes=(*info.notes, *more)))


def _check_size(info: PictureInfo) -> None:
    width, height = info.width_px, info.height_px
    if min(width, height) < SMALLEST_IMAGE_PX:
        raise InputError(
            f"{info.path}: expected a picture of at least {SMALLEST_IMAGE_PX}×{SMALLEST_IMAGE_PX} pixels, got "
            f"{width}×{height}"
        )
    if width * height > LARGEST_IMAGE_PIXELS or max(width, height) > LONGEST_SIDE_PX:
        raise InputError(
            f"{info.path}: {width}×{height} is {width * height / 1e6:.0f} megapixels, but at most "
            f"{LARGEST_IMAGE_PIXELS / 1e6:.0f} (and {LONGEST_SIDE_PX} a side) are taken; scale it down"
        )


def _pillow_info(path: Path, kind: str, upright: bool) -> PictureInfo:
    with opened_picture(path, kind == "HEIC") as image:
        width, height = image.size
        is_sideways = upright and orientation(image) in SIDEWAYS
        lens = lens_from_exif(exif_of(image), width, height)
        xmp = image.info.get("xmp", b"")
        return PictureInfo(
            path=path,
            format=kind,
            width_px=height if is_sideways else width,
            height_px=width if is_sideways else height,
            focal_px=lens.focal_px,
            partial=partial_panorama(xmp if isinstance(xmp, bytes) else str(xmp).encode("utf-8", "replace")),
            notes=() if lens.remark is None else (lens.remark,),
        )


def _pillow_pixels(info: PictureInfo, upright: bool) -> tuple[NDArray[np.uint8], list[str]]:
    with opened_picture(info.path, info.format == "HEIC") as image:
        try:
            return decoded(image, upright)
        except InputError as error:
            raise InputError(f"{info.path}: {error}") from error


def _linear_info(path: Path, kind: str) -> PictureInfo:
    header = openexr.read_exr_header(path) if kind == "EXR" else radiance.read_radiance_header(path)
    return PictureInfo(path=path, format=kind, width_px=header.width_px, height_px=header.height_px)


def _linear(info: PictureInfo) -> LinearPicture:
    if info.format == "HDR":
        return radiance.read_radiance(info.path)
    return openexr.read_exr(info.path, openexr.read_exr_header(info.path))
