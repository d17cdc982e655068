"""What planned shots may be: lengths, lenses, heights, distances, and how hard the planner tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cinescene.errors import InputError

ShotKind = Literal[
    "static", "handheld", "pan", "tilt", "roll", "arc", "arc-up", "dolly", "truck", "pedestal", "crane", "spiral",
    "zoom", "dolly-zoom", "follow", "combined", "spline",
]  # fmt: skip
SHOT_KINDS: tuple[ShotKind, ...] = get_args(ShotKind)


@dataclass(frozen=True, kw_only=True)
class ShotRules:
    """The bounds of planned shots.

    ``frames``, ``frame_rate``, ``width_px``, ``height_px``
        As the clips are rendered; the sensor is 36 mm wide.
    ``lens_mm``
        Shortest and longest focal length; drawn evenly in its logarithm.
    ``eye_height_m``
        Of the camera at the start; moves may leave this range by ``rise_m``.
    ``start_yaw_deg``
        How far the camera's bearing, seen from the subject, may be off the way that the subject faces at the start.
    ``largest_turn_deg``
        Most change of view of pans and arcs.
    ``away_m``
        How far from the panorama's position shots may start; with ``shared_start`` all shots of a set have one first
        pose, at the panorama's position, as in the published data.
    ``margin_m``
        Least distance of the camera from everything solid, in every frame.
    ``in_view``
        Share of the frames in which the subject is in the picture, for shots that are aimed at it; less, in proportion,
        where a pan or tilt turns the view by more than the picture is wide.
    ``unaimed``
        Share of shots that are not aimed at the subject, which may then leave the picture or never enter it.
    ``standing``
        Share of shots whose subject stays where it is.
    ``speed_m_s``
        Slowest and fastest walk.
    ``attempts``
        Tries a shot; moves shrink from their full extent to a tenth of it along the way.
    """

    frames: int = 81
    frame_rate: float = 16.0
    width_px: int = 672
    height_px: int = 384
    lens_mm: tuple[float, float] = (18.0, 85.0)
    eye_height_m: tuple[float, float] = (0.6, 2.2)
    rise_m: float = 1.5
    start_yaw_deg: float = 45.0
    largest_turn_deg: float = 180.0
    away_m: float = 2.5
    shared_start: bool = False
    margin_m: float = 0.35
    in_view: float = 0.6
    unaimed: float = 0.15
    standing: float = 0.3
    speed_m_s: tuple[float, float] = (0.6, 1.5)
    subject_radius_m: float = 0.35
    subject_height_m: float = 1.7
    kinds: tuple[ShotKind, ...] = SHOT_KINDS
    attempts: int = 120

    def __post_init__(self) -> None:
        _check_range(self.lens_mm, 4.0, 1000.0, "lens_mm")
        _check_range(self.eye_height_m, 0.1, 50.0, "eye_height_m")
        _check_range(self.speed_m_s, 0.01, 20.0, "speed_m_s")
        for name in ("in_view", "unaimed", "standing"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"shot rules: expected {name} from 0 to 1, got {getattr(self, name)}")
        for name in ("margin_m", "away_m", "rise_m", "start_yaw_deg", "largest_turn_deg"):
            if not 0 <= getattr(self, name) < 1000:
                raise InputError(f"shot rules: expected {name} of at least 0, got {getattr(self, name)}")
        if self.frames < 2 or self.width_px < 1 or self.height_px < 1 or not self.frame_rate > 0 or self.attempts < 1:
            raise InputError("shot rules: expected at least 2 frames, 1 pixel, 1 attempt and a frame rate above 0")
        unknown = [k for k in self.kinds if k not in SHOT_KINDS]
        if unknown or not self.kinds:
            raise InputError(f"shot rules: expected kinds out of {', '.join(SHOT_KINDS)}, got {list(self.kinds)}")

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return (self.frames - 1) / self.frame_rate


def _check_range(limits: tuple[float, float], least: float, most: float, name: str) -> None:
    if not least <= limits[0] <= limits[1] <= most:
        raise InputError(f"shot rules: expected {name} within {least:g} … {most:g}, smaller first, got {limits}")
