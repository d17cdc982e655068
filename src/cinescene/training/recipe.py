"""`Recipe`: everything that decides a training run besides its data, as a JSON file or by the name of a preset."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.files import readable_file
from cinescene.model.trainable import TrainableGroup
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.options import TrainOptions
from cinescene.training.relief import ReliefOptions
from cinescene.training.vae import VaeOptions
from cinescene.training.vggt import VggtOptions
from cinescene.training.video_options import VideoOptions

STAGES = ("vae", "vggt", "relief", "t2v", "scene", "finetune")


@dataclass(frozen=True, kw_only=True)
class ClipShape:
    """Frames, size and scene views of the clips that a transformer learns from.

    ``views`` are cut from the panorama in a ring of ``views`` pictures of 90°.
    """

    frames: int = 77
    width_px: int = 672
    height_px: int = 384
    views: int = 20
    view_width_px: int = 672
    view_height_px: int = 384


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A stage and its settings.

    ``model``
        What a transformer's training starts from: a preset, a folder or a hub name.
    ``model_options``
        Fields of `TransformerConfig` for models whose new modules are made here (Wan's, and nano's own).
    ``trainable``, ``lora_rank``
        Which parameters of a transformer learn.
    """

    stage: str
    model: str = "nano"
    model_options: dict[str, Any] = field(default_factory=dict)
    trainable: TrainableGroup = "all"
    lora_rank: int = 32
    clips: ClipShape = field(default_factory=ClipShape)
    encoding: EncodingOptions = field(default_factory=EncodingOptions)
    options: TrainOptions = field(default_factory=TrainOptions)
    vae: VaeOptions = field(default_factory=VaeOptions)
    vggt: VggtOptions = field(default_factory=VggtOptions)
    relief: ReliefOptions = field(default_factory=ReliefOptions)
    video: VideoOptions = field(default_factory=VideoOptions)

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise InputError(f"recipe: expected a stage of {', '.join(STAGES)}; got {self.stage!r}")

    def with_options(self, **changes: Any) -> Recipe:
        """With other engine settings; those that are None stay."""
        given = {name: value for name, value in changes.items() if value is not None}
        return dataclasses.replace(self, options=dataclasses.replace(self.options, **given))

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], source: str = "recipe") -> Recipe:
        """Raises `InputError` that names what is unknown or cannot be."""
        return _made(cls, values, source)


_NESTED: dict[str, type] = {
    "clips": ClipShape,
    "encoding": EncodingOptions,
    "options": TrainOptions,
    "vae": VaeOptions,
    "vggt": VggtOptions,
    "relief": ReliefOptions,
    "video": VideoOptions,
}


def _made(kind: Any, values: Mapping[str, Any], source: str) -> Any:
    known = {f.name for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(f"{source}: unknown {', '.join(unknown)}; expected some of {', '.join(sorted(known))}")
    settings = {}
    for name, value in values.items():
        nested = _NESTED.get(name) if kind is Recipe else None
        if nested is not None:
            if not isinstance(value, Mapping):
                raise InputError(f"{source}: {name}: expected an object, got {type(value).__name__}")
            settings[name] = _made(nested, value, f"{source}: {name}")
        else:
            settings[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**settings)
    except TypeError as error:
        raise InputError(f"{source}: {error}") from error


def read_recipe(source: str | Path) -> Recipe:
    """A recipe by the name of a preset (``nano-vae`` …) or from a JSON file."""
    if str(source) in presets():
        return presets()[str(source)]
    path = Path(source)
    if path.suffix != ".json":
        raise InputError(f"recipe: expected one of {', '.join(presets())}, or a .json file; got {source}")
    readable_file(path, "recipe")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: expected JSON ({error})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return Recipe.from_json(values, str(path))


def presets() -> dict[str, Recipe]:
    """nano's own training, stage by stage: what its weights were made with."""
    clips = ClipShape(frames=17, width_px=160, height_px=96, views=20, view_width_px=96, view_height_px=96)
    pictures = TrainOptions(
        steps=20_000, batch_size=4, learning_rate=5e-4, warmup_steps=50, ema_decay=0.995, decay_share=0.3, keep=2
    )
    geometry = TrainOptions(
        steps=20_000, batch_size=4, learning_rate=4e-4, warmup_steps=100, ema_decay=0.995, decay_share=0.3, keep=2
    )
    shapes = dataclasses.replace(
        pictures, steps=5_000, batch_size=16, learning_rate=2e-3, optimiser="muon", ema_decay=0.998
    )
    video = TrainOptions(
        steps=40_000,
        batch_size=8,
        learning_rate=1e-3,
        warmup_steps=50,
        ema_decay=0.998,
        decay_share=0.3,
        keep=2,
        optimiser="muon",
        compiled=True,
    )
    nano = VideoOptions(
        shift=8.0,
        robust=0.5,
        views=(1, 2),
        place_only=0.0,
        empty=0.15,
        drop_previz=0.05,
        drop_scene=0.03,
        subject_weight=2.0,
    )
    pieces = dataclasses.replace(nano, crop=(8, 12), empty=0.1, drop_scene=0.0, subject_weight=1.0)
    many = dataclasses.replace(video, batch_size=24, ema_decay=0.995, schedule="constant")
    hints = EncodingOptions(previz=("relief",), mirrored=True, stand_ins=True)
    tuning = dataclasses.replace(
        video, steps=500, learning_rate=2e-4, warmup_steps=20, checkpoint_every=100, optimiser="adamw", compiled=False
    )
    return {
        "nano-vae": Recipe(stage="vae", options=pictures, vae=VaeOptions(crop_px=96, divergence=0.0)),
        "nano-vggt": Recipe(stage="vggt", options=geometry),
        "nano-relief": Recipe(stage="relief", options=shapes),
        "nano-t2v": Recipe(stage="t2v", clips=clips, options=video),
        "nano-pieces": Recipe(stage="scene", clips=clips, encoding=hints, options=many, video=pieces),
        "nano-scene": Recipe(stage="scene", clips=clips, encoding=hints, options=video, video=nano),
        "nano-finetune": Recipe(
            stage="finetune",
            clips=clips,
            encoding=hints,
            options=tuning,
            trainable="lora",
            lora_rank=8,
            video=nano,
        ),
    }
