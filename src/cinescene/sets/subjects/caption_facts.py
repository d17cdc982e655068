"""What is true of a performance: the facts that its caption is made of, and that an evaluation may ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.json_tree import tree_from_json, tree_to_json
from cinescene.sets.subjects.ball import Ball
from cinescene.sets.subjects.colours import colour_name, hair_colour_name
from cinescene.sets.subjects.drone import Drone
from cinescene.sets.subjects.fabrics import Cloth
from cinescene.sets.subjects.footsteps import GRAVITY_M_S2
from cinescene.sets.subjects.performance import Performance
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.quadruped import Animal
from cinescene.sets.subjects.robot import Robot
from cinescene.sets.subjects.toy_car import ToyCar

Direction = Literal["left", "right", "towards", "away"]
Action = Literal[
    "walk", "run", "stand", "turn", "sit down", "bend down", "jump", "trot", "roll", "bounce", "drive", "fly", "hover"
]

TALL_M, SHORT_M = {"woman": 1.74, "man": 1.87}, {"woman": 1.56, "man": 1.67}
SIZES_M = {"dog": (0.38, 0.62), "ball": (0.15, 0.30), "robot": (0.75, 1.2)}
"""Below the first a subject is small, above the second large."""
MOVED_M, MOVING_M_S = 0.35, 0.25
RUNNING_FROUDE = 0.5
"""Speed² / (g · leg length) above which people run (Alexander, "Optimization and gaits", 1989)."""
TURNED_RAD = 0.7
SEEN_S = 1.0
"""What is seen for a shorter time is not told."""


@dataclass(frozen=True, kw_only=True)
class CaptionFacts:
    """Plain values. ``directions`` are relative to the camera of the first frame, the stronger one first.

    ``colour`` is the name of what is rendered in most of the subject's surface that has a choice of colour: the outer
    garment of a person, fur, paint. ``details`` are further noun phrases that are true, such as "a red scarf".
    """

    kind: str
    noun: str
    size: str
    colour: str
    garment: str
    details: tuple[str, ...]
    action: Action
    gesture: str
    stops: bool
    directions: tuple[Direction, ...]
    speed_m_s: float

    def to_json(self) -> dict[str, Any]:
        values: dict[str, Any] = tree_to_json(self)
        return values

    @classmethod
    def from_json(cls, value: Any, where: str = "caption facts") -> CaptionFacts:
        """Raises `InputError` for what `to_json` does not write."""
        return tree_from_json(cls, value, where)


def caption_facts(performance: Performance, world_from_camera: Float[np.ndarray, "4 4"] | None = None) -> CaptionFacts:
    """The facts; without a camera (OpenCV axes, metres, the first frame's pose) there are no directions."""
    noun, size, colour, garment, details = _looks(performance)
    times = np.linspace(0.0, performance.duration_s, 60)
    speed = performance.path.speed_m_s(times)
    moves = speed > MOVING_M_S
    places = performance.path.position_m(times)
    moving = bool(moves.mean() > 0.2 and np.linalg.norm(np.diff(places, axis=0), axis=1).sum() > MOVED_M)
    arrives = moving and float(np.linalg.norm(places[-1] - places[0])) > MOVED_M
    directions = _directions(places[0], places[-1], world_from_camera) if arrives else ()
    return CaptionFacts(
        kind=performance.subject.kind,
        noun=noun,
        size=size,
        colour=colour,
        garment=garment,
        details=details,
        action=_action(performance, speed, moving),
        gesture=_gesture(performance),
        stops=bool(moving and not moves[-6:].any()),
        directions=directions,
        speed_m_s=round(float(speed[moves].mean()) if moves.any() else 0.0, 3),
    )


def cloth_words(cloth: Cloth) -> str:
    """A cloth's colour and pattern, as an adjective: "red and white striped", "dark blue"."""
    first, second = colour_name(cloth.colour), colour_name(cloth.second)
    pattern = {"striped": "striped", "checked": "checked", "dotted": "dotted"}.get(cloth.pattern)
    if pattern is None:
        return {"knitted": f"knitted {first}", "leather": f"{first} leather"}.get(cloth.pattern, first)
    return f"{first} {pattern}" if first == second else f"{first} and {second} {pattern}"


def _looks(performance: Performance) -> tuple[str, str, str, str, tuple[str, ...]]:
    subject = performance.subject
    if isinstance(subject, Person):
        return _person_looks(subject)
    if isinstance(subject, Animal):
        first, second = colour_name(subject.colour), colour_name(subject.second)
        marks = {"spotted": "spots", "patched": "patches", "striped": "stripes", "saddled": "back"}.get(subject.coat)
        details = [] if marks is None or first == second else [f"{_article(second, marks)}{second} {marks}"]
        if subject.collar is not None:
            details.append(f"a {colour_name(subject.collar)} collar")
        return subject.kind, _size(subject.kind, subject.height_m), first, "", tuple(details)
    if isinstance(subject, Ball):
        first, second = colour_name(subject.colour), colour_name(subject.second)
        colour = f"{first} and {second}" if subject.pattern == "beach" and first != second else first
        noun = "beach ball" if subject.pattern == "beach" else "ball"
        mark = {"striped": f"a {second} stripe", "dotted": f"{second} dots"}.get(subject.pattern)
        return noun, _size("ball", subject.radius_m), colour, "", (mark,) if mark and first != second else ()
    first, second = colour_name(subject.colour), colour_name(subject.second)
    if isinstance(subject, ToyCar):
        return "toy car", "", first, "", (f"a {second} roof",) if first != second else ()
    if isinstance(subject, Robot):
        return "robot", _size("robot", subject.height_m), first, "", ()
    assert isinstance(subject, Drone)
    return "drone", "", first if first == second else f"{first} and {second}", "", ()


def _person_looks(person: Person) -> tuple[str, str, str, str, tuple[str, ...]]:
    woman, age, outfit = person.body.femininity > 0.5, person.body.age_years, person.outfit
    child = age < 15
    noun = ("girl" if woman else "boy") if child else ("woman" if woman else "man")
    size = ""
    if not child:
        size = "tall" if person.height_m > TALL_M[noun] else "short" if person.height_m < SHORT_M[noun] else ""
        size = " ".join(word for word in (size, "old" if age >= 66 else "") if word)
    cloth, garment = outfit.top_cloth, str(outfit.top)
    details = []
    if outfit.outer_cloth is not None:
        cloth, garment = outfit.outer_cloth, outfit.outer
    if outfit.bottom != "none" and not outfit.hides_skirt:
        details.append(_worn(outfit.bottom_cloth, outfit.bottom))
    if outfit.headwear_cloth is not None:
        details.append(_worn(outfit.headwear_cloth, outfit.headwear))
    else:
        details.append(_hair_words(person))
    if outfit.scarf is not None:
        details.append(_worn(outfit.scarf, "scarf"))
    if outfit.backpack is not None:
        details.append(_worn(outfit.backpack, "backpack"))
    if person.hair.beard >= 0.7:
        details.append("a beard")
    return noun, size, colour_name(cloth.colour), f"{cloth_words(cloth)} {garment}", tuple(details)


def _worn(cloth: Cloth, garment: str) -> str:
    words = cloth_words(cloth)
    several = garment in ("trousers", "jeans", "wide trousers", "leggings", "shorts")
    return f"{words} {garment}" if several else f"{indefinite(words)} {words} {garment}"


def _hair_words(person: Person) -> str:
    colour = hair_colour_name(person.hair.colour)
    cut = person.hair.cut
    if cut in ("bun", "ponytail", "buzz cut", "bob", "afro"):
        return f"{indefinite(colour)} {colour} {cut}"
    return f"{cut if cut in ('long', 'curly') else 'short'} {colour} hair"


def _article(colour: str, noun: str) -> str:
    return f"{indefinite(colour)} " if noun == "back" else ""


def indefinite(word: str) -> str:
    """The article "a" or "an"."""
    return "an" if word[:1].lower() in "aeiou" else "a"


def _size(kind: str, size_m: float) -> str:
    if kind not in SIZES_M:
        return ""
    low, high = SIZES_M[kind]
    return "small" if size_m < low else "large" if size_m > high else ""


def _action(performance: Performance, speed: np.ndarray, moving: bool) -> Action:
    subject = performance.subject
    if isinstance(subject, Person):
        if performance.deed != "none" and performance.deed_s[0] + SEEN_S < performance.duration_s:
            return performance.deed
        if moving:
            leg = 0.48 * subject.height_m
            fast = float(np.percentile(speed, 75)) ** 2 / (GRAVITY_M_S2 * leg)
            return "run" if fast > RUNNING_FROUDE else "walk"
        headings = performance.path.heading_rad(np.array([0.0, performance.duration_s]))
        return "turn" if abs(float(headings[1] - headings[0])) > TURNED_RAD else "stand"
    if not moving:
        return "hover" if isinstance(subject, Drone) else "stand"
    if isinstance(subject, Animal):
        return "trot" if float(speed.max()) > 1.4 * math.sqrt(subject.height_m) else "walk"
    if isinstance(subject, Ball):
        return "bounce" if subject.hop_m > 0 else "roll"
    return "fly" if isinstance(subject, Drone) else "drive"


def _gesture(performance: Performance) -> str:
    """The gesture, if enough of it is seen."""
    start, end = performance.gesture_s
    seen = min(end, performance.duration_s) - max(start, 0.0)
    return performance.gesture if performance.gesture != "none" and seen > SEEN_S else "none"


def _directions(
    start: np.ndarray, end: np.ndarray, world_from_camera: Float[np.ndarray, "4 4"] | None
) -> tuple[Direction, ...]:
    """Against the line of sight from the camera to where the subject starts."""
    if world_from_camera is None:
        return ()
    pose = np.asarray(world_from_camera, dtype=np.float64)
    if pose.shape != (4, 4) or not np.isfinite(pose).all():
        raise InputError(f"caption: expected a finite 4×4 world_from_camera, got an array of shape {pose.shape}")
    sight = start - pose[:2, 3]
    if float(np.linalg.norm(sight)) < 1e-6:
        sight = pose[:2, 2]
    sight = sight / max(float(np.linalg.norm(sight)), 1e-9)
    move = end - start
    deep, aside = float(move @ sight), float(move @ np.array([sight[1], -sight[0]]))
    across: Direction = "right" if aside > 0 else "left"
    along: Direction = "away" if deep > 0 else "towards"
    if abs(aside) > 2.0 * abs(deep):
        return (across,)
    if abs(deep) > 2.0 * abs(aside):
        return (along,)
    return (across, along) if abs(aside) > abs(deep) else (along, across)
