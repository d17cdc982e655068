"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinescene.errors import InputError


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path`` (same suffix); renamed to ``path`` on success, deleted on failure.

    Missing parent folders are made. Raises `InputError` where the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise InputError(f"{path}: expected the name of a file to write, but this is a folder")
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: writing failed ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def readable_file(path: str | Path, what: str = "file") -> Path:
    """``path``, if it is a non-empty file that can be read; otherwise `InputError` that says what it is instead."""
    path = Path(path)
    try:
        exists = path.exists()
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a {what} ({error.strerror})") from error
    if not exists:
        raise InputError(f"{path}: no such {what}")
    if path.is_dir():
        raise InputError(f"{path}: expected a {what}, but this is a folder")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: this {what} may not be read (permission denied)")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: this {what} is empty")
    return path
