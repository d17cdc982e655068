"""Stages ``t2v``, ``scene`` and ``finetune``: the video transformer, by flow matching on encoded clips.

``t2v`` sees text alone. ``scene`` is CineScene training: scene views, camera path and previz; first the clips without
their subject, then both; views in a random order and number; text, scene, previz and camera dropped out at times, so
that guidance and partial input work. ``finetune`` is ``scene`` on a user's own clips with low-rank additions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from cinescene.data.sample import shuffled_order
from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts, save_parts
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.trainable import TrainableGroup, merge_lora, set_trainable
from cinescene.model.transformer import CineSceneTransformer
from cinescene.sampling import Networks, sample
from cinescene.shot_settings import ShotSettings
from cinescene.tensor_types import Bool, Float, Tensor
from cinescene.training.contact import save_rows
from cinescene.training.depth_loss import DepthProbe
from cinescene.training.encoded import CLIP_TENSORS, EncodedClip, EncodedClips
from cinescene.training.flow import flow_loss, noisy, shifted
from cinescene.training.stage import sample_generator

EMPTY_PLACE = ("", "", "an empty place", "nobody", "no people", "an empty scene without people")
"""Prompts of clips without a subject. The empty one too: without guidance's prompt a place is empty."""

MEDIAN_OF_NORMAL = 0.6745
"""Of the absolute value of a standard normal number."""

CROPS_AROUND_SUBJECTS = 0.8
"""Share of crops that are placed around a cell that the subject changes."""

Kind = Literal["t2v", "scene", "finetune"]
Window = tuple[int, int, int, int]
"""Top, left, rows and columns of latent cells."""


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """How clips become training samples.

    ``shift``
        Time shift of the noise levels.
    ``views``
        Fewest and most scene views a sample; how many is drawn anew each time.
    ``start_view_first``
        The view nearest the start of the shot comes first and stays there, the others are shuffled (paper). Otherwise
        all are shuffled, and none need look where the shot begins.
    ``shuffle_views``
        Whether views come in a random order; otherwise in that of the layout (the paper's ablation).
    ``place_only``
        Share of the run at its beginning in which all clips are without their subject (the curriculum).
    ``empty``
        Share of samples without their subject after that.
    ``drop_text``, ``drop_scene``, ``drop_views``, ``drop_previz``, ``drop_camera``
        Shares of samples that lose the text; views and previz; views alone; previz alone; the camera path.
    ``drop_stand_ins``
        Share of samples with a subject whose previz shows no stand-in for it.
    ``crop``
        Rows and columns of the latent cells that samples are cut to, most of them around a cell that the subject
        changes; scene views are left out then. Small pieces teach what subjects look like several times faster than
        whole pictures, which have to follow.
    ``measure_prior``
        Whether a model that training goes on from has its prior measured anew, as another kind of previz wants it.
    ``robust``
        Error in latent units beyond which the loss grows with it and no longer with its square; 0: never.
    ``background_weight``
        How much more than 1 the cells count that the subject leaves alone; 0 is the plain loss.
    ``subject_weight``
        How much more than 1 the cells count that the subject changes; 0 is the plain loss.
    ``depth_weight``
        Of the depth that geometry tokens must tell (`cinescene.training.depth_loss`), for data with exact distances.
    """

    shift: float = 3.0
    views: tuple[int, int] = (4, 8)
    start_view_first: bool = False
    shuffle_views: bool = True
    place_only: float = 0.2
    empty: float = 0.25
    drop_text: float = 0.1
    drop_scene: float = 0.08
    drop_views: float = 0.1
    drop_previz: float = 0.12
    drop_camera: float = 0.03
    drop_stand_ins: float = 0.15
    crop: tuple[int, int] | None = None
    measure_prior: bool = False
    robust: float = 0.0
    background_weight: float = 0.0
    subject_weight: float = 0.0
    depth_weight: float = 0.0

    def __post_init__(self) -> None:
        low, high = self.views
        if not 1 <= low <= high:
            raise InputError(f"views: expected two numbers, at least 1 and rising, got {low} and {high}")
        for field in dataclasses.fields(self):
            if field.name.startswith("drop_") or field.name in ("place_only", "empty"):
                value = getattr(self, field.name)
                if not 0 <= value <= 1:
                    raise InputError(f"{field.name}: expected 0 to 1, got {value}")


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoBatch:
    """``weight`` of the loss a cell, and ``view_log_depth`` (`EncodedClip`) of the views that are known, or None."""

    inputs: CineSceneInputs
    data: Float[Tensor, "b c t h w"]
    noise: Float[Tensor, "b c t h w"]
    time: Float[Tensor, " b"]
    weight: Float[Tensor, "b 1 t h w"] | None
    view_log_depth: Float[Tensor, "b v vh vw"] | None = None


