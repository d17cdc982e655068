"""Courtyards: open to the sky, closed in by houses, arcades or walls; cloisters, squares, back yards, gardens."""

from __future__ import annotations

import math
from collections.abc import Callable

from cinescene.sets.collision import Air
from cinescene.sets.description import Slab, Wall
from cinescene.sets.layouts.daylight import Mood, outdoor_mood
from cinescene.sets.layouts.hall_parts import crate_stack
from cinescene.sets.layouts.outdoors import Streetscape
from cinescene.sets.layouts.plan import Edge, Plan, Where
from cinescene.sets.layouts.shell import SIDES, Rect
from cinescene.sets.textures.colour import lighter


def lay_out_courtyard(plan: Plan, flavour: str) -> Mood:
    """A yard about the origin."""
    mood = outdoor_mood(plan)
    scape = Streetscape(plan, mood.dark)
    width, depth = plan.between(12.0, 21.0), plan.between(12.0, 21.0)
    share_x, share_y = plan.between(0.35, 0.65), plan.between(0.35, 0.65)
    rect = Rect(x0=-width * share_x, y0=-depth * share_y, x1=width * (1 - share_x), y1=depth * (1 - share_y))
    plan.keep_clear.append((0.0, 0.0, plan.between(1.8, 2.4)))
    plan.air.append(Air(low=(rect.x0, rect.y0), high=(rect.x1, rect.y1), height_m=10.0))
    _ground(plan, rect, flavour)
    edges = _enclosure(plan, scape, rect, flavour)
    _FURNISH[flavour](plan, scape, rect, edges)
    _lamps(plan, scape, rect)
    return mood


def _ground(plan: Plan, rect: Rect, flavour: str) -> None:
    stock = plan.stock
    stone = stock.palette.stone
    grey = (0.5, 0.48, 0.46)
    pattern = {
        "cloister": ["paving", "stone_blocks", "cobbles"],
        "square": ["paving", "cobbles", "encaustic"],
        "back yard": ["asphalt", "screed", "cobbles", "gravel"],
        "garden": ["grass", "gravel", "paving"],
    }[flavour]
    style = plan.pick(pattern)
    colours = {
        "paving": [stone, lighter(stone, 0.84), (0.3, 0.28, 0.25)],
        "stone_blocks": [stone, lighter(stone, 0.86), lighter(stone, 0.6)],
        "cobbles": [grey, (0.38, 0.36, 0.34), (0.2, 0.18, 0.16)],
        "encaustic": [lighter(stone, 1.1), *stock.some_colours(3)],
        "asphalt": [(0.2, 0.2, 0.21), (0.35, 0.34, 0.33)],
        "screed": [(0.58, 0.57, 0.55)],
        "gravel": [lighter(stone, 1.05), lighter(stone, 0.85), (0.55, 0.53, 0.5)],
        "grass": [(0.24, 0.38, 0.13), (0.32, 0.46, 0.18), (0.55, 0.5, 0.3)],
    }[style]
    finish = stock.finish(style, colours, plan.between(1.8, 3.2), size_px=512)
    outer = rect.grown(14.0)
    plan.slabs.append(Slab(low=(outer.x0, outer.y0, -0.4), high=(outer.x1, outer.y1, 0.0), finish=finish))
    if style in ("grass", "gravel"):
        path = stock.finish("paving", [stone, lighter(stone, 0.84), (0.3, 0.28, 0.25)], 2.4, size_px=512)
        wide = plan.between(1.4, 2.2)
        plan.slabs.append(Slab(low=(rect.x0, -wide / 2, -0.2), high=(rect.x1, wide / 2, 0.02), finish=path))
        for y0, y1 in ((rect.y0, -wide / 2), (wide / 2, rect.y1)):
            plan.slabs.append(Slab(low=(-wide / 2, y0, -0.2), high=(wide / 2, y1, 0.02), finish=path))


