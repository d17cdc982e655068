"""The cached form against a plain reference: one sequence, and a dense mask that hides the video from the scene."""

import pytest
import torch
import torch.nn.functional as F

from cinescene.model.block import CineSceneBlock, Stream
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.rotary import rotated
from cinescene.model.transformer import CineSceneTransformer
from tests.model.models import random_case, tiny_config, trained_model


def masked_softmax(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    scores = torch.einsum("bnhc,bmhc->bhnm", query, key) / query.shape[-1] ** 0.5
    return torch.einsum("bhnm,bmhc->bnhc", scores.masked_fill(~seen, float("-inf")).softmax(-1), value)


def branch(block: CineSceneBlock, normed: torch.Tensor, video: Stream, scene: Stream, count: int) -> torch.Tensor:
    """The projective branch: video queries see all keys, scene queries the scene's."""
    projective = block.projective
    q, k, v = projective.project(normed[:, :count], video.projective)
    scene_q, scene_k, scene_v = projective.project(normed[:, count:], scene.projective)
    all_k, all_v = torch.cat([k, scene_k], dim=1), torch.cat([v, scene_v], dim=1)
    of_video = projective(q, all_k, all_v, video.projective, None, "explicit")
    of_scene = projective(scene_q, scene_k, scene_v, scene.projective, None, "explicit")
    return torch.cat([of_video, of_scene], dim=1)


def plain_block(block: CineSceneBlock, tokens: torch.Tensor, video: Stream, scene: Stream, count: int) -> torch.Tensor:
    """One block over the joined sequence, written as the equations say; the video's tokens are the first ``count``."""
    total = tokens.shape[1]
    spread = [s.modulation.expand(-1, n, -1, -1) for s, n in ((video, count), (scene, total - count))]
    modulation = block.scale_shift_table + torch.cat(spread, dim=1)
    shift, scale, gate, feed_shift, feed_scale, feed_gate = modulation.unbind(2)
    rotary = tuple(torch.cat(pair, dim=1) for pair in zip(video.rotary, scene.rotary, strict=True))
    seen = torch.ones(total, total, dtype=torch.bool)
    seen[count:, :count] = False
    normed = F.layer_norm(tokens, tokens.shape[-1:], eps=1e-6) * (1 + scale) + shift
    attention = block.attn1
    query = rotated(attention.norm_q(attention.to_q(normed)).unflatten(-1, (attention.heads, -1)), rotary)
    key = rotated(attention.norm_k(attention.to_k(normed)).unflatten(-1, (attention.heads, -1)), rotary)
    value = attention.to_v(normed).unflatten(-1, (attention.heads, -1))
    attended = attention.to_out[0](masked_softmax(query, key, value, seen).flatten(-2))
    tokens = tokens + gate * (attended + branch(block, normed, video, scene, count))
    cross = block.attn2(block.norm2(tokens[:, :count]), video.text)
    tokens = torch.cat([tokens[:, :count] + cross, tokens[:, count:]], dim=1)
    normed = F.layer_norm(tokens, tokens.shape[-1:], eps=1e-6) * (1 + feed_scale) + feed_shift
    return tokens + feed_gate * block.ffn(normed)


def plain_forward(
    model: CineSceneTransformer, noisy: torch.Tensor, time: torch.Tensor, inputs: CineSceneInputs
) -> torch.Tensor:
    reference = model._frame_of(inputs)
    video, embedded_time = model._video_stream(noisy, time, inputs, None)
    scene_tokens, scene, _, _ = model._scene_stream(inputs, reference, with_text=False)
    video_tokens = model._embed_video(noisy, inputs)
    count, tokens = video_tokens.shape[1], torch.cat([video_tokens, scene_tokens], dim=1)
    for block in model.blocks:
        tokens = plain_block(block, tokens, video, scene, count)
    features = model._output_features(tokens[:, :count], embedded_time)
    return model._latents(model.proj_out(features), model._grid(noisy))


@pytest.mark.parametrize("tokens", ["image", "geometry", "both"])
def test_cached_equals_one_masked_sequence_with_gradients(tokens: str) -> None:
    model = trained_model(tiny_config(scene_tokens=tokens))
    noisy, time, inputs = random_case(model.config)
    weight = torch.randn(noisy.shape, generator=torch.Generator().manual_seed(9))
    outputs, gradients = [], []
    for forward in (
        model,
        lambda *case: model(*case, model.encode_scene(inputs)),
        lambda *case: plain_forward(model, *case),
    ):
        model.zero_grad()
        outputs.append(forward(noisy, time, inputs))
        (outputs[-1] * weight).sum().backward()
        gradients.append({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})
    for output in outputs[:-1]:
        torch.testing.assert_close(output, outputs[-1], atol=1e-5, rtol=1e-5)
    for gradient in gradients[:-1]:
        assert gradient.keys() <= gradients[-1].keys()
        for name, expected in gradients[-1].items():
            torch.testing.assert_close(gradient.get(name, torch.zeros_like(expected)), expected, atol=1e-4, rtol=1e-4)


def test_the_cache_is_reused_over_steps_prompts_and_branches() -> None:
    model = trained_model(tiny_config()).requires_grad_(False)
    noisy, time, inputs = random_case(model.config)
    cache = model.encode_scene(inputs)
    for step in range(3):
        noisy, time = noisy * 0.9, time * 0.7
        prompt = inputs.with_text(inputs.text * step)
        torch.testing.assert_close(model(noisy, time, prompt, cache), model(noisy, time, prompt), atol=1e-4, rtol=0)


def test_a_cache_knows_its_size_and_moves() -> None:
    model = trained_model(tiny_config()).requires_grad_(False)
    _, _, inputs = random_case(model.config)
    cache = model.encode_scene(inputs)
    tokens = 3 * 2 * 6
    assert (cache.batch_size, cache.token_count) == (2, tokens)
    assert cache.byte_count == 2 * 2 * tokens * 2 * (48 + 32) * 4
    assert cache.to(dtype=torch.bfloat16).byte_count == cache.byte_count // 2
