"""The modules that bring scene views, the camera path and a previz to the transformer's width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import nn

from cinescene.cameras import Cameras
from cinescene.model.config import TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.tensor_types import Float, Int, Tensor

if TYPE_CHECKING:
    from cinescene.model.autoencoder import Autoencoder


class SceneEmbedding(nn.Module):
    """Scene views as tokens: image tokens of all views, then geometry tokens of all views.

    Geometry tokens follow the paper: F = F_i + expand(F_c) on VGGT's patch grid, interpolated to the views' latent
    grid, then a convolution over each patch and LayerNorm. Image tokens go through the backbone's own patch embedding.
    A learned vector a kind, zero at the start, tells image and geometry tokens from video tokens.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        patch = config.backbone.patch_size[1:]
        if config.has_geometry_tokens:
            self.geometry_projection = nn.Conv2d(config.geometry_dim, config.dim, patch, stride=patch)
            self.geometry_norm = nn.LayerNorm(config.dim)
            self.geometry_kind = nn.Parameter(torch.zeros(config.dim))
        if config.has_image_tokens:
            self.image_kind = nn.Parameter(torch.zeros(config.dim))

    def token_grid(self, inputs: CineSceneInputs) -> tuple[int, int]:
        """Rows and columns of a view's tokens; for models without image tokens, those of VGGT's patches."""
        if self.config.has_image_tokens:
            assert inputs.view_latents is not None
            _, patch_height, patch_width = self.config.backbone.patch_size
            return inputs.view_latents.shape[-2] // patch_height, inputs.view_latents.shape[-1] // patch_width
        assert inputs.geometry_patches is not None
        return inputs.geometry_patches.shape[-2], inputs.geometry_patches.shape[-1]

    def forward(self, inputs: CineSceneInputs, patch_embedding: nn.Conv3d) -> Float[Tensor, "b n d"]:
        """Tokens of all views, ordered (kind, view, row, column)."""
        kinds = []
        if self.config.has_image_tokens:
            latents = inputs.view_latents
            assert latents is not None
            image = patch_embedding(rearrange(latents, "b v c h w -> (b v) c 1 h w"))
            image = rearrange(image, "(b v) d 1 h w -> b (v h w) d", v=latents.shape[1])
            kinds.append(image + self.image_kind.type_as(image))
        if self.config.has_geometry_tokens:
            kinds.append(self.geometry_tokens(inputs))
        return torch.cat(kinds, dim=1)

    def geometry_tokens(self, inputs: CineSceneInputs) -> Float[Tensor, "b n d"]:
        """Those of all views, ordered (view, row, column), for models that have them."""
        rows, columns = self.token_grid(inputs)
        _, patch_height, patch_width = self.config.backbone.patch_size
        size = (rows * patch_height, columns * patch_width)
        features = _geometry_features(inputs, self.config)
        weight = self.geometry_projection.weight
        grid = F.interpolate(features.flatten(0, 1), size=size, mode="bilinear", align_corners=False)
        tokens = self.geometry_projection(grid.to(weight.dtype))
        tokens = rearrange(tokens, "(b v) d h w -> b (v h w) d", b=inputs.batch_size)
        return self.geometry_norm(tokens) + self.geometry_kind.type_as(tokens)


def _geometry_features(inputs: CineSceneInputs, config: TransformerConfig) -> Float[Tensor, "b v k h w"]:
    """F = F_i + expand(F_c), or the one that the configuration asks for."""
    patches, camera = inputs.geometry_patches, inputs.geometry_camera
    if not config.needs_camera_features:
        assert patches is not None
        return patches
    assert camera is not None
    expanded = camera[..., None, None]
    if not config.needs_patch_features:
        return expanded
    assert patches is not None
    return patches + expanded


