"""Street corners: two streets that cross between houses, with pavements, kerbs, markings, cars, trees and stalls."""

from __future__ import annotations

import math

from cinescene.sets.collision import Air
from cinescene.sets.description import Finish, Slab
from cinescene.sets.layouts.daylight import Mood, outdoor_mood
from cinescene.sets.layouts.outdoors import Streetscape
from cinescene.sets.layouts.plan import Plan

FLAVOURS = ("crossing", "old town", "avenue")
KERB_M = 0.05
"""Low enough that walkers step over it (see `cinescene.sets.collision.STEP_M`)."""
_REACH_M = 42.0


def lay_out_street(plan: Plan, flavour: str) -> Mood:
    """A crossing whose centre lies near the origin; the panorama is taken on a pavement corner or in the roadway."""
    mood = outdoor_mood(plan)
    scape = Streetscape(plan, mood.dark)
    road_x = plan.between(4.0, 6.0) if flavour == "old town" else plan.between(6.0, 9.0)
    road_y = plan.between(4.0, 6.0) if flavour == "old town" else plan.between(6.0, 8.0)
    walk = plan.between(1.6, 2.4) if flavour == "old town" else plan.between(2.6, 4.4)
    if flavour == "avenue":
        walk += 1.2
    centre = _centre(plan, flavour, road_x, road_y, walk)
    plan.keep_clear.append((0.0, 0.0, 2.2))
    half_x, half_y = road_x / 2 + walk, road_y / 2 + walk
    plan.air.append(_box(centre, half_x, 26.0, 12.0))
    plan.air.append(_box(centre, 26.0, half_y, 12.0))
    _ground(plan, flavour, centre, (road_x, road_y), walk)
    _houses(plan, scape, centre, half_x, half_y)
    _furniture(plan, scape, flavour, centre, (road_x, road_y), walk)
    return mood


def _centre(plan: Plan, flavour: str, road_x: float, road_y: float, walk: float) -> tuple[float, float]:
    """Where the crossing's middle lies, seen from the panorama's point at the origin."""
    sx, sy = float(plan.rng.choice([-1, 1])), float(plan.rng.choice([-1, 1]))
    if flavour == "old town":
        return sx * plan.between(0.0, 0.3 * road_x), sy * plan.between(0.5, 4.0)
    if plan.chance(0.6):
        return sx * (road_x / 2 + 0.35 * walk), sy * (road_y / 2 + 0.35 * walk)
    return sx * (road_x / 2 + 0.4 * walk), sy * plan.between(4.0, 9.0)


def _box(centre: tuple[float, float], half_x: float, half_y: float, height: float) -> Air:
    return Air(
        low=(centre[0] - half_x, centre[1] - half_y), high=(centre[0] + half_x, centre[1] + half_y), height_m=height
    )


def _ground(plan: Plan, flavour: str, centre: tuple[float, float], road: tuple[float, float], walk: float) -> None:
    """Roadways (one plate), pavements on the four corners, kerbs, markings."""
    stock = plan.stock
    stone = stock.palette.stone
    grey = (0.5, 0.49, 0.48)
    if flavour == "old town":
        roadway = stock.finish("cobbles", [grey, (0.4, 0.38, 0.36), (0.2, 0.18, 0.16)], 2.0, size_px=512)
    else:
        roadway = stock.finish("asphalt", [(0.17, 0.17, 0.18), (0.33, 0.32, 0.31)], 5.0, size_px=512)
    slabs = stock.finish("paving", [stone, (0.55, 0.53, 0.5), (0.3, 0.28, 0.26)], plan.between(2.0, 3.2), size_px=512)
    kerb = stock.finish("concrete", [(0.62, 0.61, 0.59)], 2.0, size_px=128)
    cx, cy = centre
    far = _REACH_M
    plan.slabs.append(Slab(low=(cx - far, cy - far, -0.4), high=(cx + far, cy + far, -KERB_M), finish=roadway))
    for sx in (-1, 1):
        for sy in (-1, 1):
            near_x, near_y = cx + sx * road[0] / 2, cy + sy * road[1] / 2
            x0, x1 = sorted((near_x + sx * 0.18, cx + sx * far))
            y0, y1 = sorted((near_y + sy * 0.18, cy + sy * far))
            plan.slabs.append(Slab(low=(x0, y0, -0.3), high=(x1, y1, 0.0), finish=slabs))
            k0, k1 = sorted((near_x, near_x + sx * 0.18))
            plan.slabs.append(
                Slab(
                    low=(k0, min(near_y, cy + sy * far), -0.3),
                    high=(k1, max(near_y, cy + sy * far), 0.005),
                    finish=kerb,
                )
            )
            k0, k1 = sorted((near_y, near_y + sy * 0.18))
            low, high = sorted((near_x + sx * 0.18, cx + sx * far))
            plan.slabs.append(Slab(low=(low, k0, -0.3), high=(high, k1, 0.005), finish=kerb))
    if flavour != "old town":
        _markings(plan, centre, road, stock.finish("plaster", [(0.82, 0.81, 0.78)], 1.0, size_px=128))


