"""`ReliefNet`: how far away everything around a panorama is, estimated from the panorama alone.

The answer is a relief: one distance for each direction, in units of the camera's height above the ground, which is what
a single picture can tell. Where the camera's height is known, the relief is in metres. A direction below the horizon
shows the flat ground unless something stands in front of it, so the network is told where that ground would be, and
starts from there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from cinescene.errors import CheckpointError, InputError
from cinescene.scene.panorama import Panorama
from cinescene.tensor_types import Float, Tensor

FLOOR = 0.08
"""Added to h / distance before the logarithm: what is much farther than 12 camera heights is all the same."""
FARTHEST = 40.0
"""Distances, in camera heights, end here."""
TURNS = 4
"""So many turns of a panorama, mirrored too, are estimated and averaged."""
BASE_ABOVE = 0.35
"""h / distance that is assumed, before anything is learnt, above the ground's line of sight."""


@dataclass(frozen=True, kw_only=True)
class ReliefConfig:
    """``height_px`` of the panorama that the network sees (twice as wide); the relief has half as many rows.

    ``widths`` are channels at a half, a quarter, an eighth … of the size; ``depths`` their blocks.
    """

    height_px: int = 192
    widths: tuple[int, ...] = (16, 32, 64, 128, 192)
    depths: tuple[int, ...] = (1, 2, 2, 3, 3)
    heads: int = 4

    def __post_init__(self) -> None:
        if self.height_px % 2 ** len(self.widths) or len(self.widths) != len(self.depths):
            raise InputError(
                f"relief: expected a height that {len(self.widths)} halvings divide and as many depths as widths, got "
                f"{self.height_px} px, {len(self.widths)} and {len(self.depths)}"
            )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReliefConfig:
        settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**settings)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relief:
    """Distances around a point, in units of its height above the ground.

    ``closeness``
        log(h / distance + `FLOOR`) on an equirectangular grid: rows from straight up to straight down, columns a turn
        to the right from behind, as in a panorama.
    ``doubt``
        Expected absolute error of ``closeness``.
    """

    closeness: Float[Tensor, "h w"]
    doubt: Float[Tensor, "h w"]

    def distances(self) -> Float[Tensor, "h w"]:
        """In camera heights, at most `FARTHEST`."""
        return distance_of(self.closeness)


