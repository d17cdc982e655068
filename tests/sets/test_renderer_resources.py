"""What happens when something is missing, wrong, reused a thousand times or closed."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cinescene.cameras.camera import Cameras
from cinescene.errors import GeometryError, InputError, MissingDependencyError
from cinescene.sets.gl_materials import SUBJECT_PLACES
from cinescene.sets.mesh import Lamp, Material
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import box, sphere
from cinescene.sets.renderer import Renderer
from tests.sets.staging import camera, plain, renderer, speckled, stage, wall

Renderers = Callable[..., Renderer]
VIEW = camera((0, 0, 0), width_px=32, height_px=24)


def test_without_egl_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl", reason="needs cinescene[sets]")

    def no_egl(*_: object, **__: object) -> None:
        raise Exception("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", no_egl)
    with pytest.raises(MissingDependencyError, match="apt-get install libegl1 libgl1-mesa-dri") as caught:
        Renderer(32, 24)
    assert "libEGL.so not loaded" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_moderngl_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cinescene\[sets\]'"):
        Renderer(32, 24)


@pytest.mark.parametrize(
    "settings",
    [
        {"width_px": 0, "height_px": 8},
        {"width_px": 8, "height_px": 9000},
        {"width_px": 8, "height_px": 8, "samples": 2},
        {"width_px": 8, "height_px": 8, "shadow_map_px": 2},
        {"width_px": 8, "height_px": 8, "exposure": 0.0},
        {"width_px": 8, "height_px": 8, "exposure": float("nan")},
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict) -> None:
    with pytest.raises(InputError, match="expected"):
        Renderer(**settings)


def test_misuse_is_named(shared_renderer: Renderers) -> None:
    with renderer(32, 24) as fresh:
        with pytest.raises(InputError, match="load"):
            fresh.render(VIEW)
        with pytest.raises(InputError, match="load"):
            fresh.render_panorama(VIEW.world_from_camera, 64, 32)
    with pytest.raises(InputError, match="closed"):
        fresh.load(stage([]))
    fresh.close()

    one = shared_renderer(32, 24)
    one.load(stage([wall(1, 1, plain(1, 2, 3))]))
    with pytest.raises(InputError, match="32×24"):
        one.render(camera((0, 0, 0), width_px=24, height_px=32))
    with pytest.raises(GeometryError, match="one perspective camera"):
        one.render(Cameras.equirectangular(VIEW.world_from_camera, 32, 24))
    with pytest.raises(GeometryError, match="one perspective camera"):
        one.render(Cameras.cat([VIEW.reshape(1), VIEW.reshape(1)]))
    with pytest.raises(InputError, match="panorama"):
        one.render_panorama(VIEW.world_from_camera, 4, 2)
    with pytest.raises(GeometryError, match="mirrors"):
        one.render_panorama(torch.diag(torch.tensor([-1.0, 1, 1, 1])), 64, 32)
    with pytest.raises(InputError, match="lamps"):
        one.load(stage([], lamps=[Lamp(position=(0, 0, 0), colour=(1, 1, 1))] * 17))
    with pytest.raises(InputError, match="materials"):
        one.load(stage([wall(1, 1, plain(1, 2, 3)) for _ in range(600)]))
    one.load(stage([wall(1, 1, plain(1, 2, 3))]))
    with pytest.raises(InputError, match="materials"):
        one.render(VIEW, [wall(1, 1, plain(i, i, i)) for i in range(SUBJECT_PLACES + 1)])


def test_a_stage_that_is_refused_leaves_the_renderer_usable(shared_renderer: Renderers) -> None:
    one = shared_renderer(32, 24)
    good = stage([wall(9, 9, plain(128, 128, 128, emission=1.0))], ambient=0.0)
    one.load(good)
    crowded = stage([wall(1, 1, plain(1, 2, 3)) for _ in range(600)])
    for refused in (stage([], lamps=[Lamp(position=(0, 0, 0), colour=(1, 1, 1))] * 17), crowded):
        with pytest.raises(InputError):
            one.load(refused)
        with pytest.raises(InputError, match="call load"):
            one.render(VIEW)
    one.load(good)
    assert (one.render(VIEW).colour == 128).all()


def test_two_renderers_do_not_disturb_each_other() -> None:
    with renderer(32, 24) as first, renderer(24, 24) as second:
        first.load(stage([wall(9, 9, plain(180, 0, 0, emission=1.0))], ambient=0.0))
        second.load(stage([wall(9, 9, plain(0, 180, 0, emission=1.0))], ambient=0.0))
        square = camera((0, 0, 0), width_px=24, height_px=24)
        for _ in range(2):
            assert first.render(VIEW).colour[:, 12, 16].tolist() == [180, 0, 0]
            assert second.render(square).colour[:, 12, 12].tolist() == [0, 180, 0]


def test_frames_own_their_memory(shared_renderer: Renderers) -> None:
    one = shared_renderer(32, 24)
    one.load(stage([wall(9, 9, speckled(1))]))
    first = one.render(VIEW)
    kept = first.colour.clone()
    one.render(camera((0, 0.5, 0.2), 10, width_px=32, height_px=24))
    assert torch.equal(first.colour, kept)


def test_subjects_may_change_shape_material_and_number(shared_renderer: Renderers) -> None:
    one = shared_renderer(32, 24)
    one.load(stage([wall(9, 9, plain(0, 0, 0), distance_m=4)], ambient=0.0, sky_value=0.0))
    count = SUBJECT_PLACES + 6
    glow = [plain(100 + i, 0, 0, emission=1.0) for i in range(count)]
    picture = [speckled(i, size=16) for i in range(3)]
    for i in range(count):
        ball = placed(sphere(0.5, glow[i], 8 + i % 3, 6), (0, 2, 0))
        actors = [ball, wall(0.2, 0.2, picture[i % 3])][: 1 + i % 2]
        colour = one.render(VIEW, actors[:1]).colour
        assert abs(int(colour[0, 12, 16]) - 100 - i) <= 1
        one.render(VIEW, actors)
    assert not one.render(VIEW).subject_mask.any()
    first_again = one.render(VIEW, [placed(sphere(0.5, glow[0], 8, 6), (0, 2, 0))])
    assert abs(int(first_again.colour[0, 12, 16]) - 100) <= 1


def test_static_materials_survive_new_subject_textures(shared_renderer: Renderers) -> None:
    one = shared_renderer(32, 24)
    red = Material(albedo=np.full((16, 16, 3), (180, 0, 0), dtype=np.uint8), emission=1.0)
    blue = plain(0, 0, 180, emission=1.0)
    one.load(stage([wall(2, 9, red), placed(wall(2, 9, blue), (2, 0, 0))], ambient=0.0, sky_value=0.0))
    before = one.render(VIEW).colour
    assert before[:, 12, 16].tolist() == [180, 0, 0]
    assert before[:, 12, 31].tolist() == [0, 0, 180]
    one.render(VIEW, [placed(wall(0.1, 0.1, speckled(i, size=16)), (0, -1, 0)) for i in range(20)])
    assert torch.equal(one.render(VIEW).colour, before)


def test_textures_of_many_subjects_take_turns_in_the_same_memory(shared_renderer: Renderers) -> None:
    """A picture does not depend on whose textures came before, and more textures than there are layers fit at once."""
    one = shared_renderer(32, 24)
    one.load(stage([wall(9, 9, speckled(99, size=512), distance_m=4)]))
    casts = [[placed(wall(0.2, 0.2, speckled(10 * i + k)), (k - 2, 2, 0)) for k in range(5)] for i in range(12)]
    crowd = [mesh for cast in casts for mesh in cast][:SUBJECT_PLACES]

    first = [one.render(VIEW, cast).colour for cast in casts]
    whole = one.render(VIEW, crowd).colour
    before = memory_mb()
    for _ in range(3):
        for cast, picture in zip(reversed(casts), reversed(first), strict=True):
            assert torch.equal(one.render(VIEW, cast).colour, picture)
        assert torch.equal(one.render(VIEW, crowd).colour, whole)
    assert memory_mb() - before < 30


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_frames_and_stages(shared_renderer: Renderers) -> None:
    one = shared_renderer(32, 24)
    textures = [speckled(i, size=32) for i in range(3)]

    def work(rounds: int) -> None:
        for i in range(rounds):
            if i % 50 == 0:
                one.load(stage([wall(2, 2, textures[i // 50 % 3])]))
            moving = placed(sphere(0.3, textures[i // 50 % 3], 16, 8), (0.001 * i, 1.5, 0))
            changing = placed(box((0.1, 0.1, 0.1), textures[1]), (0, 1, 0))
            one.render(VIEW, [moving, changing][: 1 + i % 2])
            if i % 50 == 25:
                one.render_panorama(VIEW.world_from_camera, 32 + i // 10, 24)

    work(50)
    before = memory_mb()
    work(200)
    assert memory_mb() - before < 15


@pytest.mark.slow
def test_memory_does_not_grow_with_renderers() -> None:
    def work(rounds: int) -> None:
        for _ in range(rounds):
            with renderer(64, 64) as one:
                one.load(stage([wall(2, 2, speckled(1))]))
                one.render(camera((0, 0, 0), width_px=64, height_px=64))

    work(3)
    before = memory_mb()
    work(12)
    assert memory_mb() - before < 120
