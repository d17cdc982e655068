"""Camera moves by the names that crews use. Each is exact: a pure function of time, not a chain of keyframes.

World: metres, z up. Every move starts from wherever the rig stands when its step begins. Positive numbers mean the
first-named direction: in, right, up, clockwise. Angles are in degrees here, since these are people's numbers and come
back from text as they were written. ``text()`` is the move in the notation of `cinescene.cameras.notation`.

``docs/camera_moves.md`` has the pictures. How moves at the same time add up is described in `cinescene.cameras.rig`;
sequences and sums are made by `cinescene.cameras.shot`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from cinescene.cameras.handheld import unrest
from cinescene.cameras.move_values import (
    LARGEST_M,
    Target,
    check_angle,
    check_focal,
    check_length,
    check_target,
    number_text,
    signed_text,
    target_text,
)
from cinescene.cameras.rig import Aim, Clock, Drive, Orbit, Rig, heading, to_the_right
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor


class Move(ABC):
    """One way to move a camera."""

    @abstractmethod
    def drive(self, start: Rig, clock: Clock) -> Drive:
        """How far each part of the rig is driven at each instant, for a rig that was at ``start``."""

    @abstractmethod
    def text(self) -> str:
        """The move in the notation."""


@dataclass(frozen=True, kw_only=True)
class Static(Move):
    """The camera stays as it is."""

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return Drive()

    def text(self) -> str:
        return "static"


@dataclass(frozen=True, kw_only=True)
class Pan(Move):
    """The head turns about the vertical through the camera; positive to the right (clockwise seen from above)."""

    right_deg: float

    def __post_init__(self) -> None:
        check_angle(self.right_deg, "pan")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return Drive(pan_rad=math.radians(self.right_deg) * clock.progress)

    def text(self) -> str:
        return f"pan {signed_text(self.right_deg, 'right', 'left', 'deg')}"


@dataclass(frozen=True, kw_only=True)
class Tilt(Move):
    """The head turns about the camera's right axis; positive upwards."""

    up_deg: float

    def __post_init__(self) -> None:
        check_angle(self.up_deg, "tilt")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return Drive(tilt_rad=math.radians(self.up_deg) * clock.progress)

    def text(self) -> str:
        return f"tilt {signed_text(self.up_deg, 'up', 'down', 'deg')}"


@dataclass(frozen=True, kw_only=True)
class Roll(Move):
    """The camera turns about its viewing axis; positive clockwise seen from behind: the picture turns the other way."""

    clockwise_deg: float

    def __post_init__(self) -> None:
        check_angle(self.clockwise_deg, "roll")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return Drive(roll_rad=math.radians(self.clockwise_deg) * clock.progress)

    def text(self) -> str:
        return f"roll {signed_text(self.clockwise_deg, 'cw', 'ccw', 'deg')}"


@dataclass(frozen=True, kw_only=True)
class LookAt(Move):
    """The head turns until a point of the world is in the centre, and follows it if other moves carry the camera."""

    point_m: tuple[float, float, float]

    def __post_init__(self) -> None:
        check_target(self.point_m, "look at")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return Drive(aim=_aim(start, clock, None, self.point_m))

    def text(self) -> str:
        return f"look at {target_text(self.point_m)}"


@dataclass(frozen=True, kw_only=True)
class _Travel(Move):
    """A straight line. ``keep_m``: this target keeps its place in the picture; ``look_at_m``: it ends in its centre."""

    keep_m: Target | None = None
    look_at_m: Target | None = None

    def _check(self, distance_m: float, name: str) -> None:
        check_length(distance_m, name)
        for target in (self.keep_m, self.look_at_m):
            if target is not None:
                check_target(target, name)
        if self.keep_m is not None and self.look_at_m is not None:
            raise InputError(f"{name}: expected a point to keep or one to look at, got both")

    def _along(self, start: Rig, clock: Clock, step_m: Float[Tensor, "3"]) -> Drive:
        aim = _aim(start, clock, self.keep_m, self.look_at_m)
        return Drive(translation_m=clock.progress[:, None] * step_m, aim=aim)

    def _aim_text(self) -> str:
        if self.keep_m is not None:
            return f" keep {target_text(self.keep_m)}"
        return "" if self.look_at_m is None else f" looking at {target_text(self.look_at_m)}"


@dataclass(frozen=True, kw_only=True)
class Dolly(_Travel):
    """The camera rides forward (in) or back (out) on level rails laid along its heading."""

    in_m: float

    def __post_init__(self) -> None:
        self._check(self.in_m, "dolly")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return self._along(start, clock, self.in_m * heading(start.rotation))

    def text(self) -> str:
        return f"dolly {signed_text(self.in_m, 'in', 'out', 'm')}{self._aim_text()}"


