"""Large rooms as shells: galleries, temples, warehouses, lobbies."""

from __future__ import annotations

from collections.abc import Callable

from cinescene.sets.description import Opening
from cinescene.sets.layouts.daylight import Mood, indoor_mood, light_indoors
from cinescene.sets.layouts.hall_parts import pilasters
from cinescene.sets.layouts.hall_uses import gallery, lobby, temple, warehouse
from cinescene.sets.layouts.plan import Edge, Plan
from cinescene.sets.layouts.shell import Look, Rect, add_room, door, open_outside, windows_along
from cinescene.sets.textures.colour import lighter

_ALONG = ("east", "west")
"""The long sides of a hall; it runs along y."""
_USES: dict[str, Callable[[Plan, Rect, float, dict[str, Edge], str], None]] = {
    "gallery": gallery,
    "temple": temple,
    "warehouse": warehouse,
    "lobby": lobby,
}
FLAVOURS = tuple(_USES)


def lay_out_hall(plan: Plan, flavour: str) -> Mood:
    """A hall about the origin, its long axis along y, furnished for what it is used for."""
    low, high = {"gallery": (3.6, 5.5), "temple": (6.0, 9.5), "warehouse": (5.0, 8.0), "lobby": (3.8, 6.5)}[flavour]
    height = plan.between(low, high)
    width, depth = plan.between(9.0, 15.0), plan.between(13.0, 24.0)
    share_x, share_y = plan.between(0.42, 0.58), plan.between(0.3, 0.7)
    rect = Rect(x0=-width * share_x, y0=-depth * share_y, x1=width * (1 - share_x), y1=depth * (1 - share_y))
    plan.keep_clear.append((0.0, 0.0, plan.between(1.6, 2.4)))
    openings: dict[str, tuple[Opening, ...]] = {}
    window_sides = []
    for side in _ALONG if flavour != "gallery" else _ALONG[:1]:
        if plan.chance(0.85):
            style = "strip" if flavour in ("warehouse", "gallery") else "hall"
            openings[side] = windows_along(plan, rect.depth, height, style)
            window_sides.append(side)
    end = "south" if plan.chance(0.5) else "north"
    openings[end] = (_portal(plan, rect.width, height),)
    other = "north" if end == "south" else "south"
    if plan.chance(0.5):
        openings[other] = (door(plan, rect.width, height, double=plan.chance(0.5)),)
    edges = add_room(plan, rect, height, _look(plan, flavour), openings)
    if flavour != "gallery" and plan.chance(0.7):
        pilasters(plan, flavour, height, edges)
    _USES[flavour](plan, rect, height, edges, other)
    mood = indoor_mood(plan, window_sides)
    open_outside(plan, rect, window_sides, 0.0)
    light_indoors(plan, rect, height, edges, mood)
    return mood


def _portal(plan: Plan, length: float, height: float) -> Opening:
    wide, tall = plan.between(1.8, 2.6), min(height - 0.5, plan.between(2.6, 3.4))
    return Opening(offset_m=(length - wide) / 2, width_m=wide, sill_m=0.0, height_m=tall, filling="door", bars=(4, 3))


def _look(plan: Plan, flavour: str) -> Look:
    stock = plan.stock
    walls = {
        "gallery": ["plaster", "plaster", "concrete"],
        "temple": ["stone_blocks", "plaster", "rubble_wall"],
        "warehouse": ["brick", "concrete", "corrugated", "painted_brick"],
        "lobby": ["plaster", "marble_wall", "panelling", "concrete"],
    }[flavour]
    floors = {
        "gallery": ["planks", "parquet", "screed", "terrazzo"],
        "temple": ["stone_blocks", "marble", "marble_chequer", "encaustic"],
        "warehouse": ["screed", "screed", "stone_blocks"],
        "lobby": ["marble", "marble_chequer", "terrazzo", "tiles"],
    }[flavour]
    ceilings = {
        "gallery": ["plaster"],
        "temple": ["planks", "plaster"],
        "warehouse": ["concrete", "planks"],
        "lobby": ["plaster"],
    }
    style = plan.pick(walls)
    if style == "marble_wall":
        colour = lighter(stock.palette.stone, 1.15)
        wall = stock.finish(
            "marble", [colour, lighter(colour, 0.88), lighter(colour, 0.6)], 2.6, size_px=512, specular=0.3
        )
    else:
        wall = stock.wall([style])
    trim = stock.enamel() if flavour in ("gallery", "lobby") else stock.stone("plaster", 2.0)
    dado = stock.wall(["panelling", "painted_panelling"]) if flavour == "lobby" and plan.chance(0.5) else None
    return Look(
        wall=wall,
        outside=stock.plain((0.6, 0.58, 0.54)),
        floor=stock.floor(floors),
        ceiling=stock.ceiling(ceilings[flavour]),
        trim=trim,
        door=stock.wood(second=True),
        dado=dado,
        dado_m=plan.between(1.0, 1.4) if dado else 0.0,
        skirting_m=plan.between(0.1, 0.25),
        cornice_m=plan.between(0.12, 0.3) if flavour in ("lobby", "temple") else 0.0,
    )
