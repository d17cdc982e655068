"""Stages: the same bytes from the same description, sound meshes, within budget, sun and sky that agree."""

import dataclasses
import math

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.sets.description import KINDS, Finish, Piece, SetDescription, SkyLook, SunLight
from cinescene.sets.generate import generate_set
from cinescene.sets.materials import material_of
from cinescene.sets.mesh import Stage
from cinescene.sets.objects.catalogue import CATALOGUE, obstacles_of
from cinescene.sets.sky import procedural_sky, sky_from_picture, sun_direction
from cinescene.sets.stage import build_stage
from cinescene.sets.workshop import Workshop

LEAFY = {"potted_plant", "tree", "bush", "flower_bed", "curtains"}
"""Kinds with cards whose two sides share a normal, or with cloth in sharp folds."""
FINISH = Finish(pattern="plain", colours=((0.5, 0.4, 0.3),), size_px=1)
SIZES = {"car": (4.3, 1.8, 1.45), "tree": (3.0, 3.0, 5.0), "arcade": (9.0, 0.5, 4.0), "sofa": (1.9, 0.9, 0.8)}


STYLES = {
    "car": ("saloon", "hatch", "van"),
    "column": ("round", "square", "fluted"),
    "sculpture": ("turned", "knot", "stack", "figure"),
    "table": ("legs", "trestle", "slab"),
    "chair": ("slats", "panel", "padded"),
    "pendant": ("cone", "globe", "drum"),
    "street_lamp": ("lantern", "arm"),
    "barrel": ("wood", "drum"),
    "cabinet": ("doors", "drawers", "mixed-top"),
    "tree": ("round", "tall", "conifer", "far"),
    "bush": ("", "boxed", "potted"),
    "floor_lamp": ("drum", "arc"),
    "post_sign": ("round", "name"),
    "framed_picture": ("mounted", "canvas"),
    "bed": ("bars", "padded"),
}


def triangle_count(stage: Stage) -> int:
    return sum(len(mesh.triangles) for mesh in stage.meshes)


def bytes_of(stage: Stage) -> list[bytes]:
    meshes = [
        b"".join(a.tobytes() for a in (m.positions, m.normals, m.uvs, m.triangles, m.material.albedo))
        for m in stage.meshes
    ]
    return [*meshes, stage.sky.radiance.tobytes()]


@pytest.fixture(scope="module", params=KINDS)
def built(request: pytest.FixtureRequest) -> tuple[SetDescription, Stage]:
    description = generate_set(4, request.param)
    return description, build_stage(description)


def test_the_same_description_builds_the_same_bytes() -> None:
    for kind in ("hall", "courtyard"):
        description = generate_set(2, kind)
        stage = build_stage(description)
        material_of.cache_clear()
        again = build_stage(SetDescription.from_json(description.to_json()))
        assert bytes_of(again) == bytes_of(stage)
        assert [vars(lamp) for lamp in again.lamps] == [vars(lamp) for lamp in stage.lamps]


def test_meshes_are_sound(built: tuple[SetDescription, Stage]) -> None:
    for mesh in built[1].meshes:
        assert np.abs(np.linalg.norm(mesh.normals, axis=1) - 1).max() < 1e-4
        assert np.isfinite(mesh.uvs).all()
        assert len(mesh.triangles)


def test_one_mesh_a_finish(built: tuple[SetDescription, Stage]) -> None:
    materials = [id(mesh.material) for mesh in built[1].meshes]
    assert len(set(materials)) == len(materials)


def test_triangle_budget(built: tuple[SetDescription, Stage]) -> None:
    most = {"room": 16_000, "hall": 20_000, "courtyard": 24_000, "street": 30_000}
    assert 1500 < triangle_count(built[1]) < most[built[0].kind]


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_objects_face_outwards_and_fill_their_box(kind: str) -> None:
    size = SIZES.get(kind, (1.2, 0.8, 1.6))
    for style in STYLES.get(kind, ("",)):
        piece = Piece(kind=kind, position=(0.0, 0.0, 0.0), size=size, style=style, finishes=(FINISH,) * 9, seed=3)
        shop = Workshop()
        shop.stand(piece.position, piece.turn_rad, piece.finishes)
        CATALOGUE[kind].build(shop, piece, np.random.default_rng(piece.seed))
        (mesh,) = shop.meshes()
        corners = mesh.positions[mesh.triangles].astype(np.float64)
        face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if kind not in LEAFY:
            facing = (face * mesh.normals[mesh.triangles].mean(axis=1)).sum(axis=1)
            assert (facing > -1e-9).all(), style
        assert mesh.positions[:, 2].min() > -0.15
        reach = np.abs(mesh.positions).max(axis=0)
        assert (reach <= np.array([size[0] / 2 + 0.75, size[1] / 2 + 1.8, size[2] * 1.12 + 0.2])).all(), style