@dataclass(frozen=True, kw_only=True)
class Truck(_Travel):
    """The camera rides sideways on level rails, without turning."""

    right_m: float

    def __post_init__(self) -> None:
        self._check(self.right_m, "truck")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return self._along(start, clock, self.right_m * to_the_right(heading(start.rotation)))

    def text(self) -> str:
        return f"truck {signed_text(self.right_m, 'right', 'left', 'm')}{self._aim_text()}"


@dataclass(frozen=True, kw_only=True)
class Pedestal(_Travel):
    """The camera rises or sinks straight up or down."""

    up_m: float

    def __post_init__(self) -> None:
        self._check(self.up_m, "pedestal")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        return self._along(start, clock, start.position_m.new_tensor([0.0, 0.0, self.up_m]))

    def text(self) -> str:
        return f"pedestal {signed_text(self.up_m, 'up', 'down', 'm')}{self._aim_text()}"


@dataclass(frozen=True, kw_only=True)
class Crane(Pedestal):
    """As a pedestal; with a target to keep or look at, the shot that rises over its subject and looks down on it."""

    def text(self) -> str:
        return f"crane {signed_text(self.up_m, 'up', 'down', 'm')}{self._aim_text()}"


@dataclass(frozen=True, kw_only=True)
class Arc(Move):
    """The camera swings around a target and looks at it; the distance to it does not change.

    Positive ``right_deg``: the camera goes to its right, counter-clockwise around the target seen from above, and the
    view turns left. Positive ``up_deg``: it rises over the target and looks down. A target that is not in the centre
    of the picture at first is there at the end.
    """

    right_deg: float = 0.0
    up_deg: float = 0.0
    around_m: Target

    def __post_init__(self) -> None:
        check_angle(self.right_deg, "arc")
        check_angle(self.up_deg, "arc")
        check_target(self.around_m, "arc")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        pivot = _point(start, self.around_m)
        orbit = Orbit(
            pivot_m=pivot,
            azimuth_rad=math.radians(self.right_deg) * clock.progress,
            elevation_rad=-math.radians(self.up_deg) * clock.progress,
        )
        return Drive(orbit=orbit, aim=Aim(target_m=pivot, framing=1 - clock.progress, implied=True))

    def text(self) -> str:
        across = [signed_text(self.right_deg, "right", "left", "deg")] if self.right_deg or not self.up_deg else []
        upwards = [signed_text(self.up_deg, "up", "down", "deg")] if self.up_deg else []
        return f"arc {' '.join(across + upwards)} around {target_text(self.around_m)}"


@dataclass(frozen=True, kw_only=True)
class Spiral(Move):
    """An arc whose horizontal radius shrinks or grows in proportion, and that may rise; it looks at its target.

    ``to_m`` is the distance at the end for a camera level with its target (the radius is scaled by ``to_m`` over the
    distance at the start); None keeps the radius.
    """

    right_deg: float
    around_m: Target
    to_m: float | None = None
    up_m: float = 0.0

    def __post_init__(self) -> None:
        check_angle(self.right_deg, "spiral")
        check_target(self.around_m, "spiral")
        check_length(self.up_m, "spiral")
        if self.to_m is not None and not 0 < self.to_m <= LARGEST_M:
            raise InputError(f"spiral: expected a distance above 0 m to end at, got {self.to_m:g} m")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        arc = Arc(right_deg=self.right_deg, around_m=self.around_m).drive(start, clock)
        pivot = _point(start, self.around_m)
        towards = pivot - start.position_m
        distance_m = float(towards.norm())
        closer = 0.0 if self.to_m is None else 1 - self.to_m / max(distance_m, 1e-9)
        step = closer * towards * towards.new_tensor([1.0, 1.0, 0.0]) + towards.new_tensor([0.0, 0.0, self.up_m])
        return Drive(orbit=arc.orbit, aim=arc.aim, translation_m=clock.progress[:, None] * step)

    def text(self) -> str:
        end = "" if self.to_m is None else f" to {number_text(self.to_m)}m"
        rise = f" {signed_text(self.up_m, 'up', 'down', 'm')}" if self.up_m else ""
        turn = signed_text(self.right_deg, "right", "left", "deg")
        return f"spiral {turn} around {target_text(self.around_m)}{end}{rise}"