def _enclosure(plan: Plan, scape: Streetscape, rect: Rect, flavour: str) -> dict[str, Edge]:
    """Houses or garden walls on the four sides, an arcade before some of them."""
    edges = {}
    turns = {"south": math.pi, "east": -math.pi / 2, "north": 0.0, "west": math.pi / 2}
    wall_share = {"cloister": 0.0, "square": 0.05, "back yard": 0.3, "garden": 0.6}[flavour]
    for side in SIDES:
        start, end = rect.side(side)
        length = math.dist(start, end)
        edge = Edge(start=start, end=end)
        edges[side] = edge
        if plan.chance(wall_share):
            edges[side] = _garden_wall(plan, scape, start, end)
            continue
        deep = 9.0
        count = 1 if length < 15 and plan.chance(0.6) else 2
        cuts = [
            -deep if flavour != "square" else 0.0,
            length * plan.between(0.4, 0.6),
            length + (deep if flavour != "square" else 0.0),
        ]
        spans = [(cuts[0], cuts[2])] if count == 1 else [(cuts[0], cuts[1]), (cuts[1], cuts[2])]
        storeys = int(plan.rng.integers(1, 4)) if flavour == "cloister" else None
        for a, b in spans:
            x, y = edge.at((a + b) / 2, -deep / 2)
            ground = plan.pick(["door", "windows"]) if flavour != "square" else None
            plan.add_building(
                scape.house((x, y), (b - a, deep), turns[side], {"front": True}, ground=ground, storeys=storeys)
            )
        if flavour == "cloister" and plan.chance(0.8):
            x, y = edge.at(length / 2, plan.between(2.2, 2.8))
            size = (length - 5.6, 0.5, plan.between(3.4, 4.4))
            wall = plan.stock.stone(plan.pick(["stone_blocks", "plaster"]))
            plan.try_add(plan.piece("arcade", (x, y), size, (wall, scape.stone), turn_rad=turns[side]))
    return edges


def _garden_wall(plan: Plan, scape: Streetscape, start: tuple[float, float], end: tuple[float, float]) -> Edge:
    """A wall to look over, with trees and a house behind it."""
    stock = plan.stock
    finish = stock.wall(["brick", "rubble_wall", "stone_blocks", "painted_brick"])
    edge = plan.add_wall(
        Wall(
            start=start,
            end=end,
            height_m=plan.between(1.6, 2.8),
            thickness_m=0.32,
            inside=finish,
            outside=finish,
            trim=scape.stone,
            door=scape.wood,
        )
    )
    for _ in range(int(plan.rng.integers(2, 5))):
        x, y = edge.at(plan.between(0.0, edge.length_m), -plan.between(2.5, 7.0))
        tall = plan.between(5.0, 9.0)
        size = (0.6 * tall, 0.6 * tall, tall)
        plan.add(plan.piece("tree", (x, y), size, (scape.bark, scape.leaves[int(plan.rng.integers(2))]), style="far"))
    if plan.chance(0.6):
        x, y = edge.at(plan.between(0.2, 0.8) * edge.length_m, -plan.between(15.0, 22.0))
        plan.add_building(scape.house((x, y), (plan.between(9, 14), 8.0), edge.turn_rad, {"front": False}))
    return edge


def _somewhere(plan: Plan, rect: Rect, inset: float) -> tuple[float, float]:
    return plan.between(rect.x0 + inset, rect.x1 - inset), plan.between(rect.y0 + inset, rect.y1 - inset)


def _at_wall(plan: Plan, edges: dict[str, Edge], out: float) -> tuple[tuple[float, float], float]:
    """A place at a random side and the turn of a piece with its back to it."""
    edge = edges[plan.pick(SIDES)]
    return edge.at(plan.between(1.0, edge.length_m - 1.0), out), edge.turn_rad


