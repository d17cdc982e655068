"""Both renderers see the same places: needs a Blender, see docs/sets.md."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cinescene.cameras.camera import Cameras, intrinsics_matrix
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.sets.blender import BlenderRenderer
from cinescene.sets.blender_process import VARIABLE
from cinescene.sets.frame import Frame
from cinescene.sets.generate import generate_set
from cinescene.sets.mesh import Lamp, Sun
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import box, quad
from cinescene.sets.renderer import Renderer
from cinescene.sets.stage import build_stage
from tests.sets.staging import Boxes, camera, plain, rays, speckled, stage
from tests.sets.test_renderer_consistency import walker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"needs Blender: set {VARIABLE}, see docs/sets.md"),
]
Renderers = Callable[..., Renderer]
WIDTH, HEIGHT = 160, 96
SAME_DEPTH = 0.01
DEPTH_SHARE = 0.98
"""Of the pixels away from edges, that must agree to `SAME_DEPTH`; measured: more than 0.999."""


@pytest.fixture(scope="module")
def blender() -> Iterator[BlenderRenderer]:
    with BlenderRenderer(samples=8) as opened:
        yield opened


def away_from_edges(depth_m: torch.Tensor) -> torch.Tensor:
    """Pixels whose 3×3 neighbours all have depths within 10 % of theirs, or are all sky."""
    inverse = (1 / depth_m)[None, None]
    high, low = F.max_pool2d(inverse, 3, 1, 1)[0, 0], -F.max_pool2d(-inverse, 3, 1, 1)[0, 0]
    return high - low <= 0.1 * high


def check_depths_agree(ours: Frame, theirs: Frame) -> None:
    inside = away_from_edges(ours.depth_m)
    assert inside.float().mean() > 0.6
    sky = ours.depth_m.isinf() & inside
    assert theirs.depth_m[sky].isinf().float().mean() >= DEPTH_SHARE if sky.any() else True
    surface = ours.depth_m.isfinite() & inside
    error = (theirs.depth_m / ours.depth_m - 1).abs()[surface]
    assert error.median() < SAME_DEPTH
    assert (error < SAME_DEPTH).float().mean() >= DEPTH_SHARE


@pytest.mark.parametrize(("kind", "seed"), [("room", 3), ("courtyard", 8), ("street", 6), ("hall", 4)])
def test_both_renderers_see_the_same_place(
    kind: str, seed: int, blender: BlenderRenderer, shared_renderer: Renderers
) -> None:
    description = generate_set(seed, kind)
    built = build_stage(description)
    ours = shared_renderer(WIDTH, HEIGHT)
    ours.load(built)
    blender.load(built)
    pose = rigid(level_rotation(0.3, -0.1), torch.tensor(description.panorama_position, dtype=torch.float64))
    view = Cameras.from_field_of_view(pose, math.radians(74), WIDTH, HEIGHT)
    ahead = np.asarray(description.panorama_position) + 2.5 * pose[:3, 2].numpy()
    actors = walker(float(ahead[0]), float(ahead[1]))
    mine, other = ours.render_pair(view, actors), blender.render_pair(view, actors)
    check_depths_agree(mine.with_subject, other.with_subject)
    check_depths_agree(mine.without_subject, other.without_subject)
    both, either = mine.subject_mask & other.subject_mask, mine.subject_mask | other.subject_mask
    assert either.sum() > 100
    assert both.sum() / either.sum() > 0.97
    outside = ~other.subject_and_shadow_mask
    assert torch.equal(other.with_subject.colour[:, outside], other.without_subject.colour[:, outside]), (
        "outside of what subjects change both frames are equal"
    )
    panorama, theirs = ours.render_panorama(pose, 256, 128), blender.render_panorama(pose, 256, 128)
    check_depths_agree(panorama, theirs)
    for first, second in ((mine.without_subject, other.without_subject), (panorama, theirs)):
        difference = F.avg_pool2d(first.colour.float(), 16) - F.avg_pool2d(second.colour.float(), 16)
        assert difference.abs().mean() < 25, "coarse colours are near each other"


def test_cameras_off_centre_with_unequal_focal_lengths_see_exactly_where(blender: BlenderRenderer) -> None:
    boxes = Boxes((8, 10, 3), [((-1, 2, 0), (0.2, 3, 1.2)), ((1, 3, 0), (2, 3.5, 2.2))])
    blender.load(stage(boxes.meshes([speckled(1), plain(200, 60, 40)])))
    pose = rigid(level_rotation(0.2, -0.15, 0.3), torch.tensor([0.1, -3.0, 1.4], dtype=torch.float64))
    for fx, fy in ((0.8, 0.65), (0.6, 0.9)):
        odd = Cameras(
            world_from_camera=pose,
            intrinsics_px=intrinsics_matrix(fx * WIDTH, fy * WIDTH, 0.35 * WIDTH, 0.6 * HEIGHT),
            image_size_px=torch.tensor([WIDTH, HEIGHT]),
        )
        for cameras in (odd, Cameras.equirectangular(pose, 2 * HEIGHT, HEIGHT)):
            origin, directions = rays(cameras)
            distance, _ = boxes.cast(origin, directions)
            forward = pose[:3, 2].numpy()
            scale = directions @ forward if cameras.projection == "perspective" else 1.0
            expected = torch.from_numpy(distance * scale).float()
            error = (blender.render(cameras).depth_m / expected - 1).abs()
            assert (error < 1e-3).float().mean() > 0.99


def test_a_white_plate_sends_back_what_each_light_means(blender: BlenderRenderer) -> None:
    """Of albedo 1: the sun's colour, a lamp's over the squared distance, the ambient light. The floor is far away."""
    plate = [quad((-0.4, -0.4, 0), (0.8, 0, 0), (0, 0.8, 0), plain(255, 255, 255))]
    above = camera((0, 0, 3), 0, -90, width_px=32, height_px=32, fov_deg=12)

    def seen(**light: object) -> float:
        blender.load(stage(plate, sky_value=0.0, **{"ambient": 0.0, **light}))  # type: ignore[arg-type]
        encoded = blender.render(above).colour.float()[:, 8:24, 8:24].mean().item() / 255
        return ((encoded + 0.055) / 1.055) ** 2.4

    assert seen(sun=Sun(direction=(0, 0, 1), colour=(0.3, 0.3, 0.3))) == pytest.approx(0.3, rel=0.06)
    lamp = Lamp(position=(0, 0, 2), colour=(1.2, 1.2, 1.2), radius_m=0.1)
    assert seen(lamps=[lamp]) == pytest.approx(0.3, rel=0.06)
    assert seen(ambient=0.3) == pytest.approx(0.3, rel=0.1)


def test_backs_are_not_seen_but_keep_the_sun_out(blender: BlenderRenderer) -> None:
    floor = quad((-3, -3, 0), (6, 0, 0), (0, 6, 0), plain(200, 200, 200))
    roof = placed(quad((-0.5, -0.5, 0), (0, 1, 0), (1, 0, 0), plain(200, 0, 0)), (0, 0, 1))
    blender.load(stage([floor, roof], sun=Sun(direction=(0, 0, 1), colour=(0.4, 0.4, 0.4)), ambient=0.1))
    frame = blender.render(camera((0, 0, 3), 0, -90, width_px=48, height_px=48, fov_deg=50))
    torch.testing.assert_close(frame.depth_m, torch.full((48, 48), 3.0), atol=1e-3, rtol=0)
    shadow, lit = frame.colour[:, 20:28, 20:28].float().mean(), frame.colour[:, :4, :4].float().mean()
    assert shadow < 0.7 * lit


def test_the_same_view_has_the_same_bytes(blender: BlenderRenderer) -> None:
    made = stage([box((6, 6, 3), speckled(3), inward=True)], lamps=[Lamp(position=(0, 0, 2.5), colour=(1, 1, 1))])
    view = camera((0, -2, 1.5), width_px=48, height_px=32)
    pictures = []
    for _ in range(2):
        blender.load(made)
        pictures.append(blender.render_pair(view, walker(0, 1)))
    assert torch.equal(pictures[0].with_subject.colour, pictures[1].with_subject.colour)
    assert torch.equal(pictures[0].without_subject.colour, blender.render(view).colour)
