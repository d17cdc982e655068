import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter

from cinescene.sets.gl_shadow import RANGE_SLACK, RANGE_TEXELS, depth_ranges


@pytest.mark.parametrize("size", [(16, 24), (17, 30), (5, 3)])
def test_ranges_hold_every_depth_that_a_filter_in_their_square_looks_up(size: tuple[int, int]) -> None:
    depth = np.random.default_rng(0).random(size, dtype=np.float32)
    ranges = depth_ranges(depth)
    assert ranges.shape == (*(-(-side // RANGE_TEXELS) for side in size), 2)
    rows, columns = np.indices(size) // RANGE_TEXELS
    about = ranges[rows, columns]
    assert (about[..., 0] <= minimum_filter(depth, size=5, mode="nearest") - RANGE_SLACK / 2).all()
    assert (about[..., 1] >= maximum_filter(depth, size=5, mode="nearest") + RANGE_SLACK / 2).all()


def test_ranges_take_in_nothing_further_away() -> None:
    depth = np.zeros((64, 64), dtype=np.float32)
    depth[30, 41] = 1.0
    widened = depth_ranges(depth)[..., 1] > 0.5
    assert np.argwhere(widened).tolist() == [[7, 9], [7, 10], [8, 9], [8, 10]]
