"""Body shapes: MakeHuman's high-level parameters, and the vertices that they give.

The blend is MakeHuman's own, as `anny` states it (Brégier et al., "Human Mesh Modeling for Anny Body", 2025): a target
named after one value of each of several parameters has the product of their interpolation weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.subjects.body_data import body_data

AGES_YEARS = (1.0, 10.0, 25.0, 90.0)
"""The ages of MakeHuman's "baby", "child", "young" and "old" targets."""
HEIGHT_RANGE_M = (0.9, 2.2)
AGE_RANGE_YEARS = (5.0, 90.0)
BUST = "breast/"
"""Targets of one age and sex, not all of which exist."""


@dataclass(frozen=True, kw_only=True)
class BodyShape:
    """A body but for its height: each value lies in [0, 1] but ``age_years``.

    ``femininity`` is 0 for a male body and 1 for a female one, ``face_mix`` holds the shares of MakeHuman's three face
    types ("african", "asian", "caucasian"; any scale).
    """

    femininity: float = 0.5
    age_years: float = 30.0
    muscle: float = 0.5
    weight: float = 0.5
    proportions: float = 0.5
    face_mix: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("femininity", "muscle", "weight", "proportions"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"body shape: expected {name} within 0–1, got {getattr(self, name)!r}")
        low, high = AGE_RANGE_YEARS
        if not low <= self.age_years <= high:
            raise InputError(f"body shape: expected an age of {low:g}–{high:g} years, got {self.age_years!r}")
        if len(self.face_mix) != 3 or min(self.face_mix) < 0 or not 0 < sum(self.face_mix) < float("inf"):
            raise InputError(f"body shape: expected three shares ≥ 0 of face types, got {self.face_mix!r}")


def target_weights(shape: BodyShape, height: float) -> dict[str, float]:
    """The weight of each shape target (path under ``targets/``); ``height`` is MakeHuman's parameter in [0, 1]."""
    gender = _interpolated(shape.femininity, (0.0, 1.0), ("male", "female"))
    age = _interpolated(shape.age_years, AGES_YEARS, ("baby", "child", "young", "old"))
    muscle = _interpolated(shape.muscle, (0.0, 0.5, 1.0), ("minmuscle", "averagemuscle", "maxmuscle"))
    weight = _interpolated(shape.weight, (0.0, 0.5, 1.0), ("minweight", "averageweight", "maxweight"))
    tall = _interpolated(height, (0.0, 1.0), ("minheight", "maxheight"))
    ideal = _interpolated(shape.proportions, (0.0, 1.0), ("idealproportions", "uncommonproportions"))
    total = sum(shape.face_mix)
    face = {
        name: share / total
        for name, share in zip(("african", "asian", "caucasian"), shape.face_mix, strict=True)
        if share > 0
    }
    known = body_data().targets
    weights = _families(gender, age, muscle, weight, tall, ideal, face)
    return {name: value for name, value in weights.items() if name in known or not name.startswith(BUST)}


def target_names() -> list[str]:
    """All that `target_weights` can give a weight, and some busts that MakeHuman does not have."""
    values = (
        ("male", "female"),
        ("baby", "child", "young", "old"),
        ("minmuscle", "averagemuscle", "maxmuscle"),
        ("minweight", "averageweight", "maxweight"),
        ("minheight", "maxheight"),
        ("idealproportions", "uncommonproportions"),
        ("african", "asian", "caucasian"),
    )
    return list(_families(*(dict.fromkeys(names, 1.0) for names in values)))


@lru_cache(maxsize=16)
def shaped_vertices(shape: BodyShape, height_m: float) -> Float[np.ndarray, "n 3"]:
    """All vertices of a body of exactly this height, barefoot on z = 0, its hips over the origin.

    MakeHuman's height parameter comes as close as it reaches, a uniform scale does the rest. Raises `InputError` for a
    height out of range.
    """
    low, high = HEIGHT_RANGE_M
    if not low <= height_m <= high:
        raise InputError(f"person: expected a height of {low:g}–{high:g} m, got {height_m!r}")
    short, tall = (blended(target_weights(shape, height)) for height in (0.0, 1.0))
    height = (height_m - _stature(short)) / (_stature(tall) - _stature(short))
    height = float(np.clip(height, 0.0, 1.0))
    vertices = (1.0 - height) * short + height * tall
    vertices = vertices * (height_m / _stature(vertices))
    hips = vertices[body_data().pelvis].mean(axis=0)
    floor = vertices[body_data().ends, 2].min()
    return vertices - [hips[0], 0.0, floor]


def blended(weights: Mapping[str, float]) -> Float[np.ndarray, "n 3"]:
    """The base mesh with a weighted sum of targets."""
    vertices = body_data().positions.copy()
    for name, weight in weights.items():
        vertices += weight * body_data().targets[name]
    return vertices


def _stature(vertices: np.ndarray) -> float:
    z = vertices[body_data().ends, 2]
    return float(z.max() - z.min())


def _families(
    gender: Mapping[str, float],
    age: Mapping[str, float],
    muscle: Mapping[str, float],
    weight: Mapping[str, float],
    tall: Mapping[str, float],
    ideal: Mapping[str, float],
    face: Mapping[str, float],
) -> dict[str, float]:
    """Names and weights of the targets for interpolation weights of each parameter's values."""
    body = (gender, age, muscle, weight)
    adult = {name: value for name, value in age.items() if name != "baby"}
    female = {name: value for name, value in gender.items() if name == "female"}
    folder = "macrodetails"
    weights = _products(f"{folder}/universal-", *body)
    weights |= _products(f"{folder}/", face, gender, age)
    weights |= _products(f"{folder}/height/", *body, tall)
    weights |= _products(f"{folder}/proportions/", gender, adult, muscle, weight, ideal)
    return weights | _products(BUST, female, adult, muscle, weight, {"averagecup": 1.0}, {"averagefirmness": 1.0})


def _interpolated(value: float, anchors: tuple[float, ...], names: tuple[str, ...]) -> dict[str, float]:
    """Linear interpolation weights of the anchors on both sides of a value, without those that are 0."""
    values = [float(np.interp(value, anchors, np.eye(len(anchors))[i])) for i in range(len(anchors))]
    return {name: weight for name, weight in zip(names, values, strict=True) if weight > 0}


def _products(prefix: str, *factors: Mapping[str, float]) -> dict[str, float]:
    return {
        prefix + "-".join(name for name, _ in parts): float(np.prod([weight for _, weight in parts]))
        for parts in itertools.product(*(factor.items() for factor in factors))
    }
