"""Panoramas and the views cut from them: exact geometry, limits, advice."""

import math

import pytest
import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import frustum_overlap, pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.scene.panorama import (
    LARGEST_PANORAMA_PIXELS,
    Panorama,
    check_panorama_size,
    closest_spacing_rad,
    panorama_views,
    seam_contrast,
)
from cinescene.scene.view_layout import ViewLayout


def marked(width: int, height: int, column: int, row: int) -> Panorama:
    """Black, with one white block of 4×4 pixels about the corner (column, row)."""
    image = torch.zeros(3, height, width)
    image[:, row - 2 : row + 2, column - 2 : column + 2] = 1
    return Panorama.from_image(image)


def brightest(view: torch.Tensor) -> tuple[float, float]:
    """Centre of brightness (x, y) in pixels."""
    weight = view.sum(0) / view.sum()
    y, x = torch.meshgrid(torch.arange(view.shape[1]) + 0.5, torch.arange(view.shape[2]) + 0.5, indexing="ij")
    return float((weight * x).sum()), float((weight * y).sum())


def test_the_paper_s_layout() -> None:
    layout = ViewLayout.paper()
    panorama = Panorama.from_image(torch.rand(3, 64, 128))
    images, cameras = panorama_views(panorama, layout.with_size(48, 48))
    assert images.shape == (20, 3, 48, 48)
    assert cameras.batch_shape == (20,)
    assert cameras.dtype == torch.float64
    yaw = torch.arange(20, dtype=torch.float64) * math.radians(18)
    expected = torch.stack([torch.sin(yaw), torch.cos(yaw), torch.zeros_like(yaw)], dim=-1)
    torch.testing.assert_close(cameras.forward, expected)
    torch.testing.assert_close(cameras.field_of_view_rad, torch.full((20, 2), math.pi / 2, dtype=torch.float64))
    torch.testing.assert_close(cameras.position, torch.zeros(20, 3, dtype=torch.float64))
    right = cameras.world_from_camera[0, :3, 0]
    torch.testing.assert_close(right, torch.tensor([1.0, 0, 0], dtype=torch.float64))


def test_the_first_view_looks_at_the_panorama_s_centre_and_the_next_ones_further_right() -> None:
    layout = ViewLayout.ring(4, horizontal_fov_rad=math.radians(60)).with_size(64, 64)
    for quarter in range(4):
        column = (128 + 64 * quarter) % 256
        images, _ = panorama_views(marked(256, 128, column or 2, 64), layout)
        assert images.sum((1, 2, 3)).argmax() == quarter
    images, _ = panorama_views(marked(256, 128, 128, 64), layout)
    assert brightest(images[0]) == pytest.approx((32, 32), abs=0.05)


@pytest.mark.parametrize(("column", "row"), [(140, 50), (100, 70), (130, 90), (120, 40)])
def test_a_mark_appears_where_the_gnomonic_projection_puts_it(column: int, row: int) -> None:
    """Independent formula: x = f tan λ, y = -f tan φ / cos λ for longitude λ and latitude φ."""
    images, _ = panorama_views(marked(1024, 512, 4 * column, 4 * row), ViewLayout.paper().with_size(256, 256))
    longitude = (column / 256 - 0.5) * 2 * math.pi
    latitude = (0.5 - row / 128) * math.pi
    expected = 128 + 128 * math.tan(longitude), 128 - 128 * math.tan(latitude) / math.cos(longitude)
    assert brightest(images[0]) == pytest.approx(expected, abs=0.05)


def test_looking_straight_up_and_down_shows_the_poles_with_the_panorama_s_centre_at_the_near_edge() -> None:
    images, cameras = panorama_views(marked(512, 256, 256, 40), ViewLayout.cube().with_size(64, 64))
    assert cameras.forward[4].tolist() == pytest.approx([0, 0, 1], abs=1e-12)
    assert cameras.forward[5].tolist() == pytest.approx([0, 0, -1], abs=1e-12)
    assert images.sum((1, 2, 3)).argmax() == 4
    x, y = brightest(images[4])
    assert x == pytest.approx(32, abs=0.1)
    assert y == pytest.approx(32 + 32 * math.tan(40 / 256 * math.pi), abs=0.3)


def test_cube_faces_meet_at_their_edges() -> None:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, 8, 16, generator=generator)
    image = torch.nn.functional.interpolate(coarse, size=(256, 512), mode="bicubic")[0].clamp(0, 1)
    faces, _ = panorama_views(Panorama.from_image(image), ViewLayout.cube().with_size(128, 128))
    front, right, back, left, up, down = faces
    for one, other in (
        (front[:, :, -1], right[:, :, 0]),
        (left[:, :, -1], front[:, :, 0]),
        (right[:, :, -1], back[:, :, 0]),
        (up[:, -1], front[:, 0]),
        (down[:, 0], front[:, -1]),
    ):
        torch.testing.assert_close(one, other, atol=0.05, rtol=0)


def test_views_turn_with_a_panorama_whose_camera_is_turned() -> None:
    plain = Panorama.from_image(torch.rand(3, 64, 128))
    quarter_turn = torch.eye(4, dtype=torch.float64)
    quarter_turn[:2, :2] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    quarter_turn[:3, 3] = torch.tensor([1.0, 2.0, 3.0])
    moved = Panorama(image=plain.image, camera=plain.camera.moved(quarter_turn))
    layout = ViewLayout.dense().with_size(16, 16)
    images, cameras = panorama_views(plain, layout)
    moved_images, moved_cameras = panorama_views(moved, layout)
    torch.testing.assert_close(images, moved_images)
    torch.testing.assert_close(moved_cameras.world_from_camera, quarter_turn @ cameras.world_from_camera)


