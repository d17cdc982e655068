import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from cinescene.cameras.projection import project
from cinescene.sets.gl_reach import part_above, seen_area, swept_box
from cinescene.sets.gl_view import View
from tests.sets.staging import camera

coordinate = st.floats(-4, 4)
angle = st.floats(-180, 180)


@given(st.tuples(coordinate, coordinate, coordinate), angle, st.floats(-80, 80), st.integers(0, 1000))
def test_the_area_holds_every_point_of_the_hull_that_is_seen(
    eye: tuple[float, float, float], yaw_deg: float, pitch_deg: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(-3, 1, 3)
    hull = swept_box(low, low + rng.uniform(0.1, 3, 3), rng.uniform(-4, 4, 3))
    view_camera = camera(eye, yaw_deg, pitch_deg, width_px=60, height_px=40)
    view = View.of_camera(view_camera, 4, 0.05, np.full(3, -4.0), np.full(3, 4.0))
    left, top, width, height = seen_area(view, [hull], 0.025)

    weights = rng.dirichlet(np.full(len(hull), 0.2), 400)
    pixels, depth = project(view_camera, torch.from_numpy(weights @ hull))
    seen = (depth > 0.03) & ((pixels >= 0) & (pixels <= torch.tensor([60, 40]))).all(-1)
    u, v = pixels[seen].T
    assert ((u >= left) & (u <= left + width) & (v >= top) & (v <= top + height)).all()
    assert left >= 0
    assert top >= 0
    assert left + width <= 60
    assert top + height <= 40


@given(st.floats(-4, 4), st.integers(0, 1000))
def test_hulls_are_cut_at_a_height(height_m: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(-3, 1, 3)
    high = low + rng.uniform(0.5, 3, 3)
    way = rng.uniform(-4, 4, 3)
    kept = part_above(swept_box(low, high, way), height_m)
    passed = rng.uniform(low, high, (400, 3)) + rng.uniform(0, 1, (400, 1)) * way
    above = passed[passed[:, 2] >= height_m]
    assert (kept[:, 2] >= height_m - 1e-9).all()
    if len(above):
        hull = ConvexHull(kept, qhull_options="QJ")
        assert (above @ hull.equations[:, :3].T + hull.equations[:, 3] < 1e-6).all()
