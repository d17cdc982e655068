"""What `CineSceneInputs` must look like for a model; every violation is named with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cinescene.cameras import Cameras
from cinescene.errors import InputError
from cinescene.model.config import TransformerConfig
from cinescene.tensor_types import Float, Tensor

if TYPE_CHECKING:
    from cinescene.model.inputs import CineSceneInputs


def check_inputs(inputs: CineSceneInputs, config: TransformerConfig, noisy: Float[Tensor, "b c t h w"]) -> None:
    """Raises `InputError` where ``inputs`` do not fit a model of ``config`` and its ``noisy`` latents."""
    check_latent_size(config, noisy.shape[1], noisy.shape[-2], noisy.shape[-1], "noisy latents")
    if inputs.text.shape[-1] != config.backbone.text_dim:
        raise InputError(
            f"text: expected embeddings of {config.backbone.text_dim} channels, got {inputs.text.shape[-1]}; "
            "the text encoder belongs to another model"
        )
    _check_batch_sizes(inputs, noisy.shape[0])
    _check_scene(inputs, config)
    _check_cameras(inputs, config, noisy.shape[2])
    _check_previz(inputs, config, noisy)


def check_latent_size(config: TransformerConfig, channels: int, height: int, width: int, what: str) -> None:
    """Raises `InputError` unless latents have the model's channels and whole patches within its position table."""
    backbone = config.backbone
    if channels != backbone.in_channels:
        raise InputError(
            f"{what}: expected {backbone.in_channels} channels, got {channels}; "
            "the autoencoder belongs to another model"
        )
    _, patch_height, patch_width = backbone.patch_size
    if height % patch_height or width % patch_width or not height or not width:
        raise InputError(
            f"{what}: expected a height and width that are multiples of {patch_height} and {patch_width}, got "
            f"{height}×{width}"
        )
    if max(height // patch_height, width // patch_width) > backbone.rope_max_seq_len:
        raise InputError(f"{what}: expected at most {backbone.rope_max_seq_len} patches a side, got {height}×{width}")


def _check_batch_sizes(inputs: CineSceneInputs, batch: int) -> None:
    for name, value in vars(inputs).items():
        size = None if value is None else len(value)
        if size is not None and size != batch:
            raise InputError(f"{name}: expected a batch of {batch} like the noisy latents, got {size}")


def _check_scene(inputs: CineSceneInputs, config: TransformerConfig) -> None:
    given = {
        "view_latents": (inputs.view_latents, config.has_image_tokens),
        "geometry_patches": (inputs.geometry_patches, config.needs_patch_features),
        "geometry_camera": (inputs.geometry_camera, config.needs_camera_features),
    }
    needed = [name for name, (_, wanted) in given.items() if wanted]
    present = [name for name in needed if given[name][0] is not None]
    if present and present != needed:
        raise InputError(
            f"scene: a model with scene_tokens={config.scene_tokens!r} needs {' and '.join(needed)}, got only "
            f"{' and '.join(present)}"
        )
    if not present:
        return
    if inputs.view_latents is not None and config.has_image_tokens:
        channels, height, width = inputs.view_latents.shape[2:]
        check_latent_size(config, channels, height, width, "view_latents")
    for name in ("geometry_patches", "geometry_camera"):
        value = given[name][0]
        if given[name][1] and value is not None and value.shape[2] != config.geometry_dim:
            raise InputError(
                f"{name}: expected features of {config.geometry_dim} channels, got {value.shape[2]}; "
                "the geometry encoder belongs to another model"
            )
    cameras = inputs.view_cameras
    if cameras is not None:
        _check_perspective(cameras, "view_cameras", inputs.batch_size, inputs.view_count)
    elif inputs.view_posed is not None:
        raise InputError("view_posed: needs view_cameras beside it")


def _check_cameras(inputs: CineSceneInputs, config: TransformerConfig, latent_frames: int) -> None:
    if inputs.cameras is None or config.camera == "none":
        return
    frames = 1 + (latent_frames - 1) * config.frames_per_latent
    _check_perspective(inputs.cameras, "cameras", inputs.batch_size, frames)
    if config.camera == "extrinsics" and config.extrinsics_reference == "start_view":
        posed = inputs.view_posed
        if inputs.view_cameras is None or (posed is not None and not posed[:, 0].all()):
            raise InputError(
                "cameras: a model with extrinsics_reference='start_view' needs the pose of the first scene view"
            )


def _check_perspective(cameras: Cameras, name: str, batch: int, count: int) -> None:
    if cameras.projection != "perspective":
        raise InputError(f"{name}: expected perspective cameras, got {cameras.projection} ones; cut views from them")
    if tuple(cameras.batch_shape) != (batch, count):
        raise InputError(f"{name}: expected cameras of shape ({batch}, {count}), got {tuple(cameras.batch_shape)}")


def _check_previz(inputs: CineSceneInputs, config: TransformerConfig, noisy: Tensor) -> None:
    if inputs.previz_latents is None:
        return
    if not config.previz:
        raise InputError("previz_latents: this model was built without a previz input (previz=False)")
    if inputs.previz_mask is None:
        raise InputError("previz_mask: a previz needs its mask of what was photographed")
    if inputs.previz_latents.shape != noisy.shape:
        raise InputError(
            f"previz_latents: expected the shape of the noisy latents {tuple(noisy.shape)}, got "
            f"{tuple(inputs.previz_latents.shape)}"
        )
    if inputs.previz_staged is not None and not config.stand_ins:
        raise InputError("previz_staged: this model was built without stand-ins (stand_ins=False)")