def _cloister(plan: Plan, scape: Streetscape, rect: Rect, edges: dict[str, Edge]) -> None:
    """A fountain or well, beds round it, benches, potted trees."""
    stock = plan.stock
    water = stock.finish("water", [(0.08, 0.2, 0.22), (0.5, 0.65, 0.7)], 1.5, specular=0.6, shininess=60.0)
    for _ in range(10):
        at = _somewhere(plan, rect, 4.0)
        wide = plan.between(2.0, 3.2)
        if plan.chance(0.65):
            piece = plan.piece(
                "fountain", at, (wide, wide, plan.between(1.4, 2.0)), (stock.stone("marble", 1.5), water)
            )
        else:
            piece = plan.piece(
                "well", at, (1.6, 1.6, 2.4), (stock.stone("stone_blocks", 1.4), scape.wood, scape.roofs[0])
            )
        if plan.try_add(piece, 0.3):
            break
    for _ in range(int(plan.rng.integers(4, 9))):
        scape.flower_bed(
            _somewhere(plan, rect, 3.6),
            (plan.between(1.6, 2.6), plan.between(0.8, 1.4)),
            math.pi / 2 * float(plan.rng.integers(2)),
        )
    for _ in range(5):
        at, turn = _at_wall(plan, edges, 0.45)
        scape.bench(at, turn)
    for _ in range(int(plan.rng.integers(1, 4))):
        scape.tree(_somewhere(plan, rect, 3.5))
    for _ in range(int(plan.rng.integers(6, 12))):
        _potted(plan, _somewhere(plan, rect, 0.7))


def _potted(plan: Plan, at: tuple[float, float]) -> None:
    stock = plan.stock
    wide, tall = plan.between(0.6, 0.9), plan.between(1.0, 1.8)
    finishes = (stock.leaves(), stock.pot(), stock.soil(), stock.wood())
    plan.try_add(plan.piece("bush", at, (wide, wide, tall), finishes, style="potted"), 0.1)


def _square(plan: Plan, scape: Streetscape, rect: Rect, edges: dict[str, Edge]) -> None:
    """Cafés, a fountain or a statue, market stalls, trees."""
    stock = plan.stock
    for _ in range(10):
        at = _somewhere(plan, rect, 3.5)
        if plan.chance(0.5):
            water = stock.finish("water", [(0.08, 0.2, 0.22), (0.5, 0.65, 0.7)], 1.5, specular=0.6)
            if plan.try_add(plan.piece("fountain", at, (2.8, 2.8, 1.8), (stock.stone("marble", 1.5), water)), 0.3):
                break
        else:
            base = plan.piece("pedestal", at, (1.4, 1.4, plan.between(1.2, 1.8)), (scape.stone,))
            if plan.try_add(base, 0.3):
                metal = stock.metal((0.34, 0.42, 0.36))
                plan.on_top(
                    base,
                    "sculpture",
                    (1.1, 1.1, plan.between(1.8, 2.6)),
                    (metal,),
                    style=plan.pick(["figure", "turned", "knot"]),
                )
                break
    for _ in range(int(plan.rng.integers(5, 10))):
        scape.cafe_table(_somewhere(plan, rect, 1.6))
    for _ in range(int(plan.rng.integers(0, 4))):
        at, turn = _at_wall(plan, edges, 2.6)
        scape.stall(at, turn)
    for _ in range(int(plan.rng.integers(2, 5))):
        scape.tree(_somewhere(plan, rect, 2.6))
    for _ in range(5):
        scape.bench(_somewhere(plan, rect, 1.5), math.pi / 2 * float(plan.rng.integers(4)))
        scape.small_thing(_somewhere(plan, rect, 0.8))


