"""COLMAP models as text: ``cameras.txt``, ``images.txt`` and ``points3D.txt``.

A picture takes two lines, its pose and its keypoints; the second may be empty. Files whose empty lines were stripped
are understood too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from cinescene.cameras.formats.colmap_model import ColmapCamera, ColmapImage, ColmapPoints, model_named
from cinescene.cameras.formats.documents import decode_text, read_bytes, read_text, write_text
from cinescene.cameras.formats.rows import data_lines, integer, is_number, number, row
from cinescene.errors import InputError

_IMAGE_COLUMNS = 10
_BIG_FILE_BYTES = 8 * 2**30


def read_cameras(path: Path) -> dict[int, ColmapCamera]:
    """The lenses of a ``cameras.txt`` by their number."""
    cameras: dict[int, ColmapCamera] = {}
    for where, line in data_lines(path, read_text(path)):
        words = line.split()
        if len(words) < 5:
            raise InputError(f"{where}: expected CAMERA_ID MODEL WIDTH HEIGHT PARAMETERS, got {len(words)} words")
        model = model_named(words[1], where)
        parameters = tuple(number(word, where) for word in words[4:])
        if len(parameters) != model.parameters:
            raise InputError(f"{where}: expected {model.parameters} parameters of {model.name}, got {len(parameters)}")
        key = integer(words[0], where)
        if key in cameras:
            raise InputError(f"{where}: camera {key} stands twice")
        size = integer(words[2], where), integer(words[3], where)
        cameras[key] = ColmapCamera(model=model, size_px=size, parameters=parameters, where=where)
    return cameras


def read_images(path: Path) -> dict[int, ColmapImage]:
    """The pictures of an ``images.txt`` by their number."""
    images: dict[int, ColmapImage] = {}
    lines = decode_text(path, read_bytes(path, limit=_BIG_FILE_BYTES)).split("\n")
    keypoints_expected = False
    for i, line in enumerate(lines, start=1):
        where = f"{path}: line {i}"
        if line.lstrip().startswith("#"):
            continue
        if keypoints_expected and (not line.strip() or _is_keypoints(line)):
            keypoints_expected = False
            continue
        if not line.strip():
            continue
        key, image = _image(line, where)
        if key in images:
            raise InputError(f"{where}: image {key} stands twice")
        images[key] = image
        keypoints_expected = True
    return images


def _is_keypoints(line: str) -> bool:
    """Whether a line is ``x y id`` over and over, which an image's line, with its name in tenth place, is not."""
    words = line.split()
    return len(words) % 3 == 0 and all(is_number(word) for word in words[: _IMAGE_COLUMNS + 2])


def _image(line: str, where: str) -> tuple[int, ColmapImage]:
    words = line.strip().split(None, _IMAGE_COLUMNS - 1)
    if len(words) != _IMAGE_COLUMNS:
        raise InputError(f"{where}: expected IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, got {len(words)} words")
    values = tuple(number(word, where) for word in words[1:8])
    return integer(words[0], where), ColmapImage(
        quaternion=values[:4],
        translation=values[4:],
        camera_id=integer(words[8], where),
        name=words[9],
        where=where,
    )


def read_points(path: Path) -> ColmapPoints:
    """The points of a ``points3D.txt``."""
    positions, colours, errors, tracks = [], [], [], []
    text = decode_text(path, read_bytes(path, limit=_BIG_FILE_BYTES))
    for where, line in data_lines(path, text):
        words = line.split()
        if len(words) < 8 or len(words) % 2:
            raise InputError(f"{where}: expected POINT3D_ID X Y Z R G B ERROR and pairs of numbers")
        positions.append([number(word, where) for word in words[1:4]])
        colours.append([integer(word, where) for word in words[4:7]])
        if not all(0 <= channel <= 255 for channel in colours[-1]):
            raise InputError(f"{where}: expected colours from 0 to 255, got {' '.join(words[4:7])}")
        errors.append(number(words[7], where))
        tracks.append((len(words) - 8) // 2)
    return ColmapPoints(
        positions=torch.tensor(positions, dtype=torch.float64).reshape(-1, 3),
        colours=torch.tensor(colours, dtype=torch.uint8).reshape(-1, 3),
        error_px=torch.tensor(errors, dtype=torch.float64),
        seen_by=torch.tensor(tracks, dtype=torch.int64),
    )


def write_model(folder: Path, cameras: Mapping[int, ColmapCamera], images: Mapping[int, ColmapImage]) -> None:
    """Writes a model without points into a folder."""
    lines = ["# Camera list with one line of data per camera:", "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    lines += [f"{key} {c.model.name} {row(c.size_px)} {row(c.parameters)}" for key, c in cameras.items()]
    write_text(folder / "cameras.txt", "\n".join(lines) + "\n")
    lines = [
        "# Image list with two lines of data per image:",
        "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME",
        "#   POINTS2D[] as (X, Y, POINT3D_ID)",
    ]
    for key, image in images.items():
        lines += [f"{key} {row(image.quaternion)} {row(image.translation)} {image.camera_id} {image.name}", ""]
    write_text(folder / "images.txt", "\n".join(lines) + "\n")
    write_text(folder / "points3D.txt", "# 3D point list: empty\n")
