"""What data promises, on generated sets of every kind: exact depth, exact masks, panoramas that are the same place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_grid, project, unproject
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.scripted import ScriptedClip, script_clip
from cinescene.sets.description import KINDS, SetDescription
from cinescene.sets.frame import FramePair
from cinescene.sets.generate import generate_set
from cinescene.sets.renderer import Renderer
from cinescene.sets.shot_rules import ShotRules
from cinescene.sets.shots import plan_shot
from cinescene.sets.stage import build_stage, free_space
from cinescene.video import read_video, write_video
from tests.sets.staging import camera, cut_view, flat, psnr, sampled

SEEDS = range(7100, 7120)
WIDTH, HEIGHT, FRAMES = 384, 224, 33
FINE = 4
"""Side of the square of pixels whose mean is taken for what a picture of infinitely many samples would show."""
CODEC_REACH_PX = 17
"""Size of a window whose middle is half a macroblock from its edges."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Shown:
    """A clip of a set and some of its frames."""

    description: SetDescription
    clip: ScriptedClip
    cameras: Cameras
    indices: tuple[int, ...]
    pairs: list[FramePair]


@pytest.fixture(scope="module", params=SEEDS)
def shown(request: pytest.FixtureRequest, shared_renderer: Callable[..., Renderer]) -> Shown:
    seed = request.param
    description = generate_set(seed, KINDS[seed % len(KINDS)])
    space = free_space(description)
    rules = ShotRules(frames=FRAMES, frame_rate=8.0, width_px=WIDTH, height_px=HEIGHT)
    clip = script_clip(1, plan_shot(description, rules, seed, 0, space=space), description, space, rng_of(seed))
    one = shared_renderer(WIDTH, HEIGHT, specular=False)
    one.load(build_stage(description))
    cameras, indices = clip.track.cameras(), (0, 4, 16)
    pairs = [one.render_pair(cameras[i], actors_at(clip, i)) for i in indices]
    return Shown(description, clip, cameras, indices, pairs)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 1])


def actors_at(clip: ScriptedClip, index: int) -> list:
    time_s = float(clip.track.frame_times_s()[index])
    return [mesh for performance in clip.performances for mesh in performance.meshes_at(time_s)]


def test_the_subject_changes_pixels_only_inside_its_mask(shown: Shown) -> None:
    for pair in shown.pairs:
        changed = (pair.with_subject.colour != pair.without_subject.colour).any(0)
        assert not (changed & ~pair.subject_and_shadow_mask).any()
        assert not (pair.subject_mask & ~pair.subject_and_shadow_mask).any()
        elsewhere = ~pair.subject_mask
        assert torch.equal(pair.with_subject.depth_m[elsewhere], pair.without_subject.depth_m[elsewhere])


def test_depth_and_cameras_warp_frames_onto_each_other(shown: Shown) -> None:
    grid = pixel_grid(WIDTH, HEIGHT, torch.float64).reshape(-1, 2)
    for i, j in ((0, 1), (0, 2)):
        one, other = shown.pairs[i].without_subject, shown.pairs[j].without_subject
        first, second = shown.cameras[shown.indices[i]], shown.cameras[shown.indices[j]]
        depth = one.depth_m.double().reshape(-1)
        surface = depth.isfinite()
        pixels, distance = project(second, unproject(first, grid, torch.where(surface, depth, 1.0)))
        inside = ((pixels > 2) & (pixels < torch.tensor([WIDTH - 2, HEIGHT - 2]))).all(-1) & surface
        there = torch.nan_to_num(pixels)
        depth_there = 1 / sampled(1 / other.depth_m[None], there)[0]
        flat_there = sampled(flat(other).float()[None], there)[0] == 1
        unoccluded = inside & flat(one).reshape(-1) & flat_there & ((depth_there - distance).abs() < 0.01 * distance)
        if unoccluded.sum() < 200:
            continue
        error = (sampled(other.colour, there) - one.colour.double().reshape(3, -1)).abs()[:, unoccluded]
        assert error.median() < 3
        again, _ = project(first, unproject(second, there, torch.where(unoccluded, depth_there, 1.0)))
        shift = torch.linalg.vector_norm(again - grid, dim=-1)[unoccluded]
        assert shift.quantile(0.99) < 1.0


def test_a_view_cut_from_the_panorama_is_a_picture_taken_there(
    shown: Shown, shared_renderer: Callable[..., Renderer]
) -> None:
    """The picture is taken with 64 samples a pixel: with four it is itself only 33 to 35 dB from that on these sets."""
    one = shared_renderer(WIDTH // 2 * FINE, HEIGHT // 2 * FINE, specular=False)
    one.load(build_stage(shown.description))
    place = torch.tensor(shown.description.panorama_position, dtype=torch.float64)
    pose = rigid(level_rotation(), place)
    panorama = one.render_panorama(pose, 4096, 2048)
    panorama_camera = Cameras.equirectangular(pose, 4096, 2048)
    for yaw_deg, pitch_deg in ((0, 0), (140, -15)):
        view = camera(place.tolist(), yaw_deg, pitch_deg, width_px=WIDTH // 2, height_px=HEIGHT // 2, fov_deg=75)
        fine = one.render(view.resized(WIDTH // 2 * FINE, HEIGHT // 2 * FINE)).colour.double()
        picture = fine.reshape(3, HEIGHT // 2, FINE, WIDTH // 2, FINE).mean((2, 4))
        assert psnr(cut_view(panorama.colour, panorama_camera, view), picture) > 35


def test_encoded_clips_differ_elsewhere_by_coding_noise_only(shown: Shown, tmp_path: Path) -> None:
    """What the codec makes of the subject reaches half a macroblock beyond its mask; further on it is noise."""
    taken = [(pair.with_subject.colour, pair.without_subject.colour) for pair in shown.pairs]
    decoded = []
    for index, frames in enumerate(zip(*taken, strict=True)):
        write_video(tmp_path / f"{index}.mp4", torch.stack(frames), 8.0, crf=14)
        decoded.append(read_video(tmp_path / f"{index}.mp4").frames.float())
    noise = (decoded[1] - torch.stack([without for _, without in taken]).float()).abs().mean(1)
    difference = (decoded[0] - decoded[1]).abs().mean(1)
    for index, pair in enumerate(shown.pairs):
        affected = pair.subject_and_shadow_mask[None, None].float()
        outside = F.max_pool2d(affected, CODEC_REACH_PX, 1, CODEC_REACH_PX // 2)[0, 0] == 0
        if outside.sum() > 500:
            assert difference[index][outside].mean() < 2 * noise[index][outside].mean() + 0.5
