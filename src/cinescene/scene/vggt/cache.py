"""Encoded scenes on disk, filed under a hash of everything they depend on."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from cinescene.aligned import aligned
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.tensor_types import Tensor

CACHE_VARIABLE = "CINESCENE_CACHE_DIR"
DEFAULT_LIMIT_BYTES = 20 * 2**30

_log = logging.getLogger(__name__)


def tensor_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hexadecimal, over the names, types, shapes and bytes of tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def default_cache_folder() -> Path:
    """``$CINESCENE_CACHE_DIR``, or ``cinescene`` in the platform's folder for caches."""
    stated = os.environ.get(CACHE_VARIABLE)
    if stated:
        return Path(stated)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "cinescene" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cinescene"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cinescene"


@dataclass(frozen=True, kw_only=True)
class TensorCache:
    """Named tensors and a few facts a key, one safetensors file each, in ``folder``/``kind``.

    When the files together exceed ``limit_bytes`` (None: no limit) those not used for longest are deleted. A damaged
    entry counts as absent and is logged as a warning; a folder that cannot be written only costs the caching.
    """

    kind: str
    folder: Path = field(default_factory=default_cache_folder)
    limit_bytes: int | None = DEFAULT_LIMIT_BYTES

    def path(self, key: str) -> Path:
        """Where the entry of a key lies."""
        return Path(self.folder) / self.kind / f"{key}.safetensors"

    def read(self, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The tensors and facts stored under a key, or None."""
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: aligned(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
                facts = json.loads((file.metadata() or {})["facts"])
            now = time.time_ns()
            os.utime(path, ns=(now, now))
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            _log.warning("%s: damaged cache entry (%s); it will be made anew", path, type(error).__name__)
            return None
        return tensors, facts

    def write(self, key: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Stores an entry whole, then makes room."""
        stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        try:
            with written_whole(self.path(key)) as temporary:
                save_file(stored, temporary, metadata={"facts": json.dumps(dict(facts))})
            self._make_room(self.path(key))
        except (InputError, OSError, SafetensorError) as error:
            _log.warning("%s: the cache cannot be written (%s); going on without", self.path(key), error)

    def _make_room(self, newest: Path) -> None:
        if self.limit_bytes is None:
            return
        entries = []
        for path in newest.parent.glob("*.safetensors"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            entries.append((path == newest, status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, _, size, _ in entries)
        for is_newest, _, size, path in sorted(entries):
            if total <= self.limit_bytes or is_newest:
                return
            path.unlink(missing_ok=True)
            total -= size
