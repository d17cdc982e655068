"""What a prompt says is what its roles say; captions of known performances are read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.blocking.words import roles_in
from cinescene.sets.subjects import caption_facts, random_performance, random_subject
from cinescene.sets.subjects.captions import caption_of
from cinescene.sets.subjects.colours import NAMED, colour_name
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.performance import Performance
from cinescene.sets.subjects.person import Person

MOVING = ("walk", "run", "trot", "roll", "bounce", "drive", "fly")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2))
def test_captions_of_performances_are_read_back(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    camera = np.array([[1.0, 0, 0, 0], [0, 0, 1, -6], [0, -1, 0, 1.6], [0, 0, 0, 1]])
    facts = [caption_facts(random_performance(rng, random_subject(rng), 4.0), camera) for _ in range(count)]
    text = caption_of(facts, rng)
    roles = roles_in(text)
    assert [role.kind for role in roles] == [fact.kind for fact in facts], text
    for role, fact in zip(roles, facts, strict=True):
        if fact.directions and fact.action in MOVING:
            assert role.headings[:1] == fact.directions[:1], text
        if fact.action in MOVING:
            assert role.motion == ("run" if fact.action == "run" else role.motion), text
            assert role.motion in ("move", "run"), text
        if fact.action in ("sit down", "bend down", "jump"):
            assert role.deed == fact.action, text
        if fact.gesture != "none":
            assert role.gesture == fact.gesture, text
        if fact.kind != "person":
            assert role.colour is not None, text
            assert fact.colour.startswith(colour_name(role.colour)), text


@pytest.mark.parametrize("colour", sorted(NAMED))
@pytest.mark.parametrize(("garment", "place"), [("coat", "outer"), ("sweater", "top"), ("jeans", "bottom")])
def test_clothes_have_the_colour_that_is_said(colour: str, garment: str, place: str) -> None:
    (role,) = roles_in(f"A tall woman with long hair in a {colour} {garment} and black boots walks to the left.")
    assert role.garments[place] == (garment, NAMED[colour])
    assert role.garments["shoes"] == ("boots", NAMED["black"])
    assert (role.size, role.cut, role.headings) == ("large", "long", ("left",))


@pytest.mark.parametrize(
    "prompt",
    ["an empty place", "nobody is here", "the courtyard, without people", "a dragon flies over the square", "fog"],
)
def test_no_roles_where_nobody_known_is_named(prompt: str) -> None:
    assert roles_in(prompt) == ()


def test_several_subjects_share_a_verb_and_keep_their_looks() -> None:
    roles = roles_in("two women in green dresses and a black dog run to the right")
    assert [role.kind for role in roles] == ["person", "person", "dog"]
    assert all(role.motion == "run" and role.headings == ("right",) for role in roles)
    assert roles[2].colour == NAMED["black"]


def test_what_is_only_passed_plays_no_role() -> None:
    (role,) = roles_in("a man walks past a dog")
    assert role.kind == "person"


def test_sides_are_told_apart_when_both_are_named() -> None:
    assert roles_in("a man walks from left to right")[0].headings == ("right",)
    assert roles_in("a man walks from the right")[0].headings == ("left",)
    assert roles_in("a boy runs away and to the left")[0].headings == ("away", "left")


def test_a_person_drawn_for_a_role_fits_it() -> None:
    from cinescene.blocking.actors import subject_for

    (role,) = roles_in("an old bald man in a blue suit with a red scarf")
    for seed in range(8):
        person = subject_for(role, np.random.default_rng(seed))
        assert isinstance(person, Person)
        assert person.body.femininity < 0.5
        assert person.body.age_years >= 60
        assert person.outfit.outer_cloth is not None
        assert person.outfit.outer_cloth.colour == person.outfit.bottom_cloth.colour == NAMED["blue"]
        assert person.outfit.scarf is not None
        assert person.outfit.scarf.colour == NAMED["red"]
        assert person.hair.cut == "buzz cut"


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("a group of people walks to the left", 3),
        ("a pair of dogs trots by", 2),
        ("at night people walk home", 2),
        ("robots drive to the right", 2),
        ("a woman walks past a red car of a friend, like a dancer", 1),
    ],
)
def test_how_many_are_named(prompt: str, count: int) -> None:
    assert len(roles_in(prompt)) == count


@pytest.mark.parametrize("noun", ["man", "woman", "girl", "boy"])
def test_a_caption_of_who_is_drawn_for_a_noun_says_the_noun(noun: str) -> None:
    from cinescene.blocking.actors import subject_for

    (role,) = roles_in(f"a {noun} waves")
    standing = GroundPath.standing((0, 0), 0.0, 2.0)
    for seed in range(6):
        person = subject_for(role, np.random.default_rng(seed))
        assert caption_facts(Performance(subject=person, path=standing, duration_s=2.0)).noun == noun
