"""Scripted clips, over seeds: their subjects are seen, keep to free floor and off the camera, and are told in words."""

from __future__ import annotations

import numpy as np
import pytest

from cinescene.data.recipe import preset
from cinescene.data.render_job import set_with_shots
from cinescene.data.scripted import ScriptedClip, script_clip, seen_share
from cinescene.sets.collision import FreeSpace
from cinescene.sets.shots import PlannedShot
from cinescene.sets.stage import free_space

SEEDS = range(8203, 8206)
LEAST_DISTANCE_M = 0.2
Clip = tuple[PlannedShot, ScriptedClip, FreeSpace]


@pytest.fixture(scope="module", params=["nano", "release"])
def clips(request: pytest.FixtureRequest) -> list[Clip]:
    made = []
    recipe = preset(request.param)
    for seed in SEEDS:
        description, shots = set_with_shots(seed, recipe)
        space = free_space(description)
        for index, shot in enumerate(shots):
            rng = np.random.default_rng([seed, index])
            made.append((shot, script_clip(index + 1, shot, description, space, rng), space))
    return made


def test_who_a_shot_is_aimed_at_is_seen(clips: list[Clip]) -> None:
    aimed = [(shot, clip, space) for shot, clip, space in clips if shot.aimed]
    shares = np.array([seen_share(clip.performances[0], clip.track, space) for _, clip, space in aimed])
    assert len(aimed) > 0.7 * len(clips)
    assert shares.mean() > 0.8
    assert (shares > 0.5).mean() > 0.85
    assert shares.min() > 0


def test_nobody_walks_through_things_or_into_the_camera(clips: list[Clip]) -> None:
    for _, clip, space in clips:
        times = np.linspace(0.0, float(clip.track.frame_times_s()[-1]), 25)
        eyes = clip.track.world_from_camera[:, :3, 3].numpy()
        assert space.clearance_m(eyes).min() > 0.3
        for performance in clip.performances:
            places = np.stack([performance.position_at(float(t)) for t in times])
            assert space.walk_clearance_m(places[:, :2]).min() > 0.1
        for time_s, eye in zip(clip.track.frame_times_s(), eyes, strict=True):
            for performance in clip.performances:
                place = performance.position_at(float(time_s))
                beside = np.linalg.norm((eye - place)[:2]) - performance.bounding_radius_m
                assert max(beside, eye[2] - performance.height_m) > LEAST_DISTANCE_M


def test_captions_differ(clips: list[Clip]) -> None:
    captions = [clip.caption for _, clip, _ in clips]
    assert len(set(captions)) > 0.95 * len(captions)
    assert len({caption.split()[0] for caption in captions}) > 1


def test_views_turn_by_little_and_by_much_and_start_within_45_degrees(clips: list[Clip]) -> None:
    turns = np.array([shot.view_change_deg for shot, _, _ in clips])
    assert turns.min() < 5
    assert turns.max() > 60
    assert turns.max() <= 181
    assert max(abs(shot.start_yaw_deg) for shot, _, _ in clips) <= 46
