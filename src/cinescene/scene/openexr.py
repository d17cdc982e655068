"""OpenEXR pictures, read with the OpenEXR package (extra ``interop``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinescene.errors import InputError, MissingDependencyError
from cinescene.scene.tone_mapping import LinearPicture, rec709_from_primaries

MAGIC = b"\x76\x2f\x31\x01"


@dataclass(frozen=True, kw_only=True)
class ExrHeader:
    """The part and channels of an EXR file that are its picture, and where its data lies on the display window."""

    part: int
    channels: tuple[str, ...]
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    chromaticities: tuple[float, ...] | None


def read_exr_header(path: Path) -> ExrHeader:
    """Chooses the first part with RGB (of any layer) or luminance; raises `InputError` if there is none.

    Raises `MissingDependencyError` without the OpenEXR package.
    """
    names: list[str] = []
    for index, part in enumerate(_opened(path, header_only=True).parts):
        header = part.header
        sampled = [c.name for c in header["channels"] if c.xSampling == 1 and c.ySampling == 1]
        names += [c.name for c in header["channels"]]
        channels = _picture_channels(sampled)
        if channels:
            return _header(index, channels, header)
    listed = ", ".join(sorted(set(names))[:12]) or "none"
    raise InputError(f"{path}: expected an EXR with channels R, G and B (or Y), but its channels are: {listed}")


def _header(index: int, channels: tuple[str, ...], header: dict[str, Any]) -> ExrHeader:
    display_low, display_high = header["displayWindow"]
    data_low, _ = header["dataWindow"]
    width, height = (int(x) for x in np.asarray(display_high) - display_low + 1)
    left, top = (int(x) for x in np.asarray(data_low) - display_low)
    chromaticities = header.get("chromaticities")
    return ExrHeader(
        part=index,
        channels=channels,
        left_px=left,
        top_px=top,
        width_px=width,
        height_px=height,
        chromaticities=None if chromaticities is None else tuple(float(x) for x in chromaticities),
    )


def _picture_channels(names: list[str]) -> tuple[str, ...]:
    """R, G, B of no layer, else of the layer whose name sorts first, else luminance."""
    layers = sorted({name.rpartition(".")[0] for name in names})
    for layer in layers:
        dotted = f"{layer}." if layer else ""
        wanted = tuple(f"{dotted}{letter}" for letter in "RGB")
        if set(wanted) <= set(names):
            return wanted
    return ("Y",) if "Y" in names else ()


def read_exr(path: Path, header: ExrHeader) -> LinearPicture:
    """The picture in linear light on its display window, black where there is no data; alpha is not used.

    Raises `InputError` where the file is damaged, cut short or holds deep data.
    """
    parts = _opened(path, header_only=False).parts
    try:
        planes = [np.asarray(parts[header.part].channels[name].pixels) for name in header.channels]
        if any(plane.ndim != 2 or plane.dtype == object for plane in planes):
            raise InputError(f"{path}: expected a flat EXR picture, but it holds deep data; flatten it first")
    except (IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected a whole EXR picture, but it is damaged or cut short") from error
    matrix = None if header.chromaticities is None else rec709_from_primaries(header.chromaticities)

    def rows(start: int, stop: int) -> NDArray[np.float32]:
        strip = _on_display_window(planes, header, start, stop)
        return strip if matrix is None else strip @ matrix.T

    return LinearPicture(width_px=header.width_px, height_px=header.height_px, rows=rows)


def _on_display_window(planes: list[NDArray[Any]], header: ExrHeader, start: int, stop: int) -> NDArray[np.float32]:
    out = np.zeros((stop - start, header.width_px, 3), dtype=np.float32)
    height, width = planes[0].shape
    top, bottom = max(start, header.top_px), min(stop, header.top_px + height)
    left, right = max(0, header.left_px), min(header.width_px, header.left_px + width)
    if top < bottom and left < right:
        columns = slice(left - header.left_px, right - header.left_px)
        lines = slice(top - header.top_px, bottom - header.top_px)
        for channel in range(3):
            plane = planes[channel if len(planes) == 3 else 0]
            out[top - start : bottom - start, left:right, channel] = plane[lines, columns]
    return out


def _opened(path: Path, header_only: bool) -> Any:
    try:
        import OpenEXR
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: reading EXR needs the OpenEXR package: pip install 'cinescene[interop]', or save it as .hdr"
        ) from error
    try:
        return OpenEXR.File(str(path), separate_channels=True, header_only=header_only)
    except Exception as error:  # the library raises bare RuntimeError, ValueError or TypeError, as it happens
        raise InputError(f"{path}: expected an OpenEXR picture, but it cannot be read as one ({error})") from error
