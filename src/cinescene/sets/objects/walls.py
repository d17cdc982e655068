"""Walls with windows, doors and passages; floors, ceilings and other level plates."""

from __future__ import annotations

import math

import numpy as np

from cinescene.sets.collision import Obstacle
from cinescene.sets.description import Opening, Slab, Wall
from cinescene.sets.mesh_operations import mesh_of
from cinescene.sets.objects.panels import Rect, cut, panel, reveals
from cinescene.sets.workshop import Workshop

_INSIDE, _OUTSIDE, _TRIM, _DOOR, _DADO = range(5)


def build_slab(shop: Workshop, slab: Slab) -> None:
    """The plate's upper (or under-) face with its pattern in world coordinates, and its other faces."""
    (x0, y0, z0), (x1, y1, z1) = slab.low, slab.high
    shop.stand(finishes=(slab.finish,))
    z = z0 if slab.underneath else z1
    corners = np.array([(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)])
    turn = slab.quarter_turns * math.pi / 2
    cosine, sine = math.cos(turn), math.sin(turn)
    uvs = corners[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
    order = np.array([[0, 2, 1], [0, 3, 2]] if slab.underneath else [[0, 1, 2], [0, 2, 3]])
    normals = np.tile([0.0, 0.0, -1.0 if slab.underneath else 1.0], (4, 1))
    shop.mesh(0, mesh_of(corners, normals, uvs, order, shop.material(0)))
    shop.block(0, (x0, y0, z0), (x1, y1, z1), (0, 1, 2, 3, 4) if slab.underneath else (0, 1, 2, 3))


def build_wall(shop: Workshop, wall: Wall) -> None:
    """The wall in a frame in which x runs along it and the room lies at y > 0."""
    length, turn = _length_and_turn(wall)
    finishes = (wall.inside, wall.outside, wall.trim, wall.door, wall.dado or wall.inside)
    shop.stand((wall.start[0], wall.start[1], 0.0), turn, finishes)
    holes = [_rect(opening) for opening in wall.openings]
    beyond = 0.0 if wall.freestanding else wall.thickness_m
    lines = [wall.dado_m] if wall.dado else []
    inner = cut((0.0, 0.0, length, wall.height_m), holes, z_lines=lines)
    low = inner[:, 3] <= wall.dado_m + 1e-6 if wall.dado else np.zeros(len(inner), dtype=bool)
    panel(shop, _INSIDE, inner[~low], 0.0, front=False)
    panel(shop, _DADO, inner[low], 0.0, front=False)
    panel(shop, _OUTSIDE, cut((-beyond, 0.0, length + beyond, wall.height_m), holes), -wall.thickness_m, front=True)
    shop.block(
        _OUTSIDE, (-beyond, -wall.thickness_m, wall.height_m - 0.01), (length + beyond, 0.0, wall.height_m), (4,)
    )
    if wall.freestanding:
        shop.block(_INSIDE, (0.0, -wall.thickness_m, 0.0), (length, 0.0, wall.height_m), (1, 3))
    reveals(shop, _INSIDE, holes, -wall.thickness_m, 0.0)
    for opening in wall.openings:
        _fill(shop, opening, wall.thickness_m)
    if wall.dado:
        _rail(shop, wall, length, wall.dado_m - 0.03, 0.05, 0.025)
    if wall.skirting_m > 0:
        _rail(shop, wall, length, 0.0, wall.skirting_m, 0.018)
    if wall.cornice_m > 0:
        for k, share in enumerate((1.0, 0.6, 0.3)):
            z = wall.height_m - wall.cornice_m * (1 - k / 3)
            shop.block(_TRIM, (0, 0, z), (length, wall.cornice_m * (1.1 - share), z + wall.cornice_m / 3), (2, 5))


def _rail(shop: Workshop, wall: Wall, length: float, z: float, height: float, depth: float) -> None:
    """A moulding along the wall, broken where openings cut it."""
    holes = [_rect(o) for o in wall.openings if o.sill_m < z + height and o.sill_m + o.height_m > z]
    x = 0.0
    for left, _, right, _ in sorted([*holes, (length, 0.0, length, 0.0)]):
        if left - x > 0.02:
            shop.block(_TRIM, (x, 0.0, z), (left, depth, z + height), (1, 2, 3, 4))
        x = right


def _rect(opening: Opening) -> Rect:
    left, low = opening.offset_m, opening.sill_m
    return left, low, left + opening.width_m, low + opening.height_m


def _length_and_turn(wall: Wall) -> tuple[float, float]:
    dx, dy = wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]
    return math.hypot(dx, dy), math.atan2(dy, dx)


