"""A toy car: wheels turn by the way they roll, the front ones steer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.mesh_operations import placed, transformed
from cinescene.sets.primitives import box, cylinder, extrusion, lathe, rounded_box, sphere
from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.rigid import Assembly, Piece, Track, about_point, after, checked_colours, motion, paint

WHEELS = {
    "front left": (0.31, 0.19),
    "front right": (0.31, -0.19),
    "rear left": (-0.29, 0.19),
    "rear right": (-0.29, -0.19),
}
"""Places of the wheels ahead of and to the left of the middle, for a length of 1."""
WHEEL_RADIUS = 0.115


@dataclass(frozen=True, kw_only=True)
class ToyCar:
    """A car to play with, ``length_m`` long; the roof has the ``second`` colour."""

    kind: Literal["toy car"] = "toy car"
    length_m: float = 0.8
    colour: Colour = (0.76, 0.11, 0.12)
    second: Colour = (0.92, 0.92, 0.90)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind != "toy car" or not 0.2 <= self.length_m <= 2.0:
            raise InputError(f"toy car: expected a length of 0.2–2 m, got {self.length_m!r}")
        checked_colours("toy car", (self.colour, self.second))

    @property
    def height_m(self) -> float:
        return 0.56 * self.length_m


class Driver:
    """A toy car along a path, its middle on the path."""

    def __init__(self, car: ToyCar, path: GroundPath, duration_s: float) -> None:
        self.car = car
        self.track = Track(path, duration_s)
        self._assembly = Assembly(_pieces(car))

    def wheel_angle_at(self, wheel: str, time_s: float) -> float:
        """How far a wheel has turned since time 0, radians."""
        _, left = WHEELS[wheel]
        return self.track.way_m(time_s, left * self.car.length_m) / (WHEEL_RADIUS * self.car.length_m)

    def steering_at(self, time_s: float) -> float:
        """The front wheels' angle to the car, radians, positive to the left."""
        base = (WHEELS["front left"][0] - WHEELS["rear left"][0]) * self.car.length_m
        return max(min(math.atan(base * self.track.curvature(time_s)), 0.6), -0.6)

    def meshes_at(self, time_s: float) -> list[Mesh]:
        place, heading = self.track.place(time_s)
        sway = 0.004 * math.sin(11.0 * self.track.way_m(time_s) / self.car.length_m)
        ground = motion(rot.about_z(heading), place)
        transforms = {"body": after(ground, motion(rot.about_y(sway), np.zeros(3)))}
        size = self.car.length_m
        for name, (ahead, left) in WHEELS.items():
            hub = np.array([ahead, left, WHEEL_RADIUS]) * size
            rolled = rot.about_y(self.wheel_angle_at(name, time_s))
            steered = rot.about_z(self.steering_at(time_s)) if name.startswith("front") else np.eye(3)
            transforms[name] = after(ground, about_point(steered @ rolled, hub))
        return self._assembly.posed(transforms)


def _pieces(car: ToyCar) -> list[Piece]:
    size = car.length_m
    body, roof = paint(car.colour, 0.5, 60.0), paint(car.second, 0.5, 60.0)
    glass, dark = paint((0.10, 0.14, 0.18), 0.8, 90.0), paint((0.06, 0.06, 0.06), 0.1, 10.0)
    metal, lamp = paint((0.78, 0.78, 0.80), 0.8, 70.0), paint((0.98, 0.95, 0.75), 0.6, 60.0, 0.6)
    brake = paint((0.70, 0.05, 0.05), 0.5, 60.0)
    profile = np.array(
        [(-0.5, 0.08), (0.5, 0.08), (0.5, 0.22), (0.47, 0.28), (0.22, 0.32), (-0.30, 0.32), (-0.47, 0.30), (-0.5, 0.24)]
    )
    cabin = np.array([(-0.31, 0.31), (0.22, 0.31), (0.10, 0.47), (-0.23, 0.47)])
    pieces = [
        Piece(part="body", mesh=_across(profile * size, 0.40 * size, body)),
        Piece(part="body", mesh=_across(cabin * size, 0.335 * size, glass)),
        Piece(
            part="body",
            mesh=placed(
                rounded_box((0.37 * size, 0.35 * size, 0.035 * size), 0.016 * size, roof),
                (-0.065 * size, 0, 0.465 * size),
            ),
        ),
        Piece(
            part="body",
            mesh=placed(box((0.035 * size, 0.36 * size, 0.16 * size), roof), (-0.06 * size, 0, 0.31 * size)),
        ),
        Piece(
            part="body",
            mesh=placed(
                rounded_box((0.05 * size, 0.42 * size, 0.06 * size), 0.02 * size, dark), (0.50 * size, 0, 0.09 * size)
            ),
        ),
        Piece(
            part="body",
            mesh=placed(
                rounded_box((0.05 * size, 0.42 * size, 0.06 * size), 0.02 * size, dark), (-0.50 * size, 0, 0.09 * size)
            ),
        ),
    ]
    for side in (1.0, -1.0):
        pieces.append(
            Piece(
                part="body",
                mesh=placed(sphere(0.035 * size, lamp, 14, 8), (0.49 * size, 0.14 * side * size, 0.22 * size)),
            )
        )
        pieces.append(
            Piece(
                part="body",
                mesh=placed(sphere(0.028 * size, brake, 12, 6), (-0.49 * size, 0.14 * side * size, 0.24 * size)),
            )
        )
    for name, (ahead, left) in WHEELS.items():
        for mesh in _wheel(size, math.copysign(1.0, left), dark, metal, car):
            pieces.append(Piece(part=name, mesh=placed(mesh, (ahead * size, left * size, WHEEL_RADIUS * size))))
    return pieces


def _wheel(size: float, side: float, tyre: Material, metal: Material, car: ToyCar) -> list[Mesh]:
    """A tyre about a hub with five spokes, its axle along y, outside towards ``side``."""
    r, w = WHEEL_RADIUS * size, 0.075 * size
    ring = np.array(
        [(0.62 * r, -w / 2), (0.9 * r, -w / 2), (r, -w / 3), (r, w / 3), (0.9 * r, w / 2), (0.62 * r, w / 2)]
    )
    onto_side = np.eye(4)
    onto_side[:3, :3] = rot.about_x(-side * math.pi / 2)
    disc = placed(cylinder(0.63 * r, 0.55 * w, metal, segments=20), (0, 0, -0.3 * w))
    hub = paint(car.colour, 0.4, 40.0)
    cap = placed(cylinder(0.18 * r, 0.12 * w, hub, segments=12), (0, 0, 0.24 * w))
    spokes = [
        placed(placed(box((0.44 * r, 0.13 * r, 0.1 * w), hub), (0.36 * r, 0, 0.24 * w)), (0, 0, 0), k * 2 * math.pi / 5)
        for k in range(5)
    ]
    return [transformed(mesh, onto_side) for mesh in (lathe(ring, tyre, 28), disc, cap, *spokes)]


def _across(profile: np.ndarray, width: float, material: Material) -> Mesh:
    """A side view (x forward, z up) extruded to a width across."""
    upright = np.eye(4)
    upright[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    return placed(transformed(extrusion(profile, width, material, crease_rad=0.5), upright), (0, width / 2, 0))
