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
from cinescene.training.encoded import EncodedClip, EncodedClips
from cinescene.training.flow import flow_loss, noisy, shifted
from cinescene.training.stage import sample_generator
from cinescene.training.video_conditions import Window, chosen_views, conditions, cropped, held
from cinescene.training.video_options import VideoOptions

EMPTY_PLACE = ("", "", "an empty place", "nobody", "no people", "an empty scene without people")
"""Prompts of clips without a subject. The empty one too: without guidance's prompt a place is empty."""

MEDIAN_OF_NORMAL = 0.6745
"""Of the absolute value of a standard normal number."""

CROPS_AROUND_SUBJECTS = 0.8
"""Share of crops that are placed around a cell that the subject changes."""

Kind = Literal["t2v", "scene", "finetune"]


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
            clip = cropped(clip, self._crop_window(clip, options.crop, draw), self.parts.autoencoder.spatial_factor)
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
        chosen = chosen_views(clip, low + draw.below(high - low + 1), options, draw.generator)
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
            inputs = dataclasses.replace(inputs, cameras=held(inputs.cameras))
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


def _typical(values: Float[Tensor, "c n"]) -> Float[Tensor, " c"]:
    """The deviation of most cells: that of a normal distribution with the same median.

    Most cells of a previz are nearly right and a few are far off. A prior as wide as the root mean square, or as the
    geometric mean of both, leaves noise over all the others (measured); the few are the network's to say.
    """
    return values.abs().median(1).values / MEDIAN_OF_NORMAL


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
