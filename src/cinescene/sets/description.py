"""What a set is, before any triangle or texture is made: a tree of plain values that goes to JSON and back.

A `SetDescription` is all that is stored of a set. The same description always builds the same bytes
(`cinescene.sets.stage.build_stage`). Lengths in metres, z up, the floor at z = 0. Turns are counter-clockwise seen from
above; an object that is not turned shows its front to somebody who looks along +y.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from cinescene.errors import InputError
from cinescene.sets.collision import Air
from cinescene.sets.json_tree import tree_from_json, tree_to_json

VERSION = 1
"""Format of the JSON; raised whenever an old reader would misread a new file."""

Colour = tuple[float, float, float]
"""sRGB for finishes and skies, linear RGB for lights."""
Point = tuple[float, float, float]

Kind = Literal["room", "hall", "courtyard", "street"]
KINDS: tuple[Kind, ...] = ("room", "hall", "courtyard", "street")


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The look of a surface: a pattern of `cinescene.sets.textures.patterns` with its colours, seed and scale."""

    pattern: str
    colours: tuple[Colour, ...]
    seed: int = 0
    metres_per_tile: float = 1.0
    size_px: int = 256
    specular: float = 0.0
    shininess: float = 32.0
    emission: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Slab:
    """A level rectangular plate from ``low`` to ``high``: floor, ceiling, pavement, road. Its pattern may be turned."""

    low: Point
    high: Point
    finish: Finish
    quarter_turns: int = 0
    underneath: bool = False
    """Whether it is seen from below (ceilings) rather than from above."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A hole in a wall. ``offset_m`` runs along the wall from its start to the opening's near edge."""

    offset_m: float
    width_m: float
    sill_m: float
    height_m: float
    filling: Literal["window", "door", "open"]
    bars: tuple[int, int] = (2, 2)
    """Panes across and up of a window; panels across and up of a door."""


@dataclass(frozen=True, kw_only=True)
class Wall:
    """An upright wall. Its inner face runs from ``start`` to ``end`` with the room on the left.

    Finishes: inside, outside, trim (frames, skirting), door leaf. ``dado`` covers the inside up to ``dado_m``.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    height_m: float
    thickness_m: float
    inside: Finish
    outside: Finish
    trim: Finish
    door: Finish
    openings: tuple[Opening, ...] = ()
    dado: Finish | None = None
    dado_m: float = 0.0
    skirting_m: float = 0.0
    cornice_m: float = 0.0
    freestanding: bool = False
    """Whether its ends are seen; otherwise it runs on into the walls at its corners."""


@dataclass(frozen=True, kw_only=True)
class Facade:
    """One side of a building that has windows: its bays, and what its ground floor is.

    ``relief`` gives the windows depth, sills and lintels; a distant side does without. ``extras`` are any of
    "awnings", "balconies", "shutters", "cornice", "bands".
    """

    side: Literal["front", "right", "back", "left"]
    bays: int
    ground: Literal["door", "shops", "windows", "garage"]
    relief: bool = True
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Building:
    """A house seen from outside. Its front faces −y before it is turned about its position (centre of its ground).

    Finishes: wall, trim, roof, panes (an atlas), door, shop window, sign, awning, ground floor.
    """

    position: Point
    size: Point
    turn_rad: float
    storeys: int
    storey_m: float
    window: tuple[float, float]
    """Width and height of a window as shares of its bay and storey."""
    roof: Literal["flat", "gable", "mansard"]
    facades: tuple[Facade, ...]
    finishes: tuple[Finish, ...]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of furniture, a prop, a plant, a vehicle: one of `cinescene.sets.objects.catalogue`.

    ``size`` is width, depth, height; ``position`` the middle of its underside.
    """

    kind: str
    position: Point
    size: Point
    turn_rad: float = 0.0
    style: str = ""
    finishes: tuple[Finish, ...] = ()
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class LampLight:
    """A point lamp, linear RGB (see `cinescene.sets.mesh.Lamp`)."""

    position: Point
    colour: Colour
    radius_m: float = 0.1


@dataclass(frozen=True, kw_only=True)
class SunLight:
    """Parallel light, linear RGB. ``azimuth_rad`` is the sun's bearing, counter-clockwise from +x."""

    azimuth_rad: float
    elevation_rad: float
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class SkyLook:
    """A procedural sky with what stands at the horizon; or, with ``backdrop``, a picture of the user's.

    ``backdrop`` is a file name that goes with the description; ``backdrop_turn_rad`` turns it about z.
    """

    weather: Literal["clear", "fair", "overcast", "dusk", "night"]
    seed: int
    brightness: float = 1.0
    horizon: Literal["hills", "trees", "town", "none"] = "hills"
    backdrop: str | None = None
    backdrop_turn_rad: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SetDescription:
    """Everything of a set but its subjects and cameras.

    ``air``
        Where cameras and people may be at all; objects are taken out of it by `cinescene.sets.space.free_space`.
    ``panorama_position``
        Where the set's panorama is taken from: an open place at eye height.
    ``ambient_up``, ``ambient_down``
        Linear RGB light from above and below.
    """

    seed: int
    kind: Kind
    flavour: str
    air: tuple[Air, ...]
    panorama_position: Point
    slabs: tuple[Slab, ...]
    walls: tuple[Wall, ...]
    buildings: tuple[Building, ...]
    pieces: tuple[Piece, ...]
    lamps: tuple[LampLight, ...]
    sun: SunLight | None
    sky: SkyLook
    ambient_up: Colour
    ambient_down: Colour
    version: int = VERSION

    def to_json(self) -> str:
        """The description as JSON; `from_json` gives an equal one back."""
        return json.dumps(tree_to_json(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> SetDescription:
        """Reads `to_json`. Raises `InputError` for other JSON, an unknown version or fields of another type."""
        try:
            tree = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"set description: expected JSON, but {error}") from error
        version = tree.get("version") if isinstance(tree, dict) else None
        if version != VERSION:
            raise InputError(f"set description: expected version {VERSION}, got {version!r}; make the set anew")
        description: SetDescription = tree_from_json(cls, tree, "set description")
        return description
