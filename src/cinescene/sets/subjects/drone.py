"""A drone with four rotors that hovers above its path and leans into its way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.mesh import Mesh
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import box, cylinder, lathe, rounded_box, sphere, tube
from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.footsteps import GRAVITY_M_S2
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.rigid import Assembly, Piece, Track, about_point, after, checked_colours, motion, paint

ROTORS = {
    "front left": (0.34, 0.34),
    "front right": (0.34, -0.34),
    "rear left": (-0.34, 0.34),
    "rear right": (-0.34, -0.34),
}
ROTOR_HZ = 14.0
"""Slow for a drone, so that blades are seen and not a blur."""
DRAG_PER_S = 0.6
"""Air drag against speed: what it leans against while flying steadily."""


@dataclass(frozen=True, kw_only=True)
class Drone:
    """A drone ``span_m`` wide that hovers ``hover_m`` above the floor."""

    kind: Literal["drone"] = "drone"
    span_m: float = 0.5
    hover_m: float = 1.5
    colour: Colour = (0.92, 0.92, 0.90)
    second: Colour = (0.92, 0.46, 0.10)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind != "drone" or not 0.15 <= self.span_m <= 1.5 or not 0.3 <= self.hover_m <= 10.0:
            raise InputError(
                f"drone: expected a span of 0.15–1.5 m and a height of 0.3–10 m, got {self.span_m!r}, {self.hover_m!r}"
            )
        checked_colours("drone", (self.colour, self.second))

    @property
    def height_m(self) -> float:
        return self.hover_m + 0.3 * self.span_m + 0.1


class Flyer:
    """A drone along a path."""

    def __init__(self, drone: Drone, path: GroundPath, duration_s: float) -> None:
        self.drone = drone
        self.track = Track(path, duration_s)
        self._assembly = Assembly(_pieces(drone))
        self._phase = np.random.default_rng([drone.seed, 9]).uniform(0.0, 2 * math.pi, 4)

    def meshes_at(self, time_s: float) -> list[Mesh]:
        place, heading = self.track.place(time_s)
        a, b, c, d = self._phase
        bob = 0.035 * math.sin(1.7 * time_s + a) + 0.015 * math.sin(3.9 * time_s + b)
        push = self._push(time_s)
        forward, left = (float(push @ axis) for axis in _axes(heading))
        lean = rot.about_y(math.atan(forward / GRAVITY_M_S2) + 0.02 * math.sin(2.3 * time_s + c))
        roll = rot.about_x(-math.atan(left / GRAVITY_M_S2) + 0.02 * math.sin(2.9 * time_s + d))
        up = place + np.array([0.0, 0.0, self.drone.hover_m + bob])
        body = motion(rot.about_z(heading) @ lean @ roll, up)
        transforms = {"body": body}
        for number, (name, (x, y)) in enumerate(ROTORS.items()):
            sense = 1.0 if number in (0, 3) else -1.0
            spun = rot.about_z(sense * (2 * math.pi * ROTOR_HZ * time_s + number))
            transforms[name] = after(body, about_point(spun, np.array([x, y, 0.0]) * self.drone.span_m))
        return self._assembly.posed(transforms)

    def _push(self, time_s: float) -> np.ndarray:
        """What the rotors must push sideways: acceleration and drag, m/s²."""
        before, now, after_ = self.track.path.velocity_m_s(time_s + np.array([-0.1, 0.0, 0.1]))
        return (after_ - before) / 0.2 + DRAG_PER_S * now


def _axes(heading: float) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = math.cos(heading), math.sin(heading)
    return np.array([cosine, sine]), np.array([-sine, cosine])


def _pieces(drone: Drone) -> list[Piece]:
    size = drone.span_m
    up = np.array([0.0, 0.0, size])
    shell, accent = paint(drone.colour, 0.4, 50.0), paint(drone.second, 0.4, 50.0)
    dark, blade = paint((0.10, 0.10, 0.11), 0.3, 30.0), paint((0.18, 0.18, 0.20), 0.4, 40.0)
    lamp = paint((0.2, 0.95, 0.3), 0.3, 30.0, 1.5)
    pieces = [
        Piece(
            part="body",
            mesh=placed(
                rounded_box((0.42 * size, 0.26 * size, 0.13 * size), 0.055 * size, shell), (0, 0, -0.06 * size)
            ),
        ),
        Piece(
            part="body",
            mesh=placed(
                rounded_box((0.20 * size, 0.27 * size, 0.05 * size), 0.02 * size, accent),
                (-0.02 * size, 0, 0.035 * size),
            ),
        ),
        Piece(part="body", mesh=placed(sphere(0.055 * size, dark, 14, 8), (0.20 * size, 0, -0.05 * size))),
        Piece(part="body", mesh=placed(sphere(0.018 * size, lamp, 10, 6), (-0.21 * size, 0, 0.02 * size))),
    ]
    for name, (x, y) in ROTORS.items():
        corner = np.array([x, y, 0.0]) * size
        inner = corner * [0.35, 0.30, 0.0]
        pieces += [
            Piece(part="body", mesh=tube(np.stack([inner, corner]), np.array([0.030, 0.020]) * size, shell, 10)),
            Piece(
                part="body",
                mesh=placed(cylinder(0.035 * size, 0.06 * size, accent, segments=14), corner - up * 0.02),
            ),
            Piece(
                part=name,
                mesh=placed(cylinder(0.014 * size, 0.03 * size, dark, segments=10), corner + up * 0.035),
            ),
            Piece(
                part=name,
                mesh=placed(box((0.36 * size, 0.030 * size, 0.008 * size), blade), corner + up * 0.05),
            ),
        ]
        foot = corner * [0.55, 0.55, 0.0]
        pieces.append(Piece(part="body", mesh=tube(np.stack([foot * 0.7, foot - up * 0.16]), 0.012 * size, dark, 8)))
    ring = np.array([(0.030, -0.012), (0.042, -0.012), (0.042, 0.012), (0.030, 0.012)]) * size
    pieces.append(Piece(part="body", mesh=placed(lathe(ring, accent, 16), (0, 0, -0.075 * size))))
    return pieces
