"""Rooms as shells: walls with windows, doors and passages, floor, ceiling, the air inside, and what lies outside."""

from __future__ import annotations

from dataclasses import dataclass

from cinescene.sets.collision import Air
from cinescene.sets.description import Building, Facade, Finish, Opening, Slab, Wall
from cinescene.sets.layouts.plan import Edge, Plan
from cinescene.sets.textures.colour import lighter

WALL_M = 0.24
OUTSIDE_M = 15.0
"""How far the world beyond a room's windows is built; the sky's horizon takes over there."""
SIDES = ("south", "east", "north", "west")


@dataclass(frozen=True, kw_only=True)
class Rect:
    """A room's floor: least and greatest x and y."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def depth(self) -> float:
        return self.y1 - self.y0

    def side(self, side: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """Start and end of a side with the room on its left."""
        corners = [(self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)]
        k = SIDES.index(side)
        return corners[k], corners[(k + 1) % 4]

    def grown(self, by: float) -> Rect:
        return Rect(x0=self.x0 - by, y0=self.y0 - by, x1=self.x1 + by, y1=self.y1 + by)


@dataclass(frozen=True, kw_only=True)
class Look:
    """Finishes of a room."""

    wall: Finish
    outside: Finish
    floor: Finish
    ceiling: Finish
    trim: Finish
    door: Finish
    dado: Finish | None = None
    dado_m: float = 0.0
    skirting_m: float = 0.1
    cornice_m: float = 0.0


def add_room(
    plan: Plan,
    rect: Rect,
    height: float,
    look: Look,
    openings: dict[str, tuple[Opening, ...]],
    *,
    open_side: str | None = None,
    outsides: dict[str, Finish] | None = None,
) -> dict[str, Edge]:
    """Builds a room and its air, and gives its inner edges by side.

    ``open_side`` has no wall of its own (a neighbour's wall stands there). ``outsides`` are finishes of the outer faces
    where they are seen, by side.
    """
    edges = {}
    for side in SIDES:
        if side != open_side:
            outside = (outsides or {}).get(side, look.outside)
            edges[side] = plan.add_wall(_wall(rect, side, height, look, openings.get(side, ()), outside))
    outer = rect.grown(WALL_M)
    x0, x1 = (rect.x0 if open_side == "west" else outer.x0), (rect.x1 if open_side == "east" else outer.x1)
    y0, y1 = (rect.y0 if open_side == "south" else outer.y0), (rect.y1 if open_side == "north" else outer.y1)
    turns = int(plan.rng.integers(2))
    plan.slabs.append(Slab(low=(x0, y0, -0.2), high=(x1, y1, 0.0), finish=look.floor, quarter_turns=turns))
    low, high = (x0, y0, height), (x1, y1, height + 0.25)
    plan.slabs.append(Slab(low=low, high=high, finish=look.ceiling, underneath=True, quarter_turns=turns))
    plan.air.append(Air(low=(rect.x0, rect.y0), high=(rect.x1, rect.y1), height_m=height))
    return edges


def _wall(rect: Rect, side: str, height: float, look: Look, openings: tuple[Opening, ...], outside: Finish) -> Wall:
    start, end = rect.side(side)
    return Wall(
        start=start,
        end=end,
        height_m=height,
        thickness_m=WALL_M,
        inside=look.wall,
        outside=outside,
        trim=look.trim,
        door=look.door,
        openings=openings,
        dado=look.dado,
        dado_m=look.dado_m,
        skirting_m=look.skirting_m,
        cornice_m=look.cornice_m,
    )


def windows_along(plan: Plan, length: float, height: float, style: str) -> tuple[Opening, ...]:
    """Evenly spaced windows for a wall. Styles: sash, tall, wide, strip (high up), hall (high)."""
    sill, top, wide, pitch = {
        "sash": (plan.between(0.75, 0.95), min(height - 0.35, plan.between(2.0, 2.3)), plan.between(0.9, 1.3), 2.3),
        "tall": (0.12, min(height - 0.3, plan.between(2.2, 2.6)), plan.between(1.0, 1.6), 2.4),
        "wide": (plan.between(0.6, 0.9), min(height - 0.3, 2.3), plan.between(2.0, 3.2), 4.2),
        "strip": (min(1.7, height - 0.9), height - 0.35, plan.between(1.2, 2.4), 3.0),
        "hall": (0.34 * height, 0.82 * height, plan.between(1.0, 1.6), plan.between(3.2, 4.4)),
    }[style]
    count = max(1, int((length - 0.8) / pitch))
    if style != "hall" and plan.chance(0.4):
        count = max(1, count - 1)
    wide = min(wide, length / count - 0.5)
    if wide < 0.5:
        return ()
    bars = {"sash": (2, 2), "tall": (2, 3), "wide": (3, 1), "strip": (2, 1), "hall": (2, 4)}[style]
    return tuple(
        Opening(
            offset_m=(k + 0.5) * length / count - wide / 2,
            width_m=wide,
            sill_m=sill,
            height_m=top - sill,
            filling="window",
            bars=bars,
        )
        for k in range(count)
    )


def door(plan: Plan, length: float, height: float, double: bool = False) -> Opening:
    """A door somewhere along a wall, off its corners."""
    width = plan.between(1.5, 1.9) if double else plan.between(0.82, 0.98)
    tall = min(height - 0.15, plan.between(2.4, 2.9) if double else plan.between(2.02, 2.15))
    low, high = 0.3, max(0.31, length - width - 0.3)
    offset = low + (high - low) * (plan.between(0.0, 0.25) if plan.chance(0.5) else plan.between(0.75, 1.0))
    return Opening(
        offset_m=offset,
        width_m=width,
        sill_m=0.0,
        height_m=tall,
        filling="door",
        bars=((4, 3) if double else (2, int(plan.rng.integers(2, 4)))),
    )


def open_outside(plan: Plan, rect: Rect, sides: list[str], drop: float) -> None:
    """The world beyond the windows, ``drop`` metres below: ground, trees, hedges, houses on the sides with windows."""
    stock = plan.stock
    ground = -drop - 0.12
    grass = stock.finish("grass", [(0.24, 0.36, 0.13), (0.32, 0.44, 0.18), (0.55, 0.5, 0.3)], 3.0)
    tar = stock.finish("asphalt", [(0.2, 0.2, 0.21), (0.34, 0.33, 0.33)], 4.0)
    outer = rect.grown(OUTSIDE_M)
    low, high = (outer.x0, outer.y0, ground - 0.4), (outer.x1, outer.y1, ground)
    plan.slabs.append(Slab(low=low, high=high, finish=grass if drop < 1 else tar))
    leaves, bark = stock.leaves(), stock.finish("bark", [(0.42, 0.34, 0.26), (0.17, 0.12, 0.09)], 0.8, size_px=128)
    wall = stock.house_wall()
    for side in sides:
        start, end = rect.side(side)
        edge = Edge(start=start, end=end)
        for _ in range(int(plan.rng.integers(1, 3)) if drop < 5 else 0):
            x, y = edge.at(plan.between(-1.0, edge.length_m + 1.0), -plan.between(3.5, 8.0))
            tall = plan.between(4.0, 7.0)
            plan.add(plan.piece("tree", (x, y, ground), (0.6 * tall, 0.6 * tall, tall), (bark, leaves), style="far"))
        if drop > 1 or plan.chance(0.45):
            _house_across(plan, edge, drop, wall)
        elif plan.chance(0.6):
            x, y = edge.at(edge.length_m / 2, -plan.between(5.0, 7.0))
            size = (edge.length_m + 8, 0.8, plan.between(1.2, 1.9))
            plan.add(plan.piece("hedge", (x, y, ground), size, (stock.leaves("hedge"),), turn_rad=edge.turn_rad))


def _house_across(plan: Plan, edge: Edge, drop: float, wall: Finish) -> None:
    """A house that faces the windows of a wall."""
    stock = plan.stock
    storeys = int(plan.rng.integers(2, 5)) + int(drop / 3)
    x, y = edge.at(edge.length_m / 2, -plan.between(10.0, 13.0))
    trim = stock.plain(lighter(wall.colours[0], 1.1))
    plan.add_building(
        Building(
            position=(x, y, -drop - 0.12),
            size=(min(edge.length_m + 14.0, plan.between(14.0, 24.0)), 4.0, storeys * 3.0),
            turn_rad=edge.turn_rad,
            storeys=storeys,
            storey_m=3.0,
            window=(0.45, 0.52),
            roof="gable" if drop < 5 else "flat",
            facades=(Facade(side="back", bays=7, ground="windows", relief=False),),
            finishes=(wall, trim, stock.roof(), house_panes(plan, False)),
            seed=int(plan.rng.integers(2**31)),
        )
    )


def house_panes(plan: Plan, lit: bool) -> Finish:
    """An atlas of windows for a house, lit after dark."""
    stock = plan.stock
    frame = lighter(stock.palette.trim, plan.between(0.4, 1.0))
    curtains = [stock.accent(), (0.88, 0.86, 0.8), (0.7, 0.66, 0.6)]
    if lit:
        colours = [(0.05, 0.06, 0.09), (1.0, 0.8, 0.48), frame, *curtains]
        return stock.finish("window_panes_lit", colours, 1.0, emission=0.55, specular=0.2)
    return stock.finish("window_panes", [(0.10, 0.13, 0.16), (0.60, 0.72, 0.82), frame, *curtains], 1.0, specular=0.3)
