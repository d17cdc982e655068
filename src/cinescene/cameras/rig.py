"""The rig that moves drive: rails, head, orbit, aim and lens, and how moves at the same time add up.

A step begins with the rig at rest in a start state. Each move of the step says at each instant how far it has driven
each part (a `Drive`); the parts add up over the moves, so that the order of moves does not matter, and are applied in a
fixed order:

1. Translations are along fixed axes of the world (rails laid when the step began) and simply add.
2. Orbits turn the rails, with the camera on them, about a vertical axis (azimuth) and about the horizontal axis across
   the start heading (elevation), both through a pivot. A dolly during an arc is thus a spiral towards the pivot.
3. An aim corrects the heading and tilt that the orbits gave so that a point stays where it is in the picture, or comes
   to its centre. The horizon stays as it was.
4. Pan turns the head about the vertical through the camera, tilt and roll about the camera's own axes, on top.
5. Zooms multiply.

R = Rz(azimuth − pan) · R_right(elevation) · R_start · Rx(tilt) · Rz(roll).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cinescene.cameras.transforms import level_rotation, look_at_rotation, rigid, rotation_about_axis
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Rig:
    """A camera on its support: optical centre, rotation (world from camera, OpenCV axes, z-up world) and lens."""

    position_m: Float[Tensor, "*b 3"]
    rotation: Float[Tensor, "*b 3 3"]
    focal_mm: Float[Tensor, "*b"]

    @property
    def world_from_camera(self) -> Float[Tensor, "*b 4 4"]:
        return rigid(self.rotation, self.position_m)

    def expand(self, count: int) -> Rig:
        """A single rig ``count`` times over."""
        return Rig(
            position_m=self.position_m.expand(count, 3),
            rotation=self.rotation.expand(count, 3, 3),
            focal_mm=self.focal_mm.expand(count),
        )

    def at(self, index: int) -> Rig:
        """One rig of a batch."""
        return Rig(position_m=self.position_m[index], rotation=self.rotation[index], focal_mm=self.focal_mm[index])


@dataclass(frozen=True, kw_only=True, eq=False)
class Clock:
    """Instants of a move: eased ``progress`` in [0, 1], and seconds since it began."""

    progress: Float[Tensor, "t"]
    time_s: Float[Tensor, "t"]
    duration_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Orbit:
    """Turns about a pivot: azimuth counter-clockwise seen from above, elevation positive where the view rises."""

    pivot_m: Float[Tensor, "3"]
    azimuth_rad: Float[Tensor, "t"]
    elevation_rad: Float[Tensor, "t"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """A point to keep in the picture.

    ``framing`` is 1 where the point keeps the offset from the picture's centre that it had at the start, 0 where it is
    in the centre. ``implied`` aims (those of arcs) give way to stated ones.
    """

    target_m: Float[Tensor, "3"]
    framing: Float[Tensor, "t"]
    implied: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """How far one move has driven each part of the rig at each instant; None where it leaves the part alone.

    Pan is positive to the right, tilt upwards, roll clockwise seen from behind; ``zoom_log`` is the logarithm of the
    factor on the focal length.
    """

    translation_m: Float[Tensor, "t 3"] | None = None
    orbit: Orbit | None = None
    aim: Aim | None = None
    pan_rad: Float[Tensor, "t"] | None = None
    tilt_rad: Float[Tensor, "t"] | None = None
    roll_rad: Float[Tensor, "t"] | None = None
    zoom_log: Float[Tensor, "t"] | None = None


def heading(rotation: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 3"]:
    """The horizontal unit direction that a camera faces: where its rails run.

    A camera that looks straight down faces where the top of its picture is, one that looks straight up where the bottom
    is: the way it would face if it were tilted back to the level.
    """
    forward, down = rotation[..., 2], rotation[..., 1]
    flat = torch.linalg.vector_norm(forward[..., :2], dim=-1, keepdim=True)
    instead = torch.where(forward[..., 2:] > 0, down, -down)
    chosen = torch.where(flat > 1e-6, forward, instead) * forward.new_tensor([1.0, 1.0, 0.0])
    return chosen / torch.linalg.vector_norm(chosen, dim=-1, keepdim=True)


def to_the_right(direction: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 3"]:
    """A horizontal direction turned by 90° clockwise seen from above."""
    x, y, _ = direction.unbind(-1)
    return torch.stack([y, -x, torch.zeros_like(x)], dim=-1)


def driven(start: Rig, drives: Sequence[Drive]) -> Rig:
    """The rig (t,) after all drives from a start state (t,); see the module's text for how they add up.

    Raises `InputError` where two stated aims differ or where the camera runs into the point that it looks at.
    """
    right = to_the_right(heading(start.rotation))
    orbits = [d.orbit for d in drives if d.orbit is not None]
    position = start.position_m + sum(d.translation_m for d in drives if d.translation_m is not None)
    position, azimuth, elevation = _orbited(position, right, orbits)
    aim = _the_aim([d.aim for d in drives if d.aim is not None])
    if aim is not None:
        more_azimuth, more_elevation = _aimed(start, aim, position, right, azimuth, elevation)
        azimuth, elevation = azimuth + more_azimuth, elevation + more_elevation
    rotation = rotation_about_axis(right, elevation) @ start.rotation
    rotation = rotation_about_axis(_up(right), azimuth - _total(drives, "pan_rad", azimuth)) @ rotation
    rotation = rotation @ rotation_about_axis(right.new_tensor([1.0, 0.0, 0.0]), _total(drives, "tilt_rad", azimuth))
    rotation = rotation @ rotation_about_axis(right.new_tensor([0.0, 0.0, 1.0]), _total(drives, "roll_rad", azimuth))
    focal = start.focal_mm * _total(drives, "zoom_log", azimuth).exp()
    return Rig(position_m=position, rotation=rotation, focal_mm=focal)


def level_pose(
    position_m: Sequence[float], yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0
) -> Float[Tensor, "4 4"]:
    """``world_from_camera`` of a camera by its position and the angles of `level_rotation`, in degrees, float64."""
    rotation = level_rotation(math.radians(yaw_deg), math.radians(pitch_deg), math.radians(roll_deg))
    return rigid(rotation, torch.tensor([float(c) for c in position_m], dtype=torch.float64))


def level_angles_deg(rotation: Float[Tensor, "3 3"]) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a rotation, in degrees; the inverse of `level_rotation` for pitch in [−90°, 90°]."""
    ahead, forward = heading(rotation), rotation[:, 2]
    yaw = math.atan2(float(ahead[0]), float(ahead[1]))
    pitch = math.atan2(float(forward[2]), float(forward @ ahead))
    rolled = level_rotation(yaw, pitch).to(rotation).mT @ rotation
    roll = math.atan2(float(rolled[1, 0]), float(rolled[0, 0]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def aimed_at(position_m: Float[Tensor, "3"], target_m: Float[Tensor, "3"], roll_deg: float) -> Float[Tensor, "3 3"]:
    """Rotation of a camera that looks at a point; raises `InputError` where that is straight above, below or here."""
    forward = target_m - position_m
    if float(forward[:2].norm()) <= 1e-6 * max(1.0, float(forward.norm())):
        raise InputError("camera: the point to look at is straight above, straight below or at the camera")
    return look_at_rotation(forward) @ rotation_about_axis(
        forward.new_tensor([0.0, 0.0, 1.0]), forward.new_tensor(math.radians(roll_deg))
    )


def _total(drives: Sequence[Drive], part: str, like: Tensor) -> Tensor:
    return sum((getattr(d, part) for d in drives if getattr(d, part) is not None), torch.zeros_like(like))


def _up(like: Tensor) -> Tensor:
    return like.new_tensor([0.0, 0.0, 1.0])


def _turned(vector: Tensor, axis: Tensor, angle_rad: Tensor) -> Tensor:
    return (rotation_about_axis(axis, angle_rad) @ vector[..., None])[..., 0]


def _orbited(position: Tensor, right: Tensor, orbits: Sequence[Orbit]) -> tuple[Tensor, Tensor, Tensor]:
    azimuth = elevation = torch.zeros_like(position[..., 0])
    for orbit in orbits:
        position = orbit.pivot_m + _turned(position - orbit.pivot_m, right, orbit.elevation_rad)
        elevation = elevation + orbit.elevation_rad
    for orbit in orbits:
        position = orbit.pivot_m + _turned(position - orbit.pivot_m, _up(right), orbit.azimuth_rad)
        azimuth = azimuth + orbit.azimuth_rad
    return position, azimuth, elevation


def _the_aim(aims: Sequence[Aim]) -> Aim | None:
    stated = [aim for aim in aims if not aim.implied]
    if any(not torch.allclose(aim.target_m, stated[0].target_m, rtol=0, atol=1e-9) for aim in stated):
        raise InputError("camera: two moves at the same time look at different points; keep one of the two")
    return stated[0] if stated else (aims[-1] if aims else None)


def _aimed(
    start: Rig, aim: Aim, position: Tensor, right: Tensor, azimuth: Tensor, elevation: Tensor
) -> tuple[Tensor, Tensor]:
    """What azimuth and elevation to add to those of the orbits."""
    at_start, now = aim.target_m - start.position_m, aim.target_m - position
    if (torch.linalg.vector_norm(torch.stack([at_start, now]), dim=-1) < 1e-6).any():
        raise InputError("camera: the camera runs into the point that it looks at; keep some distance")
    carried = _turned(_turned(at_start, right, elevation), _up(right), azimuth)
    moved = torch.linalg.vector_norm(now - carried, dim=-1) > 1e-12 * torch.linalg.vector_norm(now, dim=-1)
    past_the_pole = torch.cos(elevation + _elevation(at_start)) < 0
    rise = _elevation(now) - _elevation(carried)
    turn = torch.where(moved, _azimuth_between(carried, now), torch.zeros_like(azimuth))
    rise = torch.where(moved, torch.where(past_the_pole, -rise, rise), torch.zeros_like(azimuth))
    ahead, forward = heading(start.rotation), start.rotation[..., 2]
    offset_elevation = torch.atan2(forward[..., 2], (forward * ahead).sum(-1)) - _elevation(at_start)
    centring = 1 - aim.framing
    return (
        turn - centring * _azimuth_between(at_start, ahead),
        rise - centring * offset_elevation,
    )


def _elevation(vector: Tensor) -> Tensor:
    return torch.atan2(vector[..., 2], torch.linalg.vector_norm(vector[..., :2], dim=-1))


def _azimuth_between(first: Tensor, second: Tensor) -> Tensor:
    """Angle from one direction to the other, counter-clockwise seen from above, in (−π, π]."""
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return torch.atan2(cross, first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1])
