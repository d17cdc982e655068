"""Shots that are hard for a scene-conditioned model: exact paths, the same on every set.

Each set gets one shot a case, from a place where the whole path is clear and the subject is seen at the start. The
subject stands still, so that the first and the last frame of a camera that returns show the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinescene.cameras.notation import parse_moves
from cinescene.errors import GeometryError
from cinescene.sets.collision import FreeSpace
from cinescene.sets.description import SetDescription
from cinescene.sets.shot_moves import Setup
from cinescene.sets.shot_rules import ShotKind, ShotRules
from cinescene.sets.shots import NEAREST_M, PlannedShot
from cinescene.sets.stage import free_space
from cinescene.sets.walks import WalkPath

LENS_MM = 24.0
TRIES = 400
SUBJECT_NEAREST_M, SUBJECT_FARTHEST_M = NEAREST_M, 6.0
AIM_SHARE = 0.35
"""Of half the angle of view: how far off the middle the subject may be at the start."""
CLEAR_OF_SUBJECT_M = 0.9


@dataclass(frozen=True, kw_only=True)
class StressCase:
    """A path by its name: moves in the notation, from ``away_m`` beside the panorama's centre.

    ``or_moves`` are as good where ``moves`` have no room. ``on_any_panorama``: the path is also worth trying where
    nothing but a panorama is known.
    """

    name: str
    kind: ShotKind
    moves: str
    or_moves: str | None = None
    away_m: float = 0.0
    on_any_panorama: bool = True


CASES = (
    StressCase(name="pan 180°", kind="pan", moves="pan right 180deg"),
    StressCase(name="turn 360° and back", kind="pan", moves="pan right 360deg"),
    StressCase(name="dolly 2 m", kind="dolly", moves="dolly in 2m", or_moves="dolly out 2m"),
    StressCase(name="zoom 24 to 70 mm", kind="zoom", moves="zoom to 70mm"),
    StressCase(name="start 1 m away", kind="pan", moves="pan right 30deg", away_m=1.0, on_any_panorama=False),
    StressCase(name="start 2 m away", kind="pan", moves="pan right 30deg", away_m=2.0, on_any_panorama=False),
)


def stress_shots(description: SetDescription, rules: ShotRules, seed: int) -> list[PlannedShot]:
    """One shot for each of `CASES`; the same seed gives the same shots.

    Raises `GeometryError` where a set has no room for one of them.
    """
    space = free_space(description)
    return [
        _shot(case, description, space, rules, np.random.default_rng([seed, 0x57, index]))
        for index, case in enumerate(CASES)
    ]


def _shot(
    case: StressCase, description: SetDescription, space: FreeSpace, rules: ShotRules, rng: np.random.Generator
) -> PlannedShot:
    for attempt in range(TRIES):
        eye = _eye(case, description, space, rules, rng)
        if eye is None:
            continue
        setup = _setup(eye, space, rules, rng)
        if setup is None:
            continue
        for moves in _options(case):
            shot = _planned(case, moves, setup, rules, attempt, float(rng.uniform(-0.5, 0.5)))
            if _is_clear(shot, space):
                return shot
    raise GeometryError(f"stress shot {case.name!r}: expected room for it round the panorama's position, found none")


def _options(case: StressCase) -> Iterator[str]:
    yield case.moves
    if case.or_moves is not None:
        yield case.or_moves


def _eye(
    case: StressCase, description: SetDescription, space: FreeSpace, rules: ShotRules, rng: np.random.Generator
) -> Float[np.ndarray, "3"] | None:
    """Where the shot begins: so far from the panorama's centre, in its sight, at its height."""
    centre = np.asarray(description.panorama_position, dtype=np.float64)
    if case.away_m == 0:
        return centre
    angle = rng.uniform(0, 2 * math.pi)
    eye = centre + case.away_m * np.array([math.cos(angle), math.sin(angle), 0.0])
    clear = space.is_free(eye, rules.margin_m) and space.line_is_free(centre, eye, 0.0)
    return eye if clear else None


def _setup(eye: Float[np.ndarray, "3"], space: FreeSpace, rules: ShotRules, rng: np.random.Generator) -> Setup | None:
    """Somebody to look at, and the camera turned to them."""
    bearing = rng.uniform(0, 2 * math.pi)
    distance = rng.uniform(SUBJECT_NEAREST_M, SUBJECT_FARTHEST_M)
    place = eye[:2] + distance * np.array([math.sin(bearing), math.cos(bearing)])
    if space.walk_clearance_m(place[None], rules.subject_height_m)[0] < rules.subject_radius_m:
        return None
    if not space.line_is_free(eye, np.array([*place, 0.7 * rules.subject_height_m])):
        return None
    half_view = math.atan(18.0 / LENS_MM)
    x, y, z = (float(c) for c in eye)
    return Setup(
        eye_m=(x, y, z),
        yaw_rad=float(bearing + rng.uniform(-AIM_SHARE, AIM_SHARE) * half_view),
        pitch_rad=0.0,
        focal_mm=LENS_MM,
        target_m=(float(place[0]), float(place[1]), 0.6 * rules.subject_height_m),
    )


def _planned(
    case: StressCase, moves: str, setup: Setup, rules: ShotRules, attempt: int, turned_rad: float
) -> PlannedShot:
    """The subject stands still and faces the camera, give or take a little."""
    place, eye = np.asarray(setup.target_m[:2]), np.asarray(setup.eye_m[:2])
    facing = math.atan2(*(eye - place)[::-1]) + turned_rad
    step = 0.1 * np.array([math.cos(facing), math.sin(facing)])
    return PlannedShot(
        kind=case.kind,
        plan=parse_moves(moves),
        setup=setup,
        rules=rules,
        walk=WalkPath(points=np.stack([place, place + step])),
        speed_m_s=0.0,
        facing_rad=facing,
        aimed=True,
        attempt=attempt,
        case=case.name,
    )


def _is_clear(shot: PlannedShot, space: FreeSpace) -> bool:
    """Whether the camera stays clear of everything solid and of the subject."""
    eyes = shot.track().world_from_camera[:, :3, 3].numpy()
    place = np.asarray(shot.setup.target_m[:2])
    apart = np.linalg.norm(eyes[:, :2] - place, axis=1).min()
    return bool(apart >= CLEAR_OF_SUBJECT_M and (space.clearance_m(eyes) >= shot.rules.margin_m).all())
