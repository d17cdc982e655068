import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.training.flow import flow_loss, noisy, shifted


def test_the_ends_of_the_path_are_data_and_noise(generator: torch.Generator) -> None:
    data, noise = torch.randn(2, 2, 3, 2, 4, 4, generator=generator).unbind(0)
    assert torch.equal(noisy(data, noise, torch.zeros(2)), data)
    assert torch.equal(noisy(data, noise, torch.ones(2)), noise)


def test_the_velocity_is_the_slope_of_the_path(generator: torch.Generator) -> None:
    data, noise = torch.randn(2, 2, 3, 2, 4, 4, generator=generator).double().unbind(0)
    time = torch.tensor([0.3, 0.8], dtype=torch.float64)
    slope = (noisy(data, noise, time + 1e-4) - noisy(data, noise, time - 1e-4)) / 2e-4
    assert float(flow_loss(slope, data, noise)) < 1e-12


@given(time=st.floats(0, 1), shift=st.floats(0.1, 20))
def test_shifting_keeps_the_ends_and_the_order_and_can_be_undone(time: float, shift: float) -> None:
    value = shifted(torch.tensor(time, dtype=torch.float64), shift)
    assert 0 <= float(value) <= 1
    assert (float(value) >= time - 1e-12) == (shift >= 1 or time in (0.0, 1.0) or abs(float(value) - time) < 1e-12)
    assert float(shifted(value, 1 / shift)) == pytest.approx(time, abs=1e-9)


def test_diffusers_shifts_in_the_same_way() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=5.0)
    plain = FlowMatchEulerDiscreteScheduler(shift=1.0)
    torch.testing.assert_close(shifted(plain.sigmas[:-1], 5.0), scheduler.sigmas[:-1], atol=1e-6, rtol=0)


@given(value=st.floats(-5, 5), robust=st.floats(0.05, 2))
def test_the_robust_loss_is_square_for_small_errors_and_grows_with_large_ones(value: float, robust: float) -> None:
    zero = torch.zeros(1, 1, 1, 1, 1, dtype=torch.float64)
    error = float(flow_loss(zero + value, zero, zero, robust=robust))
    assert 0 <= error <= value**2 + 1e-6
    assert error <= 2 * robust * abs(value) + 1e-6
    assert float(flow_loss(zero + 1e-3 * value, zero, zero, robust=robust)) == pytest.approx(1e-6 * value**2, abs=1e-7)


def test_the_best_robust_answer_to_mostly_equal_data_is_what_most_of_them_are() -> None:
    data = torch.zeros(100, 1, 1, 1, 1)
    data[:20] = 5.0
    answers = torch.linspace(0, 2, 201)
    losses = [float(flow_loss(-answer.expand_as(data), data, torch.zeros_like(data), robust=0.1)) for answer in answers]
    squares = [float(flow_loss(-answer.expand_as(data), data, torch.zeros_like(data))) for answer in answers]
    assert float(answers[int(torch.tensor(losses).argmin())]) < 0.1
    assert float(answers[int(torch.tensor(squares).argmin())]) == pytest.approx(1.0, abs=0.02)


def test_a_shift_must_be_positive() -> None:
    with pytest.raises(InputError, match="shift"):
        shifted(torch.tensor(0.5), 0.0)


def test_the_best_velocity_of_gaussian_data_is_the_known_one(generator: torch.Generator) -> None:
    """Data N(m, s²), noise N(0, 1): E[noise − data | x] is linear in x; nothing linear has a smaller loss."""
    count, mean, spread, time = 40_000, 1.5, 0.5, 0.6
    data = mean + spread * torch.randn(count, 1, 1, 1, 1, generator=generator)
    noise = torch.randn(count, 1, 1, 1, 1, generator=generator)
    at = torch.full((count,), time)
    x = noisy(data, noise, at)
    variance = (1 - time) ** 2 * spread**2 + time**2
    slope = (time - (1 - time) * spread**2) / variance
    best = -mean + slope * (x - (1 - time) * mean)
    loss = float(flow_loss(best, data, noise))
    assert loss == pytest.approx(1 + spread**2 - slope**2 * variance, rel=0.03)
    for change in (0.05, -0.05):
        assert float(flow_loss(best + change, data, noise)) > loss
        assert float(flow_loss(best * (1 + change), data, noise)) > loss


def test_weights_count_cells_channels_and_samples(generator: torch.Generator) -> None:
    velocity, data, noise = torch.randn(3, 2, 3, 2, 4, 4, generator=generator).unbind(0)
    plain = flow_loss(velocity, data, noise)
    torch.testing.assert_close(flow_loss(velocity, data, noise, torch.full((2, 1, 2, 4, 4), 3.0)), 3 * plain)
    weight = torch.zeros(2, 3, 2, 4, 4)
    weight[1, :, :, 0, 0] = 1
    alone = flow_loss(velocity[1:, ..., :1, :1], data[1:, ..., :1, :1], noise[1:, ..., :1, :1])
    torch.testing.assert_close(flow_loss(velocity, data, noise, weight), alone / 32)
