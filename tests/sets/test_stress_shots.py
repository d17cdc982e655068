"""Stress shots are the same exact paths on every set, clear of everything, and one that turns round comes back."""

import math

import numpy as np
import pytest
import torch

from cinescene.cameras.transforms import rotation_angle
from cinescene.errors import GeometryError
from cinescene.sets.description import SetDescription
from cinescene.sets.generate import generate_set
from cinescene.sets.shot_rules import ShotRules
from cinescene.sets.shots import PlannedShot
from cinescene.sets.stage import free_space
from cinescene.sets.stress_shots import CASES, stress_shots

RULES = ShotRules(frames=17, frame_rate=8.0, width_px=160, height_px=96)


@pytest.fixture(scope="module", params=[0, 3])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def description(seed: int) -> SetDescription:
    return generate_set(seed)


@pytest.fixture(scope="module")
def shots(description: SetDescription, seed: int) -> dict[str, PlannedShot]:
    return {str(shot.case): shot for shot in stress_shots(description, RULES, seed)}


def angles_deg(shot: PlannedShot) -> torch.Tensor:
    rotation = shot.track().world_from_camera[:, :3, :3]
    return torch.rad2deg(rotation_angle(rotation[:1].mT @ rotation))


def travel_m(shot: PlannedShot) -> torch.Tensor:
    places = shot.track().world_from_camera[:, :3, 3]
    return (places - places[0]).norm(dim=-1)


def test_every_case_is_there_once(shots: dict[str, PlannedShot]) -> None:
    assert list(shots) == [case.name for case in CASES]
    assert all(len(shot.track()) == 17 for shot in shots.values())


def test_paths_are_what_they_are_called(shots: dict[str, PlannedShot]) -> None:
    assert float(angles_deg(shots["pan 180°"])[-1]) == pytest.approx(180, abs=1e-3)
    around = angles_deg(shots["turn 360° and back"])
    assert float(around[-1]) == pytest.approx(0, abs=1e-3)
    assert float(around[8]) == pytest.approx(180, abs=1e-3)
    assert float(travel_m(shots["dolly 2 m"])[-1]) == pytest.approx(2, abs=1e-6)
    lens = shots["zoom 24 to 70 mm"].track().cameras().focal_mm()
    assert (float(lens[0]), float(lens[-1])) == (pytest.approx(24, abs=1e-4), pytest.approx(70, abs=1e-4))


def test_starts_are_as_far_from_the_panorama_as_they_say(
    shots: dict[str, PlannedShot], description: SetDescription
) -> None:
    centre = np.asarray(description.panorama_position)
    for case in CASES:
        start = shots[case.name].track().world_from_camera[0, :3, 3].numpy()
        assert float(np.linalg.norm(start - centre)) == pytest.approx(case.away_m, abs=1e-6)


def test_cameras_keep_clear_and_see_their_subject_at_the_start(
    shots: dict[str, PlannedShot], description: SetDescription
) -> None:
    space = free_space(description)
    for shot in shots.values():
        eyes = shot.track().world_from_camera[:, :3, 3].numpy()
        assert (space.clearance_m(eyes) >= RULES.margin_m).all()
        ahead = shot.track().world_from_camera[0, :3, 2].numpy()
        to_subject = np.asarray(shot.setup.target_m) - eyes[0]
        off = math.degrees(math.acos(ahead[:2] @ to_subject[:2] / np.linalg.norm(to_subject[:2])))
        assert off < 0.5 * math.degrees(shot.track().cameras().field_of_view_rad[0, 0])


def test_the_subject_stands_still(shots: dict[str, PlannedShot]) -> None:
    for shot in shots.values():
        places, headings = shot.subject_at(np.linspace(0, 2, 5))
        assert np.ptp(places, axis=0).max() == 0
        assert np.ptp(headings) == 0


def test_the_same_seed_gives_the_same_shots(
    shots: dict[str, PlannedShot], description: SetDescription, seed: int
) -> None:
    again = {shot.case: shot for shot in stress_shots(description, RULES, seed)}
    for case, shot in shots.items():
        assert torch.equal(again[case].track().world_from_camera, shot.track().world_from_camera)


def test_a_set_without_room_says_so() -> None:
    with pytest.raises(GeometryError, match="expected room"):
        stress_shots(generate_set(0), ShotRules(frames=17, frame_rate=8.0, margin_m=50.0), 0)
