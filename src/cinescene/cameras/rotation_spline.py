"""A C¹ curve of rotations through given ones at given, unevenly spaced times.

Each piece is a spherical cubic Bézier curve (Shoemake, "Animating rotation with quaternion curves", 1985), built by de
Casteljau's scheme from great-circle arcs. Its derivative at an end is three times the arc to the inner control point,
so placing those by one angular velocity a key makes the whole curve C¹ for any spacing of the times. Reversing time
reverses the curve.
"""

from __future__ import annotations

from itertools import pairwise

import torch

from cinescene.cameras.transforms import quaternion_from_rotation, rotation_from_quaternion
from cinescene.tensor_types import Float, Tensor

VELOCITY_LIMIT = 1.4
"""Largest angular velocity at a key, as a multiple of the slower of the mean velocities beside it.

It keeps a turn about one axis from overshooting, a held rotation still, and, being below 3/2, the inner control points
of any piece (which turns by 180° at most) less than a full turn apart, so that their arc is well defined.
"""


class RotationCurve:
    """Rotations (world from camera) through keys; with one key, that rotation.

    ``fixed_velocities`` (radians a second in the camera's frame) overrules the velocity at keys where it is finite.
    """

    def __init__(
        self,
        times_s: Float[Tensor, "k"],
        rotations: Float[Tensor, "k 3 3"],
        fixed_velocities: Float[Tensor, "k 3"] | None = None,
    ) -> None:
        self._times = times_s
        self._keys = _one_hemisphere(quaternion_from_rotation(rotations))
        if len(rotations) == 1:
            return
        velocities = _key_velocities(times_s, self._keys)
        if fixed_velocities is not None:
            velocities = torch.where(torch.isfinite(fixed_velocities), fixed_velocities, velocities)
        third = times_s.diff()[:, None] / 3
        self._after = _multiply(self._keys[:-1], _exponential(velocities[:-1] * third))
        self._before = _multiply(self._keys[1:], _exponential(-velocities[1:] * third))

    def __call__(self, times_s: Float[Tensor, "t"]) -> Float[Tensor, "t 3 3"]:
        """Rotations at times within the span of the keys."""
        return rotation_from_quaternion(self.quaternions(times_s))

    def quaternions(self, times_s: Float[Tensor, "t"]) -> Float[Tensor, "t 4"]:
        """The same as unit quaternions (w, x, y, z) that change continuously."""
        if len(self._keys) == 1:
            return self._keys.expand(len(times_s), 4)
        left = (torch.searchsorted(self._times, times_s.detach(), right=True) - 1).clamp(0, len(self._times) - 2)
        u = ((times_s - self._times[left]) / (self._times[left + 1] - self._times[left])).clamp(0, 1)
        points = [self._keys[left], self._after[left], self._before[left], self._keys[left + 1]]
        while len(points) > 1:
            points = [_arc(a, b, u) for a, b in pairwise(points)]
        return torch.nn.functional.normalize(points[0], dim=-1)


def _key_velocities(times_s: Tensor, keys: Tensor) -> Tensor:
    """Angular velocity at each key in its own frame: that of the parabola through its neighbours, limited."""
    width = times_s.diff()[:, None]
    mean = _logarithm(_multiply(_conjugate(keys[:-1]), keys[1:])) / width
    if len(keys) == 2:
        return mean.expand(2, -1)
    before, after = mean[:-1], mean[1:]
    inner = (width[1:] * before + width[:-1] * after) / (width[:-1] + width[1:])
    inner = _limited(inner, torch.minimum(_length(before), _length(after)))
    first = _limited((3 * mean[:1] - inner[:1]) / 2, _length(mean[:1]))
    last = _limited((3 * mean[-1:] - inner[-1:]) / 2, _length(mean[-1:]))
    return torch.cat([first, inner, last])


def _limited(velocity: Tensor, reference: Tensor) -> Tensor:
    length = _length(velocity)
    limit = VELOCITY_LIMIT * reference
    return velocity * torch.where(length > limit, limit / length.clamp_min(1e-300), torch.ones_like(length))


def _length(vector: Tensor) -> Tensor:
    return torch.linalg.vector_norm(vector, dim=-1, keepdim=True)


def _one_hemisphere(quaternions: Tensor) -> Tensor:
    """Signs flipped so that each quaternion is the nearer one to its predecessor."""
    dots = (quaternions[1:] * quaternions[:-1]).sum(-1)
    signs = torch.where(dots < 0, -1.0, 1.0).to(quaternions).cumprod(0)
    return quaternions * torch.cat([signs.new_ones(1), signs])[:, None]


def _multiply(first: Tensor, second: Tensor) -> Tensor:
    w1, v1 = first[..., :1], first[..., 1:]
    w2, v2 = second[..., :1], second[..., 1:]
    scalar = w1 * w2 - (v1 * v2).sum(-1, keepdim=True)
    return torch.cat([scalar, w1 * v2 + w2 * v1 + torch.linalg.cross(v1, v2)], dim=-1)


def _conjugate(quaternion: Tensor) -> Tensor:
    return torch.cat([quaternion[..., :1], -quaternion[..., 1:]], dim=-1)


def _exponential(rotation_vector: Tensor) -> Tensor:
    half = rotation_vector / 2
    angle = _length(half)
    return torch.cat([torch.cos(angle), torch.sinc(angle / torch.pi) * half], dim=-1)


def _logarithm(quaternion: Tensor) -> Tensor:
    """Rotation vector of length up to 2π; beyond π for quaternions with w < 0."""
    length = _length(quaternion[..., 1:])
    safe = torch.where(length > 1e-150, length, torch.ones_like(length))
    angle = 2 * torch.atan2(length, quaternion[..., :1])
    return quaternion[..., 1:] * torch.where(length > 1e-150, angle / safe, 2 * torch.ones_like(length))


def _arc(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    turn = _logarithm(_multiply(_conjugate(first), second))
    return _multiply(first, _exponential(turn * share[:, None]))
