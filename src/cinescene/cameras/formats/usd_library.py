"""The OpenUSD library, imported when it is needed, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinescene.errors import InputError, MissingDependencyError


@dataclass(frozen=True, kw_only=True)
class UsdLibrary:
    """The modules of ``pxr`` that cameras need."""

    Gf: Any
    Tf: Any
    Usd: Any
    UsdGeom: Any
    UsdRender: Any


def usd_library() -> UsdLibrary:
    """OpenUSD; raises `MissingDependencyError` that names the command which installs it."""
    try:
        from pxr import Gf, Tf, Usd, UsdGeom, UsdRender
    except ImportError as error:
        raise MissingDependencyError("USD files need the package usd-core: pip install 'cinescene[interop]'") from error
    return UsdLibrary(Gf=Gf, Tf=Tf, Usd=Usd, UsdGeom=UsdGeom, UsdRender=UsdRender)


@contextmanager
def quiet(path: Path, done: str) -> Iterator[None]:
    """Turns what the library raises into an `InputError` of one line that names the file."""
    usd = usd_library()
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: this USD file holds text that is not UTF-8; is it damaged?") from error
    except usd.Tf.ErrorException as error:
        raise InputError(f"{path}: this USD file cannot be {done} ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """The quoted message of the library's first error, without its source file and line."""
    try:
        text = str(error)
    except UnicodeDecodeError:
        return "it holds text that is not UTF-8; is it damaged?"
    first = next((line for line in text.splitlines() if "Error in" in line), text)
    message = first.split(" : '", 1)[-1].strip().rstrip("'")
    return " ".join(message.split())[:200]
