import dataclasses

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.model.autoencoder import Autoencoder
from cinescene.model.conditioning import (
    PrevizEmbedding,
    SceneEmbedding,
    encode_previz,
    frames_of_latents,
    relative_extrinsics,
)
from tests.model.models import random_case, tiny_config, trained_model


def small_autoencoder() -> Autoencoder:
    settings = {"base_dim": 4, "z_dim": 4, "num_res_blocks": 1, "latents_mean": [0.0] * 4, "latents_std": [1.0] * 4}
    return Autoencoder.from_config(settings, seed=0)


def test_each_frame_belongs_to_one_latent_frame() -> None:
    assert frames_of_latents(9, 4).tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert frames_of_latents(1, 4).tolist() == [[0, 0, 0, 0]]


def test_extrinsics_are_those_of_the_last_frame_of_each_group_seen_from_the_reference() -> None:
    world = rigid(level_rotation(0.4, 0.1).double(), torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64))
    steps = torch.arange(9, dtype=torch.float64)
    offset = torch.stack([torch.zeros(9).double(), torch.zeros(9).double(), 0.5 * steps], dim=-1)
    path = world @ rigid(torch.eye(3, dtype=torch.float64).expand(9, 3, 3), offset)
    cameras = Cameras.from_focal_px(path[None], 50.0, 64, 48)
    out = relative_extrinsics(cameras, cameras[:, :1], 4)
    expected = torch.cat([torch.eye(3), torch.zeros(3, 1)], dim=1).double().repeat(3, 1, 1)
    expected[:, 2, 3] = torch.tensor([0.0, 2.0, 4.0])
    torch.testing.assert_close(out[0], expected.flatten(1), atol=1e-12, rtol=0)


@torch.no_grad()
def test_what_a_previz_guessed_never_reaches_the_model() -> None:
    autoencoder = small_autoencoder()
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(1, 5, 3, 16, 24, generator=generator)
    photographed = (torch.rand(1, 5, 1, 16, 24, generator=generator) > 0.5).float()
    other_guess = torch.where(photographed.bool(), frames, torch.rand(frames.shape, generator=generator))
    latents, mask = encode_previz(autoencoder, frames, photographed)
    assert torch.equal(encode_previz(autoencoder, other_guess, photographed)[0], latents)
    changed = torch.where(photographed.bool(), 1 - frames, frames)
    assert not torch.allclose(encode_previz(autoencoder, changed, photographed)[0], latents)
    assert latents.shape == (1, 4, 2, 2, 3)
    assert mask.shape == (1, 1, 2, 2, 3)
    torch.testing.assert_close(mask[0, 0, 0, 0, 0], photographed[0, 0, 0, :8, :8].mean())
    torch.testing.assert_close(mask[0, 0, 1, 1, 2], photographed[0, 1:5, 0, 8:, 16:].mean())


@torch.no_grad()
def test_a_dropped_previz_is_no_previz() -> None:
    model = trained_model(tiny_config())
    noisy, time, inputs = random_case(model.config)
    dropped = dataclasses.replace(inputs, previz_known=torch.tensor([False, False]))
    torch.testing.assert_close(model(noisy, time, dropped), model(noisy, time, inputs.without_previz()))
    embedding = PrevizEmbedding(model.config)
    assert not embedding(inputs).any()


@pytest.mark.parametrize(
    ("tokens", "patches_matter", "camera_matters"),
    [("both", True, True), ("geometry_patch_only", True, False), ("geometry_camera_only", False, True)],
)
@torch.no_grad()
def test_the_ablations_use_the_part_that_they_name(tokens: str, patches_matter: bool, camera_matters: bool) -> None:
    config = tiny_config(scene_tokens=tokens)
    model = trained_model(config)
    noisy, time, inputs = random_case(tiny_config(scene_tokens="both"))
    out = model(noisy, time, inputs)
    other_patches = dataclasses.replace(inputs, geometry_patches=inputs.geometry_patches + torch.randn(3, 4))
    other_camera = dataclasses.replace(inputs, geometry_camera=inputs.geometry_camera.flip(-1))
    assert ((model(noisy, time, other_patches) - out).abs().max() > 1e-4) == patches_matter
    assert ((model(noisy, time, other_camera) - out).abs().max() > 1e-4) == camera_matters


@torch.no_grad()
def test_geometry_tokens_are_the_sum_on_the_latent_grid() -> None:
    config = tiny_config(scene_tokens="geometry")
    embedding = SceneEmbedding(config)
    _, _, inputs = random_case(config)
    swapped = dataclasses.replace(
        inputs,
        geometry_patches=inputs.geometry_patches + inputs.geometry_camera[..., None, None],
        geometry_camera=torch.zeros_like(inputs.geometry_camera),
    )
    patching = torch.nn.Conv3d(4, 48, (1, 2, 2), stride=(1, 2, 2))
    torch.testing.assert_close(embedding(swapped, patching), embedding(inputs, patching))
    assert embedding.token_grid(inputs) == (3, 4)
    assert embedding(inputs, patching).shape == (2, 3 * 3 * 4, 48)
