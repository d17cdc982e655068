"""Where a camera on a path looks: free rotations and look-at targets, joined without a jerk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cinescene.cameras.rotation_spline import RotationCurve
from cinescene.cameras.spline import PositionCurve, PositionSpline
from cinescene.cameras.transforms import look_at_rotation
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

Target = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tracked:
    """Neighbouring keys ``first`` … ``last`` that all have a target, and the line along which it moves."""

    first: int
    last: int
    targets: PositionCurve


class OrientationCurve:
    """Rotations (world from camera) through the keys of a path.

    Between two keys with targets the camera looks exactly at the target as it moves. Elsewhere a `RotationCurve` runs
    from key to key; where it meets a tracked part it takes over that part's angular velocity.
    """

    def __init__(
        self,
        times_s: Float[Tensor, "k"],
        rotations: Float[Tensor, "k 3 3"],
        targets: Sequence[Target | None],
        positions: PositionCurve,
        spline: PositionSpline,
    ) -> None:
        self._times = times_s
        self._positions = positions
        self._runs = [
            _Tracked(first=i, last=j, targets=PositionCurve(times_s[i : j + 1], _points(targets[i : j + 1]), spline))
            for i, j in _target_runs(targets)
        ]
        rotations = rotations.clone()
        for index, target in enumerate(targets):
            if target is not None:
                here = times_s[index : index + 1]
                forward = _points([target]) - positions(here)[0]
                rotations[index] = _looking_along(forward, here)[0]
        self._free = RotationCurve(times_s, rotations, self._velocities_at_joins())

    def __call__(self, times_s: Float[Tensor, "t"]) -> Float[Tensor, "t 3 3"]:
        """Rotations at times within the span of the keys; raises `InputError` where a target is straight above."""
        rotations = self._free(times_s)
        for run in self._runs:
            tracked = (times_s >= self._times[run.first]) & (times_s <= self._times[run.last])
            if tracked.any():
                here = times_s[tracked]
                forward = run.targets(here)[0] - self._positions(here)[0]
                rotations[tracked] = _looking_along(forward, here)
        return rotations

    def _velocities_at_joins(self) -> Float[Tensor, "k 3"]:
        """Angular velocity in the camera's frame at the ends of each tracked run; NaN elsewhere."""
        velocities = torch.full((len(self._times), 3), torch.nan, dtype=torch.float64)
        for run in self._runs:
            ends = [run.first, run.last]
            target, target_velocity = run.targets(self._times[ends])
            position, velocity = self._positions(self._times[ends])
            velocities[ends] = _look_at_velocity(target - position, target_velocity - velocity, self._times[ends])
        return velocities


def _target_runs(targets: Sequence[Target | None]) -> list[tuple[int, int]]:
    runs = []
    start = 0
    for index in range(len(targets) + 1):
        if index == len(targets) or targets[index] is None:
            if index - start >= 2:
                runs.append((start, index - 1))
            start = index + 1
    return runs


def _points(targets: Sequence[Target | None]) -> Float[Tensor, "k 3"]:
    return torch.tensor([t for t in targets if t is not None], dtype=torch.float64)


def _looking_along(forward: Float[Tensor, "t 3"], times_s: Float[Tensor, "t"]) -> Float[Tensor, "t 3 3"]:
    level = torch.linalg.vector_norm(forward[:, :2], dim=-1)
    steep = level <= 1e-6 * torch.linalg.vector_norm(forward, dim=-1).clamp_min(1e-6)
    if steep.any():
        raise InputError(
            f"camera path: at {float(times_s[steep][0]):.4g} s the look-at point is straight above, straight below or "
            "at the camera, where no horizon can be kept; move the point or the path"
        )
    try:
        return look_at_rotation(forward)
    except GeometryError as error:
        raise InputError(f"camera path: {error}") from error


def _look_at_velocity(
    forward: Float[Tensor, "t 3"], rate: Float[Tensor, "t 3"], times_s: Float[Tensor, "t"]
) -> Float[Tensor, "t 3"]:
    """Angular velocity (camera frame) of the level look-at rotation along ``forward``, which changes at ``rate``.

    With R = [right, down, forward] the velocity is the vector of the skew matrix Rᵀ R'.
    """
    rotation = _looking_along(forward, times_s)
    right, down, axis = rotation.unbind(-1)
    axis_rate = _unit_rate(forward, axis, rate)
    across = torch.linalg.cross(axis, _up_like(axis))
    right_rate = _unit_rate(across, right, torch.linalg.cross(axis_rate, _up_like(axis)))
    return torch.stack(
        [-(down * axis_rate).sum(-1), (right * axis_rate).sum(-1), (down * right_rate).sum(-1)],
        dim=-1,
    )


def _up_like(vector: Tensor) -> Tensor:
    return vector.new_tensor([0.0, 0.0, 1.0]).expand_as(vector)


def _unit_rate(vector: Tensor, unit: Tensor, rate: Tensor) -> Tensor:
    """Derivative of ``vector / |vector|``."""
    return (rate - unit * (unit * rate).sum(-1, keepdim=True)) / torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
