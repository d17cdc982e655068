"""Detail of the previz goes where the shot agrees with it, and nowhere else."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.model.detail import with_detail


def pictures(seed: int) -> torch.Tensor:
    return torch.rand(3, 3, 16, 24, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 100), st.floats(0.01, 1.0))
def test_a_shot_that_is_the_decoded_previz_becomes_the_previz(seed: int, tolerance: float) -> None:
    previz, decoded = pictures(seed), pictures(seed + 1)
    assert torch.allclose(with_detail(decoded, previz, decoded, tolerance), previz, atol=1e-5)


def test_a_shot_that_shows_something_else_stays_as_it_is() -> None:
    previz, decoded = 0.2 * pictures(0), 0.2 * pictures(1)
    shot = 0.7 + 0.2 * pictures(2)
    assert torch.allclose(with_detail(shot, previz, decoded, 0.05), shot, atol=1e-4)


def test_only_the_part_that_differs_keeps_out() -> None:
    previz, decoded = pictures(0), 0.5 * pictures(1)
    shot = decoded.clone()
    shot[..., 12:] = 1 - shot[..., 12:] / 4
    mixed = with_detail(shot, previz, decoded, 0.05)
    assert torch.allclose(mixed[..., :8], previz[..., :8], atol=1e-3)
    assert torch.allclose(mixed[..., 16:], shot[..., 16:], atol=1e-3)


def test_a_larger_previz_gives_its_detail_where_both_agree() -> None:
    decoded = 0.2 * pictures(1)
    larger = torch.rand(3, 3, 32, 48, generator=torch.Generator().manual_seed(5))
    assert torch.allclose(with_detail(decoded, larger, decoded, 0.05), larger, atol=1e-5)
    other = decoded + 0.7
    enlarged = F.interpolate(other, size=(32, 48), mode="bicubic", align_corners=False).clamp(0, 1)
    assert torch.allclose(with_detail(other, larger, decoded, 0.05), enlarged, atol=1e-4)


@given(st.integers(0, 100), st.floats(0.01, 1.0))
def test_pictures_stay_pictures(seed: int, tolerance: float) -> None:
    mixed = with_detail(pictures(seed), pictures(seed + 1), pictures(seed + 2), tolerance)
    assert mixed.min() >= 0
    assert mixed.max() <= 1


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan")])
def test_impossible_tolerances_are_refused(tolerance: float) -> None:
    with pytest.raises(InputError, match="tolerance"):
        with_detail(pictures(0), pictures(1), pictures(2), tolerance)
