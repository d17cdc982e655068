"""Captions in varied words, made of the facts of a performance and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.subjects.caption_facts import CaptionFacts, caption_facts, indefinite
from cinescene.sets.subjects.performance import Performance

VERBS: Mapping[str, tuple[str, ...]] = {
    "walk": ("walks", "is walking", "strolls"),
    "run": ("runs", "is running", "jogs"),
    "stand": ("stands", "is standing", "stands still"),
    "turn": ("turns around", "turns on the spot", "is turning"),
    "sit down": ("sits down", "is sitting down", "takes a seat"),
    "bend down": ("bends down", "is bending down", "crouches and reaches for the floor"),
    "jump": ("jumps up and down", "is jumping on the spot", "hops on the spot"),
    "trot": ("trots", "is trotting", "runs"),
    "roll": ("rolls", "is rolling", "rolls along"),
    "bounce": ("bounces", "is bouncing", "hops along"),
    "drive": ("drives", "is driving", "rolls along"),
    "fly": ("flies", "is flying", "glides through the air"),
    "hover": ("hovers", "is hovering", "hangs in the air"),
}
DIRECTIONS: Mapping[str, tuple[str, ...]] = {
    "left": ("to the left", "from right to left", "leftwards"),
    "right": ("to the right", "from left to right", "rightwards"),
    "towards": ("towards the camera", "towards us", "closer"),
    "away": ("away from the camera", "into the distance", "away"),
}
GESTURES: Mapping[str, tuple[str, ...]] = {
    "wave": ("waving", "waving a hand", "waving to somebody"),
    "point": ("pointing at something", "pointing to the side", "pointing with an arm"),
    "look around": ("looking around", "looking left and right", "glancing about"),
    "stretch": ("stretching both arms", "stretching upwards", "reaching up with both arms"),
    "hands on hips": ("with both hands on the hips", "hands on hips", "with hands on hips"),
    "cheer": ("cheering with raised arms", "cheering", "arms raised in joy"),
}


def caption(
    performances: Performance | Sequence[Performance],
    rng: np.random.Generator,
    world_from_camera: Float[np.ndarray, "4 4"] | None = None,
    place: str | None = None,
    passing: Sequence[str] = (),
) -> str:
    """One sentence about one or more performances, such as "A tall woman in a red coat walks to the left."

    ``world_from_camera`` is the pose of the first frame's camera, to which left, right, towards and away refer;
    ``place`` may say where ("in a courtyard") and ``passing`` what a moving subject goes by ("the window"). Raises
    `InputError` without any performance.
    """
    shown = [performances] if isinstance(performances, Performance) else list(performances)
    if not shown:
        raise InputError("caption: expected at least one performance, got none")
    facts = [caption_facts(performance, world_from_camera) for performance in shown]
    return caption_of(facts, rng, place, passing)


def caption_of(
    facts: Sequence[CaptionFacts], rng: np.random.Generator, place: str | None = None, passing: Sequence[str] = ()
) -> str:
    """The same, from facts."""
    clauses = []
    for number, fact in enumerate(facts):
        gone_by = passing[int(rng.integers(len(passing)))] if passing and fact.directions and number == 0 else None
        clauses.append(f"{_subject(fact, rng)} {_deeds(fact, rng, gone_by)}")
    joint = (" while ", " and ", ", and ")[int(rng.integers(3))]
    text = clauses[0] if len(clauses) == 1 else ", ".join(clauses[:-1]) + joint + clauses[-1]
    if place:
        text = f"{place}, {text}" if rng.random() < 0.35 else f"{text} {place}"
    return text[0].upper() + text[1:] + "." if rng.random() < 0.75 else text


def _subject(fact: CaptionFacts, rng: np.random.Generator) -> str:
    """Who: a noun with some of its looks."""
    if fact.kind == "person":
        return _person(fact, rng)
    words = [fact.size if rng.random() < 0.8 else "", fact.colour, fact.noun]
    phrase = " ".join(word for word in words if word)
    details = [detail for detail in fact.details if rng.random() < 0.6]
    tail = " with " + " and ".join(details) if details else ""
    return f"{indefinite(phrase)} {phrase}{tail}"


def _person(fact: CaptionFacts, rng: np.random.Generator) -> str:
    phrase = " ".join(word for word in (fact.size, fact.noun) if word)
    worn = [fact.garment, *_some(fact.details, rng)]
    clothes = [item for item in worn[1:] if not _of_the_body(item)]
    body = [item for item in worn[1:] if _of_the_body(item)]
    garment = f"{indefinite(fact.garment)} {fact.garment}"
    first = f"{indefinite(phrase)} {phrase}"
    if body:
        first += " with " + " and ".join(body)
    wearing = (" in ", " wearing ", " dressed in ")[int(rng.integers(3))]
    items = [garment, *clothes]
    return first + wearing + (items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1])


def _of_the_body(detail: str) -> bool:
    return detail.endswith((" hair", " bun", " ponytail", " cut", " bob", " afro", " beard"))


def _some(details: Sequence[str], rng: np.random.Generator) -> list[str]:
    """None to two of them."""
    count = int(rng.choice([0, 1, 2], p=[0.35, 0.45, 0.20]))
    order = rng.permutation(len(details))[:count]
    return [details[i] for i in sorted(order.tolist())]


def _deeds(fact: CaptionFacts, rng: np.random.Generator, gone_by: str | None) -> str:
    """What happens: verb, direction, gesture."""
    verb = _pick(VERBS[fact.action], rng)
    words = [verb]
    if fact.directions and fact.action not in ("sit down", "bend down", "jump"):
        words.append(" and ".join(_pick(DIRECTIONS[direction], rng) for direction in fact.directions))
    elif fact.directions:
        words = ["comes to a stop and", verb]
    if gone_by:
        words.append(f"past {gone_by}")
    text = " ".join(words)
    if fact.stops and fact.action in ("walk", "run", "trot", "drive", "roll", "fly"):
        text += _pick((" and stops", ", then stops", " and comes to a halt"), rng)
    if fact.gesture != "none":
        text += (", " if fact.stops or rng.random() < 0.5 else " ") + _pick(GESTURES[fact.gesture], rng)
    return text


def _pick(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
