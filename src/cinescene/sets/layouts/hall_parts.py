"""Parts of large rooms: colonnades, pilasters, beams, rows of lamps, banners, stacks of crates."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish
from cinescene.sets.layouts.plan import Edge, Plan, Where
from cinescene.sets.layouts.shell import Rect


def colonnade(
    plan: Plan, rect: Rect, height: float, inset: float, thick: float, style: str, finishes: tuple[Finish, Finish]
) -> list[tuple[float, float]]:
    """Two rows of columns along the hall; those on the clear place are left out."""
    count = max(2, round(rect.depth / plan.between(3.4, 5.0)))
    spots = []
    for k in range(count):
        y = rect.y0 + (k + 0.5) * rect.depth / count
        for x in (rect.x0 + inset, rect.x1 - inset):
            column = plan.piece("column", (x, y), (thick, thick, height), finishes, style=style)
            if plan.try_add(column):
                spots.append((x, y))
    return spots


def pilasters(plan: Plan, flavour: str, height: float, edges: dict[str, Edge]) -> None:
    """Flat columns that stand out of the walls between the windows."""
    stock = plan.stock
    stone = stock.stone() if flavour != "warehouse" else stock.wall(["brick", "concrete"])
    thick = plan.between(0.35, 0.6)
    for edge in edges.values():
        count = max(2, round(edge.length_m / plan.between(3.2, 4.6)))
        for k in range(count + 1):
            along = min(max(k * edge.length_m / count, thick / 2 + 0.01), edge.length_m - thick / 2 - 0.01)
            size = (thick, 0.4 * thick, height)
            plan.against(edge, "pilaster", size, (stone,), where=Where(gap_m=0.0, along_m=along, margin_m=-0.01))


def beams(plan: Plan, rect: Rect, height: float, finish: Finish, size: float) -> None:
    """Beams across the hall under the ceiling."""
    count = max(2, round(rect.depth / plan.between(2.6, 4.2)))
    for k in range(count):
        y = rect.y0 + (k + 0.5) * rect.depth / count
        x = (rect.x0 + rect.x1) / 2
        plan.add(plan.piece("beam", (x, y, height - 1.4 * size), (rect.width, size, 1.4 * size), (finish,)))


def rows_of_lamps(plan: Plan, rect: Rect, height: float, kind: str) -> None:
    """Hanging lamps along the hall's axis: chandeliers, pendants or panels."""
    stock = plan.stock
    count = max(2, round(rect.depth / 6.5))
    for k in range(count):
        x, y = (rect.x0 + rect.x1) / 2 + plan.between(-0.2, 0.2), rect.y0 + (k + 0.5) * rect.depth / count
        if kind == "chandelier":
            wide = plan.between(1.0, 1.5)
            low = max(2.7, height - plan.between(2.0, 3.5))
            brass, flame = stock.metal((0.62, 0.48, 0.25)), stock.glow((1.0, 0.84, 0.56), 3.0)
            plan.add(plan.piece("chandelier", (x, y, low), (wide, wide, height - low), (brass, flame)))
            plan.light((x, y, low + 0.2), (1.0, 0.82, 0.56), plan.between(3.0, 5.0), 0.5)
        elif kind == "pendant":
            low = max(2.6, height - plan.between(1.2, 2.5))
            shade = (stock.dark_metal(), stock.enamel(stock.accent()), stock.glow((1.0, 0.92, 0.78), 3.0))
            plan.add(plan.piece("pendant", (x, y, low), (0.7, 0.7, height - low), shade, style="cone"))
            plan.light((x, y, low - 0.05), (1.0, 0.9, 0.74), plan.between(3.0, 5.0), 0.3)
        else:
            finishes = (stock.enamel(), stock.glow((0.96, 0.98, 1.0), 2.2))
            plan.add(plan.piece("ceiling_light", (x, y, height - 0.1), (0.5, 2.4, 0.1), finishes, style="panel"))
            plan.light((x, y, height - 0.6), (0.96, 0.98, 1.0), plan.between(2.5, 4.0), 0.5)


def hang_high(
    plan: Plan,
    edge: Edge,
    size: tuple[float, float, float],
    finishes: tuple[Finish, ...],
    z: float,
) -> None:
    """Hangs a banner on a pier between windows."""
    for _ in range(8):
        along = plan.between(1.0, edge.length_m - 1.0)
        if any(
            o.offset_m - 0.2 < along + size[0] / 2 and o.offset_m + o.width_m + 0.2 > along - size[0] / 2
            for o in edge.openings
        ):
            continue
        x, y = edge.at(along, 0.12)
        if all(math.dist(p.position[:2], (x, y)) > 1.8 for p in plan.pieces if p.kind == "banner"):
            plan.add(plan.piece("banner", (x, y, z), size, finishes, turn_rad=edge.turn_rad))
            return


def crate_stack(
    plan: Plan, at: tuple[float, float], board: Finish, batten: Finish, cardboard: Finish, tape: Finish
) -> None:
    """One to three crates or boxes, one on the other."""
    wide = plan.between(0.5, 1.1)
    turn = plan.between(-0.3, 0.3) + math.pi / 2 * float(plan.rng.integers(2))
    crate = plan.chance(0.65)
    finishes = (board, batten) if crate else (cardboard, tape)
    size = (wide, wide * plan.between(0.7, 1.0), wide * plan.between(0.6, 0.95))
    piece = plan.piece("crate", at, size, finishes, turn_rad=turn, style="crate" if crate else "box")
    if not plan.try_add(piece, 0.05):
        return
    while plan.chance(0.45) and piece.position[2] + piece.size[2] < 1.9:
        share = plan.between(0.65, 0.95)
        shrunk = (piece.size[0] * share, piece.size[1] * share, piece.size[2] * plan.between(0.7, 1.0))
        piece = plan.on_top(piece, "crate", shrunk, piece.finishes, turn=plan.between(-0.25, 0.25), style=piece.style)
