"""Checksums of a scene's files, written when the scene is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole

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
    with written_whole(layout.manifest_file(scene_id)) as temporary:
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")


def read_manifest(layout: DatasetLayout, scene_id: str) -> dict[str, object]:
    """The manifest of a scene; raises `InputError` where it is missing, damaged or of a newer version."""
    path = readable_file(layout.manifest_file(scene_id), "manifest")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = document["kind"] == "cinescene.scene-manifest" and isinstance(document["files"], dict)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: this manifest is damaged ({error})") from error
    if not known or document["version"] != VERSION:
        raise InputError(f"{path}: expected a scene manifest of version {VERSION}")
    return document


def check_manifest(layout: DatasetLayout, scene_id: str) -> list[str]:
    """What is missing from a scene or differs from its manifest, one sentence each; empty when all is well."""
    files = read_manifest(layout, scene_id)["files"]
    problems = []
    for name, entry in files.items():  # type: ignore[attr-defined]
        path = layout.root / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            problems.append(f"{name}: the manifest names a file outside the data set")
        elif not path.is_file():
            problems.append(f"{name}: missing")
        elif path.stat().st_size != entry["bytes"] or sha256_of_file(path) != entry["sha256"]:
            problems.append(f"{name}: differs from its checksum (damaged or changed)")
    return problems
