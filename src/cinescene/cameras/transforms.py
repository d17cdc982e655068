"""Rotations and rigid motions, with any batch shape, differentiable.

Quaternions are ``(w, x, y, z)``. Matrices multiply column vectors from the left.
"""

import math

import torch

from cinescene.errors import GeometryError
from cinescene.tensor_types import Float, Tensor

RIGID_TOLERANCE = 1e-3
"""Largest deviation of RᵀR from the identity that still counts as a rotation (files often hold six digits)."""


def check_rigid(matrix: Float[Tensor, "*b 4 4"], name: str = "world_from_camera") -> None:
    """Raise `GeometryError` unless every matrix is finite and a rotation plus a translation."""
    matrix = matrix.detach()
    finite = torch.isfinite(matrix).flatten(-2).all(-1)
    if not finite.all():
        raise GeometryError(f"{name}: expected finite numbers, but {_first_bad(finite)} holds NaN or infinity")
    rotation = matrix[..., :3, :3]
    bottom = matrix.new_tensor([0.0, 0.0, 0.0, 1.0])
    bottom_right = ((matrix[..., 3, :] - bottom).abs() <= RIGID_TOLERANCE).all(-1)
    if not bottom_right.all():
        raise GeometryError(
            f"{name}: expected a last row of (0 0 0 1), but {_first_bad(bottom_right)} has another; "
            "is the matrix transposed (row vectors)?"
        )
    with torch.autocast(matrix.device.type, enabled=False):
        product = rotation.mT @ rotation
    orthonormal = (product - torch.eye(3).to(matrix)).abs().flatten(-2).amax(-1) <= RIGID_TOLERANCE
    if not orthonormal.all():
        raise GeometryError(
            f"{name}: expected a rotation in the upper left 3×3, but {_first_bad(orthonormal)} is scaled or sheared"
        )
    right_handed = torch.linalg.det(rotation) > 0
    if not right_handed.all():
        raise GeometryError(
            f"{name}: expected a right-handed rotation (determinant +1), but {_first_bad(right_handed)} mirrors; "
            "convert it from its left-handed convention first"
        )


def _first_bad(good: Tensor) -> str:
    if good.ndim == 0:
        return "the matrix"
    index = tuple(int(i) for i in (~good).nonzero()[0])
    return f"matrix {index[0] if len(index) == 1 else index}"


def rigid(rotation: Float[Tensor, "*b 3 3"], translation: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 4 4"]:
    """The 4×4 matrix of ``x -> rotation @ x + translation``."""
    upper = torch.cat([rotation, translation[..., None]], dim=-1)
    bottom = upper.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*upper.shape[:-2], 1, 4)
    return torch.cat([upper, bottom], dim=-2)


def invert_rigid(matrix: Float[Tensor, "*b 4 4"]) -> Float[Tensor, "*b 4 4"]:
    """The inverse of a rigid motion, exact and without a linear solve."""
    rotation_inverse = matrix[..., :3, :3].mT
    return rigid(rotation_inverse, -(rotation_inverse @ matrix[..., :3, 3:])[..., 0])


def transform_points(matrix: Float[Tensor, "*b 4 4"], points: Float[Tensor, "*b n 3"]) -> Float[Tensor, "*b n 3"]:
    """Points moved by a rigid motion."""
    return points @ matrix[..., :3, :3].mT + matrix[..., None, :3, 3]


def normalize(vector: Float[Tensor, "*b k"], name: str = "vector") -> Float[Tensor, "*b k"]:
    """Unit vectors; raises `GeometryError` for a zero or non-finite one."""
    length = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    if not ((length.detach() > 1e-12) & torch.isfinite(length.detach())).all():
        raise GeometryError(f"{name}: expected a direction, but its length is zero or not finite")
    return vector / length


def rotation_about_axis(axis: Float[Tensor, "*#b 3"], angle_rad: Float[Tensor, "*#b"]) -> Float[Tensor, "*b 3 3"]:
    """Rodrigues' formula: right-handed rotation about ``axis`` (any length but zero)."""
    x, y, z = normalize(axis, "axis").unbind(-1)
    x, y, z, angle_rad = torch.broadcast_tensors(x, y, z, angle_rad)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    sine = torch.sin(angle_rad)[..., None, None]
    versine = (2 * torch.sin(angle_rad / 2) ** 2)[..., None, None]
    return torch.eye(3).to(cross) + sine * cross + versine * (cross @ cross)


