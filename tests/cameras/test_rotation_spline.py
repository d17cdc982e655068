import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from cinescene.cameras.rotation_spline import RotationCurve
from cinescene.cameras.transforms import level_rotation, rotation_angle, rotation_from_quaternion

component = st.floats(-1.0, 1.0)


@st.composite
def keyed_rotations(draw: st.DrawFn, least: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Random rotations, up to half a turn apart, at times whose spacing varies up to 200-fold."""
    count = draw(st.integers(least, 6))
    gaps = draw(st.lists(st.floats(0.02, 4.0), min_size=count - 1, max_size=count - 1))
    seed = draw(st.integers(0, 2**31))
    generator = torch.Generator().manual_seed(seed)
    quaternions = torch.randn(count, 4, dtype=torch.float64, generator=generator)
    return torch.tensor([0.0, *gaps], dtype=torch.float64).cumsum(0), rotation_from_quaternion(quaternions)


def angular_velocity(curve: RotationCurve, at: torch.Tensor, step: float) -> torch.Tensor:
    """One-sided, in the camera's frame."""
    first, second = curve(at), curve(at + step)
    relative = Rotation.from_matrix((first.mT @ second).numpy())
    return torch.from_numpy(relative.as_rotvec()) / step


@settings(max_examples=20)
@given(keyed_rotations())
def test_the_curve_passes_through_its_keys_and_stays_among_unit_quaternions(
    keys: tuple[torch.Tensor, torch.Tensor],
) -> None:
    times, rotations = keys
    curve = RotationCurve(times, rotations)
    assert rotation_angle(curve(times).mT @ rotations).max() < 1e-7
    at = torch.linspace(0, 1, 101, dtype=torch.float64) * times[-1]
    quaternions = curve.quaternions(at)
    torch.testing.assert_close(quaternions.norm(dim=-1), torch.ones(101, dtype=torch.float64))


@settings(max_examples=20)
@given(keyed_rotations(least=3))
def test_angular_velocity_is_continuous_at_unevenly_spaced_keys(keys: tuple[torch.Tensor, torch.Tensor]) -> None:
    times, rotations = keys
    curve = RotationCurve(times, rotations)
    step = 1e-6 * float(times.diff().min())
    before = angular_velocity(curve, times[1:-1], -step)
    after = angular_velocity(curve, times[1:-1], step)
    scale = 1 + before.norm(dim=-1).max()
    assert (before - after).norm(dim=-1).max() < 1e-3 * scale


@settings(max_examples=20)
@given(keyed_rotations())
def test_running_time_backwards_runs_the_curve_backwards(keys: tuple[torch.Tensor, torch.Tensor]) -> None:
    times, rotations = keys
    at = torch.linspace(0, 1, 57, dtype=torch.float64) * times[-1]
    backwards = RotationCurve(times[-1] - times.flip(0), rotations.flip(0))
    there, back = RotationCurve(times, rotations)(at), backwards((times[-1] - at).clamp(0, times[-1]))
    torch.testing.assert_close(there, back, atol=1e-9, rtol=0)


@settings(max_examples=20)
@given(keyed_rotations(), st.integers(0, 1000))
def test_turning_the_world_turns_the_curve(keys: tuple[torch.Tensor, torch.Tensor], seed: int) -> None:
    times, rotations = keys
    turn = rotation_from_quaternion(torch.randn(4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)))
    at = torch.linspace(0, 1, 31, dtype=torch.float64) * times[-1]
    turned = RotationCurve(times, turn @ rotations)(at)
    torch.testing.assert_close(turned, turn @ RotationCurve(times, rotations)(at), atol=1e-8, rtol=0)


def test_two_keys_are_a_great_circle_at_constant_speed() -> None:
    rotations = torch.stack([level_rotation(0.2, 0.1), level_rotation(1.9, -0.4, 0.3)])
    times = torch.tensor([1.0, 3.5], dtype=torch.float64)
    at = torch.linspace(1.0, 3.5, 41, dtype=torch.float64)
    reference = Slerp(times.numpy(), Rotation.from_matrix(rotations.numpy()))(at.numpy()).as_matrix()
    torch.testing.assert_close(RotationCurve(times, rotations)(at), torch.from_numpy(reference))


@settings(max_examples=20)
@given(st.lists(st.floats(0.0, 2.5), min_size=2, max_size=5), st.lists(st.floats(0.05, 5.0), min_size=5, max_size=5))
def test_a_pan_in_one_direction_never_swings_back(turns: list[float], gaps: list[float]) -> None:
    yaws = torch.tensor([0.0, *turns], dtype=torch.float64).cumsum(0)
    times = torch.tensor([0.0, *gaps], dtype=torch.float64).cumsum(0)[: len(yaws)]
    rotations = torch.stack([level_rotation(float(y)) for y in yaws])
    at = torch.linspace(0, 1, 201, dtype=torch.float64) * times[-1]
    steps = RotationCurve(times, rotations)(at)
    forward = steps[..., 2]
    cross = forward[:-1, 0] * forward[1:, 1] - forward[:-1, 1] * forward[1:, 0]
    assert (cross <= 1e-9).all()
    torch.testing.assert_close(forward[:, 2], torch.zeros(201, dtype=torch.float64), atol=1e-9, rtol=0)


def test_equal_rotations_are_held_still() -> None:
    rotations = torch.stack([level_rotation(0.0), level_rotation(1.0), level_rotation(1.0), level_rotation(-1.0)])
    times = torch.tensor([0.0, 1.0, 2.0, 4.0], dtype=torch.float64)
    held = RotationCurve(times, rotations)(torch.linspace(1, 2, 21, dtype=torch.float64))
    torch.testing.assert_close(held, rotations[1].expand_as(held))


def test_the_sign_of_a_quaternion_does_not_matter() -> None:
    yaws = [math.radians(a) for a in (0, 100, 200, 300, 400)]
    times = torch.arange(5, dtype=torch.float64)
    curve = RotationCurve(times, torch.stack([level_rotation(y) for y in yaws]))
    halfway = curve(torch.tensor([1.5, 2.5], dtype=torch.float64))
    expected = torch.stack([level_rotation(math.radians(a)) for a in (150, 250)])
    assert rotation_angle(halfway.mT @ expected).max() < 1e-9
