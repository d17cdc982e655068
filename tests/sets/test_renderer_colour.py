"""Light, shadow, textures and filtering of the renderer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from cinescene.cameras.projection import pixel_grid, project, unproject
from cinescene.sets.mesh import Lamp, Material, Mesh, Sky, Sun
from cinescene.sets.mesh_operations import merged, placed
from cinescene.sets.primitives import box, quad, sphere
from cinescene.sets.renderer import Renderer
from tests.sets.staging import Boxes, camera, plain, rays, renderer, speckled, stage, wall

Renderers = Callable[..., Renderer]
SIZE = 64
AHEAD = camera((0, 0, 0), width_px=SIZE, height_px=SIZE)


def linear(colour: torch.Tensor) -> torch.Tensor:
    srgb = colour.double() / 255
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def screen_of(light: np.ndarray | float) -> np.ndarray:
    """The documented tone curve and sRGB, to bytes."""
    light = np.asarray(light, dtype=float)
    shown = np.where(light < 0.5, light, 0.5 + 0.5 * (1 - np.exp(-(light - 0.5) / 0.5)))
    srgb = np.where(shown <= 0.0031308, shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb)


@pytest.mark.parametrize("samples", [1, 4])
def test_unlit_emission_shows_mid_tones_as_given(shared_renderer: Renderers, samples: int) -> None:
    one = shared_renderer(SIZE, SIZE, samples=samples)
    greys = [0, 10, 64, 118, 128, 180]
    strips = [quad((i - 3, 2, -3), (1, 0, 0), (0, 0, 6), plain(g, 128, 20, emission=1.0)) for i, g in enumerate(greys)]
    one.load(stage(strips, ambient=0.0))
    view = camera((0, 0, 0), width_px=SIZE, height_px=SIZE, fov_deg=2 * math.degrees(math.atan(1.5)))
    colour = one.render(view).colour[:, SIZE // 2]
    for i, grey in enumerate(greys):
        seen = colour[:, int((i + 0.5) * SIZE / 6)]
        assert (seen.int() - torch.tensor([grey, 128, 20])).abs().max() <= (0 if grey == 128 else 1)


def test_textured_emission_shows_mid_tones_as_given(shared_renderer: Renderers) -> None:
    material = Material(albedo=np.full((64, 64, 3), (128, 60, 170), dtype=np.uint8), emission=1.0)
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([wall(9, 9, material)], ambient=0.0))
    colour = one.render(AHEAD).colour
    assert (colour.int() - torch.tensor([128, 60, 170])[:, None, None]).abs().max() == 0


def test_ambient_light_and_exposure_follow_the_tone_curve(shared_renderer: Renderers) -> None:
    albedo = ((200 / 255 + 0.055) / 1.055) ** 2.4
    for ambient, exposure in ((0.2, 1.0), (1.0, 1.0), (3.0, 1.0), (1.0, 0.25)):
        one = shared_renderer(8, 8, exposure=exposure)
        one.load(stage([wall(0.5, 0.5, plain(200, 200, 200))], ambient=ambient))
        colour = one.render(camera((0, 0, 0), width_px=8, height_px=8, fov_deg=5)).colour
        assert abs(int(colour[0, 4, 4]) - screen_of(albedo * ambient * exposure)) <= 2


def quadrants() -> Material:
    """Red above left, green above right, blue below left, white below right."""
    albedo = np.zeros((64, 64, 3), dtype=np.uint8)
    albedo[:32, :32, 0] = albedo[:32, 32:, 1] = albedo[32:, :32, 2] = 180
    albedo[32:, 32:] = 180
    return Material(albedo=albedo, emission=1.0)


def test_textures_read_upright_and_from_left_to_right(shared_renderer: Renderers) -> None:
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([wall(2, 2, quadrants(), fit=True)], ambient=0.0))
    colour = one.render(AHEAD).colour
    centre, step = SIZE // 2, SIZE // 8
    seen = {(dy, dx): colour[:, centre + dy * step, centre + dx * step].tolist() for dy in (-1, 1) for dx in (-1, 1)}
    assert seen == {(-1, -1): [180, 0, 0], (-1, 1): [0, 180, 0], (1, -1): [0, 0, 180], (1, 1): [180, 180, 180]}


def test_metres_per_tile_sets_the_repeat(shared_renderer: Renderers) -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, :32] = 180
    view = camera((0, 0, 0), width_px=200, height_px=8)
    one = shared_renderer(200, 8)
    one.load(stage([wall(4, 1, Material(albedo=stripes, metres_per_tile=0.5, emission=1.0))], ambient=0.0))
    row = one.render(view).colour[0, 4].float()
    u, _ = project(view, torch.tensor([[-1.0, 2.0, 0.0], [1.0, 2.0, 0.0]], dtype=torch.float64))
    inside = row[int(u[0, 0]) : int(u[1, 0])] > 90
    assert int((inside[1:] != inside[:-1]).sum()) in (7, 8), "two metres hold four tiles of half a metre"


def test_subject_textures_of_another_size_are_shown_whole(shared_renderer: Renderers) -> None:
    small = Material(albedo=quadrants().albedo[::4, ::4], emission=1.0)
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([wall(9, 9, speckled(1), distance_m=5)], ambient=0.0))
    colour = one.render(AHEAD, [wall(2, 2, small, fit=True)]).colour
    centre, step = SIZE // 2, SIZE // 8
    assert (colour[:, centre - step, centre - step].int() - torch.tensor([180, 0, 0])).abs().max() <= 2
    assert (colour[:, centre + step, centre - step].int() - torch.tensor([0, 0, 180])).abs().max() <= 2


def test_minified_textures_average_light_not_bytes(shared_renderer: Renderers) -> None:
    board = np.indices((64, 64)).sum(0) % 2 * 188
    material = Material(albedo=np.repeat(board[..., None], 3, -1).astype(np.uint8), metres_per_tile=0.2, emission=1.0)
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([wall(40, 40, material, distance_m=10)], ambient=0.0))
    colour = one.render(AHEAD).colour.float()
    half = screen_of(0.5 * ((188 / 255 + 0.055) / 1.055) ** 2.4)
    assert (colour - float(half)).abs().max() <= 2


def test_lamps_fall_off_with_the_square_of_distance(shared_renderer: Renderers) -> None:
    lamp = Lamp(position=(0.5, 1.0, 0.3), colour=(0.5, 0.25, 0.125), radius_m=0.1)
    one = shared_renderer(SIZE, SIZE, specular=False)
    one.load(stage([wall(9, 9, plain(255, 255, 255))], lamps=[lamp], ambient=0.0))
    frame = one.render(AHEAD)
    points = unproject(AHEAD, pixel_grid(SIZE, SIZE, torch.float64).reshape(-1, 2), frame.depth_m.double().reshape(-1))
    way = torch.tensor(lamp.position, dtype=torch.float64) - points
    squared = (way**2).sum(-1)
    cosine = -way[:, 1] / squared.sqrt()
    expected = screen_of(((cosine / squared)[:, None] * torch.tensor(lamp.colour)).numpy())
    seen = frame.colour.movedim(0, -1).reshape(-1, 3).numpy()
    assert np.abs(seen - expected).max() <= 1


def test_highlights_can_be_left_out_and_depend_on_the_view(shared_renderer: Renderers) -> None:
    shiny = plain(60, 60, 60, specular=0.8, shininess=30.0)
    scene = stage([wall(9, 9, shiny)], lamps=[Lamp(position=(0, 1, 0), colour=(0.5, 0.5, 0.5))], ambient=0.1)
    brightest = {}
    for specular in (True, False):
        one = shared_renderer(SIZE, SIZE, specular=specular)
        one.load(scene)
        brightest[specular] = [
            int(one.render(camera((x, 0, 0), width_px=SIZE, height_px=SIZE)).colour.max()) for x in (0.0, 1.5)
        ]
    assert brightest[True][0] > brightest[False][0] + 40
    assert abs(brightest[False][0] - brightest[False][1]) <= 1


ROOM = Boxes((8, 8, 4), [([-0.5, 1.0, 0.0], [0.5, 1.6, 1.0]), ([1.2, 0.2, 0.8], [1.9, 1.2, 1.0])])
SUN = Sun(direction=(0.5, -0.4, 1.0), colour=(0.5, 0.5, 0.5))


def open_room(material: Material) -> list[Mesh]:
    """The room's floor and boxes under the open sky."""
    floor = quad((-4, -4, 0), (8, 0, 0), (0, 8, 0), material)
    return [floor, *ROOM.meshes([material])[1:]]


