"""Matches are where they should be, are none between unrelated pictures, and never lie under a mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cinescene.evaluation.matching import match_pictures
from tests.evaluation.pictures import shifted, textured

pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return textured(torch.Generator().manual_seed(7), 160, 240)[0]


def test_a_picture_matches_itself_everywhere(picture: torch.Tensor) -> None:
    matches = match_pictures(picture, picture)
    assert len(matches) > 0.9 * matches.keypoints[0] > 50
    assert matches.median_shift_px == 0


def test_a_shift_is_measured_to_a_fraction_of_a_pixel(picture: torch.Tensor) -> None:
    matches = match_pictures(picture, shifted(picture, 4.5, -2.0))
    assert len(matches) > 50
    assert np.allclose(np.median(matches.second_px - matches.first_px, axis=0), [4.5, -2.0], atol=0.15)
    assert matches.median_shift_px == pytest.approx(np.hypot(4.5, 2.0), abs=0.2)


def test_damage_costs_matches(picture: torch.Tensor, generator: torch.Generator) -> None:
    noise = torch.randn(picture.shape, generator=generator)
    counts = [len(match_pictures((picture + s * noise).clamp(0, 1), picture)) for s in (0.0, 0.05, 0.2)]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] < counts[0] / 2


def test_unrelated_and_empty_pictures_hardly_match(picture: torch.Tensor, generator: torch.Generator) -> None:
    assert len(match_pictures(picture, textured(generator, 160, 240)[0])) < 12
    black = torch.zeros_like(picture)
    assert len(match_pictures(black, picture)) == 0
    assert np.isnan(match_pictures(black, black).median_shift_px)


def test_no_match_lies_under_the_mask(picture: torch.Tensor) -> None:
    region = torch.ones(160, 240, dtype=torch.bool)
    region[:, :120] = False
    matches = match_pictures(picture, picture, region)
    assert len(matches) > 20
    assert matches.first_px[:, 0].min() >= 119
