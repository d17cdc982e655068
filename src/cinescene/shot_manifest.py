"""The manifest of a generated shot: what went in, with hashes, so that it can be made again and be told from others."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole

KIND = "cinescene.shot"
VERSION = 1
PACKAGES = ("cinescene", "torch", "diffusers", "transformers", "av", "numpy")


def hash_of_weights(*modules: nn.Module | None) -> str:
    """SHA-256 over the names, types, shapes and bytes of the tensors of some modules, in order."""
    digest = hashlib.sha256()
    for module in modules:
        for name, tensor in sorted(module.state_dict().items()) if module is not None else ():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def tensor_hash(tensor: torch.Tensor) -> str:
    """SHA-256 over a tensor's shape and bytes."""
    head = f"{tensor.dtype} {tuple(tensor.shape)};".encode()
    return hashlib.sha256(head + tensor.cpu().contiguous().numpy().tobytes()).hexdigest()


def environment() -> dict[str, Any]:
    """Versions and machine, without anything that names a user or a place."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "packages": versions,
        "machine": platform.machine(),
        "system": platform.system(),
        "threads": torch.get_num_threads(),
    }


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Writes a manifest as JSON, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest that `write_manifest` wrote; raises `InputError` for anything else."""
    try:
        values = json.loads(readable_file(path, "manifest").read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: expected a shot's manifest (JSON), but it cannot be read as one") from error
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise InputError(f"{path}: expected a shot's manifest, but this is another JSON file")
    if values.get("version") != VERSION:
        raise InputError(f"{path}: expected manifest version {VERSION}, got {values.get('version')}")
    return values