def test_shadows_fall_where_rays_to_the_sun_are_blocked(shared_renderer: Renderers) -> None:
    view = camera((0, -2.5, 2.5), 0, -30, width_px=160, height_px=120)
    one = shared_renderer(160, 120, specular=False)
    one.load(stage(open_room(plain(255, 255, 255)), sun=SUN, ambient=0.0, sky_value=0.0))
    frame = one.render(view, normals=True)
    depth = frame.depth_m.double().reshape(-1)
    assert frame.normals is not None
    seen = torch.isfinite(depth)
    points = unproject(view, pixel_grid(160, 120, torch.float64).reshape(-1, 2), depth.clamp(max=1e6)).numpy()
    normals = frame.normals.reshape(3, -1).T.double().numpy()
    toward = np.array(SUN.direction) / np.linalg.norm(SUN.direction)
    lit = normals @ toward > 0.05
    clear = np.ones(len(points), dtype=bool)
    for shift in np.array([[0, 0, 0], [0.04, 0, 0], [-0.04, 0, 0], [0, 0.04, 0], [0, -0.04, 0], [0, 0, 0.04]]):
        now = np.ones(len(points), dtype=bool)
        for low, high in ROOM.boxes:
            with np.errstate(divide="ignore", invalid="ignore"):
                first, second = (low - points - shift) / toward, (high - points - shift) / toward
            entry, leave = np.minimum(first, second).max(-1), np.maximum(first, second).min(-1)
            now &= ~((leave > 0.03) & (entry < leave))
        if not shift.any():
            sunny = now
        clear &= now == sunny
    facing = frame.normals
    whole = torch.ones(120, 160, dtype=torch.bool)
    for axis in (1, 2):
        whole &= (facing == facing.roll(1, axis)).all(0) & (facing == facing.roll(-1, axis)).all(0)
    clear &= seen.numpy() & lit & whole.reshape(-1).numpy()
    value = frame.colour[0].reshape(-1).numpy().astype(int)
    expected = screen_of(0.5 * np.maximum(normals @ toward, 0))
    assert (clear & ~sunny).sum() > 200
    assert (clear & sunny).sum() > 5000
    assert (value[clear & ~sunny] <= 2).mean() > 0.99
    assert (np.abs(value - expected)[clear & sunny] <= 2).mean() > 0.99


