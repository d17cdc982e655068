"""What of an encoded clip a transformer is told: whole or cut to a window, with which views, along which path."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from cinescene.data.sample import shuffled_order
from cinescene.errors import InputError
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.transformer import CineSceneTransformer
from cinescene.tensor_types import Tensor
from cinescene.training.encoded import CLIP_TENSORS, EncodedClip
from cinescene.training.video_options import VideoOptions

Window = tuple[int, int, int, int]
"""Top, left, rows and columns of latent cells."""


def conditions(
    clip: EncodedClip,
    text: Tensor,
    transformer: CineSceneTransformer,
    *,
    views: Tensor,
    previz: int,
    acted: bool = True,
) -> CineSceneInputs:
    """Everything that a transformer of this configuration can be told of a clip, a batch of one.

    ``acted``: whether its previz shows stand-ins, for a model that knows them.
    """
    config = transformer.config
    patches, tokens = clip.geometry_patches, clip.geometry_camera
    if config.has_geometry_tokens and (patches is None or tokens is None):
        raise InputError("training: this model looks at a place through VGGT, and the clips were encoded without one")
    scene = config.scene_tokens != "none"
    acted = acted and config.stand_ins
    return CineSceneInputs(
        text=text,
        view_latents=clip.views[views][None] if config.has_image_tokens else None,
        geometry_patches=patches[views][None] if config.needs_patch_features and patches is not None else None,
        geometry_camera=tokens[views][None] if config.needs_camera_features and tokens is not None else None,
        view_cameras=clip.view_cameras[views].reshape(1, -1) if scene else None,
        cameras=clip.cameras.reshape(1, -1) if config.camera != "none" else None,
        previz_latents=(clip.acted if acted else clip.previz)[previz][None] if config.previz else None,
        previz_mask=(clip.acted_masks if acted else clip.previz_masks)[previz][None] if config.previz else None,
        previz_staged=clip.staged[previz][None] * acted if config.stand_ins else None,
    )


def cropped(clip: EncodedClip, window: Window, cell_px: int) -> EncodedClip:
    """A window of a clip's latents, with the cameras of its pixels."""
    top, left, rows, columns = window

    def cut(latents: Tensor) -> Tensor:
        return latents[..., top : top + rows, left : left + columns]

    pieces: dict[str, Any] = {name: cut(getattr(clip, name)) for name in CLIP_TENSORS}
    return dataclasses.replace(
        clip,
        **pieces,
        cameras=clip.cameras.cropped(left * cell_px, top * cell_px, columns * cell_px, rows * cell_px),
    )


def chosen_views(clip: EncodedClip, count: int, options: VideoOptions, generator: torch.Generator) -> Tensor:
    """Indices of some views, as the options order them."""
    total = len(clip.views)
    order = shuffled_order(total, generator, keep_first=False)[: min(count, total)]
    if not options.shuffle_views:
        order = order.sort().values
    if not options.start_view_first:
        return order
    ahead = clip.view_cameras.forward @ clip.cameras[0].forward
    start = int(ahead.argmax())
    return torch.cat([torch.tensor([start]), order[order != start][: max(0, min(count, total) - 1)]])


def held(cameras: Any) -> Any:
    """The first camera for all frames."""
    count = cameras.batch_shape[1]
    return cameras[:, torch.zeros(count, dtype=torch.long)]
