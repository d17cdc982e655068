"""From roles to subjects: what a prompt leaves open is drawn at random from a seed."""

from __future__ import annotations

import dataclasses

import numpy as np

from cinescene.blocking.words import Role
from cinescene.sets.subjects.ball import Ball
from cinescene.sets.subjects.cast import Subject, random_subject
from cinescene.sets.subjects.casting import ADULT_HEIGHT_M, random_person
from cinescene.sets.subjects.colours import Colour, random_colour
from cinescene.sets.subjects.drone import Drone
from cinescene.sets.subjects.fabrics import Cloth
from cinescene.sets.subjects.person import Outfit, Person
from cinescene.sets.subjects.quadruped import Animal

TALL_M, SHORT_M = 0.12, -0.12
"""Against the mean of women or men."""
SMALLER, LARGER = 0.7, 1.3
CHILD_YEARS, YOUNG_YEARS, OLD_YEARS = 14, 35, 60


def subject_for(role: Role, rng: np.random.Generator) -> Subject:
    """Somebody or something that fits the role."""
    if role.kind == "person":
        return _person(role, rng)
    subject = random_subject(rng, [role.kind])
    changes: dict[str, object] = {}
    if role.colour is not None and not isinstance(subject, Person):
        changes["colour"] = role.colour
        if isinstance(subject, Animal):
            changes["coat"] = "plain"
    if role.second is not None and not isinstance(subject, Person):
        changes["second"] = role.second
    scale = {"small": SMALLER, "large": LARGER}.get(role.size, 1.0)
    if isinstance(subject, Ball):
        changes |= {
            "radius_m": min(max(subject.radius_m * scale, 0.1), 0.6),
            "hop_m": max(subject.hop_m, 0.3) if role.bounces else 0.0,
        }
        if role.colour is not None and role.second is None:
            changes["pattern"] = "plain"
    elif isinstance(subject, Drone):
        changes["span_m"] = min(subject.span_m * scale, 1.4)
    elif isinstance(subject, Animal):
        changes["height_m"] = min(max(subject.height_m * scale, 0.2), 0.85)
    changed: Subject = dataclasses.replace(subject, **changes)  # type: ignore[arg-type]
    return changed


def _person(role: Role, rng: np.random.Generator) -> Person:
    person = random_person(rng)
    for _ in range(200):
        if _fits(role, person):
            break
        person = random_person(rng)
    outfit = _outfit(role, person.outfit, rng)
    hair = person.hair
    if role.hair is not None:
        hair = dataclasses.replace(hair, colour=role.hair)
    if role.cut is not None:
        hair = dataclasses.replace(hair, cut=role.cut)
    height = person.height_m
    if role.size and person.body.age_years > CHILD_YEARS:
        mean, _ = ADULT_HEIGHT_M[person.body.femininity > 0.5]
        height = mean + (TALL_M if role.size == "large" else SHORT_M)
    return dataclasses.replace(person, outfit=outfit, hair=hair, height_m=round(height, 3))


def _fits(role: Role, person: Person) -> bool:
    woman, age = person.body.femininity > 0.5, person.body.age_years
    if (role.sort in ("woman", "girl") and not woman) or (role.sort in ("man", "boy") and woman):
        return False
    child = role.sort in ("boy", "girl", "child")
    if child != (age < CHILD_YEARS):
        return False
    if role.old or role.young:
        return age >= OLD_YEARS if role.old else age < YOUNG_YEARS
    return child or age < OLD_YEARS + 5


def _outfit(role: Role, outfit: Outfit, rng: np.random.Generator) -> Outfit:
    """The drawn clothes, with those of the role instead."""
    worn = dict(role.garments)
    changes: dict[str, object] = {}

    def cloth(place: str, drawn: Cloth | None) -> Cloth:
        colour = worn[place][1]
        if colour is None:
            return drawn or Cloth(colour=random_colour(rng))
        return Cloth(colour=colour)

    if "outer" in worn:
        changes |= {"outer": worn["outer"][0], "outer_cloth": cloth("outer", outfit.outer_cloth)}
    elif "top" in worn:
        changes |= {"outer": "none", "outer_cloth": None}
    top = worn["top"][0] if "top" in worn else outfit.top
    bottom = worn["bottom"][0] if "bottom" in worn else outfit.bottom
    if top == "dress" and "top" not in worn and "bottom" in worn:
        top = "t-shirt"
    if top == "dress":
        bottom = bottom if bottom == "leggings" else "none"
    elif bottom == "none":
        bottom = "trousers"
    changes |= {"top": top, "bottom": bottom}
    if "top" in worn:
        changes["top_cloth"] = cloth("top", outfit.top_cloth)
    if "bottom" in worn:
        changes["bottom_cloth"] = cloth("bottom", outfit.bottom_cloth)
    if "hat" in worn:
        changes |= {"headwear": worn["hat"][0], "headwear_cloth": cloth("hat", outfit.headwear_cloth)}
    elif role.hair is not None or role.cut is not None:
        changes |= {"headwear": "none", "headwear_cloth": None}
    if "shoes" in worn:
        changes["footwear"] = worn["shoes"][0]
        changes["shoe_colour"] = _or(worn["shoes"][1], outfit.shoe_colour)
    for name in ("scarf", "backpack"):
        changes[name] = cloth(name, getattr(outfit, name)) if name in worn else None
    changed: Outfit = dataclasses.replace(outfit, **changes)  # type: ignore[arg-type]
    return changed


def _or(colour: Colour | None, drawn: Colour) -> Colour:
    return drawn if colour is None else colour
