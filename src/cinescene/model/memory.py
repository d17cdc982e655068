"""How much memory a shot will take, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts
from cinescene.model.config import TransformerConfig
from cinescene.model.levers import Levers

ACTIVATION_COPIES = 12
"""Copies of a token's channels that are alive at once in a block's forward pass, in 32 bits: counted in its code."""

DECODER_COPIES = 8
"""Full-size feature maps that are alive at once in the autoencoder's decoder: counted in its code."""

ENLARGED_COPIES = 7
"""Of an enlarged video, alive at once in 32 bits while it gets its detail: counted in `model.detail` and its caller."""


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """Tokens of a shot's video and of its scene views."""

    video: int
    scene: int


@dataclass(frozen=True, kw_only=True)
class MemoryEstimate:
    """Bytes that a shot takes beyond what is loaded already, by what they are for, and their peak.

    The scene cache lasts through sampling; sampling and decoding come one after the other.
    """

    scene_cache: int
    sampling: int
    decoding: int

    @property
    def peak(self) -> int:
        return max(self.scene_cache + self.sampling, self.decoding)


def token_counts(
    config: TransformerConfig, views: int, view_grid: tuple[int, int], video_grid: tuple[int, int, int]
) -> TokenCounts:
    """Tokens for grids of latent cells: rows and columns of a view; frames, rows and columns of the video."""
    _, patch_height, patch_width = config.backbone.patch_size
    kinds = int(config.has_image_tokens) + int(config.has_geometry_tokens)
    a_view = (view_grid[0] // patch_height) * (view_grid[1] // patch_width)
    a_frame = (video_grid[1] // patch_height) * (video_grid[2] // patch_width)
    return TokenCounts(video=video_grid[0] * a_frame, scene=views * kinds * a_view)


def estimate_memory(
    parts: ModelParts,
    levers: Levers,
    *,
    frames: int,
    width_px: int,
    height_px: int,
    views: int,
    branches: int = 1,
    enlarge: int = 1,
) -> MemoryEstimate:
    """What a shot of that size takes with so many views, and guidance ``branches`` evaluated at once; then ``enlarge``
    times as large."""
    config, autoencoder = parts.transformer.config, parts.autoencoder
    _, latent_frames, rows, columns = autoencoder.latent_shape(frames, height_px, width_px)
    view_width, view_height = parts.defaults.view_size_px
    space = autoencoder.spatial_factor
    counts = token_counts(config, views, (view_height // space, view_width // space), (latent_frames, rows, columns))
    size = torch.empty(0, dtype=levers.dtype).element_size()
    networks = 1 if parts.low_noise_transformer is None else 2
    cached = config.context_attention == "cached"
    branch = config.projective_dim if config.camera == "prope" else 0
    cache = networks * config.backbone.num_layers * 2 * counts.scene * (config.dim + branch) * size if cached else 0
    at_once = max(counts.video, counts.scene) if cached else counts.video + counts.scene
    sampling = branches * at_once * (ACTIVATION_COPIES * config.dim * 4 + 2 * config.backbone.ffn_dim * size)
    if levers.attention == "explicit":
        keys = counts.video + counts.scene
        sampling += branches * at_once * keys * config.backbone.num_attention_heads * (4 + size)
    decoding = _decoding(parts, levers, frames=frames, pixels=width_px * height_px)
    if enlarge > 1:
        decoding += ENLARGED_COPIES * frames * 3 * width_px * height_px * enlarge**2 * 4
    return MemoryEstimate(scene_cache=cache, sampling=sampling, decoding=decoding)


def _decoding(parts: ModelParts, levers: Levers, *, frames: int, pixels: int) -> int:
    settings = parts.autoencoder.config
    if settings["_class_name"] == "PatchAutoencoder":
        return 3 * frames * 3 * pixels * 4
    folded = (settings.get("patch_size") or 1) ** 2
    channels = settings.get("decoder_base_dim") or settings["base_dim"]
    tile = min(pixels, 256 * 256) if levers.tiling else pixels
    size = torch.empty(0, dtype=_precision(parts.autoencoder)).element_size()
    features = DECODER_COPIES * channels * parts.autoencoder.temporal_factor * (tile // folded) * size
    return features + 3 * frames * 3 * pixels * size


def _precision(module: nn.Module) -> torch.dtype:
    return next(module.parameters()).dtype


def available_bytes(device: str) -> int:
    """Free memory of a device, as the system reports it."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


def check_memory(estimate: MemoryEstimate, levers: Levers) -> None:
    """Raises `InputError` with the numbers and the ways out where a shot would not fit."""
    available = available_bytes(levers.device)
    if estimate.peak <= available:
        return
    gigabytes = 1000**3
    ways = "fewer frames, a smaller picture, fewer views"
    if estimate.decoding > estimate.scene_cache + estimate.sampling and not levers.tiling:
        ways += ", or tiling"
    elif levers.precision == "fp32":
        ways += ", or precision bf16"
    raise InputError(
        f"memory: this shot needs about {estimate.peak / gigabytes:.1f} GB more (scene "
        f"{estimate.scene_cache / gigabytes:.1f}, sampling {estimate.sampling / gigabytes:.1f}, decoding "
        f"{estimate.decoding / gigabytes:.1f}), and {available / gigabytes:.1f} GB are free on {levers.device}; "
        f"try {ways}"
    )
