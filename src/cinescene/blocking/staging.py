"""Where the roles of a prompt stand and walk, so that the camera of the shot sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cinescene.blocking.actors import subject_for
from cinescene.blocking.floor import FreeFloor
from cinescene.blocking.words import Heading, Role, roles_in
from cinescene.cameras import Cameras
from cinescene.sets.subjects.cast import Subject, plausible_speed_m_s
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import Performance
from cinescene.sets.subjects.person import Person

DISTANCES_M = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 11.0)
FAR_M, FARTHER = (15.0, 20.0, 28.0, 40.0), 1.5
"""Distances for long lenses: up to so many times the one where the subject fills the picture or the floor comes in."""
ASIDE = (-0.30, -0.15, 0.0, 0.15, 0.30)
"""Across the picture, as shares of its width at that distance."""
FACTORS = (1.0, 0.8, 0.6)
"""Of a plausible speed: slower ones only where the subject would leave the picture."""
FILLED = 0.55
"""Of the picture's height: how large a person is best seen. Smaller subjects are let be smaller."""
SPREAD_RAD = 0.35
"""How far a way may turn off the direction that is said."""
APART_M = 0.9
"""Between two subjects."""
BLOCKED = 1.0
"""What standing in something costs, against a score of at most 1."""
LEAST_DEED_S = 0.4


@dataclass(frozen=True)
class _Way:
    """A straight way over the floor: where the middle of the shot finds the subject, heading and speed."""

    middle: np.ndarray
    middle_s: float
    heading_rad: float
    speed_m_s: float

    def at(self, times_s: np.ndarray) -> np.ndarray:
        along = np.array([math.cos(self.heading_rad), math.sin(self.heading_rad)])
        return self.middle + along * (self.speed_m_s * (times_s - self.middle_s))[:, None]


def stage_prompt(
    prompt: str,
    cameras: Cameras,
    times_s: Sequence[float],
    floor_m: float,
    seed: int,
    free: FreeFloor | None = None,
) -> tuple[Performance, ...]:
    """Performances for the roles that a prompt names (`roles_in`), none for an empty place.

    ``cameras`` (t,) are those of the frames, in metres in a z-up world whose floor is at ``floor_m``. Left, right,
    towards and away are meant as the first frame sees them. Ways are straight, and chosen so that the subject is in the
    picture for as long and as wholly as can be, and on floor that is ``free``, where that is known. The same arguments
    give the same performances.
    """
    rng = np.random.default_rng([seed, 0x5EED])
    times = np.asarray(times_s, dtype=np.float64)
    views = _Views.of(cameras, floor_m)
    performances: list[Performance] = []
    taken: list[_Way] = []
    for role in roles_in(prompt):
        subject = subject_for(role, rng)
        way = _best_way(role, subject, views, times, taken, rng, free)
        taken.append(way)
        performances.append(_performance(role, subject, way, times, floor_m, rng))
    return tuple(performances)


@dataclass(frozen=True)
class _Views:
    """The cameras as numpy: projections (t, 3, 4), size, and the level axes of each frame."""

    projections: np.ndarray
    size_px: tuple[int, int]
    positions: np.ndarray
    forward: np.ndarray
    focal_px: np.ndarray
    floor_m: float

    @classmethod
    def of(cls, cameras: Cameras, floor_m: float) -> _Views:
        exact = cameras.to(dtype=torch.float64)
        forward = exact.forward.numpy().copy()
        forward[:, 2] = 0
        length = np.linalg.norm(forward, axis=1, keepdims=True)
        up = -exact.world_from_camera[:, :3, 1].numpy() * [1, 1, 0]
        forward = np.where(length > 1e-3, forward, up)
        forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)
        return cls(
            projections=(exact.intrinsics_px @ exact.camera_from_world[:, :3]).numpy(),
            size_px=exact.size_px,
            positions=exact.position.numpy(),
            forward=forward,
            focal_px=exact.focal_px[:, 0].numpy(),
            floor_m=floor_m,
        )

    def right(self, frame: int) -> np.ndarray:
        x, y = self.forward[frame, :2]
        return np.array([y, -x])

    def placed_px(self, places: np.ndarray, height_m: float) -> tuple[np.ndarray, np.ndarray]:
        """(u, v) and depth, a frame, of points so high above the floor at (x, y)."""
        count = len(places)
        points = np.column_stack([places, np.full(count, self.floor_m + height_m), np.ones(count)])
        projected = np.einsum("tij,tj->ti", self.projections, points)
        depth = projected[:, 2]
        return projected[:, :2] / np.where(np.abs(depth) < 1e-6, 1e-6, depth)[:, None], depth


def _best_way(
    role: Role,
    subject: Subject,
    views: _Views,
    times: np.ndarray,
    taken: Sequence[_Way],
    rng: np.random.Generator,
    free: FreeFloor | None,
) -> _Way:
    moves = _moves(role)
    speed = plausible_speed_m_s(rng, subject, running=role.motion == "run") if moves else 0.0
    heading = _heading(role, views, rng)
    middle, middle_s = len(times) // 2, float(times.mean())
    ahead, right = views.forward[middle, :2], views.right(middle)
    width_at_1 = views.size_px[0] / views.focal_px[middle]
    best, best_score = None, -math.inf
    above_m = abs(views.positions[middle, 2] - views.floor_m)
    useful_m = FARTHER * max(subject.height_m, 2 * above_m) * views.focal_px[middle] / views.size_px[1]
    for distance in (*DISTANCES_M, *(far for far in FAR_M if far < useful_m)):
        for aside in ASIDE:
            place = views.positions[middle, :2] + distance * (ahead + aside * width_at_1 * right)
            for factor in FACTORS if moves else (1.0,):
                way = _Way(place, middle_s, heading, speed * factor)
                score = _score(way, subject, views, times) - 0.15 * (1 - factor) - 0.05 * abs(aside)
                score -= 2.0 * _crowding(way, taken, times)
                if free is not None and score > best_score:
                    score -= BLOCKED * float((~free(way.at(times))).mean())
                if score > best_score:
                    best, best_score = way, score
    assert best is not None
    return best


