from pathlib import Path

import numpy as np
import pytest
import torch
from einops import rearrange

from cinescene.model.autoencoder import Autoencoder
from cinescene.model.checkpoints import load_autoencoder
from cinescene.model.patch_autoencoder import PatchAutoencoder
from cinescene.model.weight_files import save_weights, write_json
from cinescene.presets import nano_autoencoder_config

CONFIG = nano_autoencoder_config() | {"z_dim": 12, "width": 16, "fine_width": 16, "depth": 1}


def smooth_clips(count: int, frames: int = 9) -> list[torch.Tensor]:
    """Soft moving waves: pictures with a few strong components, like real ones."""
    generator = torch.Generator().manual_seed(3)
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(48.0), indexing="ij")
    clips = []
    for _ in range(count):
        angle, speed, phase = torch.rand(3, 3, 1, 1, 1, generator=generator)
        time = torch.arange(float(frames))[None, :, None, None]
        wave = torch.sin(0.25 * (rows * angle + columns * (1 - angle)) + 0.8 * speed * time + 6 * phase)
        clips.append(0.8 * wave)
    return clips


@pytest.fixture(scope="module")
def begun() -> PatchAutoencoder:
    wan = Autoencoder.from_config(CONFIG, seed=0).wan
    wan.begin_with_components(smooth_clips(40))
    return wan


@pytest.fixture(scope="module")
def moved(begun: PatchAutoencoder) -> PatchAutoencoder:
    """With the networks away from zero, as after training."""
    import copy

    wan = copy.deepcopy(begun)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in wan.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return wan


@torch.no_grad()
def test_single_pictures_begin_as_their_principal_components(begun: PatchAutoencoder) -> None:
    """Reconstruction error over the pictures it was made from: the variance of the components left out (numpy's)."""
    pictures = [clip[:, :1] for clip in smooth_clips(40)]
    patches = torch.cat([rearrange(p, "c 1 (h y) (w x) -> (h w) (c y x)", y=8, x=8) for p in pictures]).double().numpy()
    values = np.linalg.svd(patches - patches.mean(0), compute_uv=False) ** 2 / patches.size
    error = np.mean(
        [
            float((begun.decode(begun.encode(p[None]).latent_dist.mode()).sample[0] - p).square().mean())
            for p in pictures
        ]
    )
    assert error == pytest.approx(values[12:].sum(), rel=0.02)


@torch.no_grad()
def test_groups_begin_near_the_best_linear_code(begun: PatchAutoencoder) -> None:
    """The best has no shared components: what sharing costs is bounded."""
    groups = [clip[:, 1:] for clip in smooth_clips(40)]
    patches = torch.cat([rearrange(g, "c (t f) (h y) (w x) -> (t h w) (f c y x)", f=4, y=8, x=8) for g in groups])
    rows = patches.double().numpy()
    best = (np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2)[12:].sum() / rows.size
    clips = smooth_clips(40)
    restored = [begun.decode(begun.encode(clip[None]).latent_dist.mode()).sample[0] for clip in clips]
    error = np.mean([float((r - c)[:, 1:].square().mean()) for r, c in zip(restored, clips, strict=True)])
    assert best * 0.999 < error < 2.5 * best


@torch.no_grad()
def test_a_still_is_one_picture_repeated(begun: PatchAutoencoder) -> None:
    """The components shared by single pictures and groups have the same values for the same picture."""
    still = smooth_clips(1)[0][:, :1].expand(-1, 5, -1, -1)
    latents = begun.encode(still[None]).latent_dist.mode()[0]
    shared = round(0.7 * 12)
    centred = [latents[:shared, t] - latents[:shared, t].mean((1, 2), keepdim=True) for t in (0, 1)]
    torch.testing.assert_close(centred[0], centred[1], atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_latent_frames_depend_on_their_own_frames_only(moved: PatchAutoencoder) -> None:
    clip = smooth_clips(1)[0][None]
    changed = clip.clone()
    changed[:, :, 5:] = -changed[:, :, 5:]
    before, after = (moved.encode(x).latent_dist.mode() for x in (clip, changed))
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert not torch.allclose(before[:, :, 2], after[:, :, 2])
    alone = moved.encode(clip[:, :, :1]).latent_dist.mode()
    torch.testing.assert_close(alone[:, :, 0], before[:, :, 0])


@torch.no_grad()
def test_decoding_is_causal(moved: PatchAutoencoder) -> None:
    latents = torch.randn(2, 12, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    whole = moved.decode(latents).sample
    assert whole.shape == (2, 3, 9, 32, 48)
    torch.testing.assert_close(moved.decode(latents[:, :, :2]).sample, whole[:, :, :5], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_it_is_saved_and_loaded(moved: PatchAutoencoder, tmp_path: Path) -> None:
    autoencoder = Autoencoder(moved)
    autoencoder.set_statistics(torch.linspace(-1, 1, 12), torch.linspace(0.5, 2, 12))
    save_weights(moved, tmp_path)
    write_json(tmp_path / "config.json", autoencoder.config)
    loaded = load_autoencoder(tmp_path)
    frames = torch.rand(1, 5, 3, 16, 24, generator=torch.Generator().manual_seed(2))
    assert torch.equal(loaded.encode(frames), autoencoder.encode(frames))
    assert torch.equal(loaded.decode(loaded.encode(frames)), autoencoder.decode(autoencoder.encode(frames)))


def test_sampled_latents_differ_by_the_stated_noise(begun: PatchAutoencoder) -> None:
    clip = smooth_clips(1)[0][None]
    posterior = begun.encode(clip).latent_dist
    draws = torch.stack([posterior.sample(torch.Generator().manual_seed(i)) for i in range(60)])
    spread = (draws - posterior.mode()).std((0, 1, 3, 4, 5))
    torch.testing.assert_close(spread, 0.05 * begun.channel_scale, rtol=0.1, atol=0)
    assert torch.equal(posterior.sample(torch.Generator().manual_seed(5)), draws[5])
