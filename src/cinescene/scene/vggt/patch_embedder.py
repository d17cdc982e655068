"""The patch embedder: a DINOv2 vision transformer with register tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.layers import Block
from cinescene.tensor_types import Float, Tensor

NORM_EPS = 1e-6
LAYER_SCALE = 1.0
"""Start value of LayerScale in a patch embedder that is trained from nothing (the aggregator's is configured)."""


class PatchProjection(nn.Module):
    """Square patches of a picture, projected linearly."""

    def __init__(self, patch_px: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, kernel_size=patch_px, stride=patch_px)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d hp wp"]:
        return self.proj(images)


class PatchEmbedder(nn.Module):
    """Normalised pictures to patch tokens.

    Source: Oquab et al., "DINOv2", 2023; Darcet et al., "Vision transformers need registers", 2024. Of the tokens
    (class, registers, patches) only the normalised patch tokens go on. ``mask_token`` takes part in no computation: it
    is kept because public checkpoints hold it.
    """

    def __init__(self, config: VggtConfig) -> None:
        super().__init__()
        width = config.width
        self.side = config.image_size_px // config.patch_size_px
        self.patch_embed = PatchProjection(config.patch_size_px, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.side**2, width))
        self.register_tokens = nn.Parameter(torch.zeros(1, config.embedder_registers, width))
        self.register_buffer("mask_token", torch.zeros(1, width))
        self.mask_token: Tensor
        self.blocks = nn.ModuleList(
            Block(width, config.embedder_heads, config.mlp_ratio, LAYER_SCALE, norm_eps=NORM_EPS)
            for _ in range(config.embedder_depth)
        )
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n d"]:
        patches = self.patch_embed(images)
        rows, columns = patches.shape[-2:]
        tokens = rearrange(patches, "b d hp wp -> b (hp wp) d")
        tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = tokens + self._positions(rows, columns).to(tokens.dtype)
        registers = self.register_tokens.expand(len(tokens), -1, -1)
        tokens = torch.cat([tokens[:, :1], registers, tokens[:, 1:]], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, 1 + registers.shape[1] :])

    def _positions(self, rows: int, columns: int) -> Float[Tensor, "1 n d"]:
        if (rows, columns) == (self.side, self.side):
            return self.pos_embed
        grid = rearrange(self.pos_embed[:, 1:].float(), "b (h w) d -> b d h w", h=self.side)
        grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True)
        return torch.cat([self.pos_embed[:, :1].float(), rearrange(grid, "b d h w -> b (h w) d")], dim=1)

    def initialise(self, generator: torch.Generator | None) -> None:
        """Start values of what is no layer."""
        nn.init.trunc_normal_(self.pos_embed, std=0.02, generator=generator)
        nn.init.normal_(self.cls_token, std=0.02, generator=generator)
        nn.init.normal_(self.register_tokens, std=0.02, generator=generator)
        nn.init.zeros_(self.mask_token)
