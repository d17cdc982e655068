"""Floating-point operations of a transformer's stages, counted from its configuration.

Only matrix products are counted, two operations a multiply-add, as ``torch.utils.flop_counter`` does (which the tests
compare with). Everything else is a small share of the time on any machine where this matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from cinescene.model.config import TransformerConfig
from cinescene.model.memory import TokenCounts


@dataclass(frozen=True, kw_only=True)
class TransformerFlops:
    """Operations of encoding a scene (once, in the cached form) and of one step, for one sample."""

    scene: int
    step: int


def count_flops(config: TransformerConfig, tokens: TokenCounts, text_tokens: int) -> TransformerFlops:
    """Operations of the blocks for a video of ``tokens.video`` tokens beside ``tokens.scene`` scene tokens.

    Embeddings and the output projection, outside the blocks, are left out. All views have a pose.
    """
    layers, video, scene = config.backbone.num_layers, tokens.video, tokens.scene
    if config.context_attention == "joint":
        every = video + scene
        runs = 2 if scene else 1
        step = layers * (_through(config, every, every) + _text(config, every, text_tokens, runs))
        return TransformerFlops(scene=0, step=step)
    encode = (layers - 1) * _through(config, scene, scene) + _projections(config, scene)
    step = layers * (_through(config, video, video + scene) + _text(config, video, text_tokens))
    return TransformerFlops(scene=encode if scene else 0, step=step)


def _branch(config: TransformerConfig) -> int:
    return config.projective_dim if config.camera == "prope" else 0


def _projections(config: TransformerConfig, queries: int) -> int:
    """Queries, keys and values of both attentions, and the 4×4 matrices on half of the branch's channels."""
    return 2 * queries * config.dim * 3 * (config.dim + _branch(config)) + 3 * _transform(config, queries)


def _through(config: TransformerConfig, queries: int, keys: int) -> int:
    """A block without its attention to text."""
    width = config.dim + _branch(config)
    attention = 2 * 2 * queries * keys * width
    outputs = 2 * queries * width * config.dim
    feed_forward = 2 * 2 * queries * config.dim * config.backbone.ffn_dim
    return _projections(config, queries) + attention + outputs + feed_forward + _transform(config, queries)


def _transform(config: TransformerConfig, queries: int) -> int:
    return 2 * queries * (_branch(config) // 2) * 4


def _text(config: TransformerConfig, queries: int, text_tokens: int, runs: int = 1) -> int:
    """Attention to text; each run of tokens makes its own keys and values of it."""
    projections = 2 * 2 * (queries + runs * text_tokens) * config.dim * config.dim
    return projections + 2 * 2 * queries * text_tokens * config.dim
