"""Text and JSON documents from anywhere: read within bounds, with errors that name the file and the place in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cinescene.errors import GeometryError, InputError
from cinescene.files import readable_file, written_whole

MAX_FILE_BYTES = 512 * 2**20
"""Largest camera file that is read: some 500 000 frames of JSON."""


def existing(path: str | Path, what: str = "camera file") -> Path:
    """``path``, if there is a file or folder there; otherwise `InputError`."""
    path = Path(path)
    try:
        return path if path.is_dir() else readable_file(path, what)
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a {what} ({error.strerror})") from error


def read_bytes(path: str | Path, what: str = "camera file", limit: int = MAX_FILE_BYTES) -> bytes:
    """The whole file; raises `InputError` if it is missing, empty, unreadable or larger than ``limit`` bytes."""
    try:
        size = readable_file(path, what).stat().st_size
        if size > limit:
            raise InputError(f"{path}: {size / 2**20:.0f} MiB is more than a {what} may have ({limit / 2**20:.0f} MiB)")
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: this {what} cannot be read ({error.strerror or error})") from error


def read_text(path: str | Path, what: str = "camera file") -> str:
    """The file as UTF-8 text (a byte order mark is skipped) with ``\\n`` line ends."""
    return decode_text(path, read_bytes(path, what))


def decode_text(path: str | Path, data: bytes) -> str:
    """Bytes of ``path`` as UTF-8 text; raises `InputError` for another encoding or binary data."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path}: this is UTF-16 text; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: expected UTF-8 text, but byte {error.start} is none; is this a binary file?"
        ) from error
    if "\0" in text:
        raise InputError(f"{path}: expected text, but byte {text.index(chr(0))} is zero; is this a binary file?")
    if not text.strip():
        raise InputError(f"{path}: this file holds nothing but white space")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: str | Path, what: str = "camera file") -> Field:
    """The JSON document in a file, as a `Field` whose place is the file's name."""
    return parse_json(path, read_text(path, what))


def parse_json(path: str | Path, text: str) -> Field:
    """The JSON document in ``text``; raises `InputError` for bad syntax, repeated keys and bottomless nesting."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InputError(f"{path}: the key {twice!r} stands twice in one object; keep one of them")
        return found

    try:
        return Field(json.loads(text, object_pairs_hook=unique), str(path))
    except json.JSONDecodeError as error:
        cut = " (is the file cut off?)" if error.pos >= len(text.rstrip()) else ""
        raise InputError(
            f"{path}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}{cut}"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path}: this JSON is nested too deeply for a camera file") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not usable JSON ({error})") from error


@dataclass(frozen=True)
class Field:
    """A value inside a JSON document and where it stands, for example ``frames[3].w`` of ``a.json``."""

    value: Any
    file: str
    place: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}: {self.place}" if self.place else self.file

    def _wrong(self, expected: str) -> InputError:
        return InputError(f"{self.where}: expected {expected}, got {_described(self.value)}")

    def has(self, key: str) -> bool:
        """Whether this is an object with something other than null at ``key``."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def optional(self, key: str) -> Field | None:
        """The value at a key of this object, or None if it is missing or null."""
        value = self._object().get(key)
        return None if value is None else self._inside(key)

    def __getitem__(self, key: str) -> Field:
        """The value at a key of this object; raises `InputError` if it is missing."""
        if key not in self._object():
            raise InputError(f"{self.where}: the key {key!r} is missing")
        return self._inside(key)

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self._wrong("an object")
        return self.value

    def _inside(self, key: str) -> Field:
        return Field(self.value[key], self.file, f"{self.place}.{key}" if self.place else key)

    def entries(self) -> list[tuple[str, Field]]:
        """Keys and values of this object, in the order of the file."""
        return [(key, self._inside(key)) for key in self._object()]

    def items(self) -> list[Field]:
        """The elements of this array."""
        if not isinstance(self.value, list):
            raise self._wrong("an array")
        return [Field(value, self.file, f"{self.place}[{i}]") for i, value in enumerate(self.value)]

    def number(self) -> float:
        """This finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self._wrong("a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise GeometryError(f"{self.where}: expected a finite number, got {_described(self.value)}")
        return number

    def positive(self) -> float:
        """This finite number, which is above zero."""
        number = self.number()
        if number <= 0:
            raise GeometryError(f"{self.where}: expected a positive number, got {number:g}")
        return number

    def integer(self) -> int:
        """This whole number (``3`` or ``3.0``)."""
        number = self.number()
        if number != int(number):
            raise self._wrong("a whole number")
        return int(number)

    def text(self) -> str:
        """This string; raises `InputError` for one that is not valid Unicode."""
        if not isinstance(self.value, str):
            raise self._wrong("a string")
        try:
            self.value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"{self.where}: this string is not valid Unicode") from error
        return self.value

    def flag(self) -> bool:
        """This true or false."""
        if not isinstance(self.value, bool):
            raise self._wrong("true or false")
        return self.value

    def numbers(self, count: int | None = None) -> np.ndarray:
        """This array of finite numbers, of the stated length if one is stated; float64."""
        items = self.items()
        if count is not None and len(items) != count:
            raise self._wrong(f"{count} numbers")
        return np.array([item.number() for item in items], dtype=np.float64)

    def matrix(self, rows: int, columns: int) -> np.ndarray:
        """This array of ``rows`` arrays of ``columns`` finite numbers each; float64."""
        items = self.items()
        if len(items) != rows:
            raise self._wrong(f"a matrix of {rows}×{columns} numbers")
        return np.stack([item.numbers(columns) for item in items])


def _described(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if value is None:
        return "null"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 40 else f"{text[:37]}..."


def write_text(path: str | Path, text: str) -> None:
    """Writes a whole UTF-8 file; raises `InputError` if that cannot be done."""
    with written_whole(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Writes JSON that people can read: innermost rows on one line; floats with all their digits."""
    write_text(path, "".join(_rendered(value, "")) + "\n")


def _rendered(value: Any, indent: str) -> Iterator[str]:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        for i, (key, item) in enumerate(value.items()):
            yield f"{',' if i else '{'}\n{inner}{json.dumps(key, ensure_ascii=False)}: "
            yield from _rendered(item, inner)
        yield f"\n{indent}}}"
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for i, item in enumerate(value):
            yield f"{',' if i else '['}\n{inner}"
            yield from _rendered(item, inner)
        yield f"\n{indent}]"
    else:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)
