"""Who does what where: a subject, its path over the floor, and what it does on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.json_tree import tree_from_json, tree_to_json
from cinescene.sets.mesh import Mesh
from cinescene.sets.subjects.acting import Actor, Body
from cinescene.sets.subjects.ball import Ball, Roller
from cinescene.sets.subjects.cast import Subject, subject_from_json, subject_to_json
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.deeds import Deed, Occasion, seat_offset_m
from cinescene.sets.subjects.drone import Drone, Flyer
from cinescene.sets.subjects.figure import Figure, figure_of
from cinescene.sets.subjects.gestures import Gesture
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.quadruped import Animal
from cinescene.sets.subjects.quadruped_form import limbs_of
from cinescene.sets.subjects.robot import Robot, Rover
from cinescene.sets.subjects.stool import stool_meshes
from cinescene.sets.subjects.toy_car import Driver, ToyCar
from cinescene.sets.subjects.trot import Trotter

STANDING_M_S = 0.25
"""Slower than this, a person may start on something that is done on the spot."""


@runtime_checkable
class Performer(Protocol):
    """What turns a time into meshes."""

    def meshes_at(self, time_s: float) -> list[Mesh]: ...


@dataclass(frozen=True, kw_only=True)
class Performance:
    """A subject on a path for ``duration_s``; frozen, hashable, and JSON by `to_json` and `from_json`.

    Only people have a ``gesture`` (shown during ``gesture_s``, start and end in seconds) and a ``deed``, which is done
    on the spot during ``deed_s``, where the path must be at rest. Somebody who sits down does so on a seat ``seat_m``
    high behind them: on a ``stool`` of a colour that is part of the performance, or (None) on something of the set.
    Raises `InputError` for what does not go together.
    """

    subject: Subject
    path: GroundPath
    duration_s: float
    gesture: Gesture = "none"
    gesture_s: tuple[float, float] = (0.0, 0.0)
    deed: Deed = "none"
    deed_s: tuple[float, float] = (0.0, 0.0)
    seat_m: float = 0.45
    stool: Colour | None = (0.76, 0.11, 0.12)

    def __post_init__(self) -> None:
        if not 0 < self.duration_s <= 600:
            raise InputError(f"performance: expected a duration above 0 and up to 600 s, got {self.duration_s!r}")
        if self.gesture not in get_args(Gesture) or self.deed not in get_args(Deed):
            raise InputError(f"performance: unknown gesture {self.gesture!r} or deed {self.deed!r}")
        if not isinstance(self.subject, Person) and (self.gesture != "none" or self.deed != "none"):
            raise InputError(f"performance: only people have gestures and deeds, not a {self.subject.kind}")
        for name, span in (("gesture", self.gesture_s), ("deed", self.deed_s)):
            if getattr(self, name) != "none" and not span[0] < span[1]:
                raise InputError(f"performance: expected the {name} to end after it starts, got {span}")
        if self.deed != "none":
            self._check_deed()

    def _check_deed(self) -> None:
        start, end = self.deed_s
        times = np.linspace(max(start, 0.0), min(end, self.duration_s), 20)
        if self.path.speed_m_s(times).max() > STANDING_M_S:
            raise InputError(f"performance: expected a path at rest from {start:g} to {end:g} s for {self.deed!r}")
        if not 0.2 <= self.seat_m <= 1.0:
            raise InputError(f"performance: expected a seat 0.2–1 m high, got {self.seat_m!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Copies for other processes carry the description, not what was built from it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def meshes_at(self, time_s: float) -> list[Mesh]:
        """World meshes in metres, z up: always the same materials, triangles and texture coordinates.

        Times outside the duration show its ends.
        """
        meshes = self._performer.meshes_at(min(max(time_s, 0.0), self.duration_s))
        return meshes + self._stool

    def position_at(self, time_s: float) -> Float[np.ndarray, "3"]:
        """The point of the path on the floor, metres."""
        x, y = self.path.position_m(np.array([time_s]))[0]
        return np.array([x, y, self.path.floor_m])

    def heading_at(self, time_s: float) -> float:
        """Radians counter-clockwise from +x."""
        return float(self.path.heading_rad(np.array([time_s]))[0])

    @property
    def bounding_radius_m(self) -> float:
        """All meshes stay so close to a vertical line through `position_at`."""
        subject = self.subject
        if isinstance(subject, Ball):
            return subject.radius_m + 0.005
        if isinstance(subject, ToyCar):
            return 0.62 * subject.length_m
        if isinstance(subject, Robot):
            return 0.47 * subject.height_m
        if isinstance(subject, Drone):
            return 0.70 * subject.span_m
        if isinstance(subject, Animal):
            ends = [abs(x) for limb in limbs_of(subject.build) for x, _, _ in (limb.start, limb.end)]
            return (max(ends) + 0.25) * subject.height_m
        share = 0.60 if (self.gesture, self.deed) != ("none", "none") else 0.52
        return share * subject.height_m + (0.10 if subject.outfit.headwear == "brimmed hat" else 0.05)

    @property
    def height_m(self) -> float:
        """All meshes stay below this height over the floor."""
        if isinstance(self.subject, Person):
            return 1.12 * self.subject.height_m + (0.35 * self.subject.height_m if self._reaches_up else 0.10)
        if isinstance(self.subject, Animal):
            return 1.75 * self.subject.height_m
        return 1.12 * self.subject.height_m

    @property
    def seat_place_m(self) -> Float[np.ndarray, "3"]:
        """The floor point under the middle of the seat that `sit down` needs."""
        assert isinstance(self.subject, Person)
        return self.seat_place_of(figure_of(self.subject))

    def seat_place_of(self, body: Body) -> Float[np.ndarray, "3"]:
        """The same for a body of other proportions than the subject's own."""
        heading = self.heading_at(self.deed_s[1])
        back = seat_offset_m(self._occasion_of(body)) + 0.02
        return self.position_at(self.deed_s[1]) - back * np.array([math.cos(heading), math.sin(heading), 0.0])

    def acted_by(self, body: Body) -> Actor:
        """The postures of a person's performance, for any body."""
        return Actor(body, self.path, self.duration_s, self.gesture, self.gesture_s, self.deed, self._occasion_of(body))

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        values: dict[str, Any] = tree_to_json(self)
        return values | {"subject": subject_to_json(self.subject)}

    @classmethod
    def from_json(cls, value: Any, where: str = "performance") -> Performance:
        """What `to_json` described. Raises `InputError` that names the place of what is wrong."""
        if not isinstance(value, dict) or "subject" not in value or "path" not in value:
            raise InputError(f"{where}: expected an object with subject, path and duration_s")
        plain = {name: item for name, item in value.items() if name != "subject"}
        fields = tree_from_json(_Plain, plain, where)
        return cls(subject=subject_from_json(value["subject"], f"{where}.subject"), **vars(fields))

    @property
    def _reaches_up(self) -> bool:
        return self.gesture in ("wave", "stretch", "cheer") or self.deed == "jump"

    def _occasion_of(self, body: Body) -> Occasion:
        start, end = self.deed_s
        return Occasion(start_s=start, end_s=end, legs=body.legs, thigh_m=body.thigh_m, seat_m=self.seat_m)

    @cached_property
    def _stool(self) -> list[Mesh]:
        if self.deed != "sit down" or self.stool is None:
            return []
        return stool_meshes(self.seat_place_m, self.seat_m, self.stool)

    @cached_property
    def _performer(self) -> Performer:
        subject, path, duration = self.subject, self.path, self.duration_s
        if isinstance(subject, Person):
            figure = figure_of(subject)
            return _Dressed(figure, self.acted_by(figure), path.floor_m)
        if isinstance(subject, Animal):
            return Trotter(subject, path, duration)
        if isinstance(subject, Ball):
            return Roller(subject, path, duration)
        if isinstance(subject, ToyCar):
            return Driver(subject, path, duration)
        if isinstance(subject, Robot):
            return Rover(subject, path, duration)
        return Flyer(subject, path, duration)


@dataclass(frozen=True)
class _Dressed:
    """A person's meshes in the postures of an actor."""

    figure: Figure
    actor: Actor
    floor_m: float

    def meshes_at(self, time_s: float) -> list[Mesh]:
        return self.figure.meshes(self.actor.posture(time_s), self.floor_m)


@dataclass(frozen=True, kw_only=True)
class _Plain:
    """The fields of a performance but for its subject."""

    path: GroundPath
    duration_s: float
    gesture: Gesture = "none"
    gesture_s: tuple[float, float] = (0.0, 0.0)
    deed: Deed = "none"
    deed_s: tuple[float, float] = (0.0, 0.0)
    seat_m: float = 0.45
    stool: Colour | None = (0.76, 0.11, 0.12)
