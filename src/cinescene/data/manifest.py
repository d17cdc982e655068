"""Checksums of a scene's files, written when the scene is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinescene.data.documents import read_kind, write_json
from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError

VERSION = 1


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_manifest(layout: DatasetLayout, scene_id: str, files: Sequence[Path], recipe: dict[str, object]) -> None:
    """Lists ``files`` (all below the data set's root) with their checksums, and the recipe that made them."""
    entries = {
        str(path.relative_to(layout.root).as_posix()): {"sha256": sha256_of_file(path), "bytes": path.stat().st_size}
        for path in sorted(files)
    }
    document = {"kind": "cinescene.scene-manifest", "version": VERSION, "recipe": recipe, "files": entries}
    write_json(layout.manifest_file(scene_id), document)


def read_manifest(layout: DatasetLayout, scene_id: str) -> dict[str, Any]:
    """The manifest of a scene; raises `InputError` where it is missing, damaged or of a newer version."""
    path = layout.manifest_file(scene_id)
    document = read_kind(path, "manifest", "cinescene.scene-manifest", VERSION)
    if not isinstance(document.get("files"), dict):
        raise InputError(f"{path}: this manifest is damaged (it lists no files)")
    return document


def check_manifest(layout: DatasetLayout, scene_id: str) -> list[str]:
    """What is missing from a scene or differs from its manifest, one sentence each; empty when all is well."""
    files = read_manifest(layout, scene_id)["files"]
    problems = []
    for name, entry in files.items():
        path = layout.root / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            problems.append(f"{name}: the manifest names a file outside the data set")
        elif not path.is_file():
            problems.append(f"{name}: missing")
        elif path.stat().st_size != entry["bytes"] or sha256_of_file(path) != entry["sha256"]:
            problems.append(f"{name}: differs from its checksum (damaged or changed)")
    return problems
