"""Frames, masks and cameras brought to one size: scaled to cover it, then cropped about the centre."""

from __future__ import annotations

import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.tensor_types import Bool, Float, Tensor


def covering_size(size_px: tuple[int, int], target_px: tuple[int, int]) -> tuple[int, int]:
    """The smallest size of the same shape as ``size_px`` (width, height) that covers ``target_px``."""
    scale = max(target_px[0] / size_px[0], target_px[1] / size_px[1])
    return max(target_px[0], round(size_px[0] * scale)), max(target_px[1], round(size_px[1] * scale))


def fit_frames(frames: Float[Tensor, "t c h w"], width_px: int, height_px: int) -> Float[Tensor, "t c h2 w2"]:
    """Pictures scaled (anti-aliased) and cropped to a size."""
    width, height = covering_size((frames.shape[-1], frames.shape[-2]), (width_px, height_px))
    if (height, width) != tuple(frames.shape[-2:]):
        frames = F.interpolate(frames, size=(height, width), mode="bilinear", antialias=True)
    left, top = (width - width_px) // 2, (height - height_px) // 2
    return frames[..., top : top + height_px, left : left + width_px]


def fit_masks(masks: Bool[Tensor, "t h w"], width_px: int, height_px: int) -> Bool[Tensor, "t h2 w2"]:
    """Masks at a size; a pixel is marked where any part of it was."""
    return fit_frames(masks[:, None].float(), width_px, height_px)[:, 0] > 0


def fit_depth(depth: Float[Tensor, "t h w"], width_px: int, height_px: int) -> Float[Tensor, "t h2 w2"]:
    """Depth at a size, by nearest pixel, so that no depth appears that is between two surfaces."""
    width, height = covering_size((depth.shape[-1], depth.shape[-2]), (width_px, height_px))
    resized = F.interpolate(depth[:, None], size=(height, width), mode="nearest-exact")[:, 0]
    left, top = (width - width_px) // 2, (height - height_px) // 2
    return resized[..., top : top + height_px, left : left + width_px]


def fit_cameras(cameras: Cameras, width_px: int, height_px: int) -> Cameras:
    """The cameras of frames that went through `fit_frames`."""
    width, height = covering_size(cameras.size_px, (width_px, height_px))
    left, top = (width - width_px) // 2, (height - height_px) // 2
    return cameras.resized(width, height).cropped(left, top, width_px, height_px)
