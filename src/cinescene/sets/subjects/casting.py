"""People at random: bodies, clothes that go together, hair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from cinescene.sets.subjects.body_shape import BodyShape
from cinescene.sets.subjects.colours import (
    EYES,
    SKIN,
    Colour,
    distance,
    random_colour,
    random_hair_colour,
)
from cinescene.sets.subjects.fabrics import Cloth, Pattern
from cinescene.sets.subjects.person import Bottom, Footwear, Hair, HairCut, Headwear, Outer, Outfit, Person, Top

T = TypeVar("T")

ADULT_HEIGHT_M = {True: (1.64, 0.065), False: (1.77, 0.07)}
"""Mean and deviation for women and men (roughly those of European adults)."""
LEAST_CONTRAST = 28.0
"""Between garments that touch, CIE ΔE*."""
SOBER = ("black", "dark grey", "grey", "beige", "brown", "dark blue", "olive green", "white", "dark green")


def random_person(rng: np.random.Generator) -> Person:
    """Somebody of any age from six to eighty."""
    woman = bool(rng.random() < 0.5)
    age = float(rng.choice([rng.uniform(6, 13), rng.uniform(18, 60), rng.uniform(60, 82)], p=[0.14, 0.70, 0.16]))
    body = BodyShape(
        femininity=round(float(np.clip((0.92 if woman else 0.08) + rng.normal(0, 0.05), 0.0, 1.0)), 3),
        age_years=round(age, 1),
        muscle=round(float(np.clip(rng.normal(0.5, 0.15), 0.1, 0.95)), 3),
        weight=round(float(np.clip(rng.normal(0.5, 0.17), 0.12, 0.95)), 3),
        proportions=round(float(rng.uniform(0.3, 0.8)), 3),
        face_mix=_face_mix(rng),
    )
    outfit = random_outfit(rng, woman, age)
    return Person(
        body=body,
        height_m=round(_height(rng, woman, age), 3),
        outfit=outfit,
        hair=_hair(rng, woman, age),
        skin=_skin(rng, body.face_mix),
        eyes=_pick(rng, EYES[:2] if body.face_mix[2] < 0.5 else EYES),
        seed=int(rng.integers(2**31)),
    )


def random_outfit(rng: np.random.Generator, woman: bool, age: float) -> Outfit:
    """Clothes whose pieces can be told apart."""
    dress = woman and rng.random() < 0.22
    top: Top = "dress" if dress else weighted(rng, _tops(woman))
    bottom: Bottom = "none" if dress else weighted(rng, _bottoms(woman))
    outer: Outer = (
        "none" if age < 14 and rng.random() < 0.6 else weighted(rng, {"none": 0.55, "jacket": 0.25, "coat": 0.20})
    )
    bottom_cloth = _bottom_cloth(rng, bottom)
    top_cloth = _cloth(
        rng, apart_from(rng, [bottom_cloth.colour]), {"plain": 0.6, "striped": 0.2, "checked": 0.12, "dotted": 0.08}
    )
    if top == "sweater":
        top_cloth = _cloth(rng, top_cloth.colour, {"knitted": 0.7, "striped": 0.3})
    outer_cloth = None
    if outer != "none":
        colour = apart_from(rng, [bottom_cloth.colour, top_cloth.colour])
        outer_cloth = _cloth(
            rng, colour, {"plain": 0.8, "checked": 0.08, "leather": 0.12 if outer == "jacket" else 0.0}
        )
    hat: Headwear = weighted(rng, {"none": 0.74, "beanie": 0.09, "cap": 0.10, "brimmed hat": 0.07})
    footwear: Footwear = weighted(rng, {"shoes": 0.4, "sneakers": 0.4, "boots": 0.2})
    main = outer_cloth or top_cloth
    return Outfit(
        top=top,
        top_cloth=top_cloth,
        bottom=bottom,
        bottom_cloth=bottom_cloth,
        outer=outer,
        outer_cloth=outer_cloth,
        footwear=footwear,
        shoe_colour=random_colour(rng, None if footwear == "sneakers" else ("black", "brown", "dark grey", "dark red")),
        headwear=hat,
        headwear_cloth=None if hat == "none" else _cloth(rng, random_colour(rng), {"plain": 0.8, "knitted": 0.2}),
        scarf=_cloth(rng, apart_from(rng, [main.colour]), {"plain": 0.6, "striped": 0.4})
        if outer != "none" and rng.random() < 0.3
        else None,
        backpack=_cloth(rng, apart_from(rng, [main.colour]), {"plain": 1.0}) if rng.random() < 0.14 else None,
    )


def _tops(woman: bool) -> dict[Top, float]:
    usual: dict[Top, float] = {"t-shirt": 0.36, "shirt": 0.28, "sweater": 0.28, "tank top": 0.06}
    return usual | {"blouse": 0.2, "shirt": 0.14} if woman else usual


def _bottoms(woman: bool) -> dict[Bottom, float]:
    usual: dict[Bottom, float] = {"trousers": 0.38, "jeans": 0.38, "wide trousers": 0.06, "shorts": 0.14}
    women: dict[Bottom, float] = {
        "skirt": 0.16,
        "short skirt": 0.07,
        "long skirt": 0.10,
        "leggings": 0.10,
        "trousers": 0.18,
        "jeans": 0.25,
        "wide trousers": 0.10,
        "shorts": 0.08,
    }
    return women if woman else usual


def _bottom_cloth(rng: np.random.Generator, bottom: Bottom) -> Cloth:
    if bottom == "jeans":
        return _cloth(rng, random_colour(rng, ("dark blue", "blue", "dark grey", "black")), {"denim": 1.0})
    if bottom in ("skirt", "short skirt", "long skirt"):
        return _cloth(rng, random_colour(rng), {"plain": 0.6, "checked": 0.2, "striped": 0.1, "dotted": 0.1})
    return _cloth(rng, random_colour(rng, SOBER if rng.random() < 0.8 else None), {"plain": 1.0})


def _cloth(rng: np.random.Generator, colour: Colour, patterns: dict[Pattern, float]) -> Cloth:
    pattern = weighted(rng, patterns)
    return Cloth(colour=colour, pattern=pattern, second=apart_from(rng, [colour], 40.0), seed=int(rng.integers(2**16)))


def apart_from(rng: np.random.Generator, others: Sequence[Colour], least: float = LEAST_CONTRAST) -> Colour:
    """A colour that is easily told from the others."""
    colour = random_colour(rng)
    for _ in range(20):
        if all(distance(colour, other) >= least for other in others):
            break
        colour = random_colour(rng)
    return colour


def _height(rng: np.random.Generator, woman: bool, age: float) -> float:
    mean, deviation = ADULT_HEIGHT_M[woman]
    if age < 18:
        return float(np.interp(age, [5, 10, 14, 18], [1.12, 1.39, 1.60, mean]) + rng.normal(0, 0.04))
    shrunk = 0.03 * max(age - 60, 0) / 20
    return float(np.clip(rng.normal(mean, deviation), mean - 0.16, mean + 0.19) - shrunk)


def _hair(rng: np.random.Generator, woman: bool, age: float) -> Hair:
    cuts: dict[HairCut, float] = (
        {"bob": 0.25, "long": 0.28, "bun": 0.14, "ponytail": 0.17, "curly": 0.10, "short": 0.08, "afro": 0.04}
        if woman
        else {"short": 0.36, "side parting": 0.30, "buzz cut": 0.16, "curly": 0.12, "afro": 0.06}
    )
    old = np.clip((age - 45) / 25, 0.0, 0.9)
    names = (
        {"grey": 0.6, "white": 0.4}
        if rng.random() < old
        else {"black": 0.3, "dark brown": 0.28, "brown": 0.22, "blond": 0.15, "red": 0.07}
    )
    beard = float(_pick(rng, (0.0, 0.0, 0.0, 0.35, 0.5, 0.85))) if not woman and age > 20 else 0.0
    return Hair(cut=weighted(rng, cuts), colour=random_hair_colour(rng, weighted(rng, names)), beard=beard)


def _face_mix(rng: np.random.Generator) -> tuple[float, float, float]:
    shares = np.round(rng.dirichlet([0.5, 0.5, 0.5]), 2)
    shares[int(shares.argmin())] = 0.0
    return float(shares[0]), float(shares[1]), float(shares[2]) if shares.sum() > 0 else 1.0


def _skin(rng: np.random.Generator, mix: tuple[float, float, float]) -> Colour:
    total = sum(mix)
    middle = (5.0 * mix[0] + 1.6 * mix[1] + 0.8 * mix[2]) / total
    place = float(np.clip(rng.normal(middle, 0.8), 0.0, len(SKIN) - 1.0))
    low = min(int(place), len(SKIN) - 2)
    mixed = (1 - place + low) * np.asarray(SKIN[low]) + (place - low) * np.asarray(SKIN[low + 1])
    r, g, b = (round(float(c), 4) for c in mixed)
    return r, g, b


def _pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(rng.integers(len(choices)))]


def weighted(rng: np.random.Generator, choices: Mapping[T, float]) -> T:
    """One of the keys, as often as its value says."""
    weights = np.array(list(choices.values()))
    return list(choices)[int(rng.choice(len(weights), p=weights / weights.sum()))]
