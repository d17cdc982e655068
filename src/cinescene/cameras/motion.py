"""How a camera track moves, in the numbers that a director or an operator would ask for."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import torch

from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import quaternion_from_rotation
from cinescene.errors import InputError
from cinescene.tensor_types import Bool, Float, Tensor

JumpKind = Literal["position", "rotation", "lens", "speed", "turning speed", "zooming speed"]

WINDOW = 4
"""Frames on each side that a change is compared with."""

OUTLIER = 5.0
"""A change of velocity is out of line where it is this many times the median of its neighbours."""

ROUNDING = 1e-6
LEAST_STEP_M = 0.03
LEAST_STEP_SHARE = 0.01
LEAST_TURN_DEG = 1.0
LEAST_LENS_FACTOR = 1.03
LEAST_SPEED_CHANGE_M_S = 0.25
LEAST_SPEED_CHANGE_SHARE = 0.1
LEAST_TURNING_CHANGE_DEG_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A change out of line with the frames around it.

    ``frame`` is the first frame after it, counted from 0. By ``kind``, ``amount`` is in metres (or scene units), in
    degrees, a factor on the focal length, in metres a second or in degrees a second. A jump of position, rotation or
    lens is a cut or a fault; one of speed is an abrupt start, stop or turn, which an easing would soften.
    """

    frame: int
    kind: JumpKind
    amount: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MotionReport:
    """Finite differences of a track of ``t`` frames; see `motion_report`.

    ``unit`` is ``m`` where the track states its scale (numbers are then metres), else ``units`` of the scene. Speeds
    and jerk belong to intervals between frames, accelerations to frames that have a neighbour on each side.
    ``height_m`` is the world's z.
    """

    times_s: Float[Tensor, "t"]
    speed_m_s: Float[Tensor, "intervals"]
    acceleration_m_s2: Float[Tensor, "inner"]
    jerk_m_s3: Float[Tensor, "inner_intervals"]
    angular_speed_deg_s: Float[Tensor, "intervals"]
    height_m: Float[Tensor, "t"]
    focal_mm: Float[Tensor, "t"] | None
    length_m: float
    turned_deg: float
    jumps: tuple[Jump, ...]
    unit: Literal["m", "units"]

    @property
    def duration_s(self) -> float:
        return float(self.times_s[-1] - self.times_s[0])

    def text(self) -> str:
        """One paragraph."""
        frames = len(self.times_s)
        if frames == 1:
            return "One frame: a still."
        unit = self.unit
        sentences = [f"{frames} frames, {self.duration_s:.2f} s."]
        if self.length_m > 1e-6:
            sentences.append(
                f"The camera travels {self.length_m:.2f} {unit} at up to {_peak(self.speed_m_s, f'{unit}/s', 1)}, with "
                f"accelerations up to {_peak(self.acceleration_m_s2, f'{unit}/s²', 1)} and jerk up to "
                f"{_peak(self.jerk_m_s3, f'{unit}/s³', 2)}, at z = {_range(self.height_m)} {unit}."
            )
        else:
            sentences.append("The camera does not travel.")
        if self.turned_deg > 1e-4:
            sentences.append(
                f"It turns by {self.turned_deg:.1f}° in all, at up to {_peak(self.angular_speed_deg_s, '°/s', 1)}."
            )
        if self.focal_mm is not None:
            low, high = (f"{float(v):.4g}" for v in (self.focal_mm.min(), self.focal_mm.max()))
            sentences.append(f"Lens {low} mm." if low == high else f"Lens {low} to {high} mm.")
        return " ".join(sentences + _jump_texts(self.jumps, unit))


def motion_report(track: CameraTrack, default_frame_rate: float = 24.0, sensor_width_mm: float = 36.0) -> MotionReport:
    """Speeds, accelerations, jerk, turning and jumps of a track.

    ``default_frame_rate`` is for tracks that state neither times nor a rate. Raises `InputError` where times do not
    increase.
    """
    times = track.frame_times_s(default_frame_rate).double()
    if not (times.diff() > 0).all():
        raise InputError("motion: expected times that increase from frame to frame")
    scale = track.metres_per_unit or 1.0
    position = track.world_from_camera[:, :3, 3].double() * scale
    rotation = track.world_from_camera[:, :3, :3].double()
    width = times.diff()
    velocity, middles = _rate(position, times)
    acceleration, inner = _rate(velocity, middles)
    jerk, _ = _rate(acceleration, inner)
    turns = torch.rad2deg(_rotation_vectors(rotation[1:] @ rotation[:-1].mT))
    focal = None if track.intrinsics_px is None else track.cameras().focal_mm(sensor_width_mm).double()
    return MotionReport(
        times_s=times,
        speed_m_s=_norm(velocity),
        acceleration_m_s2=_norm(acceleration),
        jerk_m_s3=_norm(jerk),
        angular_speed_deg_s=_norm(turns) / width,
        height_m=position[:, 2],
        focal_mm=focal,
        length_m=float(_norm(position.diff(dim=0)).sum()),
        turned_deg=float(_norm(turns).sum()),
        jumps=_jumps(position, turns, focal, times),
        unit="units" if track.metres_per_unit is None else "m",
    )


