"""Clips that were made for an evaluation, kept beside a note of what they were made from: none is ever stale."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinescene.data.manifest import sha256_of_file
from cinescene.evaluation.clip_job import ClipJob
from cinescene.files import written_whole


@dataclass(kw_only=True)
class Made:
    """What became of clips that were to be made: jobs and reasons of failures by method, and what the models are."""

    jobs: dict[str, list[ClipJob]] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)


def is_kept(path: Path, facts: dict[str, Any]) -> bool:
    """Whether a clip is there, whole, and was made from these facts (JSON values)."""
    try:
        note = json.loads(_note(path).read_text(encoding="utf-8"))
        return bool(note["facts"] == facts) and bool(note["sha256"] == sha256_of_file(path))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def keep(path: Path, facts: dict[str, Any]) -> None:
    """Notes what a clip that has just been written was made from."""
    with written_whole(_note(path)) as temporary:
        document = {"facts": facts, "sha256": sha256_of_file(path)}
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.stem}.made.json")
