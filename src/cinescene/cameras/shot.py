"""`Shot`: moves one after another and at the same time, and the frames they make.

``sequence(together(Dolly(in_m=1.5), ...), Pan(right_deg=30), ...)`` or `cinescene.cameras.notation.parse_moves`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.easing import Easing, check_easing, eased
from cinescene.cameras.move_values import check_focal, check_length, number_text, target_text
from cinescene.cameras.moves import DollyZoom, Move, Zoom
from cinescene.cameras.rig import Clock, Rig, aimed_at, driven, level_angles_deg, level_pose
from cinescene.cameras.timing import check_duration, check_frame_count, check_frame_rate, frame_count, frame_times
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import check_rigid, closest_rotation
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

DEFAULT_STEP_S = 3.0
"""Duration of a step that states none, in a shot whose whole duration is not given either."""

DEFAULT_FOCAL_MM = 24.0
DEFAULT_FRAME_RATE = 24.0
LONGEST_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A move with its easing and, if stated, its own duration, in seconds or in frames."""

    move: Move
    duration_s: float | None = None
    duration_frames: int | None = None
    easing: Easing = "linear"

    def __post_init__(self) -> None:
        check_easing(self.easing)
        if self.easing == "hold":
            raise InputError("move: expected an easing that moves; a shot cannot jump")
        if self.duration_s is not None and self.duration_frames is not None:
            raise InputError("move: expected a duration in seconds or in frames, got both")
        if self.duration_s is not None and not 0 < self.duration_s <= LONGEST_S:
            raise InputError(f"move: expected a duration above 0 and up to {LONGEST_S:g} s, got {self.duration_s:g} s")
        if self.duration_frames is not None:
            check_frame_count(self.duration_frames)

    def stated_s(self, frame_rate: float) -> float | None:
        """The stated duration in seconds, or None."""
        return self.duration_s if self.duration_frames is None else self.duration_frames / frame_rate

    def text(self) -> str:
        """The move in the notation."""
        over = ""
        if self.duration_s is not None:
            over = f" over {number_text(self.duration_s)}s"
        if self.duration_frames is not None:
            over = f" over {self.duration_frames} frames"
        return self.move.text() + over + ("" if self.easing == "linear" else f" {self.easing}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Moves at the same time: their sum, as `cinescene.cameras.rig` defines it.

    The step lasts as long as its longest stated duration; a move that states none lasts as long as the step, and one
    that ends earlier stays where it ended.
    """

    moves: tuple[Timed, ...]

    def __post_init__(self) -> None:
        if not self.moves:
            raise InputError("step: expected at least one move, got none")

    def stated_s(self, frame_rate: float) -> float | None:
        """The longest stated duration, or None where no move states one."""
        return max((s for m in self.moves if (s := m.stated_s(frame_rate)) is not None), default=None)

    def text(self) -> str:
        """The step in the notation."""
        return "; ".join(move.text() for move in self.moves)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a shot begins; None where it does not say. Angles as in `level_rotation`, in degrees."""

    position_m: tuple[float, float, float] | None = None
    height_m: float | None = None
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None
    look_at_m: tuple[float, float, float] | None = None
    focal_mm: float | None = None

    def __post_init__(self) -> None:
        for value in (*(self.position_m or ()), *(self.look_at_m or ()), self.height_m or 0.0):
            check_length(value, "start")
        for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg):
            if angle is not None and not abs(angle) <= 360:
                raise InputError(f"start: expected an angle up to 360°, got {angle:g}°")
        if self.focal_mm is not None:
            check_focal(self.focal_mm, "start")
        if self.position_m is not None and self.height_m is not None:
            raise InputError("start: expected a position or a height, got both")
        if self.look_at_m is not None and (self.yaw_deg is not None or self.pitch_deg is not None):
            raise InputError("start: expected a point to look at or yaw and pitch, got both")

    def pose(self, given: Float[Tensor, "4 4"] | None) -> Float[Tensor, "4 4"]:
        """``world_from_camera``: what is stated here, the rest from ``given`` or level at the world's origin, to +y."""
        base = level_pose((0.0, 0.0, 0.0)) if given is None else given.detach().double().cpu().clone()
        if self.position_m is not None:
            base[:3, 3] = base.new_tensor(self.position_m)
        if self.height_m is not None:
            base[2, 3] = self.height_m
        if self.look_at_m is not None:
            target = base.new_tensor(self.look_at_m)
            base[:3, :3] = aimed_at(base[:3, 3], target, self.roll_deg or 0.0)
        elif (self.yaw_deg, self.pitch_deg, self.roll_deg) != (None, None, None):
            old = level_angles_deg(base[:3, :3])
            stated = (self.yaw_deg, self.pitch_deg, self.roll_deg)
            angles = [o if s is None else s for o, s in zip(old, stated, strict=True)]
            base[:3, :3] = level_pose((0.0, 0.0, 0.0), *angles)[:3, :3]
        return base

    def text(self) -> str:
        """The clause in the notation, without its semicolon; empty where nothing is stated."""
        items = [] if self.position_m is None else [f"at {target_text(self.position_m)}"]
        items += [] if self.height_m is None else [f"at {number_text(self.height_m)}m height"]
        for name in ("yaw", "pitch", "roll"):
            angle = getattr(self, f"{name}_deg")
            items += [] if angle is None else [f"{name} {number_text(angle)}deg"]
        items += [] if self.look_at_m is None else [f"looking at {target_text(self.look_at_m)}"]
        items += [] if self.focal_mm is None else [f"lens {number_text(self.focal_mm)}mm"]
        return "start " + " ".join(items) if items else ""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Steps one after another, each from where the one before it ended, and moves that last throughout.

    ``throughout`` is laid over the whole shot without a part in it: handheld unrest, for example.
    """

    steps: tuple[Step, ...]
    start: Start = Start()
    throughout: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputError("shot: expected at least one step, got none")

    def step_durations_s(self, total_s: float | None = None, frame_rate: float = DEFAULT_FRAME_RATE) -> list[float]:
        """Seconds that each step takes.

        Steps that state no duration share what the others leave of ``total_s``, equally, or take `DEFAULT_STEP_S`
        each where there is no total. Stated durations that miss the total by no more than one frame are stretched to
        it; where they leave more, the camera holds its last pose. Raises `InputError` where they take too long.
        """
        stated = [step.stated_s(frame_rate) for step in self.steps]
        known_s = sum(s for s in stated if s is not None)
        if total_s is None:
            return [DEFAULT_STEP_S if s is None else s for s in stated]
        open_steps = stated.count(None)
        frame_s = 1.0001 / frame_rate
        if open_steps and total_s - known_s < frame_s / 2:
            raise InputError(
                f"camera: the moves that state a duration take {known_s:.4g} s of the shot's {total_s:.4g} s and leave "
                "nothing for the others; shorten them or lengthen the shot"
            )
        if open_steps:
            return [(total_s - known_s) / open_steps if s is None else s for s in stated]
        if known_s > total_s + frame_s:
            raise InputError(
                f"camera: the moves take {known_s:.4g} s, but the shot lasts {total_s:.4g} s; shorten them, leave out "
                "a duration, or lengthen the shot"
            )
        stretch = total_s / known_s if abs(known_s - total_s) <= frame_s else 1.0
        return [s * stretch for s in stated if s is not None]

    def duration_s(self, frame_rate: float = DEFAULT_FRAME_RATE) -> float:
        """Seconds that the shot takes of itself."""
        return sum(self.step_durations_s(None, frame_rate))

    def track(
        self,
        *,
        frame_rate: float = DEFAULT_FRAME_RATE,
        width_px: int,
        height_px: int,
        frames: int | None = None,
        duration_s: float | None = None,
        start: Float[Tensor, "4 4"] | None = None,
        focal_mm: float | None = None,
        sensor_width_mm: float = 36.0,
    ) -> CameraTrack:
        """Every frame of the shot, float64; the first frame is the start and the last frame the end.

        The shot lasts ``duration_s``, or (frames − 1) / rate seconds, or as long as its moves take; see
        `cinescene.cameras.timing` for how many frames that is and `step_durations_s` for who gets the time. One frame
        shows the start. ``start`` (``world_from_camera``; level at the origin by default) and ``focal_mm`` (24 mm by
        default) hold as far as the shot itself states nothing else.
        """
        check_frame_rate(frame_rate)
        frames, total_s = self._extent(frame_rate, frames, duration_s)
        times_s = frame_times(sum(self.step_durations_s(None, frame_rate)) if total_s is None else total_s, frames)
        rig = self._rig_at(times_s, total_s, frame_rate, self.first_rig(start, focal_mm))
        focal_px = rig.focal_mm / _checked_sensor(sensor_width_mm) * width_px
        cameras = Cameras.from_focal_px(rig.world_from_camera, focal_px, width_px, height_px)
        return CameraTrack.from_cameras(cameras, frame_rate=float(frame_rate), metres_per_unit=1.0)

    def first_rig(self, start: Float[Tensor, "4 4"] | None = None, focal_mm: float | None = None) -> Rig:
        """The rig at the start: what the shot states, else what is given, else level at the origin with 24 mm."""
        if start is not None:
            check_rigid(start, "start")
        pose = self.start.pose(start)
        stated_mm = self.start.focal_mm if self.start.focal_mm is not None else self._first_zoom_mm()
        lens_mm = stated_mm if stated_mm is not None else (DEFAULT_FOCAL_MM if focal_mm is None else focal_mm)
        check_focal(lens_mm, "start")
        return Rig(
            position_m=pose[:3, 3],
            rotation=closest_rotation(pose[:3, :3]),
            focal_mm=torch.tensor(lens_mm, dtype=torch.float64),
        )

    def rig_at(
        self,
        times_s: Float[Tensor, "t"],
        *,
        total_s: float | None = None,
        frame_rate: float = DEFAULT_FRAME_RATE,
        start: Float[Tensor, "4 4"] | None = None,
        focal_mm: float | None = None,
    ) -> Rig:
        """The rig (t,) at any times from 0 on; it stays where it ended afterwards. Times need no order."""
        if not (torch.isfinite(times_s) & (times_s >= 0)).all():
            raise InputError("shot: expected times from 0 s on")
        return self._rig_at(times_s.double(), total_s, frame_rate, self.first_rig(start, focal_mm))

    def describe(
        self, *, frame_rate: float = DEFAULT_FRAME_RATE, frames: int | None = None, duration_s: float | None = None
    ) -> str:
        """The plan as it will be shot: one line a step with its times, for printing."""
        check_frame_rate(frame_rate)
        frames, total_s = self._extent(frame_rate, frames, duration_s)
        durations = self.step_durations_s(total_s, frame_rate)
        first = self.first_rig()
        x, y, z = (float(c) for c in first.position_m)
        yaw, pitch, _ = level_angles_deg(first.rotation)
        lines = [
            f"start: {x:.4g}, {y:.4g}, {z:.4g} m, yaw {yaw:.4g}°, pitch {pitch:.4g}°, {float(first.focal_mm):.4g} mm; "
            f"{frames} frames at {frame_rate:g} a second"
        ]
        begin = 0.0
        for step, length in zip(self.steps, durations, strict=True):
            lines.append(f"{begin:.2f}–{begin + length:.2f} s: {step.text()}")
            begin += length
        if total_s is not None and total_s > begin + 1e-9:
            lines.append(f"{begin:.2f}–{total_s:.2f} s: static")
        lines += [f"throughout: {move.text()}" for move in self.throughout]
        return "\n".join(lines)

    # ---- the steps in time ------------------------------------------------------------------------------------------

    def _extent(self, frame_rate: float, frames: int | None, duration_s: float | None) -> tuple[int, float | None]:
        """Number of frames, and the total duration if one is given."""
        if frames is not None and duration_s is not None:
            raise InputError("shot: expected a number of frames or a duration, got both")
        if frames is not None:
            return check_frame_count(frames), None if frames == 1 else (frames - 1) / frame_rate
        if duration_s is None:
            return frame_count(self.duration_s(frame_rate), frame_rate), None
        check_duration(duration_s)
        return frame_count(duration_s, frame_rate), duration_s or None

    def _first_zoom_mm(self) -> float | None:
        for step in self.steps:
            lenses = [m.move for m in step.moves if isinstance(m.move, Zoom | DollyZoom)]
            if lenses:
                return lenses[0].start_focal_mm if isinstance(lenses[0], Zoom) else None
        return None

    def _rig_at(self, times_s: Tensor, total_s: float | None, frame_rate: float, start: Rig) -> Rig:
        durations = self.step_durations_s(total_s, frame_rate)
        whole_s = sum(durations) if total_s is None else max(total_s, sum(durations))
        position, rotation = times_s.new_empty(len(times_s), 3), times_s.new_empty(len(times_s), 3, 3)
        focal, first, begin = torch.empty_like(times_s), start, 0.0
        for index, (step, length) in enumerate(zip(self.steps, durations, strict=True)):
            end = math.inf if index == len(durations) - 1 else begin + length
            here = (times_s >= begin) & (times_s < end)
            local_s = torch.cat([times_s[here] - begin, times_s.new_tensor([length])]).clamp(0, length)
            rigs = _step_rigs(step, first, local_s, length, frame_rate)
            position[here], rotation[here] = rigs.position_m[:-1], rigs.rotation[:-1]
            focal[here] = rigs.focal_mm[:-1]
            first, begin = rigs.at(-1), begin + length
        rig = Rig(position_m=position, rotation=rotation, focal_mm=focal)
        if not self.throughout:
            return rig
        clock = Clock(progress=times_s / whole_s, time_s=times_s.clamp(max=whole_s), duration_s=whole_s)
        return driven(rig, [move.drive(start, clock) for move in self.throughout])


def together(*moves: Move | Timed) -> Step:
    """The sum: moves at the same time."""
    return Step(moves=tuple(m if isinstance(m, Timed) else Timed(move=m) for m in moves))


def sequence(*parts: Move | Timed | Step | Shot) -> Shot:
    """Parts one after another. Only the first shot's start counts; what lasts throughout must be the same in all."""
    shots = [part if isinstance(part, Shot) else Shot(steps=(_as_step(part),)) for part in parts]
    if not shots:
        raise InputError("sequence: expected at least one part, got none")
    layers = {shot.throughout for shot in shots if shot.throughout}
    if len(layers) > 1:
        raise InputError("sequence: expected shots with the same moves throughout")
    steps = tuple(step for shot in shots for step in shot.steps)
    return dataclasses.replace(shots[0], steps=steps, throughout=layers.pop() if layers else ())


def timed(move: Move, duration_s: float | None = None, easing: Easing = "linear") -> Timed:
    """A move with a duration and an easing."""
    return Timed(move=move, duration_s=duration_s, easing=easing)


def _as_step(part: Move | Timed | Step) -> Step:
    return part if isinstance(part, Step) else together(part)


def _step_rigs(step: Step, first: Rig, local_s: Tensor, length_s: float, frame_rate: float) -> Rig:
    stated_s = step.stated_s(frame_rate)
    stretch = 1.0 if stated_s is None else length_s / stated_s
    drives = []
    for timed_move in step.moves:
        own_s = timed_move.stated_s(frame_rate)
        duration_s = length_s if own_s is None else own_s * stretch
        time_s = local_s.clamp(max=duration_s)
        progress = eased(timed_move.easing, time_s / duration_s)
        drives.append(timed_move.move.drive(first, Clock(progress=progress, time_s=time_s, duration_s=duration_s)))
    return driven(first.expand(len(local_s)), drives)


def _checked_sensor(sensor_width_mm: float) -> float:
    if not (sensor_width_mm > 0 and math.isfinite(sensor_width_mm)):
        raise InputError(f"sensor width: expected a positive number of millimetres, got {sensor_width_mm}")
    return sensor_width_mm
