"""Blocking on disk: who does what in a shot, as JSON that can be written by one shot and edited for the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole
from cinescene.sets.subjects.performance import Performance

KIND, VERSION = "cinescene.blocking", 1


def blocking_to_json(performances: Sequence[Performance]) -> dict[str, Any]:
    """Plain values. Lengths are metres in the world of the camera path: z up, +y ahead of the start view."""
    return {"kind": KIND, "version": VERSION, "performances": [p.to_json() for p in performances]}


def blocking_from_json(value: Any, where: str) -> tuple[Performance, ...]:
    """What `blocking_to_json` made. Raises `InputError` that names the place of what is wrong."""
    if not isinstance(value, dict) or value.get("kind") != KIND or not isinstance(value.get("performances"), list):
        raise InputError(f"{where}: expected an object of the kind {KIND!r} with a list of performances")
    if value.get("version") != VERSION:
        raise InputError(f"{where}: expected version {VERSION}, got {value.get('version')!r}")
    return tuple(_performance(entry, f"{where}: performance {i + 1}") for i, entry in enumerate(value["performances"]))


def _performance(entry: Any, where: str) -> Performance:
    try:
        return Performance.from_json(entry, where)
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(where) else f"{where}: {error}") from error


def read_blocking(path: Path) -> tuple[Performance, ...]:
    """From a blocking file, or from the manifest of a shot that had stand-ins. Raises `InputError`."""
    readable_file(path, "blocking")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: expected JSON ({error})") from error
    if isinstance(value, dict) and isinstance(value.get("blocking"), dict):
        value = value["blocking"]
    return blocking_from_json(value, str(path))


def write_blocking(path: Path, performances: Sequence[Performance]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(blocking_to_json(performances), indent=1) + "\n", encoding="utf-8")
