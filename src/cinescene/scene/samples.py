"""Places that ship with the package: rendered sets of our own, for a first try without pictures of one's own."""

from __future__ import annotations

from pathlib import Path

from cinescene.errors import InputError

PREFIX = "sample:"
FOLDER = Path(__file__).resolve().parents[1] / "assets" / "samples"


def sample_names() -> tuple[str, ...]:
    """Names of the places, sorted."""
    return tuple(sorted(folder.name for folder in FOLDER.iterdir() if (folder / "panorama.jpg").is_file()))


def is_sample(source: object) -> bool:
    """Whether a source names one of these places rather than a file."""
    return isinstance(source, str) and source.startswith(PREFIX)


def sample_path(source: str) -> Path:
    """``sample:NAME``: the panorama of a place; ``sample:NAME/photos``: the folder of its photos.

    Raises `InputError` for an unknown place.
    """
    name, _, part = source.removeprefix(PREFIX).partition("/")
    if name not in sample_names() or part not in ("", "photos"):
        known = ", ".join(f"{PREFIX}{known}" for known in sample_names())
        raise InputError(f"{source}: expected one of {known}, or one of these with /photos behind it")
    return FOLDER / name / (part or "panorama.jpg")
