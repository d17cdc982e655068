"""Scaled dot-product attention through a choice of back ends."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.tensor_types import Bool, Float, Tensor

Heads = Float[Tensor, "b n heads c"]
Keys = Float[Tensor, "b m heads c"]
Mask = Bool[Tensor, "b 1 1 m"]
"""Which keys may be seen; the same for all heads and queries of a sample."""


def attend(
    query: Float[Tensor, "b n heads c"],
    key: Float[Tensor, "b m heads c"],
    value: Float[Tensor, "b m heads c"],
    mask: Bool[Tensor, "b 1 1 m"] | None = None,
    backend: str = "sdpa",
) -> Float[Tensor, "b n heads c"]:
    """softmax(q kᵀ / √c) v over the keys that ``mask`` allows.

    ``backend``: ``sdpa`` (PyTorch's choice), ``explicit`` (product, softmax, product: faster to train in bf16 on CPUs),
    or a name of ``diffusers.models.attention_dispatch`` such as ``flash``, ``sage`` or ``_native_cudnn``, which need
    their own packages and devices; `check_backend` says whether one is there.
    """
    if backend == "sdpa":
        out = F.scaled_dot_product_attention(
            query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), attn_mask=mask
        )
        return out.transpose(1, 2)
    if backend == "explicit":
        return _explicit(query, key, value, mask)
    from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

    return dispatch_attention_fn(query, key, value, attn_mask=mask, backend=AttentionBackendName(backend))


def check_backend(backend: str) -> None:
    """Raises `InputError` for an attention back end that is unknown or not installed."""
    if backend in ("sdpa", "explicit"):
        return
    from diffusers.models.attention_dispatch import AttentionBackendName, _check_attention_backend_requirements

    names = [name.value for name in AttentionBackendName]
    if backend not in names:
        raise InputError(f"attention back end: expected one of sdpa, explicit, {', '.join(names)}; got {backend!r}")
    try:
        _check_attention_backend_requirements(AttentionBackendName(backend))
    except (RuntimeError, ImportError) as error:
        raise InputError(f"attention back end {backend!r} cannot be used here: {error}; use 'sdpa'") from error


def _explicit(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    scores = query.transpose(1, 2) @ key.permute(0, 2, 3, 1) * query.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).type_as(value)
    return (weights @ value.transpose(1, 2)).transpose(1, 2)
