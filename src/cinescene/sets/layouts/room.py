"""Rooms to live and work in: living rooms, bedrooms, studies, kitchens, dining rooms."""

from __future__ import annotations

from collections.abc import Callable

from cinescene.sets.collision import Air
from cinescene.sets.description import Opening
from cinescene.sets.layouts import furnishing
from cinescene.sets.layouts.daylight import Mood, indoor_mood, light_indoors
from cinescene.sets.layouts.dressing import dress_room
from cinescene.sets.layouts.kitchens import kitchen
from cinescene.sets.layouts.plan import Edge, Plan
from cinescene.sets.layouts.shell import (
    SIDES,
    WALL_M,
    Look,
    Rect,
    add_room,
    door,
    open_outside,
    windows_along,
)

FLAVOURS: dict[str, Callable[[Plan, Rect, float, dict[str, Edge]], None]] = {
    "living room": furnishing.living_room,
    "bedroom": furnishing.bedroom,
    "study": furnishing.study,
    "kitchen": kitchen,
    "dining room": furnishing.dining_room,
}


def lay_out_room(plan: Plan, flavour: str) -> Mood:
    """A furnished room about the origin, often with a second one seen through a passage."""
    width, depth = plan.between(5.0, 9.0), plan.between(4.6, 7.5)
    height = plan.between(2.45, 3.4)
    share_x, share_y = plan.between(0.38, 0.62), plan.between(0.38, 0.62)
    rect = Rect(x0=-width * share_x, y0=-depth * share_y, x1=width * (1 - share_x), y1=depth * (1 - share_y))
    plan.keep_clear.append((0.0, 0.0, plan.between(1.05, 1.35)))
    look = _look(plan, flavour)
    sides = [str(s) for s in plan.rng.permutation(SIDES)]
    annex_side = sides[0] if plan.chance(0.6) else None
    style = plan.pick(["sash", "tall", "wide"], [0.5, 0.25, 0.25])
    window_sides = sides[1 : 2 + int(plan.rng.integers(0, 2))]
    openings: dict[str, tuple[Opening, ...]] = {}
    for side in window_sides:
        openings[side] = windows_along(plan, _length(rect, side), height, style)
    door_side = sides[3]
    openings[door_side] = (door(plan, _length(rect, door_side), height, double=plan.chance(0.2)),)
    if annex_side:
        openings[annex_side] = (_passage(plan, _length(rect, annex_side), height),)
    annex_look = _look(plan, flavour) if annex_side else look
    outsides = {annex_side: annex_look.wall} if annex_side else {}
    edges = add_room(plan, rect, height, look, openings, outsides=outsides)
    annex = (
        _annex(plan, rect, annex_side, openings, min(height, plan.between(2.4, 3.0)), annex_look)
        if annex_side
        else None
    )
    FLAVOURS[flavour](plan, rect, height, edges)
    dress_room(plan, rect, height, edges)
    mood = indoor_mood(plan, window_sides)
    drop = 0.0 if plan.chance(0.6) else plan.between(3.0, 12.0)
    open_outside(plan, rect, window_sides, drop)
    light_indoors(plan, rect, height, edges, mood)
    if annex:
        furnishing.annex(plan, annex[0], annex[1], annex[2])
    return mood


def _length(rect: Rect, side: str) -> float:
    return rect.width if side in ("south", "north") else rect.depth


def _look(plan: Plan, flavour: str) -> Look:
    stock = plan.stock
    walls = ["plaster", "wallpaper", "painted_panelling", "brick", "painted_brick", "panelling"]
    floors = {"kitchen": ["tiles", "encaustic", "terrazzo", "planks"], "study": ["planks", "parquet", "cloth"]}
    wall = stock.wall([plan.pick(walls, [0.42, 0.3, 0.06, 0.09, 0.07, 0.06])])
    dado = None
    if plan.chance(0.25) and wall.pattern in ("plaster", "wallpaper"):
        dado = stock.wall(["painted_panelling", "tiles" if flavour == "kitchen" else "panelling"])
    trim = stock.enamel()
    return Look(
        wall=wall,
        outside=stock.plain((0.6, 0.58, 0.54)),
        floor=stock.floor(floors.get(flavour, ["planks", "parquet", "planks", "encaustic", "tiles"])),
        ceiling=stock.ceiling(["plaster", "plaster", "plaster", "planks"]),
        trim=trim,
        door=stock.paint() if plan.chance(0.5) else stock.wood(second=True),
        dado=dado,
        dado_m=plan.between(0.85, 1.15) if dado else 0.0,
        skirting_m=plan.between(0.07, 0.16),
        cornice_m=plan.between(0.06, 0.14) if plan.chance(0.4) else 0.0,
    )


def _passage(plan: Plan, length: float, height: float) -> Opening:
    width = min(plan.between(1.3, 2.8), length - 1.2)
    offset = plan.between(0.5, max(0.51, length - width - 0.5))
    return Opening(
        offset_m=offset, width_m=width, sill_m=0.0, height_m=min(height - 0.2, plan.between(2.1, 2.5)), filling="open"
    )


def _annex(
    plan: Plan, rect: Rect, side: str, openings: dict[str, tuple[Opening, ...]], height: float, look: Look
) -> tuple[Rect, float, dict[str, Edge]]:
    """A second room behind a passage, with a window opposite it at times."""
    passage = openings[side][0]
    length, deep = _length(rect, side), plan.between(2.8, 4.5)
    low = max(0.0, passage.offset_m - plan.between(0.3, 1.5))
    high = min(length, passage.offset_m + passage.width_m + plan.between(0.3, 1.5))
    t = WALL_M
    if side == "south":
        room = Rect(x0=rect.x0 + low, x1=rect.x0 + high, y0=rect.y0 - t - deep, y1=rect.y0 - t)
    elif side == "east":
        room = Rect(x0=rect.x1 + t, x1=rect.x1 + t + deep, y0=rect.y0 + low, y1=rect.y0 + high)
    elif side == "north":
        room = Rect(x0=rect.x1 - high, x1=rect.x1 - low, y0=rect.y1 + t, y1=rect.y1 + t + deep)
    else:
        room = Rect(x0=rect.x0 - t - deep, x1=rect.x0 - t, y0=rect.y1 - high, y1=rect.y1 - low)
    facing = SIDES[(SIDES.index(side) + 2) % 4]
    own: dict[str, tuple[Opening, ...]] = {}
    if plan.chance(0.5):
        own[side] = windows_along(plan, _length(room, side), height, plan.pick(["sash", "tall"]))
    edges = add_room(plan, room, height, look, own, open_side=facing)
    _connect(plan, rect, side, passage)
    return room, height, edges


def _connect(plan: Plan, rect: Rect, side: str, passage: Opening) -> None:
    """Air through a passage, reaching into both rooms, kept free of furniture."""
    (ax, ay), (bx, by) = rect.side(side)
    length = _length(rect, side)
    ux, uy = (bx - ax) / length, (by - ay) / length
    first, last = passage.offset_m + 0.02, passage.offset_m + passage.width_m - 0.02
    reach = 1.0
    corners = [
        (ax + ux * along + uy * out, ay + uy * along - ux * out)
        for along in (first, last)
        for out in (-reach, WALL_M + reach)
    ]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    plan.air.append(Air(low=(min(xs), min(ys)), high=(max(xs), max(ys)), height_m=passage.height_m))
    middle = (first + last) / 2
    beyond = WALL_M + 0.4
    plan.keep_clear.append((ax + ux * middle + uy * beyond, ay + uy * middle - ux * beyond, 0.6))