def _rate(values: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Divided differences, and the times in the middle that they belong to."""
    if len(times) < 2:
        return values[:0], times[:0]
    return values.diff(dim=0) / times.diff()[:, None], (times[1:] + times[:-1]) / 2


def _norm(vectors: Tensor) -> Tensor:
    return torch.linalg.vector_norm(vectors, dim=-1)


def _rotation_vectors(rotations: Float[Tensor, "n 3 3"]) -> Float[Tensor, "n 3"]:
    quaternion = quaternion_from_rotation(rotations)
    axis = quaternion[:, 1:]
    length = _norm(axis)
    angle = 2 * torch.atan2(length, quaternion[:, 0])
    return axis * (angle / length.clamp_min(1e-300))[:, None]


def _jumps(position: Tensor, turns: Tensor, focal_mm: Tensor | None, times: Tensor) -> tuple[Jump, ...]:
    if len(times) < 4:
        return ()
    steps = position.diff(dim=0)
    extent = float(_norm(position.amax(0) - position.amin(0)))
    usual_m_s = float((_norm(steps) / times.diff()).quantile(0.9))
    least_step = max(LEAST_STEP_M, LEAST_STEP_SHARE * extent)
    least_change = max(LEAST_SPEED_CHANGE_M_S, LEAST_SPEED_CHANGE_SHARE * usual_m_s)
    found = _breaks(steps, times, ("position", "speed"), (least_step, least_change))
    found += _breaks(turns, times, ("rotation", "turning speed"), (LEAST_TURN_DEG, LEAST_TURNING_CHANGE_DEG_S))
    if focal_mm is not None:
        logarithms = focal_mm.log().diff()[:, None]
        for jump in _breaks(logarithms, times, ("lens", "zooming speed"), (math.log(LEAST_LENS_FACTOR), math.inf)):
            factor = float(logarithms[jump.frame - 1].exp())
            found.append(dataclasses.replace(jump, amount=factor))
    return tuple(sorted(found, key=lambda jump: jump.frame))


def _breaks(
    steps: Float[Tensor, "n d"],
    times: Float[Tensor, "n+1"],
    kinds: tuple[JumpKind, JumpKind],
    least: tuple[float, float],
) -> list[Jump]:
    """Jumps and jolts of a quantity by its steps from frame to frame; of each ``least`` counts.

    A step out of line changes the velocity there and back within a few frames, a jolt changes it for good.
    """
    if len(steps) < 3:
        return []
    velocity = steps / times.diff()[:, None]
    changes = velocity.diff(dim=0)
    found: list[Jump] = []
    for first, last in _runs(_outliers(_norm(changes))):
        before, after = velocity[first], velocity[last + 1]
        there_and_back = 2 * _norm(after - before) < _norm(changes[first : last + 1]).sum()
        at_start = first == last == 0 and _norm(before) > OUTLIER * _norm(after)
        at_end = first == last == len(changes) - 1 and _norm(after) > OUTLIER * _norm(before)
        if there_and_back or at_start or at_end:
            interval = first if at_start else first + 1
            amount = float(_norm(steps[interval] - (after if at_start else before) * times.diff()[interval]))
            jump = Jump(frame=interval + 1, kind=kinds[0], amount=amount)
        else:
            jump = Jump(frame=first + 1, kind=kinds[1], amount=float(_norm(after - before)))
        if jump.amount > least[kinds.index(jump.kind)]:
            found.append(jump)
    return found


def _outliers(values: Float[Tensor, "n"]) -> Bool[Tensor, "n"]:
    """Values beyond `OUTLIER` times the median of up to `WINDOW` neighbours on each side, rounding errors aside."""
    marks = torch.zeros_like(values, dtype=torch.bool)
    least = ROUNDING * float(values.max())
    for index in range(len(values)):
        around = torch.cat([values[max(0, index - WINDOW) : index], values[index + 1 : index + 1 + WINDOW]])
        marks[index] = len(around) > 1 and values[index] > max(least, OUTLIER * float(around.quantile(0.5)))
    return marks


def _runs(marks: Bool[Tensor, "n"]) -> list[tuple[int, int]]:
    """First and last index of each stretch of marks."""
    edges = torch.cat([marks.new_zeros(1), marks, marks.new_zeros(1)]).int().diff()
    starts, stops = (edges == 1).nonzero()[:, 0], (edges == -1).nonzero()[:, 0]
    return [(int(i), int(j) - 1) for i, j in zip(starts, stops, strict=True)]


def _peak(values: Tensor, unit: str, first_frame: int) -> str:
    highest = float(values.max()) if len(values) else 0.0
    if highest < ROUNDING:
        return f"0 {unit}"
    frame = int((values >= highest * (1 - 1e-6)).nonzero()[0, 0]) + first_frame
    return f"{highest:.3g} {unit} (frame {frame})"


def _range(values: Tensor) -> str:
    low, high = (round(float(v), 2) + 0.0 for v in (values.min(), values.max()))
    return f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"


def _jump_texts(jumps: tuple[Jump, ...], unit: str) -> list[str]:
    what = {
        "position": f"the camera is off by {{:.2f}} {unit}",
        "rotation": "the view is off by {:.1f}°",
        "lens": "the focal length changes {:.2f}-fold",
    }
    cuts = [jump for jump in jumps if jump.kind in what]
    texts = [f"JUMP at frame {j.frame}: {what[j.kind].format(j.amount)} from one frame to the next." for j in cuts[:6]]
    texts += [f"{len(cuts) - 6} more jumps."] if len(cuts) > 6 else []
    for kind in ("speed", "turning speed"):
        frames = [str(jump.frame) for jump in jumps if jump.kind == kind]
        if frames:
            shown = ", ".join(frames[:6]) + (" and more" if len(frames) > 6 else "")
            texts.append(f"The {kind} changes abruptly at frame {shown}; an easing would soften it.")
    return texts
