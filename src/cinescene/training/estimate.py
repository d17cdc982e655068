"""How much memory and time a step of transformer training takes, before anything is rented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinescene.model.config import TransformerConfig
from cinescene.model.flops import count_flops
from cinescene.model.memory import token_counts
from cinescene.presets import PRESETS, nano_transformer_config
from cinescene.training.recipe import Recipe

PEAK_FLOPS = 312e12
"""Of an A100 in bf16 (NVIDIA's data sheet, without sparsity)."""
UTILISATION = 0.4
"""Share of the peak that training is assumed to reach."""
TEXT_TOKENS = 512
BYTES_A_WEIGHT = 4 + 4 + 8 + 4
"""Of a weight that learns, in 32 bits: itself, its gradient, AdamW's two moments, its moving average."""


@dataclass(frozen=True, kw_only=True)
class StepEstimate:
    """For one GPU of ``gpus``: bytes of what learns (sharded or not) and of activations; seconds a step of all."""

    gpus: int
    weights_whole: int
    weights_sharded: int
    activations: int
    seconds: float


def estimate_step(
    config: TransformerConfig, recipe: Recipe, parameters: int, gpus: int, space: int = 8, time: int = 4
) -> StepEstimate:
    """A step of ``batch_size × accumulation`` samples a GPU. ``space`` and ``time`` are the autoencoder's factors.

    With checkpointing each block keeps its input alone and is computed again in the backward pass: four forward passes
    a step instead of three.
    """
    clips, options = recipe.clips, recipe.options
    grid = (1 + (clips.frames - 1) // time, clips.height_px // space, clips.width_px // space)
    views = (clips.view_height_px // space, clips.view_width_px // space)
    tokens = token_counts(config, recipe.video.views[1], views, grid)
    passes = 4 if options.gradient_checkpointing else 3
    flops = count_flops(config, tokens, TEXT_TOKENS)
    samples = options.batch_size * options.accumulation
    seconds = samples * passes * (flops.scene + flops.step) / (PEAK_FLOPS * UTILISATION)
    width = 2 * config.dim
    a_block = (tokens.video + tokens.scene) * (14 * width + 4 * config.backbone.ffn_dim)
    kept = (tokens.video + tokens.scene) * width
    layers = config.backbone.num_layers
    activations = kept * layers + a_block if options.gradient_checkpointing else a_block * layers
    whole = parameters * BYTES_A_WEIGHT
    return StepEstimate(
        gpus=gpus,
        weights_whole=whole,
        weights_sharded=whole // gpus,
        activations=activations * options.batch_size,
        seconds=seconds,
    )


def transformer_config(recipe: Recipe) -> TransformerConfig:
    """The configuration that a recipe's preset will have; Wan's sizes are those of their published files."""
    from cinescene.model.config import BackboneConfig

    if recipe.model == "nano":
        return nano_transformer_config(**recipe.model_options)
    sizes: dict[str, dict[str, Any]] = {
        "wan2.1-1.3b": {},
        "wan2.1-14b": {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40},
        "wan2.2-14b": {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40},
        "wan2.2-5b": {
            "num_attention_heads": 24,
            "ffn_dim": 14336,
            "num_layers": 30,
            "in_channels": 48,
            "out_channels": 48,
        },
    }
    if recipe.model not in sizes:
        from cinescene.model.checkpoints import load_parts

        return load_parts(recipe.model, **recipe.model_options).transformer.config
    return TransformerConfig(backbone=BackboneConfig(**sizes[recipe.model]), **recipe.model_options)


def parameter_count(config: TransformerConfig) -> int:
    """Parameters of a transformer, without making it."""
    from accelerate import init_empty_weights

    from cinescene.model.transformer import CineSceneTransformer

    with init_empty_weights(include_buffers=False):
        return sum(p.numel() for p in CineSceneTransformer(config).parameters())


def estimate_table(recipe: Recipe) -> str:
    """Memory and time a step for 1, 2, 4 and 8 GPUs, as text."""
    config = transformer_config(recipe)
    parameters = parameter_count(config)
    space = 16 if recipe.model == "wan2.2-5b" else 8
    options = recipe.options
    lines = [
        f"{recipe.model}: {parameters / 1e9:.2f} billion parameters ({PRESETS[recipe.model].about})"
        if recipe.model in PRESETS
        else f"{recipe.model}: {parameters / 1e9:.2f} billion parameters",
        f"{options.batch_size} samples a GPU × {options.accumulation}; all parameters learning in 32 bits, AdamW and "
        f"moving average; activations in 16 bits, {'with' if options.gradient_checkpointing else 'no'} checkpointing",
        f"assumed: {PEAK_FLOPS / 1e12:.0f} TFLOP/s a GPU at {UTILISATION:.0%}; an estimate, not a measurement",
        "",
        "GPUs  batch  memory a GPU, DDP  memory a GPU, FSDP  seconds a step  days for all steps",
    ]
    for gpus in (1, 2, 4, 8):
        step = estimate_step(config, recipe, parameters, gpus, space)
        batch = gpus * options.batch_size * options.accumulation
        days = step.seconds * options.steps / 86400
        lines.append(
            f"{gpus:4d}  {batch:5d}  {_gb(step.weights_whole + step.activations):>14s} GB  "
            f"{_gb(step.weights_sharded + step.activations):>15s} GB  {step.seconds:14.1f}  {days:18.1f}"
        )
    return "\n".join(lines)


def _gb(amount: int) -> str:
    return f"{amount / 1e9:.1f}"
