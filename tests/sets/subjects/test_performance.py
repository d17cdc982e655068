"""Performances: the same description gives the same bytes, fixed topology, stays within its bounds, goes to JSON."""

import itertools
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.sets.subjects import (
    KINDS,
    GroundPath,
    Performance,
    plausible_speed_m_s,
    random_performance,
    random_subject,
    subject_from_json,
    subject_to_json,
)
from cinescene.sets.subjects.ball import Ball
from cinescene.sets.subjects.figure import figure_of
from cinescene.sets.subjects.person import Person
from tests.sets.subjects import people

STANDING = GroundPath.standing((0, 0), 0.0, 4.0)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_subjects_go_to_json_and_back(seed: int, kind) -> None:
    subject = random_subject(np.random.default_rng(seed), [kind])
    assert subject.kind == kind
    assert subject_from_json(json.loads(json.dumps(subject_to_json(subject)))) == subject


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(2.0, 8.0))
def test_performances_go_to_json_and_back(seed: int, duration: float) -> None:
    rng = np.random.default_rng(seed)
    performance = random_performance(rng, random_subject(rng), duration, floor_m=0.3)
    again = Performance.from_json(json.loads(json.dumps(performance.to_json())))
    assert again == performance
    assert hash(again) == hash(performance)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_performance(seed: int) -> None:
    def draw() -> Performance:
        rng = np.random.default_rng(seed)
        return random_performance(rng, random_subject(rng), 5.0)

    assert draw() == draw()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_description_gives_the_same_bytes(kind) -> None:
    performance = _random(kind, 5)
    first = [
        m.positions.tobytes() + m.normals.tobytes() + m.material.albedo.tobytes() for m in performance.meshes_at(1.3)
    ]
    figure_of.cache_clear()
    again = Performance.from_json(performance.to_json())
    second = [m.positions.tobytes() + m.normals.tobytes() + m.material.albedo.tobytes() for m in again.meshes_at(1.3)]
    assert first == second


@pytest.mark.parametrize("kind", KINDS)
def test_topology_and_materials_never_change(kind) -> None:
    performance = _random(kind, 6)
    first = performance.meshes_at(0.0)
    for time_s in (0.7, 2.9, 99.0):
        for before, now in zip(first, performance.meshes_at(time_s), strict=True):
            assert now.material is before.material
            assert now.triangles is before.triangles
            assert now.uvs is before.uvs
            assert now.positions.dtype == np.float32
            assert np.isfinite(now.normals).all()


@pytest.mark.parametrize(("kind", "seed"), [*((kind, 0) for kind in KINDS), ("person", 1), ("person", 2)])
def test_meshes_stay_within_the_stated_cylinder(kind, seed: int) -> None:
    performance = _random(kind, seed)
    farthest = 0.0
    for time_s in np.linspace(0.0, performance.duration_s, 5):
        points = np.concatenate([mesh.positions for mesh in performance.meshes_at(float(time_s))])
        middle = performance.position_at(float(time_s))
        away = np.linalg.norm((points - middle)[:, :2], axis=1).max()
        assert away <= performance.bounding_radius_m
        assert (points - middle)[:, 2].max() <= performance.height_m
        farthest = max(farthest, float(away))
    assert farthest > 0.3 * performance.bounding_radius_m


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(1.0, 6.0), st.floats(-3, 3))
def test_nobody_goes_farther_than_there_is_room(seed: int, room: float, heading: float) -> None:
    rng = np.random.default_rng(seed)
    performance = random_performance(
        rng, random_subject(rng), 6.0, start_m=(1.0, 2.0), heading_rad=heading, room_m=room
    )
    for time_s in np.linspace(0, 6, 20):
        assert np.hypot(*(performance.position_at(float(time_s))[:2] - [1.0, 2.0])) < room + 0.05


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_a_given_way_is_followed_from_its_start(seed: int) -> None:
    rng = np.random.default_rng(seed)
    way = np.array([[0.0, 0.0], [1.0, 0.0], [1.6, 0.3], [2.0, 1.0], [2.0, 3.0]])
    performance = random_performance(rng, random_subject(rng), 5.0, way_m=way)
    assert np.linalg.norm(performance.position_at(0.0)[:2] - way[0]) < 0.12
    dense = np.concatenate([np.linspace(a, b, 50) for a, b in itertools.pairwise(way)])
    for time_s in np.linspace(0, 5, 15):
        here = performance.position_at(float(time_s))[:2]
        assert np.linalg.norm(dense - here, axis=1).min() < 0.12


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_speeds_are_plausible(seed: int, kind) -> None:
    rng = np.random.default_rng(seed)
    subject = random_subject(rng, [kind])
    assert 0.2 < plausible_speed_m_s(rng, subject) < 2.5
    if isinstance(subject, Person):
        assert 1.4 < plausible_speed_m_s(rng, subject, running=True) < 4.2


def test_position_and_heading_are_those_of_the_path() -> None:
    performance = Performance(subject=Ball(), path=GroundPath.straight((1, 2), 0.5, 1.0, 3.0, 0.25), duration_s=3.0)
    np.testing.assert_allclose(performance.position_at(2.0), [1 + 2 * math.cos(0.5), 2 + 2 * math.sin(0.5), 0.25])
    assert performance.heading_at(1.0) == pytest.approx(0.5)


def test_copies_for_other_processes_are_small_and_equal() -> None:
    performance = _random("robot", 1)
    performance.meshes_at(1.0)
    packed = pickle.dumps(performance)
    assert len(packed) < 20_000
    again = pickle.loads(packed)
    assert again == performance
    np.testing.assert_array_equal(again.meshes_at(1.0)[0].positions, performance.meshes_at(1.0)[0].positions)


def test_a_floor_lifts_everything() -> None:
    low, high = (
        Performance(subject=people.child(), path=GroundPath.standing((0, 0), 0.0, 2.0, floor), duration_s=2.0)
        for floor in (0.0, 0.8)
    )
    for a, b in zip(low.meshes_at(1.0), high.meshes_at(1.0), strict=True):
        np.testing.assert_allclose(b.positions[:, 2] - a.positions[:, 2], 0.8, atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration_s": 0.0}, "duration"),
        ({"gesture": "wave", "gesture_s": (2.0, 1.0)}, "end after"),
        ({"deed": "sit down", "deed_s": (0.5, 3.0), "path": GroundPath.straight((0, 0), 0.0, 1.0, 4.0)}, "at rest"),
        ({"deed": "sit down", "deed_s": (0.5, 3.0), "seat_m": 3.0}, "seat"),
        ({"subject": Ball(), "gesture": "wave", "gesture_s": (0.0, 1.0)}, "only people"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Performance(**({"subject": people.child(), "path": STANDING, "duration_s": 4.0} | fields))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"kind": "dragon"},
        {"kind": "ball", "radius_m": "big"},
        {"kind": "ball", "wheels": 4},
        {"kind": "person"},
        {"kind": "drone", "span_m": math.nan},
    ],
)
def test_json_that_describes_nothing_is_refused(value) -> None:
    with pytest.raises(InputError, match="subject"):
        subject_from_json(value)
    with pytest.raises(InputError, match="performance"):
        Performance.from_json({"subject": value, "path": {}, "duration_s": 1.0})


def test_kinds_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="kinds"):
        random_subject(np.random.default_rng(0), [])


def _random(kind, seed: int) -> Performance:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    return random_performance(rng, random_subject(rng, [kind]), 3.0)
