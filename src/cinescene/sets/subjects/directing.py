"""Performances at random: what a subject does, along a way that is given or one that is made up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.subjects.cast import Subject, plausible_speed_m_s
from cinescene.sets.subjects.casting import weighted
from cinescene.sets.subjects.colours import random_colour
from cinescene.sets.subjects.deeds import Deed
from cinescene.sets.subjects.gestures import Gesture
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import STANDING_M_S, Performance
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.toy_car import ToyCar

PLANS: Mapping[str, float] = {
    "walk": 0.40,
    "walk and gesture": 0.10,
    "walk and stop": 0.14,
    "run": 0.10,
    "stand": 0.10,
    "turn": 0.05,
    "deed": 0.11,
}
ON_THE_SPOT: Mapping[Gesture, float] = {
    "wave": 0.25,
    "point": 0.16,
    "look around": 0.20,
    "stretch": 0.12,
    "hands on hips": 0.12,
    "cheer": 0.15,
}
ON_THE_WAY: Mapping[Gesture, float] = {"wave": 0.45, "look around": 0.35, "point": 0.20}
DEEDS: Mapping[Deed, float] = {"sit down": 0.45, "bend down": 0.30, "jump": 0.25}
LEAST_DEED_S: Mapping[str, float] = {"sit down": 2.0, "bend down": 2.6, "jump": 1.6}
STOP_S = 1.0
"""What is left for standing after the last step of somebody who stops."""


def random_performance(
    rng: np.random.Generator,
    subject: Subject,
    duration_s: float,
    *,
    way_m: Float[np.ndarray, "n 2"] | None = None,
    speed_m_s: float | None = None,
    start_m: Sequence[float] = (0.0, 0.0),
    heading_rad: float | None = None,
    room_m: float = math.inf,
    floor_m: float = 0.0,
) -> Performance:
    """Something that suits the subject.

    With ``way_m`` (a polyline over the floor, such as the points of a planned walk) the subject follows it from its
    first point, and stands for what is left of the time at its end. Without it, it moves from ``start_m`` in the
    direction ``heading_rad`` (drawn if None), straight or in a gentle curve, no farther than ``room_m``.

    A ``speed_m_s`` above 0 is kept from the first moment on, so that others can reckon with it; 0 keeps the subject at
    ``start_m``, or at the first point of its way, facing ``heading_rad``. None lets the subject choose.
    """
    if not duration_s > 0 or not (speed_m_s is None or speed_m_s >= 0):
        raise InputError(
            f"performance: expected a duration above 0 s and a speed ≥ 0, got {duration_s!r}, {speed_m_s!r}"
        )
    heading = float(rng.uniform(-math.pi, math.pi)) if heading_rad is None else heading_rad
    if speed_m_s == 0.0 and way_m is not None:
        start_m = (float(way_m[0][0]), float(way_m[0][1]))
    plan = _plan(rng, subject, way_m is not None or bool(speed_m_s), speed_m_s == 0.0, room_m)
    if plan in _STILL:
        return _on_the_spot(rng, subject, plan, duration_s, start_m, heading, floor_m)
    speed = speed_m_s or plausible_speed_m_s(rng, subject, running=plan == "run")
    way = _way(rng, subject, start_m, heading, min(speed * duration_s * 1.3 + 1.0, room_m)) if way_m is None else way_m
    free = "walk and gesture" if speed_m_s and plan == "walk and stop" else plan
    path = _path(rng, free, np.asarray(way, dtype=np.float64), speed, duration_s, floor_m, speed_m_s is None)
    return _on_the_way(rng, subject, free, path, duration_s)


def _plan(rng: np.random.Generator, subject: Subject, moving: bool, still: bool, room_m: float) -> str:
    """One of `PLANS`; what is no person moves if it may, and otherwise stands."""
    if not isinstance(subject, Person):
        return "stand" if still else "walk"
    if still:
        return weighted(rng, {name: PLANS[name] for name in _STILL})
    if moving:
        return weighted(rng, {name: share for name, share in PLANS.items() if name not in _STILL})
    return weighted(rng, {name: share for name, share in PLANS.items() if room_m > 0.8 or name in _STILL})


_STILL = ("stand", "turn", "deed")


def _on_the_spot(
    rng: np.random.Generator,
    subject: Subject,
    plan: str,
    duration_s: float,
    start_m: Sequence[float],
    heading: float,
    floor_m: float,
) -> Performance:
    turn = float(rng.choice([-1.0, 1.0]) * rng.uniform(1.2, 3.0)) if plan == "turn" else 0.0
    path = GroundPath.standing(start_m, heading, duration_s, floor_m, turn)
    if not isinstance(subject, Person):
        return Performance(subject=subject, path=path, duration_s=duration_s)
    if plan == "stand":
        gesture = weighted(rng, {"none": 0.25, **ON_THE_SPOT})
        return Performance(
            subject=subject, path=path, duration_s=duration_s, gesture=gesture, gesture_s=(0.4, duration_s + 0.5)
        )
    if plan == "turn":
        return Performance(subject=subject, path=path, duration_s=duration_s)
    return _with_deed(rng, Performance(subject=subject, path=path, duration_s=duration_s), 0.4)


def _on_the_way(
    rng: np.random.Generator, subject: Subject, plan: str, path: GroundPath, duration_s: float
) -> Performance:
    """Adds what a person does while walking, or after coming to rest."""
    performance = Performance(subject=subject, path=path, duration_s=duration_s)
    if not isinstance(subject, Person):
        return performance
    rest = _rest_from(path, duration_s)
    if plan == "walk and gesture":
        start = float(rng.uniform(0.05, 0.25)) * duration_s
        return _with_gesture(performance, weighted(rng, ON_THE_WAY), start, max(0.9 * duration_s, start + 1.2))
    if duration_s - rest > 2.6 and rng.random() < 0.35:
        return _with_deed(rng, performance, rest + 0.3)
    if duration_s - rest > 1.4 and rng.random() < 0.8:
        return _with_gesture(performance, weighted(rng, ON_THE_SPOT), rest, duration_s + 0.5)
    return performance


def _with_gesture(performance: Performance, gesture: Gesture, start_s: float, end_s: float) -> Performance:
    return Performance(
        subject=performance.subject,
        path=performance.path,
        duration_s=performance.duration_s,
        gesture=gesture,
        gesture_s=(start_s, end_s),
    )


def _with_deed(rng: np.random.Generator, performance: Performance, start_s: float) -> Performance:
    """A deed that fits into the time that is left; a gesture if none does."""
    left = performance.duration_s - start_s
    fitting = {deed: share for deed, share in DEEDS.items() if LEAST_DEED_S[deed] <= left}
    if not fitting:
        return _with_gesture(performance, weighted(rng, ON_THE_SPOT), start_s, performance.duration_s + 0.5)
    deed = weighted(rng, fitting)
    assert isinstance(performance.subject, Person)
    return Performance(
        subject=performance.subject,
        path=performance.path,
        duration_s=performance.duration_s,
        deed=deed,
        deed_s=(start_s, performance.duration_s),
        seat_m=round(0.265 * performance.subject.height_m, 3),
        stool=random_colour(rng),
    )


def _rest_from(path: GroundPath, duration_s: float) -> float:
    """When the path has come to rest for good; the duration if it does not."""
    times = np.linspace(0.0, duration_s, max(int(duration_s * 30), 2))
    moving = np.flatnonzero(path.speed_m_s(times) > 0.5 * STANDING_M_S)
    if len(moving) == 0:
        return 0.0
    return float(times[min(int(moving[-1]) + 1, len(times) - 1)])


def _path(
    rng: np.random.Generator, plan: str, way: np.ndarray, speed: float, duration_s: float, floor_m: float, free: bool
) -> GroundPath:
    if plan == "walk and stop":
        length = speed * duration_s * float(rng.uniform(0.3, 0.55))
        way = _shortened(way, length)
    from_rest = bool(free and rng.random() < 0.2)
    start = float(rng.uniform(0.3, 0.15 * duration_s + 0.35)) if from_rest else 0.0
    return GroundPath.along(way, speed, duration_s, floor_m, from_rest, start)


def _shortened(way: np.ndarray, length_m: float) -> np.ndarray:
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(way, axis=0), axis=1).cumsum()])
    length = min(length_m, float(along[-1]))
    kept = way[along < length - 1e-6]
    end = np.array([np.interp(length, along, axis) for axis in way.T])
    return np.concatenate([kept, end[None]])


def _way(
    rng: np.random.Generator, subject: Subject, start_m: Sequence[float], heading: float, length_m: float
) -> np.ndarray:
    """Straight or in an arc."""
    tightest = 0.35 if isinstance(subject, ToyCar) else 0.6
    curvature = 0.0 if rng.random() < 0.5 else float(rng.uniform(-tightest, tightest))
    along = np.linspace(0.0, max(length_m, 0.3), 40)
    angle = heading + curvature * along
    steps = np.diff(along)[:, None] * np.stack([np.cos(angle[:-1]), np.sin(angle[:-1])], axis=1)
    return np.asarray(start_m, dtype=np.float64) + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
