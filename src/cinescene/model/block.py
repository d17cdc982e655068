"""`CineSceneBlock`: a Wan transformer block that several runs of tokens pass through side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from einops import rearrange
from torch import nn

from cinescene.model.attention import attend
from cinescene.model.conditioning import CameraEncoder
from cinescene.model.config import TransformerConfig
from cinescene.model.prope import ProjectiveAttention, ProjectiveFrames
from cinescene.model.rotary import Rotary, rotated
from cinescene.model.scene_cache import LayerKeys
from cinescene.tensor_types import Bool, Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """A run of tokens (the video's, or the scene's) and what it carries through all blocks.

    ``modulation``
        Wan's six shifts, scales and gates, of the whole run or of each of its frames (f = 1 or its frames).
    ``rotary``
        Positions of its tokens.
    ``text``, ``text_mask``
        What its cross-attention sees; None for tokens that see no text.
    ``projective``
        The cameras of its frames, if it takes part in the projective branch.
    ``extrinsics``
        What the paper's camera encoder adds, if it adds anything.
    """

    modulation: Float[Tensor, "b f 6 d"]
    rotary: Rotary
    text: Float[Tensor, "b m d"] | None = None
    text_mask: Bool[Tensor, "b 1 1 m"] | None = None
    projective: ProjectiveFrames | None = None
    extrinsics: Float[Tensor, "b t 12"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyMasks:
    """Which of the joined keys may be seen, by the self-attention and by the projective branch (None: all)."""

    attention: Bool[Tensor, "b 1 1 n"] | None = None
    projective: Bool[Tensor, "b 1 1 m"] | None = None


class CineSceneBlock(nn.Module):
    """The parts of a ``WanTransformerBlock``, by their own names, with camera modules beside them.

    One run alone is Wan's block. Several runs attend to each other's tokens (and to ``cached`` keys of a run that was
    computed before) while each keeps its own modulation, text and cameras.
    """

    def __init__(self, wan_block: Any, config: TransformerConfig) -> None:
        super().__init__()
        self.norm1, self.attn1 = wan_block.norm1, wan_block.attn1
        self.norm2, self.attn2 = wan_block.norm2, wan_block.attn2
        self.norm3, self.ffn = wan_block.norm3, wan_block.ffn
        self.scale_shift_table = wan_block.scale_shift_table
        self.attention_backend = "sdpa"
        self.camera_encoder = CameraEncoder(config.dim) if config.camera == "extrinsics" else None
        self.projective = (
            ProjectiveAttention(config.dim, config.projective_dim, config.projective_heads)
            if config.camera == "prope"
            else None
        )

    def set_attention_backend(self, backend: str) -> None:
        """One of the names of `cinescene.model.attention.attend`; the attention to text takes diffusers' own alone."""
        self.attention_backend = backend
        to_text = {"sdpa": None, "explicit": "_native_math"}.get(backend, backend)
        self.attn2.processor._attention_backend = to_text

    def forward(
        self,
        runs: tuple[Float[Tensor, "b _ d"], ...],
        streams: tuple[Stream, ...],
        masks: KeyMasks,
        cached: LayerKeys | None = None,
        keys_only: bool = False,
    ) -> tuple[tuple[Float[Tensor, "b _ d"], ...], LayerKeys]:
        """The runs after this block, and the keys that they offered (without ``cached``).

        ``masks`` cover the keys of all runs and then the cached ones. With ``keys_only`` the runs come back as they
        are.
        """
        own = [self._project(run, stream) for run, stream in zip(runs, streams, strict=True)]
        offered = LayerKeys.cat([keys for _, keys in own])
        if keys_only:
            return runs, offered
        seen = offered if cached is None else LayerKeys.cat([offered, cached])
        updated = tuple(
            self._updated(run, stream, queries, seen, masks)
            for run, stream, (queries, _) in zip(runs, streams, own, strict=True)
        )
        return updated, offered

    def _project(self, run: Tensor, stream: Stream) -> tuple[tuple[Tensor, Tensor | None], LayerKeys]:
        """Queries of both attentions, and the keys that this run offers."""
        shift, scale = self._modulation(stream)[:2]
        normed = _modulated(self.norm1(run.float()), shift, scale).type_as(run)
        if self.camera_encoder is not None and stream.extrinsics is not None:
            frames = stream.extrinsics.shape[1]
            normed = normed + self.camera_encoder(stream.extrinsics, run.shape[1] // frames).type_as(normed)
        attention = self.attn1
        query = attention.norm_q(attention.to_q(normed)).unflatten(-1, (attention.heads, -1))
        key = attention.norm_k(attention.to_k(normed)).unflatten(-1, (attention.heads, -1))
        value = attention.to_v(normed).unflatten(-1, (attention.heads, -1))
        query, key = rotated(query, stream.rotary), rotated(key, stream.rotary)
        if self.projective is None or stream.projective is None:
            return (query, None), LayerKeys(key=key, value=value)
        branch_query, branch_key, branch_value = self.projective.project(normed, stream.projective)
        keys = LayerKeys(key=key, value=value, projective_key=branch_key, projective_value=branch_value)
        return (query, branch_query), keys

    def _updated(
        self, run: Tensor, stream: Stream, queries: tuple[Tensor, Tensor | None], seen: LayerKeys, masks: KeyMasks
    ) -> Tensor:
        _, _, gate, feed_shift, feed_scale, feed_gate = self._modulation(stream)
        query, branch_query = queries
        attended = attend(query, seen.key, seen.value, masks.attention, self.attention_backend).flatten(-2)
        attended = self.attn1.to_out[1](self.attn1.to_out[0](attended.type_as(query)))
        if self.projective is not None and branch_query is not None:
            assert stream.projective is not None
            attended = attended + self.projective(
                branch_query,
                seen.projective_key,
                seen.projective_value,
                stream.projective,
                masks.projective,
                self.attention_backend,
            )
        run = (run.float() + _gated(attended, gate)).type_as(run)
        if stream.text is not None:
            normed = self.norm2(run.float()).type_as(run)
            run = run + self.attn2(normed, stream.text, stream.text_mask, None)
        normed = _modulated(self.norm3(run.float()), feed_shift, feed_scale).type_as(run)
        return (run.float() + _gated(self.ffn(normed).float(), feed_gate)).type_as(run)

    def _modulation(self, stream: Stream) -> tuple[Float[Tensor, "b f d"], ...]:
        return (self.scale_shift_table + stream.modulation.float()).unbind(dim=2)


def _modulated(normed: Float[Tensor, "b n d"], shift: Float[Tensor, "b f d"], scale: Float[Tensor, "b f d"]) -> Tensor:
    by_frame = rearrange(normed, "b (f n) d -> b f n d", f=shift.shape[1])
    return (by_frame * (1 + scale[:, :, None]) + shift[:, :, None]).flatten(1, 2)


def _gated(tokens: Float[Tensor, "b n d"], gate: Float[Tensor, "b f d"]) -> Tensor:
    by_frame = rearrange(tokens, "b (f n) d -> b f n d", f=gate.shape[1])
    return (by_frame * gate[:, :, None]).flatten(1, 2)
