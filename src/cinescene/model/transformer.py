"""`CineSceneTransformer`: Wan's video transformer with a scene, a camera path and a previz as further conditions.

The sequence is the noisy video tokens and, beside them, the tokens of the scene views: image tokens and geometry
tokens, frame after frame. In the ``joint`` form all attend to all, as in the paper. In the ``cached`` form scene tokens
attend to scene tokens only and see no text, so that their keys and values (`SceneCache`) serve every step, prompt and
shot.

Scene tokens are clean: their time is 0 whatever the video's is. In the joint form they see the text like all tokens of
the paper's unchanged backbone.

Flow-matching time runs from 0 (data) to 1 (noise); the output is the velocity noise − data, as Wan predicts it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from einops import rearrange
from torch import nn
from torch.utils.checkpoint import checkpoint

from cinescene.cameras import Cameras
from cinescene.errors import InputError
from cinescene.model.attention import check_backend
from cinescene.model.block import CineSceneBlock, KeyMasks, Stream
from cinescene.model.conditioning import PrevizEmbedding, SceneEmbedding, relative_extrinsics
from cinescene.model.config import TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.precision import exact
from cinescene.model.previz_prior import PrevizPrior
from cinescene.model.prope import ProjectiveFrames, projection_matrices, projective_frames, video_projections
from cinescene.model.rotary import rotary_at, scene_frame_positions
from cinescene.model.scene_cache import LayerKeys, SceneCache
from cinescene.model.step_cache import StepCache
from cinescene.tensor_types import Bool, Float, Tensor

BlockStep = Callable[[int, Tensor], Tensor]
"""The video tokens after the block of an index; blocks are taken in order."""

TIME_SCALE = 1000.0
"""Wan's time embedder counts from 0 to 1000."""


