"""Stage ``relief``: distances around a panorama, from panoramas of places whose distances are known.

Loss: the absolute error of log(h / distance + floor) and of its slopes, by the area that a cell has on the sphere; and
of the doubt, the likelihood of the error under a Laplace distribution of that width. The likelihood teaches the doubt
alone: through it, cells of which the network is sure would rule what it learns of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cinescene.data.layout import DatasetLayout
from cinescene.data.writer import stored_panoramas
from cinescene.depth_files import read_depth
from cinescene.errors import InputError
from cinescene.scene.images import load_image
from cinescene.scene.relief import ReliefConfig, ReliefNet, closeness_of, distance_of, load_relief_net, save_relief_net
from cinescene.tensor_types import Float, Tensor
from cinescene.training.contact import save_rows
from cinescene.training.stage import loss_weighted

LOWEST_M = 0.3
"""Panoramas nearer to the ground than this teach nothing that is used."""


@dataclass(frozen=True, kw_only=True)
class ReliefOptions:
    """How strongly slopes and doubt count, and how colours vary in training: gains of channels, exponent of all."""

    slopes: float = 0.5
    doubt: float = 0.05
    gain: float = 0.15
    gamma: float = 0.3


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliefBatch:
    """Panoramas in [0, 1] and the closeness around them."""

    images: Float[Tensor, "b 3 h w"]
    closeness: Float[Tensor, "b h2 w2"]


class ReliefObjective(nn.Module):
    """The loss of the module's docstring, and its first two parts for the log."""

    def __init__(self, net: ReliefNet, options: ReliefOptions) -> None:
        super().__init__()
        self.net, self.options = net, options

    def forward(self, batch: ReliefBatch) -> tuple[Tensor, dict[str, float]]:
        found, log_doubt = self.net(batch.images)
        rows = found.shape[-2]
        area = torch.sin((torch.arange(rows, device=found.device) + 0.5) / rows * torch.pi)[:, None].expand_as(found)
        signed = found - batch.closeness
        error = signed.abs()
        likelihood = loss_weighted(error.detach() * (-log_doubt).exp() + log_doubt, area)
        around, upright = signed.roll(-1, -1) - signed, signed.diff(dim=-2)
        slopes = loss_weighted(around.abs(), area) + loss_weighted(upright.abs(), area[..., 1:, :])
        loss = loss_weighted(error, area) + self.options.slopes * slopes + self.options.doubt * likelihood
        return loss, {"closeness": float(loss_weighted(error.detach(), area)), "slopes": float(slopes.detach())}