class VideoObjective(nn.Module):
    """The flow-matching loss of a batch."""

    def __init__(self, transformer: CineSceneTransformer, robust: float = 0.0, depth_weight: float = 0.0) -> None:
        super().__init__()
        self.transformer, self.robust, self.depth_weight = transformer, robust, depth_weight
        self.depth_probe = None
        if depth_weight > 0:
            config = transformer.config
            if not config.has_geometry_tokens:
                raise InputError("depth_weight: this model has no geometry tokens (scene_tokens)")
            self.depth_probe = DepthProbe(config.dim, config.backbone.patch_size[1:])

    def forward(self, batch: VideoBatch) -> tuple[Tensor, dict[str, float]]:
        x = noisy(batch.data, batch.noise, batch.time)
        velocity = self.transformer(x, batch.time, batch.inputs)
        prior = self.transformer.previz_prior
        variance = None if prior is None else prior.noisy_variance(x, batch.time, batch.inputs)
        loss = flow_loss(velocity, batch.data, batch.noise, batch.weight, variance=variance, robust=self.robust)
        numbers = {"flow": float(flow_loss(velocity.detach(), batch.data, batch.noise))}
        scene = self.transformer.scene_embedding
        if self.depth_probe is not None and batch.view_log_depth is not None and scene is not None:
            depth = self.depth_probe(scene.geometry_tokens(batch.inputs), batch.view_log_depth)
            loss, numbers["depth"] = loss + self.depth_weight * depth, float(depth.detach())
        return loss, numbers