class CineSceneTransformer(nn.Module):
    """A Wan transformer (its weights, by their own names) and the modules that bring a scene to it.

    Without scene views, and with the new modules as they are when built, the output is that of
    ``diffusers.WanTransformer3DModel`` with the same weights.
    """

    def __init__(self, config: TransformerConfig, *, empty_backbone: bool = False) -> None:
        """With ``empty_backbone``, Wan's own parameters have no memory yet (meta device) and must be loaded."""
        super().__init__()
        from accelerate import init_empty_weights
        from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

        with init_empty_weights(include_buffers=False) if empty_backbone else nullcontext():
            wan = WanTransformer3DModel(**config.backbone.diffusers_arguments())
        self.config = config
        self.rope = wan.rope
        self.patch_embedding = wan.patch_embedding
        self.condition_embedder = wan.condition_embedder
        self.blocks = nn.ModuleList(CineSceneBlock(block, config) for block in wan.blocks)
        self.norm_out, self.proj_out = wan.norm_out, wan.proj_out
        self.scale_shift_table = wan.scale_shift_table
        self.scene_embedding = SceneEmbedding(config) if config.scene_tokens != "none" else None
        self.previz_embedding = PrevizEmbedding(config) if config.previz else None
        self.previz_prior = PrevizPrior(config) if config.previz_prior else None
        self.gradient_checkpointing = False
        self._compiled = False

    @classmethod
    def from_seed(cls, config: TransformerConfig, seed: int, *, empty_backbone: bool = False) -> CineSceneTransformer:
        """A model with random weights that depend on the seed alone; PyTorch's own random state is left as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config, empty_backbone=empty_backbone)

    @property
    def device(self) -> torch.device:
        return self.proj_out.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The type that latents and embeddings are given in."""
        return self.patch_embedding.weight.dtype

    def set_attention_backend(self, backend: str) -> None:
        """Chooses how attention is computed; see `cinescene.model.attention.attend`. Raises `InputError`."""
        check_backend(backend)
        for block in self.blocks:
            assert isinstance(block, CineSceneBlock)
            block.set_attention_backend(backend)

    def compile_blocks(self) -> None:
        """From now on blocks run compiled while gradients are taken (``torch.compile``: needs a C++ compiler on a CPU).

        Sampling stays as it is: its many shapes would each be compiled anew.
        """
        self._compiled = True
        for block in self.blocks:
            block.compile()

    def forward(
        self,
        noisy: Float[Tensor, "b c t h w"],
        time: Float[Tensor, " b"] | Float[Tensor, "b t"],
        inputs: CineSceneInputs,
        cache: SceneCache | None = None,
        step_cache: StepCache | None = None,
    ) -> Float[Tensor, "b c t h w"]:
        """The velocity of noisy latents at a time in [0, 1], one a sample or one a latent frame.

        ``cache`` stands for the scene in the cached form; without it the scene's keys are computed here, with
        gradients.
        ``step_cache`` may skip blocks in sampling. Raises `InputError` for inputs that do not fit the model.
        """
        inputs.check(self.config, noisy)
        _check_time(time, noisy)
        if cache is not None and self.config.context_attention != "cached":
            raise InputError("scene cache: a model with context_attention='joint' has none; leave it out")
        if cache is None and self._sees_scene(inputs) and self.config.context_attention == "cached":
            cache = self.encode_scene(inputs)
        stream, embedded_time = self._video_stream(noisy, time, inputs, cache)
        seen = noisy if self.previz_prior is None else self.previz_prior.whitened(noisy, time, inputs)
        video = self._embed_video(seen, inputs)
        if cache is not None:
            step = self._cached_step(video, stream, cache.expanded(noisy.shape[0]))
        elif self._sees_scene(inputs):
            step = self._joint_step(video, stream, inputs)
        else:
            step = self._plain_step(stream)
        features = self._output_features(self._through_blocks(video, step, step_cache), embedded_time)
        output = self._latents(self.proj_out(features), self._grid(noisy))
        if self.previz_prior is None:
            return output
        output = output + self._latents(self.previz_prior.skip(features), self._grid(noisy)) * seen
        return self.previz_prior(output, noisy, time, inputs)

    def encode_scene(self, inputs: CineSceneInputs) -> SceneCache:
        """The keys and values that a scene offers to every block; needs the views, and neither text nor noise.

        Raises `InputError` for a joint model, whose scene tokens depend on the video, and for inputs without a scene.
        """
        if self.config.context_attention != "cached":
            raise InputError("scene cache: needs a model with context_attention='cached'")
        if not self._sees_scene(inputs):
            raise InputError("scene cache: these inputs hold no scene views")
        reference = _reference(inputs)
        scene, stream, known, posed = self._scene_stream(inputs, reference, with_text=False)
        any_known, any_posed = _some(known), _some(posed)
        masks = KeyMasks(attention=_as_mask(any_known), projective=_as_mask(any_posed))
        layers = []
        for index in range(len(self.blocks)):
            last = index == len(self.blocks) - 1
            (scene,), keys = self._call(index, (scene,), (stream,), masks, None, last)
            layers.append(keys)
        return SceneCache(layers=tuple(layers), key_mask=known, projective_mask=posed, reference=reference)

    # ---- the three ways through the blocks --------------------------------------------------------------------------

    def _through_blocks(self, video: Tensor, step: BlockStep, step_cache: StepCache | None) -> Tensor:
        after_first = after = step(0, video)
        if step_cache is not None and (reused := step_cache.reused(video, after_first)) is not None:
            return reused
        for index in range(1, len(self.blocks)):
            after = step(index, after)
        if step_cache is not None:
            step_cache.store(after_first, after)
        return after

    def _plain_step(self, stream: Stream) -> BlockStep:
        return lambda index, video: self._call(index, (video,), (stream,), KeyMasks())[0][0]

    def _cached_step(self, video: Tensor, stream: Stream, cache: SceneCache) -> BlockStep:
        projective = stream.projective is not None
        masks = KeyMasks(
            attention=_as_mask(_after_video(cache.key_mask, video)),
            projective=_as_mask(_after_video(cache.projective_mask, video)) if projective else None,
        )
        return lambda index, video: self._call(index, (video,), (stream,), masks, cache.layers[index])[0][0]

    def _joint_step(self, video: Tensor, stream: Stream, inputs: CineSceneInputs) -> BlockStep:
        scene, scene_stream, known, posed = self._scene_stream(inputs, self._frame_of(inputs), with_text=True)
        masks = KeyMasks(
            attention=_as_mask(_after_video(known, video)),
            projective=_as_mask(_some(posed) if stream.projective is None else _after_video(posed, video)),
        )

        def step(index: int, video: Tensor) -> Tensor:
            nonlocal scene
            (video, scene), _ = self._call(index, (video, scene), (stream, scene_stream), masks)
            return video

        return step

    def _call(
        self,
        index: int,
        runs: tuple[Tensor, ...],
        streams: tuple[Stream, ...],
        masks: KeyMasks,
        cached: LayerKeys | None = None,
        keys_only: bool = False,
    ) -> tuple[tuple[Tensor, ...], LayerKeys]:
        block: Callable[..., Any] = self.blocks[index]
        if self._compiled and not torch.is_grad_enabled():
            block = self.blocks[index].forward
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(block, runs, streams, masks, cached, keys_only, use_reentrant=False)
        return block(runs, streams, masks, cached, keys_only)

    # ---- tokens in, latents out -------------------------------------------------------------------------------------

    def _sees_scene(self, inputs: CineSceneInputs) -> bool:
        return self.scene_embedding is not None and inputs.view_count > 0

    def _grid(self, latents: Float[Tensor, "b c t h w"]) -> tuple[int, int, int]:
        _, patch_height, patch_width = self.config.backbone.patch_size
        return latents.shape[2], latents.shape[3] // patch_height, latents.shape[4] // patch_width

    def _embed_video(self, noisy: Tensor, inputs: CineSceneInputs) -> Float[Tensor, "b n d"]:
        tokens = self.patch_embedding(noisy)
        if self.previz_embedding is not None and inputs.previz_latents is not None:
            tokens = tokens + self.previz_embedding(inputs).type_as(tokens)
        return tokens.flatten(2).transpose(1, 2).contiguous()

    def _output_features(self, video: Tensor, embedded_time: Float[Tensor, "b f d"]) -> Float[Tensor, "b n d"]:
        shift, scale = (self.scale_shift_table + embedded_time[:, :, None]).chunk(2, dim=2)
        by_frame = rearrange(self.norm_out(video.float()), "b (f n) d -> b f n d", f=shift.shape[1])
        return (by_frame * (1 + scale) + shift).type_as(video).flatten(1, 2)

    def _latents(self, tokens: Float[Tensor, "b n k"], grid: tuple[int, int, int]) -> Float[Tensor, "b c t h w"]:
        """What a linear map makes of each token, as the cells of its patch."""
        frames, rows, columns = grid
        _, patch_height, patch_width = self.config.backbone.patch_size
        return rearrange(
            tokens,
            "b (t h w) (y x c) -> b c t (h y) (w x)",
            t=frames,
            h=rows,
            w=columns,
            y=patch_height,
            x=patch_width,
        )

    # ---- what the tokens carry --------------------------------------------------------------------------------------

    def _video_stream(
        self, noisy: Tensor, time: Tensor, inputs: CineSceneInputs, cache: SceneCache | None
    ) -> tuple[Stream, Float[Tensor, "b f d"]]:
        embedded_time, modulation = self._modulation(time if time.ndim == 2 else time[:, None], inputs.text.dtype)
        frames, rows, columns = self._grid(noisy)
        reference = self._frame_of(inputs) if cache is None else cache.reference
        stream = Stream(
            modulation=modulation,
            rotary=rotary_at(self.rope, list(range(frames)), rows, columns),
            text=self.condition_embedder.text_embedder(inputs.text),
            text_mask=_as_mask(inputs.text_mask),
            projective=self._video_cameras(inputs, reference, (rows, columns)),
            extrinsics=self._extrinsics(inputs),
        )
        return stream, embedded_time

    def _scene_stream(
        self, inputs: CineSceneInputs, reference: Cameras | None, with_text: bool
    ) -> tuple[Tensor, Stream, Tensor | None, Tensor | None]:
        """Scene tokens, what they carry, and which of them are known, and known with their pose (None: all)."""
        config, views = self.config, inputs.view_count
        assert self.scene_embedding is not None
        tokens = self.scene_embedding(inputs, self.patch_embedding)
        grid = self.scene_embedding.token_grid(inputs)
        kinds = int(config.has_image_tokens) + int(config.has_geometry_tokens)
        positions = scene_frame_positions(
            views, config.has_image_tokens, config.has_geometry_tokens, config.start_view_first
        )
        _, modulation = self._modulation(tokens.new_zeros(tokens.shape[0], 1), tokens.dtype)
        stream = Stream(
            modulation=modulation,
            rotary=rotary_at(self.rope, positions, *grid),
            text=self.condition_embedder.text_embedder(inputs.text) if with_text else None,
            text_mask=_as_mask(inputs.text_mask) if with_text else None,
            projective=self._view_cameras(inputs, reference, grid, kinds),
        )
        repeats = grid[0] * grid[1]
        known = _per_token(inputs.view_known, kinds, repeats)
        posed = _per_token(_known_and_posed(inputs), kinds, repeats) if stream.projective is not None else None
        return tokens, stream, known, posed

    def _modulation(self, time: Float[Tensor, "b f"], dtype: torch.dtype) -> tuple[Tensor, Float[Tensor, "b f 6 d"]]:
        """Wan's time embedding and the modulation made of it; time in [0, 1]."""
        embedder = self.condition_embedder
        scaled = (time.double() * TIME_SCALE).float()
        features = embedder.timesteps_proj(scaled.flatten()).unflatten(0, scaled.shape)
        embedded = embedder.time_embedder(features.to(embedder.time_embedder.linear_1.weight.dtype)).to(dtype)
        projected = embedder.time_proj(embedder.act_fn(embedded))
        return embedded, projected.unflatten(-1, (6, -1))

    # ---- cameras ----------------------------------------------------------------------------------------------------

    def _frame_of(self, inputs: CineSceneInputs) -> Cameras | None:
        """The camera in whose frame projections are written: the scene's reference, else the shot's first frame."""
        reference = _reference(inputs) if self._sees_scene(inputs) else None
        return inputs.cameras[:, 0] if reference is None and inputs.cameras is not None else reference

    def _video_cameras(
        self, inputs: CineSceneInputs, reference: Cameras | None, grid: tuple[int, int]
    ) -> ProjectiveFrames | None:
        if self.config.camera != "prope" or inputs.cameras is None:
            return None
        reference = inputs.cameras[:, 0] if reference is None else reference
        with exact(inputs.text.device):
            relative = inputs.cameras.relative_to(reference[:, None])
            matrix = video_projections(relative, self.config.frames_per_latent, self.config.projective_heads)
            return projective_frames(matrix, grid, self._branch_channels)

    def _view_cameras(
        self, inputs: CineSceneInputs, reference: Cameras | None, grid: tuple[int, int], kinds: int
    ) -> ProjectiveFrames | None:
        if self.config.camera != "prope" or inputs.view_cameras is None:
            return None
        assert reference is not None
        posed = _known_and_posed(inputs)
        with exact(inputs.text.device):
            matrix = projection_matrices(inputs.view_cameras.relative_to(reference[:, None]))[:, :, None]
            return projective_frames(
                torch.cat([matrix] * kinds, dim=1),
                grid,
                self._branch_channels,
                posed=None if posed is None else posed.repeat(1, kinds),
            )

    def _extrinsics(self, inputs: CineSceneInputs) -> Float[Tensor, "b t 12"] | None:
        if self.config.camera != "extrinsics" or inputs.cameras is None:
            return None
        reference = inputs.cameras[:, :1]
        if self.config.extrinsics_reference == "start_view":
            assert inputs.view_cameras is not None
            reference = inputs.view_cameras[:, :1]
        with exact(inputs.text.device):
            return relative_extrinsics(inputs.cameras, reference, self.config.frames_per_latent)

    @property
    def _branch_channels(self) -> int:
        """Channels of a branch head that carry rotary positions."""
        return self.config.projective_dim // self.config.projective_heads // 2


