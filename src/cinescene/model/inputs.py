"""`CineSceneInputs`: everything the transformer is told besides the noisy latents. Training and sampling share it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import pad

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.model.config import TransformerConfig
from cinescene.tensor_types import Bool, Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class CineSceneInputs:
    """The conditions of a batch of shots. Only ``text`` is required; what is None is not given.

    Lengths of all cameras are in one unit per sample (metres where the scale is known); all cameras of a sample, of its
    views and of its path, are described in one world frame. Which world that is does not matter.

    ``text``, ``text_mask``
        Token embeddings of the prompt, and which of them are real (None: all, as Wan's zero-padded ones are).
    ``view_latents``
        The scene views through the video autoencoder, normalised like the video latents.
    ``geometry_patches``, ``geometry_camera``
        VGGT's features of the same views: patch tokens F_i on their grid, and the camera token F_c.
    ``view_known``
        False where a view is padding, or is dropped (None: all are there).
    ``view_cameras``, ``view_posed``
        Poses and lenses of the views, and which of them are known (None: all of ``view_cameras``).
    ``cameras``
        The target path: one perspective camera a frame, batch shape (b, frames); frames, not latent frames.
    ``previz_latents``, ``previz_mask``
        A previz along the path through the autoencoder, and the share of each latent cell that was photographed (the
        rest is guessed); see `cinescene.model.conditioning.encode_previz`.
    ``previz_staged``
        The share of each latent cell where the previz shows a stand-in actor, or is close to one (None: no actors).
    ``previz_known``
        False for samples whose previz is dropped (None: all have one).
    """

    text: Float[Tensor, "b n d"]
    text_mask: Bool[Tensor, "b n"] | None = None
    view_latents: Float[Tensor, "b v c h w"] | None = None
    geometry_patches: Float[Tensor, "b v k gh gw"] | None = None
    geometry_camera: Float[Tensor, "b v k"] | None = None
    view_known: Bool[Tensor, "b v"] | None = None
    view_cameras: Cameras | None = None
    view_posed: Bool[Tensor, "b v"] | None = None
    cameras: Cameras | None = None
    previz_latents: Float[Tensor, "b c t ph pw"] | None = None
    previz_mask: Float[Tensor, "b 1 t ph pw"] | None = None
    previz_staged: Float[Tensor, "b 1 t ph pw"] | None = None
    previz_known: Bool[Tensor, " b"] | None = None

    @property
    def batch_size(self) -> int:
        return self.text.shape[0]

    @property
    def view_count(self) -> int:
        """Views a sample holds, padding included; 0 without a scene."""
        given = [x for x in (self.view_latents, self.geometry_patches, self.geometry_camera) if x is not None]
        return given[0].shape[1] if given else 0

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> CineSceneInputs:
        """Moves everything; ``dtype`` applies to embeddings and latents. Masks stay bool and cameras keep theirs."""

        def moved(value: Any) -> Any:
            if isinstance(value, Cameras):
                return value.to(device=device)
            if isinstance(value, Tensor):
                return value.to(device=device, dtype=dtype if value.is_floating_point() else None)
            return value

        return dataclasses.replace(self, **{k: moved(v) for k, v in _fields(self).items()})

    def __getitem__(self, samples: slice) -> CineSceneInputs:
        """Some samples of the batch."""
        return dataclasses.replace(self, **{k: v[samples] for k, v in _fields(self).items() if v is not None})

    @staticmethod
    def cat(batches: list[CineSceneInputs]) -> CineSceneInputs:
        """Joins batches that hold the same kinds of conditions in the same shapes (texts may differ in length)."""
        lengths = [batch.text.shape[1] for batch in batches]
        masked = len(set(lengths)) > 1 or any(batch.text_mask is not None for batch in batches)
        columns = [_fields(_with_text_length(batch, max(lengths), masked)) for batch in batches]
        return CineSceneInputs(**{k: _cat(k, [column[k] for column in columns]) for k in columns[0]})

    def with_text(self, text: Float[Tensor, "b n d"], text_mask: Bool[Tensor, "b n"] | None = None) -> CineSceneInputs:
        """The same shot with other words (an empty or negative prompt, for guidance)."""
        return dataclasses.replace(self, text=text, text_mask=text_mask)

    def without_scene(self) -> CineSceneInputs:
        """Without anything that shows the place: no views, no features, no previz. Text and cameras stay."""
        return self.without_views().without_previz()

    def without_views(self) -> CineSceneInputs:
        """Without the pictures and features of the views. Where they were taken from stays, and so does the previz."""
        return _without(self, _SCENE_FIELDS[:3])

    def without_previz(self) -> CineSceneInputs:
        return _without(self, _PREVIZ_FIELDS)

    def with_scene_masks(self, visible: bool) -> CineSceneInputs:
        """With ``view_known`` and ``previz_known`` written out: as they are, or all False.

        Hiding is like `without_scene`, but keeps all shapes, so that such batches can be joined with others.
        """
        device, masks = self.text.device, {}
        if self.view_count:
            known = torch.ones(self.batch_size, self.view_count, dtype=torch.bool, device=device)
            masks["view_known"] = (known if self.view_known is None else self.view_known) & visible
        if self.previz_latents is not None:
            known = torch.ones(self.batch_size, dtype=torch.bool, device=device)
            masks["previz_known"] = (known if self.previz_known is None else self.previz_known) & visible
        return CineSceneInputs(**(_fields(self) | masks))

    def permuted_views(self, order: Tensor) -> CineSceneInputs:
        """The same views, features and cameras in another order."""
        chosen = {k: v[:, order] for k, v in _fields(self).items() if k in _SCENE_FIELDS and v is not None}
        return dataclasses.replace(self, **chosen)

    def check(self, config: TransformerConfig, noisy: Float[Tensor, "b c t h w"]) -> None:
        """Raises `InputError`, naming the field, where these inputs do not fit a model and its noisy latents."""
        from cinescene.model.input_checks import check_inputs

        check_inputs(self, config, noisy)

    @classmethod
    def fake(
        cls,
        config: TransformerConfig,
        generator: torch.Generator,
        *,
        batch_size: int = 2,
        views: int = 3,
        latent_frames: int = 3,
        latent_size: tuple[int, int] = (4, 6),
    ) -> CineSceneInputs:
        """Random inputs of the shapes that a model takes: every condition its configuration knows is there."""
        channels, (height, width) = config.backbone.in_channels, latent_size
        frames = 1 + (latent_frames - 1) * config.frames_per_latent

        def normal(*shape: int) -> Tensor:
            return torch.randn(batch_size, *shape, generator=generator)

        def cameras(count: int) -> Cameras:
            yaw = torch.rand(batch_size * count, generator=generator) * 2 - 1
            rotation = torch.stack([level_rotation(float(angle)) for angle in yaw]).float()
            matrix = rigid(rotation.reshape(batch_size, count, 3, 3), normal(count, 3))
            focal = width * 8 * (0.5 + torch.rand(batch_size, count, generator=generator))
            return Cameras.from_focal_px(matrix, focal, width * 8, height * 8)

        scene = config.scene_tokens != "none"
        return cls(
            text=normal(5, config.backbone.text_dim),
            view_latents=normal(views, channels, height, width) if config.has_image_tokens else None,
            geometry_patches=normal(views, config.geometry_dim, 3, 4) if config.needs_patch_features else None,
            geometry_camera=normal(views, config.geometry_dim) if config.needs_camera_features else None,
            view_cameras=cameras(views) if scene else None,
            cameras=cameras(frames) if config.camera != "none" else None,
            previz_latents=normal(channels, latent_frames, height, width) if config.previz else None,
            previz_mask=normal(1, latent_frames, height, width).sigmoid() if config.previz else None,
            previz_staged=normal(1, latent_frames, height, width).sigmoid() if config.stand_ins else None,
        )


_SCENE_FIELDS = (
    "view_latents",
    "geometry_patches",
    "geometry_camera",
    "view_known",
    "view_cameras",
    "view_posed",
)
_PREVIZ_FIELDS = ("previz_latents", "previz_mask", "previz_staged", "previz_known")


def _fields(inputs: CineSceneInputs) -> dict[str, Any]:
    return {f.name: getattr(inputs, f.name) for f in dataclasses.fields(inputs)}


def _without(inputs: CineSceneInputs, names: tuple[str, ...]) -> CineSceneInputs:
    return CineSceneInputs(**{k: v for k, v in _fields(inputs).items() if k not in names})


def _with_text_length(inputs: CineSceneInputs, length: int, masked: bool) -> CineSceneInputs:
    missing, mask = length - inputs.text.shape[1], inputs.text_mask
    if mask is None and (masked or missing):
        mask = torch.ones(inputs.text.shape[:2], dtype=torch.bool, device=inputs.text.device)
    if mask is not None:
        mask = pad(mask, (0, missing))
    return dataclasses.replace(inputs, text=pad(inputs.text, (0, 0, 0, missing)), text_mask=mask)


def _cat(name: str, values: list[Any]) -> Any:
    present = [value for value in values if value is not None]
    if not present:
        return None
    if len(present) < len(values):
        raise InputError(f"cat: expected {name} in all batches or in none")
    if isinstance(present[0], Cameras):
        return Cameras.cat(present)
    if len({value.shape[1:] for value in present}) != 1:
        raise InputError(f"cat: expected {name} of one shape, got {[tuple(value.shape) for value in present]}")
    return torch.cat(present)
