"""Which pictures a user means: a list, a folder or a glob."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinescene.errors import InputError
from cinescene.scene.images import SUFFIXES, PictureInfo, picture_format, picture_info

MOST_PICTURES = 5000
VIDEO_SUFFIXES = frozenset(f".{name}" for name in ("mp4", "mov", "m4v", "mkv", "webm", "avi", "mpg", "mpeg", "mts"))


@dataclass(frozen=True, kw_only=True)
class FoundPictures:
    """Pictures in natural order, files that are none, and pictures that cannot be read, with the reason."""

    pictures: tuple[PictureInfo, ...]
    ignored: tuple[Path, ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Orders names as people do: ``view 2`` before ``view 10``, folders kept together."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def is_pattern(source: str) -> bool:
    return any(character in source for character in "*?[")


def is_video(path: Path) -> bool:
    """By its first bytes (ISO media, Matroska, AVI), or by its name where they do not tell."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[4:8] == b"ftyp" or start[:4] == b"\x1a\x45\xdf\xa3" or (start[:4] == b"RIFF" and start[8:12] == b"AVI "):
        return picture_format(path) is None
    return path.suffix.lower() in VIDEO_SUFFIXES


def pictures_in_folder(folder: Path) -> FoundPictures:
    """The pictures directly in a folder; hidden files are passed over.

    Raises `InputError` where there is none, or the folder cannot be read.
    """
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except OSError as error:
        raise InputError(f"{folder}: this folder cannot be read ({error.strerror})") from error
    found = _sorted_out(files)
    if not found.pictures:
        raise InputError(f"{folder}: expected pictures in this folder, but found {_instead(folder, found)}")
    return found


def pictures_of_pattern(pattern: str) -> FoundPictures:
    """The pictures that a glob such as ``set/IMG_*.jpg`` matches; ``**`` descends into folders."""
    matches = (Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207 (pathlib takes no absolute pattern)
    found = _sorted_out(path for path in matches if path.is_file())
    if not found.pictures:
        raise InputError(f"{pattern}: expected pictures that match this pattern, but found {_instead(None, found)}")
    return found


def listed_pictures(paths: Iterable[str | Path]) -> FoundPictures:
    """Pictures named one by one, in the order given; each must be readable and be there once."""
    pictures: list[PictureInfo] = []
    seen: set[Path] = set()
    for path in map(Path, paths):
        if path.resolve() in seen:
            raise InputError(f"{path}: this picture is listed twice")
        seen.add(path.resolve())
        pictures.append(picture_info(path))
    if not pictures:
        raise InputError("scene: expected at least one picture, got an empty list")
    return FoundPictures(pictures=tuple(pictures))


def _sorted_out(files: Iterable[Path]) -> FoundPictures:
    pictures: list[PictureInfo] = []
    ignored: list[Path] = []
    unreadable: list[tuple[Path, str]] = []
    ordered = sorted(files, key=natural_key)
    if len(ordered) > MOST_PICTURES:
        raise InputError(f"scene: expected at most {MOST_PICTURES} files, got {len(ordered)}; choose among them")
    for path in ordered:
        if not _claims_to_be_picture(path):
            ignored.append(path)
            continue
        try:
            pictures.append(picture_info(path))
        except InputError as error:
            unreadable.append((path, str(error).removeprefix(f"{path}: ")))
    return FoundPictures(pictures=tuple(pictures), ignored=tuple(ignored), unreadable=tuple(unreadable))


def _claims_to_be_picture(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        return picture_format(path) is not None
    except OSError:
        return False


def _instead(folder: Path | None, found: FoundPictures) -> str:
    if found.unreadable:
        path, reason = found.unreadable[0]
        return f"only unreadable ones ({path.name}: {reason})"
    videos = [path.name for path in found.ignored if path.suffix.lower() in VIDEO_SUFFIXES]
    if videos:
        return f"a video, {videos[0]}: name the video itself"
    if folder is not None and (folder / "images").is_dir():
        return "none; did you mean its subfolder images?"
    return f"{len(found.ignored)} other files" if found.ignored else "nothing"


def in_words(names: Sequence[str], at_most: int = 4) -> str:
    """``a``, ``a and b``, ``a, b and c``, or ``a, b, c, d and 7 more``."""
    shown = list(names[:at_most])
    if len(names) > at_most + 1:
        return f"{', '.join(shown)} and {len(names) - at_most} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
