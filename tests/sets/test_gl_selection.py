import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import project
from cinescene.sets.gl_selection import TriangleBounds
from cinescene.sets.gl_view import View
from tests.sets.staging import camera

coordinate = st.floats(-4, 4)
angle = st.floats(-180, 180)
NEAR_M = 0.05


def view_of(eye: tuple[float, float, float], yaw_deg: float, pitch_deg: float) -> tuple[Cameras, View]:
    seen_by = camera(eye, yaw_deg, pitch_deg, width_px=60, height_px=40)
    return seen_by, View.of_camera(seen_by, 4, NEAR_M, np.full(3, -6.0), np.full(3, 6.0))


@given(st.tuples(coordinate, coordinate, coordinate), angle, st.floats(-80, 80), st.integers(0, 1000))
def test_every_triangle_whose_front_is_seen_is_chosen(
    eye: tuple[float, float, float], yaw_deg: float, pitch_deg: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    corners = (rng.uniform(-5, 5, (200, 1, 3)) + rng.uniform(-1.5, 1.5, (200, 3, 3))).astype(np.float32)
    seen_by, view = view_of(eye, yaw_deg, pitch_deg)
    chosen = TriangleBounds.of_corners(corners).seen_by(view)

    points = np.einsum("kc,ncd->nkd", rng.dirichlet(np.ones(3), 60), corners.astype(np.float64))
    pixels, depth = project(seen_by, torch.from_numpy(points.reshape(-1, 3)))
    inside = (depth > NEAR_M) & ((pixels >= 0) & (pixels <= torch.tensor([60, 40]))).all(-1)
    inside = inside.reshape(200, 60).any(1).numpy()
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = ((np.array(eye) - corners[:, 0]) * across).sum(1) > 0
    assert set(np.flatnonzero(inside & facing)) <= set(chosen.tolist())
    assert (np.diff(chosen) > 0).all()


def test_what_is_behind_the_eye_or_turned_away_is_left_out() -> None:
    toward_camera = np.array([[[-1, 2, 0], [1, 2, 0], [0, 2, 1]]], dtype=np.float32)
    turned_away = toward_camera[:, ::-1]
    behind = toward_camera * np.float32([1, -1, 1])
    aside = toward_camera + np.float32([30, 0, 0])
    _, view = view_of((0.0, 0.0, 0.0), 0.0, 0.0)
    corners = np.concatenate([turned_away, behind, behind[:, ::-1], aside, toward_camera])
    assert TriangleBounds.of_corners(corners).seen_by(view).tolist() == [4]


def test_no_triangles_give_none() -> None:
    _, view = view_of((0.0, 0.0, 0.0), 0.0, 0.0)
    assert TriangleBounds.of_corners(np.zeros((0, 3, 3), np.float32)).seen_by(view).size == 0
