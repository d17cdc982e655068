"""Pictures of solids against what projective geometry says of spheres."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.blocking.solids import capsule, cone, sight
from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid


def camera_at(position: list[float], yaw: float = 0.0, focal_mm: float = 35.0) -> Cameras:
    pose = rigid(level_rotation(yaw, 0.0), torch.tensor(position, dtype=torch.float64))
    return Cameras.from_focal_mm(pose, focal_mm, 160, 96)


@settings(max_examples=25, deadline=None)
@given(st.floats(1.5, 6.0), st.floats(0.15, 0.45), st.floats(-math.pi, math.pi))
def test_a_ball_covers_the_disc_that_a_sphere_projects_to(distance: float, radius: float, yaw: float) -> None:
    camera = camera_at([1.0, -2.0, 1.5], yaw)
    centre = (camera.position + distance * camera.forward).numpy()
    seen = sight([capsule(centre, centre, (radius, radius), (1.0, 0.5, 0.0))], camera)
    focal = float(camera.focal_px[0])
    expected = math.pi * (focal * radius) ** 2 / (distance**2 - radius**2)
    assert float(seen.cover.sum()) == pytest.approx(expected, rel=0.12)
    rows, columns = (seen.cover > 0.5).nonzero(as_tuple=True)
    assert float(columns.float().mean()) + 0.5 == pytest.approx(80, abs=1)
    assert float(rows.float().mean()) + 0.5 == pytest.approx(48, abs=1)
    assert float(seen.depth.min()) == pytest.approx(distance - radius, abs=0.08 * radius + 0.01)


def test_the_nearer_solid_hides_the_farther_one() -> None:
    camera = camera_at([0.0, 0.0, 0.0])
    near = capsule(np.array([0.0, 2, 0]), np.array([0.0, 2, 0]), (0.2, 0.2), (1.0, 0.0, 0.0))
    far = capsule(np.array([0.0, 4, 0]), np.array([0.0, 4, 0]), (0.8, 0.8), (0.0, 0.0, 1.0))
    for order in ([near, far], [far, near]):
        middle = sight(order, camera).colour[:, 47:49, 79:81].mean((1, 2))
        assert middle[0] > 0.5
        assert middle[2] < 0.05


def test_what_lies_behind_the_camera_is_not_seen() -> None:
    solid = cone(np.array([0.0, -3, 1]), np.array([0.0, -3, 0]), (0.3, 0.5), (1.0, 1.0, 1.0))
    seen = sight([solid], camera_at([0.0, 0.0, 0.0]))
    assert float(seen.cover.max()) == 0
    assert bool(seen.depth.isinf().all())


def test_no_solids_make_an_empty_picture() -> None:
    seen = sight([], camera_at([0.0, 0.0, 0.0]))
    assert seen.colour.shape == (3, 96, 160)
    assert float(seen.cover.max()) == 0
