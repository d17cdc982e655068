"""Resizing and cropping keep pictures and intrinsics together."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import project
from cinescene.errors import InputError
from cinescene.scene.fitting import PADDING_GREY, Fit, Fitting

SIDE = st.integers(16, 400)


def dotted(width: int, height: int, x: int, y: int) -> torch.Tensor:
    """Black with a white block of 12×12 pixels about the corner (x, y)."""
    picture = torch.zeros(3, height, width, dtype=torch.uint8)
    picture[:, y - 6 : y + 6, x - 6 : x + 6] = 255
    return picture


@pytest.mark.parametrize("fit", ["cover", "contain"])
@pytest.mark.parametrize("target", [(100, 100), (160, 40), (40, 160), (333, 201), (600, 500)])
def test_a_point_is_where_the_fitted_intrinsics_say(fit: Fit, target: tuple[int, int]) -> None:
    source = (240, 160)
    camera = Cameras.from_field_of_view(torch.eye(4, dtype=torch.float64), math.radians(70), *source)
    fitting = Fitting.of(source, target, fit)
    x, y = 130, 76
    point = torch.tensor([[(x - 120) / float(camera.focal_px[0]), (y - 80) / float(camera.focal_px[1]), 1.0]])
    expected, _ = project(fitting.cameras(camera), point.double())
    picture = fitting.picture(dotted(*source, x, y)).float()[0]
    assert picture.shape == (target[1], target[0])
    weight = (picture > 200).float()
    ys, xs = torch.meshgrid(torch.arange(target[1]) + 0.5, torch.arange(target[0]) + 0.5, indexing="ij")
    found = (weight * xs).sum() / weight.sum(), (weight * ys).sum() / weight.sum()
    assert torch.stack(found).tolist() == pytest.approx(expected[0].tolist(), abs=0.6)


@given(width=SIDE, height=SIDE, target_width=SIDE, target_height=SIDE)
def test_cover_fills_and_contain_keeps_everything(
    width: int, height: int, target_width: int, target_height: int
) -> None:
    cover = Fitting.of((width, height), (target_width, target_height), "cover")
    left, top, right, bottom = cover.box_px
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert math.isclose((right - left) / (bottom - top), target_width / target_height, rel_tol=1e-6)
    assert math.isclose(left + right, width, abs_tol=1e-6)
    contain = Fitting.of((width, height), (target_width, target_height), "contain")
    assert contain.box_px == (0, 0, width, height)
    assert contain.inner_px[0] == target_width or contain.inner_px[1] == target_height
    assert all(inner <= target for inner, target in zip(contain.inner_px, contain.target_px, strict=True))


def test_padding_is_grey_and_a_same_size_picture_unchanged(generator: torch.Generator) -> None:
    picture = torch.randint(0, 256, (3, 30, 40), dtype=torch.uint8, generator=generator)
    assert (Fitting.of((40, 30), (40, 30)).picture(picture) == picture).all()
    padded = Fitting.of((40, 30), (40, 60), "contain").picture(picture)
    assert (padded[:, :15] == PADDING_GREY).all()
    assert (padded[:, 15:45] == picture).all()


def test_impossible_fittings_are_refused() -> None:
    with pytest.raises(InputError, match="positive sizes"):
        Fitting.of((40, 30), (0, 10))
    with pytest.raises((InputError, TypeError)):
        Fitting.of((40, 30), (10, 10), "stretch")
