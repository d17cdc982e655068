"""A relief as geometry, against places whose distances are known exactly."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError
from cinescene.previz.flight import fly_through_panorama
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.previz.support import path_warnings, smeared_share
from cinescene.scene.panorama import Panorama
from cinescene.scene.relief import Relief, ReliefConfig, ReliefNet, closeness_of
from cinescene.scene.relief_cache import relief_around
from cinescene.scene.vggt.cache import TensorCache

HEIGHT_M = 1.5
ROOM = torch.tensor([3.0, 4.0, 1.2])
"""Half the width and length of a room around the camera, and how high its ceiling is above it."""


def directions(rows: int) -> torch.Tensor:
    """Of the cells of a relief: x to the right, y ahead, z up."""
    fall = (torch.arange(rows) + 0.5) / rows * math.pi
    turn = ((torch.arange(2 * rows) + 0.5) / (2 * rows) - 0.5) * 2 * math.pi
    flat = fall.sin()[:, None]
    up = fall.cos()[:, None].expand(-1, 2 * rows)
    return torch.stack([flat * turn.sin(), flat * turn.cos(), up], dim=-1)


def to_the_walls(origin: torch.Tensor, rays: torch.Tensor) -> torch.Tensor:
    """Distance from inside the room along rays, exactly."""
    low = torch.tensor([-ROOM[0], -ROOM[1], -HEIGHT_M])
    walls = torch.where(rays > 0, ROOM, low)
    return torch.where(rays.abs() > 1e-6, (walls - origin) / rays, torch.inf).amin(-1)


def surface(distance: torch.Tensor, turn_rad: float = 0.0) -> ReliefSurface:
    relief = Relief(closeness=closeness_of(distance / HEIGHT_M), doubt=torch.full_like(distance, 0.06))
    return ReliefSurface(relief=relief, camera_height_m=HEIGHT_M, turn_rad=turn_rad)


PLACE = surface(to_the_walls(torch.zeros(3), directions(96)))
inside = st.tuples(st.floats(-1.5, 1.5), st.floats(-2.0, 2.0), st.floats(-0.6, 0.4))


@given(inside, st.integers(0, 2**31))
def test_from_anywhere_in_a_room_rays_end_on_its_walls(origin: tuple[float, float, float], seed: int) -> None:
    start = torch.tensor(origin)
    rays = torch.nn.functional.normalize(torch.randn(50, 3, generator=torch.Generator().manual_seed(seed)), dim=-1)
    found, exact = PLACE.distance(start, rays), to_the_walls(start, rays)
    error = (found / exact - 1).abs()
    assert float(error.median()) < 0.02
    assert float(error.quantile(0.9)) < 0.10


@given(st.floats(-math.pi, math.pi))
def test_a_turned_place_is_the_place_turned(turn: float) -> None:
    turned = surface(to_the_walls(torch.zeros(3), directions(96)), turn)
    rays = torch.nn.functional.normalize(torch.randn(40, 3, generator=torch.Generator().manual_seed(3)), dim=-1)
    # Seen from above a turn to the right takes +y to +x.
    cosine, sine = math.cos(turn), math.sin(turn)
    right = torch.stack([cosine * rays[:, 0] + sine * rays[:, 1], -sine * rays[:, 0] + cosine * rays[:, 1], rays[:, 2]])
    start = torch.zeros(3)
    assert torch.allclose(turned.distance(start, right.T), PLACE.distance(start, rays), rtol=0.02)


def test_inside_is_in_front_of_the_walls_and_above_the_ground() -> None:
    points = torch.tensor([[0.0, 3.5, 0.0], [0.0, 4.5, 0.0], [0.0, 0.0, -1.4], [0.0, 0.0, -1.6], [-2.5, 0.0, 0.5]])
    assert PLACE.contains(points).tolist() == [True, False, True, False, True]
    assert PLACE.clear(torch.tensor([[0.0, 3.0, 0.0], [0.0, 3.8, 0.0]]), 0.12).tolist() == [True, False]


def test_below_the_ground_nothing_is_seen() -> None:
    assert PLACE.distance(torch.tensor([0.0, 0.0, -1.6]), torch.tensor([[0.0, 0.0, 1.0]])).isinf().all()


def test_behind_a_wall_only_what_comes_back_in_counts() -> None:
    start = torch.tensor([0.0, 6.0, 0.0])
    back = torch.tensor([[0.0, -1.0, 0.0]])
    assert float(PLACE.distance(start, back)[0]) == pytest.approx(10.0, rel=0.03)


def test_what_is_sure_slips_less_than_what_is_assumed() -> None:
    points = torch.randn(20, 3)
    assert (PLACE.slip(points) < 0.5).all()
    assert (StandIn().slip(points) == 1).all()


@pytest.mark.parametrize("height", [0.0, -1.0, math.inf])
def test_impossible_heights_are_refused(height: float) -> None:
    with pytest.raises(GeometryError, match="camera height"):
        ReliefSurface(relief=PLACE.relief, camera_height_m=height)


def test_around_a_panorama_whose_camera_is_turned() -> None:
    net = ReliefNet(ReliefConfig(height_px=32, widths=(8, 16), depths=(1, 1), heads=2))
    panorama = Panorama.from_image(torch.rand(3, 64, 128))
    pose = rigid(level_rotation(0.7), torch.zeros(3, dtype=torch.float64))
    turned = Panorama(image=panorama.image, camera=Cameras.equirectangular(pose, 128, 64))
    assert ReliefSurface.around(panorama, net, 1.6).turn_rad == pytest.approx(0.0)
    assert ReliefSurface.around(turned, net, 1.6).turn_rad == pytest.approx(0.7)


def test_a_kept_relief_is_the_same_panorama_through_the_same_weights(tmp_path: Path) -> None:
    cache = TensorCache(kind="relief", folder=tmp_path)
    net = ReliefNet(ReliefConfig(height_px=32, widths=(8, 16), depths=(1, 1), heads=2)).eval()
    first, second = (Panorama.from_image(torch.rand(3, 64, 128)) for _ in range(2))
    torch.nn.init.normal_(net.head.kernel)
    estimated = relief_around(first, net, cache)
    kept = list(tmp_path.rglob("*.safetensors"))
    again = relief_around(first, net, cache)
    assert torch.equal(again.closeness, estimated.closeness)
    assert torch.equal(again.doubt, estimated.doubt)
    assert list(tmp_path.rglob("*.safetensors")) == kept
    assert torch.equal(relief_around(second, net, cache).closeness, net.estimate(second).closeness)
    torch.nn.init.normal_(net.head.kernel)
    assert torch.equal(relief_around(first, net, cache).closeness, net.estimate(first).closeness)


def test_large_pictures_are_interpolated_without_harm() -> None:
    """A picture of four times the width has the same pixels in the same places, though fewer rays are followed."""
    coarse_image = torch.rand(1, 3, 5, 10, generator=torch.Generator().manual_seed(0))
    panorama = Panorama.from_image(
        torch.nn.functional.interpolate(coarse_image, (128, 256), mode="bicubic")[0].clamp(0, 1)
    )
    pose = rigid(level_rotation(0.4, -0.1), torch.tensor([0.8, 0.5, -0.2], dtype=torch.float64))
    small, large = (Cameras.from_focal_mm(pose[None], 24.0, size, size // 2) for size in (160, 640))
    (coarse,) = fly_through_panorama(panorama, small, PLACE)
    (fine,) = fly_through_panorama(panorama, large, PLACE)
    shrunk = torch.nn.functional.avg_pool2d(fine.image, 4)
    assert float((shrunk - coarse.image).abs().mean()) < 0.01


def test_a_relief_brings_the_previz_of_a_moving_camera_to_the_truth() -> None:
    """A room with painted walls, photographed at one point, seen from another."""

    def painted(points: torch.Tensor) -> torch.Tensor:
        return 0.5 + 0.5 * torch.sin(points * torch.tensor([3.0, 2.0, 4.0]) + torch.tensor([0.0, 1.0, 2.0]))

    rays = directions(256)
    image = painted(rays * to_the_walls(torch.zeros(3), rays)[..., None]).movedim(-1, 0)
    panorama = Panorama.from_image(image)
    start = torch.tensor([0.8, 0.5, -0.2])
    pose = rigid(level_rotation(0.4, -0.1), start.double())
    camera = Cameras.from_focal_mm(pose[None], 24.0, 96, 64)
    from cinescene.cameras.projection import pixel_rays

    _, seen = pixel_rays(camera)
    seen = seen[0].float()
    truth = painted(start + seen * to_the_walls(start, seen)[..., None]).movedim(-1, 0)
    errors = {}
    for name, place in (("relief", PLACE), ("stand-in", StandIn(camera_height_m=HEIGHT_M))):
        (frame,) = fly_through_panorama(panorama, camera, place)
        errors[name] = float((frame.image - truth).abs().mean())
    assert errors["relief"] < 0.03
    assert errors["relief"] < 0.2 * errors["stand-in"]


def looking_ahead(y_m: float, focal_mm: float = 85.0) -> Cameras:
    return Cameras.from_focal_mm(rigid(level_rotation(), torch.tensor([0.0, y_m, 0.0]).double()), focal_mm, 160, 96)


@given(st.floats(0.0, 3.9))
def test_a_picture_is_smeared_where_its_wall_is_drawn_five_times_as_large_as_it_was_seen(y_m: float) -> None:
    """A wall 4 m ahead of where the panorama was taken, seen from 4 m − y: enlarged 4 / (4 − y) times."""
    enlarged = 4 / (4 - y_m)
    share = smeared_share(looking_ahead(y_m), PLACE)
    if enlarged < 4.5:
        assert share < 0.05
    if enlarged > 7:
        assert share > 0.9


def test_a_path_too_close_to_a_wall_is_told_and_so_is_one_through_it() -> None:
    def warnings(*places_m: float) -> list[str]:
        poses = torch.stack([looking_ahead(y).world_from_camera for y in places_m])
        return path_warnings(CameraTrack.from_cameras(Cameras.from_focal_mm(poses, 85.0, 160, 96)), PLACE)

    assert warnings(0.0, 1.0, 2.0) == []
    through, smeared = warnings(0.0, 1.0, 2.0, 3.6, 4.5)
    assert through.startswith("frame 4 (")
    assert "goes through" in through
    assert smeared.startswith("frame 3 (")
    assert "smeared" in smeared
