"""Captions say what is rendered and nothing else."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.sets.subjects import (
    CaptionFacts,
    GroundPath,
    Performance,
    caption,
    caption_facts,
    random_performance,
    random_subject,
)
from cinescene.sets.subjects.ball import Ball
from cinescene.sets.subjects.caption_facts import cloth_words
from cinescene.sets.subjects.captions import DIRECTIONS, GESTURES, VERBS, caption_of
from cinescene.sets.subjects.colours import HAIR, NAMED, colour_name
from cinescene.sets.subjects.fabrics import Cloth, cloth_material
from cinescene.sets.subjects.figure import figure_of
from cinescene.sets.subjects.person import Person
from tests.sets.subjects import people

seeds = st.integers(0, 2**32 - 1)


def camera_at(x: float, y: float, yaw_rad: float) -> np.ndarray:
    """A level OpenCV camera that looks along (cos, sin) of the yaw, counter-clockwise from +x."""
    forward = np.array([math.cos(yaw_rad), math.sin(yaw_rad), 0.0])
    down = np.array([0.0, 0.0, -1.0])
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2] = np.cross(down, forward), down, forward
    pose[:3, 3] = [x, y, 1.6]
    return pose


@pytest.mark.parametrize(
    ("heading", "expected"),
    [(0.0, ("right",)), (math.pi, ("left",)), (math.pi / 2, ("away",)), (-math.pi / 2, ("towards",))],
)
@pytest.mark.parametrize("turn", [0.0, 1.0, -2.5])
def test_directions_are_seen_from_the_camera(heading: float, expected: tuple[str, ...], turn: float) -> None:
    camera = camera_at(5 * math.sin(turn), -5 * math.cos(turn), math.pi / 2 + turn)
    path = GroundPath.straight((0, 0), heading + turn, 1.0, 3.0)
    facts = caption_facts(Performance(subject=Ball(), path=path, duration_s=3.0), camera)
    assert facts.directions == expected


def test_a_diagonal_way_has_two_directions_the_stronger_first() -> None:
    path = GroundPath.straight((0, 0), math.radians(35), 1.0, 3.0)
    facts = caption_facts(Performance(subject=Ball(), path=path, duration_s=3.0), camera_at(0, -5, math.pi / 2))
    assert facts.directions == ("right", "away")


@settings(max_examples=25)
@given(seeds)
def test_captions_use_only_the_facts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    performance = random_performance(rng, random_subject(rng), 4.0)
    camera = camera_at(0, -6, math.pi / 2)
    facts = caption_facts(performance, camera)
    text = caption(performance, rng, camera).lower()
    assert facts.noun in text
    assert facts.colour in text
    assert any(verb in text for verb in VERBS[facts.action])
    told = _without_details(text, facts)
    for direction, words in DIRECTIONS.items():
        if direction not in facts.directions:
            assert not any(
                re.search(rf"\b{word}\b", told) for word in words if word != "away" or "away" in told.split()
            )
    for gesture, words in GESTURES.items():
        if gesture != facts.gesture:
            assert not any(word in text for word in words)
    known = facts.colour + " " + facts.garment + " " + " ".join(facts.details)
    for name in (*NAMED, *HAIR):
        if re.search(rf"\b{name}\b", text):
            assert name in known


@settings(max_examples=25)
@given(seeds)
def test_facts_go_to_json_and_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    facts = caption_facts(random_performance(rng, random_subject(rng), 4.0), camera_at(1, -4, 1.2))
    assert CaptionFacts.from_json(facts.to_json()) == facts


@settings(max_examples=20)
@given(seeds)
def test_the_stated_colour_is_that_of_the_outer_garment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    person = random_subject(rng, ["person"])
    assert isinstance(person, Person)
    outer = person.outfit.outer_cloth or person.outfit.top_cloth
    facts = caption_facts(Performance(subject=person, path=GroundPath.standing((0, 0), 0.0, 2.0), duration_s=2.0))
    assert facts.colour == colour_name(outer.colour)
    assert facts.garment.endswith(person.outfit.top if person.outfit.outer == "none" else person.outfit.outer)


@pytest.mark.parametrize("person", people.ALL)
def test_the_stated_colour_covers_the_largest_part_of_the_upper_body(person) -> None:
    performance = Performance(subject=person(), path=GroundPath.standing((0, 0), 0.0, 2.0), duration_s=2.0)
    outfit = person().outfit
    material = cloth_material(outfit.outer_cloth or outfit.top_cloth)
    neck = figure_of(person()).skeleton.joint("neck")[2]
    areas: dict[int, float] = {}
    for mesh in performance.meshes_at(0.0):
        corners = mesh.positions[mesh.triangles].astype(np.float64)
        high = (corners[..., 2] > 0.62 * neck).all(axis=1) & (corners[..., 2] < neck).all(axis=1)
        size = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        areas[id(mesh.material)] = areas.get(id(mesh.material), 0.0) + float(size[high].sum())
    assert max(areas, key=lambda key: areas[key]) == id(material)


def test_looks_are_told_as_they_are() -> None:
    standing = GroundPath.standing((0, 0), 0.0, 2.0)
    facts = [caption_facts(Performance(subject=p(), path=standing, duration_s=2.0)) for p in people.ALL]
    assert [fact.noun for fact in facts] == ["man", "woman", "girl"]
    assert [fact.garment for fact in facts] == ["red jacket", "red coat", "red t-shirt"]
    assert facts[0].details == (
        "dark blue jeans",
        "a blue cap",
        "a yellow and white striped scarf",
        "a blue backpack",
        "a beard",
    )
    assert "long blond hair" in facts[1].details
    assert cloth_words(Cloth(colour=(0.9, 0.9, 0.9), pattern="striped", second=(0.76, 0.11, 0.12))) == (
        "white and red striped"
    )


def test_actions_are_told_as_they_are_performed() -> None:
    def action(path: GroundPath, **fields) -> str:
        return caption_facts(Performance(subject=people.child(), path=path, duration_s=4.0, **fields)).action

    standing = GroundPath.standing((0, 0), 0.0, 4.0)
    assert action(GroundPath.straight((0, 0), 0.0, 1.1, 4.0)) == "walk"
    assert action(GroundPath.straight((0, 0), 0.0, 3.0, 4.0)) == "run"
    assert action(standing) == "stand"
    assert action(GroundPath.standing((0, 0), 0.0, 4.0, turn_rad=2.0)) == "turn"
    assert action(standing, deed="jump", deed_s=(0.5, 3.5)) == "jump"


def test_who_comes_to_rest_is_said_to_stop() -> None:
    path = GroundPath.along(np.array([[0.0, 0.0], [2.0, 0.0]]), 1.2, 5.0)
    facts = caption_facts(Performance(subject=people.child(), path=path, duration_s=5.0))
    assert facts.stops
    assert facts.action == "walk"
    texts = [caption_of([facts], np.random.default_rng(i)) for i in range(20)]
    assert all(re.search("stops|comes to a halt", text) for text in texts)


def test_who_walks_in_a_circle_walks_without_a_direction() -> None:
    angle = np.linspace(0, 2 * math.pi, 200)
    circle = GroundPath.along(np.stack([np.cos(angle), np.sin(angle)], axis=1), 1.2, 5.2)
    facts = caption_facts(Performance(subject=Ball(), path=circle, duration_s=5.2), camera_at(0, -6, math.pi / 2))
    assert facts.action == "roll"
    assert facts.directions == ()


def test_two_subjects_a_place_and_something_passed_all_appear() -> None:
    performances = [
        Performance(subject=people.man(), path=GroundPath.straight((0, 0), 0.0, 1.3, 4.0), duration_s=4.0),
        Performance(subject=Ball(), path=GroundPath.straight((1, 1), 0.0, 1.0, 4.0), duration_s=4.0),
    ]
    text = caption(
        performances, np.random.default_rng(3), camera_at(0, -6, math.pi / 2), "in a courtyard", ["the window"]
    )
    for words in ("man", "ball", "in a courtyard", "past the window"):
        assert words in text.lower()


def test_wording_varies() -> None:
    performance = Performance(subject=people.man(), path=GroundPath.straight((0, 0), 0.0, 1.3, 4.0), duration_s=4.0)
    camera = camera_at(0, -6, math.pi / 2)
    assert len({caption(performance, np.random.default_rng(i), camera) for i in range(60)}) > 40


def test_captions_need_a_performance_and_a_camera_that_is_one() -> None:
    with pytest.raises(InputError, match="at least one"):
        caption([], np.random.default_rng(0))
    path = GroundPath.straight((0, 0), 0.0, 1.0, 3.0)
    with pytest.raises(InputError, match="finite"):
        caption_facts(Performance(subject=Ball(), path=path, duration_s=3.0), np.full((4, 4), np.nan))


def _without_details(text: str, facts: CaptionFacts) -> str:
    for words in (*facts.details, facts.garment):
        text = text.replace(words, "")
    return text
