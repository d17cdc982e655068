"""Latents, geometry features and text embeddings computed once per content and encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch

from cinescene.scene.vggt.cache import TensorCache
from cinescene.tensor_types import Tensor

VERSION = 1


def content_hash(content: Mapping[str, Tensor | str]) -> str:
    """SHA-256 over named tensors (values, types and shapes) and texts, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(content):
        value = content[name]
        digest.update(f"{name}:".encode())
        if isinstance(value, str):
            digest.update(f"text {len(value.encode())}:".encode() + value.encode())
            continue
        plain = value.detach().cpu().contiguous()
        digest.update(f"{plain.dtype} {tuple(plain.shape)}:".encode())
        digest.update(plain.flatten().view(torch.uint8).numpy().data if plain.numel() else b"")
    return digest.hexdigest()


def cached_encoding(
    cache: TensorCache,
    content: Mapping[str, Tensor | str],
    encoder_hash: str,
    options: Mapping[str, Any],
    compute: Callable[[], dict[str, Tensor]],
) -> dict[str, Tensor]:
    """What an encoder makes of some content: from the cache, or by ``compute`` the first time.

    The key covers the content, ``encoder_hash`` (of the encoder's weights and configuration) and ``options`` (JSON), so
    that new weights or other settings never meet old results.
    """
    facts = {
        "version": VERSION,
        "content": content_hash(content),
        "encoder": encoder_hash,
        "options": dict(options),
    }
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    found = cache.read(key)
    if found is not None:
        return found[0]
    tensors = compute()
    cache.write(key, tensors, {"options": dict(options)})
    return tensors
