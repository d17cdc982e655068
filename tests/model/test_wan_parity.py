"""Without a scene, and with one while the new modules are as built, the model is diffusers' Wan transformer."""

import dataclasses

import pytest
import torch
from diffusers import WanTransformer3DModel

from cinescene.model.config import BackboneConfig, TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.transformer import CineSceneTransformer
from tests.model.models import random_case

WAN_2_1_T2V = BackboneConfig(
    num_attention_heads=2, attention_head_dim=24, text_dim=32, freq_dim=256, ffn_dim=64, num_layers=3
)
WAN_2_2_T2V_14B = dataclasses.replace(WAN_2_1_T2V, num_attention_heads=4, num_layers=2)
WAN_2_2_TI2V_5B = dataclasses.replace(WAN_2_1_T2V, in_channels=48, out_channels=48, num_attention_heads=3)

BACKBONES = {"2.1 T2V": WAN_2_1_T2V, "2.2 14B": WAN_2_2_T2V_14B, "2.2 TI2V 5B": WAN_2_2_TI2V_5B}


def pair(config: TransformerConfig) -> tuple[WanTransformer3DModel, CineSceneTransformer]:
    """Wan with random weights, and ours with the same ones: all of Wan's names are ours, and only new ones remain."""
    torch.manual_seed(0)
    wan = WanTransformer3DModel(**config.backbone.diffusers_arguments()).eval()
    ours = CineSceneTransformer.from_seed(config, 1).eval()
    loaded = ours.load_state_dict(wan.state_dict(), strict=False)
    assert not loaded.unexpected_keys
    assert all(
        any(part in name for part in ("scene_embedding", "previz_embedding", "camera_encoder", "projective"))
        for name in loaded.missing_keys
    )
    return wan, ours


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES.keys())
@pytest.mark.parametrize("per_token", [False, True], ids=["one time", "time a token"])
@torch.no_grad()
def test_without_a_scene_it_is_wan(backbone: BackboneConfig, per_token: bool) -> None:
    config = TransformerConfig(backbone=backbone, geometry_dim=8, projective_dim=32, projective_heads=2)
    wan, ours = pair(config)
    noisy, _, inputs = random_case(config, batch_size=2, latent_frames=3, latent_size=(4, 6))
    time = torch.tensor([[0.0, 0.731, 0.731], [0.25, 0.5, 1.0]]) if per_token else torch.tensor([0.731, 0.02])
    tokens_per_frame = 2 * 3
    wan_time = (time.double() * 1000).float()
    wan_time = wan_time.repeat_interleave(tokens_per_frame, dim=1) if per_token else wan_time
    expected = wan(noisy, wan_time, inputs.text).sample
    text_only = CineSceneInputs(text=inputs.text)
    torch.testing.assert_close(ours(noisy, time, text_only), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("camera", ["extrinsics", "prope"])
@torch.no_grad()
def test_camera_and_previz_change_nothing_before_training(camera: str) -> None:
    config = TransformerConfig(
        backbone=WAN_2_1_T2V, camera=camera, scene_tokens="none", projective_dim=32, projective_heads=2
    )
    wan, ours = pair(config)
    noisy, time, inputs = random_case(config)
    expected = wan(noisy, time * 1000, inputs.text).sample
    torch.testing.assert_close(ours(noisy, time, inputs), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("attention", ["joint", "cached"])
@torch.no_grad()
def test_a_scene_whose_views_are_all_dropped_changes_nothing(attention: str) -> None:
    config = TransformerConfig(
        backbone=WAN_2_1_T2V,
        context_attention=attention,
        geometry_dim=8,
        projective_dim=32,
        projective_heads=2,
    )
    wan, ours = pair(config)
    noisy, time, inputs = random_case(config)
    dropped = dataclasses.replace(inputs, view_known=torch.zeros(2, 3, dtype=torch.bool))
    expected = wan(noisy, time * 1000, inputs.text).sample
    torch.testing.assert_close(ours(noisy, time, dropped), expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_in_half_precision_it_rounds_where_wan_does() -> None:
    config = TransformerConfig(backbone=WAN_2_1_T2V, geometry_dim=8, projective_dim=32, projective_heads=2)
    wan, ours = pair(config)
    noisy, _, inputs = random_case(config)
    time = torch.tensor([0.5, 0.25])
    wan, ours = wan.to(torch.bfloat16), ours.to(torch.bfloat16)
    noisy, inputs = noisy.bfloat16(), CineSceneInputs(text=inputs.text.bfloat16())
    expected = wan(noisy, (time * 1000).long(), inputs.text).sample
    torch.testing.assert_close(ours(noisy, time, inputs), expected, atol=1e-2, rtol=0)