def test_the_far_ground_about_a_place_is_shaded_too(shared_renderer: Renderers) -> None:
    ground = quad((-100, -100, 0), (200, 0, 0), (0, 200, 0), plain(255, 255, 255))
    near = placed(box((1, 1, 1), plain(255, 255, 255)), (0, 3, 0))
    far = placed(box((6, 6, 12), plain(255, 255, 255)), (0, 60, 0))
    view = camera((0, -5, 20), 0, -15, width_px=200, height_px=120)
    one = shared_renderer(200, 120, specular=False)
    one.load(stage([ground, near, *[placed(near, (x, 0, 0)) for x in (-3, -2, 2, 3)], far], sun=SUN, ambient=0.0))
    colour = one.render(view).colour[0].float()
    toward = np.array(SUN.direction)
    foot = torch.tensor([[0.0, 60.0, 11.0]], dtype=torch.float64) - 11.0 * torch.from_numpy(toward / toward[2])
    u, v = project(view, foot)[0][0]
    assert colour[int(v), int(u)] <= 2
    u, v = project(view, foot + torch.tensor([[-12.0, 0.0, 0.0]], dtype=torch.float64))[0][0]
    assert colour[int(v), int(u)] > 100


def test_flat_ground_in_full_sun_has_no_acne(shared_renderer: Renderers) -> None:
    for direction in ((0, 0, 1.0), (1.0, 0.3, 0.15), (0.2, -1.0, 0.6)):
        sun = Sun(direction=direction, colour=(0.5, 0.5, 0.5))
        one = shared_renderer(SIZE, SIZE, specular=False)
        one.load(stage([quad((-20, -20, 0), (40, 0, 0), (0, 40, 0), plain(255, 255, 255))], sun=sun, ambient=0.0))
        view = camera((0, 0, 1.5), 0, -50, width_px=SIZE, height_px=SIZE)
        colour = one.render(view).colour
        cosine = direction[2] / math.hypot(*direction)
        assert (colour.float() - float(screen_of(0.5 * cosine))).abs().max() <= 1


def test_back_faces_of_the_set_cast_shadows(shared_renderer: Renderers) -> None:
    floor = quad((-3, -3, 0), (6, 0, 0), (0, 6, 0), plain(255, 255, 255))
    roof = quad((-1, 1, 1.5), (2, 0, 0), (0, -2, 0), plain(255, 255, 255))
    sun = Sun(direction=(0, 0, 1), colour=(0.5, 0.5, 0.5))
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([floor, roof], sun=sun, ambient=0.0))
    colour = one.render(camera((0, -2.5, 0.8), 0, -20, width_px=SIZE, height_px=SIZE)).colour[0]
    view = camera((0, -2.5, 0.8), 0, -20, width_px=SIZE, height_px=SIZE)
    under, beside = project(view, torch.tensor([[0.0, 0.0, 0.0], [0.0, -1.6, 0.0]], dtype=torch.float64))[0].int()
    assert colour[under[1], under[0]] == 0
    assert colour[beside[1], beside[0]] > 100