def test_closed_solids_have_a_positive_volume() -> None:
    """The divergence theorem: outward faces enclose a positive volume, near that of the real thing."""
    for kind, low, high in (("car", 3.5, 9.5), ("table", 0.02, 0.4), ("barrel", 0.8, 1.9), ("cabinet", 1.2, 1.6)):
        size = SIZES.get(kind, (1.2, 0.8, 1.6))
        piece = Piece(kind=kind, position=(0.0, 0.0, 0.0), size=size, finishes=(FINISH,) * 9, seed=1)
        shop = Workshop()
        shop.stand(piece.position, 0.0, piece.finishes)
        CATALOGUE[kind].build(shop, piece, np.random.default_rng(1))
        (mesh,) = shop.meshes()
        corners = mesh.positions[mesh.triangles].astype(np.float64)
        volume = np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert low < volume < high, kind


def test_obstacles_turn_and_move_with_their_piece() -> None:
    piece = Piece(kind="table", position=(2.0, 1.0, 0.0), size=(1.6, 0.8, 0.75), turn_rad=math.pi / 2)
    (box,) = obstacles_of(piece)
    assert box.centre == pytest.approx((2.0, 1.0))
    assert (box.half_size, box.turn_rad, box.bottom_m, box.top_m) == ((0.8, 0.4), math.pi / 2, 0.0, 0.75)
    arc = Piece(kind="floor_lamp", position=(0.0, 0.0, 0.0), size=(0.4, 0.4, 1.8), turn_rad=math.pi / 2, style="arc")
    assert obstacles_of(arc)[0].centre == pytest.approx((0.0, 0.335))


def test_an_unknown_object_is_named() -> None:
    description = generate_set(1, "room")
    odd = dataclasses.replace(description.pieces[0], kind="unicorn")
    with pytest.raises(InputError, match="unknown kind 'unicorn'"):
        build_stage(dataclasses.replace(description, pieces=(odd,)))


def test_the_sky_is_brightest_where_the_sun_light_comes_from() -> None:
    for azimuth in (-2.0, 0.3, 2.8):
        sun = SunLight(azimuth_rad=azimuth, elevation_rad=0.6, colour=(1.0, 0.9, 0.8))
        sky = procedural_sky(SkyLook(weather="clear", seed=5), sun).radiance
        row, column = np.unravel_index(sky.sum(axis=2).argmax(), sky.shape[:2])
        longitude = ((column + 0.5) / sky.shape[1] - 0.5) * 2 * math.pi
        latitude = (0.5 - (row + 0.5) / sky.shape[0]) * math.pi
        level = math.cos(latitude)
        brightest = (level * math.sin(longitude), level * math.cos(longitude), math.sin(latitude))
        assert np.dot(brightest, sun_direction(sun)) > math.cos(math.radians(1.5))


def test_skies_are_seamless_positive_and_seeded() -> None:
    looks = (("clear", "hills"), ("fair", "trees"), ("overcast", "town"), ("dusk", "none"), ("night", "town"))
    for weather, horizon in looks:
        sky = procedural_sky(SkyLook(weather=weather, seed=2, horizon=horizon), None).radiance
        assert sky.dtype == np.float32
        assert sky.shape[1] == 2 * sky.shape[0]
        assert sky.min() >= 0
        seam = np.abs(sky[:, 0] - sky[:, -1]).mean()
        assert seam <= np.abs(np.diff(sky, axis=1)).mean(axis=(0, 2)).max() * 1.05 + 0.005
    assert not np.array_equal(
        procedural_sky(SkyLook(weather="fair", seed=1), None).radiance,
        procedural_sky(SkyLook(weather="fair", seed=2), None).radiance,
    )


def test_a_picture_of_the_users_becomes_the_sky() -> None:
    picture = np.zeros((64, 128, 3), dtype=np.uint8)
    picture[20:30, 60:68] = 255
    description = dataclasses.replace(generate_set(0, "courtyard"), pieces=(), buildings=())
    quarter = dataclasses.replace(description.sky, backdrop="place.jpg", backdrop_turn_rad=math.pi / 2, brightness=2.0)
    stage = build_stage(dataclasses.replace(description, sky=quarter), backdrop=picture)
    assert stage.sky.radiance.max() == pytest.approx(2.0)
    columns = np.flatnonzero(stage.sky.radiance.sum(axis=(0, 2)))
    assert columns.mean() == pytest.approx(63.5 - 32)
    assert sky_from_picture(np.full((8, 16, 3), 7.5, dtype=np.float32)).radiance.max() == 7.5


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((10, 20)), r"expected an array \(height, width, 3\)"),
        (np.zeros((10, 30, 3), dtype=np.float32), "twice as wide as high"),
        (np.full((10, 20, 3), np.nan, dtype=np.float32), "finite radiance"),
        (np.full((10, 20, 3), -1.0, dtype=np.float32), "finite radiance"),
    ],
)
def test_pictures_that_are_no_sky_are_refused(picture: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sky_from_picture(picture)
