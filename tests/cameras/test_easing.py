import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.easing import EASINGS, check_easing, eased
from cinescene.errors import InputError

MOVING = [name for name in EASINGS if name != "hold"]


@pytest.mark.parametrize("name", EASINGS)
def test_every_easing_goes_from_zero_to_one_and_never_back(name: str) -> None:
    progress = eased(name, torch.linspace(-0.5, 1.5, 401, dtype=torch.float64))
    assert progress[0] == 0
    assert progress[-1] == 1
    assert (progress.diff() >= 0).all()


@given(st.floats(0.0, 1.0))
def test_ease_is_its_own_mirror_image_and_ease_in_that_of_ease_out(share: float) -> None:
    u = torch.tensor(share, dtype=torch.float64)
    for name, mirrored in (("linear", "linear"), ("ease", "ease"), ("ease-in", "ease-out")):
        torch.testing.assert_close(eased(name, 1 - u), 1 - eased(mirrored, u), atol=1e-14, rtol=0)


@pytest.mark.parametrize(
    ("name", "start_speed", "end_speed"),
    [("linear", 1.0, 1.0), ("ease", 0.0, 0.0), ("ease-in", 0.0, 2.0), ("ease-out", 2.0, 0.0)],
)
def test_speeds_at_the_ends_are_those_that_are_documented(name: str, start_speed: float, end_speed: float) -> None:
    u = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    (speed,) = torch.autograd.grad(eased(name, u).sum(), u, create_graph=True)
    torch.testing.assert_close(speed.detach(), torch.tensor([start_speed, end_speed], dtype=torch.float64))
    if name != "linear":
        (acceleration,) = torch.autograd.grad(speed.sum(), u)
        torch.testing.assert_close(acceleration, torch.zeros(2, dtype=torch.float64), atol=1e-12, rtol=0)


def test_hold_jumps_at_the_very_end() -> None:
    assert eased("hold", torch.tensor([0.0, 0.5, 0.999, 1.0])).tolist() == [0, 0, 0, 1]


def test_an_unknown_easing_is_named() -> None:
    with pytest.raises(InputError, match=r"expected one of linear, ease, .* got 'bouncy'"):
        check_easing("bouncy")
