"""Pictures that Pillow decodes (JPEG, PNG, WebP, TIFF, BMP, AVIF, and HEIC through pillow-heif), to 8-bit sRGB."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from cinescene.errors import InputError, MissingDependencyError

LARGEST_IMAGE_PIXELS = 128_000_000
"""Above the largest photos of single-shot cameras (about 100 megapixels); 384 MB when decoded."""

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "AVIF")
SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
WHITE = (255, 255, 255, 255)
ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def opened_picture(path: Path, is_heic: bool) -> Iterator[Image.Image]:
    """The picture with its header read and no pixel decoded; anything wrong inside the block is an `InputError`.

    Raises `MissingDependencyError` for HEIC without pillow-heif.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened_heic(path) if is_heic else _opened(path) as image:
                yield image
    except (InputError, MissingDependencyError):
        raise
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{path}: its header claims far more than the {LARGEST_IMAGE_PIXELS / 1e6:.0f} megapixels that are taken "
            "(a decompression bomb?); if it is a real picture, scale it down"
        ) from error
    except MemoryError as error:
        raise InputError(f"{path}: there is not enough memory to decode this picture; scale it down") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, EOFError and more on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: this picture is damaged or cut short ({reason}); copy or export it again") from error


def _opened(path: Path) -> Image.Image:
    Image.init()
    return Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])


def _opened_heic(path: Path) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: reading HEIC needs the pillow-heif package: pip install 'cinescene[interop]', "
            "or export the photo as JPEG"
        ) from error
    return pillow_heif.HeifImageFile(str(path))


def exif_of(image: Image.Image) -> Image.Exif:
    """EXIF data from the header. (`PngImageFile.getexif` would decode the whole picture to find a late chunk.)"""
    return Image.Image.getexif(image)


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; damaged EXIF data counts as upright."""
    try:
        value = exif_of(image).get(ORIENTATION)
    except Exception:  # damaged metadata must not cost the picture
        return 1
    return value if value in UPRIGHT else 1


def decoded(image: Image.Image, upright: bool = True) -> tuple[NDArray[np.uint8], list[str]]:
    """8-bit sRGB (h, w, 3), turned upright if so asked, and what was done to get there where a user should know.

    Transparency is composited on white, embedded colour profiles are converted to sRGB (relative colorimetric),
    16-bit values are rounded to 8, and of several frames or pages the first is taken.
    """
    notes: list[str] = []
    if getattr(image, "n_frames", 1) > 1 and image.format not in ("MPO", "AVIF", "HEIF"):
        notes.append(f"it holds {image.n_frames} frames or pages; the first is used")  # type: ignore[attr-defined]
    turn = UPRIGHT.get(orientation(image)) if upright else None
    profile = image.info.get("icc_profile")
    image.load()
    if turn is not None:
        image = image.transpose(turn)
    if image.mode in SIXTEEN_BIT_MODES:
        return _from_sixteen_bit(image), notes
    if image.mode == "F":
        raise InputError("its values are floating point without a stated range; save it as 16-bit, EXR or .hdr")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        if int(np.asarray(rgba.getchannel("A")).min()) < 255:
            notes.append("its transparent parts are shown on white")
            rgba = Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba)
        image = rgba.convert("RGB")
    elif image.mode in ("1", "P", "YCbCr", "HSV"):
        image = image.convert("RGB")
    return np.array(_to_srgb(image, profile, notes)), notes


def _from_sixteen_bit(image: Image.Image) -> NDArray[np.uint8]:
    values = np.array(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise InputError(f"its values run from {low} to {high}; expected 8 or 16 bits a channel")
    grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
                return image
            return _converted(image, source)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("its colour profile cannot be used, so its colours are taken as sRGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _converted(image: Image.Image, source: Any) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return converted
