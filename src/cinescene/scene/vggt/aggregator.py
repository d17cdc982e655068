"""The aggregator: frame attention within each view and global attention over all views, in turns."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import rearrange, repeat
from torch import nn
from torch.utils.checkpoint import checkpoint

from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.layers import Block, rotary_table
from cinescene.scene.vggt.patch_embedder import PatchEmbedder
from cinescene.tensor_types import Float, Int, Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class Aggregator(nn.Module):
    """Views to tokens: per view one camera token, the registers, then the patches row by row.

    Source: Wang et al., "VGGT", CVPR 2025, section 3.2. The first view has camera and register tokens of its own
    (index 0 of each), all other views share a second set; so the first view fixes the frame of reference.
    """

    def __init__(self, config: VggtConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.patch_embed = PatchEmbedder(config)
        self.camera_token = nn.Parameter(torch.zeros(1, 2, 1, config.width))
        self.register_token = nn.Parameter(torch.zeros(1, 2, config.registers, config.width))

        def block() -> Block:
            return Block(config.width, config.heads, config.mlp_ratio, config.layer_scale, normalised_heads=True)

        self.frame_blocks = nn.ModuleList(block() for _ in range(config.depth))
        self.global_blocks = nn.ModuleList(block() for _ in range(config.depth))

    def forward(
        self, images: Float[Tensor, "b v 3 h w"], layers: Sequence[int] | None = None
    ) -> tuple[Float[Tensor, "b v n d"], ...]:
        """Tokens after the pairs of blocks named in ``layers`` (the last one by default), in that order.

        Each is the output of the pair's frame attention followed by that of its global attention, 2 · width channels.
        Images are in [0, 1], their sides whole patches.
        """
        wanted = (self.config.depth - 1,) if layers is None else tuple(layers)
        tokens = self._first_tokens(images)
        batch, views, count, _ = tokens.shape
        table = rotary_table(self._positions(images), self.config.head_width)
        all_views = (table[0].repeat(views, 1), table[1].repeat(views, 1))
        kept: dict[int, Tensor] = {}
        for layer, (frame_block, global_block) in enumerate(zip(self.frame_blocks, self.global_blocks, strict=True)):
            tokens = self._run(frame_block, rearrange(tokens, "b v n d -> (b v) n d"), table)
            within = rearrange(tokens, "(b v) n d -> b v n d", b=batch)
            tokens = self._run(global_block, rearrange(within, "b v n d -> b (v n) d"), all_views)
            tokens = rearrange(tokens, "b (v n) d -> b v n d", v=views, n=count)
            if layer in wanted:
                kept[layer] = torch.cat([within, tokens], dim=-1)
        return tuple(kept[layer] for layer in wanted)

    def _first_tokens(self, images: Tensor) -> Float[Tensor, "b v n d"]:
        batch, views = images.shape[:2]
        mean, deviation = (images.new_tensor(c)[:, None, None] for c in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        patches = self.patch_embed(rearrange((images - mean) / deviation, "b v c h w -> (b v) c h w"))
        patches = rearrange(patches, "(b v) n d -> b v n d", b=batch)
        special = torch.cat([self.camera_token, self.register_token], dim=2)
        others = repeat(special[:, 1:], "1 1 n d -> b v n d", b=batch, v=views - 1)
        special = torch.cat([special[:, :1].expand(batch, -1, -1, -1), others], dim=1)
        return torch.cat([special.to(patches.dtype), patches], dim=2)

    def _positions(self, images: Tensor) -> Int[Tensor, "n 2"]:
        """(row, column) of a view's tokens: patches count from 1, camera and register tokens stand at 0."""
        rows, columns = (side // self.config.patch_size_px for side in images.shape[-2:])
        row, column = torch.arange(1, rows + 1), torch.arange(1, columns + 1)
        grid = torch.stack(torch.meshgrid(row, column, indexing="ij"), dim=-1).flatten(0, 1)
        special = torch.zeros(self.config.special_tokens, 2, dtype=grid.dtype)
        return torch.cat([special, grid]).to(images.device)

    def _run(self, block: nn.Module, tokens: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(block, tokens, table, use_reentrant=False)
        return block(tokens, table)

    def initialise(self, generator: torch.Generator | None) -> None:
        """Start values of what is no layer."""
        nn.init.normal_(self.camera_token, std=0.02, generator=generator)
        nn.init.normal_(self.register_token, std=0.02, generator=generator)
        self.patch_embed.initialise(generator)
