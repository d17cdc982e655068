"""Dogs and cats: bodies that trot on planted paws, with wagging tails and coats of fur."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, UInt8

from cinescene.errors import InputError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.primitives import sphere, tube
from cinescene.sets.subjects.blobs import melted
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.quadruped_form import BONES, BUILDS, Build, Species, joints_of, limbs_of
from cinescene.sets.textures.noise import fractal_noise, smooth_noise, smoothstep, unit_grid

Coat = Literal["plain", "saddled", "spotted", "patched", "striped"]

CELL, MELT, HOLD = 0.033, 0.020, 0.030
"""Of `melted`, for a height of 1 at the withers."""
COAT_PX = 256
SIZES_M = {"dog": (0.25, 0.85), "cat": (0.2, 0.36)}
PAINTED = (-1.1, 1.1)
"""Range of x of the side view that the coat is painted on, for a height of 1; z runs from 0 to the same extent."""


@dataclass(frozen=True, kw_only=True)
class Animal:
    """A dog or a cat. ``height_m`` is that of its back; a coat other than plain has marks of the ``second`` colour."""

    kind: Species = "dog"
    height_m: float = 0.5
    build: Build = BUILDS["dog"]
    coat: Coat = "plain"
    colour: Colour = (0.42, 0.26, 0.15)
    second: Colour = (0.92, 0.92, 0.90)
    collar: Colour | None = (0.76, 0.11, 0.12)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Species) or self.coat not in get_args(Coat):
            raise InputError(f"animal: expected a dog or cat with a known coat, got {self.kind!r}, {self.coat!r}")
        low, high = SIZES_M[self.kind]
        if not low <= self.height_m <= high:
            raise InputError(f"{self.kind}: expected a height of {low:g}–{high:g} m at the back, got {self.height_m!r}")
        proportions = [value for value in vars(self.build).values() if not isinstance(value, bool)]
        if not all(0.1 <= value <= 2.0 for value in proportions):
            raise InputError(f"{self.kind}: expected proportions within 0.1–2, got {self.build}")


@dataclass(frozen=True, kw_only=True, eq=False)
class FurryPart:
    """A piece of one material at rest, for a height of 1."""

    positions: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    weights: Float[np.ndarray, "n bones"]
    mesh: Mesh


def furry_parts(animal: Animal) -> tuple[FurryPart, ...]:
    """Body, eyes and nose, collar."""
    surface, normals = _flesh(animal.build)
    low, high = PAINTED
    uvs = np.stack([surface.positions[:, 0] - low, surface.positions[:, 2]], axis=1) / (high - low)
    fur = Material(albedo=coat_picture(animal), specular=0.03, shininess=10.0)
    body = Mesh(
        positions=surface.positions.astype(np.float32),
        normals=normals.astype(np.float32),
        uvs=uvs.astype(np.float32),
        triangles=surface.triangles,
        material=fur,
    )
    parts = [FurryPart(positions=surface.positions, normals=normals, weights=surface.weights, mesh=body)]
    parts += [_fixed(mesh, "head") for mesh in _eyes_and_nose(animal)]
    if animal.collar is not None:
        parts.append(_fixed(_collar(animal), "neck"))
    return tuple(parts)


@lru_cache(maxsize=8)
def _flesh(build: Build) -> tuple:
    return melted(limbs_of(build), BONES, CELL, MELT, HOLD)


def coat_picture(animal: Animal) -> UInt8[np.ndarray, "h w 3"]:
    """The side view: fur with the coat's marks, paler below."""
    rng = np.random.default_rng(animal.seed)
    across, down = unit_grid(COAT_PX)
    x, z = PAINTED[0] + across * (PAINTED[1] - PAINTED[0]), (1 - down) * (PAINTED[1] - PAINTED[0])
    marks = _marks(animal, rng, x, z)
    fur = 1 + 0.07 * smooth_noise(rng, COAT_PX, 60, 30) + 0.05 * fractal_noise(rng, COAT_PX, 6, 3)
    first, second = np.asarray(animal.colour), np.asarray(animal.second)
    picture = (first + (second - first) * marks[..., None]) * fur[..., None]
    pale = 0.22 * (1 - smoothstep(0.52, 0.68, z)) * smoothstep(0.40, 0.5, z)
    picture = picture + (np.minimum(picture * 1.5 + 0.1, 1.0) - picture) * pale[..., None]
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)