class VideoStage:
    """Trains the transformer of a model on encoded clips."""

    def __init__(
        self,
        kind: Kind,
        parts: ModelParts,
        train: EncodedClips,
        held_out: EncodedClips | None,
        *,
        options: VideoOptions | None = None,
        trainable: TrainableGroup = "all",
        total_samples: int = 0,
        lora_rank: int = 32,
    ) -> None:
        """``total_samples`` of the whole run, which the curriculum's shares refer to."""
        self.name, self.parts, self.train, self.held_out = kind, parts, train, held_out
        self.options = options or VideoOptions()
        self.total_samples = total_samples
        self.transformer = parts.transformer.train()
        self.lora = trainable == "lora"
        set_trainable(self.transformer, trainable, lora_rank=lora_rank)
        self.objective = VideoObjective(self.transformer, self.options.robust, self.options.depth_weight)
        self.facts: dict[str, Any] = {
            "transformer": self.transformer.config.to_dict(),
            "encoders": train.hashes,
            "trainable": trainable,
        }
        self._texts: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return len(self.train)

    def measure_prior(self, clips: int = 64) -> None:
        """Sets the prior from the data: how far clips without subject are from their previz, and spread."""
        prior = self.transformer.previz_prior
        if prior is None:
            return
        prior.set_correction(1.0)
        autoencoder = self.parts.autoencoder
        side = 4 * autoencoder.spatial_factor
        grey = torch.full((1, 1 + 2 * autoencoder.temporal_factor, 3, side, side), 0.5, device=autoencoder.device)
        with torch.no_grad():
            prior.set_grey(autoencoder.encode(grey)[0])
        near, spread, played = [], [], []
        for i in range(min(clips, len(self.train))):
            clip = self.train[i * len(self.train) // min(clips, len(self.train))]
            trusted = clip.previz_masks[0, 0] > 0.95
            near.append((clip.without_subject - clip.previz[0])[:, trusted])
            spread.append(clip.without_subject.flatten(1))
            played.append((clip.with_subject - clip.acted[0])[:, clip.staged[0, 0] > 0.8])
        apart = torch.cat(near, dim=1)
        everything = torch.cat(spread, dim=1)
        if apart.shape[1] > 100:
            prior.set_deviations(_typical(apart), _typical(everything))
        differing = torch.cat(played, dim=1)
        if self.transformer.config.stand_ins and differing.shape[1] > 100:
            prior.set_staged(_typical(differing))

    # ---- samples ----------------------------------------------------------------------------------------------------

    def sample(self, index: int, position: int, generator: torch.Generator) -> VideoBatch:
        """A training clip as a batch of one, with its noise and time, and what is left of its conditions."""
        return self._sample(self.train[index], position, generator)

    def _sample(self, clip: EncodedClip, position: int, generator: torch.Generator) -> VideoBatch:
        options = self.options
        draw = _Draws(generator)
        if options.crop is not None:
            clip = _cropped(clip, self._crop_window(clip, options.crop, draw), self.parts.autoencoder.spatial_factor)
        place_only = self.name != "t2v" and position < options.place_only * self.total_samples
        empty = place_only or draw.happens(options.empty)
        caption = EMPTY_PLACE[draw.below(len(EMPTY_PLACE))] if empty else clip.caption
        if draw.happens(options.drop_text):
            caption = ""
        acted = not empty and not draw.happens(options.drop_stand_ins)
        inputs, view_log_depth = self._conditions(clip, caption, acted, draw)
        data = (clip.without_subject if empty else clip.with_subject)[None]
        noise = torch.randn(data.shape, generator=generator)
        time = shifted(torch.rand(1, generator=generator), options.shift)
        return VideoBatch(
            inputs=inputs,
            data=data,
            noise=noise,
            time=time,
            weight=self._weight(clip, empty),
            view_log_depth=view_log_depth,
        )

    def _weight(self, clip: EncodedClip, empty: bool) -> Tensor | None:
        options = self.options
        if not options.background_weight and not options.subject_weight:
            return None
        affected = torch.zeros_like(clip.affected) if empty else clip.affected
        weight = 1 + options.background_weight * (1 - affected) + options.subject_weight * affected
        return (weight / weight.mean())[None]

    def _conditions(
        self, clip: EncodedClip, caption: str, acted: bool, draw: _Draws
    ) -> tuple[CineSceneInputs, Float[Tensor, "1 v vh vw"] | None]:
        """What the model is told, and the log depth of the views where it is to be supervised."""
        text = self._text(caption)
        config = self.transformer.config
        if self.name == "t2v":
            return CineSceneInputs(text=text), None
        options = self.options
        scene_gone = draw.happens(options.drop_scene)
        views_gone = scene_gone or draw.happens(options.drop_views)
        previz_gone = scene_gone or draw.happens(options.drop_previz)
        camera_gone = draw.happens(options.drop_camera)
        low, high = options.views
        chosen = _chosen_views(clip, low + draw.below(high - low + 1), options, draw.generator)
        kind = draw.below(len(clip.previz))
        known = torch.zeros(1, high, dtype=torch.bool)
        known[0, : len(chosen)] = not views_gone
        padded = torch.cat([chosen, chosen[:1].expand(high - len(chosen))])
        inputs = conditions(clip, text, self.transformer, views=padded, previz=kind, acted=acted)
        inputs = dataclasses.replace(
            inputs,
            view_known=known if inputs.view_count else None,
            previz_known=None if inputs.previz_latents is None else torch.tensor([not previz_gone]),
        )
        if options.crop is not None:
            inputs = dataclasses.replace(inputs.without_views(), view_cameras=None)
        depth = None
        if self.options.depth_weight > 0 and inputs.view_count:
            if clip.view_log_depth is None:
                raise InputError(f"depth_weight: {clip.scene_id}: expected data with exact distances, found none")
            depth = torch.where(known[..., None, None], clip.view_log_depth[padded], torch.nan)
        if camera_gone and config.camera != "none" and inputs.cameras is not None:
            # A static camera is what no camera path is taken for.
            inputs = dataclasses.replace(inputs, cameras=_held(inputs.cameras))
        return inputs, depth

    def _crop_window(self, clip: EncodedClip, size: tuple[int, int], draw: _Draws) -> Window:
        """Top, left, rows and columns: around a cell that the subject changes, or anywhere."""
        grid = clip.affected.shape[-2:]
        patch = self.transformer.config.backbone.patch_size[1:]
        rows, columns = (min(wanted, have) for wanted, have in zip(size, grid, strict=True))
        cells = (clip.affected[0] > 0.5).nonzero()
        about = None
        if len(cells) and draw.happens(CROPS_AROUND_SUBJECTS):
            about = cells[draw.below(len(cells)), 1:].tolist()
        corner = []
        for axis, length in enumerate((rows, columns)):
            most = grid[axis] - length
            begin = draw.below(most + 1) if about is None else about[axis] - draw.below(length)
            corner.append(min(max(begin // patch[axis] * patch[axis], 0), most))
        return corner[0], corner[1], rows, columns

    def _text(self, caption: str) -> Float[Tensor, "1 n d"]:
        if caption not in self._texts:
            self._texts[caption] = self.parts.text_encoder.encode([caption]).embeddings.float().cpu()
        return self._texts[caption]

    def collate(self, samples: list[VideoBatch]) -> VideoBatch:
        weights = [s.weight for s in samples if s.weight is not None]
        depths = [s.view_log_depth for s in samples if s.view_log_depth is not None]
        return VideoBatch(
            inputs=CineSceneInputs.cat([s.inputs for s in samples]),
            data=torch.cat([s.data for s in samples]),
            noise=torch.cat([s.noise for s in samples]),
            time=torch.cat([s.time for s in samples]),
            weight=torch.cat(weights) if weights else None,
            view_log_depth=torch.cat(depths) if depths else None,
        )

    def move(self, batch: VideoBatch, device: torch.device) -> VideoBatch:
        return VideoBatch(
            inputs=batch.inputs.to(device),
            data=batch.data.to(device),
            noise=batch.noise.to(device),
            time=batch.time.to(device),
            weight=None if batch.weight is None else batch.weight.to(device),
            view_log_depth=None if batch.view_log_depth is None else batch.view_log_depth.to(device),
        )

    # ---- looking ----------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def validate(self, folder: Path, clips: int = 6, loss_clips: int = 24) -> dict[str, float]:
        """Loss on held-out clips at fixed noise; sampled shots beside truth and previz, PSNR over the background."""
        if self.held_out is None:
            return {}
        numbers: dict[str, list[float]] = {}
        for i in range(min(loss_clips, len(self.held_out))):
            index = i * len(self.held_out) // min(loss_clips, len(self.held_out))
            batch = self.move(self.held_out_batch(index, sample_generator(7, i)), self.transformer.device)
            numbers.setdefault("flow", []).append(self.objective(batch)[1]["flow"])
        rows: list[Tensor] = []
        for i in range(min(clips, len(self.held_out))):
            clip = self.held_out[i * len(self.held_out) // min(clips, len(self.held_out))]
            self._validate_clip(clip, numbers, rows)
        save_rows(folder / "shots.png", rows)
        return {name: sum(values) / len(values) for name, values in numbers.items()}

    def held_out_batch(self, index: int, generator: torch.Generator) -> VideoBatch:
        """A held-out clip with its noise and conditions, as late in the curriculum."""
        assert self.held_out is not None
        return self.collate([self._sample(self.held_out[index], self.total_samples, generator)])

    def background(self, clip: EncodedClip, pictures: Float[Tensor, "t 3 h w"]) -> Bool[Tensor, "t h w"]:
        """Pixels of the latent cells that the subject leaves alone."""
        return _background(clip, pictures.shape)[:, 0]

    def _validate_clip(self, clip: EncodedClip, numbers: dict[str, list[float]], rows: list[Tensor]) -> None:
        parts = self.parts
        text = self._text(clip.caption)
        count = min(len(clip.views), self.options.views[1])
        chosen = torch.linspace(0, len(clip.views) - 1, count + 1)[:-1].round().long()
        inputs = conditions(clip, text, self.transformer, views=chosen, previz=len(clip.previz) - 1)
        if self.name == "t2v":
            inputs = CineSceneInputs(text=text)
        shape = clip.with_subject.shape
        negative = parts.text_encoder.encode([""])
        latents = sample(
            Networks(transformer=self.transformer, device=self.transformer.device),
            inputs,
            (shape[0], shape[1], shape[2], shape[3]),
            parts.scheduler,
            torch.Generator().manual_seed(0),
            options=ShotSettings(steps=12).sampling(parts.defaults),
            negative=negative,
        )
        hint = (clip.acted if self.transformer.config.stand_ins else clip.previz)[-1]
        shots = [clip.with_subject, latents[0].cpu(), hint]
        truth, made, shown = (parts.autoencoder.decode(x[None].to(parts.autoencoder.device))[0].cpu() for x in shots)
        background = _background(clip, truth.shape)
        for name, picture in (("made", made), ("previz", shown)):
            numbers.setdefault(f"psnr_{name}", []).append(_psnr(picture, truth, background))
        step = max(1, len(truth) // 5)
        rows += [part[::step] for part in (truth, shown, made)]

    # ---- the result -------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> None:
        """Writes the whole model, so that `CineScenePipeline.from_pretrained` and ``--model`` take the folder."""
        transformer = self.transformer
        if self.lora:
            import copy

            transformer = copy.deepcopy(transformer)
            merge_lora(transformer)
        save_parts(dataclasses.replace(self.parts, transformer=transformer, untrained=False), folder)


@dataclass
class _Draws:
    generator: torch.Generator

    def happens(self, share: float) -> bool:
        return float(torch.rand((), generator=self.generator)) < share

    def below(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self.generator))


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


def _cropped(clip: EncodedClip, window: Window, cell_px: int) -> EncodedClip:
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


def _chosen_views(clip: EncodedClip, count: int, options: VideoOptions, generator: torch.Generator) -> Tensor:
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


def _typical(values: Float[Tensor, "c n"]) -> Float[Tensor, " c"]:
    """The deviation of most cells: that of a normal distribution with the same median.

    Most cells of a previz are nearly right and a few are far off. A prior as wide as the root mean square, or as the
    geometric mean of both, leaves noise over all the others (measured); the few are the network's to say.
    """
    return values.abs().median(1).values / MEDIAN_OF_NORMAL


def _held(cameras: Any) -> Any:
    """The first camera for all frames."""
    count = cameras.batch_shape[1]
    return cameras[:, torch.zeros(count, dtype=torch.long)]


def _background(clip: EncodedClip, shape: torch.Size) -> Bool[Tensor, "t 1 h w"]:
    """Pixels of the latent cells that the subject leaves alone."""
    frames, _, height, width = shape
    factor = (frames - 1) // max(1, clip.affected.shape[1] - 1) if clip.affected.shape[1] > 1 else 1
    cells = torch.cat([clip.affected[:, :1], clip.affected[:, 1:].repeat_interleave(factor, dim=1)], dim=1)[0]
    grown = torch.nn.functional.interpolate(cells[:, None], size=(height, width), mode="nearest")
    return grown < 0.02


def _psnr(picture: Tensor, truth: Tensor, where: Tensor) -> float:
    error = ((picture - truth).square() * where).sum() / (where.sum() * 3).clamp_min(1)
    return float(-10 * torch.log10(error.clamp_min(1e-10)))
