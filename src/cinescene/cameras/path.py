"""`CameraPath`: a few keyframes become every frame of a shot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import torch

from cinescene.cameras.arc_length import evenly_spread_times, segment_lengths
from cinescene.cameras.camera import Cameras
from cinescene.cameras.easing import Easing, check_easing, eased
from cinescene.cameras.orientation import OrientationCurve
from cinescene.cameras.spline import PositionCurve, PositionSpline, check_position_spline, hermite, monotone_slopes
from cinescene.cameras.timing import check_frame_count, check_frame_rate, frame_count
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import check_rigid, closest_rotation, rigid
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

Spacing = Literal["time", "constant-speed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Keyframe:
    """Where the camera is at one time.

    ``world_from_camera``
        OpenCV camera to world (z up, metres); rigid.
    ``focal_mm``
        Lens on a sensor of the path's ``sensor_width_mm``.
    ``look_at_m``
        A point that the camera is turned to, horizon level; the rotation of ``world_from_camera`` then does not count.
    ``easing``
        How time runs through the segment from this keyframe to the next one; without effect on the last.

    Raises `InputError` for a time or lens that cannot be, `GeometryError` for a matrix that is not rigid.
    """

    time_s: float
    world_from_camera: Float[Tensor, "4 4"]
    focal_mm: float = 24.0
    look_at_m: tuple[float, float, float] | None = None
    easing: Easing = "linear"

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise InputError(f"keyframe: expected a time in seconds, got {self.time_s}")
        if not (self.focal_mm > 0 and math.isfinite(self.focal_mm)):
            raise InputError(f"keyframe at {self.time_s:g} s: expected a focal length above 0 mm, got {self.focal_mm}")
        if self.look_at_m is not None and not all(math.isfinite(c) for c in self.look_at_m):
            raise InputError(f"keyframe at {self.time_s:g} s: expected a finite look-at point, got {self.look_at_m}")
        check_easing(self.easing)
        check_rigid(self.world_from_camera, f"keyframe at {self.time_s:g} s")


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraPath:
    """Keyframes in the order of their times, and how the camera goes from one to the next.

    Positions follow ``position_spline`` (see `PositionCurve`), rotations a C¹ spherical Bézier curve, and the logarithm
    of the focal length a monotone C¹ curve, all through the keys at their times. Between two keyframes that both have
    a look-at point, the point itself moves along the position spline and the camera looks exactly at it, the horizon
    level. With ``linear`` easing everywhere, position, rotation and lens are C¹ in time; ``ease`` brings the camera to
    rest at a segment's ends.

    One keyframe is a still, whose duration has to be stated when it is made into frames. Raises `InputError` for no
    keyframe and for times that do not increase.
    """

    keyframes: tuple[Keyframe, ...]
    position_spline: PositionSpline = "catmull-rom"
    sensor_width_mm: float = 36.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "keyframes", tuple(self.keyframes))
        if not self.keyframes:
            raise InputError("camera path: expected at least one keyframe, got none")
        for index, (before, after) in enumerate(zip(self.keyframes[:-1], self.keyframes[1:], strict=True)):
            if not after.time_s > before.time_s:
                raise InputError(
                    f"camera path: expected times that increase, but keyframe {index + 1} is at {after.time_s:g} s "
                    f"and keyframe {index} before it at {before.time_s:g} s"
                )
        check_position_spline(self.position_spline)
        if not (self.sensor_width_mm > 0 and math.isfinite(self.sensor_width_mm)):
            raise InputError(f"camera path: expected a sensor width above 0 mm, got {self.sensor_width_mm}")

    # ---- reading ----------------------------------------------------------------------------------------------------

    @property
    def start_s(self) -> float:
        return self.keyframes[0].time_s

    @property
    def duration_s(self) -> float:
        """Seconds from the first keyframe to the last; 0 for a still."""
        return self.keyframes[-1].time_s - self.keyframes[0].time_s

    @property
    def length_m(self) -> float:
        """Length of the line that the camera draws."""
        return float(segment_lengths(self._speed, self._times).sum()) if len(self.keyframes) > 1 else 0.0

    def cameras_at(self, times_s: Float[Tensor, "t"], *, width_px: int, height_px: int) -> Cameras:
        """Cameras (t,) at the times of the keyframes' clock, float64; a still is the same at any time.

        Raises `InputError` for times outside the path's span or not finite.
        """
        times_s = times_s.double()
        if len(self.keyframes) > 1:
            self._check_span(times_s)
        return self._cameras_at_clock(self._clock(times_s), width_px, height_px)

    def track(
        self,
        *,
        frame_rate: float,
        width_px: int,
        height_px: int,
        frames: int | None = None,
        duration_s: float | None = None,
        spacing: Spacing = "time",
    ) -> CameraTrack:
        """Every frame of the shot; the first frame is the first keyframe and the last frame the last one.

        The path keeps its own duration unless ``duration_s`` or a number of ``frames`` stretches it (see
        `cinescene.cameras.timing` for how many frames a duration has). ``constant-speed`` spreads the frames evenly
        along the line that the camera draws, whatever the keyframes' times and easings.

        Raises `InputError` where a still has no stated length, or where constant speed cannot be: on a path that
        stands still for a segment.
        """
        check_frame_rate(frame_rate)
        if frames is not None and duration_s is not None:
            raise InputError("camera path: expected a number of frames or a duration, got both")
        if len(self.keyframes) == 1 and frames is None and duration_s is None:
            raise InputError("camera path: one keyframe is a still; state its duration or number of frames")
        if frames is None:
            frames = frame_count(self.duration_s if duration_s is None else duration_s, frame_rate)
        cameras = self._cameras_at_clock(self._frame_clock(check_frame_count(frames), spacing), width_px, height_px)
        return CameraTrack.from_cameras(cameras, frame_rate=float(frame_rate), metres_per_unit=1.0)

    def reversed(self) -> CameraPath:
        """The same path run backwards, from the same first time (easings are mirrored; ``hold`` keeps its segment)."""
        mirrored: dict[Easing, Easing] = {"ease-in": "ease-out", "ease-out": "ease-in"}
        easings = [mirrored.get(k.easing, k.easing) for k in self.keyframes[-2::-1]] + [self.keyframes[-1].easing]
        keys = tuple(
            Keyframe(
                time_s=self.start_s + (self.keyframes[-1].time_s - key.time_s),
                world_from_camera=key.world_from_camera,
                focal_mm=key.focal_mm,
                look_at_m=key.look_at_m,
                easing=easing,
            )
            for key, easing in zip(self.keyframes[::-1], easings, strict=True)
        )
        return CameraPath(keyframes=keys, position_spline=self.position_spline, sensor_width_mm=self.sensor_width_mm)

    @classmethod
    def from_track(cls, track: CameraTrack, every: int = 1, sensor_width_mm: float = 36.0) -> CameraPath:
        """Keyframes from every n-th frame of a track and its last one; the track must hold its lens."""
        if every < 1:
            raise InputError(f"camera path: expected every 1st, 2nd, … frame of a track, got every {every}")
        focal = track.cameras().focal_mm(sensor_width_mm)
        times = track.frame_times_s()
        indices = sorted({*range(0, len(track), every), len(track) - 1})
        keys = tuple(
            Keyframe(time_s=float(times[i]), world_from_camera=track.world_from_camera[i], focal_mm=float(focal[i]))
            for i in indices
        )
        return cls(keyframes=keys, sensor_width_mm=sensor_width_mm)

    # ---- files ------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The path as versioned JSON of kind ``cinescene.camera-path``; see `cinescene.cameras.path_json`."""
        from cinescene.cameras.path_json import path_to_json

        return path_to_json(self)

    @classmethod
    def from_json(cls, text: str) -> CameraPath:
        """The path that `to_json` wrote or that a person did; raises `InputError` naming the entry that is wrong."""
        from cinescene.cameras.path_json import path_from_json

        return path_from_json(text)

    def save(self, path: str | Path) -> None:
        """Writes `to_json` to a file."""
        from cinescene.files import written_whole

        with written_whole(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> CameraPath:
        """Reads a file that `save` wrote; raises `InputError` naming the file."""
        from cinescene.cameras.path_json import load_path

        return load_path(path)

    # ---- curves -----------------------------------------------------------------------------------------------------

    @cached_property
    def _times(self) -> Float[Tensor, "k"]:
        return torch.tensor([k.time_s for k in self.keyframes], dtype=torch.float64)

    @cached_property
    def _matrices(self) -> Float[Tensor, "k 4 4"]:
        return torch.stack([k.world_from_camera.detach().double().cpu() for k in self.keyframes])

    @cached_property
    def _positions(self) -> PositionCurve:
        return PositionCurve(self._times, self._matrices[:, :3, 3], self.position_spline)

    @cached_property
    def _orientations(self) -> OrientationCurve:
        rotations = closest_rotation(self._matrices[:, :3, :3])
        targets = [k.look_at_m for k in self.keyframes]
        return OrientationCurve(self._times, rotations, targets, self._positions, self.position_spline)

    def _speed(self, clock_s: Float[Tensor, "t"]) -> Float[Tensor, "t"]:
        return torch.linalg.vector_norm(self._positions(clock_s)[1], dim=-1)

    def _focal_mm(self, clock_s: Float[Tensor, "t"]) -> Float[Tensor, "t"]:
        logarithms = torch.tensor([math.log(k.focal_mm) for k in self.keyframes], dtype=torch.float64)[:, None]
        if len(self.keyframes) == 1:
            return logarithms.exp().expand(len(clock_s), 1)[:, 0]
        slopes = monotone_slopes(self._times, logarithms)
        return hermite(clock_s, self._times, logarithms, slopes)[0][:, 0].exp()

    def _cameras_at_clock(self, clock_s: Float[Tensor, "t"], width_px: int, height_px: int) -> Cameras:
        world_from_camera = rigid(self._orientations(clock_s), self._positions(clock_s)[0])
        focal_px = self._focal_mm(clock_s) / self.sensor_width_mm * width_px
        return Cameras.from_focal_px(world_from_camera, focal_px, width_px, height_px)

    def _clock(self, times_s: Float[Tensor, "t"]) -> Float[Tensor, "t"]:
        """Times after each segment's easing."""
        if len(self.keyframes) == 1:
            return self._times.expand(len(times_s))
        segment = (torch.searchsorted(self._times, times_s, right=True) - 1).clamp(0, len(self._times) - 2)
        start, width = self._times[segment], self._times.diff()[segment]
        share = (times_s - start) / width
        for easing in {k.easing for k in self.keyframes[:-1]} - {"linear"}:
            chosen = torch.tensor([k.easing == easing for k in self.keyframes[:-1]])[segment]
            share = torch.where(chosen, eased(easing, share), share)
        return (start + share * width).clamp(self._times[0], self._times[-1])

    def _frame_clock(self, frames: int, spacing: Spacing) -> Float[Tensor, "t"]:
        if len(self.keyframes) == 1 or frames == 1:
            return self._times[:1].expand(frames)
        if spacing == "time":
            shares = torch.arange(frames, dtype=torch.float64) / (frames - 1)
            times = self.start_s + shares * self.duration_s
            times[-1] = self._times[-1]
            return self._clock(times)
        if spacing != "constant-speed":
            raise InputError(f"camera path: expected a spacing of {', '.join(get_args(Spacing))}, got {spacing!r}")
        still = segment_lengths(self._speed, self._times) <= 1e-9
        if still.any():
            index = int(still.nonzero()[0, 0])
            raise InputError(
                f"camera path: constant speed needs a path that moves, but between keyframes {index} and {index + 1} "
                "the camera stays where it is; space the frames by time, or drop the stop"
            )
        return evenly_spread_times(self._speed, self._times, frames)

    def _check_span(self, times_s: Float[Tensor, "t"]) -> None:
        slack_s = 1e-9 * max(1.0, abs(float(self._times[-1])))
        inside = (times_s >= self._times[0] - slack_s) & (times_s <= self._times[-1] + slack_s)
        if not inside.all():
            raise InputError(
                f"camera path: expected times from {self.start_s:g} to {self.keyframes[-1].time_s:g} s, "
                f"got {float(times_s[~inside][0]):g} s"
            )