def test_dense_and_cube_layouts_leave_no_direction_unseen() -> None:
    """Projects every direction of a panorama into the views."""
    panorama = Panorama.from_image(torch.rand(3, 64, 128))
    _, rays = pixel_rays(panorama.camera)
    for layout in (ViewLayout.cube(), ViewLayout.dense()):
        cameras = layout.cameras(panorama.camera)
        local = torch.einsum("hwk,vkc->vhwc", rays, cameras.world_from_camera[:, :3, :3])
        half = math.tan(layout.horizontal_fov_rad / 2) + 1e-9
        seen = (local[..., 2] > 0) & (local[..., :2].abs().amax(-1) <= half * local[..., 2])
        assert seen.any(0).all()


def test_neighbouring_views_of_the_paper_overlap_as_computed_from_their_angle() -> None:
    cameras = ViewLayout.paper().cameras(Panorama.from_image(torch.rand(3, 64, 128)).camera)
    overlap = frustum_overlap(cameras[:1], cameras[1:2], 5.0, samples=64)
    assert 0.6 < float(overlap) < 0.75


@pytest.mark.parametrize(
    ("width", "height", "advice"),
    [
        (1, 1, "smallest that is taken is 64×32"),
        (62, 31, "smallest"),
        (500, 500, "fisheye"),
        (4000, 3000, "cross"),
        (6000, 2000, "partial or cylindrical"),
        (12000, 1000, "stitcher"),
        (3000, 2000, "photo"),
        (14142, 7071, "100 megapixels, but at most 80"),
        (2050, 1000, "extend"),
    ],
)
def test_pictures_that_cannot_be_full_panoramas_are_refused_with_advice(width: int, height: int, advice: str) -> None:
    with pytest.raises(InputError, match=advice) as caught:
        check_panorama_size(width, height, "sky.jpg")
    assert "sky.jpg" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sizes_within_one_percent_of_two_to_one_are_taken() -> None:
    for width, height in ((64, 32), (2019, 1000), (1981, 1000), (12648, 6324)):
        check_panorama_size(width, height)
    assert LARGEST_PANORAMA_PIXELS >= 12648 * 6324


@pytest.mark.parametrize(
    "bad",
    [
        {"directions_rad": ()},
        {"directions_rad": ((0.0, 2.0),)},
        {"directions_rad": ((math.nan, 0.0),)},
        {"directions_rad": ((0.0, 0.0),), "horizontal_fov_rad": math.pi},
        {"directions_rad": ((0.0, 0.0),), "horizontal_fov_rad": 0.0},
        {"directions_rad": ((0.0, 0.0),), "width_px": 0},
        {"directions_rad": ((0.0, 0.0),), "height_px": 100_000},
    ],
)
def test_impossible_layouts_are_refused(bad: dict) -> None:
    with pytest.raises(InputError, match="view layout: expected"):
        ViewLayout(**bad)


def test_layouts_by_name() -> None:
    assert ViewLayout.named("paper") == ViewLayout.paper()
    assert len(ViewLayout.named("12")) == 12
    assert len(set(ViewLayout.dense().names)) == len(ViewLayout.dense())
    for wrong in ("papr", "0", "-3", "1e3", ""):
        with pytest.raises(InputError, match="expected paper, cube, dense or a number"):
            ViewLayout.named(wrong)


def test_closest_spacing_is_a_lower_bound_on_the_angle_between_neighbours() -> None:
    for cameras in (
        ViewLayout.paper().with_size(33, 47).cameras(Panorama.from_image(torch.rand(3, 32, 64)).camera),
        Cameras.equirectangular(torch.eye(4), 64, 32),
    ):
        one = cameras[0] if cameras.batch_shape else cameras
        _, rays = pixel_rays(one)
        across = torch.linalg.vector_norm(rays[:, 1:] - rays[:, :-1], dim=-1)
        down = torch.linalg.vector_norm(rays[1:] - rays[:-1], dim=-1)
        if cameras.projection == "perspective":
            assert closest_spacing_rad(cameras) <= min(across.min(), down.min()) * 1.0001
        assert closest_spacing_rad(cameras) <= float(down.min())


def test_seam_contrast_tells_a_closed_panorama_from_an_open_one() -> None:
    angle = torch.linspace(0, 2 * math.pi, 129)[:-1]
    closed = (0.5 + 0.4 * torch.sin(angle)).expand(3, 64, 128).clone()
    open_ended = torch.linspace(0, 1, 128).expand(3, 64, 128).clone()
    assert seam_contrast(Panorama.from_image(closed)) < 3
    assert seam_contrast(Panorama.from_image(open_ended)) > 50


def test_a_shot_needs_a_panorama_at_the_origin_and_level() -> None:
    image = torch.rand(3, 64, 128)
    Panorama.from_image(image).check_home()
    turned = rigid(level_rotation(0.7), torch.zeros(3, dtype=torch.float64))
    Panorama(image=image, camera=Cameras.equirectangular(turned, 128, 64)).check_home()
    away = rigid(level_rotation(), torch.tensor([0.0, 0.0, 1.6], dtype=torch.float64))
    tilted = rigid(level_rotation(0.0, 0.1), torch.zeros(3, dtype=torch.float64))
    for pose, words in ((away, "1.60"), (tilted, "tilted by 5.7°")):
        with pytest.raises(InputError, match=words):
            Panorama(image=image, camera=Cameras.equirectangular(pose, 128, 64)).check_home()