def _moves(role: Role) -> bool:
    if role.motion in ("move", "run"):
        return True
    still = role.motion in ("stand", "turn") or role.gesture != "none" or role.deed != "none"
    return not still and (bool(role.headings) or role.kind != "person")


def _heading(role: Role, views: _Views, rng: np.random.Generator) -> float:
    """Radians from +x; people who stay face where it is said, or the camera."""
    right, ahead = views.right(0), views.forward[0, :2]
    axes = {"left": -right, "right": right, "towards": -ahead, "away": ahead}
    if role.headings:
        main = role.headings[0]
        direction = axes[main] + (0.7 * axes[role.headings[1]] if len(role.headings) > 1 else 0)
        turn = rng.uniform(-SPREAD_RAD, SPREAD_RAD) if len(role.headings) == 1 else 0.0
        if main in ("towards", "away"):
            turn *= 0.5
    elif _moves(role):
        side: Heading = "left" if rng.random() < 0.5 else "right"
        direction, turn = axes[side], rng.uniform(-SPREAD_RAD, SPREAD_RAD)
    else:
        direction, turn = -ahead, rng.uniform(-0.6, 0.6)
    return math.atan2(direction[1], direction[0]) + float(turn)


def _score(way: _Way, subject: Subject, views: _Views, times: np.ndarray) -> float:
    """How well the subject is seen: its middle, feet and head in the picture, and at a good size."""
    width, height = views.size_px
    places = way.at(times)
    tall = subject.height_m
    feet, depth = views.placed_px(places, 0.0)
    head, _ = views.placed_px(places, tall)
    across = feet[:, 0] / width
    inside = np.clip(1 - np.maximum(np.abs(across - 0.5) - 0.40, 0) / 0.12, 0, 1)
    feet_in = np.clip((1.02 - feet[:, 1] / height) / 0.10, 0, 1)
    head_in = np.clip((head[:, 1] / height + 0.02) / 0.10, 0, 1)
    share = np.abs(feet[:, 1] - head[:, 1]) / height
    shown = np.minimum(feet[:, 1], height) - np.maximum(head[:, 1], 0)
    mostly = np.clip(2 * shown / np.maximum(feet[:, 1] - head[:, 1], 1e-3), 0, 1)
    wanted = FILLED if isinstance(subject, Person) else FILLED * min(1.0, max(tall, 0.35) / 1.2)
    size = np.exp(-0.5 * (np.log(np.maximum(share, 1e-3) / wanted) / 0.5) ** 2)
    near = np.linalg.norm(places - views.positions[:, :2], axis=1) < 0.6 + 0.3 * tall
    seen = (depth > 0.3) & ~near
    return float((seen * inside * mostly * (0.35 + 0.25 * feet_in + 0.15 * head_in + 0.25 * size)).mean())


def _crowding(way: _Way, taken: Sequence[_Way], times: np.ndarray) -> float:
    gaps = [np.linalg.norm(way.at(times) - other.at(times), axis=1).min() for other in taken]
    return max((max(0.0, 1 - gap / APART_M) for gap in gaps), default=0.0)


def _performance(
    role: Role,
    subject: Subject,
    way: _Way,
    times: np.ndarray,
    floor_m: float,
    rng: np.random.Generator,
) -> Performance:
    duration = max(float(times[-1]), 0.25)
    gesture_s = (0.1 * duration, duration + 0.5)
    if _moves(role):
        places = way.at(np.array([times[0], times[-1]]))
        if role.stops and times[-1] > times[0]:
            places[1] = 0.45 * places[0] + 0.55 * places[1]
            path = GroundPath.along(places, max(way.speed_m_s, 0.05), duration, floor_m)
        else:
            path = GroundPath.straight(
                (float(places[0][0]), float(places[0][1])), way.heading_rad, way.speed_m_s, duration, floor_m
            )
        return Performance(subject=subject, path=path, duration_s=duration, gesture=role.gesture, gesture_s=gesture_s)
    turn = float(rng.choice([-1.0, 1.0]) * rng.uniform(1.6, 3.0)) if role.motion == "turn" else 0.0
    spot = (float(way.middle[0]), float(way.middle[1]))
    path = GroundPath.standing(spot, way.heading_rad, duration, floor_m, turn)
    if not isinstance(subject, Person):
        return Performance(subject=subject, path=path, duration_s=duration)
    deed = role.deed if duration - LEAST_DEED_S > 0.8 else "none"
    return Performance(
        subject=subject,
        path=path,
        duration_s=duration,
        gesture=role.gesture if deed == "none" else "none",
        gesture_s=gesture_s,
        deed=deed,
        deed_s=(LEAST_DEED_S * min(1.0, duration / 4), duration),
        seat_m=round(0.265 * subject.height_m, 3),
    )
