"""The list of object kinds: how each is built, and which part of its box is solid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.collision import Obstacle
from cinescene.sets.description import Piece, Point
from cinescene.sets.objects import (
    architecture,
    lamps,
    plants,
    seats,
    storage,
    street_things,
    tables,
    wall_things,
)
from cinescene.sets.workshop import Workshop

Build = Callable[[Workshop, Piece, np.random.Generator], None]
Box = tuple[Point, Point]
"""Lowest and highest corner in an object's own frame."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object kind: its builder, and the solid boxes of a piece (none for what lies flat or hangs at a wall)."""

    build: Build
    solid: Callable[[Piece], tuple[Box, ...]]


def _whole(piece: Piece) -> tuple[Box, ...]:
    w, d, h = piece.size
    return (((-w / 2, -d / 2, 0.0), (w / 2, d / 2, h)),)


def _nothing(piece: Piece) -> tuple[Box, ...]:
    return ()


def _tree(piece: Piece) -> tuple[Box, ...]:
    """The trunk, and the crown from where it starts."""
    w, d, h = piece.size
    if piece.style == "conifer":
        return (((-w / 2, -d / 2, 0.0), (w / 2, d / 2, h)),)
    crown = 0.3 * h
    return (((-0.25, -0.25, 0.0), (0.25, 0.25, h)), ((-0.6 * w, -0.6 * d, crown), (0.6 * w, 0.6 * d, 1.05 * h)))


def _street_lamp(piece: Piece) -> tuple[Box, ...]:
    h = piece.size[2]
    head = (((-0.15, -1.55, h - 0.2), (0.15, 0.1, h + 0.1)),) if piece.style == "arm" else ()
    return (((-0.2, -0.2, 0.0), (0.2, 0.2, h)), *head)


def _parasol(piece: Piece) -> tuple[Box, ...]:
    w, d, h = piece.size
    return (((-0.45, -0.45, 0.0), (0.45, 0.45, h)), ((-w / 2, -d / 2, h - 0.6), (w / 2, d / 2, h)))


def _arc_lamp(piece: Piece) -> tuple[Box, ...]:
    if piece.style != "arc":
        return _whole(piece)
    h = piece.size[2]
    return (((-0.18, -0.18, 0.0), (0.85, 0.18, h)),)


def _piers(piece: Piece) -> tuple[Box, ...]:
    """Piers of an arcade, and its wall from the springing of the arches."""
    w, d, h = piece.size
    bays = max(1, round(w / 2.8))
    bay = w / bays
    half = 0.12 * bay
    spring = min(0.62 * h, h - 0.4 * bay - 0.3)
    piers: list[Box] = [
        ((-w / 2 + k * bay - half, -d / 2, 0.0), (-w / 2 + k * bay + half, d / 2, h)) for k in range(bays + 1)
    ]
    return (*piers, ((-w / 2, -d / 2, spring), (w / 2, d / 2, h)))


def _entry(build: Build, solid: Callable[[Piece], tuple[Box, ...]] = _whole) -> Entry:
    return Entry(build=build, solid=solid)


CATALOGUE: dict[str, Entry] = {
    "chair": _entry(seats.chair), "stool": _entry(seats.stool), "sofa": _entry(seats.sofa),
    "bench": _entry(seats.bench), "pew": _entry(seats.pew), "bed": _entry(seats.bed),
    "table": _entry(tables.table), "round_table": _entry(tables.round_table), "desk": _entry(tables.desk),
    "monitor": _entry(tables.monitor), "books": _entry(tables.books), "vase": _entry(tables.vase),
    "crockery": _entry(tables.crockery),
    "bookshelf": _entry(storage.bookshelf), "cabinet": _entry(storage.cabinet), "rack": _entry(storage.rack),
    "crate": _entry(storage.crate), "barrel": _entry(storage.barrel), "sacks": _entry(storage.sacks),
    "fridge": _entry(storage.fridge), "cooker": _entry(storage.cooker),
    "floor_lamp": _entry(lamps.floor_lamp, _arc_lamp), "table_lamp": _entry(lamps.table_lamp),
    "pendant": _entry(lamps.pendant), "ceiling_light": _entry(lamps.ceiling_light), "sconce": _entry(lamps.sconce),
    "chandelier": _entry(lamps.chandelier), "street_lamp": _entry(lamps.street_lamp, _street_lamp),
    "framed_picture": _entry(wall_things.framed_picture, _nothing), "clock": _entry(wall_things.wall_clock, _nothing),
    "curtains": _entry(wall_things.curtains), "radiator": _entry(wall_things.radiator),
    "wall_shelf": _entry(wall_things.wall_shelf), "wall_cabinet": _entry(wall_things.wall_cabinet),
    "hood": _entry(wall_things.hood), "banner": _entry(wall_things.banner, _nothing),
    "fireplace": _entry(wall_things.fireplace),
    "potted_plant": _entry(plants.potted_plant), "tree": _entry(plants.tree, _tree), "bush": _entry(plants.bush),
    "hedge": _entry(plants.hedge), "flower_bed": _entry(plants.flower_bed),
    "column": _entry(architecture.column), "pilaster": _entry(architecture.pilaster),
    "pedestal": _entry(architecture.pedestal),
    "sculpture": _entry(architecture.sculpture), "fountain": _entry(architecture.fountain),
    "well": _entry(architecture.well), "steps": _entry(architecture.steps), "railing": _entry(architecture.railing),
    "beam": _entry(architecture.beam), "arcade": _entry(architecture.arcade, _piers),
    "car": _entry(street_things.car), "bollard": _entry(street_things.bollard), "bin": _entry(street_things.bin_),
    "post_sign": _entry(street_things.post_sign), "traffic_light": _entry(street_things.traffic_light),
    "pillar_box": _entry(street_things.pillar_box), "parasol": _entry(street_things.parasol, _parasol),
    "market_stall": _entry(street_things.market_stall), "cart": _entry(street_things.cart),
    "rug": _entry(wall_things.rug, _nothing), "sign": _entry(wall_things.sign, _nothing),
}  # fmt: skip


def entry_of(kind: str) -> Entry:
    """The entry of a kind; raises `InputError` for an unknown one."""
    entry = CATALOGUE.get(kind)
    if entry is None:
        raise InputError(f"piece: unknown kind {kind!r}; known are {', '.join(sorted(CATALOGUE))}")
    return entry


def obstacles_of(piece: Piece) -> tuple[Obstacle, ...]:
    """The solid boxes of a piece where it stands in the world."""
    cosine, sine = np.cos(piece.turn_rad), np.sin(piece.turn_rad)
    x, y, z = piece.position
    obstacles = []
    for low, high in entry_of(piece.kind).solid(piece):
        mx, my = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
        obstacles.append(
            Obstacle(
                centre=(float(x + cosine * mx - sine * my), float(y + sine * mx + cosine * my)),
                half_size=((high[0] - low[0]) / 2, (high[1] - low[1]) / 2),
                turn_rad=piece.turn_rad,
                bottom_m=z + low[2],
                top_m=z + high[2],
            )
        )
    return tuple(obstacles)