class ReliefNet(nn.Module):
    """A convolutional network on the sphere's rectangle: its left and right edges meet."""

    def __init__(self, config: ReliefConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ReliefConfig()
        widths, depths = config.widths, config.depths
        self.stem = _Round(5, widths[0], 7, stride=2)
        self.down_blocks = nn.ModuleList(_Round(a, b, 3, stride=2) for a, b in itertools.pairwise(widths))
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_Block(width) for _ in range(depth))) for width, depth in zip(widths, depths, strict=True)
        )
        self.attention = _Attention(widths[-1], config.heads)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up_blocks = nn.ModuleList(nn.Sequential(_Block(width), _Block(width)) for width in widths[:-1])
        self.norm = nn.GroupNorm(8, widths[0])
        self.head = _Round(widths[0], 2, 3)
        nn.init.zeros_(self.head.kernel)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> tuple[Float[Tensor, "b h2 w2"], Float[Tensor, "b h2 w2"]]:
        """``closeness`` and the logarithm of ``doubt`` of panoramas in [0, 1] at the network's size."""
        hidden = self.stem(torch.cat([images * 4 - 2, _ground_channels(images)], dim=1))
        kept = []
        for index, blocks in enumerate(self.blocks):
            hidden = blocks(hidden if index == 0 else self.down_blocks[index - 1](hidden))
            kept.append(hidden)
        hidden = self.attention(hidden)
        for index in reversed(range(len(self.up_blocks))):
            grown = F.interpolate(self.up[index](hidden), scale_factor=2, mode="nearest")
            hidden = self.up_blocks[index](kept[index] + grown)
        change, log_doubt = self.head(F.relu(self.norm(hidden))).float().unbind(1)
        return _base(change.shape[-2], change.device) + change, log_doubt.clamp(-4, 1) - 1

    @torch.no_grad()
    def estimate(self, panorama: Panorama) -> Relief:
        """The relief around a level panorama: the mean of what it says of the panorama turned and mirrored.

        Turns are parts of the network's coarsest cell, whose borders would show otherwise.
        """
        height = self.config.height_px
        image = panorama.image.float() / 255 if not panorama.image.is_floating_point() else panorama.image.float()
        weight = self.head.kernel
        seen = F.interpolate(image[None], (height, 2 * height), mode="area").to(weight)
        cell = 2 ** (len(self.config.widths) - 1)
        found = []
        for turn in range(0, cell, max(1, cell // TURNS)):
            for mirrored in (False, True):
                shown = seen.roll(2 * turn, -1)
                closeness, log_doubt = self(shown.flip(-1) if mirrored else shown)
                both = torch.cat([closeness, log_doubt.exp()])
                found.append((both.flip(-1) if mirrored else both).roll(-turn, -1))
        closeness, doubt = torch.stack(found).mean(0).cpu()
        return Relief(closeness=closeness, doubt=doubt)


def closeness_of(distance: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """``closeness`` of distances in camera heights; infinity is as far as can be."""
    return (1 / distance.clamp(1e-2, FARTHEST) + FLOOR).log()


def distance_of(closeness: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """The inverse of `closeness_of`, at most `FARTHEST`."""
    return 1 / (closeness.exp() - FLOOR).clamp_min(1 / FARTHEST)


def save_relief_net(net: ReliefNet, folder: Path) -> None:
    """Writes ``config.json`` and ``model.safetensors``."""
    import json

    from safetensors.torch import save_file

    from cinescene.files import written_whole

    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "model.safetensors") as temporary:
        save_file({name: tensor.contiguous().cpu() for name, tensor in net.state_dict().items()}, temporary)
    with written_whole(folder / "config.json") as temporary:
        temporary.write_text(json.dumps(net.config.to_dict(), indent=2) + "\n", encoding="utf-8")


def load_relief_net(folder: Path) -> ReliefNet:
    """What `save_relief_net` wrote, in 32 bits. Raises `CheckpointError` that names what is missing or foreign."""
    import json

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        net = ReliefNet(ReliefConfig.from_dict(json.loads((folder / "config.json").read_text(encoding="utf-8"))))
        tensors = load_file(folder / "model.safetensors")
        net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (OSError, ValueError, TypeError, SafetensorError, RuntimeError, InputError) as error:
        raise CheckpointError(f"{folder}: this is no relief network of ours: {' '.join(str(error).split())}") from error
    return net.eval().requires_grad_(False)


def _ground_channels(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2 h w"]:
    """Sine of the elevation, and h / distance of the flat ground (0 above the horizon)."""
    batch, _, rows, columns = images.shape
    sine = _elevation_sine(rows, images.device).to(images.dtype)
    return torch.stack([sine, -sine.clamp_max(0)])[None, :, :, None].expand(batch, -1, -1, columns)


def _elevation_sine(rows: int, device: torch.device) -> Float[Tensor, "h"]:
    return torch.cos((torch.arange(rows, device=device) + 0.5) / rows * math.pi)


def _base(rows: int, device: torch.device) -> Float[Tensor, "h 1"]:
    """Where the answer starts: the flat ground, and a wall at 1 / `BASE_ABOVE` camera heights above it."""
    ground = -_elevation_sine(rows, device).clamp_max(0)
    return (ground.clamp_min(BASE_ABOVE) + FLOOR).log()[:, None]


class _Round(nn.Module):
    """A convolution that goes round the vertical axis. Its kernel is kept as a matrix, as Muon learns it."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.size, self.stride = size, stride
        self.kernel = nn.Parameter(torch.randn(after, before * size * size) / math.sqrt(before * size * size))
        self.bias = nn.Parameter(torch.zeros(after))

    def forward(self, x: Tensor) -> Tensor:
        reach = self.size // 2
        around = F.pad(x, (reach, reach, 0, 0), mode="circular")
        kernel = self.kernel.unflatten(1, (-1, self.size, self.size))
        return F.conv2d(around, kernel, self.bias, stride=self.stride, padding=(reach, 0))


class _Block(nn.Module):
    """A residual block that changes nothing at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first, self.second = _Round(width, width, 3), _Round(width, width, 3)
        nn.init.zeros_(self.second.kernel)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(self.norm(x))))


class _Attention(nn.Module):
    """All directions look at all others: walls that face each other belong to one room."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(8, width)
        self.inwards, self.outwards = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.outwards.weight)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.inwards(self.norm(x)), "b (s a d) h w -> s b a (h w) d", s=3, a=self.heads)
        seen = F.scaled_dot_product_attention(q, k, v)
        return x + self.outwards(rearrange(seen, "b a (h w) d -> b (a d) h w", h=height, w=width))