class PrevizEmbedding(nn.Module):
    """A previz and its mask as an addition to the video tokens; all zeros at the start, and where there is no previz.

    There is no bias, so that a dropped previz (zero latents, zero mask) adds exactly nothing.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        patch = config.backbone.patch_size
        channels = config.backbone.in_channels + 1 + int(config.stand_ins)
        self.stand_ins = config.stand_ins
        self.projection = nn.Conv3d(channels, config.dim, patch, stride=patch, bias=False)
        nn.init.zeros_(self.projection.weight)

    def forward(self, inputs: CineSceneInputs) -> Float[Tensor, "b d t h w"]:
        assert inputs.previz_latents is not None
        assert inputs.previz_mask is not None
        shares = [inputs.previz_mask]
        if self.stand_ins:
            staged = inputs.previz_staged
            shares.append(torch.zeros_like(inputs.previz_mask) if staged is None else staged)
        given = torch.cat([inputs.previz_latents, *(s.type_as(inputs.previz_latents) for s in shares)], dim=1)
        if inputs.previz_known is not None:
            given = given * inputs.previz_known.to(given.dtype)[:, None, None, None, None]
        return self.projection(given.to(self.projection.weight.dtype))


def encode_previz(
    autoencoder: Autoencoder, frames: Float[Tensor, "b t 3 h w"], photographed: Float[Tensor, "b t 1 h w"]
) -> tuple[Float[Tensor, "b c tl hl wl"], Float[Tensor, "b 1 tl hl wl"]]:
    """``previz_latents`` and ``previz_mask`` from frames in [0, 1] and the share of each pixel that was photographed.

    What was not photographed is a guess of whatever drew the previz and must not be trusted: it is painted mid-grey
    before it is encoded, so that no guessed pixel reaches the model. The mask is averaged over each latent cell (one
    frame for the first latent frame, ``temporal_factor`` frames for the others).
    """
    latents = autoencoder.encode(only_photographed(frames, photographed))
    return latents, latent_shares(photographed, autoencoder).type_as(latents)


def only_photographed(
    frames: Float[Tensor, "*b t 3 h w"], photographed: Float[Tensor, "*b t 1 h w"]
) -> Float[Tensor, "*b t 3 h w"]:
    """Frames that are grey where they were not photographed."""
    return 0.5 + (frames - 0.5) * photographed


def latent_shares(shares: Float[Tensor, "b t 1 h w"], autoencoder: Autoencoder) -> Float[Tensor, "b 1 tl hl wl"]:
    """A quantity of pixels averaged over each latent cell, in space and over the frames it stands for."""
    factor, space = autoencoder.temporal_factor, autoencoder.spatial_factor
    later = reduce(shares[:, 1:], "b (t f) 1 (h y) (w x) -> b 1 t h w", "mean", f=factor, y=space, x=space)
    first = reduce(shares[:, :1], "b 1 1 (h y) (w x) -> b 1 1 h w", "mean", y=space, x=space)
    return torch.cat([first, later], dim=2)


def frames_of_latents(frames: int, frames_per_latent: int) -> Int[Tensor, "t s"]:
    """The frames that each latent frame stands for: frame 0 (repeated) for the first, then groups in order.

    Source: the causal temporal stride of Wan's autoencoder, which encodes frame 0 alone and then groups of four.
    """
    groups = torch.arange(1, frames).reshape(-1, frames_per_latent)
    return torch.cat([torch.zeros(1, frames_per_latent, dtype=groups.dtype), groups])


def relative_extrinsics(cameras: Cameras, reference: Cameras, frames_per_latent: int) -> Float[Tensor, "b t 12"]:
    """The first three rows of each latent frame's ``reference_from_camera``, flattened.

    The last frame of each group stands for its latent frame (frames 0, 4, 8, … at a temporal factor of 4).
    Source: the paper's camera encoder; the choice of frames is that of ReCamMaster.
    """
    last = frames_of_latents(cameras.batch_shape[1], frames_per_latent)[:, -1]
    relative = cameras[:, last.to(cameras.device)].relative_to(reference).world_from_camera
    return rearrange(relative[..., :3, :], "b t i j -> b t (i j)")


class CameraEncoder(nn.Module):
    """The paper's camera encoder: a linear map of a latent frame's relative 3×4 matrix, zero at the start."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.projection = nn.Linear(12, dim)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, extrinsics: Float[Tensor, "b t 12"], tokens_per_frame: int) -> Float[Tensor, "b n d"]:
        """An addition to the tokens of the video, frame by frame."""
        encoded = self.projection(extrinsics.to(self.projection.weight.dtype))
        return repeat(encoded, "b t d -> b (t n) d", n=tokens_per_frame)
