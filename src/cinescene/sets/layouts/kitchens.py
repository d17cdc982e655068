"""Kitchens: runs of units with cooker, hood and wall cupboards, a fridge, a table."""

from __future__ import annotations

import math

from cinescene.sets.description import Finish
from cinescene.sets.layouts.groups import clutter, dining_group, pendant
from cinescene.sets.layouts.plan import Edge, Plan, Where, longest_first
from cinescene.sets.layouts.shell import Rect

_FLUSH = -0.002
"""Margin that lets neighbours touch."""


def kitchen(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge]) -> None:
    """Units along one to three walls, a fridge, a table off the middle."""
    stock = plan.stock
    body = stock.paint(stock.accent() if plan.chance(0.5) else stock.palette.trim)
    fronts = body if plan.chance(0.7) else stock.wood()
    steel = stock.metal((0.74, 0.74, 0.75))
    finishes = (body, fronts, steel, _worktop(plan))
    order = longest_first(edges)
    for k, edge in enumerate(order[: 1 + int(plan.rng.integers(1, 3))]):
        _run_of_units(plan, edge, height, finishes, with_cooker=k == 0)
    for edge in order[1:]:
        cold = stock.plain((0.9, 0.9, 0.9), 0.3) if plan.chance(0.5) else steel
        if plan.against(edge, "fridge", (0.62, 0.64, plan.between(1.7, 1.95)), (cold, steel)):
            break
    wood = stock.wood()
    for _ in range(14):
        at = (plan.between(rect.x0 + 1.3, rect.x1 - 1.3), plan.between(rect.y0 + 1.3, rect.y1 - 1.3))
        if dining_group(plan, at, math.pi / 2 * float(plan.rng.integers(2)), wood):
            pendant(plan, at, height)
            break


def _worktop(plan: Plan) -> Finish:
    stock = plan.stock
    if plan.chance(0.5):
        return stock.wood(second=True)
    return stock.finish("marble", [(0.88, 0.87, 0.84), (0.75, 0.74, 0.72), (0.4, 0.4, 0.42)], 1.2, specular=0.4)


def _run_of_units(
    plan: Plan, edge: Edge, height: float, finishes: tuple[Finish, Finish, Finish, Finish], with_cooker: bool
) -> None:
    """Base units side by side along a wall, cupboards over most of them, one cooker with its hood."""
    body, fronts, steel, _ = finishes
    x, cooked = 0.05, not with_cooker
    while x < edge.length_m - 0.5:
        cooks = not cooked and x > 1.0
        wide = 0.6 if cooks else min(plan.between(0.8, 1.7), edge.length_m - x - 0.05)
        if wide < 0.45:
            return
        middle = x + wide / 2
        if cooks:
            cooked = _cooker(plan, edge, height, middle, steel)
        else:
            style = plan.pick(["doors-top", "mixed-top", "drawers-top"])
            unit = plan.against(
                edge, "cabinet", (wide, 0.6, 0.9), finishes, style=style, where=Where(along_m=middle, margin_m=_FLUSH)
            )
            if unit and plan.chance(0.7):
                clutter(plan, unit)
            if unit and plan.chance(0.75):
                cupboard = (wide, 0.34, 0.7)
                plan.against(
                    edge,
                    "wall_cabinet",
                    cupboard,
                    (body, fronts, steel),
                    where=Where(along_m=middle, z=1.5, margin_m=_FLUSH),
                )
        x += wide


def _cooker(plan: Plan, edge: Edge, height: float, along: float, steel: Finish) -> bool:
    glass = plan.stock.plain((0.06, 0.06, 0.07), 0.6, 80.0)
    finishes = (steel, glass, steel)
    cooker = plan.against(edge, "cooker", (0.6, 0.6, 0.9), finishes, where=Where(along_m=along, margin_m=_FLUSH))
    if cooker is None:
        return False
    plan.against(
        edge, "hood", (0.6, 0.45, height - 1.65), (steel,), where=Where(along_m=along, z=1.65, margin_m=_FLUSH)
    )
    return True
