"""Footsteps and feet: alternate, stay put while they stand, never go through the floor."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.sets.subjects.feet import FootRoll, FootShape, FootTrack
from cinescene.sets.subjects.footsteps import FootPlace, Stance, Stepping, planned_footsteps
from cinescene.sets.subjects.ground_path import GroundPath

FEET = (FootPlace(ahead_m=0.0, left_m=0.09, group=0), FootPlace(ahead_m=0.0, left_m=-0.09, group=1))
SHAPE = FootShape(ankle_m=0.09, heel_m=0.06, ball_m=0.13, toe_m=0.20, ball_up_m=0.035)


def plan(path: GroundPath, end_s: float = 5.0) -> tuple[tuple[Stance, ...], ...]:
    return planned_footsteps(path, FEET, Stepping(hip_height_m=0.9, run_duty=0.36), -3.0, end_s)


@settings(max_examples=15)
@given(st.floats(0.5, 3.5), st.floats(-3, 3))
def test_steady_steps_alternate_and_are_as_long_as_the_way(speed: float, heading: float) -> None:
    left, right = plan(GroundPath.straight((0, 0), heading, speed, 5.0))
    starts = sorted([(s.start_s, 0) for s in left[3:]] + [(s.start_s, 1) for s in right[3:]])
    assert all(a[1] != b[1] for a, b in itertools.pairwise(starts))
    for before, after in itertools.pairwise(left[3:]):
        way = speed * (after.start_s - before.start_s)
        assert np.hypot(after.x_m - before.x_m, after.y_m - before.y_m) == pytest.approx(way, rel=0.02)


def test_stride_follows_the_published_relation() -> None:
    stepping = Stepping(hip_height_m=0.9)
    stride = 2 * 1.4 / stepping.frequency_hz(1.4)
    assert stride / 0.9 == pytest.approx(2.3 * (1.4**2 / (9.81 * 0.9)) ** 0.3)


def test_at_a_walk_one_foot_is_always_down_and_at_a_run_sometimes_none() -> None:
    times = np.linspace(0.5, 4.0, 400)

    def down(speed: float) -> np.ndarray:
        stances = plan(GroundPath.straight((0, 0), 0.0, speed, 5.0))
        return np.array([sum(any(s.start_s <= t <= s.end_s for s in foot) for foot in stances) for t in times])

    assert down(1.3).min() == 1
    assert down(1.3).max() == 2
    assert down(3.3).min() == 0


def test_who_stops_ends_with_the_feet_side_by_side() -> None:
    left, right = plan(GroundPath.along(np.array([[0.0, 0.0], [2.0, 0.0]]), 1.3, 6.0), 6.0)
    assert abs(left[-1].x_m - right[-1].x_m) < 0.04
    assert left[-1].x_m == pytest.approx(2.0, abs=0.05)
    assert left[-1].start_s < 3.5


def test_who_stands_takes_no_step() -> None:
    left, right = plan(GroundPath.standing((1.0, 1.0), 0.5, 5.0))
    assert len(left) == len(right) == 1


def test_who_turns_on_the_spot_ends_facing_the_new_way() -> None:
    left, right = plan(GroundPath.standing((0.0, 0.0), 0.0, 5.0, turn_rad=2.0), 6.0)
    assert len(left) > 2
    for last in (left[-1], right[-1]):
        assert last.yaw_rad == pytest.approx(2.0, abs=0.15)


@settings(max_examples=15)
@given(st.floats(0.6, 3.4), st.floats(-0.6, 0.6))
def test_feet_do_not_slide_or_sink(speed: float, curvature: float) -> None:
    along = np.linspace(0.0, 8 * speed, 200)
    angle = curvature * along
    points = np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along[1] - along[0]), axis=0)
    stances = plan(GroundPath.along(points, speed, 5.0))[0]
    track = FootTrack(stances, SHAPE, FootRoll())
    for stance in stances[3:-1]:
        times = np.linspace(stance.start_s + 1e-6, stance.end_s - 1e-6, 40)
        foot = track.at(times)
        heel, ball = sole_points(foot.ankle, foot.yaw_rad, foot.pitch_rad)
        rolling, pushing = foot.pitch_rad < -1e-9, foot.pitch_rad > 1e-9
        for points_m, held, height in ((heel, ~pushing, 0.0), (ball, ~rolling, SHAPE.ball_up_m)):
            if held.sum() > 1:
                assert np.ptp(points_m[held], axis=0).max() < 1e-6
                np.testing.assert_allclose(points_m[held, 2], height, atol=1e-9)
    times = np.linspace(0.0, 4.0, 400)
    foot = track.at(times)
    heel, ball = sole_points(foot.ankle, foot.yaw_rad, foot.pitch_rad)
    assert heel[:, 2].min() > -1e-9
    assert (ball[:, 2] - SHAPE.ball_up_m * np.cos(foot.pitch_rad - foot.bend_rad)).min() > -1e-9


def test_feet_move_without_jumps() -> None:
    track = FootTrack(plan(GroundPath.straight((0, 0), 0.0, 1.4, 5.0))[0], SHAPE, FootRoll())
    times = np.arange(0.0, 4.0, 0.002)
    foot = track.at(times)
    assert np.abs(np.diff(foot.ankle, axis=0)).max() < 0.02
    assert np.abs(np.diff(foot.pitch_rad)).max() < 0.05


def sole_points(ankle: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heel on the sole and joint of the toes, from a foot's pose."""

    def at(ahead: float, up: float) -> np.ndarray:
        along = np.cos(pitch) * ahead + np.sin(pitch) * up
        height = -np.sin(pitch) * ahead + np.cos(pitch) * up
        return ankle + np.stack([np.cos(yaw) * along, np.sin(yaw) * along, height], axis=1)

    return at(-SHAPE.heel_m, -SHAPE.ankle_m), at(SHAPE.ball_m, SHAPE.ball_up_m - SHAPE.ankle_m)


def test_speeds_too_small_to_be_squared_are_standing() -> None:
    stepping = Stepping(hip_height_m=0.9)
    assert stepping.frequency_hz(1e-200) == stepping.frequency_hz(0.0) == stepping.least_hz
