"""`Autoencoder`: pictures and videos to latents and back, through diffusers' ``AutoencoderKLWan`` of any size.

Wan 2.1's (time ×4, space ×8, 16 channels) and Wan 2.2 TI2V's (×4, ×16, 48 channels) are that class; the small one that
comes with CineScene is a `PatchAutoencoder` with the same interface. Latents are normalised by the mean and standard
deviation a channel that the configuration states. A clip of 1 + 4k frames has 1 + k latent frames: the first stands for
the first frame alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange
from torch import nn

from cinescene.errors import CheckpointError, InputError
from cinescene.tensor_types import Float, Tensor

CLASSES = ("AutoencoderKLWan", "PatchAutoencoder")


class Autoencoder(nn.Module):
    """A Wan autoencoder with pictures in [0, 1], frames before channels, and normalised latents."""

    def __init__(self, wan: Any) -> None:
        """``wan`` is a ``diffusers.AutoencoderKLWan`` or a `PatchAutoencoder`."""
        super().__init__()
        self.wan = wan
        config = wan.config
        if len(config.latents_mean) != config.z_dim or len(config.latents_std) != config.z_dim:
            raise CheckpointError(
                f"autoencoder: expected latents_mean and latents_std of {config.z_dim} numbers, got "
                f"{len(config.latents_mean)} and {len(config.latents_std)}"
            )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], seed: int | None = None) -> Autoencoder:
        """An autoencoder with random weights, from ``seed`` if given.

        Settings that diffusers' class does not know are passed over, as diffusers does: published ones hold some.
        """
        kind = _class_named(config.get("_class_name", CLASSES[0]))
        known = inspect.signature(kind.__init__).parameters
        settings = {key: value for key, value in config.items() if key in known}
        try:
            if seed is None:
                return cls(kind(**settings).eval())
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return cls(kind(**settings).eval())
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"autoencoder: this configuration cannot be used: {error}") from error

    @property
    def config(self) -> dict[str, Any]:
        """What its ``vae/config.json`` holds."""
        name = type(self.wan).__name__
        return {"_class_name": name} | {k: v for k, v in self.wan.config.items() if not k.startswith("_")}

    @property
    def latent_channels(self) -> int:
        return int(self.wan.config.z_dim)

    @property
    def temporal_factor(self) -> int:
        """Frames that a latent frame after the first stands for."""
        return int(self.wan.config.scale_factor_temporal)

    @property
    def spatial_factor(self) -> int:
        """Pixels a side of a latent cell."""
        return int(self.wan.config.scale_factor_spatial)

    @property
    def dtype(self) -> torch.dtype:
        return next(self.wan.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.wan.parameters()).device

    def encode(
        self, frames: Float[Tensor, "b t 3 h w"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "b c tl hl wl"]:
        """Latents of clips in [0, 1]: the posterior's mode, or a sample of it if a generator is given.

        Raises `InputError` for lengths and sizes that the autoencoder cannot take.
        """
        _, count, _, height, width = frames.shape
        check_clip_size(count, height, width, self.temporal_factor, self.spatial_factor)
        signed = rearrange(frames, "b t c h w -> b c t h w").to(self.dtype) * 2 - 1
        posterior = self.wan.encode(signed).latent_dist
        latents = posterior.mode() if generator is None else posterior.sample(generator)
        mean, std = self._statistics(latents)
        return (latents - mean) / std

    def encode_views(self, views: Float[Tensor, "b v 3 h w"], views_at_once: int = 4) -> Float[Tensor, "b v c hl wl"]:
        """Latents of single pictures in [0, 1], each a clip of one frame."""
        clips = rearrange(views, "b v c h w -> (b v) 1 c h w")
        latents = torch.cat([self.encode(part) for part in clips.split(views_at_once)])
        return rearrange(latents, "(b v) c 1 h w -> b v c h w", b=views.shape[0])

    def decode(self, latents: Float[Tensor, "b c tl hl wl"]) -> Float[Tensor, "b t 3 h w"]:
        """Clips in [0, 1] from normalised latents."""
        latents = latents.to(self.dtype)
        mean, std = self._statistics(latents)
        signed = self.wan.decode(latents * std + mean).sample
        return rearrange(signed, "b c t h w -> b t c h w").clamp(-1, 1) * 0.5 + 0.5

    def latent_shape(self, frames: int, height_px: int, width_px: int) -> tuple[int, int, int, int]:
        """Channels, latent frames, rows and columns of a clip's latents."""
        check_clip_size(frames, height_px, width_px, self.temporal_factor, self.spatial_factor)
        space = self.spatial_factor
        return self.latent_channels, 1 + (frames - 1) // self.temporal_factor, height_px // space, width_px // space

    def enable_tiling(self, tile_px: int = 256, stride_px: int = 192) -> None:
        """Encodes and decodes larger pictures in overlapping tiles that are blended: less memory, more time."""
        if not 0 < stride_px < tile_px or tile_px % self.spatial_factor or stride_px % self.spatial_factor:
            raise InputError(
                f"tiling: expected a stride below the tile size, both multiples of {self.spatial_factor} px, got "
                f"{stride_px} and {tile_px}"
            )
        self.wan.enable_tiling(tile_px, tile_px, stride_px, stride_px)

    def enable_slicing(self) -> None:
        """Takes one clip of a batch at a time: less memory, the same result."""
        self.wan.enable_slicing()

    def set_statistics(self, mean: Float[Tensor, " c"], std: Float[Tensor, " c"]) -> None:
        """States the mean and standard deviation of each latent channel, measured on the training data."""
        self.wan.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())

    def _statistics(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        config = self.wan.config
        mean, std = (
            latents.new_tensor(values)[:, None, None, None] for values in (config.latents_mean, config.latents_std)
        )
        return mean, std


def _class_named(name: str) -> Any:
    if name == "PatchAutoencoder":
        from cinescene.model.patch_autoencoder import PatchAutoencoder

        return PatchAutoencoder
    from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan

    return AutoencoderKLWan


def check_clip_size(frames: int, height_px: int, width_px: int, temporal_factor: int, multiple_px: int) -> None:
    """Raises `InputError` that offers the nearest valid length or size, unless both fit.

    ``multiple_px`` is what both sides must be a multiple of: the autoencoder's factor, or that times the patch size.
    """
    if frames < 1 or (frames - 1) % temporal_factor:
        below = max(0, frames - 1) // temporal_factor * temporal_factor + 1
        raise InputError(
            f"frames: expected 1 more than a multiple of {temporal_factor}, got {frames}; "
            f"nearest: {below} or {below + temporal_factor}"
        )
    if height_px < 1 or width_px < 1 or height_px % multiple_px or width_px % multiple_px:
        near = "×".join(str(max(1, round(side / multiple_px)) * multiple_px) for side in (width_px, height_px))
        raise InputError(
            f"size: expected a width and height that are multiples of {multiple_px} px, got {width_px}×{height_px}; "
            f"nearest: {near}"
        )
