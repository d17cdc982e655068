"""From a recipe and folders of data to a stage that can be trained."""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cinescene.data.dataset import DatasetConfig
from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts, load_autoencoder, load_backbone, load_parts
from cinescene.presets import NANO_FOLDER, PRESETS, random_nano
from cinescene.scene.relief import load_relief_net
from cinescene.scene.vggt import TensorCache, load_vggt
from cinescene.scene.view_layout import ViewLayout
from cinescene.training.encoded import EncodedClips, Encoders
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.recipe import Recipe
from cinescene.training.relief import ReliefStage
from cinescene.training.stage import Stage
from cinescene.training.vae import VaeStage
from cinescene.training.vggt import VggtStage
from cinescene.training.video import VideoStage

_log = logging.getLogger(__name__)

OnEncoded = Callable[[str, int, int], None]
"""Called with what is encoded, how much of it is done, and of how much."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a run's data and start weights are.

    ``train``, ``held_out``
        Data sets. Without held-out ones nothing is validated (``vae`` and ``vggt`` then validate on training data).
    ``start``
        Weights of the part that is trained; for transformers a model folder.
    ``backbone``
        A model folder, or ``nano``, from which a new transformer takes all but its scene and camera modules.
    ``vae``, ``vggt``, ``relief``
        Trained parts that take the place of the model's own.
    ``captions``, ``sensor_width_mm``
        For data without captions or exact lenses; see `DatasetConfig`.
    """

    train: tuple[Path, ...]
    held_out: tuple[Path, ...] = ()
    start: str | None = None
    backbone: str | None = None
    vae: Path | None = None
    vggt: str | None = None
    relief: Path | None = None
    captions: Path | None = None
    sensor_width_mm: float | None = 36.0


def build_stage(
    recipe: Recipe,
    sources: Sources,
    *,
    device: str = "cpu",
    cache: Path | None = None,
    on_encoded: OnEncoded | None = None,
) -> Stage:
    """The stage of a recipe, its data encoded where it learns from encoded clips.

    Encoders run on ``device``; what they make is kept below ``cache``. Raises `InputError`, `CheckpointError`.
    """
    if not sources.train:
        raise InputError(f"train {recipe.stage}: expected at least one data set (--data)")
    held_out = sources.held_out or sources.train
    if recipe.stage == "vae":
        start = Path(sources.start) if sources.start else None
        return VaeStage(sources.train, held_out, start=start, options=recipe.vae, seed=recipe.options.seed)
    if recipe.stage == "vggt":
        start = Path(sources.start) if sources.start else None
        return VggtStage(sources.train, held_out, start=start, options=recipe.vggt, seed=recipe.options.seed)
    if recipe.stage == "relief":
        start = Path(sources.start) if sources.start else None
        return ReliefStage(sources.train, held_out, start=start, options=recipe.relief, seed=recipe.options.seed)
    parts = model_parts(recipe, sources)
    parts.autoencoder.to(device)
    if parts.vggt is not None:
        parts.vggt.to(device)
    if device == "cpu":
        # PyTorch's fused attention is slow backwards in 16 bits on CPUs: 2× at a thousand tokens.
        parts.transformer.set_attention_backend("explicit")
    if recipe.options.compiled:
        if device == "cpu" and shutil.which(os.environ.get("CXX", "g++")) is None:
            _log.warning("blocks are not compiled: PyTorch needs a C++ compiler (g++, or $CXX) for that on a CPU")
        else:
            parts.transformer.compile_blocks()
    encoders = Encoders(autoencoder=parts.autoencoder, vggt=parts.vggt, relief=parts.relief)

    def encoded(roots: Sequence[Path], what: str, options: EncodingOptions) -> EncodedClips:
        store = TensorCache(kind="training", limit_bytes=None, **({} if cache is None else {"folder": cache}))
        clips = EncodedClips([dataset_config(recipe, sources, root) for root in roots], encoders, options, store)
        clips.prepare(None if on_encoded is None else lambda done: on_encoded(what, done, len(clips)))
        return clips

    as_they_are = dataclasses.replace(recipe.encoding, windows=1, mirrored=False)
    stage = VideoStage(
        recipe.stage,  # type: ignore[arg-type]
        parts,
        encoded(sources.train, "training clips", recipe.encoding),
        encoded(sources.held_out, "held-out clips", as_they_are) if sources.held_out else None,
        options=recipe.video,
        trainable=recipe.trainable,
        total_samples=recipe.options.steps * recipe.options.batch_size * recipe.options.accumulation,
        lora_rank=recipe.lora_rank,
    )
    if sources.start is None or recipe.video.measure_prior:
        stage.measure_prior()
    return stage


def model_parts(recipe: Recipe, sources: Sources) -> ModelParts:
    """The model that a transformer's training starts from, with the parts that the sources put in."""
    if sources.start is not None:
        parts = load_parts(sources.start, vggt=sources.vggt, **recipe.model_options)
    elif recipe.model == "nano":
        parts = _nano(recipe)
    else:
        preset = PRESETS.get(recipe.model)
        source = preset.source if preset is not None and preset.source else recipe.model
        parts = load_parts(source, vggt=sources.vggt, **recipe.model_options)
    if sources.backbone is not None:
        load_backbone(parts.transformer, NANO_FOLDER if sources.backbone == "nano" else sources.backbone)
    if sources.vae is not None:
        parts = dataclasses.replace(parts, autoencoder=load_autoencoder(sources.vae))
    if sources.vggt is not None:
        parts = dataclasses.replace(parts, vggt=load_vggt(sources.vggt, point_head=False))
    if sources.relief is not None:
        parts = dataclasses.replace(parts, relief=load_relief_net(sources.relief))
    parts.transformer.gradient_checkpointing = recipe.options.gradient_checkpointing
    for module in (parts.autoencoder, parts.vggt):
        if module is not None:
            module.requires_grad_(False)
    return parts


def _nano(recipe: Recipe) -> ModelParts:
    """A new nano transformer, with the shipped autoencoder and VGGT where there are any."""
    parts = random_nano(recipe.options.seed, **recipe.model_options)
    if (NANO_FOLDER / "model_index.json").is_file():
        shipped = load_parts(NANO_FOLDER, dtype=torch.float32)
        parts = dataclasses.replace(parts, autoencoder=shipped.autoencoder, vggt=shipped.vggt, relief=shipped.relief)
    return parts


def dataset_config(recipe: Recipe, sources: Sources, root: Path) -> DatasetConfig:
    """How a recipe reads a data set."""
    clips = recipe.clips
    return DatasetConfig(
        root=root,
        frames=clips.frames,
        width_px=clips.width_px,
        height_px=clips.height_px,
        layout=ViewLayout.ring(clips.views).with_size(clips.view_width_px, clips.view_height_px),
        captions=sources.captions,
        sensor_width_mm=sources.sensor_width_mm,
        seed=recipe.options.seed,
    )
