"""Pieces that belong together: what stands on tables, lamps that are on, tables with chairs, shelves with books."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish, Piece
from cinescene.sets.layouts.plan import Edge, Plan


def floor_lamp(plan: Plan, at: tuple[float, float], turn: float = 0.0) -> bool:
    """A standing lamp that is on."""
    stock = plan.stock
    shade = stock.glow((1.0, plan.between(0.84, 0.93), plan.between(0.62, 0.8)), 1.3)
    tall, style = plan.between(1.45, 1.75), plan.pick(["drum", "cone"])
    lamp = plan.piece("floor_lamp", at, (0.4, 0.4, tall), (stock.dark_metal(), shade), turn_rad=turn, style=style)
    if not plan.try_add(lamp):
        return False
    plan.light((at[0], at[1], tall - 0.1), (1.0, 0.82, 0.58), plan.between(0.5, 1.0), 0.2)
    return True


def table_lamp(plan: Plan, piece: Piece, right: float) -> None:
    """A small lamp on a piece, on."""
    stock = plan.stock
    shade = stock.glow((1.0, 0.9, 0.72), 1.4)
    tall = plan.between(0.38, 0.55)
    lamp = plan.on_top(piece, "table_lamp", (0.28, 0.28, tall), (stock.china(), shade), right=right)
    x, y, z = lamp.position
    plan.light((x, y, z + 0.75 * tall), (1.0, 0.8, 0.55), plan.between(0.25, 0.5), 0.15)


def pendant(plan: Plan, at: tuple[float, float], height: float) -> None:
    """A lamp on a cord over a place."""
    stock = plan.stock
    style = plan.pick(["cone", "globe", "drum"])
    wide, low = plan.between(0.3, 0.5), min(1.75, height - 0.6)
    shade = stock.glow((1.0, 0.93, 0.8), 1.2) if style == "drum" else stock.enamel(stock.accent())
    glow = stock.glow((1.0, 0.9, 0.72), 2.5)
    low = max(low, height - 0.95)
    plan.add(
        plan.piece(
            "pendant", (at[0], at[1], low), (wide, wide, height - low), (stock.dark_metal(), shade, glow), style=style
        )
    )
    plan.light((at[0], at[1], low - 0.02), (1.0, 0.86, 0.66), plan.between(0.7, 1.5), 0.15)


def ceiling_lamp(plan: Plan, x: float, y: float, height: float) -> None:
    stock = plan.stock
    style = plan.pick(["dome", "panel"])
    size = (0.45, 0.45, 0.16) if style == "dome" else (1.2, 0.3, 0.08)
    plan.add(
        plan.piece(
            "ceiling_light",
            (x, y, height - size[2]),
            size,
            (stock.enamel(), stock.glow((1.0, 0.96, 0.88), 1.8)),
            style=style,
        )
    )
    plan.light((x, y, height - 0.3), (1.0, 0.92, 0.8), plan.between(0.6, 1.6), 0.25)


def bookshelves(plan: Plan, edges: list[Edge], height: float, wood: Finish, count: int) -> None:
    """Shelves with books along the walls."""
    stock = plan.stock
    books, ornament = stock.books(), stock.china()
    tall = min(height - 0.15, plan.between(1.5, 2.3))
    for k in range(count):
        if edges:
            size = (plan.between(0.8, 1.9), plan.between(0.28, 0.36), tall)
            plan.against(edges[k % len(edges)], "bookshelf", size, (wood, wood, books, ornament))


def sideboard(plan: Plan, edge: Edge, wood: Finish) -> None:
    """A low cabinet with a screen, a lamp or vases on it."""
    stock = plan.stock
    size = (plan.between(1.1, 2.0), plan.between(0.4, 0.48), plan.between(0.5, 0.9))
    style = plan.pick(["doors", "drawers", "mixed"])
    piece = plan.against(
        edge, "cabinet", size, (wood, stock.wood(second=True) if plan.chance(0.4) else wood, stock.metal()), style=style
    )
    if piece is None:
        return
    what = plan.pick(["screen", "lamp", "vases"])
    if what == "screen" and size[2] < 0.75:
        screen = stock.finish("screen", [stock.accent(), stock.accent()], 1.0, emission=0.5)
        wide = min(1.2, 0.8 * size[0])
        plan.on_top(piece, "monitor", (wide, 0.2, 0.62 * wide), (stock.dark_metal(), screen))
    elif what == "lamp":
        table_lamp(plan, piece, -0.3 * size[0])
        plan.on_top(piece, "vase", (0.2, 0.2, plan.between(0.2, 0.4)), (stock.china(),), right=0.25 * size[0])
    else:
        clutter(plan, piece)


def clutter(plan: Plan, piece: Piece) -> None:
    """Books, vases and bowls on a table or cabinet."""
    stock = plan.stock
    w, d, _ = piece.size
    slots = max(1, min(3, int(w / 0.4)))
    for k in range(slots):
        right = (k + 0.5) / slots * w - w / 2 + plan.between(-0.05, 0.05)
        front = plan.between(-0.15, 0.15) * d
        kind = plan.pick(["books", "vase", "bowl", "none"], [0.35, 0.3, 0.2, 0.15])
        if kind == "books":
            covers = (stock.plain(stock.accent()), stock.plain(stock.accent()), stock.plain((0.85, 0.82, 0.75)))
            plan.on_top(
                piece,
                "books",
                (0.24, 0.17, plan.between(0.05, 0.16)),
                covers,
                right=right,
                front=front,
                turn=plan.between(-0.5, 0.5),
            )
        elif kind == "vase":
            wide = plan.between(0.1, 0.18)
            plan.on_top(
                piece, "vase", (wide, wide, wide * plan.between(1.4, 2.6)), (stock.china(),), right=right, front=front
            )
        elif kind == "bowl":
            wide = plan.between(0.2, 0.32)
            plan.on_top(piece, "vase", (wide, wide, 0.1), (stock.china(),), right=right, front=front, style="bowl")


def dining_group(plan: Plan, at: tuple[float, float], turn: float, wood: Finish) -> bool:
    """A table with chairs round it, laid or not, a pendant above is the caller's."""
    stock = plan.stock
    seat = stock.upholstery() if plan.chance(0.5) else wood
    style = plan.pick(["slats", "panel", "padded"])
    frame = wood if plan.chance(0.6) else stock.dark_metal()
    if plan.chance(0.3):
        radius = plan.between(0.5, 0.65)
        table = plan.piece("round_table", at, (2 * radius, 2 * radius, 0.74), (wood, frame), turn_rad=turn)
        spots = [(math.cos(a) * (radius + 0.32), math.sin(a) * (radius + 0.32), a) for a in (0.4, 1.9, 3.5, 5.1)]
        chairs = [(x, -y, a + math.pi / 2) for x, y, a in spots]
    else:
        wide, deep = plan.between(1.4, 2.1), plan.between(0.8, 0.95)
        table = plan.piece(
            "table", at, (wide, deep, 0.75), (wood, frame), turn_rad=turn, style=plan.pick(["legs", "trestle"])
        )
        count = 2 if wide < 1.8 else 3
        chairs = [
            ((k + 0.5) / count * wide - wide / 2, side * (deep / 2 + 0.22), 0.0 if side < 0 else math.pi)
            for side in (-1, 1)
            for k in range(count)
        ]
        chairs = [(x, front, math.pi if front > 0 else 0.0) for x, front, _ in chairs]
    if not plan.try_add(table):
        return False
    if plan.chance(0.35):
        plan.add_rug(at, table.size[0] + 1.3, table.size[1] + 1.3, stock.rug(), turn)
    for right, front, facing in chairs:
        spot = plan.beside(table, right, front + plan.between(-0.05, 0.12) * (1 if front > 0 else -1))
        angle = table.turn_rad + facing + plan.between(-0.15, 0.15)
        piece = plan.piece(
            "chair", spot, (0.44, 0.44, plan.between(0.82, 0.95)), (frame, seat), turn_rad=angle, style=style
        )
        plan.try_add(piece, margin_m=-0.25)
    if plan.chance(0.5):
        plan.on_top(
            table,
            "crockery",
            (min(1.2, table.size[0]), table.size[1], 0.28),
            (stock.china(), stock.plain((0.15, 0.3, 0.18), 0.5)),
        )
    else:
        clutter(plan, table)
    return True
