"""`encode_scene`: everything that a video model needs to know of a place, once per place."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from einops import rearrange

from cinescene.cameras.camera import Cameras
from cinescene.errors import CheckpointError, CineSceneError, InputError
from cinescene.scene.geometry import DepthViews, consistent_depth_scales
from cinescene.scene.metric_scale import baseline_scale
from cinescene.scene.vggt.cache import TensorCache, tensor_hash
from cinescene.scene.vggt.inputs import FittedViews, fit_images
from cinescene.scene.vggt.model import Vggt, VggtOutput
from cinescene.scene.vggt.weights import weights_hash
from cinescene.tensor_types import Float, Tensor

ENCODING_VERSION = 1
"""Part of every cache key; changes whenever the same inputs would give another result."""

Precision = Literal["fp32", "bf16"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EncodeOptions:
    """How a scene is encoded.

    ``longest_px``
        The pictures' longest side for the network; None for the size it was trained at.
    ``precision``
        Of the aggregator's matrix products; the heads always run in the weights' own precision.
    ``views_per_chunk``
        Views that the dense heads take at once.
    ``balance_depth``
        With known cameras, make the depth maps agree where they overlap (`consistent_depth_scales`).
    """

    longest_px: int | None = None
    precision: Precision = "fp32"
    views_per_chunk: int = 4
    balance_depth: bool = True

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise InputError(f"precision: expected 'fp32' or 'bf16', got {self.precision!r}")
        if self.views_per_chunk < 1:
            raise InputError(f"views per chunk: expected at least 1, got {self.views_per_chunk}")


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneEncoding:
    """What a VGGT says of the views of one place, float32.

    ``images``
        The views as the network saw them (see `fit_images`).
    ``patch_tokens``, ``camera_tokens``
        F_i and F_c of the CineScene paper: the aggregator's last layer, d being twice its width.
    ``cameras``
        The cameras to be used: the known ones, in their own world, or else the estimated ones.
    ``estimated_cameras``
        What the network says, in the first view's frame, in the network's unit of length.
    ``depth``, ``depth_confidence``
        z-depth in the unit of ``cameras``' world, and a confidence of at least 1.
    ``depth_scale``
        Units of ``cameras``' world per unit of the network, by which depth was multiplied: 1 for estimated cameras;
        None where known cameras share one optical centre, or the estimate fits them too badly, so that depth is still
        in the network's unit and its size against the cameras' movements is unknown.
    ``notes``
        What had to be assumed.
    """

    images: Float[Tensor, "v 3 h w"]
    patch_tokens: Float[Tensor, "v hp wp d"]
    camera_tokens: Float[Tensor, "v d"]
    cameras: Cameras
    estimated_cameras: Cameras
    depth: Float[Tensor, "v h w"]
    depth_confidence: Float[Tensor, "v h w"]
    depth_scale: float | None
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> Float[Tensor, "v h w 3"]:
        """The world point of every pixel, by depth and ``cameras``."""
        return self.depth_views().world_points()

    def depth_views(self, metres_per_unit: float | None = None) -> DepthViews:
        """The geometry in the form that is measured, rendered and flown through."""
        return DepthViews(
            images=self.images,
            cameras=self.cameras,
            depth=self.depth,
            confidence=self.depth_confidence,
            metres_per_unit=metres_per_unit,
        )

    def to(self, device: torch.device | str) -> SceneEncoding:
        """A copy on another device."""
        parts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        movable: dict[str, Any] = {
            n: part.to(device) for n, part in parts.items() if isinstance(part, Tensor | Cameras)
        }
        return dataclasses.replace(self, **movable)


def encode_scene(
    model: Vggt,
    images: Float[Tensor, "v c h w"] | Sequence[Tensor],
    cameras: Cameras | None = None,
    *,
    options: EncodeOptions | None = None,
    cache: TensorCache | None = None,
) -> SceneEncoding:
    """Encodes the views (3, h, w) in [0, 1] of one place; sizes may differ (see `fit_images`).

    ``cameras`` (v,) are given where they are known exactly: the crops of a panorama, or photos that structure from
    motion has placed. Geometry then rests on them, whatever the network estimates, and the network's unit of length is
    converted to theirs as far as they are apart (`baseline_scale`). Runs on the model's device, without gradients.
    With a ``cache`` (`encoding_cache`) the same views, cameras, weights and options are encoded once. Raises
    `InputError` for views that cannot be encoded (see `fit_images`).
    """
    options = options or EncodeOptions()
    fitted = fit_images(
        images,
        cameras,
        longest_px=options.longest_px or model.config.image_size_px,
        multiple_px=model.config.patch_size_px,
    )
    key = None if cache is None else encoding_key(model, fitted, options)
    if cache is not None and key is not None and (stored := _read(cache, key, fitted)) is not None:
        return stored.to(_device(model))
    encoding = _encoded(model, fitted, options)
    if cache is not None and key is not None:
        tensors, facts = _stored_form(encoding)
        cache.write(key, tensors, facts)
    return encoding


def encoding_cache(folder: str | None = None, limit_bytes: int | None = TensorCache.limit_bytes) -> TensorCache:
    """The cache for `encode_scene`, in ``folder`` or the usual place (`default_cache_folder`)."""
    from pathlib import Path

    if folder is None:
        return TensorCache(kind="vggt", limit_bytes=limit_bytes)
    return TensorCache(kind="vggt", folder=Path(folder), limit_bytes=limit_bytes)


def encoding_key(model: Vggt, fitted: FittedViews, options: EncodeOptions) -> str:
    """SHA-256 over the fitted views, their cameras, the weights, the configuration, the options and the device type."""
    facts = {
        "version": ENCODING_VERSION,
        "weights": weights_hash(model),
        "config": model.config.to_dict(),
        "options": dataclasses.asdict(options),
        "device": _device(model).type,
        "images": tensor_hash({"images": fitted.images}),
        "cameras": None if fitted.cameras is None else tensor_hash(_camera_parts(fitted.cameras)),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _encoded(model: Vggt, fitted: FittedViews, options: EncodeOptions) -> SceneEncoding:
    device = _device(model)
    images = fitted.images.to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            output = model(images[None].to(next(model.parameters()).dtype), options.views_per_chunk)
    finally:
        model.train(was_training)
    _check_finite(output)
    special, rows = model.config.special_tokens, images.shape[-2] // model.config.patch_size_px
    tokens = output.tokens[0].float()
    geometry = _geometry(output, images, fitted.cameras, options)
    return SceneEncoding(
        images=images,
        patch_tokens=rearrange(tokens[:, special:], "v (hp wp) d -> v hp wp d", hp=rows),
        camera_tokens=tokens[:, 0],
        **geometry,
    )


def _check_finite(output: VggtOutput) -> None:
    for name in ("tokens", "pose_encodings", "depth", "depth_confidence"):
        if not torch.isfinite(getattr(output, name)).all():
            raise CheckpointError(
                f"VGGT: the network's {name} hold NaN or infinity; its weights are unfit, or try fp32"
            )


def _geometry(output: VggtOutput, images: Tensor, known: Cameras | None, options: EncodeOptions) -> dict[str, Any]:
    estimated = output.cameras()[0]
    depth, confidence = output.depth[0].float(), output.depth_confidence[0].float()
    parts = {"estimated_cameras": estimated, "depth_confidence": confidence}
    if known is None:
        return parts | {"cameras": estimated, "depth": depth, "depth_scale": 1.0}
    known = known.to(device=images.device)
    scale = baseline_scale(estimated, known, float(depth.median()))
    notes = () if scale.scale is not None else (f"the scale of the estimated depth is unknown: {scale.reason}",)
    depth = depth * (scale.scale or 1.0)
    if options.balance_depth:
        views = DepthViews(images=images, cameras=known, depth=depth, confidence=confidence)
        depth = depth * consistent_depth_scales(views).to(depth)[:, None, None]
    return parts | {"cameras": known, "depth": depth, "depth_scale": scale.scale, "notes": notes}


def _camera_parts(cameras: Cameras) -> dict[str, Tensor]:
    return {name: getattr(cameras, name) for name in ("world_from_camera", "intrinsics_px", "image_size_px")}


def _stored_form(encoding: SceneEncoding) -> tuple[dict[str, Tensor], dict[str, Any]]:
    names = ("patch_tokens", "camera_tokens", "depth", "depth_confidence")
    tensors = {name: getattr(encoding, name) for name in names} | _camera_parts(encoding.estimated_cameras)
    return tensors, {"depth_scale": encoding.depth_scale, "notes": list(encoding.notes)}


def _read(cache: TensorCache, key: str, fitted: FittedViews) -> SceneEncoding | None:
    entry = cache.read(key)
    if entry is None:
        return None
    tensors, facts = entry
    height, width = fitted.images.shape[-2:]
    try:
        estimated = Cameras(
            world_from_camera=tensors.pop("world_from_camera"),
            intrinsics_px=tensors.pop("intrinsics_px"),
            image_size_px=tensors.pop("image_size_px"),
        )
        if tensors["depth"].shape != tensors["depth_confidence"].shape or tensors["depth"].shape != (
            len(fitted.images),
            height,
            width,
        ):
            raise InputError("cache entry: depth of another size")
        return SceneEncoding(
            images=fitted.images,
            cameras=estimated if fitted.cameras is None else fitted.cameras,
            estimated_cameras=estimated,
            depth_scale=facts["depth_scale"],
            notes=tuple(facts["notes"]),
            **tensors,
        )
    except (CineSceneError, KeyError, TypeError) as error:
        _log.warning("%s: damaged cache entry (%s); it will be made anew", cache.path(key), error)
        return None


def _device(model: Vggt) -> torch.device:
    return next(model.parameters()).device