def _check_time(time: Tensor, noisy: Tensor) -> None:
    allowed = [(noisy.shape[0],), (noisy.shape[0], noisy.shape[2])]
    if tuple(time.shape) not in allowed:
        raise InputError(
            f"time: expected shape {allowed[0]} (one a sample) or {allowed[1]} (one a latent frame), got "
            f"{tuple(time.shape)}"
        )


def _reference(inputs: CineSceneInputs) -> Cameras | None:
    """The first view of each sample whose pose is known (the first view where none is); None without any poses."""
    if inputs.view_cameras is None:
        return None
    posed = _known_and_posed(inputs)
    if posed is None:
        return inputs.view_cameras[:, 0]
    first = posed.to(torch.uint8).argmax(dim=1)
    return inputs.view_cameras[torch.arange(len(first), device=first.device), first]


def _known_and_posed(inputs: CineSceneInputs) -> Bool[Tensor, "b v"] | None:
    masks = [mask for mask in (inputs.view_known, inputs.view_posed) if mask is not None]
    return torch.stack(masks).all(dim=0) if masks else None


def _per_token(views: Bool[Tensor, "b v"] | None, kinds: int, repeats: int) -> Bool[Tensor, "b n"] | None:
    return None if views is None else views.repeat(1, kinds).repeat_interleave(repeats, dim=1)


def _some(mask: Bool[Tensor, "b n"] | None) -> Bool[Tensor, "b n"] | None:
    """The mask, but all True for samples without any: their scene tokens are seen by nobody and must stay finite."""
    return None if mask is None else mask | ~mask.any(dim=1, keepdim=True)


def _after_video(mask: Bool[Tensor, "b n"] | None, video: Float[Tensor, "b k d"]) -> Bool[Tensor, "b m"] | None:
    """The mask of the video's tokens (all seen), then the scene's."""
    return None if mask is None else torch.cat([mask.new_ones(video.shape[:2]), mask], dim=1)


def _as_mask(mask: Bool[Tensor, "b n"] | None) -> Bool[Tensor, "b 1 1 n"] | None:
    return None if mask is None else mask[:, None, None]
