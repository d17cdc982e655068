"""What large rooms are used for: galleries, temples, warehouses, lobbies."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish, Wall
from cinescene.sets.layouts.dressing import corner_plant, hang_pictures
from cinescene.sets.layouts.groups import clutter, table_lamp
from cinescene.sets.layouts.hall_parts import beams, colonnade, crate_stack, hang_high, rows_of_lamps
from cinescene.sets.layouts.plan import Edge, Plan, Where
from cinescene.sets.layouts.shell import Rect
from cinescene.sets.textures.colour import lighter


def gallery(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge], head: str) -> None:
    """Large paintings, sculptures on pedestals, benches."""
    stock = plan.stock
    for edge in [*edges.values(), *_partitions(plan, rect, height)]:
        _row_of_paintings(plan, edge, height)
    stone = stock.plain((0.88, 0.87, 0.85))
    for _ in range(int(plan.rng.integers(5, 10))):
        at = (plan.between(rect.x0 + 1.2, rect.x1 - 1.2), plan.between(rect.y0 + 1.2, rect.y1 - 1.2))
        size = (plan.between(0.45, 0.7), plan.between(0.45, 0.7), plan.between(0.6, 1.1))
        base = plan.piece("pedestal", at, size, (stone,), turn_rad=plan.between(-0.2, 0.2))
        if plan.try_add(base, 0.9):
            work = stock.stone("marble", 1.0) if plan.chance(0.5) else stock.metal((0.42, 0.33, 0.22))
            wide = plan.between(0.35, 0.5)
            style = plan.pick(["turned", "knot", "stack", "figure"])
            plan.on_top(base, "sculpture", (wide, wide, plan.between(0.5, 1.1)), (work,), style=style)
    wood, iron = stock.wood(), stock.dark_metal()
    for _ in range(3):
        at = (plan.between(rect.x0 + 2.0, rect.x1 - 2.0), plan.between(rect.y0 + 2.0, rect.y1 - 2.0))
        turn = math.pi / 2 * float(plan.rng.integers(2))
        plan.try_add(plan.piece("bench", at, (1.8, 0.45, 0.44), (wood, iron), turn_rad=turn), 0.5)
    rows_of_lamps(plan, rect, height, "panel" if plan.chance(0.7) else "pendant")


def _partitions(plan: Plan, rect: Rect, height: float) -> list[Edge]:
    """Up to three free-standing walls, and both sides of each to hang pictures on."""
    finish, trim = plan.stock.wall(["plaster"]), plan.stock.enamel()
    edges = []
    for _ in range(int(plan.rng.integers(1, 4))):
        length, thick, tall = plan.between(2.6, 4.5), 0.3, min(height - 0.4, plan.between(2.6, 3.4))
        x, y = plan.between(rect.x0 + 2.5, rect.x1 - 2.5), plan.between(rect.y0 + 2.5, rect.y1 - 2.5)
        along_x = plan.chance(0.6)
        turn = 0.0 if along_x else math.pi / 2
        if not plan.fits(plan.piece("beam", (x, y), (length, thick, tall), (finish,), turn_rad=turn), 1.3):
            continue
        ux, uy = (1.0, 0.0) if along_x else (0.0, 1.0)
        ends = [(x + s * ux * length / 2, y + s * uy * length / 2) for s in (-1, 1)]
        ahead = [(px - uy * thick / 2, py + ux * thick / 2) for px, py in ends]
        behind = [(px + uy * thick / 2, py - ux * thick / 2) for px, py in ends]
        wall = Wall(
            start=ahead[0],
            end=ahead[1],
            height_m=tall,
            thickness_m=thick,
            inside=finish,
            outside=finish,
            trim=trim,
            door=trim,
            freestanding=True,
        )
        edges += [plan.add_wall(wall), Edge(start=behind[1], end=behind[0])]
    return edges


def _row_of_paintings(plan: Plan, edge: Edge, height: float) -> None:
    """Different paintings along a wall, their middles at eye height."""
    stock = plan.stock
    frames = [stock.wood(), stock.dark_metal(), stock.metal((0.72, 0.58, 0.3))]
    mount = stock.plain((0.93, 0.92, 0.89))
    along = plan.between(1.2, 2.2)
    while along < edge.length_m - 1.2:
        wide = plan.between(0.9, 2.9)
        tall = min(wide * plan.between(0.6, 1.25), height - 1.3, 2.5)
        z = max(0.75, 1.6 - tall / 2)
        low, high = along - wide / 2 - 0.3, along + wide / 2 + 0.3
        blocked = any(o.offset_m < high and o.offset_m + o.width_m > low and o.sill_m < z + tall for o in edge.openings)
        if not blocked and high < edge.length_m:
            x, y = edge.at(along, 0.03)
            finishes = (frames[int(plan.rng.integers(3))], stock.painting(), mount)
            style = plan.pick(["mounted", "bare", "canvas"])
            size = (wide, 0.05, tall)
            picture = plan.piece("framed_picture", (x, y, z), size, finishes, turn_rad=edge.turn_rad, style=style)
            plan.add(picture)
        along += wide + plan.between(0.8, 2.2)


def temple(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge], head: str) -> None:
    """Columns, pews or braziers, an altar with a statue, banners."""
    stock = plan.stock
    stone, base = stock.stone(), stock.stone("plaster")
    style = plan.pick(["round", "fluted", "square"])
    colonnade(plan, rect, height, plan.between(1.9, 2.8), plan.between(0.7, 1.1), style, (stone, base))
    _altar(plan, edges[head], height, stone)
    if plan.chance(0.6):
        _pews(plan, rect, 0.0 if head == "south" else math.pi)
    for edge in (edges["east"], edges["west"]):
        for _ in range(int(plan.rng.integers(0, 5))):
            finishes = (
                stock.finish("mural_tile" if plan.chance(0.5) else "stripes", stock.some_colours(4), 1.2),
                stock.dark_metal(),
            )
            hang_high(plan, edge, (plan.between(0.8, 1.2), 0.06, 0.5 * height), finishes, 0.35 * height)
    for _ in range(int(plan.rng.integers(3, 8))):
        spot = (plan.between(rect.x0 + 0.8, rect.x1 - 0.8), plan.between(rect.y0 + 0.8, rect.y1 - 0.8))
        plan.try_add(plan.piece("vase", spot, (0.7, 0.7, plan.between(0.8, 1.3)), (stock.china(),)), 0.3)
    if plan.chance(0.7):
        beams(plan, rect, height, stock.wood(second=True), plan.between(0.25, 0.4))
    rows_of_lamps(plan, rect, height, "chandelier")
    carpet = stock.finish(
        "stripes", [stock.accent(), lighter(stock.accent(), 0.7), stock.accent(), (0.8, 0.66, 0.3)], 1.6, size_px=256
    )
    plan.add_rug(((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2), 1.5, rect.depth - 4.0, carpet)


def _altar(plan: Plan, edge: Edge, height: float, stone: Finish) -> None:
    """Steps with a statue at the middle of a wall, unless a door is there."""
    stock = plan.stock
    middle = edge.length_m / 2
    if any(o.offset_m < middle + 1.5 and o.offset_m + o.width_m > middle - 1.5 for o in edge.openings):
        return
    plinth = plan.against(edge, "steps", (3.2, 1.6, 0.48), (stone,), where=Where(along_m=middle))
    if plinth:
        size = (plan.between(0.9, 1.2), plan.between(0.9, 1.2), min(height - 1.6, plan.between(2.0, 3.2)))
        statue = stock.stone("marble", 1.0) if plan.chance(0.6) else stock.metal((0.6, 0.46, 0.22))
        plan.on_top(plinth, "sculpture", size, (statue,), style=plan.pick(["figure", "turned"]), front=-0.3)


def _pews(plan: Plan, rect: Rect, turn: float) -> None:
    """Rows of pews on both sides of the aisle."""
    wood = plan.stock.wood()
    wide = min(2.6, rect.width / 2 - 3.4)
    if wide < 1.2:
        return
    y = rect.y0 + 2.5
    while y < rect.y1 - 2.8:
        for side in (-1, 1):
            x = (rect.x0 + rect.x1) / 2 + side * (0.9 + wide / 2)
            plan.try_add(plan.piece("pew", (x, y), (wide, 0.6, 0.95), (wood,), turn_rad=turn), 0.1)
        y += 1.25


def warehouse(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge], head: str) -> None:
    """Racks, stacks of crates, barrels, steel posts and beams."""
    stock = plan.stock
    steel = stock.finish("rusty", [stock.accent(), (0.45, 0.24, 0.12)], 1.2, size_px=128)
    colonnade(plan, rect, height, plan.between(2.2, 3.2), 0.34, "square", (steel, steel))
    beams(plan, rect, height, steel, plan.between(0.22, 0.34))
    board, batten = stock.wood(gloss=0.02), stock.wood(second=True, gloss=0.02)
    cardboard = stock.plain((0.62, 0.48, 0.33))
    tape = stock.plain((0.5, 0.38, 0.24))
    boxes = (cardboard, stock.plain(stock.accent()), board)
    for edge in (edges["east"], edges["west"], edges[head]):
        for _ in range(int(plan.rng.integers(1, 4))):
            size = (plan.between(1.8, 3.2), plan.between(0.6, 0.9), min(height - 0.6, plan.between(2.0, 3.4)))
            plan.against(edge, "rack", size, (steel, board, *boxes))
    for _ in range(int(plan.rng.integers(7, 15))):
        at = (plan.between(rect.x0 + 0.9, rect.x1 - 0.9), plan.between(rect.y0 + 0.9, rect.y1 - 0.9))
        crate_stack(plan, at, board, batten, cardboard, tape)
    drum = stock.finish("rusty", [stock.accent(), (0.42, 0.23, 0.12)], 0.9, size_px=128)
    for _ in range(int(plan.rng.integers(2, 8))):
        at = (plan.between(rect.x0 + 0.6, rect.x1 - 0.6), plan.between(rect.y0 + 0.6, rect.y1 - 0.6))
        wood = plan.chance(0.5)
        finishes = (board, stock.dark_metal()) if wood else (drum,)
        plan.try_add(plan.piece("barrel", at, (0.6, 0.6, 0.88), finishes, style="wood" if wood else "drum"))
    for _ in range(3):
        at = (plan.between(rect.x0 + 1.0, rect.x1 - 1.0), plan.between(rect.y0 + 1.0, rect.y1 - 1.0))
        cloth = stock.finish("cloth", [(0.66, 0.58, 0.44), (0.5, 0.42, 0.3)], 0.4, size_px=128)
        plan.try_add(plan.piece("sacks", at, (plan.between(0.8, 1.8), 0.5, 0.7), (cloth,), turn_rad=plan.between(0, 3)))
    rows_of_lamps(plan, rect, height, "pendant" if plan.chance(0.6) else "panel")


def lobby(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge], head: str) -> None:
    """A counter, groups of armchairs on rugs, plants, columns, a clock."""
    stock = plan.stock
    if plan.chance(0.7):
        style = plan.pick(["round", "square", "fluted"])
        colonnade(
            plan,
            rect,
            height,
            plan.between(1.8, 2.6),
            plan.between(0.55, 0.85),
            style,
            (stock.stone("marble"), stock.stone("plaster")),
        )
    wood = stock.wood()
    top = stock.stone("marble", 1.2)
    counter_edge = edges[head]
    x, y = counter_edge.at(counter_edge.length_m / 2, 1.6)
    counter = plan.piece(
        "cabinet",
        (x, y),
        (min(4.5, 0.5 * rect.width), 0.7, 1.1),
        (wood, wood, stock.metal(), top),
        turn_rad=counter_edge.turn_rad,
        style="doors-top",
    )
    if plan.try_add(counter):
        table_lamp_at = 0.35 * counter.size[0]
        table_lamp(plan, counter, table_lamp_at)
        clutter(plan, counter)
    for _ in range(int(plan.rng.integers(2, 5))):
        at = (plan.between(rect.x0 + 2.0, rect.x1 - 2.0), plan.between(rect.y0 + 2.0, rect.y1 - 2.0))
        _seating(plan, at, wood)
    hang_pictures(plan, edges, height, 3)
    for _ in range(int(plan.rng.integers(4, 9))):
        corner_plant(plan, rect)
    rows_of_lamps(plan, rect, height, plan.pick(["chandelier", "pendant", "panel"]))


def _seating(plan: Plan, at: tuple[float, float], wood: Finish) -> None:
    """A low table with armchairs or sofas on two to four sides, on a rug."""
    stock = plan.stock
    turn = math.pi / 2 * float(plan.rng.integers(4))
    table = plan.piece("table", at, (1.0, 0.6, 0.42), (wood, stock.dark_metal()), turn_rad=turn, style="slab")
    if not plan.try_add(table, 0.5):
        return
    clutter(plan, table)
    cover = stock.upholstery()
    plan.add_rug(at, 3.2, 2.6, stock.rug(), turn)
    for right, front, facing, wide in (
        (0.0, -0.95, 0.0, 1.9),
        (0.0, 0.95, math.pi, 1.9),
        (1.15, 0.0, math.pi / 2, 0.85),
        (-1.15, 0.0, -math.pi / 2, 0.85),
    ):
        if plan.chance(0.7):
            spot = plan.beside(table, right, front)
            turned = turn + (facing if right == 0.0 else -facing)
            seat = plan.piece(
                "sofa", spot, (wide, 0.85, 0.78), (cover, wood, stock.cushion()), turn_rad=turned, style="boxy"
            )
            plan.try_add(seat)
