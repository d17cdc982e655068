"""The dense heads: a value and a confidence for every pixel, from four layers of the aggregator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from cinescene.scene.vggt.config import VggtConfig
from cinescene.tensor_types import Float, Tensor

POSITION_BASE = 100.0
POSITION_STRENGTH = 0.1
OUTPUT_HIDDEN = 32
OUTPUT_START_DEVIATION = 1e-3


class ResidualUnit(nn.Module):
    """Two convolutions on rectified features, added to those rectified features."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        rectified = F.relu(features)
        return self.conv2(F.relu(self.conv1(rectified))) + rectified


class Fusion(nn.Module):
    """One RefineNet step: joins coarser features with those of this level and enlarges the sum."""

    def __init__(self, features: int, coarsest: bool) -> None:
        super().__init__()
        self.resConfUnit1 = None if coarsest else ResidualUnit(features)
        self.resConfUnit2 = ResidualUnit(features)
        self.out_conv = nn.Conv2d(features, features, 1)

    def forward(self, coarser: Tensor | None, level: Tensor, size: tuple[int, int]) -> Float[Tensor, "b c h w"]:
        joined = level if self.resConfUnit1 is None else coarser + self.resConfUnit1(level)
        joined = self.resConfUnit2(joined)
        return self.out_conv(F.interpolate(joined, size=size, mode="bilinear", align_corners=True))


class Scratch(nn.Module):
    """The convolutional part of a dense head, under the names of public checkpoints."""

    def __init__(self, features: int, channels: tuple[int, int, int, int], outputs: int) -> None:
        super().__init__()
        self.layer1_rn, self.layer2_rn, self.layer3_rn, self.layer4_rn = (
            nn.Conv2d(c, features, 3, padding=1, bias=False) for c in channels
        )
        self.refinenet1 = Fusion(features, coarsest=False)
        self.refinenet2 = Fusion(features, coarsest=False)
        self.refinenet3 = Fusion(features, coarsest=False)
        self.refinenet4 = Fusion(features, coarsest=True)
        self.output_conv1 = nn.Conv2d(features, features // 2, 3, padding=1)
        self.output_conv2 = nn.Sequential(
            nn.Conv2d(features // 2, OUTPUT_HIDDEN, 3, padding=1), nn.ReLU(), nn.Conv2d(OUTPUT_HIDDEN, outputs, 1)
        )

    def fuse(self, levels: list[Tensor]) -> Float[Tensor, "b c h w"]:
        """Features at twice the finest level's size, from levels ordered fine to coarse."""
        first, second, third, fourth = (
            layer(level)
            for layer, level in zip(
                (self.layer1_rn, self.layer2_rn, self.layer3_rn, self.layer4_rn), levels, strict=True
            )
        )
        fused = self.refinenet4(None, fourth, third.shape[-2:])
        fused = self.refinenet3(fused, third, second.shape[-2:])
        fused = self.refinenet2(fused, second, first.shape[-2:])
        return self.refinenet1(fused, first, (2 * first.shape[-2], 2 * first.shape[-1]))


class DenseHead(nn.Module):
    """Tokens of four layers to ``values`` numbers and a confidence a pixel, before their activation.

    Source: Ranftl et al., "Vision transformers for dense prediction", 2021; Wang et al., "VGGT", CVPR 2025, section
    3.3.
    """

    def __init__(self, config: VggtConfig, values: int) -> None:
        super().__init__()
        self.patch_px = config.patch_size_px
        self.norm = nn.LayerNorm(2 * config.width)
        channels = config.dense_channels
        self.projects = nn.ModuleList(nn.Conv2d(2 * config.width, c, 1) for c in channels)
        self.resize_layers = nn.ModuleList(
            [
                nn.ConvTranspose2d(channels[0], channels[0], 4, stride=4),
                nn.ConvTranspose2d(channels[1], channels[1], 2, stride=2),
                nn.Identity(),
                nn.Conv2d(channels[3], channels[3], 3, stride=2, padding=1),
            ]
        )
        self.scratch = Scratch(config.dense_features, channels, values + 1)

    def forward(
        self, layers: tuple[Float[Tensor, "b n d"], ...], width_px: int, height_px: int
    ) -> Float[Tensor, "b o {height_px} {width_px}"]:
        """``layers`` hold the patch tokens of four layers, fine levels first."""
        rows = height_px // self.patch_px
        levels = []
        for tokens, project, resize in zip(layers, self.projects, self.resize_layers, strict=True):
            level = project(rearrange(self.norm(tokens), "b (hp wp) d -> b d hp wp", hp=rows))
            levels.append(resize(add_position(level, width_px / height_px)))
        features = self.scratch.output_conv1(self.scratch.fuse(levels))
        features = F.interpolate(features, size=(height_px, width_px), mode="bilinear", align_corners=True)
        return self.scratch.output_conv2(add_position(features, width_px / height_px))

    def initialise(self, generator: torch.Generator | None) -> None:
        """A faint last layer: the first depths are 1, the first points lie at the origin, nearly."""
        last = self.scratch.output_conv2[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.normal_(last.weight, std=OUTPUT_START_DEVIATION, generator=generator)


def add_position(features: Float[Tensor, "b c h w"], aspect: float) -> Float[Tensor, "b c h w"]:
    """Adds a faint sine/cosine embedding of each cell's place in the image plane.

    The image plane has a diagonal of 2; the first half of the channels tells x, the second y.
    """
    channels, rows, columns = features.shape[-3:]
    diagonal = (1 + aspect**2) ** 0.5
    along = []
    for cells, reach in ((columns, aspect / diagonal), (rows, 1 / diagonal)):
        end = reach * (cells - 1) / cells
        along.append(torch.linspace(-end, end, cells, dtype=torch.float32, device=features.device))
    index = torch.arange(channels // 4, dtype=torch.float32, device=features.device)
    frequencies = POSITION_BASE ** -(index / (channels // 4))
    x, y = (torch.cat([a.sin(), a.cos()], dim=-1) for a in (place[:, None] * frequencies for place in along))
    embedding = torch.cat([x[None].expand(rows, -1, -1), y[:, None].expand(-1, columns, -1)], dim=-1)
    return features + POSITION_STRENGTH * embedding.movedim(-1, 0).to(features.dtype)


def depth_and_confidence(raw: Float[Tensor, "b 2 h w"]) -> tuple[Float[Tensor, "b h w"], Float[Tensor, "b h w"]]:
    """Depth exp(x) and confidence 1 + exp(c)."""
    return raw[:, 0].exp(), 1 + raw[:, 1].exp()


def points_and_confidence(raw: Float[Tensor, "b 4 h w"]) -> tuple[Float[Tensor, "b h w 3"], Float[Tensor, "b h w"]]:
    """Points sign(x) · (exp|x| − 1) and confidence 1 + exp(c)."""
    points = raw[:, :3].sign() * raw[:, :3].abs().expm1()
    return points.movedim(1, -1), 1 + raw[:, 3].exp()
