"""Training checkpoints: folders of safetensors and JSON that are there whole or not at all.

``checkpoints/step-00001000/`` holds ``model.safetensors`` (the parameters that learn, in 32 bits), ``average
.safetensors`` (their moving average), ``optimiser.safetensors``, and ``state.json``: step, position in the data, random
state, options, facts, and the SHA-256 of the other files. It is written under another name and renamed.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cinescene.data.manifest import sha256_of_file
from cinescene.errors import CheckpointError, InputError
from cinescene.tensor_types import Tensor

KIND, VERSION = "cinescene.training", 1
PARTS = ("model", "average", "optimiser")
_NAME = re.compile(r"step-(\d{8})")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingState:
    """A moment of a run. ``average`` is empty where none is kept; ``optimiser`` holds tensors by ``parameter|kind``.

    ``step`` steps are done, ``position`` samples have been drawn, ``random`` is PyTorch's own state.
    """

    step: int
    position: int
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    random: Tensor
    options: dict[str, Any]
    facts: dict[str, Any]


def write_checkpoint(folder: Path, state: TrainingState, keep: int) -> Path:
    """Writes a checkpoint below a folder and removes all but the last ``keep``. Raises `InputError` if it cannot."""
    target = folder / f"step-{state.step:08d}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as name:
            fresh = Path(name) / "checkpoint"
            fresh.mkdir()
            _write(fresh, state)
            if target.exists():
                target.rename(Path(name) / "replaced")
            fresh.rename(target)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{target}: this checkpoint could not be written ({error}); earlier ones are whole") from error
    for step in checkpoint_steps(folder)[:-keep]:
        shutil.rmtree(folder / f"step-{step:08d}", ignore_errors=True)
    return target


def _write(folder: Path, state: TrainingState) -> None:
    for part in PARTS:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in getattr(state, part).items()}
        if part == "optimiser":
            tensors["random"] = state.random
        save_file(tensors, folder / f"{part}.safetensors")
    document = {
        "kind": KIND,
        "version": VERSION,
        "step": state.step,
        "position": state.position,
        "options": state.options,
        "facts": state.facts,
        "sha256": {part: sha256_of_file(folder / f"{part}.safetensors") for part in PARTS},
    }
    (folder / "state.json").write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def checkpoint_steps(folder: Path) -> list[int]:
    """Steps of the checkpoints below a folder, rising; whether they are whole shows when they are read."""
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(entry.name) for entry in folder.iterdir() if entry.is_dir())
    return sorted(int(match.group(1)) for match in found if match)


def read_last_checkpoint(folder: Path) -> TrainingState | None:
    """The last whole checkpoint below a folder; None where there is none at all.

    Damaged ones are named in the log and passed over. Raises `CheckpointError` where all are damaged.
    """
    steps = checkpoint_steps(folder)
    problems: list[str] = []
    for step in reversed(steps):
        try:
            return read_checkpoint(folder / f"step-{step:08d}")
        except CheckpointError as error:
            _log.warning("%s; trying the checkpoint before", error)
            problems.append(str(error))
    if problems:
        raise CheckpointError(f"{folder}: no checkpoint is whole ({problems[0]}); remove the folder to start anew")
    return None


def read_checkpoint(folder: Path) -> TrainingState:
    """A checkpoint, its files checked against their sums. Raises `CheckpointError` that names the file."""
    try:
        document = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if (document["kind"], document["version"]) != (KIND, VERSION):
            raise CheckpointError(f"{folder}: expected a {KIND} of version {VERSION}, got {document['version']}")
        parts: dict[str, dict[str, Tensor]] = {}
        for part in PARTS:
            file = folder / f"{part}.safetensors"
            if sha256_of_file(file) != document["sha256"][part]:
                raise CheckpointError(f"{file}: damaged; its content is not what state.json says")
            parts[part] = load_file(file)
        random = parts["optimiser"].pop("random")
        return TrainingState(
            step=int(document["step"]),
            position=int(document["position"]),
            options=dict(document["options"]),
            facts=dict(document["facts"]),
            random=random,
            model=parts["model"],
            average=parts["average"],
            optimiser=parts["optimiser"],
        )
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: this checkpoint cannot be read ({error})") from error
