"""How rooms are furnished for what they are used for."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish, Piece
from cinescene.sets.layouts.dressing import corner_plant, hang_pictures
from cinescene.sets.layouts.groups import bookshelves, clutter, dining_group, floor_lamp, pendant, sideboard, table_lamp
from cinescene.sets.layouts.plan import Edge, Plan, Where, longest_first
from cinescene.sets.layouts.shell import Rect


def living_room(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """Sofa, low table, rug and armchairs; shelves, a sideboard or a fireplace."""
    stock = plan.stock
    cover, feet, wood = stock.upholstery(), stock.wood(second=True), stock.wood()
    order = longest_first(edges)
    sofa = None
    for edge in order:
        size = (plan.between(1.8, 2.5), 0.92, plan.between(0.74, 0.88))
        where = Where(gap_m=plan.between(0.02, 0.25))
        finishes = (cover, feet, stock.cushion())
        sofa = plan.against(edge, "sofa", size, finishes, style=plan.pick(["boxy", "round"]), where=where)
        if sofa:
            order.remove(edge)
            break
    if sofa:
        _coffee_group(plan, sofa, cover, feet, wood)
    if order and plan.chance(0.3):
        _fireplace(plan, order[0], height)
    bookshelves(plan, order, height, wood, int(plan.rng.integers(1, 4)))
    for edge in order[:2]:
        sideboard(plan, edge, wood)


def _fireplace(plan: Plan, edge: Edge, height: float) -> None:
    stock = plan.stock
    soot, embers = stock.plain((0.05, 0.045, 0.04)), stock.glow((1.0, 0.42, 0.12), 1.6)
    finishes = (stock.stone("marble", 1.0), soot, stock.wall(["plaster", "brick"]), embers)
    plan.against(edge, "fireplace", (plan.between(1.5, 1.9), 0.45, height), finishes)


def _coffee_group(plan: Plan, sofa: Piece, cover: Finish, feet: Finish, wood: Finish) -> None:
    """What stands before a sofa."""
    stock = plan.stock
    w, d, _ = sofa.size
    deep = plan.between(0.5, 0.7)
    at = plan.beside(sofa, plan.between(-0.15, 0.15), d / 2 + 0.42 + deep / 2)
    size = (min(1.3, 0.55 * w), deep, plan.between(0.36, 0.44))
    table = plan.piece("table", at, size, (wood, feet), turn_rad=sofa.turn_rad, style=plan.pick(["legs", "slab"]))
    rug_at = plan.beside(sofa, 0.0, d / 2 + 0.75)
    if plan.chance(0.85):
        plan.add_rug(rug_at, w + 0.6, 2.0, stock.rug(), sofa.turn_rad)
    if plan.try_add(table):
        clutter(plan, table)
    for side in (-1, 1):
        if not plan.chance(0.6):
            continue
        spot = plan.beside(sofa, side * (w / 2 + 0.35), d / 2 + plan.between(0.55, 0.9))
        turn = sofa.turn_rad + side * plan.between(1.2, 1.8)
        chair = plan.piece(
            "sofa",
            spot,
            (0.85, 0.85, 0.8),
            (stock.upholstery() if plan.chance(0.4) else cover, feet, stock.cushion()),
            turn_rad=-0.0 + turn,
            style=sofa.style,
        )
        plan.try_add(chair)
    spot = plan.beside(sofa, plan.rng.choice([-1.0, 1.0]) * (w / 2 + 0.32), 0.0)
    floor_lamp(plan, spot, sofa.turn_rad)


def dining_room(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """A dining table off the middle, a dresser, a sideboard."""
    wood = plan.stock.wood()
    for _ in range(20):
        at = (plan.between(rect.x0 + 1.2, rect.x1 - 1.2), plan.between(rect.y0 + 1.0, rect.y1 - 1.0))
        if dining_group(plan, at, math.pi / 2 * float(plan.rng.integers(2)), wood):
            pendant(plan, at, height)
            break
    order = longest_first(edges)
    for edge in order[:3]:
        sideboard(plan, edge, wood)
    bookshelves(plan, order[1:], height, wood, 1)


def bedroom(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """A bed with night tables, a wardrobe, a chest of drawers, a chair."""
    stock = plan.stock
    wood = stock.wood()
    order = longest_first(edges)
    _bed_group(plan, order, wood)
    doors = stock.wood(second=True) if plan.chance(0.5) else stock.paint()
    fittings = stock.metal()
    for edge in order:
        size = (plan.between(1.2, 2.2), 0.6, min(height - 0.1, 2.2))
        if plan.against(edge, "cabinet", size, (doors, doors, fittings), style="doors"):
            break
    for edge in order[::-1]:
        size = (plan.between(0.9, 1.3), 0.48, 0.85)
        chest = plan.against(edge, "cabinet", size, (wood, wood, fittings), style="drawers")
        if chest:
            clutter(plan, chest)
            break
    seat = (stock.upholstery(), wood, stock.cushion())
    if plan.against(order[-1], "sofa", (0.85, 0.85, 0.8), seat, style="round", where=Where(gap_m=0.1)) is None:
        bookshelves(plan, order, height, wood, 1)


def _bed_group(plan: Plan, order: list[Edge], wood: Finish) -> None:
    """A bed against a wall, tables with lamps beside it, a rug at its foot."""
    stock = plan.stock
    frame = stock.upholstery() if plan.chance(0.4) else wood
    blanket = stock.cushion() if plan.chance(0.5) else stock.upholstery()
    finishes = (frame, stock.linen(), blanket, stock.linen((0.93, 0.92, 0.9)))
    size = (plan.between(1.4, 1.9), 2.1, plan.between(0.85, 1.15))
    style = plan.pick(["padded", "bars"])
    bed = next(
        (b for edge in order if (b := plan.against(edge, "bed", size, finishes, style=style, where=Where(tries=25)))),
        None,
    )
    if bed is None:
        return
    for side in (-1, 1):
        spot = plan.beside(bed, side * (size[0] / 2 + 0.32), -size[1] / 2 + 0.26)
        drawers = (wood, wood, stock.metal())
        table = plan.piece("cabinet", spot, (0.45, 0.4, 0.5), drawers, turn_rad=bed.turn_rad, style="drawers")
        if plan.try_add(table) and plan.chance(0.75):
            table_lamp(plan, table, 0.0)
    if plan.chance(0.8):
        spot = plan.beside(bed, 0.0, size[1] / 2 - 0.2)
        plan.add_rug(spot, size[0] + 1.2, 1.9, stock.rug(), bed.turn_rad)


def study(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """Desks with screens, many shelves, a meeting corner."""
    stock = plan.stock
    wood = stock.wood()
    body = stock.paint() if plan.chance(0.5) else wood
    order = longest_first(edges)
    for k in range(int(plan.rng.integers(1, 4))):
        edge = order[k % len(order)]
        size = (plan.between(1.3, 1.8), plan.between(0.65, 0.8), 0.74)
        desk_piece = plan.against(edge, "desk", size, (wood, body, stock.metal()), where=Where(tries=20))
        if desk_piece:
            _desk_things(plan, desk_piece, wood)
    bookshelves(plan, order, height, wood, int(plan.rng.integers(2, 5)))
    for _ in range(8):
        at = (plan.between(rect.x0 + 1.1, rect.x1 - 1.1), plan.between(rect.y0 + 1.1, rect.y1 - 1.1))
        if plan.chance(0.6) and dining_group(plan, at, 0.0, wood):
            break
    for edge in order[2:]:
        sideboard(plan, edge, wood)


def _desk_things(plan: Plan, desk_piece: Piece, wood: Finish) -> None:
    stock = plan.stock
    w, d, _ = desk_piece.size
    screen = stock.finish("screen", [stock.accent(), stock.accent()], 1.0, emission=0.7)
    plan.on_top(
        desk_piece, "monitor", (plan.between(0.5, 0.7), 0.2, 0.46), (stock.dark_metal(), screen), front=-0.2 * d
    )
    if plan.chance(0.6):
        table_lamp(plan, desk_piece, -0.38 * w)
    covers = (stock.plain(stock.accent()), stock.plain(stock.accent()), stock.plain((0.9, 0.88, 0.82)))
    plan.on_top(
        desk_piece, "books", (0.3, 0.22, plan.between(0.03, 0.14)), covers, right=0.3 * w, turn=plan.between(-0.4, 0.4)
    )
    spot = plan.beside(desk_piece, plan.between(-0.2, 0.2), d / 2 + 0.28)
    frame = stock.dark_metal() if plan.chance(0.5) else wood
    turn = desk_piece.turn_rad + math.pi + plan.between(-0.5, 0.5)
    chair = plan.piece("chair", spot, (0.46, 0.46, 0.9), (frame, stock.upholstery()), turn_rad=turn, style="padded")
    plan.try_add(chair, margin_m=-0.1)


def annex(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """A second room, furnished lightly: a table, shelves, pictures, a lamp."""
    wood = plan.stock.wood()
    middle = ((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2)
    if plan.chance(0.5):
        dining_group(plan, middle, math.pi / 2 * float(plan.rng.integers(2)), wood)
    order = longest_first(edges)
    bookshelves(plan, order, height, wood, int(plan.rng.integers(1, 3)))
    sideboard(plan, order[0], wood)
    hang_pictures(plan, edges, height, 2)
    corner_plant(plan, rect)
    if plan.chance(0.75):
        pendant(plan, middle, height)