def _marks(animal: Animal, rng: np.random.Generator, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How much of the second colour; the first always keeps most of the body."""
    if animal.coat == "saddled":
        edge = 0.74 + 0.03 * smooth_noise(rng, COAT_PX, 6, 6)
        return smoothstep(-0.03, 0.03, z - edge) * (1 - smoothstep(0.22, 0.36, x))
    if animal.coat == "spotted":
        return smoothstep(1.25, 1.45, smooth_noise(rng, COAT_PX, 26, 26))
    if animal.coat == "patched":
        socks = 1 - smoothstep(0.10, 0.16, z + 0.02 * smooth_noise(rng, COAT_PX, 8, 8))
        return np.maximum(socks, smoothstep(0.95, 1.1, smooth_noise(rng, COAT_PX, 7, 7)))
    if animal.coat == "striped":
        wave = np.sin(38 * x + 1.2 * smooth_noise(rng, COAT_PX, 5, 5))
        return 0.75 * smoothstep(0.35, 0.8, wave) * smoothstep(0.35, 0.6, z)
    return np.zeros_like(x)


def _eyes_and_nose(animal: Animal) -> tuple[Mesh, Mesh]:
    head = animal.build.head
    hx, _, hz = joints_of(animal.build)["head"]
    eye = Material(albedo=np.array([[(24, 16, 10)]], dtype=np.uint8), specular=0.9, shininess=90.0)
    nose = Material(albedo=np.array([[(26, 22, 22)]], dtype=np.uint8), specular=0.3, shininess=30.0)
    balls = [
        _shifted(sphere(0.022, eye, 10, 6), (hx + 0.100 * head, side * 0.062 * head, hz + 0.040 * head))
        for side in (1.0, -1.0)
    ]
    eyes = replace(
        balls[0],
        positions=np.concatenate([ball.positions for ball in balls]),
        normals=np.concatenate([ball.normals for ball in balls]),
        uvs=np.concatenate([ball.uvs for ball in balls]),
        triangles=np.concatenate([balls[0].triangles, balls[1].triangles + np.int32(len(balls[0].positions))]),
    )
    snout = animal.build.snout
    tip = (hx + (0.145 + 0.14 * snout) * head, 0.0, hz - (0.025 + 0.02 * snout) * head)
    return eyes, _shifted(sphere(0.024, nose, 10, 6), tip)


def _collar(animal: Animal) -> Mesh:
    assert animal.collar is not None
    joints = joints_of(animal.build)
    neck, head = np.array(joints["neck"]), np.array(joints["head"])
    line = (head - neck) / np.linalg.norm(head - neck)
    middle = neck + 0.62 * (head - neck) - [0.03, 0.0, 0.025]
    front = np.cross([0.0, 1.0, 0.0], line)
    angle = np.linspace(0.0, 2 * math.pi, 21)
    radius = 0.112 * (animal.build.chest + animal.build.head) / 2 + 0.006
    ring = middle + radius * (np.cos(angle)[:, None] * front + np.sin(angle)[:, None] * np.array([0.0, 1.0, 0.0]))
    albedo = np.rint(np.array([[animal.collar]]) * 255).astype(np.uint8)
    return tube(ring, 0.020, Material(albedo=albedo, specular=0.2), segments=8)


def _shifted(mesh: Mesh, offset: tuple[float, float, float]) -> Mesh:
    return replace(mesh, positions=(mesh.positions + np.asarray(offset)).astype(np.float32))


def _fixed(mesh: Mesh, bone: str) -> FurryPart:
    """Follows one bone."""
    weights = np.zeros((len(mesh.positions), len(BONES)), dtype=np.float32)
    weights[:, BONES.index(bone)] = 1.0
    return FurryPart(
        positions=mesh.positions.astype(np.float64), normals=mesh.normals.astype(np.float64), weights=weights, mesh=mesh
    )
