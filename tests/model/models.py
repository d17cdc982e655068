"""Tiny models of every kind, with the new modules away from their start values where a test needs that."""

import torch

from cinescene.model.config import BackboneConfig, TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.transformer import CineSceneTransformer

BACKBONE = BackboneConfig(
    num_attention_heads=2,
    attention_head_dim=24,
    in_channels=4,
    out_channels=4,
    text_dim=20,
    freq_dim=16,
    ffn_dim=32,
    num_layers=2,
    rope_max_seq_len=32,
)


def tiny_config(**options: object) -> TransformerConfig:
    settings = {"geometry_dim": 10, "projective_dim": 32, "projective_heads": 2}
    return TransformerConfig(backbone=BACKBONE, **(settings | options))  # type: ignore[arg-type]


def trained_model(config: TransformerConfig, seed: int = 0) -> CineSceneTransformer:
    """A model whose zero-initialised parameters have moved, so that every condition has an effect."""
    model = CineSceneTransformer.from_seed(config, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model


def random_case(
    config: TransformerConfig, seed: int = 0, **shape: object
) -> tuple[torch.Tensor, torch.Tensor, CineSceneInputs]:
    """Noisy latents, times and inputs that fit each other."""
    generator = torch.Generator().manual_seed(seed)
    inputs = CineSceneInputs.fake(config, generator, **shape)  # type: ignore[arg-type]
    frames, (height, width) = shape.get("latent_frames", 3), shape.get("latent_size", (4, 6))  # type: ignore[misc]
    batch = inputs.batch_size
    noisy = torch.randn(batch, config.backbone.in_channels, frames, height, width, generator=generator)  # type: ignore
    return noisy, torch.rand(batch, generator=generator), inputs
