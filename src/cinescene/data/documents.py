"""Small JSON documents of a data set: set files, clip files and captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole


def write_json(path: Path, document: dict[str, Any]) -> None:
    """UTF-8 JSON with sorted keys, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object; raises `InputError` naming the file where it is none."""
    try:
        document = json.loads(readable_file(path, what).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: this {what} is damaged ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a {what} (a JSON object), got a {type(document).__name__}")
    return document


def read_kind(path: Path, what: str, kind: str, version: int) -> dict[str, Any]:
    """A JSON object that states its kind and version."""
    document = read_json(path, what)
    if document.get("kind") != kind or document.get("version") != version:
        raise InputError(
            f"{path}: expected {kind!r} of version {version}, got {document.get('kind')!r} of version "
            f"{document.get('version')!r}"
        )
    return document


def read_captions(path: Path) -> dict[str, str]:
    """Captions supplied beside a data set: ``{"<scene_id>/<clip>" or "<scene_id>": "text"}``."""
    document = read_json(path, "caption file")
    for name, text in document.items():
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{path}: expected a text as the caption of {name!r}, got {text!r}")
    return document
