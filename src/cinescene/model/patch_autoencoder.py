"""`PatchAutoencoder`: a video autoencoder that begins as a principal component analysis and learns the rest.

A clip of 1 + 4k frames becomes 1 + k latent frames at an eighth of the size, as with Wan's autoencoder: the first frame
alone, then groups of four, each depending on its own frames only. A group's 8×8 patches are projected linearly; a small
network corrects what is kept (encoder) and what is made of it (decoder), from patches around and before.
Both networks begin at zero: training starts from the best linear code instead of from noise, which on two cores is the
difference between minutes and days. The interface is that of ``diffusers.AutoencoderKLWan``, as far as `Autoencoder`
uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from einops import rearrange
from torch import nn

from cinescene.tensor_types import Float, Tensor

PATCH = 8
GROUP = 4
FOLD = 4
"""Side of the pixel blocks that the decoder's fine part works on."""
SHARED = 0.7
"""Share of the components that a group has in common with single pictures: its mean picture's."""


class PatchAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """See the module. ``noise`` is the standard deviation, as a share of each latent channel's own, of the noise that
    decoding must bear: the posterior's, so that what a diffusion model gets slightly wrong does little harm."""

    @register_to_config
    def __init__(
        self,
        z_dim: int = 32,
        width: int = 192,
        fine_width: int = 128,
        depth: int = 2,
        noise: float = 0.05,
        latents_mean: list[float] | None = None,
        latents_std: list[float] | None = None,
        scale_factor_temporal: int = GROUP,
        scale_factor_spatial: int = PATCH,
    ) -> None:
        super().__init__()
        single = 3 * PATCH * PATCH
        self.register_to_config(latents_mean=latents_mean or [0.0] * z_dim, latents_std=latents_std or [1.0] * z_dim)
        self.encode_first, self.encode_group = nn.Linear(single, z_dim), nn.Linear(GROUP * single, z_dim)
        self.decode_first, self.decode_group = nn.Linear(z_dim, single), nn.Linear(z_dim, GROUP * single)
        self.encoder_first, self.encoder_group = nn.Linear(single, width), nn.Linear(GROUP * single, width)
        self.encoder_blocks = nn.Sequential(*(_Block(width) for _ in range(depth)))
        self.encoder_out = _zero(nn.Conv2d(width, z_dim, 1))
        self.decoder_in = nn.Conv2d(2 * z_dim + 1, width, 3, padding=1)
        self.decoder_blocks = nn.Sequential(*(_Block(width) for _ in range(depth)))
        fine = 3 * FOLD * FOLD
        self.unfold = nn.Conv2d(width, fine_width * (PATCH // FOLD) ** 2, 1)
        self.fine_in = nn.Conv2d(GROUP * fine, fine_width, 3, padding=1)
        self.fine_blocks = nn.Sequential(*(_Block(fine_width) for _ in range(depth + 1)))
        self.fine_out = _zero(nn.Conv2d(fine_width, GROUP * fine, 3, padding=1))
        self.register_buffer("channel_scale", torch.ones(z_dim))

    # ---- diffusers' interface ---------------------------------------------------------------------------------------

    def encode(self, signed: Float[Tensor, "b 3 t h w"]) -> Any:
        """``latent_dist`` of clips in [-1, 1], with ``mode()``, ``sample(generator)``, ``mean`` and ``logvar``."""
        first = self._encoded(_patches(signed[:, :, :1]), self.encode_first, self.encoder_first)
        groups = [first]
        if signed.shape[2] > 1:
            patches = _patches(signed[:, :, 1:])
            groups.append(self._encoded(patches, self.encode_group, self.encoder_group))
        return SimpleNamespace(latent_dist=_Posterior(torch.cat(groups, dim=2), self._deviation()))

    def decode(self, latents: Float[Tensor, "b c tl h w"]) -> Any:
        """``sample``: clips in about [-1, 1]. One latent frame after another, to save memory."""
        previous = torch.zeros_like(latents[:, :, 0])
        clips = []
        for index in range(latents.shape[2]):
            clips.append(self._decoded(latents[:, :, index], previous, first=index == 0))
            previous = latents[:, :, index]
        return SimpleNamespace(sample=torch.cat(clips, dim=2))

    def enable_tiling(self, *sizes: int) -> None:
        """Nothing to do: latent frames are decoded one by one, at an eighth and a quarter of the size."""

    def enable_slicing(self) -> None:
        """Nothing to do, as above."""

    # ---- the parts --------------------------------------------------------------------------------------------------

    def _encoded(self, patches: Float[Tensor, "b t h w d"], linear: nn.Linear, features: nn.Linear) -> Tensor:
        straight = linear(patches)
        batch = patches.shape[0]
        hidden = rearrange(features(patches), "b t h w d -> (b t) d h w")
        correction = rearrange(self.encoder_out(self.encoder_blocks(hidden)), "(b t) c h w -> b t h w c", b=batch)
        scale = self.channel_scale.to(correction.dtype)
        return rearrange(straight + correction * scale, "b t h w c -> b c t h w")

    def _decoded(self, latent: Float[Tensor, "b c h w"], previous: Float[Tensor, "b c h w"], *, first: bool) -> Tensor:
        """The one frame, or the four, of a latent frame."""
        count = 1 if first else GROUP
        linear = self.decode_first if first else self.decode_group
        straight = rearrange(linear(latent.movedim(1, -1)), "b h w (f d) -> b f h w d", f=count)
        blocks = rearrange(
            straight,
            "b f h w (c r y s x) -> b f (c y x) (h r) (w s)",
            c=3,
            r=PATCH // FOLD,
            s=PATCH // FOLD,
            y=FOLD,
        )
        scale = self.channel_scale.to(latent.dtype)[:, None, None]
        kind = torch.full_like(latent[:, :1], float(first))
        coarse = self.decoder_blocks(self.decoder_in(torch.cat([latent / scale, previous / scale, kind], dim=1)))
        fine = F.pixel_shuffle(self.unfold(coarse), PATCH // FOLD)
        whole = blocks.expand(-1, GROUP, -1, -1, -1) if first else blocks
        fine = self.fine_blocks(fine + self.fine_in(whole.flatten(1, 2)))
        correction = self.fine_out(fine).unflatten(1, (GROUP, -1))[:, :count]
        return rearrange(blocks + correction, "b f (c y x) h w -> b c f (h y) (w x)", c=3, y=FOLD)

    def _deviation(self) -> Tensor:
        noise: float = self.config["noise"]
        return noise * self.channel_scale[:, None, None, None]

    # ---- where training begins --------------------------------------------------------------------------------------

    @torch.no_grad()
    def begin_with_components(self, clips: Iterable[Float[Tensor, "3 t h w"]]) -> None:
        """Sets the linear maps to the principal components of clips in [-1, 1] (at least one, of 5 frames or more).

        The first 70 % of a group's components are those of single pictures, applied to its mean picture; the others
        say how it moves. Components are as large in the latents as in the pictures.
        """
        clips = list(clips)
        singles = torch.cat([_patches(clip[None, :, :1]).flatten(0, 3) for clip in clips]).double()
        groups = torch.cat([_patches(clip[None, :, 1:]).flatten(0, 3) for clip in clips]).double()
        count: int = self.config["z_dim"]
        middle, axes = _components(singles)
        shared = round(SHARED * count)
        still = axes[:, :shared].repeat(GROUP, 1) / GROUP**0.5
        group_middle = groups.mean(0)
        rest = (groups - group_middle) - (groups - group_middle) @ still @ still.mT
        moving = torch.cat([still, _components(rest)[1][:, : count - shared]], dim=1)
        # A single picture's components are enlarged to what a group of four equal pictures would give.
        _set(self.encode_first, self.decode_first, axes[:, :count], middle, GROUP**0.5)
        _set(self.encode_group, self.decode_group, moving, group_middle, 1.0)
        latents = torch.cat([self.encode_first(singles.float()), self.encode_group(groups.float())])
        self.channel_scale.copy_(latents.std(0).clamp_min(1e-4))


class _Posterior:
    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        self.mean = mean
        self._deviation = deviation.to(mean)

    @property
    def logvar(self) -> Tensor:
        return (2 * self._deviation.clamp_min(1e-10).log()).expand_as(self.mean)

    def mode(self) -> Tensor:
        return self.mean

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(self.mean.shape, generator=generator, dtype=torch.float32).to(self.mean)
        return self.mean + self._deviation * noise


class _Block(nn.Module):
    """A residual block that changes nothing at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = _zero(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.gelu(self.first(self.norm(x))))


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _patches(signed: Tensor) -> Float[Tensor, "b t h w d"]:
    """Patches of single frames, or of groups of four, as vectors: frame, channel, row, column."""
    count = 1 if signed.shape[2] == 1 else GROUP
    return rearrange(signed, "b c (t f) (h y) (w x) -> b t h w (f c y x)", f=count, y=PATCH, x=PATCH)


def _components(rows: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
    """Mean and principal axes (columns), strongest first."""
    middle = rows.mean(0)
    centred = rows - middle
    _, axes = torch.linalg.eigh(centred.mT @ centred / len(rows))
    return middle, axes.flip(1)


def _set(encode: nn.Linear, decode: nn.Linear, axes: Tensor, middle: Tensor, gain: float) -> None:
    encode.weight.copy_(gain * axes.mT)
    encode.bias.copy_(-gain * (middle @ axes))
    decode.weight.copy_(axes / gain)
    decode.bias.copy_(middle)
