"""What all transformers of a VGGT are made of: attention with 2-D rotary positions, feed-forward, LayerScale."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from cinescene.tensor_types import Float, Int, Tensor

ROTARY_BASE = 100.0


def rotary_table(
    positions: Int[Tensor, "n 2"], head_width: int
) -> tuple[Float[Tensor, "n {head_width}"], Float[Tensor, "n {head_width}"]]:
    """Cosines and sines for tokens at (row, column), one of each a channel of a head; float32.

    The first half of a head turns with the row, the second half with the column. Within each half, channel i and
    channel i + dim/2 are the two coordinates that turn by ``position · base^(−2i/dim)``, dim being half a head. Source:
    Su et al., "RoFormer", 2021, along two axes.
    """
    axis = head_width // 2
    exponents = torch.arange(0, axis, 2, dtype=torch.float32, device=positions.device) / axis
    angles = positions[:, :, None].float() * ROTARY_BASE**-exponents
    angles = torch.cat([angles, angles], dim=-1).flatten(1)
    return angles.cos(), angles.sin()


def rotate(
    features: Float[Tensor, "b a n d"], table: tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]
) -> Float[Tensor, "b a n d"]:
    """Queries or keys turned by their positions."""
    cosine, sine = (part.to(features.dtype) for part in table)
    first, second = features.unflatten(-1, (2, 2, -1)).unbind(-2)
    turned = torch.stack([-second, first], dim=-2).flatten(-3)
    return features * cosine + turned * sine


class Attention(nn.Module):
    """Multi-head self-attention; with ``normalised_heads`` queries and keys pass a LayerNorm over each head first."""

    def __init__(self, width: int, heads: int, normalised_heads: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.q_norm = nn.LayerNorm(width // heads) if normalised_heads else nn.Identity()
        self.k_norm = nn.LayerNorm(width // heads) if normalised_heads else nn.Identity()

    def forward(
        self, tokens: Float[Tensor, "b n d"], table: tuple[Tensor, Tensor] | None = None
    ) -> Float[Tensor, "b n d"]:
        query, key, value = rearrange(self.qkv(tokens), "b n (three a d) -> three b a n d", three=3, a=self.heads)
        query, key = self.q_norm(query), self.k_norm(key)
        if table is not None:
            query, key = rotate(query, table), rotate(key, table)
        mixed = F.scaled_dot_product_attention(query.to(value.dtype), key.to(value.dtype), value)
        return self.proj(rearrange(mixed, "b a n d -> b n (a d)"))


class Mlp(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int, hidden: int, out: int | None = None) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width if out is None else out)

    def forward(self, tokens: Float[Tensor, "*b d"]) -> Float[Tensor, "*b e"]:
        return self.fc2(F.gelu(self.fc1(tokens)))


class LayerScale(nn.Module):
    """A learned factor a channel (Touvron et al., "Going deeper with image transformers", 2021)."""

    def __init__(self, width: int, start: float) -> None:
        super().__init__()
        self.start = start
        self.gamma = nn.Parameter(torch.full((width,), start))

    def forward(self, tokens: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        return tokens * self.gamma


class Block(nn.Module):
    """Pre-norm transformer block with LayerScale on both branches."""

    def __init__(
        self,
        width: int,
        heads: int,
        mlp_ratio: float,
        layer_scale: float,
        *,
        norm_eps: float = 1e-5,
        normalised_heads: bool = False,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=norm_eps)
        self.attn = Attention(width, heads, normalised_heads)
        self.ls1 = LayerScale(width, layer_scale)
        self.norm2 = nn.LayerNorm(width, eps=norm_eps)
        self.mlp = Mlp(width, round(width * mlp_ratio))
        self.ls2 = LayerScale(width, layer_scale)

    def forward(
        self, tokens: Float[Tensor, "b n d"], table: tuple[Tensor, Tensor] | None = None
    ) -> Float[Tensor, "b n d"]:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens), table))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


def initialise(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Start values of a model that is made rather than loaded.

    Linear weights are truncated normals of deviation 0.02, convolutions normal with variance 1 / (3 · inputs), biases
    zero, LayerNorms the identity and LayerScales their configured start. ``generator`` defaults to PyTorch's own.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=0.02, generator=generator)
        elif isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            inputs = part.weight[0].numel() if isinstance(part, nn.Conv2d) else part.in_channels
            nn.init.normal_(part.weight, std=math.sqrt(1 / (3 * inputs)), generator=generator)
        elif isinstance(part, nn.LayerNorm) and part.elementwise_affine:
            nn.init.ones_(part.weight)
        elif isinstance(part, LayerScale):
            nn.init.constant_(part.gamma, part.start)
        bias = getattr(part, "bias", None)
        if isinstance(bias, nn.Parameter):
            nn.init.zeros_(bias)