def rotation_from_quaternion(quaternion: Float[Tensor, "*b 4"]) -> Float[Tensor, "*b 3 3"]:
    """Rotation of a quaternion ``(w, x, y, z)`` of any length but zero."""
    w, x, y, z = normalize(quaternion, "quaternion").unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def quaternion_from_rotation(rotation: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 4"]:
    """Unit quaternion ``(w, x, y, z)`` with w ≥ 0 of a rotation.

    Each row of the symmetric 4×4 matrix below is the quaternion times one of its own components; the row with the
    largest component is taken, so that nothing cancels.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (row.unbind(-1) for row in rotation.unbind(-2))
    candidates = torch.stack(
        [
            torch.stack([1 + xx + yy + zz, zy - yz, xz - zx, yx - xy], dim=-1),
            torch.stack([zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx], dim=-1),
            torch.stack([xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy], dim=-1),
            torch.stack([yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz], dim=-1),
        ],
        dim=-2,
    )
    best = candidates.diagonal(dim1=-2, dim2=-1).argmax(-1)
    index = best[..., None, None].expand(*best.shape, 1, 4)
    quaternion = torch.nn.functional.normalize(candidates.gather(-2, index)[..., 0, :], dim=-1)
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def rotation_angle(rotation: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b"]:
    """Angle of a rotation in [0, π] radians, accurate at both ends."""
    twice_sine_axis = torch.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        dim=-1,
    )
    trace = rotation.diagonal(dim1=-2, dim2=-1).sum(-1)
    return torch.atan2(torch.linalg.vector_norm(twice_sine_axis, dim=-1), trace - 1)


def closest_rotation(matrix: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 3 3"]:
    """The rotation nearest to a matrix in the Frobenius norm (orthogonal Procrustes with determinant +1)."""
    left, _, right = torch.linalg.svd(matrix)
    sign = torch.linalg.det(left @ right)
    scale = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], dim=-1)
    return left @ (scale[..., None] * right)


def look_at_rotation(
    forward: Float[Tensor, "*#b 3"], up: Float[Tensor, "*#b 3"] | None = None
) -> Float[Tensor, "*b 3 3"]:
    """Rotation (world from camera) of an OpenCV camera that looks along ``forward`` with its top towards ``up``.

    ``up`` is +z of the world by default. Raises `GeometryError` where the two are parallel.
    """
    up = forward.new_tensor([0.0, 0.0, 1.0]) if up is None else up
    forward, up = torch.broadcast_tensors(normalize(forward, "viewing direction"), normalize(up, "up direction"))
    right = torch.linalg.cross(forward, up)
    if (torch.linalg.vector_norm(right.detach(), dim=-1) < 1e-6).any():
        raise GeometryError("look-at: the viewing direction is parallel to the up direction; give another up direction")
    right = normalize(right)
    down = torch.linalg.cross(forward, right)
    return torch.stack([right, down, forward], dim=-1)


def level_rotation(yaw_rad: float = 0.0, pitch_rad: float = 0.0, roll_rad: float = 0.0) -> Float[Tensor, "3 3"]:
    """Rotation (world from camera) in a z-up world, float64.

    At zero the camera looks along world +y with +x to its right. Positive yaw turns it to the right (clockwise seen
    from above), positive pitch lifts its view, positive roll turns it clockwise seen from behind.
    """
    base = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]], dtype=torch.float64)
    axes = torch.eye(3, dtype=torch.float64)
    yaw = rotation_about_axis(axes[2], torch.tensor(-yaw_rad, dtype=torch.float64))
    pitch = rotation_about_axis(axes[0], torch.tensor(pitch_rad, dtype=torch.float64))
    roll = rotation_about_axis(axes[2], torch.tensor(roll_rad, dtype=torch.float64))
    return yaw @ base @ pitch @ roll


def focal_px_from_mm(focal_mm: float, width_px: int, sensor_width_mm: float = 36.0) -> float:
    """Focal length in pixels of a lens in millimetres on a sensor of the stated width."""
    if not (focal_mm > 0 and math.isfinite(focal_mm)):
        raise GeometryError(f"focal length: expected a positive number of millimetres, got {focal_mm}")
    if not (sensor_width_mm > 0 and math.isfinite(sensor_width_mm)):
        raise GeometryError(f"sensor width: expected a positive number of millimetres, got {sensor_width_mm}")
    return focal_mm / sensor_width_mm * width_px