def _back_yard(plan: Plan, scape: Streetscape, rect: Rect, edges: dict[str, Edge]) -> None:
    """Crates, barrels, a cart, a parked car, bins, a shed of racks."""
    stock = plan.stock
    board, batten = stock.wood(gloss=0.02), stock.wood(second=True, gloss=0.02)
    cardboard, tape = stock.plain((0.62, 0.48, 0.33)), stock.plain((0.5, 0.38, 0.24))
    scape.car(_somewhere(plan, rect, 2.6), math.pi / 2 * float(plan.rng.integers(4)) + plan.between(-0.1, 0.1))
    for _ in range(int(plan.rng.integers(10, 18))):
        at, _ = _at_wall(plan, edges, plan.between(0.7, 2.2))
        crate_stack(plan, at, board, batten, cardboard, tape)
    for _ in range(int(plan.rng.integers(1, 3))):
        steel = stock.finish("rusty", [stock.accent(), (0.45, 0.24, 0.12)], 1.2, size_px=128)
        edge = edges[plan.pick(SIDES)]
        plan.against(edge, "rack", (plan.between(1.6, 2.6), 0.7, 2.0), (steel, board, cardboard, board))
    cart = plan.piece(
        "cart",
        _somewhere(plan, rect, 1.6),
        (1.5, 1.1, 1.1),
        (scape.wood, scape.iron, stock.linen((0.6, 0.54, 0.4))),
        turn_rad=plan.between(0, 6.3),
    )
    plan.try_add(cart, 0.2)
    for _ in range(6):
        at, turn = _at_wall(plan, edges, 0.6)
        scape.small_thing(at, turn)
    scape.tree(_somewhere(plan, rect, 2.5))
    for _ in range(6):
        _potted(plan, _at_wall(plan, edges, 0.7)[0])


def _garden(plan: Plan, scape: Streetscape, rect: Rect, edges: dict[str, Edge]) -> None:
    """Hedges, beds, trees, a table, statues."""
    stock = plan.stock
    leaves = stock.leaves("hedge")
    for side in SIDES:
        edge = edges[side]
        size = (edge.length_m * plan.between(0.3, 0.8), plan.between(0.5, 0.9), plan.between(0.6, 1.6))
        if plan.chance(0.7):
            plan.against(edge, "hedge", size, (leaves,), where=Where(gap_m=plan.between(0.05, 1.0)))
    for _ in range(int(plan.rng.integers(3, 7))):
        scape.flower_bed(
            _somewhere(plan, rect, 1.8),
            (plan.between(1.4, 3.0), plan.between(0.8, 1.4)),
            math.pi / 2 * float(plan.rng.integers(2)),
        )
    for _ in range(int(plan.rng.integers(3, 6))):
        scape.tree(_somewhere(plan, rect, 2.2))
    for _ in range(7):
        wide, tall = plan.between(0.9, 1.6), plan.between(0.8, 1.5)
        plan.try_add(
            plan.piece(
                "bush", _somewhere(plan, rect, 1.2), (wide, wide, tall), (scape.leaves[1], scape.stone, scape.soil)
            ),
            0.2,
        )
    scape.cafe_table(_somewhere(plan, rect, 2.0))
    for _ in range(2):
        at, turn = _at_wall(plan, edges, 1.2)
        scape.bench(at, turn)
        base = plan.piece("pedestal", _somewhere(plan, rect, 1.5), (0.6, 0.6, 0.9), (scape.stone,))
        if plan.try_add(base, 0.3):
            plan.on_top(
                base,
                "sculpture",
                (0.5, 0.5, 1.0),
                (stock.stone("marble", 1.0),),
                style=plan.pick(["figure", "turned", "stack"]),
            )


def _lamps(plan: Plan, scape: Streetscape, rect: Rect) -> None:
    for sx in (0.12, 0.88):
        for sy in (0.12, 0.88):
            if plan.chance(0.6):
                at = (rect.x0 + sx * rect.width, rect.y0 + sy * rect.depth)
                scape.lamp(at, 0.0, "lantern")


_FURNISH: dict[str, Callable[[Plan, Streetscape, Rect, dict[str, Edge]], None]] = {
    "cloister": _cloister,
    "square": _square,
    "back yard": _back_yard,
    "garden": _garden,
}
FLAVOURS = tuple(_FURNISH)
