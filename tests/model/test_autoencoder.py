import pytest
import torch

from cinescene.errors import CheckpointError, InputError
from cinescene.model.autoencoder import Autoencoder, check_clip_size
from tests.model.wan_folders import autoencoder as wan_autoencoder

WAN_2_1 = {"base_dim": 4, "z_dim": 16, "num_res_blocks": 1}


@torch.no_grad()
def test_it_is_wans_with_pictures_in_0_to_1_and_normalised_latents() -> None:
    ours = Autoencoder.from_config(WAN_2_1, seed=0)
    frames = torch.rand(2, 5, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    config = ours.wan.config
    mean, std = (torch.tensor(x).view(1, -1, 1, 1, 1) for x in (config.latents_mean, config.latents_std))
    raw = ours.wan.encode(frames.movedim(1, 2) * 2 - 1).latent_dist.mode()
    latents = ours.encode(frames)
    torch.testing.assert_close(latents, (raw - mean) / std)
    decoded = (ours.wan.decode(raw).sample.movedim(1, 2) + 1) / 2
    torch.testing.assert_close(ours.decode(latents), decoded, atol=1e-5, rtol=0)
    assert latents.shape[1:] == ours.latent_shape(5, 16, 24)


@torch.no_grad()
def test_a_view_is_a_clip_of_one_frame_and_time_is_causal() -> None:
    ours = Autoencoder.from_config(WAN_2_1, seed=0)
    frames = torch.rand(1, 9, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    views = ours.encode_views(frames[:, :5], views_at_once=2)
    torch.testing.assert_close(views[:, 0], ours.encode(frames)[:, :, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(views[0, 3], ours.encode(frames[:, 3:4])[0, :, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.encode(frames[:, :5]), ours.encode(frames)[:, :, :2], atol=1e-5, rtol=0)


@torch.no_grad()
def test_slicing_changes_nothing_and_tiling_little() -> None:
    ours = Autoencoder.from_config(WAN_2_1, seed=0)
    frames = torch.rand(2, 1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    latents = ours.encode(frames)
    decoded = ours.decode(latents)
    ours.enable_slicing()
    torch.testing.assert_close(ours.encode(frames), latents, atol=1e-5, rtol=0)
    ours.enable_tiling(48, 32)
    tiled = ours.decode(latents)
    assert tiled.shape == decoded.shape
    assert (tiled - decoded).abs().mean() < 0.05
    with pytest.raises(InputError, match="multiples of 8 px"):
        ours.enable_tiling(50, 30)


@torch.no_grad()
def test_the_large_wan_2_2_autoencoder_fits_too() -> None:
    ours = Autoencoder(wan_autoencoder("2.2 TI2V"))
    assert (ours.latent_channels, ours.temporal_factor, ours.spatial_factor) == (48, 4, 16)
    latents = ours.encode(torch.rand(1, 5, 3, 32, 48))
    assert latents.shape == (1, 48, 2, 2, 3)
    assert ours.decode(latents).shape == (1, 5, 3, 32, 48)


def test_the_seed_decides_the_weights_and_a_sample_needs_a_generator() -> None:
    first, second = (Autoencoder.from_config(WAN_2_1, seed=1).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    ours = Autoencoder.from_config(WAN_2_1, seed=1)
    frames = torch.rand(1, 1, 3, 16, 16)
    with torch.no_grad():
        samples = [ours.encode(frames, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(samples[0], samples[1])
    assert not torch.equal(samples[0], samples[2])


@torch.no_grad()
def test_measured_statistics_normalise() -> None:
    ours = Autoencoder.from_config(WAN_2_1, seed=0)
    frames = torch.rand(4, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    ours.set_statistics(torch.zeros(16), torch.ones(16))
    raw = ours.encode(frames)
    ours.set_statistics(raw.mean((0, 2, 3, 4)), raw.std((0, 2, 3, 4)))
    normalised = ours.encode(frames)
    torch.testing.assert_close(normalised.mean((0, 2, 3, 4)), torch.zeros(16), atol=1e-4, rtol=0)
    torch.testing.assert_close(normalised.std((0, 2, 3, 4)), torch.ones(16), atol=1e-4, rtol=0)
    assert Autoencoder.from_config(ours.config).config == ours.config


def test_lengths_and_sizes_that_do_not_fit_come_with_the_nearest_that_do() -> None:
    with pytest.raises(InputError, match="got 80; nearest: 77 or 81"):
        check_clip_size(80, 64, 64, 4, 16)
    with pytest.raises(InputError, match="multiples of 16 px, got 670×390; nearest: 672×384"):
        check_clip_size(81, 390, 670, 4, 16)
    ours = Autoencoder.from_config(WAN_2_1, seed=0)
    with pytest.raises(InputError, match="nearest: 1 or 5"):
        ours.encode(torch.rand(1, 3, 3, 16, 16))
    with pytest.raises(CheckpointError, match="latents_mean and latents_std of 8 numbers, got 16"):
        Autoencoder.from_config({"base_dim": 4, "z_dim": 8})
    with pytest.raises(CheckpointError, match="cannot be used"):
        Autoencoder.from_config({"base_dim": "wide"})
    assert Autoencoder.from_config(WAN_2_1 | {"clip_output": False}).latent_channels == 16
