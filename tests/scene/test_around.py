"""Photos of a known place, turned by known angles, fit together again and make its panorama."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid, rotation_angle
from cinescene.scene.around.features import features_of
from cinescene.scene.around.likeness import likeness, thumbnail
from cinescene.scene.around.links import PhotoPair, link_photos, pair_photos
from cinescene.scene.around.panorama import levelled, panorama_of_photos
from cinescene.scene.around.stitch import stitch
from cinescene.scene.around.turns import find_turns
from cinescene.scene.scene import Scene
from cinescene.scene.vggt.cache import TensorCache
from tests.evaluation import room

SIZE = (320, 240)
COUNT, FOV = 8, math.radians(75)
FOCAL = SIZE[0] / 2 / math.tan(FOV / 2)


def photographed(spread_m: float = 0.0, pitch_rad: float = 0.05) -> tuple[torch.Tensor, Cameras]:
    """Photos (v, 3, h, w) of the room, all round, level but for pitch, and their cameras."""
    generator = torch.Generator().manual_seed(0)
    away = spread_m * (2 * torch.rand(COUNT, 3, generator=generator).double() - 1)
    turns = [level_rotation(2 * math.pi * i / COUNT, pitch_rad * (-1) ** i) for i in range(COUNT)]
    poses = rigid(torch.stack(turns), away + torch.tensor([-0.8, 0.3, 0.0]).double())
    cameras = Cameras.from_field_of_view(poses, FOV, *SIZE)
    return room.as_bytes(room.render(cameras)[0]), cameras


def saved(pictures: torch.Tensor, folder: Path) -> Path:
    for index, picture in enumerate(pictures):
        Image.fromarray(picture.movedim(0, -1).contiguous().numpy()).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize(("spread_m", "largest_deg"), [(0.0, 0.5), (0.15, 4.0)])
def test_turns_and_focal_length_are_found(spread_m: float, largest_deg: float) -> None:
    pictures, cameras = photographed(spread_m)
    intrinsics = cameras.intrinsics_px.double().clone()
    intrinsics[:, [0, 1], [0, 1]] *= 1.15
    features = features_of([picture.clone for picture in pictures])
    found = find_turns(pair_photos(features), intrinsics, torch.ones(COUNT, dtype=torch.bool))
    assert found is not None
    assert sorted(found.members) == list(range(COUNT))
    assert found.focal_factor * 1.15 == pytest.approx(1, abs=0.03)
    wanted = cameras.world_from_camera[list(found.members), :3, :3].double()
    relative = found.world_from_camera[0].T @ found.world_from_camera
    off = rotation_angle((wanted[0].T @ wanted).mT @ relative)
    assert math.degrees(float(off.max())) < largest_deg
    assert (math.degrees(found.parallax_rad) < 0.5) == (spread_m == 0)


def test_the_panorama_is_what_a_camera_in_that_spot_sees(tmp_path: Path) -> None:
    pictures, cameras = photographed()
    scene = panorama_of_photos(Scene.open(saved(pictures, tmp_path)), TensorCache(kind="t", folder=tmp_path / "cache"))
    assert scene is not None
    assert scene.panorama is not None
    assert scene.panorama.known is not None
    level = rigid(level_rotation(), cameras.position[0].double())
    small = Cameras.equirectangular(level, 256, 128)
    truth, _ = room.render(small.reshape(1))
    made = torch.nn.functional.interpolate(scene.panorama.image[None].float() / 255, (128, 256), mode="area")
    known = (
        torch.nn.functional.interpolate(scene.panorama.known[None, None].float(), (128, 256), mode="area")[0, 0] == 1
    )
    assert 0.25 < float(known.float().mean()) < 0.5
    error = (made - truth).square().mean(1)[0][known]
    assert float(error.mean()) < 0.03**2
    again = panorama_of_photos(Scene.open(tmp_path), TensorCache(kind="t", folder=tmp_path / "cache"))
    assert again is not None
    assert again.content_hash == scene.content_hash
    assert "8 photos fit together" in scene.notes[-1]


def test_a_photo_of_another_place_is_left_out_by_name(tmp_path: Path) -> None:
    pictures, _ = photographed()
    pictures[5] = (torch.rand(3, *SIZE[::-1], generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    scene = panorama_of_photos(Scene.open(saved(pictures, tmp_path)))
    assert scene is not None
    assert [left.name for left in scene.left_out] == ["5.png"]
    assert "5.png" in scene.notes[-1]


def test_photos_that_share_nothing_make_no_panorama(tmp_path: Path) -> None:
    noise = (torch.rand(3, 3, 96, 128, generator=torch.Generator().manual_seed(2)) * 255).to(torch.uint8)
    noise[1] = 90
    assert panorama_of_photos(Scene.open(saved(noise, tmp_path))) is None
    assert panorama_of_photos(Scene.open(tmp_path / "0.png", kind="photos")) is None


def test_links_join_neighbours_only() -> None:
    pictures, cameras = photographed()
    pairs = pair_photos(features_of([picture.clone for picture in pictures]))
    links = link_photos(pairs, cameras.intrinsics_px.double())
    assert {(link.first, link.second) for link in links} == {(i, i + 1) for i in range(COUNT - 1)} | {(0, COUNT - 1)}
    for link in links:
        poses = cameras.world_from_camera[[link.second, link.first], :3, :3].double()
        turn = link.turn(torch.full((COUNT,), FOCAL, dtype=torch.float64))
        assert math.degrees(float(rotation_angle(turn.T @ (poses[0].T @ poses[1])))) < 0.5


def test_pictures_are_alike_by_their_true_turn_alone() -> None:
    pictures, cameras = photographed()
    small = [thumbnail(picture.float().mean(0)) for picture in pictures]
    intrinsics = cameras.intrinsics_px.double()[0] * torch.tensor([[0.2], [0.2], [1.0]]).double()
    rotations = cameras.world_from_camera[:, :3, :3].double()
    by_turn = {
        (i, j): likeness((small[i], small[j]), (intrinsics, intrinsics), rotations[1].T @ rotations[0])
        for i in range(COUNT)
        for j in range(COUNT)
    }
    assert by_turn[0, 1] > 0.95
    assert by_turn[0, 5] < by_turn[0, 1] - 0.3
    assert likeness((small[0], small[0]), (intrinsics, intrinsics), torch.eye(3).double()) == pytest.approx(1)
    assert likeness((small[0], small[4]), (intrinsics, intrinsics), rotations[4].T @ rotations[0]) == 0


def test_patterns_that_repeat_elsewhere_do_not_bend_the_ring() -> None:
    pictures, cameras = photographed()
    pairs = pair_photos(features_of([picture.clone for picture in pictures]))
    rotations, intrinsics = cameras.world_from_camera[:, :3, :3].double(), cameras.intrinsics_px.double()
    true = next(pair for pair in pairs if (pair.first, pair.second) == (0, 1))
    false = [
        dataclasses.replace(
            true,
            first=i,
            second=i + 3,
            small=(_small_of(pairs, i), _small_of(pairs, i + 3)),
        )
        for i in range(COUNT - 3)
    ]
    found = find_turns([*pairs, *false], intrinsics, torch.ones(COUNT, dtype=torch.bool))
    assert found is not None
    assert sorted(found.members) == list(range(COUNT))
    relative = found.world_from_camera[0].T @ found.world_from_camera
    wanted = rotations[list(found.members)]
    off = rotation_angle((wanted[0].T @ wanted).mT @ relative)
    assert math.degrees(float(off.max())) < 0.5


def _small_of(pairs: list[PhotoPair], number: int) -> torch.Tensor:
    return next(pair.small[number == pair.second] for pair in pairs if number in (pair.first, pair.second))


def test_levelling_undoes_any_turn_of_the_world_and_heads_for_the_start() -> None:
    wanted = torch.stack([level_rotation(0.8 * i, 0.1 * (-1) ** i) for i in range(6)]).double()
    tilt = level_rotation(0.7, 0.5, -0.9).double()
    found = levelled(tilt @ wanted, 2)
    assert torch.allclose(found[:, 2], wanted[:, 2], atol=1e-9)
    assert float(found[2, 0, 2].abs()) < 1e-9
    assert float(found[2, 1, 2]) > 0


def test_photos_that_look_one_way_keep_their_own_up() -> None:
    wanted = torch.stack([level_rotation(0.05 * i) for i in range(3)]).double()
    assert torch.allclose(levelled(wanted, 0), wanted, atol=1e-9)


def test_brightness_that_differs_leaves_no_edge_and_nothing_is_made_up_of_black() -> None:
    plain = [torch.full((3, *SIZE[::-1]), value, dtype=torch.uint8) for value in (120, 150)]
    rotations = torch.stack([level_rotation(0.0), level_rotation(0.7)]).double()
    intrinsics = Cameras.from_field_of_view(rigid(rotations, torch.zeros(2, 3).double()), FOV, *SIZE).intrinsics_px
    image, known = stitch(plain, intrinsics.double(), rotations, 256)
    row, seen = image[0, 128].int(), known[128]
    assert int((row[1:] - row[:-1]).abs().max()) <= 6
    assert int(image.min()) >= 118
    assert int(image.max()) <= 152
    assert 0.2 < float(seen.float().mean()) < 0.4


def test_detail_reaches_to_the_corners_of_a_photo() -> None:
    """A photo of stripes, alone: their contrast is the same all over it, in its corners too."""
    columns = torch.arange(SIZE[0]) // 8 % 2
    stripes = (60 + 120 * columns).to(torch.uint8).expand(3, SIZE[1], SIZE[0])
    rotation = level_rotation(0.0)[None].double()
    camera = Cameras.from_field_of_view(rigid(rotation, torch.zeros(1, 3).double()), FOV, *SIZE)
    image, known = stitch([stripes], camera.intrinsics_px.double(), rotation, 512)
    rows, seen_columns = known.nonzero().unbind(1)
    for row in (int(rows.min()) + 12, int(rows.max()) - 12):
        across = seen_columns[rows == row]
        corner = image[0, row, int(across.min()) + 3 : int(across.min()) + 22].float()
        assert float(corner.max() - corner.min()) > 80