def test_corners_receive_less_ambient_light_than_open_floor(shared_renderer: Renderers) -> None:
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([box((6, 6, 3), plain(200, 200, 200), inward=True)], ambient=0.6))
    view = camera((0, 0, 1.5), 45, -35, width_px=SIZE, height_px=SIZE)
    colour = one.render(view).colour[0].float()
    corner, middle = project(view, torch.tensor([[2.9, 2.9, 0.0], [1.4, 1.4, 0.0]], dtype=torch.float64))[0].int()
    assert colour[corner[1], corner[0]] < colour[middle[1], middle[0]] - 15


def test_edges_are_filtered_to_the_area_they_cover(shared_renderer: Renderers) -> None:
    turned = placed(wall(1.0, 1.0, plain(128, 128, 128, emission=1.0)), (0, 0, 0))
    view = camera((0, 0, 0), 0, 0, 17, width_px=SIZE, height_px=SIZE)
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([turned], ambient=0.0, sky_value=0.0))
    light = linear(one.render(view).colour[0])
    area_px = (float(view.focal_px[0]) / 2.0) ** 2
    full = float(linear(torch.tensor(128)))
    assert float(light.sum()) / full == pytest.approx(area_px, rel=0.004)
    shades = (light / full)[(light > 0.02) & (light < 0.98 * full)]
    assert len(shades.mul(20).round().unique()) >= 5


def test_the_sky_looks_where_it_should(shared_renderer: Renderers) -> None:
    radiance = np.zeros((64, 128, 3), dtype=np.float32)
    radiance[:, 64 + 30 : 64 + 34, 0] = 0.4
    radiance[:8, :, 1] = 0.4
    scene = stage([])
    scene = type(scene)(
        meshes=(),
        sky=Sky(radiance=radiance),
        sun=None,
        lamps=(),
        ambient_up=(0, 0, 0),
        ambient_down=(0, 0, 0),
    )
    one = shared_renderer(SIZE, SIZE)
    one.load(scene)
    right = one.render(camera((0, 0, 0), 90, width_px=SIZE, height_px=SIZE)).colour
    up = one.render(camera((0, 0, 0), 0, 89, width_px=SIZE, height_px=SIZE)).colour
    panorama = one.render_panorama(AHEAD.world_from_camera, 128, 64).colour
    columns = right[0].float().mean(0)
    middle = float((columns * (torch.arange(SIZE) + 0.5)).sum() / columns.sum())
    assert middle == pytest.approx(SIZE / 2, abs=0.1), "a quarter of the picture right of +y is +x"
    assert up[1, SIZE // 2, SIZE // 2] > 100
    row = panorama[0, 40].float()
    assert float((row * (torch.arange(128) + 0.5)).sum() / row.sum()) == pytest.approx(96, abs=0.1)


def test_same_inputs_give_the_same_bytes_in_any_order() -> None:
    scene = stage(open_room(speckled(3)), sun=SUN, lamps=[Lamp(position=(0, 0, 2), colour=(1, 1, 1))])
    views = [camera((0, -2.5, 2.5), yaw, -30, width_px=48, height_px=32) for yaw in (0, 15)]
    actors = [[placed(sphere(0.4, speckled(4), 16, 8), (x, 0, 0.4))] for x in (-1.0, 0.5)]
    pictures = []
    for order in ((0, 1), (1, 0)):
        with renderer(48, 32) as one:
            one.load(scene)
            frames = {i: one.render(views[i], actors[i]) for i in order}
            pictures.append([(frames[i].colour, frames[i].depth_m) for i in (0, 1)])
    for (colour, depth), (other_colour, other_depth) in zip(*pictures, strict=True):
        assert torch.equal(colour, other_colour)
        assert torch.equal(depth, other_depth)


def test_tiny_triangles_are_not_lost_between_samples(shared_renderer: Renderers) -> None:
    """A grating finer than a pixel has the mean brightness of its bars."""
    bars = merged([placed(quad((x, 2, -1), (0.004, 0, 0), (0, 0, 2), GLOW)) for x in np.arange(-1, 1, 0.008)])
    one = shared_renderer(SIZE, SIZE)
    one.load(stage([bars], ambient=0.0, sky_value=0.0))
    light = linear(one.render(AHEAD).colour[0])[SIZE // 2 - 10 : SIZE // 2 + 10, SIZE // 2 - 10 : SIZE // 2 + 10]
    assert float(light.mean()) == pytest.approx(0.5 * float(linear(torch.tensor(128))), rel=0.15)


GLOW = plain(128, 128, 128, emission=1.0)


def test_directions_and_rays_agree() -> None:
    origin, directions = rays(AHEAD)
    assert np.allclose(origin, 0)
    assert directions[SIZE // 2, SIZE // 2, 1] > 0.99
