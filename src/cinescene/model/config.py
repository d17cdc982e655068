"""What a CineScene transformer is made of: Wan's own settings, and ours beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from cinescene.errors import CheckpointError, InputError

FORMAT_VERSION = 1
"""Version of the saved configuration; raised when an older reader would misunderstand it."""

SceneTokens = Literal["none", "image", "geometry", "both", "geometry_patch_only", "geometry_camera_only"]
CameraInput = Literal["none", "extrinsics", "prope"]
ContextAttention = Literal["joint", "cached"]
ExtrinsicsReference = Literal["first_frame", "start_view"]


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """The settings of a Wan transformer, by the names of its published ``transformer/config.json``.

    The defaults are those of Wan 2.1 T2V 1.3B. Only text-to-video backbones fit: latents go in and come out with the
    same number of channels, and there is no image embedder.
    """

    patch_size: tuple[int, int, int] = (1, 2, 2)
    num_attention_heads: int = 12
    attention_head_dim: int = 128
    in_channels: int = 16
    out_channels: int = 16
    text_dim: int = 4096
    freq_dim: int = 256
    ffn_dim: int = 8960
    num_layers: int = 30
    cross_attn_norm: bool = True
    qk_norm: str = "rms_norm_across_heads"
    eps: float = 1e-6
    rope_max_seq_len: int = 1024

    def __post_init__(self) -> None:
        if len(self.patch_size) != 3 or self.patch_size[0] != 1:
            raise InputError(f"patch_size: expected (1, height, width), got {self.patch_size}")
        if self.in_channels != self.out_channels:
            raise InputError(
                f"backbone: expected as many latent channels in as out, got {self.in_channels} in and "
                f"{self.out_channels} out; this is an image-to-video checkpoint, use its text-to-video sibling"
            )
        if self.attention_head_dim % 2 or self.attention_head_dim < 6:
            raise InputError(f"attention_head_dim: expected an even number from 6 up, got {self.attention_head_dim}")
        for name in ("num_attention_heads", "in_channels", "text_dim", "freq_dim", "ffn_dim", "num_layers"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected at least 1, got {getattr(self, name)}")

    @property
    def dim(self) -> int:
        """Width of a token."""
        return self.num_attention_heads * self.attention_head_dim

    def diffusers_arguments(self) -> dict[str, Any]:
        """The arguments of ``diffusers.WanTransformer3DModel`` that build this backbone."""
        return dataclasses.asdict(self)

    @classmethod
    def from_diffusers(cls, config: Mapping[str, Any]) -> BackboneConfig:
        """Reads a published ``transformer/config.json``; raises `CheckpointError` for other architectures."""
        kind = config.get("_class_name", "nothing")
        if kind != "WanTransformer3DModel":
            raise CheckpointError(f"backbone: expected a WanTransformer3DModel configuration, got {kind}")
        image_inputs = [k for k in ("image_dim", "added_kv_proj_dim", "pos_embed_seq_len") if config.get(k) is not None]
        if image_inputs:
            raise CheckpointError(
                f"backbone: this is an image-to-video checkpoint ({', '.join(image_inputs)} set); "
                "use its text-to-video sibling"
            )
        names = {f.name for f in dataclasses.fields(cls)}
        # Settings that diffusers leaves out have diffusers' own defaults, which are those of Wan 2.1 14B.
        settings = {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40} | dict(config)
        try:
            return cls(**{k: _tuples(v) for k, v in settings.items() if k in names and v is not None})
        except (TypeError, InputError) as error:
            raise CheckpointError(f"backbone: this configuration cannot be used: {error}") from error


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """A CineScene transformer: a Wan backbone and the ways in which scene, camera and previz enter it.

    ``scene_tokens``
        Which tokens of the scene views join the sequence: ``image`` (I: views through the video autoencoder),
        ``geometry`` (F = F_i + F_c: VGGT's patch tokens plus the view's camera token), ``both`` (I and F, the paper's),
        ``geometry_patch_only`` and ``geometry_camera_only`` (I and F_i, I and F_c: the paper's ablations), or ``none``.
    ``context_attention``
        ``joint``: scene and video tokens attend to each other (paper). ``cached``: scene tokens attend to scene tokens
        only, so that their keys and values are computed once a scene.
    ``camera``
        ``extrinsics``: relative 3×4 matrices of the target path, added to the video tokens (paper). ``prope``: a
        projective attention branch that knows the intrinsics and the poses of the views.
    ``extrinsics_reference``
        What ``extrinsics`` are relative to: the shot's first frame (paper), or the first view of the scene, which
        tells the model where a shot with a free start pose begins.
    ``start_view_first``
        The first view is the shot's start view and is told apart from the others (paper). Otherwise views are a set.
    ``previz``
        Whether the frames of a previz and their mask can be given.
    ``previz_prior``
        Whether the output is an addition to what the previz alone says of the velocity (`PrevizPrior`).
    ``stand_ins``
        Whether a previz can show stand-in actors, with a mask of where they are.
    ``geometry_dim``
        Channels of the VGGT features.
    ``projective_dim``, ``projective_heads``
        Width and heads of the ``prope`` branch; a head's channels are a multiple of 8.
    ``frames_per_latent``
        Frames that a latent frame after the first stands for (the autoencoder's temporal factor).
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    scene_tokens: SceneTokens = "both"
    context_attention: ContextAttention = "cached"
    camera: CameraInput = "prope"
    extrinsics_reference: ExtrinsicsReference = "first_frame"
    start_view_first: bool = False
    previz: bool = True
    previz_prior: bool = False
    stand_ins: bool = False
    geometry_dim: int = 2048
    projective_dim: int = 768
    projective_heads: int = 12
    frames_per_latent: int = 4

    def __post_init__(self) -> None:
        for name, choices in (
            ("scene_tokens", SceneTokens),
            ("context_attention", ContextAttention),
            ("camera", CameraInput),
            ("extrinsics_reference", ExtrinsicsReference),
        ):
            if getattr(self, name) not in get_args(choices):
                raise InputError(f"{name}: expected one of {', '.join(get_args(choices))}; got {getattr(self, name)!r}")
        if self.projective_heads < 1 or self.projective_dim % (8 * self.projective_heads):
            raise InputError(
                f"projective_dim: expected a multiple of 8 × {self.projective_heads} heads, got {self.projective_dim}"
            )
        if self.previz_prior and not self.previz:
            raise InputError("previz_prior: needs previz=True")
        if self.stand_ins and not self.previz:
            raise InputError("stand_ins: needs previz=True")
        for name in ("geometry_dim", "frames_per_latent"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected at least 1, got {getattr(self, name)}")

    @property
    def dim(self) -> int:
        return self.backbone.dim

    @property
    def has_image_tokens(self) -> bool:
        return self.scene_tokens not in ("none", "geometry")

    @property
    def has_geometry_tokens(self) -> bool:
        return self.scene_tokens not in ("none", "image")

    @property
    def needs_patch_features(self) -> bool:
        """Whether VGGT's patch tokens F_i enter."""
        return self.scene_tokens in ("geometry", "both", "geometry_patch_only")

    @property
    def needs_camera_features(self) -> bool:
        """Whether VGGT's camera tokens F_c enter."""
        return self.scene_tokens in ("geometry", "both", "geometry_camera_only")

    def latent_frames(self, frames: int) -> int:
        """Latent frames of a clip: one for its first frame, then one for every ``frames_per_latent`` frames."""
        if frames < 1 or (frames - 1) % self.frames_per_latent:
            below = max(1, (frames - 1) // self.frames_per_latent * self.frames_per_latent + 1)
            raise InputError(
                f"frames: expected 1 more than a multiple of {self.frames_per_latent}, got {frames}; "
                f"nearest: {below} or {below + self.frames_per_latent}"
            )
        return 1 + (frames - 1) // self.frames_per_latent

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, with the format's version."""
        return {"_class_name": "CineSceneTransformer", "format_version": FORMAT_VERSION} | dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TransformerConfig:
        """The reverse of `to_dict`; raises `CheckpointError` for another kind, version or unknown setting."""
        settings = dict(values)
        kind, version = settings.pop("_class_name", "nothing"), settings.pop("format_version", None)
        if kind != "CineSceneTransformer":
            raise CheckpointError(f"transformer: expected a CineSceneTransformer configuration, got {kind}")
        if version != FORMAT_VERSION:
            raise CheckpointError(
                f"transformer: expected configuration format {FORMAT_VERSION}, got {version}; "
                "use the version of cinescene that wrote it, or a newer one"
            )
        try:
            backbone = BackboneConfig(**{k: _tuples(v) for k, v in settings.pop("backbone", {}).items()})
            return cls(backbone=backbone, **settings)
        except (TypeError, AttributeError, InputError) as error:
            raise CheckpointError(f"transformer: this configuration cannot be used: {error}") from error


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they were."""
    return tuple(value) if isinstance(value, list) else value