def _fill(shop: Workshop, opening: Opening, thickness: float) -> None:
    """Casing, window frame with bars, or door leaf with panels."""
    x0, z0, x1, z1 = _rect(opening)
    casing = 0.075
    low = z0 if opening.filling == "window" else 0.0
    for left in (x0 - casing, x1):
        shop.block(_TRIM, (left, -0.001, low), (left + casing, 0.02, z1 + casing), (1, 2, 3, 4))
    shop.block(_TRIM, (x0, -0.001, z1), (x1, 0.02, z1 + casing), (2, 4, 5))
    if opening.filling == "window":
        shop.block(_TRIM, (x0 - 0.1, -thickness * 0.5, z0 - 0.04), (x1 + 0.1, 0.12, z0), (1, 2, 3, 4, 5))
        _window_frame(shop, opening, -thickness * 0.6)
    elif opening.filling == "door":
        _door_leaf(shop, opening, -0.09)


def _window_frame(shop: Workshop, opening: Opening, y: float) -> None:
    x0, z0, x1, z1 = _rect(opening)
    bar, deep = 0.05, 0.03
    for left in (x0, x1 - bar):
        shop.block(_TRIM, (left, y - deep, z0), (left + bar, y + deep, z1))
    for low in (z0, z1 - bar):
        shop.block(_TRIM, (x0 + bar, y - deep, low), (x1 - bar, y + deep, low + bar))
    across, up = opening.bars
    for k in range(1, across):
        x = x0 + k * (x1 - x0) / across
        shop.block(_TRIM, (x - 0.02, y - 0.02, z0 + bar), (x + 0.02, y + 0.02, z1 - bar), (0, 1, 2, 3))
    for k in range(1, up):
        z = z0 + k * (z1 - z0) / up
        shop.block(_TRIM, (x0 + bar, y - 0.018, z - 0.02), (x1 - bar, y + 0.018, z + 0.02), (0, 2, 4, 5))


def _door_leaf(shop: Workshop, opening: Opening, y: float) -> None:
    x0, z0, x1, z1 = _rect(opening)
    shop.block(_DOOR, (x0, y - 0.04, z0), (x1, y, z1))
    across, up = opening.bars
    margin = 0.1
    width, height = (x1 - x0 - margin) / across, (z1 - z0 - 2 * margin) / up
    for i in range(across):
        for k in range(up):
            left, low = x0 + margin + i * width, z0 + 1.5 * margin + k * height
            right, high = left + width - margin, low + height - margin
            if right - left > 0.1:
                shop.block(_DOOR, (left, y, low), (right, y + 0.012, high), (1, 2, 3, 4, 5))
                inner = 0.05
                shop.block(
                    _DOOR,
                    (left + inner, y + 0.012, low + inner),
                    (right - inner, y + 0.02, high - inner),
                    (1, 2, 3, 4, 5),
                )
    shop.sphere(_TRIM, (x1 - 0.07, y + 0.05, z0 + 1.02), 0.03, 8)
    shop.block(_TRIM, (x1 - 0.09, y, z0 + 0.93), (x1 - 0.05, y + 0.01, z0 + 1.11))


def wall_obstacles(wall: Wall) -> tuple[Obstacle, ...]:
    """A wall's solid boxes: everything but what lies inside its open passages."""
    length, turn = _length_and_turn(wall)
    beyond = 0.0 if wall.freestanding else wall.thickness_m
    spans: list[tuple[float, float, float]] = []
    x = -beyond
    for opening in sorted((o for o in wall.openings if o.filling == "open"), key=lambda o: o.offset_m):
        spans.append((x, opening.offset_m, 0.0))
        spans.append((opening.offset_m, opening.offset_m + opening.width_m, opening.sill_m + opening.height_m))
        x = opening.offset_m + opening.width_m
    spans.append((x, length + beyond, 0.0))
    return tuple(_span_obstacle(wall, turn, *span) for span in spans if span[1] - span[0] > 1e-6)


def _span_obstacle(wall: Wall, turn: float, left: float, right: float, bottom: float) -> Obstacle:
    along, inward = (left + right) / 2, -wall.thickness_m / 2
    cosine, sine = math.cos(turn), math.sin(turn)
    return Obstacle(
        centre=(
            wall.start[0] + cosine * along - sine * inward,
            wall.start[1] + sine * along + cosine * inward,
        ),
        half_size=((right - left) / 2, wall.thickness_m / 2),
        turn_rad=turn,
        bottom_m=bottom,
        top_m=wall.height_m,
    )
