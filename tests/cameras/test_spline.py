import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, PchipInterpolator

from cinescene.cameras.spline import (
    PositionCurve,
    catmull_rom_slopes,
    centripetal_knots,
    hermite,
    monotone_slopes,
    natural_cubic_slopes,
)

coordinate = st.floats(-20.0, 20.0)


@st.composite
def keyed_points(draw: st.DrawFn, least: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    count = draw(st.integers(least, 7))
    gaps = draw(st.lists(st.floats(0.05, 4.0), min_size=count - 1, max_size=count - 1))
    points = draw(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=count, max_size=count))
    times = torch.tensor([0.0, *gaps], dtype=torch.float64).cumsum(0)
    return times, torch.tensor(points, dtype=torch.float64)


def inner_times(times: torch.Tensor) -> torch.Tensor:
    return times[0] + torch.linspace(0, 1, 73, dtype=torch.float64) * (times[-1] - times[0])


@settings(max_examples=20)
@given(keyed_points())
def test_monotone_slopes_agree_with_scipy(keys: tuple[torch.Tensor, torch.Tensor]) -> None:
    times, points = keys
    at = inner_times(times)
    value, rate = hermite(at, times, points, monotone_slopes(times, points))
    reference = PchipInterpolator(times.numpy(), points.numpy())
    torch.testing.assert_close(value, torch.from_numpy(reference(at.numpy())), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(rate, torch.from_numpy(reference(at.numpy(), 1)), atol=1e-6, rtol=1e-6)


@settings(max_examples=20)
@given(keyed_points())
def test_cubic_positions_agree_with_scipys_natural_spline(keys: tuple[torch.Tensor, torch.Tensor]) -> None:
    times, points = keys
    at = inner_times(times)
    reference = CubicSpline(times.numpy(), points.numpy(), bc_type="natural")
    value, rate = PositionCurve(times, points, "cubic")(at)
    torch.testing.assert_close(value, torch.from_numpy(reference(at.numpy())), atol=1e-7, rtol=1e-8)
    torch.testing.assert_close(rate, torch.from_numpy(reference(at.numpy(), 1)), atol=1e-5, rtol=1e-7)


@pytest.mark.parametrize("kind", ["catmull-rom", "cubic"])
@settings(max_examples=20)
@given(keys=keyed_points())
def test_curves_pass_through_their_points_with_a_continuous_velocity(
    kind: str, keys: tuple[torch.Tensor, torch.Tensor]
) -> None:
    times, points = keys
    curve = PositionCurve(times, points, kind)
    torch.testing.assert_close(curve(times)[0], points, atol=1e-9, rtol=1e-9)
    before, after = curve(times - 1e-10)[1], curve(times + 1e-10)[1]
    torch.testing.assert_close(before[1:-1], after[1:-1], atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("kind", ["catmull-rom", "cubic"])
@settings(max_examples=20)
@given(keys=keyed_points())
def test_velocity_is_the_derivative_of_position(kind: str, keys: tuple[torch.Tensor, torch.Tensor]) -> None:
    times, points = keys
    curve = PositionCurve(times, points, kind)
    at = inner_times(times)[1:-1].requires_grad_()
    value, velocity = curve(at)
    for axis in range(3):
        (rate,) = torch.autograd.grad(value[:, axis].sum(), at, retain_graph=True)
        torch.testing.assert_close(velocity[:, axis].detach(), rate, atol=1e-8, rtol=1e-8)


def test_catmull_rom_is_the_pyramid_of_barry_and_goldman() -> None:
    points = torch.tensor([[0.0, 0, 0], [1, 2, 0], [4, 2, 1], [5, 0, 3]], dtype=torch.float64)
    knots = centripetal_knots(points)
    at = torch.linspace(float(knots[1]), float(knots[2]), 21, dtype=torch.float64)[:, None]

    def blend(a: torch.Tensor, b: torch.Tensor, i: int, j: int) -> torch.Tensor:
        return ((knots[j] - at) * a + (at - knots[i]) * b) / (knots[j] - knots[i])

    first = [blend(points[i], points[i + 1], i, i + 1) for i in range(3)]
    second = [blend(first[i], first[i + 1], i, i + 2) for i in range(2)]
    expected = blend(second[0], second[1], 1, 2)
    value, _ = hermite(at[:, 0], knots, points, catmull_rom_slopes(knots, points))
    torch.testing.assert_close(value, expected)


def test_points_on_a_line_at_a_steady_pace_give_a_steady_straight_motion() -> None:
    times = torch.tensor([0.0, 1.0, 3.0, 3.5], dtype=torch.float64)
    direction = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    for kind in ("catmull-rom", "cubic"):
        at = inner_times(times)
        value, velocity = PositionCurve(times[:2], times[:2, None] * direction, kind)(at[at <= 1])
        torch.testing.assert_close(value, at[at <= 1][:, None] * direction)
        torch.testing.assert_close(velocity, direction.expand_as(velocity))
    value, velocity = PositionCurve(times, times[:, None] * direction, "cubic")(inner_times(times))
    torch.testing.assert_close(velocity, direction.expand_as(velocity))


def test_two_equal_points_are_a_stop_and_the_camera_comes_to_rest_before_it() -> None:
    times = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    points = torch.tensor([[0.0, 0, 0], [1, 1, 0], [1, 1, 0], [3, 0, 0]], dtype=torch.float64)
    curve = PositionCurve(times, points, "catmull-rom")
    value, velocity = curve(torch.linspace(1, 2, 11, dtype=torch.float64))
    torch.testing.assert_close(value, points[1].expand_as(value))
    torch.testing.assert_close(velocity, torch.zeros_like(velocity))
    around = curve(torch.tensor([1 - 1e-7, 2 + 1e-7], dtype=torch.float64))[1]
    torch.testing.assert_close(around, torch.zeros_like(around), atol=1e-5, rtol=0)


def test_a_piece_without_any_length_at_all_is_a_point() -> None:
    times = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    value, velocity = PositionCurve(times, torch.ones(3, 3, dtype=torch.float64), "catmull-rom")(inner_times(times))
    assert (value == 1).all()
    assert (velocity == 0).all()


def test_slopes_are_differentiable() -> None:
    times = torch.tensor([0.0, 0.7, 2.0, 2.5], dtype=torch.float64)
    points = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    at = torch.tensor([0.3, 1.1, 2.2], dtype=torch.float64)
    for slopes in (natural_cubic_slopes, catmull_rom_slopes):
        assert torch.autograd.gradcheck(lambda p, s=slopes: hermite(at, times, p, s(times, p))[0], (points,))
