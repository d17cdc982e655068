"""Dressed people: sound meshes that follow postures; clothes that can be worn together."""

from typing import get_args

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.sets.mesh import Mesh
from cinescene.sets.subjects.body_shape import BodyShape
from cinescene.sets.subjects.fabrics import PATTERNS, Cloth, cloth_material, cloth_picture
from cinescene.sets.subjects.figure import Figure, figure_of
from cinescene.sets.subjects.person import Bottom, Footwear, Hair, HairCut, Headwear, Outer, Outfit, Person, Top
from cinescene.sets.subjects.posture import FootPosture, Posture
from cinescene.sets.subjects.rig import INDEX, joint_positions
from tests.sets.subjects import people


def standing(figure: Figure) -> Posture:
    legs = figure.legs
    feet = [np.array([0.0, side * legs.hip_m, legs.foot.ankle_m]) for side in (1, -1)]
    flat = [FootPosture(ankle=ankle, foot=np.eye(3), toes=np.eye(3)) for ankle in feet]
    return Posture(
        heading=0.0,
        pelvis=np.array([0.0, 0.0, legs.foot.ankle_m + 0.985 * legs.length_m]),
        pelvis_rotation=np.eye(3),
        feet=(flat[0], flat[1]),
    )


def check_sound(meshes: list[Mesh]) -> None:
    for mesh in meshes:
        assert len(mesh.triangles) > 0
        assert np.isfinite(mesh.uvs).all()
        np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-3)
        assert len(np.unique(mesh.triangles)) > 0.9 * len(mesh.positions)


@pytest.mark.parametrize("person", people.ALL)
def test_a_standing_person_is_as_tall_as_described_and_stands_on_the_floor(person) -> None:
    figure = figure_of(person())
    meshes = figure.meshes(standing(figure))
    check_sound(meshes)
    z = np.concatenate([mesh.positions[:, 2] for mesh in meshes])
    assert abs(z.min()) < 0.005
    assert person().height_m - 0.02 < z.max() < person().height_m + 0.14
    assert sum(len(mesh.triangles) for mesh in meshes) < 16_000


def test_feet_are_where_they_are_told_to_be() -> None:
    figure = figure_of(people.man())
    posture = standing(figure)
    joints = joint_positions(figure.skeleton, figure.poser.rotations(posture), posture.pelvis)
    for side, foot in zip("LR", posture.feet, strict=True):
        np.testing.assert_allclose(joints[INDEX[f"foot.{side}"]], foot.ankle, atol=1e-9)


def test_knees_bend_forward_and_elbows_too() -> None:
    figure = figure_of(people.child())
    posture = standing(figure)
    joints = joint_positions(figure.skeleton, figure.poser.rotations(posture), posture.pelvis)
    for side in "LR":
        hip, knee, ankle = (joints[INDEX[f"{bone}.{side}"]] for bone in ("thigh", "shin", "foot"))
        assert knee[0] > (hip[0] + ankle[0]) / 2 + 0.01
        shoulder, elbow, hand = (joints[INDEX[f"{bone}.{side}"]] for bone in ("upperarm", "forearm", "hand"))
        assert hand[0] > elbow[0]
        assert shoulder[2] > elbow[2] > hand[2]


def test_the_floor_only_lifts_a_person() -> None:
    figure = figure_of(people.child())
    low, high = (figure.meshes(standing(figure), floor) for floor in (0.0, 1.25))
    for a, b in zip(low, high, strict=True):
        np.testing.assert_allclose(b.positions - a.positions, np.tile([0, 0, 1.25], (len(a.positions), 1)), atol=1e-5)


def _everything() -> list[Person]:
    """A few people who between them wear every garment, cut and pattern."""
    tops, bottoms = get_args(Top), [b for b in get_args(Bottom) if b != "none"]
    cuts, hats, outers, shoes = get_args(HairCut), get_args(Headwear), get_args(Outer), get_args(Footwear)
    made = []
    for i in range(len(cuts)):
        cloth = Cloth(colour=(0.2 + 0.07 * i, 0.4, 0.5), pattern=PATTERNS[i % len(PATTERNS)], seed=i)
        top, outer, hat = tops[i % len(tops)], outers[i % 3], hats[i % 4]
        outfit = Outfit(
            top=top,
            top_cloth=cloth,
            bottom="none" if top == "dress" else bottoms[i % len(bottoms)],
            bottom_cloth=cloth,
            outer=outer,
            outer_cloth=None if outer == "none" else cloth,
            footwear=shoes[i % 3],
            headwear=hat,
            headwear_cloth=None if hat == "none" else cloth,
        )
        body = BodyShape(femininity=float(i % 2), age_years=20.0 + 5 * i)
        made.append(Person(body=body, height_m=1.6 + 0.03 * i, outfit=outfit, hair=Hair(cut=cuts[i]), seed=i))
    return made


@pytest.mark.parametrize("person", _everything(), ids=lambda p: f"{p.outfit.top}, {p.outfit.bottom}, {p.hair.cut}")
def test_whatever_is_worn_the_meshes_are_sound(person: Person) -> None:
    figure = Figure(person)
    check_sound(figure.meshes(standing(figure)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cloth_keeps_its_main_colour(pattern) -> None:
    colour = (0.55, 0.25, 0.20)
    picture = cloth_picture(Cloth(colour=colour, pattern=pattern, second=(0.9, 0.9, 0.9), seed=1)) / 255
    near = np.abs(picture - np.array(colour)).max(axis=-1) < 0.16
    assert near.mean() > 0.45


def test_cloth_materials_are_shared_and_tile_evenly() -> None:
    cloth = Cloth(colour=(0.3, 0.5, 0.2), pattern="striped", seed=9)
    assert cloth_material(cloth) is cloth_material(Cloth(colour=(0.3, 0.5, 0.2), pattern="striped", seed=9))
    picture = cloth_picture(cloth).astype(int)
    seam = np.abs(picture[0] - picture[-1]).max()
    assert seam <= np.abs(np.diff(picture, axis=0)).max() + 12


@pytest.mark.parametrize(
    "fields",
    [
        {"bottom": "none"},
        {"top": "dress", "bottom": "jeans"},
        {"outer": "coat"},
        {"headwear": "cap"},
    ],
)
def test_outfits_that_do_not_go_together_are_refused(fields: dict) -> None:
    with pytest.raises(InputError, match="outfit"):
        Outfit(**({"top_cloth": people.RED, "bottom_cloth": people.BLUE} | fields))
