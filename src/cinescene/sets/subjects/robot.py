"""A wheeled robot with a face on a screen; it looks about and swings its arms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from cinescene.errors import InputError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.mesh_operations import placed, transformed
from cinescene.sets.primitives import box, cylinder, lathe, quad, rounded_box, sphere, tube
from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.rigid import Assembly, Piece, Track, about_point, after, checked_colours, motion, paint

WHEEL_RADIUS, WHEEL_LEFT = 0.15, 0.26
SHOULDER = (0.0, 0.27, 0.60)
NECK = (0.0, 0.0, 0.72)
FACE_PX = 128


@dataclass(frozen=True, kw_only=True)
class Robot:
    """A robot ``height_m`` tall (without its antenna), with a body of its ``colour``; the ``second`` is the face's."""

    kind: Literal["robot"] = "robot"
    height_m: float = 1.0
    colour: Colour = (0.92, 0.92, 0.90)
    second: Colour = (0.12, 0.60, 0.60)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind != "robot" or not 0.3 <= self.height_m <= 2.0:
            raise InputError(f"robot: expected a height of 0.3–2 m, got {self.height_m!r}")
        checked_colours("robot", (self.colour, self.second))


class Rover:
    """A robot along a path: two wheels beside its middle carry it."""

    def __init__(self, robot: Robot, path: GroundPath, duration_s: float) -> None:
        self.robot = robot
        self.track = Track(path, duration_s)
        self._assembly = Assembly(_pieces(robot))
        self._phase = np.random.default_rng([robot.seed, 3]).uniform(0.0, 2 * math.pi, 3)

    def wheel_angle_at(self, wheel: str, time_s: float) -> float:
        """How far the "left" or "right" wheel has turned since time 0, radians."""
        size, left = self.robot.height_m, WHEEL_LEFT if wheel == "left" else -WHEEL_LEFT
        return self.track.way_m(time_s, left * size) / (WHEEL_RADIUS * size)

    def meshes_at(self, time_s: float) -> list[Mesh]:
        size = self.robot.height_m
        place, heading = self.track.place(time_s)
        a, b, c = self._phase
        ground = motion(rot.about_z(heading), place)
        hub = np.array([0.0, 0.0, WHEEL_RADIUS]) * size
        nod = 0.025 * math.sin(3.1 * time_s + a)
        body = after(ground, about_point(rot.about_y(nod), hub))
        gaze = rot.about_z(0.55 * math.sin(0.8 * time_s + b)) @ rot.about_y(0.10 * math.sin(1.3 * time_s + c))
        transforms = {"body": body, "head": after(body, about_point(gaze, np.array(NECK) * size))}
        for side, name in ((1.0, "left"), (-1.0, "right")):
            turned = rot.about_y(self.wheel_angle_at(name, time_s))
            transforms[f"{name} wheel"] = after(
                ground, about_point(turned, hub + np.array([0.0, side * WHEEL_LEFT * size, 0.0]))
            )
            swing = rot.about_y(-0.35 * math.sin(2.4 * time_s + a) * side - 0.25)
            shoulder = np.array([SHOULDER[0], side * SHOULDER[1], SHOULDER[2]]) * size
            transforms[f"{name} arm"] = after(body, about_point(swing, shoulder))
        return self._assembly.posed(transforms)


def _pieces(robot: Robot) -> list[Piece]:
    size = robot.height_m
    shell, dark = paint(robot.colour, 0.4, 50.0), paint((0.12, 0.12, 0.14), 0.3, 30.0)
    accent, metal = paint(robot.second, 0.4, 50.0), paint((0.62, 0.63, 0.66), 0.7, 60.0)
    trunk = np.array(
        [(0.0, 0.17), (0.13, 0.17), (0.20, 0.22), (0.235, 0.36), (0.235, 0.52), (0.20, 0.62), (0.12, 0.67), (0.0, 0.68)]
    )
    pieces = [
        Piece(part="body", mesh=lathe(trunk * size, shell, 28, crease_rad=1.0)),
        Piece(
            part="body",
            mesh=lathe(np.array([(0.238, 0.40), (0.243, 0.41), (0.243, 0.45), (0.238, 0.46)]) * size, accent, 28),
        ),
        Piece(part="body", mesh=placed(cylinder(0.05 * size, 0.06 * size, dark, segments=14), (0, 0, 0.665 * size))),
        Piece(
            part="body",
            mesh=placed(rounded_box((0.34 * size, 0.36 * size, 0.12 * size), 0.05 * size, dark), (0, 0, 0.09 * size)),
        ),
        Piece(
            part="body", mesh=placed(cylinder(0.030 * size, 0.012 * size, accent, segments=14), (0.0, 0.0, 0.68 * size))
        ),
        Piece(
            part="head",
            mesh=placed(rounded_box((0.24 * size, 0.34 * size, 0.26 * size), 0.075 * size, shell), (0, 0, 0.72 * size)),
        ),
        Piece(part="head", mesh=_face(robot)),
        Piece(part="head", mesh=tube(np.array([(0, 0, 0.97), (-0.005, 0, 1.06)]) * size, 0.007 * size, metal, 6)),
        Piece(part="head", mesh=placed(sphere(0.022 * size, accent, 12, 8), (-0.005 * size, 0, 1.07 * size))),
    ]
    for side, name in ((1.0, "left"), (-1.0, "right")):
        pieces.append(
            Piece(
                part="head",
                mesh=placed(
                    transformed(cylinder(0.045 * size, 0.02 * size, accent, segments=16), _onto(side)),
                    (0, side * 0.167 * size, 0.85 * size),
                ),
            )
        )
        pieces += [Piece(part=f"{name} arm", mesh=mesh) for mesh in _arm(size, side, shell, dark, metal)]
        pieces += [Piece(part=f"{name} wheel", mesh=mesh) for mesh in _wheel(size, side, dark, accent, metal)]
    return pieces