def _markings(plan: Plan, centre: tuple[float, float], road: tuple[float, float], paint: Finish) -> None:
    """Dashed middle lines and zebra crossings, a few millimetres high."""
    cx, cy = centre
    top = -KERB_M + 0.006
    for axis in (0, 1):
        along_start = road[1 - axis] / 2 + 4.5
        for sign in (-1, 1):
            for k in range(8):
                a = along_start + k * 4.0
                if a + 2.0 > _REACH_M:
                    break
                u0, u1 = sorted((sign * a, sign * (a + 2.0)))
                low, high = (
                    ((cx - 0.06, cy + u0), (cx + 0.06, cy + u1))
                    if axis == 0
                    else ((cx + u0, cy - 0.06), (cx + u1, cy + 0.06))
                )
                plan.slabs.append(Slab(low=(*low, top - 0.02), high=(*high, top), finish=paint))
            if not plan.chance(0.7):
                continue
            stripes = int(road[axis] / 0.9)
            for k in range(stripes):
                across = -road[axis] / 2 + (k + 0.25) * road[axis] / stripes
                wide = 0.5 * road[axis] / stripes
                u0, u1 = sorted((sign * (road[1 - axis] / 2 + 0.8), sign * (road[1 - axis] / 2 + 3.4)))
                low, high = (
                    ((cx + across, cy + u0), (cx + across + wide, cy + u1))
                    if axis == 0
                    else ((cx + u0, cy + across), (cx + u1, cy + across + wide))
                )
                plan.slabs.append(Slab(low=(*low, top - 0.02), high=(*high, top), finish=paint))


def _houses(plan: Plan, scape: Streetscape, centre: tuple[float, float], half_x: float, half_y: float) -> None:
    """A corner house on each corner, then rows of houses along both streets, and one that closes each view."""
    cx, cy = centre
    for sx in (-1, 1):
        for sy in (-1, 1):
            w, d = plan.between(9.0, 13.0), plan.between(9.0, 13.0)
            x, y = cx + sx * (half_x + w / 2), cy + sy * (half_y + d / 2)
            towards_y = "front" if sy > 0 else "back"
            towards_x = "left" if sx > 0 else "right"
            near = _is_near((x, y))
            plan.add_building(scape.house((x, y), (w, d), 0.0, {towards_y: near, towards_x: near}))
            offset = d
            while offset < 22.0:
                deep = plan.between(7.0, 12.0)
                at = (cx + sx * (half_x + 4.5), cy + sy * (half_y + offset + deep / 2))
                plan.add_building(scape.house(at, (9.0, deep), 0.0, {towards_x: _is_near(at)}))
                offset += deep
            offset = w
            while offset < 22.0:
                wide = plan.between(7.0, 12.0)
                at = (cx + sx * (half_x + offset + wide / 2), cy + sy * (half_y + 4.5))
                plan.add_building(scape.house(at, (wide, 9.0), 0.0, {towards_y: _is_near(at)}))
                offset += wide
    for angle in (0.0, math.pi / 2, math.pi, -math.pi / 2):
        if plan.chance(0.65):
            out = plan.between(34.0, 40.0)
            at = (cx + out * math.cos(angle), cy + out * math.sin(angle))
            wide = 2 * (half_x if abs(math.sin(angle)) > 0.5 else half_y) + 4.0
            facing = angle - math.pi / 2
            plan.add_building(scape.house(at, (wide, 8.0), facing, {"front": False}))