@dataclass(frozen=True, kw_only=True)
class Zoom(Move):
    """The lens goes to a focal length, or to a multiple of the present one; its logarithm follows the progress.

    ``start_focal_mm`` states what the lens is at the start. A shot that says nothing else begins with it.
    """

    focal_mm: float | None = None
    factor: float | None = None
    start_focal_mm: float | None = None

    def __post_init__(self) -> None:
        if (self.focal_mm is None) == (self.factor is None):
            raise InputError("zoom: expected a focal length to end at or a factor")
        for focal_mm in (self.focal_mm, self.start_focal_mm):
            if focal_mm is not None:
                check_focal(focal_mm, "zoom")
        if self.factor is not None and not 0.001 <= self.factor <= 1000:
            raise InputError(f"zoom: expected a factor from 0.001 to 1000, got {self.factor:g}")
        if self.factor is not None and self.start_focal_mm is not None:
            raise InputError("zoom: expected two focal lengths or a factor, got both")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        present_mm = float(start.focal_mm)
        if self.start_focal_mm is not None and abs(present_mm / self.start_focal_mm - 1) > 1e-6:
            raise InputError(
                f"zoom: expected to start at {self.start_focal_mm:g} mm, but the lens is at {present_mm:.4g} mm there; "
                f'write "zoom to {self.focal_mm:g}mm", or start the shot with the other lens'
            )
        factor = self.factor if self.factor is not None else (self.focal_mm or present_mm) / present_mm
        return Drive(zoom_log=math.log(factor) * clock.progress)

    def text(self) -> str:
        if self.focal_mm is not None:
            first = "to " if self.start_focal_mm is None else f"{number_text(self.start_focal_mm)}mm -> "
            return f"zoom {first}{number_text(self.focal_mm)}mm"
        factor = self.factor or 1.0
        if factor < 1 and 1 / (1 / factor) == factor:
            return f"zoom out {number_text(1 / factor)}x"
        return f"zoom in {number_text(factor)}x"


@dataclass(frozen=True, kw_only=True)
class DollyZoom(Move):
    """A dolly whose lens keeps everything at a subject's distance the same size, while the rest swells or shrinks.

    ``subject_m`` is the subject's depth along the viewing axis when the step begins; the focal length follows the depth
    that is left. Raises `InputError` where the camera would reach the subject.
    """

    in_m: float
    subject_m: float

    def __post_init__(self) -> None:
        check_length(self.in_m, "dolly-zoom")
        check_target(self.subject_m, "dolly-zoom")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        rails = heading(start.rotation)
        depth_m = self.subject_m - self.in_m * clock.progress * float(rails @ start.rotation[:, 2])
        if float(depth_m.min()) <= 1e-3 * self.subject_m:
            raise InputError(
                f"dolly-zoom: the camera reaches its subject {self.subject_m:g} m ahead; expected a shorter way than "
                f"{abs(self.in_m):g} m"
            )
        translation = self.in_m * clock.progress[:, None] * rails
        return Drive(translation_m=translation, zoom_log=torch.log(depth_m / self.subject_m))

    def text(self) -> str:
        return f"dolly-zoom {signed_text(self.in_m, 'in', 'out', 'm')} at {number_text(self.subject_m)}m"


@dataclass(frozen=True, kw_only=True)
class Handheld(Move):
    """Unrest as of a camera held by hand (see `unrest`): root mean square on each axis; nil at both ends.

    The same seed gives the same shake. The defaults are a steady operator standing still.
    """

    amplitude_m: float = 0.012
    amplitude_deg: float = 0.35
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.amplitude_m <= 10:
            raise InputError(f"handheld: expected an amplitude from 0 to 10 m, got {self.amplitude_m:g} m")
        if not 0 <= self.amplitude_deg <= 90:
            raise InputError(f"handheld: expected an amplitude from 0° to 90°, got {self.amplitude_deg:g}°")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"handheld: expected a seed from 0 up, got {self.seed}")

    def drive(self, start: Rig, clock: Clock) -> Drive:
        noise = unrest(clock.time_s, clock.duration_s, self.seed).to(start.position_m)
        turn = math.radians(self.amplitude_deg) * noise[:, 3:]
        return Drive(
            translation_m=self.amplitude_m * noise[:, :3],
            pan_rad=turn[:, 0],
            tilt_rad=turn[:, 1],
            roll_rad=turn[:, 2] / 2,
        )

    def text(self) -> str:
        seed = f" seed {self.seed}" if self.seed else ""
        return f"handheld {number_text(self.amplitude_m)}m {number_text(self.amplitude_deg)}deg{seed}"


def _point(start: Rig, target: Target) -> Float[Tensor, "3"]:
    if isinstance(target, tuple):
        return start.position_m.new_tensor(target)
    return start.position_m + target * start.rotation[:, 2]


def _aim(start: Rig, clock: Clock, keep_m: Target | None, look_at_m: Target | None) -> Aim | None:
    if keep_m is not None:
        return Aim(target_m=_point(start, keep_m), framing=torch.ones_like(clock.progress))
    if look_at_m is not None:
        return Aim(target_m=_point(start, look_at_m), framing=1 - clock.progress)
    return None