class ReliefStage:
    """Trains a relief network on the panoramas of data sets."""

    name = "relief"

    def __init__(
        self,
        train: Sequence[Path],
        held_out: Sequence[Path],
        *,
        start: Path | None = None,
        options: ReliefOptions | None = None,
        config: ReliefConfig | None = None,
        seed: int = 0,
    ) -> None:
        """``start`` is the folder of a network to go on from."""
        self.options = options or ReliefOptions()
        if start is not None:
            self.net = load_relief_net(start).requires_grad_(True)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self.net = ReliefNet(config)
        self.net.train()
        height = self.net.config.height_px
        self.places, self.held_out = KnownPanoramas(train, height), KnownPanoramas(held_out, height)
        self.objective = ReliefObjective(self.net, self.options)
        self.facts: dict[str, Any] = {"relief": self.net.config.to_dict()}

    def __len__(self) -> int:
        return len(self.places)

    def sample(self, index: int, position: int, generator: torch.Generator) -> ReliefBatch:
        """A panorama turned by any angle, half of them mirrored, in other colours."""
        known = self.places[index]
        images, closeness = known.images, known.closeness
        turn = int(torch.randint(closeness.shape[-1], (), generator=generator))
        images, closeness = images.roll(2 * turn, -1), closeness.roll(turn, -1)
        if torch.rand((), generator=generator) < 0.5:
            images, closeness = images.flip(-1), closeness.flip(-1)
        draws = torch.randn(5, generator=generator).clamp(-2, 2)
        gain = (self.options.gain * (draws[:3] + draws[3])).exp()[:, None, None]
        gamma = float((self.options.gamma * draws[4]).exp())
        return ReliefBatch(images=(images.clamp_min(0) ** gamma * gain).clamp(0, 1), closeness=closeness)

    def collate(self, samples: list[ReliefBatch]) -> ReliefBatch:
        return ReliefBatch(**{name: torch.cat([vars(s)[name] for s in samples]) for name in ("images", "closeness")})

    def move(self, batch: ReliefBatch, device: torch.device) -> ReliefBatch:
        return ReliefBatch(images=batch.images.to(device), closeness=batch.closeness.to(device))

    @torch.no_grad()
    def validate(self, folder: Path) -> dict[str, float]:
        """Errors on places held out: of closeness, and the median share by which distances are off below the horizon.

        Pictures: panorama, estimate, truth; near is bright.
        """
        device = next(self.net.parameters()).device
        numbers: dict[str, list[float]] = {}
        rows = []
        for index in range(len(self.held_out)):
            known = self.move(self.held_out[index], device)
            found, log_doubt = self.net(known.images)
            below = slice(found.shape[-2] // 4, 3 * found.shape[-2] // 4)
            error = (found - known.closeness).abs()
            numbers.setdefault("held_out_closeness", []).append(float(error.mean()))
            estimate, truth = (distance_of(c[0])[below] for c in (found, known.closeness))
            near = truth < 12
            if bool(near.any()):
                numbers.setdefault("distance_off", []).append(float((estimate / truth - 1).abs()[near].median()))
            numbers.setdefault("doubt", []).append(float(log_doubt.exp().mean()))
            if index < 10:
                rows.append(torch.cat([known.images, _shown(found), _shown(known.closeness)]))
        save_rows(folder / "relief.png", rows)
        return {name: sum(values) / len(values) for name, values in numbers.items()}

    def export(self, folder: Path) -> None:
        save_relief_net(self.net, folder / "relief")


class KnownPanoramas:
    """Panoramas of data sets with exact distances, at a network's size."""

    def __init__(self, roots: Sequence[Path], height_px: int) -> None:
        self.height_px = height_px
        self.panoramas = [
            stored
            for root in roots
            for scene_id in DatasetLayout(root).scene_ids()
            for stored in stored_panoramas(DatasetLayout(root), scene_id)
            if stored.distance_file.is_file() and stored.height_m > LOWEST_M
        ]
        if not self.panoramas:
            names = ", ".join(str(root) for root in roots)
            raise InputError(f"{names}: expected panoramas with exact distances, as `sets render` writes; found none")
        self._loaded = lru_cache(maxsize=None)(self._load)

    def __len__(self) -> int:
        return len(self.panoramas)

    def __getitem__(self, index: int) -> ReliefBatch:
        images, closeness = self._loaded(index)
        return ReliefBatch(images=images.float() / 255, closeness=closeness.float())

    def _load(self, index: int) -> tuple[Tensor, Tensor]:
        stored = self.panoramas[index]
        pixels = load_image(stored.picture_file).pixels[None].float()
        size = (self.height_px, 2 * self.height_px)
        images = F.interpolate(pixels, size, mode="area").round().to(torch.uint8)
        distance = read_depth(stored.distance_file)[None, None] / stored.height_m
        known = torch.where(distance > 0, distance, torch.inf)
        closeness = F.interpolate(closeness_of(known), (size[0] // 2, size[1] // 2), mode="nearest-exact")[0]
        return images, closeness.half()


def _shown(closeness: Float[Tensor, "1 h w"]) -> Float[Tensor, "1 3 h2 w2"]:
    """Closeness as grey at the panorama's size."""
    grey = ((closeness + 2.5) / 3.0).clamp(0, 1)[:, None].expand(-1, 3, -1, -1)
    return F.interpolate(grey, scale_factor=2, mode="nearest")
