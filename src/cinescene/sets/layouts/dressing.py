"""What every room has: curtains, radiators, pictures, plants, and something at most of its walls."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish, Piece
from cinescene.sets.layouts.groups import bookshelves, ceiling_lamp, floor_lamp, sideboard
from cinescene.sets.layouts.plan import Edge, Plan, Where
from cinescene.sets.layouts.shell import Rect


def fill_walls(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """Puts more things at walls that are still bare, so that most of each wall has something before it."""
    stock = plan.stock
    wood = stock.wood(second=plan.chance(0.5))
    for edge in edges.values():
        for _ in range(int(edge.length_m / 1.5)):
            kind = plan.pick(["shelf", "low", "tall", "bench", "lamp", "plant", "none"])
            if kind == "shelf":
                bookshelves(plan, [edge], height, wood, 1)
            elif kind == "low":
                sideboard(plan, edge, wood)
            elif kind == "tall":
                size = (plan.between(0.6, 1.1), plan.between(0.4, 0.55), min(height - 0.1, plan.between(1.5, 2.1)))
                plan.against(edge, "cabinet", size, (wood, wood, stock.metal()), style=plan.pick(["doors", "drawers"]))
            elif kind == "bench":
                size = (plan.between(0.9, 1.5), 0.42, 0.45)
                plan.against(edge, "bench", size, (wood, stock.dark_metal()), where=Where(gap_m=0.06))
            elif kind == "lamp" and edge.length_m > 1.2:
                floor_lamp(plan, edge.at(plan.between(0.4, edge.length_m - 0.4), 0.35), edge.turn_rad)
            elif kind == "plant":
                corner_plant(plan, rect)


def dress_room(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """Curtains, radiators, pictures, plants, a ceiling lamp, a rug: what every room has."""
    stock = plan.stock
    curtain, rod, radiator = stock.curtain(), stock.dark_metal(), stock.enamel((0.9, 0.9, 0.88))
    with_curtains = plan.chance(0.7)
    for edge in edges.values():
        for opening in edge.openings:
            if opening.filling != "window":
                continue
            middle, top = opening.offset_m + opening.width_m / 2, opening.sill_m + opening.height_m
            if with_curtains and top + 0.2 < height:
                low = 0.02 if plan.chance(0.7) else max(0.02, opening.sill_m - 0.15)
                size = (opening.width_m + 0.5, 0.1, top + 0.14 - low)
                x, y = edge.at(middle, 0.14)
                plan.try_add(plan.piece("curtains", (x, y, low), size, (curtain, rod), turn_rad=edge.turn_rad))
            if opening.sill_m > 0.55 and plan.chance(0.5):
                x, y = edge.at(middle, 0.09)
                size = (min(opening.width_m, 1.4), 0.1, opening.sill_m - 0.12)
                plan.try_add(plan.piece("radiator", (x, y), size, (radiator,), turn_rad=edge.turn_rad))
    fill_walls(plan, rect, height, edges)
    hang_pictures(plan, edges, height)
    for _ in range(int(plan.rng.integers(1, 3))):
        corner_plant(plan, rect)
    if plan.chance(0.7):
        ceiling_lamp(plan, (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2, height)


def hang_pictures(plan: Plan, edges: dict[str, Edge], height: float, per_wall: int = 3) -> None:
    """Different pictures on every wall, where it is free; a clock or a shelf at times."""
    stock = plan.stock
    frames = [stock.wood(), stock.dark_metal(), stock.enamel((0.92, 0.9, 0.86)), stock.metal((0.7, 0.56, 0.28))]
    mount = stock.plain((0.92, 0.91, 0.87))
    for edge in edges.values():
        for _ in range(1 + int(plan.rng.integers(per_wall))):
            kind = plan.pick(["picture", "clock", "shelf"], [0.84, 0.06, 0.1])
            if kind == "clock" and any(p.kind == "clock" for p in plan.pieces):
                continue
            if kind == "picture":
                wide = plan.between(0.35, min(1.5, 0.3 * edge.length_m + 0.3))
                tall = min(wide * plan.between(0.65, 1.4), 0.42 * height)
                z = max(1.05, plan.between(1.45, 1.7) - tall / 2)
                style = plan.pick(["mounted", "bare", "canvas"])
                finishes = (frames[int(plan.rng.integers(4))], stock.painting(), mount)
                hang(plan, edge, "framed_picture", (wide, 0.04, tall), finishes, z, style)
            elif kind == "clock":
                face = stock.finish("dial", [(0.93, 0.92, 0.88), (0.1, 0.1, 0.12)], 1.0)
                hang(plan, edge, "clock", (0.36, 0.05, 0.36), (frames[1], face), 1.75, "")
            else:
                things = (stock.china(), stock.china(), stock.plain(stock.accent()))
                plan.against(
                    edge,
                    "wall_shelf",
                    (plan.between(0.6, 1.2), 0.2, 0.35),
                    (stock.wood(), *things),
                    where=Where(z=plan.between(1.3, 1.7)),
                )


def hang(
    plan: Plan,
    edge: Edge,
    kind: str,
    size: tuple[float, float, float],
    finishes: tuple[Finish, ...],
    z: float,
    style: str,
) -> None:
    """Hangs something flat on a free stretch of wall, behind nothing tall."""
    ghost = ("cabinet", (size[0] + 0.1, 0.1, size[2] + 0.1))
    for _ in range(10):
        along = plan.between(size[0] / 2 + 0.1, max(size[0] / 2 + 0.11, edge.length_m - size[0] / 2 - 0.1))
        if along + size[0] / 2 > edge.length_m:
            return
        if any(
            o.offset_m - 0.15 < along + size[0] / 2 and o.offset_m + o.width_m + 0.15 > along - size[0] / 2
            and o.sill_m < z + size[2] and o.sill_m + o.height_m > z
            for o in edge.openings
        ):  # fmt: skip
            continue
        x, y = edge.at(along, 0.07)
        test = plan.piece(ghost[0], (x, y, z - 0.05), ghost[1], finishes, turn_rad=edge.turn_rad)
        if any(_close(p, (x, y), z, size) for p in plan.pieces if p.kind in ("framed_picture", "clock", "banner")):
            continue
        if not plan.fits(test, 0.0, group=True):
            continue
        x, y = edge.at(along, size[1] / 2 + 0.004)
        plan.add(plan.piece(kind, (x, y, z), size, finishes, turn_rad=edge.turn_rad, style=style))
        return


def _close(other: Piece, at: tuple[float, float], z: float, size: tuple[float, float, float]) -> bool:
    sideways = math.dist(other.position[:2], at) < (other.size[0] + size[0]) / 2 + 0.12
    return sideways and other.position[2] < z + size[2] + 0.08 and other.position[2] + other.size[2] > z - 0.08


def corner_plant(plan: Plan, rect: Rect) -> None:
    """A plant in a pot near a corner or a wall."""
    stock = plan.stock
    for _ in range(8):
        x = (rect.x0 + 0.42) if plan.chance(0.5) else (rect.x1 - 0.42)
        y = (
            plan.between(rect.y0 + 0.42, rect.y1 - 0.42)
            if plan.chance(0.4)
            else (rect.y0 + 0.42 if plan.chance(0.5) else rect.y1 - 0.42)
        )
        tall = plan.between(0.7, 1.7)
        if plan.chance(0.65):
            wide = plan.between(0.55, 0.85)
            style = plan.pick(["arching", "upright"])
            piece = plan.piece(
                "potted_plant", (x, y), (wide, wide, tall), (stock.pot(), stock.soil(), stock.blade()), style=style
            )
        else:
            wide = plan.between(0.5, 0.75)
            piece = plan.piece(
                "bush",
                (x, y),
                (wide, wide, tall),
                (stock.leaves(), stock.pot(), stock.soil(), stock.wood()),
                style="potted",
            )
        if plan.try_add(piece):
            return
