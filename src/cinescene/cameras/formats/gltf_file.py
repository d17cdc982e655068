"""glTF 2.0 containers: JSON, buffers and accessors, of ``.gltf`` and ``.glb`` files. Source: Khronos' specification."""

from __future__ import annotations

import base64
import binascii
import json
import struct
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinescene.cameras.formats.documents import Field, decode_text, parse_json, read_bytes, write_text
from cinescene.errors import InputError
from cinescene.files import written_whole

_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_TYPES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
FLOAT = 5126


@dataclass(frozen=True)
class GltfFile:
    """A glTF document and the binary chunk that came with it."""

    path: Path
    document: Field
    chunk: bytes | None

    def element(self, collection: str, index: Field | int) -> Field:
        """An element of a top-level array by its index, or by a field that holds the index."""
        number = index if isinstance(index, int) else index.integer()
        found = self.document.optional(collection)
        items = [] if found is None else found.items()
        if not 0 <= number < len(items):
            where = self.path if isinstance(index, int) else index.where
            raise InputError(f"{where}: {collection}[{number}] is named, but there are {len(items)}")
        return items[number]

    def accessor(self, index: Field) -> np.ndarray:
        """The numbers of an accessor, (count, components) in float64; normalised integers become fractions."""
        accessor = self.element("accessors", index)
        width = _TYPES.get(accessor["type"].text())
        code = accessor["componentType"].integer()
        if width is None or code not in _COMPONENTS:
            raise InputError(f"{accessor.where}: expected numbers or vectors of a glTF component type")
        count = accessor["count"].integer()
        dtype = np.dtype(_COMPONENTS[code])
        values = self._view(accessor, count, width, dtype)
        values = self._with_sparse(accessor, values)
        normalized = accessor.optional("normalized")
        if normalized is not None and normalized.flag() and code != FLOAT:
            return np.maximum(values / np.iinfo(dtype).max, -1.0)
        return values

    def _view(self, accessor: Field, count: int, width: int, dtype: np.dtype) -> np.ndarray:
        offset = accessor.optional("byteOffset")
        view_index = accessor.optional("bufferView")
        if view_index is None:
            if not 0 < count <= 10_000_000:
                raise InputError(f"{accessor.where}: expected a positive count, got {count}")
            return np.zeros((count, width))
        view = self.element("bufferViews", view_index)
        start, length = _whole(view.optional("byteOffset"), 0), view["byteLength"].integer()
        buffer = self._buffer(view["buffer"])
        row = dtype.itemsize * width
        stride = _whole(view.optional("byteStride"), row)
        first = start + _whole(offset, 0)
        last = first + stride * (count - 1) + row
        if count <= 0 or stride < row or min(start, first) < 0 or last > min(start + length, len(buffer)):
            raise InputError(f"{accessor.where}: its {count} elements do not fit in its buffer view and buffer")
        return np.ndarray((count, width), dtype, buffer, first, (stride, dtype.itemsize)).astype(np.float64)

    def _with_sparse(self, accessor: Field, values: np.ndarray) -> np.ndarray:
        sparse = accessor.optional("sparse")
        if sparse is None:
            return values
        count = sparse["count"].integer()
        code = sparse["indices"]["componentType"].integer()
        if code not in (5121, 5123, 5125):
            raise InputError(f"{sparse.where}: expected unsigned indices")
        indices = self._view(sparse["indices"], count, 1, np.dtype(_COMPONENTS[code]))[:, 0].astype(np.int64)
        if indices.max() >= len(values):
            raise InputError(f"{sparse.where}: an index is beyond the accessor's {len(values)} elements")
        dtype = np.dtype(_COMPONENTS[accessor["componentType"].integer()])
        values[indices] = self._view(sparse["values"], count, values.shape[1], dtype)
        return values

    def _buffer(self, index: Field) -> bytes:
        buffer = self.element("buffers", index)
        uri = buffer.optional("uri")
        if uri is None:
            if self.chunk is None:
                raise InputError(f"{buffer.where}: it names no file, and the glTF has no binary chunk")
            return self.chunk
        return _fetched(self.path, uri)


def _whole(field: Field | None, default: int) -> int:
    return default if field is None else field.integer()


def _fetched(path: Path, uri: Field) -> bytes:
    text = uri.text()
    if text.startswith("data:"):
        head, _, data = text.partition(",")
        if not head.endswith(";base64"):
            raise InputError(f"{uri.where}: expected base64 data")
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InputError(f"{uri.where}: damaged base64 data ({error})") from error
    parts = urllib.parse.urlsplit(text)
    name = urllib.parse.unquote(parts.path)
    if parts.scheme or parts.netloc or Path(name).is_absolute():
        raise InputError(f"{uri.where}: expected a file beside the glTF, got {text[:60]!r}")
    return read_bytes(path.parent / name, "glTF buffer")


def read_gltf(path: Path) -> GltfFile:
    """The document of a ``.gltf`` or ``.glb`` file, told apart by its first bytes; version 2 only."""
    data = read_bytes(path, "glTF file")
    if data[:4] == b"glTF":
        document, chunk = _glb(path, data)
    else:
        document, chunk = parse_json(path, decode_text(path, data)), None
    version = document["asset"]["version"].text()
    if not version.startswith("2."):
        raise InputError(f"{path}: expected glTF version 2, got version {version[:20]}")
    required = document.optional("extensionsRequired")
    unknown = [name.text() for name in (required.items() if required else [])]
    for name in unknown:
        if name in ("EXT_meshopt_compression", "KHR_meshopt_compression"):
            raise InputError(f"{path}: its buffers are compressed ({name}); export without compression")
    return GltfFile(path, document, chunk)


def _glb(path: Path, data: bytes) -> tuple[Field, bytes | None]:
    if len(data) < _HEADER.size + _CHUNK.size:
        raise InputError(f"{path}: this .glb ends after {len(data)} bytes; it is cut off")
    _, version, length = _HEADER.unpack_from(data)
    if version != 2:
        raise InputError(f"{path}: expected .glb version 2, got version {version}")
    if length > len(data):
        raise InputError(f"{path}: this .glb should have {length} bytes and has {len(data)}; it is cut off")
    document, chunk, at = None, None, _HEADER.size
    while at + _CHUNK.size <= length:
        size, kind = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if size > length - at:
            raise InputError(f"{path}: byte {at}: a chunk of {size} bytes does not fit in the file; it is damaged")
        if kind == b"JSON" and document is None:
            document = parse_json(path, decode_text(path, data[at : at + size]))
        elif kind == b"BIN\0" and chunk is None:
            chunk = data[at : at + size]
        at += size
    if document is None:
        raise InputError(f"{path}: this .glb has no JSON chunk")
    return document, chunk


def write_gltf(path: Path, document: dict[str, Any], buffer: bytes) -> None:
    """Writes one file: ``.glb``, or ``.gltf`` with the buffer as base64 inside."""
    buffer += b"\0" * (-len(buffer) % 4)
    if path.suffix.lower() != ".glb":
        uri = "data:application/octet-stream;base64," + base64.b64encode(buffer).decode("ascii")
        document = document | {"buffers": [{"byteLength": len(buffer), "uri": uri}]}
        write_text(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
        return
    document = document | {"buffers": [{"byteLength": len(buffer)}]}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 4)
    total = _HEADER.size + 2 * _CHUNK.size + len(text) + len(buffer)
    with written_whole(path) as temporary:
        temporary.write_bytes(
            _HEADER.pack(b"glTF", 2, total)
            + _CHUNK.pack(len(text), b"JSON")
            + text
            + _CHUNK.pack(len(buffer), b"BIN\0")
            + buffer
        )
