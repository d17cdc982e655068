"""From the OpenEXR files that Blender leaves to frames: our tone curve, masks, and what subjects change.

Only the kind of file that is asked of Blender is read: one part, scanlines, not compressed, 32-bit floats. Format:
"OpenEXR File Layout", openexr.com.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32

from cinescene.errors import InputError
from cinescene.files import readable_file
from cinescene.sets.frame import Frame
from cinescene.tensor_types import Bool, Tensor, UInt8

MAGIC = b"\x76\x2f\x31\x01"
_OTHER_KINDS = 0x1A00
"""Version bits of tiles, deep data and several parts."""
_FLOAT = 2
_SKY_DEPTH_M = 1e9
KNEE = 0.5
"""As in ``shaders/tone.glsl``."""
LEAST_CHANGE = 3.0 / 255
"""A smaller mean difference of 3×3 pixels, with and without subjects, is noise."""
SOFT_EDGE_PX = 1


def read_picture(path: Path) -> dict[str, Float32[np.ndarray, "h w"]]:
    """The channels of a picture by pass and channel, such as ``Combined.R`` and ``Depth.Z``.

    Raises `InputError` where the file is missing, cut short or of another kind.
    """
    content = readable_file(path, "picture of Blender's").read_bytes()
    try:
        return _channels(content)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{path}: expected an uncompressed OpenEXR picture from Blender ({error})") from error


def _channels(content: bytes) -> dict[str, Float32[np.ndarray, "h w"]]:
    if content[:4] != MAGIC or struct.unpack_from("<I", content, 4)[0] & _OTHER_KINDS:
        raise ValueError("it is no OpenEXR file of one part with scanlines")
    attributes, place = _attributes(content)
    if attributes["compression"] != b"\0":
        raise ValueError("it is compressed")
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    names = _channel_names(attributes["channels"])
    line = np.dtype([("row", "<i4"), ("bytes", "<i4"), ("values", "<f4", (len(names), width))])
    lines = np.frombuffer(content, dtype=line, count=height, offset=place + 8 * height)
    values = lines["values"][np.argsort(lines["row"])]
    return {name: np.ascontiguousarray(values[:, number]) for number, name in enumerate(names)}


def _attributes(content: bytes) -> tuple[dict[str, bytes], int]:
    """The header's attributes and where it ends."""
    attributes, place = {}, 8
    while content[place] != 0:
        name_end = content.index(b"\0", place)
        type_end = content.index(b"\0", name_end + 1)
        (size,) = struct.unpack_from("<I", content, type_end + 1)
        attributes[content[place:name_end].decode("ascii", "replace")] = content[type_end + 5 : type_end + 5 + size]
        place = type_end + 5 + size
    return attributes, place + 1


def _channel_names(listed: bytes) -> list[str]:
    names, place = [], 0
    while listed[place] != 0:
        end = listed.index(b"\0", place)
        if struct.unpack_from("<I", listed, end + 1)[0] != _FLOAT:
            raise ValueError("its channels are no 32-bit floats")
        names.append(".".join(listed[place:end].decode("ascii", "replace").split(".")[-2:]))
        place = end + 17
    return names


def seen_colour(picture: dict[str, Float32[np.ndarray, "h w"]]) -> UInt8[Tensor, "3 h w"]:
    """Linear light through the tone curve of our renderer to 8-bit sRGB."""
    light = torch.from_numpy(np.stack([picture[f"Combined.{c}"] for c in "RGB"])).nan_to_num(nan=0.0).clamp_min(0)
    over = (light - KNEE).clamp_min(0)
    toned = light.clamp_max(KNEE) + (1 - KNEE) * (1 - torch.exp(-over / (1 - KNEE)))
    encoded = torch.where(toned <= 0.0031308, 12.92 * toned, 1.055 * toned.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)
    return (255 * encoded).round().to(torch.uint8)


def frame_of(colour: dict[str, Float32[np.ndarray, "h w"]], geometry: dict[str, Float32[np.ndarray, "h w"]]) -> Frame:
    """A frame from a picture of light and one of what lies at pixel centres, its masks those of object numbers."""
    depth = torch.from_numpy(geometry["Depth.Z"])
    number = next(geometry[name] for name in ("IndexOB.X", "Object Index.X") if name in geometry)
    subject = torch.from_numpy(number > 0.5)
    return Frame(
        colour=seen_colour(colour),
        depth_m=torch.where(depth < _SKY_DEPTH_M, depth, torch.inf),
        subject_mask=subject,
        subject_and_shadow_mask=subject,
    )


def changed_area(
    with_subject: UInt8[Tensor, "3 h w"], without: UInt8[Tensor, "3 h w"], subject: Bool[Tensor, "h w"]
) -> Bool[Tensor, "h w"]:
    """Where subjects change the picture by more than noise: themselves with their soft edge, shadows, reflections."""
    difference = (with_subject.float() - without.float()).abs().mean(0)[None, None] / 255
    smooth = F.avg_pool2d(difference, 3, 1, 1, count_include_pad=False)
    marked = ((smooth >= LEAST_CHANGE) | subject[None, None]).float()
    return F.max_pool2d(marked, 2 * SOFT_EDGE_PX + 1, 1, SOFT_EDGE_PX)[0, 0] > 0
