"""The models that CineScene knows by name, and how nano is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cinescene.errors import InputError
from cinescene.model.defaults import ShotDefaults

if TYPE_CHECKING:
    from cinescene.model.checkpoints import ModelParts
    from cinescene.model.config import TransformerConfig


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A model by name.

    ``source``
        Its name on the hub; None for nano, whose weights come with the package.
    ``licence``
        Of the weights.
    ``parameters``
        Of the video transformer, as people say it.
    ``weights_gb``
        Of all parts in 16 bits, in GB: what must be in memory without offloading. Files in 32 bits are twice as large.
    ``shot``
        What it makes unless asked otherwise.
    """

    name: str
    about: str
    source: str | None
    licence: str
    parameters: str
    weights_gb: float
    shot: ShotDefaults = field(default_factory=ShotDefaults)


NANO = Preset(
    name="nano",
    about="made here; runs on a laptop's CPU",
    source=None,
    licence="Apache-2.0",
    parameters="8 M",
    weights_gb=0.1,
    shot=ShotDefaults(
        width_px=160,
        height_px=96,
        frames=17,
        frame_rate=8.0,
        view_width_px=96,
        view_height_px=96,
        steps=2,
        text_guidance=1.0,
        noise_scale=0.3,
        detail=0.1,
        enlarge=4,
        relief_doubt=0.05,
    ),
)

NANO_LATENT_CHANNELS = 32

NANO_SHIFT = 3.0
"""Time shift of nano's training and sampling."""

WAN_2_1_1_3B = Preset(
    name="wan2.1-1.3b",
    about="Wan 2.1 text-to-video, small",
    source="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
    licence="Apache-2.0",
    parameters="1.4 B",
    weights_gb=14.5,
    shot=ShotDefaults(
        width_px=672,
        height_px=384,
        frames=77,
        frame_rate=15.0,
        view_width_px=672,
        view_height_px=384,
        steps=50,
        text_guidance=5.0,
    ),
)

WAN_2_2_5B = Preset(
    name="wan2.2-5b",
    about="Wan 2.2 text- and image-to-video with the 16× autoencoder",
    source="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    licence="Apache-2.0",
    parameters="5 B",
    weights_gb=22.8,
    shot=ShotDefaults(
        width_px=1280,
        height_px=704,
        frames=121,
        frame_rate=24.0,
        view_width_px=1280,
        view_height_px=704,
        steps=50,
        text_guidance=5.0,
    ),
)

WAN_2_1_14B = Preset(
    name="wan2.1-14b",
    about="Wan 2.1 text-to-video, large",
    source="Wan-AI/Wan2.1-T2V-14B-Diffusers",
    licence="Apache-2.0",
    parameters="14 B",
    weights_gb=40.2,
    shot=ShotDefaults(
        width_px=832,
        height_px=480,
        frames=81,
        frame_rate=16.0,
        view_width_px=832,
        view_height_px=480,
        steps=50,
        text_guidance=5.0,
    ),
)

WAN_2_2_14B = Preset(
    name="wan2.2-14b",
    about="Wan 2.2 text-to-video: two 14 B experts, one for high and one for low noise",
    source="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
    licence="Apache-2.0",
    parameters="2 × 14 B",
    weights_gb=68.8,
    shot=ShotDefaults(
        width_px=832,
        height_px=480,
        frames=81,
        frame_rate=16.0,
        view_width_px=832,
        view_height_px=480,
        steps=40,
        text_guidance=4.0,
    ),
)

NANO_FOLDER = Path(__file__).parent / "assets" / "nano"
"""Where the package keeps nano's weights."""

PRESETS = {p.name: p for p in (NANO, WAN_2_1_1_3B, WAN_2_2_5B, WAN_2_1_14B, WAN_2_2_14B)}

Size = Literal["nano", "wan2.1-1.3b", "wan2.2-5b", "wan2.1-14b", "wan2.2-14b"]


def preset(name: str) -> Preset:
    """The preset of a name; raises `InputError` that lists them."""
    if name not in PRESETS:
        raise InputError(f"model: expected one of {', '.join(PRESETS)}, or a folder; got {name!r}")
    return PRESETS[name]


def nano_autoencoder_config() -> dict[str, Any]:
    """`PatchAutoencoder` with 32 channels: time ×4, space ×8.

    Wan's own architecture at this size (2.7 M parameters, folded 2×2) was still a blur after half an hour of training
    on two cores, worse than the principal components that this one starts from: its up-sampling repeats cells, which
    leaves detail within a cell to layers that have to learn where in it they are.
    """
    return {"_class_name": "PatchAutoencoder", "z_dim": NANO_LATENT_CHANNELS}


def nano_transformer_config(**options: Any) -> TransformerConfig:
    """The nano transformer (8 M parameters); ``options`` are fields of `TransformerConfig`, for ablations."""
    from cinescene.model.config import BackboneConfig, TransformerConfig
    from cinescene.scene.vggt import VggtConfig

    backbone = BackboneConfig(
        num_attention_heads=4,
        attention_head_dim=64,
        in_channels=NANO_LATENT_CHANNELS,
        out_channels=NANO_LATENT_CHANNELS,
        text_dim=384,
        freq_dim=256,
        ffn_dim=1024,
        num_layers=6,
        rope_max_seq_len=256,
    )
    settings = {
        "geometry_dim": 2 * VggtConfig.nano().width,
        "projective_dim": 128,
        "projective_heads": 4,
        "previz_prior": True,
        "stand_ins": True,
    }
    return TransformerConfig(backbone=backbone, **(settings | options))


def nano_scheduler() -> Any:
    """UniPC for flow matching, with nano's time shift."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=NANO_SHIFT)


def nano_parts(dtype: Any = None) -> ModelParts:
    """The nano model with the weights that come with the package; random ones, marked as untrained, where none do.

    ``dtype`` is a ``torch.dtype`` for the transformer (32 bits by default).
    """
    import torch

    from cinescene.model.checkpoints import load_parts

    dtype = dtype or torch.float32
    if (NANO_FOLDER / "model_index.json").is_file():
        return load_parts(NANO_FOLDER, dtype=dtype)
    parts = random_nano()
    parts.transformer.to(dtype)
    return parts


def random_nano(seed: int = 0, **options: Any) -> ModelParts:
    """A whole nano model with random weights from a seed: what training starts from. ``options`` as above."""
    import torch

    from cinescene.model.autoencoder import Autoencoder
    from cinescene.model.checkpoints import ModelParts
    from cinescene.model.text_encoder import TextEncoder
    from cinescene.model.transformer import CineSceneTransformer
    from cinescene.scene.vggt import Vggt, VggtConfig

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vggt = Vggt(VggtConfig.nano()).eval()
    return ModelParts(
        transformer=CineSceneTransformer.from_seed(nano_transformer_config(**options), seed).eval(),
        autoencoder=Autoencoder.from_config(nano_autoencoder_config(), seed),
        text_encoder=TextEncoder.minilm(),
        scheduler=nano_scheduler(),
        vggt=vggt,
        defaults=NANO.shot,
        untrained=True,
    )
