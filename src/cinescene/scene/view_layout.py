"""Which perspective views are cut from a panorama."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

LARGEST_VIEW_PX = 8192
MOST_VIEWS = 1000


@dataclass(frozen=True, kw_only=True)
class ViewLayout:
    """Views around one point: where each looks, through which lens, and how large its picture is.

    ``directions_rad``
        Yaw (to the right of the panorama's centre column) and pitch (upwards) of each view; the start view is first.
    ``horizontal_fov_rad``
        Horizontal field of view; pixels are square, so the vertical one follows from the size.
    """

    directions_rad: tuple[tuple[float, float], ...]
    horizontal_fov_rad: float = math.pi / 2
    width_px: int = 512
    height_px: int = 512

    def __post_init__(self) -> None:
        if not 1 <= len(self.directions_rad) <= MOST_VIEWS:
            raise InputError(f"view layout: expected 1 to {MOST_VIEWS} views, got {len(self.directions_rad)}")
        for yaw, pitch in self.directions_rad:
            if not math.isfinite(yaw) or not abs(pitch) <= math.pi / 2 + 1e-9:
                raise InputError(
                    "view layout: expected a pitch from -90° to 90° and a finite yaw, "
                    f"got yaw {math.degrees(yaw):.6g}°, pitch {math.degrees(pitch):.6g}°"
                )
        if not math.radians(1) <= self.horizontal_fov_rad <= math.radians(170):
            raise InputError(
                "view layout: expected a horizontal field of view from 1° to 170°, got "
                f"{math.degrees(self.horizontal_fov_rad):.6g}°"
            )
        for side in (self.width_px, self.height_px):
            if not 1 <= side <= LARGEST_VIEW_PX:
                raise InputError(
                    f"view layout: expected a size from 1×1 to {LARGEST_VIEW_PX}×{LARGEST_VIEW_PX}, got "
                    f"{self.width_px}×{self.height_px}"
                )

    # ---- presets ----------------------------------------------------------------------------------------------------

    @classmethod
    def ring(cls, count: int = 20, pitch_rad: float = 0.0, horizontal_fov_rad: float = math.pi / 2) -> ViewLayout:
        """``count`` views at even steps of yaw, turning to the right from the panorama's centre."""
        if count < 1:
            raise InputError(f"view layout: expected at least one view, got {count}")
        yaws = (2 * math.pi * index / count for index in range(count))
        return cls(directions_rad=tuple((yaw, pitch_rad) for yaw in yaws), horizontal_fov_rad=horizontal_fov_rad)

    @classmethod
    def paper(cls) -> ViewLayout:
        """The CineScene paper's: 20 views of 90° on the horizon, every 18°."""
        return cls.ring(20)

    @classmethod
    def cube(cls) -> ViewLayout:
        """The six faces of a cube: front, right, back, left, up, down; together they show everything once."""
        quarter = math.pi / 2
        around = tuple((index * quarter, 0.0) for index in range(4))
        return cls(directions_rad=(*around, (0.0, quarter), (0.0, -quarter)))

    @classmethod
    def dense(cls) -> ViewLayout:
        """26 views of 75°: twelve on the horizon, two rings of six at ±45°, and straight up and down."""
        level = cls.ring(12).directions_rad
        rings = tuple((yaw, pitch) for pitch in (math.pi / 4, -math.pi / 4) for yaw, _ in cls.ring(6).directions_rad)
        poles = ((0.0, math.pi / 2), (0.0, -math.pi / 2))
        return cls(directions_rad=level + rings + poles, horizontal_fov_rad=math.radians(75))

    @classmethod
    def named(cls, name: str) -> ViewLayout:
        """The preset of that name: ``paper``, ``cube``, ``dense``, or a number of views on the horizon."""
        presets = {"paper": cls.paper, "cube": cls.cube, "dense": cls.dense}
        if name in presets:
            return presets[name]()
        if name.isascii() and name.isdigit() and 1 <= int(name) <= MOST_VIEWS:
            return cls.ring(int(name))
        raise InputError(
            f"view layout: expected paper, cube, dense or a number of views from 1 to {MOST_VIEWS}, got {name!r}"
        )

    # ---- use --------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.directions_rad)

    def with_size(self, width_px: int, height_px: int) -> ViewLayout:
        """The same views with pictures of another size; the horizontal field of view stays."""
        return dataclasses.replace(self, width_px=width_px, height_px=height_px)

    def with_longest(self, longest_px: int) -> ViewLayout:
        """The same views, their longer side of the stated length and their shape kept."""
        factor = longest_px / max(self.width_px, self.height_px)
        return self.with_size(max(1, round(self.width_px * factor)), max(1, round(self.height_px * factor)))

    def with_fov(self, horizontal_fov_rad: float) -> ViewLayout:
        """The same views through another lens."""
        return dataclasses.replace(self, horizontal_fov_rad=horizontal_fov_rad)

    @property
    def names(self) -> tuple[str, ...]:
        """One a view, for people: ``yaw 018°``, ``yaw 060° up 45°``, ``yaw 000° down 90°``."""
        return tuple(_view_name(math.degrees(yaw), math.degrees(pitch)) for yaw, pitch in self.directions_rad)

    def cameras(self, panorama_camera: Cameras) -> Cameras:
        """Their cameras (v,), float64, at the panorama's centre and turned with it."""
        level = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
        world_from_level = panorama_camera.world_from_camera.double() @ level.inverse()
        views = torch.stack([_turned(yaw, pitch) for yaw, pitch in self.directions_rad])
        return Cameras.from_field_of_view(
            world_from_level @ views, self.horizontal_fov_rad, self.width_px, self.height_px
        )


def _turned(yaw_rad: float, pitch_rad: float) -> Float[Tensor, "4 4"]:
    return rigid(level_rotation(yaw_rad, pitch_rad), torch.zeros(3, dtype=torch.float64))


def _view_name(yaw_deg: float, pitch_deg: float) -> str:
    yaw = f"yaw {round(yaw_deg, 1) % 360:03.5g}°"
    if abs(pitch_deg) < 0.05:
        return yaw
    return f"{yaw} {'up' if pitch_deg > 0 else 'down'} {abs(round(pitch_deg, 1)):g}°"
