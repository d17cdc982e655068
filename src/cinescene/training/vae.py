"""Stage ``vae``: the video autoencoder, from clips alone.

Loss: absolute difference of pixels, and of their differences to the right, down and in time (edges and motion), and a
little Kullback–Leibler divergence, as latent diffusion has it (Rombach et al., 2022, section 3.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import nn

from cinescene.model.autoencoder import Autoencoder
from cinescene.model.checkpoints import load_autoencoder
from cinescene.model.patch_autoencoder import PatchAutoencoder
from cinescene.model.weight_files import save_weights, write_json
from cinescene.presets import nano_autoencoder_config
from cinescene.tensor_types import Float, Tensor
from cinescene.training.clips import ClipFrames
from cinescene.training.contact import save_rows
from cinescene.training.stage import sample_generator


@dataclass(frozen=True, kw_only=True)
class VaeOptions:
    """``frames`` and ``crop_px`` of the pieces learnt from; weights of the losses besides the pixels' own."""

    frames: int = 9
    crop_px: int = 64
    edges: float = 1.0
    divergence: float = 1e-6


WHITENING = 0.6
"""How far the channels of a `PatchAutoencoder` are made alike: 1 gives all the same variance, 0 leaves them as large as
in the picture. In between, a diffusion model learns first what shows most, and texture does not drown it."""


class VaeObjective(nn.Module):
    """Reconstruction of clips; ``forward`` takes them in [0, 1]."""

    def __init__(self, autoencoder: Autoencoder, options: VaeOptions) -> None:
        super().__init__()
        self.autoencoder, self.options = autoencoder, options

    def forward(
        self, batch: tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b c t2 h2 w2"]]
    ) -> tuple[Tensor, dict[str, float]]:
        frames, noise = batch
        signed = rearrange(frames, "b t c h w -> b c t h w") * 2 - 1
        wan = self.autoencoder.wan
        posterior = wan.encode(signed).latent_dist
        mean, variance = posterior.mean.float(), posterior.logvar.float()
        latents = mean + noise * (0.5 * variance).exp()
        decoded = wan.decode(latents).sample.float()
        error = decoded - signed
        pixels = error.abs().mean()
        edges = torch.stack([error.diff(dim=axis).abs().mean() for axis in (-1, -2, -3)]).sum()
        divergence = 0.5 * (mean.square() + variance.exp() - 1 - variance).sum(1).mean()
        loss = pixels + self.options.edges * edges + self.options.divergence * divergence
        psnr = -10 * torch.log10((error / 2).square().mean())
        numbers = {"pixels": pixels, "edges": edges, "kl": divergence, "psnr": psnr}
        return loss, {name: float(value.detach()) for name, value in numbers.items()}


class VaeStage:
    """Trains an autoencoder on the clips of data sets."""

    name = "vae"

    def __init__(
        self,
        train: Sequence[Path],
        held_out: Sequence[Path],
        *,
        start: Path | None = None,
        options: VaeOptions | None = None,
        config: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        """``train`` and ``held_out`` are data sets; ``start`` is a folder of an autoencoder to go on from."""
        self.options = options or VaeOptions()
        self.pieces = ClipFrames(train, self.options.frames, self.options.crop_px)
        self.held_out = ClipFrames(held_out, self.options.frames, self.options.crop_px)
        config = config or nano_autoencoder_config()
        autoencoder = load_autoencoder(start) if start else Autoencoder.from_config(config, seed)
        if start is None and isinstance(autoencoder.wan, PatchAutoencoder):
            autoencoder.wan.begin_with_components(self._first_clips(seed))
        self.autoencoder = autoencoder.train()
        self.objective = VaeObjective(autoencoder, self.options)
        self.facts: dict[str, Any] = {"autoencoder": _plain(autoencoder.config)}

    def _first_clips(self, seed: int, count: int = 400) -> Iterator[Tensor]:
        """Pieces in [-1, 1], channels first, whose principal components training begins with."""
        for i in range(count):
            generator = sample_generator(seed, i)
            index = int(torch.randint(len(self.pieces), (), generator=generator))
            yield self.pieces.piece(index, generator).movedim(0, 1) * 2 - 1

    def __len__(self) -> int:
        return len(self.pieces)

    def sample(self, index: int, position: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        piece = self.pieces.piece(index, generator)
        shape = self.autoencoder.latent_shape(self.options.frames, self.options.crop_px, self.options.crop_px)
        return piece, torch.randn(shape, generator=generator)

    def collate(self, samples: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        return torch.stack([piece for piece, _ in samples]), torch.stack([noise for _, noise in samples])

    def move(self, batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
        return batch[0].to(device), batch[1].to(device)

    @torch.no_grad()
    def validate(self, folder: Path) -> dict[str, float]:
        """PSNR over pieces of clips held out, mean and worst, and a picture of some beside the originals."""
        rows, scores = [], []
        for index in range(min(16, len(self.held_out))):
            chosen = index * len(self.held_out) // min(16, len(self.held_out))
            piece = self.held_out.piece(chosen, sample_generator(0, chosen)).to(self.autoencoder.device)
            with torch.autocast(self.autoencoder.device.type, torch.bfloat16):
                decoded = self.autoencoder.decode(self.autoencoder.encode(piece[None]))[0].float()
            scores.append(float(-10 * torch.log10((decoded - piece).square().mean())))
            rows += [piece[:: max(1, len(piece) // 5)], decoded[:: max(1, len(piece) // 5)]]
        save_rows(folder / "reconstructions.png", rows[:16])
        return {"psnr": sum(scores) / len(scores), "psnr_worst": min(scores)}

    def export(self, folder: Path) -> None:
        """Writes ``vae/`` with what to subtract from each latent channel and divide it by, from the training clips."""
        self.autoencoder.set_statistics(*self._statistics())
        save_weights(self.autoencoder.wan, folder / "vae")
        write_json(folder / "vae" / "config.json", self.autoencoder.config)

    @torch.no_grad()
    def _statistics(self, pieces: int = 64) -> tuple[Tensor, Tensor]:
        channels = self.autoencoder.latent_channels
        self.autoencoder.set_statistics(torch.zeros(channels), torch.ones(channels))
        found = []
        for i in range(pieces):
            index = i * len(self.pieces) // pieces
            piece = self.pieces.piece(index, sample_generator(1, i)).to(self.autoencoder.device)
            found.append(rearrange(self.autoencoder.encode(piece[None]).float(), "1 c t h w -> c (t h w)").cpu())
        values = torch.cat(found, dim=1)
        deviation = values.std(1).clamp_min(1e-3)
        if isinstance(self.autoencoder.wan, PatchAutoencoder):
            kept = deviation ** (1 - WHITENING)
            deviation = deviation / kept * kept.square().mean().sqrt()
        return values.mean(1), deviation


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without what training itself measures, as JSON gives it back."""
    kept = {name: value for name, value in config.items() if name not in ("latents_mean", "latents_std")}
    return dict(json.loads(json.dumps(kept)))
