"""All kinds of subjects: as JSON, at random, and how fast they plausibly go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.json_tree import tree_from_json, tree_to_json
from cinescene.sets.subjects.ball import Ball, BallPattern
from cinescene.sets.subjects.casting import apart_from, random_person
from cinescene.sets.subjects.colours import Colour, distance, random_colour
from cinescene.sets.subjects.drone import Drone
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.quadruped import Animal, Coat
from cinescene.sets.subjects.quadruped_form import BUILDS
from cinescene.sets.subjects.robot import Robot
from cinescene.sets.subjects.toy_car import ToyCar

Subject = Person | Animal | Ball | ToyCar | Robot | Drone
SubjectKind = Literal["person", "dog", "cat", "ball", "toy car", "robot", "drone"]
KINDS: tuple[SubjectKind, ...] = get_args(SubjectKind)

SHARES: Mapping[SubjectKind, float] = {
    "person": 0.68,
    "dog": 0.10,
    "cat": 0.04,
    "ball": 0.05,
    "toy car": 0.04,
    "robot": 0.05,
    "drone": 0.04,
}
"""How often each kind is drawn by `random_subject`."""
FUR: Mapping[str, tuple[Colour, ...]] = {
    "dog": (
        (0.42, 0.26, 0.15),
        (0.10, 0.09, 0.09),
        (0.80, 0.70, 0.54),
        (0.90, 0.88, 0.84),
        (0.50, 0.49, 0.48),
        (0.24, 0.15, 0.10),
    ),
    "cat": ((0.46, 0.46, 0.46), (0.08, 0.08, 0.08), (0.88, 0.52, 0.22), (0.90, 0.88, 0.84), (0.42, 0.28, 0.17)),
}
_TYPES: Mapping[str, type] = {
    "person": Person,
    "dog": Animal,
    "cat": Animal,
    "ball": Ball,
    "toy car": ToyCar,
    "robot": Robot,
    "drone": Drone,
}


def subject_to_json(subject: Subject) -> dict[str, Any]:
    """Plain values for `json.dumps`."""
    values: dict[str, Any] = tree_to_json(subject)
    return values


def subject_from_json(value: Any, where: str = "subject") -> Subject:
    """The subject that `subject_to_json` described. Raises `InputError` for anything else."""
    kind = str(value.get("kind")) if isinstance(value, dict) else "nothing of the kind"
    if kind not in _TYPES:
        raise InputError(f"{where}: expected an object whose kind is one of {', '.join(KINDS)}, got {kind!r}")
    subject: Subject = tree_from_json(_TYPES[kind], value, where)
    return subject


def random_subject(rng: np.random.Generator, kinds: Sequence[SubjectKind] = KINDS) -> Subject:
    """A subject of one of the kinds, people most often."""
    if not kinds or any(kind not in KINDS for kind in kinds):
        raise InputError(
            f"subjects: expected kinds among {', '.join(KINDS)}, got {', '.join(map(str, kinds)) or 'none'}"
        )
    shares = np.array([SHARES[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    seed = int(rng.integers(2**31))
    if kind == "person":
        return random_person(rng)
    if kind in ("dog", "cat"):
        return _random_animal(rng, kind, seed)
    first = random_colour(rng)
    second = apart_from(rng, [first], 40.0)
    if kind == "ball":
        pattern: BallPattern = get_args(BallPattern)[int(rng.integers(4))]
        hop = round(float(rng.uniform(0.15, 0.6)), 3) if rng.random() < 0.3 else 0.0
        radius = round(float(rng.uniform(0.11, 0.40)), 3)
        return Ball(radius_m=radius, pattern=pattern, colour=first, second=second, hop_m=hop, seed=seed)
    if kind == "toy car":
        return ToyCar(length_m=round(float(rng.uniform(0.45, 1.1)), 3), colour=first, second=second, seed=seed)
    if kind == "robot":
        return Robot(height_m=round(float(rng.uniform(0.6, 1.4)), 3), colour=first, second=second, seed=seed)
    span, hover = round(float(rng.uniform(0.35, 0.8)), 3), round(float(rng.uniform(0.9, 1.9)), 3)
    return Drone(span_m=span, hover_m=hover, colour=first, second=second, seed=seed)


def plausible_speed_m_s(rng: np.random.Generator, subject: Subject, running: bool = False) -> float:
    """A speed that suits the subject; only people run (animals trot as fast as they like)."""
    if isinstance(subject, Person):
        size = math.sqrt(subject.height_m / 1.75)
        slow = 1.0 - 0.25 * float(np.clip((subject.body.age_years - 60) / 25, 0.0, 1.0))
        return float(rng.uniform(2.6, 3.6) if running else rng.uniform(1.0, 1.6)) * size * slow
    if isinstance(subject, Animal):
        return float(rng.uniform(1.1, 2.6)) * math.sqrt(subject.height_m)
    if isinstance(subject, Ball):
        return float(rng.uniform(0.6, 2.0))
    if isinstance(subject, ToyCar):
        return float(rng.uniform(0.5, 1.5))
    return float(rng.uniform(0.3, 0.9)) if isinstance(subject, Robot) else float(rng.uniform(0.5, 1.6))


def _random_animal(rng: np.random.Generator, kind: Literal["dog", "cat"], seed: int) -> Animal:
    dog = kind == "dog"
    build = BUILDS[kind]
    build = replace(
        build,
        length=round(build.length * float(rng.uniform(0.93, 1.12)), 3),
        chest=round(build.chest * float(rng.uniform(0.92, 1.18)), 3),
        legs=round(build.legs * float(rng.uniform(0.92, 1.18)), 3),
        snout=round(build.snout * float(rng.uniform(0.6, 1.2)), 3),
        tail=round(build.tail * float(rng.uniform(0.7, 1.15)), 3),
        tail_up=round(float(rng.uniform(0.25, 0.9)), 3),
        floppy_ears=bool(dog and rng.random() < 0.5),
    )
    furs = FUR[kind]
    colour = furs[int(rng.integers(len(furs)))]
    others = [fur for fur in furs if distance(fur, colour) > 25]
    r, g, b = colour
    tabby = (round(0.5 * r, 4), round(0.45 * g, 4), round(0.4 * b, 4))
    coats: tuple[Coat, ...] = ("plain", "saddled", "spotted", "patched") if dog else ("plain", "striped", "patched")
    coat = coats[int(rng.integers(len(coats)))]
    other = others[int(rng.integers(len(others)))]
    return Animal(
        kind=kind,
        height_m=round(float(rng.uniform(0.32, 0.72) if dog else rng.uniform(0.23, 0.31)), 3),
        build=build,
        coat=coat,
        colour=colour,
        second=tabby if coat == "striped" else other,
        collar=random_colour(rng, ("red", "blue", "yellow", "green", "black"))
        if rng.random() < (0.7 if dog else 0.3)
        else None,
        seed=seed,
    )
