"""A ball that rolls without slipping, or hops along."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, UInt8

from cinescene.errors import InputError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.primitives import sphere
from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.footsteps import GRAVITY_M_S2
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.rigid import Assembly, Piece, checked_colours, motion
from cinescene.sets.textures.noise import smoothstep

BallPattern = Literal["plain", "striped", "beach", "dotted"]

PICTURE_PX = 256
STEP_S = 1 / 120


@dataclass(frozen=True, kw_only=True)
class Ball:
    """A ball of a radius, mostly of its ``colour``; ``hop_m`` is how high it bounces (0: it rolls)."""

    kind: Literal["ball"] = "ball"
    radius_m: float = 0.2
    pattern: BallPattern = "beach"
    colour: Colour = (0.76, 0.11, 0.12)
    second: Colour = (0.92, 0.92, 0.90)
    hop_m: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind != "ball" or self.pattern not in get_args(BallPattern):
            raise InputError(f"ball: expected a pattern among {', '.join(get_args(BallPattern))}, got {self.pattern!r}")
        if not 0.05 <= self.radius_m <= 1.0 or not 0.0 <= self.hop_m <= 2.0:
            raise InputError(
                f"ball: expected a radius of 0.05–1 m and hops of 0–2 m, got {self.radius_m!r} and {self.hop_m!r}"
            )
        checked_colours("ball", (self.colour, self.second))

    @property
    def height_m(self) -> float:
        return 2 * self.radius_m + self.hop_m


class Roller:
    """A ball along a path. While it rolls, the point that touches the floor does not slip."""

    def __init__(self, ball: Ball, path: GroundPath, duration_s: float) -> None:
        self.ball, self.path = ball, path
        self._assembly = Assembly([Piece(part="ball", mesh=_ball_mesh(ball))])
        self._times = np.arange(-0.5, duration_s + 0.5 + STEP_S, STEP_S)
        self._turned = self._rolled()

    def rotation_at(self, time_s: float) -> Float[np.ndarray, "3 3"]:
        """How the ball is turned from rest."""
        index = int(np.clip((time_s - self._times[0]) / STEP_S, 0, len(self._times) - 1))
        return self._rolling(self._times[index], time_s) @ self._turned[index]

    def height_at(self, time_s: float) -> float:
        """Of the lowest point over the floor, metres."""
        hop = self.ball.hop_m
        if hop <= 0:
            return 0.0
        period = 2 * math.sqrt(2 * hop / GRAVITY_M_S2)
        u = (time_s / period + 0.35) % 1.0
        return 4 * hop * u * (1 - u)

    def meshes_at(self, time_s: float) -> list[Mesh]:
        x, y = self.path.position_m(np.array([time_s]))[0]
        centre = np.array([x, y, self.path.floor_m + self.ball.radius_m + self.height_at(time_s)])
        return self._assembly.posed({"ball": motion(self.rotation_at(time_s), centre)})

    def _rolled(self) -> list[np.ndarray]:
        start = rot.about_z(self.ball.seed % 7) @ rot.about_x(0.4)
        turned = [start]
        for before, now in zip(self._times[:-1], self._times[1:], strict=True):
            turned.append(self._rolling(float(before), float(now)) @ turned[-1])
        return turned

    def _rolling(self, start_s: float, end_s: float) -> np.ndarray:
        """The rotation from one moment to another close by: about the axis left of the way, by way over radius."""
        (x0, y0), (x1, y1) = self.path.position_m(np.array([start_s, end_s]))
        way = math.hypot(x1 - x0, y1 - y0)
        if way < 1e-12:
            return np.eye(3)
        return rot.about(np.array([-(y1 - y0), x1 - x0, 0.0]) / way, way / self.ball.radius_m)


def ball_picture(ball: Ball) -> UInt8[np.ndarray, "h w 3"]:
    """The whole surface, longitude across and latitude up."""
    line = (np.arange(PICTURE_PX) + 0.5) / PICTURE_PX
    u, v = np.meshgrid(line, 1 - line)
    first, second = np.asarray(ball.colour), np.asarray(ball.second)
    share = np.zeros_like(u)
    if ball.pattern == "striped":
        share = 1 - smoothstep(0.07, 0.08, np.abs(v - 0.5))
    elif ball.pattern == "beach":
        share = ((u * 6).astype(int) % 2).astype(float) * (np.abs(v - 0.5) < 0.46)
    elif ball.pattern == "dotted":
        longitude, latitude = 2 * math.pi * u, math.pi * (v - 0.5)
        point = np.stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=-1
        )
        share = smoothstep(0.905, 0.925, (point @ _icosahedron().T).max(axis=-1))
    picture = first + (second - first) * share[..., None]
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)


def _icosahedron() -> np.ndarray:
    golden = (1 + math.sqrt(5)) / 2
    corners = [(0.0, s, t * golden) for s in (1, -1) for t in (1, -1)]
    points = np.array([np.roll(corner, k) for corner in corners for k in range(3)])
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _ball_mesh(ball: Ball) -> Mesh:
    material = Material(albedo=ball_picture(ball), specular=0.35, shininess=50.0)
    mesh = sphere(ball.radius_m, material, segments=32, rings=18)
    low, high = mesh.uvs.min(axis=0), mesh.uvs.max(axis=0)
    return replace(mesh, uvs=((mesh.uvs - low) / (high - low)).astype(np.float32))
