import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from cinescene.model.flops import count_flops
from cinescene.model.memory import token_counts
from tests.model.models import random_case, tiny_config, trained_model


@pytest.mark.parametrize("camera", ["none", "prope"])
@pytest.mark.parametrize("attention", ["joint", "cached"])
@torch.no_grad()
def test_the_count_is_pytorchs_own(attention: str, camera: str) -> None:
    """Blocks only: what is outside them is counted away by running a model without blocks."""
    config = tiny_config(context_attention=attention, camera=camera, previz=False)
    model = trained_model(config)
    model.set_attention_backend("explicit")
    noisy, time, inputs = random_case(config, batch_size=1, views=4)
    tokens = token_counts(config, 4, (4, 6), (3, 4, 6))
    expected = count_flops(config, tokens, text_tokens=5)

    def counted(run: object) -> int:
        # PyTorch counts nothing inside its fused CPU attention, but does count the plain one.
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            run()  # type: ignore[operator]
        return counter.get_total_flops()

    cache = model.encode_scene(inputs) if attention == "cached" else None
    step = counted(lambda: model(noisy, time, inputs, cache))
    scene = counted(lambda: model.encode_scene(inputs)) if cache is not None else 0
    outside_step, outside_scene = outside_the_blocks(model, noisy, time, inputs, cache is not None, counted)
    assert step - outside_step == pytest.approx(expected.step, rel=1e-3)
    assert scene - outside_scene == pytest.approx(expected.scene, rel=1e-3)


def outside_the_blocks(model, noisy, time, inputs, cached, counted):  # type: ignore[no-untyped-def]
    blocks, model.blocks = model.blocks, torch.nn.ModuleList([Passing()])
    try:
        cache = model.encode_scene(inputs) if cached else None
        step = counted(lambda: model(noisy, time, inputs, cache))
        return step, counted(lambda: model.encode_scene(inputs)) if cached else 0
    finally:
        model.blocks = blocks


class Passing(torch.nn.Module):
    """A block that does nothing."""

    def forward(self, runs, streams, masks, cached=None, keys_only=False):  # type: ignore[no-untyped-def]
        from cinescene.model.scene_cache import LayerKeys

        heads = runs[0][:, :, None]
        return runs, LayerKeys(key=heads, value=heads)
