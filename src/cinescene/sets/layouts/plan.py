"""A set while it is laid out: what has been placed, what still fits, what must stay free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cinescene.sets.collision import Air
from cinescene.sets.description import Building, Finish, LampLight, Opening, Piece, Point, Slab, Wall
from cinescene.sets.layouts.solids import Solids, disc_distance_m, is_within
from cinescene.sets.layouts.stock import Stock
from cinescene.sets.objects.buildings import building_obstacles
from cinescene.sets.objects.catalogue import obstacles_of
from cinescene.sets.objects.walls import wall_obstacles

CAMERA_MARGIN_M = 0.35
"""How far cameras keep from everything solid."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A stretch of wall as those inside see it: things stand with their backs to it."""

    start: tuple[float, float]
    end: tuple[float, float]
    openings: tuple[Opening, ...] = ()

    @property
    def length_m(self) -> float:
        return math.dist(self.start, self.end)

    @property
    def turn_rad(self) -> float:
        """The turn of a piece whose back is to the wall (the room lies to the left of start → end)."""
        angle = math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0])
        return angle + math.pi

    def at(self, along_m: float, out_m: float) -> tuple[float, float]:
        """A floor point by its distance along the wall and out of it."""
        ux, uy = (self.end[0] - self.start[0]) / self.length_m, (self.end[1] - self.start[1]) / self.length_m
        return self.start[0] + ux * along_m - uy * out_m, self.start[1] + uy * along_m + ux * out_m


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where at a wall something goes: its height, its gap to the wall, its place along it (None: at random)."""

    z: float = 0.0
    gap_m: float = 0.02
    along_m: float | None = None
    tries: int = 20
    margin_m: float = 0.01


ANYWHERE = Where()


@dataclass
class Plan:
    """Collects the parts of a description. ``keep_clear`` are discs (x, y, radius) on which nothing may stand."""

    rng: np.random.Generator
    stock: Stock
    keep_clear: list[tuple[float, float, float]] = field(default_factory=list)
    air: list[Air] = field(default_factory=list)
    slabs: list[Slab] = field(default_factory=list)
    walls: list[Wall] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    lamps: list[LampLight] = field(default_factory=list)
    _solids: Solids = field(default_factory=Solids)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def between(self, low: float | int, high: float | int) -> float:
        return float(self.rng.uniform(low, high))

    def pick(self, options: Sequence[str], weights: Sequence[float] | None = None) -> str:
        share = None if weights is None else np.asarray(weights, dtype=float) / sum(weights)
        return str(self.rng.choice(list(options), p=share))

    def piece(
        self,
        kind: str,
        at: tuple[float, float] | Point,
        size: Point,
        finishes: Sequence[Finish],
        *,
        turn_rad: float = 0.0,
        style: str = "",
    ) -> Piece:
        """A piece with a seed of its own, not yet placed."""
        position = (float(at[0]), float(at[1]), float(at[2]) if len(at) == 3 else 0.0)
        return Piece(
            kind=kind,
            position=position,
            size=(float(size[0]), float(size[1]), float(size[2])),
            turn_rad=float(turn_rad),
            style=style,
            finishes=tuple(finishes),
            seed=int(self.rng.integers(2**31)),
        )

    def add(self, piece: Piece) -> Piece:
        """Places a piece without asking."""
        self.pieces.append(piece)
        self._solids.add(obstacles_of(piece))
        return piece

    def try_add(self, piece: Piece, margin_m: float = 0.03, group: bool = False) -> bool:
        """Places a piece if it is within the air, off the clear discs and apart from all others.

        ``group`` lets it touch the discs' rims (chairs at a table that itself keeps off).
        """
        if not self.fits(piece, margin_m, group):
            return False
        self.add(piece)
        return True

    def fits(self, piece: Piece, margin_m: float = 0.03, group: bool = False) -> bool:
        boxes = obstacles_of(piece)
        for box in boxes:
            if not any(is_within(box, air) for air in self.air):
                return False
            if box.bottom_m < 2.2 and not group:
                for x, y, radius in self.keep_clear:
                    if disc_distance_m(box, x, y) < radius:
                        return False
            if self._solids.clash(box, margin_m):
                return False
        return True

    def against(
        self, edge: Edge, kind: str, size: Point, finishes: Sequence[Finish], style: str = "", where: Where = ANYWHERE
    ) -> Piece | None:
        """Puts a piece with its back to a wall, clear of doors, and of windows if it reaches up to them."""
        width, depth, height = size
        z = where.z
        if edge.length_m < width + 0.1:
            return None
        for _ in range(where.tries if where.along_m is None else 1):
            along = where.along_m
            if along is None:
                along = self.between(width / 2 + 0.05, edge.length_m - width / 2 - 0.05)
            if any(_covers(o, along - width / 2, along + width / 2, z, z + height) for o in edge.openings):
                continue
            x, y = edge.at(along, depth / 2 + where.gap_m)
            piece = self.piece(kind, (x, y, z), size, finishes, turn_rad=edge.turn_rad, style=style)
            if self.try_add(piece, where.margin_m):
                return piece
        return None

    def add_wall(self, wall: Wall) -> Edge:
        """Builds a wall, keeps the room before its doors and passages free, and gives its inner edge."""
        self.walls.append(wall)
        self._solids.add(wall_obstacles(wall))
        edge = Edge(start=wall.start, end=wall.end, openings=wall.openings)
        for opening in wall.openings:
            if opening.filling != "window":
                x, y = edge.at(opening.offset_m + opening.width_m / 2, 0.35)
                self.keep_clear.append((x, y, max(0.5, opening.width_m / 2)))
        return edge

    def add_building(self, building: Building) -> None:
        self.buildings.append(building)
        self._solids.add(building_obstacles(building))

    def on_top(self, piece: Piece, kind: str, size: Point, finishes: Sequence[Finish], **where: float | str) -> Piece:
        """Stands something on a piece; ``right``, ``front``, ``turn`` and ``height`` are relative to it."""
        right, front = float(where.get("right", 0.0)), float(where.get("front", 0.0))
        cosine, sine = math.cos(piece.turn_rad), math.sin(piece.turn_rad)
        x = piece.position[0] + cosine * right + sine * front
        y = piece.position[1] + sine * right - cosine * front
        z = piece.position[2] + float(where.get("height", piece.size[2]))
        turn = piece.turn_rad + float(where.get("turn", 0.0))
        return self.add(self.piece(kind, (x, y, z), size, finishes, turn_rad=turn, style=str(where.get("style", ""))))

    def add_rug(
        self, at: tuple[float, float], width_m: float, depth_m: float, pile: Finish, turn_rad: float = 0.0
    ) -> None:
        """Lays a rug; every further one is a little thicker, so that they can overlap."""
        height = 0.008 + 0.003 * sum(piece.kind == "rug" for piece in self.pieces)
        edge = pile if pile.pattern == "stripes" else self.stock.linen()
        self.add(self.piece("rug", at, (width_m, depth_m, height), (pile, edge), turn_rad=turn_rad))

    def beside(self, piece: Piece, right: float, front: float) -> tuple[float, float]:
        """A floor point by offsets in a piece's frame: to its right, and out of its front (−y)."""
        cosine, sine = math.cos(piece.turn_rad), math.sin(piece.turn_rad)
        return (
            piece.position[0] + cosine * right + sine * front,
            piece.position[1] + sine * right - cosine * front,
        )

    def light(
        self, position: Point, colour: tuple[float, float, float], strength: float, radius_m: float = 0.1
    ) -> None:
        """A point lamp; ``strength`` multiplies its colour."""
        r, g, b = (float(c * strength) for c in colour)
        x, y, z = (float(v) for v in position)
        self.lamps.append(LampLight(position=(x, y, z), colour=(r, g, b), radius_m=float(radius_m)))


def longest_first(edges: dict[str, Edge]) -> list[Edge]:
    """Edges with the most wall free of doors and passages first."""

    def free(edge: Edge) -> float:
        return edge.length_m - sum(o.width_m + 0.3 for o in edge.openings if o.filling != "window")

    return sorted(edges.values(), key=free, reverse=True)


def _covers(opening: Opening, left: float, right: float, low: float, high: float) -> bool:
    """Whether something at a stretch of wall stands before an opening."""
    margin = 0.12 if opening.filling == "window" else 0.2
    beside = right < opening.offset_m - margin or left > opening.offset_m + opening.width_m + margin
    return not (beside or high <= opening.sill_m or low >= opening.sill_m + opening.height_m)