def _is_near(at: tuple[float, float]) -> bool:
    """Whether the panorama sees a house there well enough for its windows to need depth."""
    return math.hypot(*at) < 16.0


def _furniture(
    plan: Plan, scape: Streetscape, flavour: str, centre: tuple[float, float], road: tuple[float, float], walk: float
) -> None:
    """Trees and lamps along the kerbs, benches, café tables and planters at the houses, cars in the roadway."""
    lamp_style = "lantern" if flavour == "old town" or plan.chance(0.4) else "arm"
    for axis in (0, 1):
        for side in (-1, 1):
            for sign in (-1, 1):
                _kerb_row(plan, scape, flavour, centre, road, walk, (axis, side, sign), lamp_style)
    for _ in range(int(plan.rng.integers(4, 9))):
        axis = int(plan.rng.integers(2))
        side, sign = (int(k) for k in plan.rng.choice([-1, 1], 2))
        across = side * (road[axis] / 2 + 0.72 * walk)
        along = sign * plan.between(road[1 - axis] / 2 + 0.5, 14.0)
        at = _spot(centre, axis, across, along)
        if plan.chance(0.5):
            scape.cafe_table(at)
        else:
            scape.planter(at, 0.0 if axis else math.pi / 2)
    if flavour == "old town" and plan.chance(0.6):
        for _ in range(int(plan.rng.integers(1, 4))):
            axis = int(plan.rng.integers(2))
            at = _spot(centre, axis, plan.between(-0.3, 0.3) * road[axis], plan.between(-14.0, 14.0))
            scape.stall(at, plan.between(0, 6.3))


def _spot(centre: tuple[float, float], axis: int, across: float, along: float) -> tuple[float, float]:
    """A point by its place across and along a street (axis 0: the one along y)."""
    return (centre[0] + across, centre[1] + along) if axis == 0 else (centre[0] + along, centre[1] + across)


def _kerb_row(
    plan: Plan,
    scape: Streetscape,
    flavour: str,
    centre: tuple[float, float],
    road: tuple[float, float],
    walk: float,
    row: tuple[int, int, int],
    lamp_style: str,
) -> None:
    """What stands along one kerb: trees, lamps, benches, small things; and the cars parked at it."""
    axis, side, sign = row
    along: float = road[1 - axis] / 2 + plan.between(1.0, 2.5)
    facing = {(0, 1): -math.pi / 2, (0, -1): math.pi / 2, (1, 1): 0.0, (1, -1): math.pi}[(axis, side)]
    across = side * (road[axis] / 2 + 0.55)
    while along < 22.0:
        at = _spot(centre, axis, across, sign * along)
        kind = plan.pick(
            ["tree", "lamp", "bench", "small", "none"], [0.3 if flavour != "old town" else 0.1, 0.16, 0.12, 0.24, 0.18]
        )
        if kind == "tree":
            scape.tree(at, near=along < 14.0)
        elif kind == "lamp":
            scape.lamp(at, facing, lamp_style)
        elif kind == "bench":
            scape.bench(at, facing)
        elif kind == "small":
            scape.small_thing(at, facing)
        along += plan.between(2.4, 4.2)
    if flavour == "old town" and plan.chance(0.6):
        return
    along = road[1 - axis] / 2 + plan.between(5.0, 7.0)
    while along < 24.0:
        if plan.chance(0.36):
            at = _spot(centre, axis, side * (road[axis] / 2 - 1.1), sign * along)
            turn = (math.pi / 2 if axis == 0 else 0.0) + (math.pi if plan.chance(0.5) else 0.0)
            scape.car(at, turn)
        along += plan.between(5.2, 7.0)
