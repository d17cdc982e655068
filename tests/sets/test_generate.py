"""Generated sets: the same for the same seed, kept whole by JSON, open where cameras go, within their budgets."""

import dataclasses
import json

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.sets.description import KINDS, SetDescription
from cinescene.sets.generate import MOST_LAMPS, flavours, generate_set
from cinescene.sets.objects.catalogue import CATALOGUE
from cinescene.sets.stage import build_stage, free_space
from cinescene.sets.walks import FloorGrid

SEEDS = range(10)


@pytest.fixture(scope="module")
def sets() -> dict[str, list[SetDescription]]:
    return {kind: [generate_set(seed, kind) for seed in SEEDS] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_panorama_is_taken_from_an_open_place(sets: dict[str, list[SetDescription]], kind: str) -> None:
    for description in sets[kind]:
        position = np.array(description.panorama_position)
        assert 1.2 <= position[2] <= 1.8
        assert free_space(description).clearance_m(position[None])[0] >= 0.6, description.seed


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_floor_to_walk_on_round_the_panorama(sets: dict[str, list[SetDescription]], kind: str) -> None:
    for description in sets[kind][::4]:
        grid = FloorGrid.of(free_space(description), 0.35)
        cells = grid.connected_to(grid.nearest_free_cell(np.zeros(2)))
        assert len(cells) * grid.cell_m**2 >= 8.0, description.seed


@pytest.mark.parametrize("kind", KINDS)
def test_sets_have_things_near_and_far_and_few_lamps(sets: dict[str, list[SetDescription]], kind: str) -> None:
    for description in sets[kind]:
        assert len(description.pieces) >= 8
        assert len(description.lamps) <= MOST_LAMPS
        distance = [np.hypot(*piece.position[:2]) for piece in description.pieces]
        assert min(distance) < 7.0, description.seed
        assert {piece.kind for piece in description.pieces} <= set(CATALOGUE)


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_give_different_sets(sets: dict[str, list[SetDescription]], kind: str) -> None:
    assert len(set(sets[kind])) == len(SEEDS)
    assert len({d.flavour for d in sets[kind]}) >= 3
    assert len({d.sky.weather for d in sets[kind]}) >= 3
    walls = {w.inside.colours for d in sets[kind] for w in d.walls} | {
        b.finishes[0].colours for d in sets[kind] for b in d.buildings
    }
    assert len(walls) >= len(SEEDS)


def test_the_same_seed_gives_the_same_set() -> None:
    for seed in (0, 7, 123456):
        assert generate_set(seed) == generate_set(seed)


def test_every_flavour_can_be_asked_for() -> None:
    for kind in KINDS[:3]:
        for flavour in flavours(kind)[::2]:
            description = generate_set(3, kind, flavour)
            assert (description.kind, description.flavour) == (kind, flavour)


def test_json_keeps_everything(sets: dict[str, list[SetDescription]]) -> None:
    for kind in KINDS:
        for description in sets[kind][:1]:
            assert SetDescription.from_json(description.to_json()) == description


def test_bad_json_is_named() -> None:
    text = generate_set(1, "room").to_json()
    with pytest.raises(InputError, match="expected JSON"):
        SetDescription.from_json(text[:-5])
    with pytest.raises(InputError, match="expected version 1, got None"):
        SetDescription.from_json("[]")
    with pytest.raises(InputError, match="expected version 1, got 99"):
        SetDescription.from_json(json.dumps(json.loads(text) | {"version": 99}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pieces": 3}, r"set description\.pieces: expected a list"),
        ({"colour": 1}, "unknown field 'colour'"),
        ({"kind": "cave"}, r"kind: expected one of room, hall, courtyard, street"),
        ({"panorama_position": [0.0, 1.0]}, r"panorama_position: expected 3 values, got 2"),
        ({"panorama_position": [0.0, 1.0, float("nan")]}, r"panorama_position\[2\]: expected a finite number"),
        ({"seed": "one"}, "seed: expected a int"),
    ],
)
def test_ill_typed_fields_are_named(change: dict[str, object], message: str) -> None:
    tree = json.loads(generate_set(1, "hall").to_json()) | change
    with pytest.raises(InputError, match=message):
        SetDescription.from_json(json.dumps(tree))


def test_missing_fields_are_named() -> None:
    tree = json.loads(generate_set(1, "hall").to_json())
    del tree["sky"]["weather"]
    with pytest.raises(InputError, match=r"sky: the field 'weather' is missing"):
        SetDescription.from_json(json.dumps(tree))


def test_unknown_kinds_flavours_and_seeds_are_named() -> None:
    with pytest.raises(InputError, match="expected one of room, hall, courtyard, street, got 'cave'"):
        generate_set(0, "cave")
    with pytest.raises(InputError, match="for a hall, got 'bedroom'"):
        generate_set(0, "hall", "bedroom")
    with pytest.raises(InputError, match="at least 0"):
        generate_set(-1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_fifty_seeds_of_every_kind_build(kind: str) -> None:
    drawn = set()
    for seed in range(50):
        description = generate_set(seed, kind)
        drawn.add(description.flavour)
        stage = build_stage(description)
        assert 1500 < sum(len(mesh.triangles) for mesh in stage.meshes) < 32_000
        grid = FloorGrid.of(free_space(description), 0.35)
        assert grid.free_area_m2 >= 8.0
    assert drawn == set(flavours(kind))


def test_descriptions_can_be_edited() -> None:
    description = generate_set(2, "room")
    bare = dataclasses.replace(description, pieces=())
    centre = np.array([description.panorama_position])
    assert free_space(bare).clearance_m(centre)[0] >= free_space(description).clearance_m(centre)[0]
