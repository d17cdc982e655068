"""Trading memory, speed and exactness: the switches that users of large video models know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from cinescene.errors import InputError
from cinescene.model.checkpoints import KEPT_IN_FLOAT32, ModelParts
from cinescene.model.transformer import CineSceneTransformer

Precision = Literal["fp32", "bf16", "fp16"]
Offload = Literal["none", "model", "group"]

NEW_EMBEDDINGS = ("scene_embedding", "previz_embedding", "camera_encoder")
"""Small modules whose precision decides that of their inputs."""

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Levers:
    """What to run a model on, and what to give up for memory or speed.

    ``device``
        ``cpu``, ``cuda``, ``cuda:1`` …
    ``precision``, ``autoencoder_precision``
        Of the transformer and text encoder, and of the autoencoder. bf16 halves memory and is several times faster on
        GPUs and on CPUs with matrix units; pictures differ slightly. An autoencoder in 16 bits loses some detail.
    ``offload``
        ``model``: each part is on the device only while it works; costs the time to move it. ``group``: the
        transformer's blocks come one by one, for networks that do not fit at all; several times slower. Both need a
        GPU.
    ``tiling``, ``slicing``
        The autoencoder works on overlapping tiles (large pictures; faint seams are possible), or on one clip of a batch
        at a time (exact).
    ``fp8``
        The transformer's weights rest in 8 bits and are widened block by block: half the memory of 16 bits, a little
        slower, slightly different pictures.
    ``compile``
        ``torch.compile`` of the blocks: minutes once, then faster steps.
    ``attention``
        See `cinescene.model.attention.attend`.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    autoencoder_precision: Precision = "fp32"
    offload: Offload = "none"
    tiling: bool = False
    slicing: bool = False
    fp8: bool = False
    compile: bool = False
    attention: str = "sdpa"

    def __post_init__(self) -> None:
        for name, choices in (("precision", Precision), ("autoencoder_precision", Precision), ("offload", Offload)):
            if getattr(self, name) not in get_args(choices):
                raise InputError(f"{name}: expected one of {', '.join(get_args(choices))}; got {getattr(self, name)!r}")
        try:
            kind = torch.device(self.device).type
        except RuntimeError as error:
            raise InputError(f"device: expected a name such as cpu or cuda, got {self.device!r}") from error
        if kind == "cuda" and not torch.cuda.is_available():
            raise InputError("device: cuda was asked for, but this machine or this build of PyTorch has none; use cpu")
        if self.offload != "none" and kind == "cpu":
            raise InputError(f"offload {self.offload!r}: needs a GPU to work on (device cuda)")

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.precision]


def apply_levers(parts: ModelParts, levers: Levers) -> None:
    """Brings freshly loaded parts to their device and switches; once, in place.

    Precision of the transformer and text encoder is a matter of loading (`load_parts`), not of this.
    """
    device = torch.device(levers.device)
    parts.autoencoder.to(DTYPES[levers.autoencoder_precision])
    if levers.tiling:
        parts.autoencoder.enable_tiling()
    if levers.slicing:
        parts.autoencoder.enable_slicing()
    for transformer in (parts.transformer, parts.low_noise_transformer):
        if transformer is None:
            continue
        if levers.attention != "sdpa":
            transformer.set_attention_backend(levers.attention)
        if levers.fp8:
            _store_in_8_bits(transformer, levers.dtype)
        if levers.compile:
            for block in transformer.blocks:
                block.compile()
    if levers.offload == "none":
        for part in _modules(parts):
            part.to(device)
    elif levers.offload == "group":
        for transformer in (parts.transformer, parts.low_noise_transformer):
            if transformer is not None:
                offload_blocks(transformer, device)


@contextmanager
def at_work(part: nn.Module | None, levers: Levers) -> Iterator[None]:
    """Keeps a part on the device while it works, unless it lives there or comes block by block."""
    by_blocks = levers.offload == "group" and isinstance(part, CineSceneTransformer)
    if part is None or levers.offload == "none" or by_blocks:
        yield
        return
    part.to(levers.device)
    try:
        yield
    finally:
        part.to("cpu")


def _modules(parts: ModelParts) -> list[nn.Module]:
    every = (parts.transformer, parts.low_noise_transformer, parts.autoencoder, parts.text_encoder, parts.vggt)
    return [part for part in every if part is not None]


def _store_in_8_bits(transformer: nn.Module, compute: torch.dtype) -> None:
    from diffusers.hooks import apply_layerwise_casting

    kept = (*KEPT_IN_FLOAT32, "patch_embedding", "condition_embedder", "norm", "proj_out", *NEW_EMBEDDINGS)
    apply_layerwise_casting(transformer, torch.float8_e4m3fn, compute, skip_modules_pattern=kept)


def offload_blocks(transformer: CineSceneTransformer, device: torch.device) -> None:
    """Puts a transformer on a device, but for its blocks, each of which comes there only while it works."""
    from diffusers.hooks import apply_group_offloading

    for name, part in transformer.named_children():
        if name != "blocks":
            part.to(device)
    transformer.scale_shift_table.data = transformer.scale_shift_table.data.to(device)
    for block in transformer.blocks:
        apply_group_offloading(block, onload_device=device, offload_type="block_level", num_blocks_per_group=1)
