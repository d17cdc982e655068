import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cinescene.cameras.transforms import (
    check_rigid,
    closest_rotation,
    focal_px_from_mm,
    invert_rigid,
    level_rotation,
    look_at_rotation,
    quaternion_from_rotation,
    rigid,
    rotation_about_axis,
    rotation_angle,
    rotation_from_quaternion,
    transform_points,
)
from cinescene.errors import GeometryError

component = st.floats(-1.0, 1.0)
quaternions = st.tuples(component, component, component, component).filter(lambda q: sum(x * x for x in q) > 1e-4)


@given(quaternions)
def test_rotations_agree_with_scipy(wxyz: tuple[float, float, float, float]) -> None:
    w, x, y, z = wxyz
    expected = Rotation.from_quat([x, y, z, w])
    rotation = rotation_from_quaternion(torch.tensor(wxyz, dtype=torch.float64))
    np.testing.assert_allclose(rotation.numpy(), expected.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(float(rotation_angle(rotation)), expected.magnitude(), atol=1e-7)
    again = rotation_from_quaternion(quaternion_from_rotation(rotation))
    torch.testing.assert_close(again, rotation, atol=1e-12, rtol=0)


@given(quaternions, st.floats(-7.0, 7.0))
def test_rotation_about_an_axis_agrees_with_scipy(wxyz: tuple[float, float, float, float], angle: float) -> None:
    axis = np.array(wxyz[:3])
    if np.linalg.norm(axis) < 1e-3:
        return
    ours = rotation_about_axis(torch.from_numpy(axis), torch.tensor(angle, dtype=torch.float64))
    expected = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-12)


@given(st.floats(0.0, math.pi))
def test_small_and_large_angles_are_measured_accurately(angle: float) -> None:
    rotation = rotation_about_axis(
        torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), torch.tensor(angle, dtype=torch.float64)
    )
    assert math.isclose(float(rotation_angle(rotation)), angle, abs_tol=1e-9)


@given(quaternions, st.tuples(component, component, component))
def test_a_rigid_motion_times_its_inverse_is_the_identity(
    wxyz: tuple[float, float, float, float], offset: tuple[float, float, float]
) -> None:
    matrix = rigid(
        rotation_from_quaternion(torch.tensor(wxyz, dtype=torch.float64)), torch.tensor(offset, dtype=torch.float64)
    )
    torch.testing.assert_close(matrix @ invert_rigid(matrix), torch.eye(4).double(), atol=1e-12, rtol=0)
    points = torch.randn(7, 3, dtype=torch.float64)
    back = transform_points(invert_rigid(matrix), transform_points(matrix, points))
    torch.testing.assert_close(back, points, atol=1e-12, rtol=0)


def test_level_rotation_turns_the_ways_its_names_say() -> None:
    level = level_rotation()
    right, down, forward = level.unbind(-1)
    assert right.tolist() == [1, 0, 0]
    assert down.tolist() == [0, 0, -1]
    assert forward.tolist() == [0, 1, 0]
    assert level_rotation(yaw_rad=0.1)[0, 2] > 0, "positive yaw looks to the right"
    assert level_rotation(pitch_rad=0.1)[2, 2] > 0, "positive pitch looks up"
    assert level_rotation(roll_rad=0.1)[2, 0] < 0, "positive roll lowers the camera's right side"


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5))
def test_looking_along_a_direction_keeps_the_horizon_level(yaw: float, pitch: float) -> None:
    expected = level_rotation(yaw, pitch)
    torch.testing.assert_close(look_at_rotation(expected[:, 2]), expected, atol=1e-10, rtol=0)


def test_looking_straight_up_needs_another_up_direction() -> None:
    with pytest.raises(GeometryError, match="parallel"):
        look_at_rotation(torch.tensor([0.0, 0.0, 2.0]))


@given(quaternions)
def test_the_closest_rotation_to_a_slightly_wrong_one_is_a_rotation(wxyz: tuple[float, float, float, float]) -> None:
    rotation = rotation_from_quaternion(torch.tensor(wxyz, dtype=torch.float64))
    noise = 1e-3 * torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = closest_rotation(rotation + noise)
    torch.testing.assert_close(found @ found.mT, torch.eye(3).double(), atol=1e-12, rtol=0)
    assert torch.linalg.det(found) > 0
    assert rotation_angle(found.mT @ rotation) < 5e-3
    torch.testing.assert_close(closest_rotation(rotation), rotation, atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.__setitem__((1, 0, 0), math.nan), "NaN"),
        (lambda m: m.__setitem__((1, slice(0, 3), 0), -m[1, :3, 0]), "mirrors"),
        (lambda m: m[1, :3, :3].mul_(1.1), "scaled or sheared"),
        (lambda m: m.__setitem__((1, 3, 0), 5.0), "transposed"),
    ],
)
def test_matrices_that_are_no_rigid_motion_are_named(change, words: str) -> None:
    matrices = torch.eye(4).repeat(3, 1, 1)
    change(matrices)
    with pytest.raises(GeometryError, match=words) as caught:
        check_rigid(matrices)
    assert "matrix 1" in str(caught.value)


@pytest.mark.parametrize("focal", [0.0, -1.0, math.nan, math.inf])
def test_focal_lengths_must_be_positive(focal: float) -> None:
    with pytest.raises(GeometryError, match="focal length"):
        focal_px_from_mm(focal, 100)


def test_a_36_mm_lens_on_a_36_mm_sensor_sees_as_far_left_as_ahead() -> None:
    assert focal_px_from_mm(36.0, 100) == 100.0
