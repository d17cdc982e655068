"""Radiance pictures (``.hdr``, ``.pic``): four bytes a pixel, a shared exponent, run-length coded.

Source: Ward, "Real Pixels", Graphics Gems II, 1991; the Radiance file format description (radsite.lbl.gov).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cinescene.errors import InputError
from cinescene.scene.tone_mapping import LinearPicture, rec709_from_primaries

MAGIC = b"#?"
LONGEST_HEADER_BYTES = 1 << 16
MOST_BYTES_A_PIXEL = 8
"""Four components as runs of one; no more is read."""

RADIANCE_PRIMARIES = (0.640, 0.330, 0.290, 0.600, 0.150, 0.060, 1 / 3, 1 / 3)
XYZ_PRIMARIES = (1.0, 1e-9, 0.0, 1.0, 0.0, 1e-9, 1 / 3, 1 / 3)


@dataclass(frozen=True, kw_only=True)
class RadianceHeader:
    """Size and colours of a Radiance picture, and how its rows and columns run."""

    width_px: int
    height_px: int
    flipped_vertically: bool
    flipped_horizontally: bool
    is_xyz: bool
    primaries: tuple[float, ...] | None


def read_radiance_header(path: Path) -> RadianceHeader:
    """Raises `InputError` where the file is no Radiance picture that can be read."""
    with path.open("rb") as file:
        return _header(file, path)


def read_radiance(path: Path) -> LinearPicture:
    """The picture in linear light; raises `InputError` where it is damaged or cut short."""
    with path.open("rb") as file:
        header = _header(file, path)
        data = file.read(MOST_BYTES_A_PIXEL * header.width_px * header.height_px + 4 * header.height_px)
    coded = _decoded(data, header, path)
    coded = coded[::-1] if header.flipped_vertically else coded
    coded = coded[:, ::-1] if header.flipped_horizontally else coded
    matrix = _to_rec709(header)

    def rows(start: int, stop: int) -> NDArray[np.float32]:
        light = _light(coded[start:stop])
        return light if matrix is None else light @ matrix.T

    return LinearPicture(width_px=header.width_px, height_px=header.height_px, rows=rows)


def _header(file: BinaryIO, path: Path) -> RadianceHeader:
    lines: list[str] = []
    while True:
        line = file.readline(LONGEST_HEADER_BYTES)
        if not line.endswith(b"\n") or file.tell() > LONGEST_HEADER_BYTES:
            raise InputError(f"{path}: expected a Radiance HDR picture, but its header is damaged or cut short")
        if not line.strip():
            break
        lines.append(line.decode("latin-1").strip())
    variables = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    form = variables.get("FORMAT", "32-bit_rle_rgbe").strip()
    if form not in ("32-bit_rle_rgbe", "32-bit_rle_xyze"):
        raise InputError(f"{path}: expected FORMAT=32-bit_rle_rgbe or 32-bit_rle_xyze in its header, got {form!r}")
    resolution = file.readline(LONGEST_HEADER_BYTES).decode("latin-1").strip()
    match = re.fullmatch(r"([-+])Y\s+(\d{1,7})\s+([-+])X\s+(\d{1,7})", resolution)
    if not match or int(match[2]) == 0 or int(match[4]) == 0:
        raise InputError(f"{path}: expected a resolution such as '-Y 1024 +X 2048' in its header, got {resolution!r}")
    return RadianceHeader(
        width_px=int(match[4]),
        height_px=int(match[2]),
        flipped_vertically=match[1] == "+",
        flipped_horizontally=match[3] == "-",
        is_xyz=form.endswith("xyze"),
        primaries=_primaries(variables.get("PRIMARIES"), path),
    )


def _primaries(text: str | None, path: Path) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split())
    except ValueError:
        numbers = ()
    if len(numbers) != 8:
        raise InputError(f"{path}: expected eight numbers after PRIMARIES= in its header, got {text.strip()!r}")
    return numbers


def _to_rec709(header: RadianceHeader) -> NDArray[np.float32] | None:
    """None where the picture states no primaries: such files come from photo tools that mean Rec. 709."""
    if header.is_xyz:
        return rec709_from_primaries(XYZ_PRIMARIES)
    return None if header.primaries is None else rec709_from_primaries(header.primaries)


def _light(coded: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(mantissa + ½) · 2^(exponent − 136); an exponent of 0 is black."""
    exponent = coded[..., 3].astype(np.int32)
    scale = np.where(exponent > 0, np.ldexp(np.float32(1), exponent - 136), np.float32(0)).astype(np.float32)
    return (coded[..., :3].astype(np.float32) + np.float32(0.5)) * scale[..., None]


def _decoded(data: bytes, header: RadianceHeader, path: Path) -> NDArray[np.uint8]:
    width, height = header.width_px, header.height_px
    out = np.empty((height, width, 4), dtype=np.uint8)
    position = 0
    try:
        for y in range(height):
            if data[position : position + 2] == b"\x02\x02" and data[position + 2] < 128 and 8 <= width < 32768:
                row, position = _planar_row(data, position, width)
                out[y] = np.frombuffer(row, dtype=np.uint8).reshape(4, width).T
            else:
                row, position = _pixel_row(data, position, width)
                out[y] = np.frombuffer(row, dtype=np.uint8).reshape(width, 4)
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{path}: expected {width}×{height} pixels, but the file is damaged or cut short in row {y}"
        ) from error
    return out


def _planar_row(data: bytes, position: int, width: int) -> tuple[bytes | bytearray, int]:
    """A row whose four components follow each other, each in runs; ``(row, next position)``."""
    if data[position + 2] << 8 | data[position + 3] != width:
        raise ValueError("a row of another width")
    position += 4
    row = bytearray()
    for component in range(1, 5):
        end = component * width
        while len(row) < end:
            count = data[position]
            if count > 128:
                row += data[position + 1 : position + 2] * (count - 128)
                position += 2
            elif count:
                row += data[position + 1 : position + 1 + count]
                position += 1 + count
            else:
                raise ValueError("an empty run")
            if position > len(data):
                raise IndexError("cut short")
        if len(row) > end:
            raise ValueError("a run across components")
    return row, position


def _pixel_row(data: bytes, position: int, width: int) -> tuple[bytes | bytearray, int]:
    """A row of whole pixels, in which (1, 1, 1, n) repeats the last one; ``(row, next position)``."""
    whole = data[position : position + 4 * width]
    if len(whole) == 4 * width and b"\x01\x01\x01" not in whole:
        return whole, position + 4 * width
    row, shift = bytearray(), 0
    while len(row) < 4 * width:
        pixel = data[position : position + 4]
        if len(pixel) < 4:
            raise IndexError("cut short")
        position += 4
        if pixel[:3] == b"\x01\x01\x01":
            count = pixel[3] << shift
            if not row or count > width:
                raise ValueError("a run of nothing or beyond the row")
            row += row[-4:] * count
            shift += 8
        else:
            row += pixel
            shift = 0
    if len(row) > 4 * width:
        raise ValueError("a run beyond the row")
    return row, position
