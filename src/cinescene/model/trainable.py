"""Which parameters learn: the paper's choice, LoRA on the backbone, or all."""

from __future__ import annotations

from typing import Literal, get_args

from torch import nn

from cinescene.errors import InputError
from cinescene.model.transformer import CineSceneTransformer

TrainableGroup = Literal["paper", "lora", "all"]

NEW_MODULES = ("scene_embedding.", "previz_embedding.", "previz_prior.", ".camera_encoder.", ".projective.")
"""Parts of names of the parameters that a Wan checkpoint does not have."""

SCENE_MODULES = ("scene_embedding.", ".camera_encoder.", ".projective.")
"""Of these, those through which scene views and the camera enter."""

LORA_LAYERS = r"blocks\.\d+\.(attn[12]\.(to_[qkv]|to_out\.0)|ffn\.net\.(0\.proj|2))"
"""The backbone's linear maps that get low-rank additions: both attentions and the feed-forward."""


def is_new(name: str) -> bool:
    """Whether a parameter belongs to the modules that bring a scene to Wan."""
    return any(part in name for part in NEW_MODULES)


def set_trainable(
    model: CineSceneTransformer, group: TrainableGroup, *, lora_rank: int = 32, lora_alpha: int | None = None
) -> list[str]:
    """Freezes all but a group of parameters and returns the names of those that learn.

    ``paper``: the new modules and the backbone's self-attention. ``lora``: the new modules, and low-rank additions to
    the backbone, which are put in here (start value: no change; `merge_lora` folds them in). ``all``: everything.
    """
    if group not in get_args(TrainableGroup):
        raise InputError(f"trainable group: expected one of {', '.join(get_args(TrainableGroup))}; got {group!r}")
    if group == "lora":
        _add_lora(model, lora_rank, lora_alpha)
    names = []
    for name, parameter in model.named_parameters():
        in_paper = is_new(name) or ".attn1." in name
        learns = {"paper": in_paper, "lora": is_new(name) or ".lora_" in name, "all": True}[group]
        parameter.requires_grad_(learns)
        names += [name] if learns else []
    return names


def _add_lora(model: CineSceneTransformer, rank: int, alpha: int | None) -> None:
    if rank < 1:
        raise InputError(f"LoRA rank: expected at least 1, got {rank}")
    if has_lora(model):
        raise InputError("LoRA: this model has low-rank additions already; merge them first")
    from peft import LoraConfig, inject_adapter_in_model

    settings = LoraConfig(r=rank, lora_alpha=rank if alpha is None else alpha, target_modules=LORA_LAYERS)
    inject_adapter_in_model(settings, model)


def has_lora(model: nn.Module) -> bool:
    return any(".lora_" in name for name, _ in model.named_parameters())


def merge_lora(model: CineSceneTransformer) -> None:
    """Folds the low-rank additions into the backbone, whose parameters then have their own names again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    wrapped = [(name, module) for name, module in model.named_modules() if isinstance(module, BaseTunerLayer)]
    for name, layer in wrapped:
        layer.merge()
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
