"""Lines of numbers: the text formats' common ground."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cinescene.errors import GeometryError, InputError

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?(nan|inf|infinity)(\(.*\))?|[-+]?1\.#\w+", re.IGNORECASE | re.ASCII)


def is_number(word: str) -> bool:
    """Whether a word is a decimal number."""
    return _NUMBER.fullmatch(word) is not None


def number(word: str, where: str) -> float:
    """A finite decimal number; raises `InputError` for anything else and `GeometryError` for NaN and infinity."""
    if _NUMBER.fullmatch(word):
        value = float(word)
        if abs(value) != float("inf"):
            return value
        raise GeometryError(f"{where}: {word} is too large a number")
    if _NOT_FINITE.fullmatch(word):
        raise GeometryError(f"{where}: expected finite numbers, got {word}")
    shown = word if len(word) <= 30 else f"{word[:27]}..."
    comma = "; write decimals with a point and separate numbers by spaces" if "," in word else ""
    raise InputError(f"{where}: expected a number, got {shown!r}{comma}")


def integer(word: str, where: str) -> int:
    """A whole number; raises `InputError` otherwise."""
    if not re.fullmatch(r"[-+]?\d{1,18}", word, re.ASCII):
        raise InputError(f"{where}: expected a whole number, got {word[:30]!r}")
    return int(word)


def numbers(line: str, where: str, columns: str) -> list[float]:
    """The numbers of a line that has one for each word of ``columns``, such as ``"tx ty tz"``."""
    words = line.split()
    names = columns.split()
    if len(words) != len(names):
        raise InputError(f"{where}: expected {len(names)} numbers ({columns}), got {len(words)}")
    return [number(word, f"{where}, {name}") for word, name in zip(words, names, strict=True)]


def data_lines(path: str | Path, text: str) -> Iterator[tuple[str, str]]:
    """Pairs of place (``"a.txt: line 7"``) and line, without blank lines and ``#`` comments."""
    for i, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield f"{path}: line {i}", stripped


def row(values: Sequence[float]) -> str:
    """Numbers with all their digits, separated by spaces; whole ones without a decimal point."""
    return " ".join(repr(int(v)) if v == int(v) and abs(v) < 1e15 else repr(float(v)) for v in values)
