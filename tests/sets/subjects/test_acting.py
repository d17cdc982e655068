"""People in motion, judged by their meshes: soles that stay where they stand, nothing that jumps or sinks."""

import itertools
from typing import get_args

import numpy as np
import pytest

from cinescene.sets.subjects import GroundPath, Performance
from cinescene.sets.subjects.deeds import Deed
from cinescene.sets.subjects.gestures import Gesture
from cinescene.sets.subjects.person import Person
from tests.sets.subjects import people

CIRCLE = np.stack([1.8 * np.cos(np.linspace(0, 4, 80)), 1.8 * np.sin(np.linspace(0, 4, 80))], axis=1)
PATHS = {
    "stroll": GroundPath.straight((0, 0), 0.4, 0.8, 3.0),
    "walk": GroundPath.straight((0, 0), 0.4, 1.4, 3.0),
    "curve": GroundPath.along(CIRCLE, 1.2, 3.0),
    "start and stop": GroundPath.along(np.array([[0.0, 0.0], [1.6, 0.0]]), 1.2, 4.0, from_rest=True, start_s=0.4),
    "turn": GroundPath.standing((0, 0), 0.0, 3.0, turn_rad=2.5),
}


def all_positions(performance: Performance, time_s: float) -> np.ndarray:
    return np.concatenate([mesh.positions for mesh in performance.meshes_at(time_s)])


def soles(performance: Performance) -> np.ndarray:
    """Numbers of the vertices on the floor when the person stands."""
    standing = Performance(subject=performance.subject, path=GroundPath.standing((0, 0), 0.0, 1.0), duration_s=1.0)
    return np.flatnonzero(all_positions(standing, 0.5)[:, 2] < 0.004)


WALKS = [
    (people.man, "walk"),
    (people.woman, "curve"),
    (people.child, "start and stop"),
    (people.man, "turn"),
    (people.child, "stroll"),
]


@pytest.mark.parametrize(("person", "name"), WALKS)
def test_walkers_neither_slide_nor_sink_nor_float(person, name: str) -> None:
    performance = Performance(subject=person(), path=PATHS[name], duration_s=3.0)
    vertices = soles(performance)
    frames = [all_positions(performance, float(t)) for t in np.arange(0.6, 1.8, 1 / 30)]
    lowest = np.array([frame[:, 2].min() for frame in frames])
    assert lowest.min() > -0.02
    assert lowest.max() < 0.01
    slid, worst = np.zeros(len(vertices)), 0.0
    for before, after in itertools.pairwise(frame[vertices] for frame in frames):
        touching = (before[:, 2] < 0.002) & (after[:, 2] < 0.002)
        slid = np.where(touching, slid + np.linalg.norm((after - before)[:, :2], axis=1), 0.0)
        worst = max(worst, float(slid.max()))
    assert worst < 0.01


def test_runners_leave_the_ground_between_steps_and_land_on_it() -> None:
    performance = Performance(subject=people.man(), path=GroundPath.straight((0, 0), 0.0, 3.3, 3.0), duration_s=3.0)
    lowest = np.array([all_positions(performance, t)[:, 2].min() for t in np.linspace(0.5, 1.4, 36)])
    assert lowest.min() > -0.02
    assert lowest.max() > 0.01
    assert (lowest < 0.005).mean() > 0.4


@pytest.mark.parametrize("gesture", [g for g in get_args(Gesture) if g != "none"])
def test_gestures_are_smooth_and_leave_the_feet_alone(gesture) -> None:
    path = GroundPath.standing((0, 0), 0.0, 4.0)
    idle = Performance(subject=people.child(), path=path, duration_s=4.0)
    acting = Performance(subject=people.child(), path=path, duration_s=4.0, gesture=gesture, gesture_s=(0.5, 3.5))
    vertices = soles(idle)
    np.testing.assert_allclose(all_positions(acting, 2.0)[vertices], all_positions(idle, 2.0)[vertices], atol=2e-3)
    assert np.abs(all_positions(acting, 1.4) - all_positions(idle, 1.4)).max() > 0.03
    np.testing.assert_allclose(all_positions(acting, 0.4), all_positions(idle, 0.4), atol=1e-6)
    assert fastest_m_s(acting, 0.4, 2.0) < 6.0


@pytest.mark.parametrize("deed", [d for d in get_args(Deed) if d != "none"])
def test_deeds_are_smooth_and_keep_to_the_floor(deed) -> None:
    performance = Performance(
        subject=people.child(),
        path=GroundPath.standing((0, 0), 0.0, 4.0),
        duration_s=4.0,
        deed=deed,
        deed_s=(0.5, 3.8),
        seat_m=0.34,
    )
    assert fastest_m_s(performance, 0.4, 2.4) < 9.0
    lowest = [all_positions(performance, t)[:, 2].min() for t in np.linspace(0, 4, 13)]
    assert min(lowest) > -0.03


def test_who_sits_has_the_hips_over_the_seat_and_the_feet_where_they_were() -> None:
    seat = 0.46
    path = GroundPath.along(np.array([[0.0, 0.0], [1.2, 0.0]]), 1.2, 5.0)
    performance = Performance(
        subject=people.man(), path=path, duration_s=5.0, deed="sit down", deed_s=(2.6, 5.0), seat_m=seat
    )
    body = np.concatenate([m.positions for m in performance.meshes_at(5.0)[: -len(performance._stool)]])
    x, y, _ = performance.seat_place_m
    assert x < 0.9
    over = body[np.hypot(body[:, 0] - x, body[:, 1] - y) < 0.12]
    assert seat - 0.06 < over[:, 2].min() < seat + 0.05
    stool = np.concatenate([m.positions for m in performance._stool])
    assert stool[:, 2].max() == pytest.approx(seat)
    assert abs(body[:, 2].min()) < 0.01


def test_who_jumps_leaves_the_floor() -> None:
    performance = Performance(
        subject=people.man(), path=GroundPath.standing((0, 0), 0.0, 3.0), duration_s=3.0, deed="jump", deed_s=(0.2, 3.0)
    )
    lowest = np.array([all_positions(performance, t)[:, 2].min() for t in np.linspace(0, 3, 31)])
    assert lowest.max() > 0.15
    assert lowest[[0, -1]].max() < 0.01


def test_skirts_hide_thighs_at_every_moment_of_a_stride() -> None:
    from cinescene.sets.subjects.figure import figure_of

    person: Person = people.woman()
    performance = Performance(subject=person, path=GroundPath.straight((0, 0), 0.0, 1.4, 3.0), duration_s=3.0)
    part = next(p for p in figure_of(person)._parts if p.skirt is not None)
    index = [p.skirt is not None for p in figure_of(person)._parts].index(True)
    for time_s in np.linspace(0.5, 1.7, 8):
        cloth = performance.meshes_at(float(time_s))[index].positions
        middle = performance.position_at(float(time_s))
        assert len(cloth) == len(part.positions)
        assert np.hypot(*(cloth[:, :2] - middle[:2]).T).max() < 0.7


def fastest_m_s(performance: Performance, start_s: float, end_s: float) -> float:
    """The highest speed of any vertex."""
    times = np.arange(start_s, end_s, 1 / 12)
    frames = [all_positions(performance, float(t)) for t in times]
    steps = [np.linalg.norm(b - a, axis=1).max() for a, b in itertools.pairwise(frames)]
    return float(max(steps) * 12)