def _arm(size: float, side: float, shell: Material, dark: Material, metal: Material) -> list[Mesh]:
    x, y, z = SHOULDER
    shoulder, elbow, hand = (
        np.array([(x, side * y, z), (x + 0.01, side * (y + 0.03), z - 0.15), (x + 0.10, side * (y + 0.02), z - 0.26)])
        * size
    )
    grip = [
        placed(box(np.array([0.07, 0.014, 0.022]) * size, metal), hand + np.array([0.03, s * 0.022, -0.03]) * size)
        for s in (1, -1)
    ]
    return [
        placed(sphere(0.05 * size, dark, 14, 8), shoulder),
        tube(np.stack([shoulder, elbow]), 0.026 * size, metal, 10),
        placed(sphere(0.034 * size, dark, 12, 8), elbow),
        tube(np.stack([elbow, hand]), np.array([0.036, 0.030]) * size, shell, 12),
        *grip,
    ]


def _wheel(size: float, side: float, dark: Material, accent: Material, metal: Material) -> list[Mesh]:
    r, w = WHEEL_RADIUS * size, 0.07 * size
    ring = np.array(
        [(0.70 * r, -w / 2), (0.93 * r, -w / 2), (r, -w / 4), (r, w / 4), (0.93 * r, w / 2), (0.70 * r, w / 2)]
    )
    disc = placed(cylinder(0.71 * r, 0.5 * w, metal, segments=24), (0, 0, -0.25 * w))
    spokes = [
        placed(placed(box((0.46 * r, 0.12 * r, 0.12 * w), accent), (0.40 * r, 0, 0.24 * w)), (0, 0, 0), k * math.pi / 2)
        for k in range(4)
    ]
    hub = placed(cylinder(0.20 * r, 0.2 * w, accent, segments=14), (0, 0, 0.22 * w))
    at = (0, side * WHEEL_LEFT * size, r)
    return [placed(transformed(mesh, _onto(side)), at) for mesh in (lathe(ring, dark, 30), disc, hub, *spokes)]


def _face(robot: Robot) -> Mesh:
    """A screen on the front of the head."""
    size = robot.height_m
    screen = Material(albedo=face_picture(robot), specular=0.5, shininess=80.0, emission=0.5)
    width, height, x = 0.25 * size, 0.165 * size, 0.1205 * size
    return quad((x, -width / 2, 0.77 * size), (0.0, width, 0.0), (0.0, 0.0, height), screen, fit=True)


def face_picture(robot: Robot) -> UInt8[np.ndarray, "h w 3"]:
    """Two round eyes and a smile on black."""
    line = (np.arange(FACE_PX) + 0.5) / FACE_PX * 2 - 1
    x, y = np.meshgrid(line * 1.5, -line)
    eyes = np.minimum(np.hypot(x - 0.55, y - 0.15), np.hypot(x + 0.55, y - 0.15)) < 0.26
    smile = (np.abs(np.hypot(x, y - 0.05) - 0.55) < 0.06) & (y < -0.25)
    glow = np.asarray(robot.second) * 0.6 + 0.4
    picture = np.where((eyes | smile)[..., None], glow, np.array([0.03, 0.04, 0.05]))
    return np.rint(picture * 255).astype(np.uint8)


def _onto(side: float) -> np.ndarray:
    """Turns +z to the left (1) or right (−1)."""
    matrix = np.eye(4)
    matrix[:3, :3] = rot.about_x(-side * math.pi / 2)
    return matrix
