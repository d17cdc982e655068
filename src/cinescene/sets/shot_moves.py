"""Random camera moves of every kind, sized by a share of their full extent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from cinescene.cameras.easing import Easing
from cinescene.cameras.moves import (
    Arc,
    Crane,
    Dolly,
    DollyZoom,
    Handheld,
    LookAt,
    Move,
    Pan,
    Pedestal,
    Roll,
    Spiral,
    Static,
    Tilt,
    Truck,
    Zoom,
)
from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.shot import Shot, Step, timed
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.sets.shot_rules import ShotKind, ShotRules

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Where a shot begins: the camera's place, yaw, pitch (as in `level_rotation`), lens; the subject's place."""

    eye_m: Point
    yaw_rad: float
    pitch_rad: float
    focal_mm: float
    target_m: Point

    def pose(self) -> torch.Tensor:
        """``world_from_camera``, float64."""
        return rigid(level_rotation(self.yaw_rad, self.pitch_rad), torch.tensor(self.eye_m, dtype=torch.float64))

    @property
    def distance_m(self) -> float:
        return math.dist(self.eye_m, self.target_m)


def random_shot(
    kind: ShotKind, setup: Setup, rules: ShotRules, rng: np.random.Generator, extent: float
) -> Shot | CameraPath:
    """A shot of a kind from a setup; ``extent`` in (0, 1] scales how far it goes."""
    if kind == "spline":
        return _spline(setup, rules, rng, extent)
    easing: Easing = ("linear", "ease", "ease-in", "ease-out")[int(rng.choice(4, p=[0.4, 0.4, 0.1, 0.1]))]
    moves = _moves(kind, setup, rules, rng, extent)
    throughout: tuple[Move, ...] = ()
    if kind != "static" and rng.random() < (1.0 if kind == "handheld" else 0.2):
        throughout = (_unrest(rng),)
    step = Step(moves=tuple(timed(move, easing=easing) for move in moves))
    return Shot(steps=(step,), throughout=throughout)


def _moves(kind: ShotKind, setup: Setup, rules: ShotRules, rng: np.random.Generator, extent: float) -> tuple[Move, ...]:
    sign = float(rng.choice([-1.0, 1.0]))
    turn = sign * max(2.0, float(rng.uniform(0.1, 1.0)) * rules.largest_turn_deg * extent)
    way = sign * float(rng.uniform(0.4, 3.2)) * extent
    rise = sign * float(rng.uniform(0.3, 1.4)) * extent
    tilt = sign * float(rng.uniform(8.0, 45.0)) * extent
    target = setup.target_m
    if kind in ("static", "handheld"):
        return (Static(),)
    if kind == "pan":
        return (Pan(right_deg=_tidy(turn)),)
    if kind == "tilt":
        return (Tilt(up_deg=_tidy(tilt)),)
    if kind == "roll":
        return (Roll(clockwise_deg=_tidy(0.5 * tilt)), Dolly(in_m=_tidy(0.4 * way)))
    if kind == "arc":
        return (Arc(right_deg=_tidy(turn), around_m=target),)
    if kind == "arc-up":
        return (Arc(up_deg=_tidy(abs(tilt) * 0.8), around_m=target),)
    if kind == "dolly":
        return (Dolly(in_m=_tidy(way)),)
    if kind == "truck":
        return (Truck(right_m=_tidy(way)),)
    if kind == "pedestal":
        return (Pedestal(up_m=_tidy(rise)),)
    if kind == "crane":
        return (Crane(up_m=_tidy(1.5 * rise), look_at_m=target),)
    if kind == "follow":
        return (Truck(right_m=_tidy(way)), LookAt(point_m=target))
    if kind == "combined":
        return _combined(rng, turn, way, rise, tilt)
    return _optical(kind, setup, rules, rng, extent)


def _optical(
    kind: ShotKind, setup: Setup, rules: ShotRules, rng: np.random.Generator, extent: float
) -> tuple[Move, ...]:
    """Spirals, zooms and dolly-zooms: moves whose size follows from the distance or the lens."""
    distance = setup.distance_m
    if kind == "spiral":
        turn = float(rng.choice([-1.0, 1.0])) * max(2.0, float(rng.uniform(20.0, 120.0)) * extent)
        end = max(0.8, distance * (1 + float(rng.uniform(-0.45, 0.3)) * extent))
        return (Spiral(right_deg=_tidy(turn), around_m=setup.target_m, to_m=_tidy(end)),)
    end_mm = float(np.clip(setup.focal_mm * math.exp(float(rng.uniform(-1.0, 1.0)) * extent), *rules.lens_mm))
    if kind == "zoom":
        return (Zoom(focal_mm=_tidy(end_mm)),)
    way = distance * (1 - end_mm / setup.focal_mm)
    return (DollyZoom(in_m=_tidy(float(np.clip(way, -2.5, min(2.5, 0.6 * distance)))), subject_m=_tidy(distance)),)


def _combined(rng: np.random.Generator, turn: float, way: float, rise: float, tilt: float) -> tuple[Move, ...]:
    """Two different moves at the same time."""
    options: list[Move] = [
        Pan(right_deg=_tidy(0.5 * turn)),
        Dolly(in_m=_tidy(0.7 * way)),
        Truck(right_m=_tidy(0.7 * way * float(rng.choice([-1.0, 1.0])))),
        Pedestal(up_m=_tidy(0.7 * rise)),
        Tilt(up_deg=_tidy(0.5 * tilt)),
    ]
    first, second = rng.choice(len(options), 2, replace=False)
    return options[int(first)], options[int(second)]


def _unrest(rng: np.random.Generator) -> Handheld:
    return Handheld(
        amplitude_m=_tidy(float(rng.uniform(0.006, 0.03))),
        amplitude_deg=_tidy(float(rng.uniform(0.2, 0.9))),
        seed=int(rng.integers(1, 2**31)),
    )


def _spline(setup: Setup, rules: ShotRules, rng: np.random.Generator, extent: float) -> CameraPath:
    """A smooth random path through three to five poses; it looks at the subject or where it likes."""
    count = int(rng.integers(3, 6))
    times = np.linspace(0.0, rules.duration_s, count)
    aimed = rng.random() < 0.6
    step = rng.normal(0.0, 0.7, (count, 3)) * [1.0, 1.0, 0.3]
    step[0] = 0.0
    places = np.asarray(setup.eye_m) + extent * step.cumsum(axis=0)
    yaw = setup.yaw_rad + extent * np.concatenate([[0.0], rng.normal(0.0, 0.45, count - 1).cumsum()])
    pitch = setup.pitch_rad + extent * np.concatenate([[0.0], rng.normal(0.0, 0.12, count - 1)])
    focal = np.full(count, setup.focal_mm)
    if rng.random() < 0.3:
        focal[1:] = np.clip(setup.focal_mm * np.exp(extent * rng.normal(0.0, 0.2, count - 1).cumsum()), *rules.lens_mm)
    keys = tuple(
        Keyframe(
            time_s=float(times[k]),
            world_from_camera=rigid(
                level_rotation(float(yaw[k]), float(pitch[k])), torch.tensor(places[k], dtype=torch.float64)
            ),
            focal_mm=float(focal[k]),
            look_at_m=setup.target_m if aimed and k > 0 else None,
        )
        for k in range(count)
    )
    return CameraPath(keyframes=keys)


def _tidy(value: float) -> float:
    """Two decimals: what a person would write."""
    return round(value, 2)
