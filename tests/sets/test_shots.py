"""Planned shots: cameras keep their distance, subjects are in view and on free floor, kinds take turns."""

import math

import numpy as np
import pytest
import torch

from cinescene.cameras.notation import parse_moves
from cinescene.cameras.path import CameraPath
from cinescene.errors import GeometryError, InputError
from cinescene.sets.description import SetDescription
from cinescene.sets.generate import generate_set
from cinescene.sets.shot_rules import SHOT_KINDS, ShotRules
from cinescene.sets.shots import SUBJECT_DISTANCE_M, PlannedShot, plan_shot, plan_shots
from cinescene.sets.stage import free_space

RULES = ShotRules(frames=25, frame_rate=6.0, width_px=168, height_px=96)


@pytest.fixture(scope="module")
def planned() -> list[tuple[SetDescription, list[PlannedShot]]]:
    result = []
    for seed, kind in ((3, "room"), (5, "street")):
        description = generate_set(seed, kind)
        result.append((description, plan_shots(description, RULES, seed, len(SHOT_KINDS))))
    return result


def test_no_camera_is_near_anything_solid(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    for description, shots in planned:
        space = free_space(description)
        for shot in shots:
            eyes = shot.track().world_from_camera[:, :3, 3].numpy()
            assert space.clearance_m(eyes).min() >= RULES.margin_m
            between = (eyes[1:] + eyes[:-1]) / 2
            assert space.clearance_m(between).min() >= 0.25


def test_subjects_walk_on_free_floor_and_off_the_camera(
    planned: list[tuple[SetDescription, list[PlannedShot]]],
) -> None:
    for description, shots in planned:
        space = free_space(description)
        for shot in shots:
            track = shot.track()
            places, headings = shot.subject_at(track.frame_times_s().numpy())
            assert space.walk_clearance_m(places).min() >= RULES.subject_radius_m - 0.02
            assert np.isfinite(headings).all()
            eyes = track.world_from_camera[:, :2, 3].numpy()
            assert np.linalg.norm(eyes - places, axis=1).min() >= SUBJECT_DISTANCE_M
            assert abs(shot.start_yaw_deg) <= RULES.start_yaw_deg + 1.0
            if shot.speed_m_s:
                assert RULES.speed_m_s[0] <= shot.speed_m_s <= RULES.speed_m_s[1]


def test_aimed_shots_show_their_subject(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    shares = [shot.subject_share() for _, shots in planned for shot in shots if shot.aimed]
    assert min(shares) > 0.1
    assert np.mean(np.array(shares) >= RULES.in_view) > 0.8


def test_every_kind_takes_its_turn(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    for _, shots in planned:
        assert sorted(shot.kind for shot in shots) == sorted(SHOT_KINDS)


def test_most_shots_are_found_at_nearly_full_extent(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    attempts = np.array([shot.attempt for _, shots in planned for shot in shots])
    assert np.median(attempts) < 15
    assert (attempts < RULES.attempts).mean() > 0.95


def test_lenses_and_heights_keep_their_bounds(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    for _, shots in planned:
        for shot in shots:
            focal = shot.track().cameras().focal_mm()
            assert 0.9 * RULES.lens_mm[0] <= float(focal.min())
            assert float(focal.max()) <= 1.6 * RULES.lens_mm[1]
            assert RULES.eye_height_m[0] <= shot.setup.eye_m[2] <= RULES.eye_height_m[1]


def test_notation_gives_the_same_track(planned: list[tuple[SetDescription, list[PlannedShot]]]) -> None:
    for _, shots in planned:
        for shot in shots:
            if isinstance(shot.plan, CameraPath):
                continue
            again = parse_moves(shot.notation).track(
                frame_rate=RULES.frame_rate,
                frames=RULES.frames,
                width_px=RULES.width_px,
                height_px=RULES.height_px,
                start=shot.setup.pose(),
                focal_mm=shot.setup.focal_mm,
            )
            assert torch.allclose(again.world_from_camera, shot.track().world_from_camera, atol=1e-9)


def test_a_shot_depends_on_its_number_only() -> None:
    description = generate_set(2, "courtyard")
    some = plan_shots(description, RULES, 9, 3)
    for k, shot in enumerate(some):
        alone = plan_shot(description, RULES, 9, k)
        assert torch.equal(alone.track().world_from_camera, shot.track().world_from_camera)
        assert np.array_equal(alone.walk.points, shot.walk.points)
    other = plan_shot(description, RULES, 10, 0)
    assert not torch.equal(other.track().world_from_camera, some[0].track().world_from_camera)


def test_shared_starts_share_the_first_camera() -> None:
    description = generate_set(6, "hall")
    shots = plan_shots(description, ShotRules(frames=17, frame_rate=8.0, shared_start=True), 4, 6)
    first = [shot.track().cameras()[0] for shot in shots]
    for camera in first[1:]:
        assert torch.allclose(camera.world_from_camera, first[0].world_from_camera, atol=1e-9)
        assert torch.allclose(camera.intrinsics_px, first[0].intrinsics_px)
    assert first[0].position.tolist() == pytest.approx(list(description.panorama_position))


def test_kinds_turn_the_view_as_their_names_say() -> None:
    description = generate_set(8, "hall")

    def change(kind: str) -> list[float]:
        rules = ShotRules(frames=17, frame_rate=8.0, kinds=(kind,))
        return [shot.view_change_deg for shot in plan_shots(description, rules, 1, 4)]

    assert max(change("static")) == pytest.approx(0.0, abs=1e-6)
    assert max(change("truck")) < 5.0
    assert min(change("tilt")) > 2.0
    turns = change("pan") + change("arc")
    assert max(turns) > 60.0
    assert max(turns) <= 180.0 + 5.0


def test_no_room_for_a_camera_is_an_error() -> None:
    description = generate_set(8, "hall")
    with pytest.raises(GeometryError, match="room round the panorama's position"):
        plan_shots(description, ShotRules(margin_m=30.0), 0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lens_mm": (85.0, 18.0)},
        {"frames": 1},
        {"in_view": 1.5},
        {"kinds": ()},
        {"eye_height_m": (0.0, 2.0)},
        {"margin_m": math.inf},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="shot rules"):
        ShotRules(**wrong)


def test_negative_seeds_are_refused() -> None:
    with pytest.raises(InputError, match="at least 0"):
        plan_shots(generate_set(8, "hall"), RULES, -1, 1)
