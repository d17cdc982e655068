"""Pictures on triangles against the pictures themselves."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.blocking.light import PlaceLight
from cinescene.blocking.pictures import picture_colours
from cinescene.blocking.solids import MEAN_LIGHT, Solid, sight
from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.sets.mesh import Material, Mesh


def material(seed: int, rows: int = 8, columns: int = 16) -> Material:
    return Material(albedo=np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8))


def flat_light() -> PlaceLight:
    matrices = torch.zeros(3, 4, 4)
    matrices[:, 3, 3] = 1 / MEAN_LIGHT
    return PlaceLight(matrices=matrices)


def wall(cloth: Material, facing: bool = True) -> Mesh:
    """A square of 2 m, 2 m ahead (+y), that shows the picture once, upright to who looks at it from the origin."""
    positions = np.array([[-1, 2, -1], [1, 2, -1], [1, 2, 1], [-1, 2, 1]], dtype=np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    return Mesh(
        positions=positions,
        normals=np.tile(np.array([0, -1, 0], dtype=np.float32), (4, 1)),
        uvs=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32),
        triangles=triangles if facing else triangles[:, ::-1].copy(),
        material=cloth,
    )


def looking_ahead(side: int) -> Cameras:
    """The wall just fills the picture."""
    pose = rigid(level_rotation(0.0, 0.0), torch.zeros(3, dtype=torch.float64))
    return Cameras.from_field_of_view(pose, 2 * math.atan(0.5), side, side)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(-2, 2), st.integers(-2, 2))
def test_texel_centres_show_texels_in_every_repeat(seed: int, right: int, up: int) -> None:
    cloth = material(seed)
    rows, columns = cloth.albedo.shape[:2]
    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    places = np.stack([(column + 0.5) / columns + right, 1 - (row + 0.5) / rows + up], axis=-1).reshape(-1, 2)
    found = picture_colours(cloth, torch.from_numpy(places).float(), torch.ones(len(places)))
    np.testing.assert_allclose(found.numpy() * 255, cloth.albedo.reshape(-1, 3), atol=0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_from_far_away_a_picture_is_its_mean(seed: int, u: float, v: float) -> None:
    cloth = material(seed, 16, 16)
    found = picture_colours(cloth, torch.tensor([[u, v]]), torch.tensor([1e4]))
    np.testing.assert_allclose(found[0].numpy() * 255, cloth.albedo.mean((0, 1)), atol=1.0)


def test_a_wall_shows_its_picture_upright_and_unmirrored() -> None:
    cloth = material(3, 8, 8)
    seen = sight([Solid.of_mesh(wall(cloth))], looking_ahead(64), flat_light())
    middles = seen.colour[:, 4::8, 4::8].movedim(0, -1).numpy() * 255
    assert float(seen.cover.min()) == 1
    assert np.abs(middles - cloth.albedo).mean() < 12
    for wrong in (cloth.albedo[::-1], cloth.albedo[:, ::-1]):
        assert np.abs(middles - wrong).mean() > 40


def test_a_wall_seen_small_keeps_its_mean() -> None:
    cloth = material(5, 64, 64)
    seen = sight([Solid.of_mesh(wall(cloth))], looking_ahead(4), flat_light())
    np.testing.assert_allclose(seen.colour.mean((1, 2)).numpy() * 255, cloth.albedo.mean((0, 1)), atol=4)


@pytest.mark.parametrize("facing", [True, False])
def test_only_front_faces_are_seen(facing: bool) -> None:
    seen = sight([Solid.of_mesh(wall(material(1), facing))], looking_ahead(16))
    assert bool((seen.cover == (1 if facing else 0)).all())
