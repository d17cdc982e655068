"""Views agree with each other: over time, with and without subjects, and with the panorama."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_grid, pixel_rays, project, unproject
from cinescene.sets.frame import Frame
from cinescene.sets.mesh import Lamp, Mesh, Stage, Sun
from cinescene.sets.mesh_operations import inverted, merged, placed
from cinescene.sets.primitives import box, cylinder, quad, sphere, tube
from cinescene.sets.renderer import Renderer
from tests.sets.staging import camera, cut_view, flat, odd_camera, plain, psnr, sampled, speckled, stage

Renderers = Callable[..., Renderer]
WIDTH, HEIGHT = 192, 128


def furnished(specular: float = 0.0) -> Stage:
    """A room with a skylight, boxes, a column and a ball; sun, lamps, textures."""
    floor, wall, wood = speckled(1), speckled(4, metres_per_tile=2.0), speckled(2, metres_per_tile=0.8)
    meshes = [
        quad((-3.5, -4, 0), (7, 0, 0), (0, 8, 0), floor),
        quad((-3.5, 4, 0), (7, 0, 0), (0, 0, 3), wall),
        quad((3.5, -4, 0), (-7, 0, 0), (0, 0, 3), wall),
        quad((-3.5, -4, 0), (0, 8, 0), (0, 0, 3), wall),
        quad((3.5, 4, 0), (0, -8, 0), (0, 0, 3), wall),
        *(inverted(quad((x, -4, 3), (2.5, 0, 0), (0, 8, 0), wall)) for x in (-3.5, 1.0)),
        placed(box((1.0, 0.8, 1.1), wood), (-1.3, 1.9, 0)),
        placed(box((0.6, 0.6, 2.0), wood), (1.3, 2.3, 0)),
        placed(cylinder(0.2, 3.0, speckled(6, metres_per_tile=0.5)), (-2.0, 3.2, 0)),
        placed(sphere(0.35, plain(180, 160, 60, specular=specular), 32, 16), (0.2, 2.2, 0.35)),
    ]
    return stage(
        meshes,
        sun=Sun(direction=(0.25, -0.3, 1.0), colour=(1.6, 1.5, 1.3)),
        lamps=[Lamp(position=(-2, 0, 2.2), colour=(0.9, 0.7, 0.4))],
        ambient=0.35,
    )


def walker(x: float, y: float) -> list[Mesh]:
    trousers, coat, skin = plain(40, 40, 60), speckled(9, metres_per_tile=0.4), plain(200, 150, 120)
    legs = merged([tube(np.array([[s * 0.1, 0.0, 0.0], [s * 0.1, 0.0, 0.9]]), 0.07, trousers) for s in (-1, 1)])
    body = placed(sphere(1.0, coat, 24, 16), (0, 0, 1.2), scale=(0.25, 0.18, 0.4))
    head = placed(sphere(0.12, skin, 16, 10), (0, 0, 1.72))
    return [placed(mesh, (x, y, 0)) for mesh in (legs, body, head)]


def path(count: int) -> list[Cameras]:
    return [
        camera((-0.6 + 0.15 * i, -2.6 + 0.05 * i, 1.5), 8 - 5 * i, -6, width_px=WIDTH, height_px=HEIGHT)
        for i in range(count)
    ]


def test_frames_warp_onto_each_other_by_depth_and_cameras(shared_renderer: Renderers) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(furnished())
    views = path(4)
    frames = [one.render(view) for view in views]
    grid = pixel_grid(WIDTH, HEIGHT, torch.float64).reshape(-1, 2)
    for i, j in ((0, 1), (0, 3), (3, 1)):
        points = unproject(views[i], grid, frames[i].depth_m.double().reshape(-1))
        pixels, depth = project(views[j], points)
        inside = ((pixels > 2) & (pixels < torch.tensor([WIDTH - 2, HEIGHT - 2]))).all(-1)
        there = torch.nan_to_num(pixels)
        depth_there = 1 / sampled(1 / frames[j].depth_m[None], there)[0]
        unoccluded = inside & flat(frames[i]).reshape(-1) & ((depth_there - depth).abs() < 0.01 * depth)
        assert unoccluded.float().mean() > 0.4

        colour = sampled(frames[j].colour, there)
        error = (colour - frames[i].colour.double().reshape(3, -1)).abs()[:, unoccluded]
        assert error.median() < 3

        back = unproject(views[j], there, depth_there)
        pixels_again, _ = project(views[i], back)
        shift = torch.linalg.vector_norm(pixels_again - grid, dim=-1)[unoccluded]
        assert shift.median() < 0.02
        assert shift.quantile(0.99) < 1.0


@pytest.mark.parametrize("where", [(0.2, 0.8), (-0.6, 2.9), (0.4, 2.3)], ids=["in the sun", "half hidden", "at things"])
def test_subjects_change_pixels_only_inside_their_mask(shared_renderer: Renderers, where: tuple[float, float]) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(furnished(specular=0.3))
    actors = walker(*where)
    for view in (*path(3), odd_camera((-0.5, -2.5, 1.4), WIDTH, HEIGHT)):
        with_subject, without = one.render(view, actors), one.render(view)
        changed = (with_subject.colour != without.colour).any(0)
        assert changed.any()
        assert not (changed & ~with_subject.subject_and_shadow_mask).any()
        assert not (with_subject.subject_mask & ~with_subject.subject_and_shadow_mask).any()
        assert not without.subject_and_shadow_mask.any()
        elsewhere = ~with_subject.subject_mask
        assert torch.equal(with_subject.depth_m[elsewhere], without.depth_m[elsewhere])
        assert with_subject.subject_and_shadow_mask.float().mean() < 0.5


def test_shadows_are_cast_by_the_triangles_that_are_meant_to(shared_renderer: Renderers) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(furnished())
    actors = walker(0.2, 0.8)
    whole, in_other_order, none = (
        [dataclasses.replace(mesh, shadow_triangles=triangles(mesh)) for mesh in actors]
        for triangles in (
            lambda mesh: mesh.triangles,
            lambda mesh: mesh.triangles[::-1],
            lambda mesh: np.zeros((0, 3), dtype=np.int32),
        )
    )
    view = path(1)[0]
    frame = one.render(view, actors)
    for same in (whole, in_other_order):
        again = one.render(view, same)
        assert torch.equal(again.colour, frame.colour)
        assert torch.equal(again.subject_and_shadow_mask, frame.subject_and_shadow_mask)
    bare = one.render(view, none)
    assert torch.equal(bare.subject_mask, frame.subject_mask)
    shaded = (bare.colour.int() - frame.colour.int()).amax(0) > 20
    assert shaded[~frame.subject_mask].sum() > 20


def test_pairs_have_the_same_bytes_as_single_frames(shared_renderer: Renderers) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(furnished(specular=0.3))
    actors = walker(0.2, 0.8)
    for view in path(2):
        pair = one.render_pair(view, actors, normals=True)
        for frame, single in (
            (pair.with_subject, one.render(view, actors, normals=True)),
            (pair.without_subject, one.render(view, normals=True)),
        ):
            for name in ("colour", "depth_m", "subject_mask", "subject_and_shadow_mask", "normals"):
                assert torch.equal(getattr(frame, name), getattr(single, name)), name
        assert torch.equal(pair.subject_mask, pair.with_subject.subject_mask)
        assert torch.equal(pair.subject_and_shadow_mask, pair.with_subject.subject_and_shadow_mask)


def test_pairs_are_exact_from_anywhere(shared_renderer: Renderers) -> None:
    """Also where the camera stands in a shadow, in a subject or with its back to it."""
    one = shared_renderer(48, 32)
    one.load(furnished())
    rng = np.random.default_rng(0)
    for _ in range(40):
        actors = walker(*rng.uniform((-2.5, -2.5), (2.5, 1.0)))
        eye = rng.uniform((-3, -3.5, 0.3), (3, 3.5, 2.7))
        turn = rng.uniform((-180, -60, -30), (180, 60, 30))
        view = camera(eye.tolist(), *turn.tolist(), width_px=48, height_px=32, fov_deg=float(rng.uniform(30, 110)))
        pair = one.render_pair(view, actors)
        alone = one.render(view, actors)
        assert torch.equal(pair.with_subject.colour, alone.colour)
        assert torch.equal(pair.with_subject.depth_m, alone.depth_m)
        changed = (pair.with_subject.colour != pair.without_subject.colour).any(0)
        assert not (changed & ~pair.subject_and_shadow_mask).any()


def test_a_pair_without_actors_is_the_same_frame_twice(shared_renderer: Renderers) -> None:
    one = shared_renderer(48, 32)
    one.load(furnished())
    pair = one.render_pair(camera((0, -2, 1.5), width_px=48, height_px=32), [])
    assert torch.equal(pair.with_subject.colour, pair.without_subject.colour)
    assert not pair.subject_and_shadow_mask.any()


def test_the_shadow_mask_holds_the_shadow_that_geometry_casts(shared_renderer: Renderers) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(
        stage(
            [quad((-6, -6, 0), (12, 0, 0), (0, 12, 0), plain(200, 200, 200))],
            sun=Sun(direction=(1, 0, 1), colour=(1, 1, 1)),
        )
    )
    ball = placed(sphere(0.3, plain(200, 0, 0)), (0, 1, 1.5))
    view = camera((-0.7, -3.5, 2.2), 0, -25, width_px=WIDTH, height_px=HEIGHT)
    pair = one.render_pair(view, [ball])
    shadow = pair.subject_and_shadow_mask & ~pair.subject_mask
    darker = pair.with_subject.colour[0].int() < pair.without_subject.colour[0].int() - 20
    (u, v) = project(view, torch.tensor([[-1.5, 1.0, 0.0]], dtype=torch.float64))[0][0]
    assert shadow[int(v), int(u)]
    assert darker[int(v), int(u)]
    outline = torch.nn.functional.max_pool2d(pair.subject_mask[None].float(), 3, stride=1, padding=1)[0] > 0
    rows, columns = (darker & ~outline).nonzero().double().mean(0) + 0.5
    assert columns == pytest.approx(float(u), abs=1)
    assert rows == pytest.approx(float(v), abs=1)


def test_subjects_darken_the_floor_they_touch_without_any_sun(shared_renderer: Renderers) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(stage([quad((-6, -6, 0), (12, 0, 0), (0, 12, 0), plain(200, 200, 200))], ambient=0.5))
    view = camera((0, -3, 1.6), 0, -25, width_px=WIDTH, height_px=HEIGHT)
    pair = one.render_pair(view, [placed(sphere(0.3, plain(200, 0, 0)), (0, 0, 0.3))])
    touching = project(view, torch.tensor([[0.12, -0.25, 0.0], [2.0, 0.0, 0.0]], dtype=torch.float64))[0].int()
    change = pair.without_subject.colour[0].int() - pair.with_subject.colour[0].int()
    assert change[touching[0, 1], touching[0, 0]] > 15
    assert change[touching[1, 1], touching[1, 0]] == 0


_PANORAMAS: list[Frame] = []


def panorama_of(one: Renderer, pose: torch.Tensor) -> Frame:
    if not _PANORAMAS:
        _PANORAMAS.append(one.render_panorama(pose, 1536, 768))
    return _PANORAMAS[0]


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, 0), (45, 0), (160, -20), (0, 70), (-60, -80)])
def test_views_cut_from_the_panorama_equal_perspective_pictures(
    shared_renderer: Renderers, yaw_deg: float, pitch_deg: float
) -> None:
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(furnished())
    pose = camera((0.2, -0.5, 1.5), 10, width_px=8, height_px=8).world_from_camera
    panorama_camera = Cameras.equirectangular(pose, 1536, 768)
    panorama = panorama_of(one, pose)
    view = camera((0.2, -0.5, 1.5), yaw_deg, pitch_deg, width_px=WIDTH, height_px=HEIGHT, fov_deg=80)
    frame = one.render(view)

    assert psnr(cut_view(panorama.colour, panorama_camera, view), frame.colour) > 35

    pixels, _ = project(panorama_camera, sum(pixel_rays(view)).reshape(-1, 3))
    distance = sampled(panorama.depth_m[None], pixels, mode="nearest")[0]
    expected = (frame.depth_m.double() / (pixel_rays(view)[1] @ view.forward)).reshape(-1)
    assert (torch.isinf(distance) == torch.isinf(expected)).float().mean() > 0.99
    seen = torch.isfinite(distance) & torch.isfinite(expected)
    assert ((distance - expected).abs() / expected)[seen].median() < 3e-3, "nearest pixels, not exact rays"
