"""`Vggt`: views of a place to cameras, depth and the tokens that condition a video."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn

from cinescene.cameras.camera import Cameras
from cinescene.errors import InputError
from cinescene.scene.vggt.aggregator import Aggregator
from cinescene.scene.vggt.camera_head import CameraHead, cameras_from_encoding
from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.dense_head import DenseHead, depth_and_confidence, points_and_confidence
from cinescene.scene.vggt.layers import initialise
from cinescene.tensor_types import Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class VggtOutput:
    """What a VGGT says of ``v`` views, lengths in its own normalised unit.

    ``tokens``
        The aggregator's last layer: camera token, registers, patches row by row.
    ``pose_encodings``
        The nine numbers of `cameras_from_encoding` after each round of the camera head; the last is the result.
    ``depth``, ``depth_confidence``
        z-depth a pixel, and a confidence of at least 1.
    ``points``, ``points_confidence``
        World points a pixel, from the point head where the model has one. Depth and cameras together are more exact.
    """

    tokens: Float[Tensor, "b v n d"]
    pose_encodings: Float[Tensor, "r b v 9"]
    depth: Float[Tensor, "b v h w"]
    depth_confidence: Float[Tensor, "b v h w"]
    points: Float[Tensor, "b v h w 3"] | None
    points_confidence: Float[Tensor, "b v h w"] | None

    def cameras(self) -> Cameras:
        """The predicted cameras (b, v), in the frame of each first view."""
        height, width = self.depth.shape[-2:]
        return cameras_from_encoding(self.pose_encodings[-1].float(), width, height)


class Vggt(nn.Module):
    """Visual Geometry Grounded Transformer of any size, under the tensor names of ``facebook/VGGT-1B``.

    Source: Wang et al., "VGGT: Visual Geometry Grounded Transformer", CVPR 2025. Start values come from ``generator``
    (PyTorch's own by default); `load_vggt` reads trained ones.
    """

    def __init__(self, config: VggtConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.aggregator = Aggregator(config)
        self.camera_head = CameraHead(config)
        self.depth_head = DenseHead(config, values=1)
        self.point_head = DenseHead(config, values=3) if config.point_head else None
        if self.aggregator.camera_token.device.type != "meta":
            initialise(self, generator)
            for part in (self.aggregator, self.camera_head, self.depth_head, self.point_head):
                if part is not None:
                    part.initialise(generator)

    def forward(self, images: Float[Tensor, "b v c h w"], views_per_chunk: int | None = None) -> VggtOutput:
        """Everything about the views, images in [0, 1].

        ``views_per_chunk`` bounds how many views the dense heads take at once: less memory, same result. Raises
        `InputError` for pictures that are not RGB, not finite, or not whole patches in size (`fit_images` mends that).
        Under autocast the heads still run in the weights' own precision.
        """
        check_images(images, self.config.patch_size_px)
        layers = self.aggregator(images, (*self.config.dense_layers, self.config.depth - 1))
        tokens = layers[-1]
        with torch.autocast(images.device.type, enabled=False):
            own = self.camera_head.embed_pose.weight.dtype
            encodings = self.camera_head(tokens[:, :, 0].to(own))
            patches = tuple(layer[:, :, self.config.special_tokens :] for layer in layers[:-1])
            size = (images.shape[-1], images.shape[-2])
            depth, confidence = depth_and_confidence(_by_view(self.depth_head, patches, size, views_per_chunk))
            points = points_confidence = None
            if self.point_head is not None:
                raw = _by_view(self.point_head, patches, size, views_per_chunk)
                points, points_confidence = (self._batched(part, images) for part in points_and_confidence(raw))
        return VggtOutput(
            tokens=tokens,
            pose_encodings=encodings,
            depth=self._batched(depth, images),
            depth_confidence=self._batched(confidence, images),
            points=points,
            points_confidence=points_confidence,
        )

    def enable_gradient_checkpointing(self, enabled: bool = True) -> None:
        """Recomputes the aggregator's blocks in the backward pass: less memory, about a third more time."""
        self.aggregator.gradient_checkpointing = enabled

    @staticmethod
    def _batched(part: Tensor, images: Tensor) -> Tensor:
        return part.unflatten(0, images.shape[:2])


def _by_view(head: DenseHead, layers: tuple[Tensor, ...], size: tuple[int, int], chunk: int | None) -> Tensor:
    flat = [rearrange(layer, "b v n d -> (b v) n d") for layer in layers]
    step = len(flat[0]) if chunk is None else chunk
    own = head.norm.weight.dtype
    parts = [
        head(tuple(layer[start : start + step].to(own) for layer in flat), *size)
        for start in range(0, len(flat[0]), step)
    ]
    return torch.cat(parts)


def check_images(images: Float[Tensor, "b v c h w"], patch_px: int) -> None:
    """Raises `InputError` unless images are RGB, finite, in about [0, 1] and whole patches in size."""
    views, channels, height, width = images.shape[1:]
    if views < 1:
        raise InputError("scene views: expected at least one, got none")
    if channels != 3:
        raise InputError(f"scene views: expected RGB pictures (3 channels), got {channels} channels; drop alpha first")
    if height % patch_px or width % patch_px or not height or not width:
        near = tuple(max(round(side / patch_px), 1) * patch_px for side in (width, height))
        raise InputError(
            f"scene views: expected sides that are multiples of {patch_px} px, got {width}×{height}; the nearest such "
            f"size is {near[0]}×{near[1]} (fit_images resizes pictures together with their cameras)"
        )
    if not torch.isfinite(images).all():
        bad = (~torch.isfinite(images)).flatten(2).any(-1).nonzero()[0].tolist()
        raise InputError(f"scene views: view {bad[1]} holds NaN or infinity; expected colours in [0, 1]")
