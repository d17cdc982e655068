"""COLMAP models in binary: ``cameras.bin``, ``images.bin`` and ``points3D.bin``, little endian.

Every count is checked against the bytes that are left before anything is made for it, so that a damaged file is an
error and not a request for memory.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from cinescene.cameras.formats.colmap_model import ColmapCamera, ColmapImage, ColmapPoints, model_named
from cinescene.errors import GeometryError, InputError
from cinescene.files import readable_file, written_whole

_COUNT = struct.Struct("<Q")
_CAMERA = struct.Struct("<IiQQ")
_IMAGE = struct.Struct("<I7dI")
_POINT = struct.Struct("<Q3d3BdQ")
_KEYPOINT_BYTES = 24
_TRACK_ELEMENT_BYTES = 8
_LONGEST_NAME_BYTES = 4096


class _Reader:
    """A cursor in a binary file that refuses to run past its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            readable_file(path, "COLMAP file")
            with path.open("rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
        self.at = 0

    def where(self) -> str:
        return f"{self.path}: byte {self.at}"

    def need(self, count: int, what: str) -> None:
        if count > len(self.data) - self.at:
            raise InputError(f"{self.where()}: the file ends within {what}; it is cut off or damaged")

    def unpack(self, layout: struct.Struct, what: str) -> tuple:
        self.need(layout.size, what)
        values = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return values

    def count(self, record_bytes: int, what: str) -> int:
        where = self.where()
        (count,) = self.unpack(_COUNT, f"the number of {what}")
        if count * record_bytes > len(self.data) - self.at:
            raise InputError(f"{where}: {count} {what} do not fit in the {len(self.data) - self.at} bytes that follow")
        return count

    def skip(self, count: int, what: str) -> None:
        self.need(count, what)
        self.at += count

    def name(self) -> str:
        end = self.data.find(b"\0", self.at, self.at + _LONGEST_NAME_BYTES + 1)
        if end < 0:
            raise InputError(f"{self.where()}: expected a picture's name that ends in a zero byte")
        raw = self.data[self.at : end]
        self.at = end + 1
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.where()}: this picture's name is not UTF-8") from error

    def finished(self) -> None:
        left = len(self.data) - self.at
        if left:
            raise InputError(f"{self.where()}: {left} bytes are left over after the last record; the file is damaged")


def _check_finite(values: tuple[float, ...], where: str) -> None:
    if not np.isfinite(values).all():
        raise GeometryError(f"{where}: expected finite numbers, got NaN or infinity")


def read_cameras(path: Path) -> dict[int, ColmapCamera]:
    """The lenses of a ``cameras.bin`` by their number."""
    reader = _Reader(path)
    cameras: dict[int, ColmapCamera] = {}
    for _ in range(reader.count(_CAMERA.size, "cameras")):
        where = reader.where()
        key, model_number, width, height = reader.unpack(_CAMERA, "a camera")
        model = model_named(model_number, where)
        parameters = reader.unpack(struct.Struct(f"<{model.parameters}d"), "a camera's parameters")
        _check_finite(parameters, where)
        if key in cameras:
            raise InputError(f"{where}: camera {key} stands twice")
        cameras[key] = ColmapCamera(model=model, size_px=(width, height), parameters=parameters, where=where)
    reader.finished()
    return cameras


def read_images(path: Path) -> dict[int, ColmapImage]:
    """The pictures of an ``images.bin`` by their number."""
    reader = _Reader(path)
    images: dict[int, ColmapImage] = {}
    for _ in range(reader.count(_IMAGE.size + 1 + _COUNT.size, "images")):
        where = reader.where()
        key, *pose, camera_id = reader.unpack(_IMAGE, "an image")
        _check_finite(tuple(pose), where)
        name = reader.name()
        reader.skip(reader.count(_KEYPOINT_BYTES, "keypoints") * _KEYPOINT_BYTES, "an image's keypoints")
        if key in images:
            raise InputError(f"{where}: image {key} stands twice")
        images[key] = ColmapImage(
            quaternion=tuple(pose[:4]), translation=tuple(pose[4:]), camera_id=camera_id, name=name, where=where
        )
    reader.finished()
    return images


def read_points(path: Path) -> ColmapPoints:
    """The points of a ``points3D.bin``."""
    reader = _Reader(path)
    count = reader.count(_POINT.size, "points")
    positions, colours = np.empty((count, 3)), np.empty((count, 3), dtype=np.uint8)
    errors, tracks = np.empty(count), np.empty(count, dtype=np.int64)
    for i in range(count):
        _, x, y, z, red, green, blue, error, length = reader.unpack(_POINT, "a point")
        reader.skip(length * _TRACK_ELEMENT_BYTES, "a point's track")
        positions[i], colours[i], errors[i], tracks[i] = (x, y, z), (red, green, blue), error, length
    reader.finished()
    if not np.isfinite(positions).all():
        raise GeometryError(f"{path}: expected finite positions of points, got NaN or infinity")
    return ColmapPoints(
        positions=torch.from_numpy(positions),
        colours=torch.from_numpy(colours),
        error_px=torch.from_numpy(errors),
        seen_by=torch.from_numpy(tracks),
    )


def write_model(folder: Path, cameras: Mapping[int, ColmapCamera], images: Mapping[int, ColmapImage]) -> None:
    """Writes a model without points into a folder."""
    parts = [_COUNT.pack(len(cameras))]
    for key, camera in cameras.items():
        parts.append(_CAMERA.pack(key, camera.model.number, *camera.size_px))
        parts.append(struct.pack(f"<{len(camera.parameters)}d", *camera.parameters))
    _write(folder / "cameras.bin", b"".join(parts))
    parts = [_COUNT.pack(len(images))]
    for key, image in images.items():
        parts.append(_IMAGE.pack(key, *image.quaternion, *image.translation, image.camera_id))
        parts.append(image.name.encode("utf-8") + b"\0" + _COUNT.pack(0))
    _write(folder / "images.bin", b"".join(parts))
    _write(folder / "points3D.bin", _COUNT.pack(0))


def _write(path: Path, data: bytes) -> None:
    with written_whole(path) as temporary:
        temporary.write_bytes(data)
