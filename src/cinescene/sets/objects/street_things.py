"""What stands in streets and yards: cars, signs, bins, bollards, parasols, carts."""

from __future__ import annotations

import itertools

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.mesh_operations import mesh_of, placed, smooth_normals, transformed
from cinescene.sets.primitives import cylinder, disc
from cinescene.sets.workshop import Workshop

_FACING_FRONT = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)
"""Turns what faces up to face −y."""

_CAR_OUTLINES = {
    "saloon": [(0, 0.22), (0, 0.50), (0.05, 0.58), (0.25, 0.63), (0.36, 0.95), (0.46, 1.0), (0.64, 1.0), (0.74, 0.93),
               (0.86, 0.68), (0.98, 0.64), (1.0, 0.5), (1.0, 0.22)],
    "hatch": [(0, 0.22), (0, 0.50), (0.04, 0.60), (0.22, 0.66), (0.34, 0.97), (0.45, 1.0), (0.82, 0.98), (0.93, 0.9),
              (0.985, 0.66), (1.0, 0.5), (1.0, 0.22)],
    "van": [(0, 0.16), (0, 0.36), (0.03, 0.46), (0.13, 0.52), (0.23, 0.95), (0.28, 1.0), (0.98, 1.0), (1.0, 0.95),
            (1.0, 0.16)],
}  # fmt: skip
"""Side views from nose (0) to tail (1), as shares of length and height, upwards on the nose."""


def car(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A car whose nose points to −x. ``size`` is length, width, height. Styles: saloon, hatch, van.

    Finishes: paint, glass, tyres, head lights, tail lights, rims.
    """
    length, width, h = piece.size
    outline = np.array(_CAR_OUTLINES.get(piece.style, _CAR_OUTLINES["saloon"]))
    x, z = (outline[:, 0] - 0.5) * length, outline[:, 1] * h
    belt = (0.66 if piece.style != "van" else 0.55) * h
    _body(shop, x, z, belt, width / 2)
    _side_windows(shop, x, z, belt, width / 2, piece.style)
    _end_windows(shop, outline, length, h, width)
    wheel = 0.19 * h + 0.04
    for sx in (-0.3, 0.31):
        for sy in (-1, 1):
            _wheel(shop, (sx * length, sy * (width / 2 - 0.1), wheel), wheel, sy)
    for sy in (-1, 1):
        y0, y1 = sorted((sy * 0.28 * width, sy * 0.46 * width))
        shop.block(3, (-length / 2 - 0.015, y0, 0.42 * h), (-length / 2 + 0.05, y1, 0.49 * h))
        shop.block(4, (length / 2 - 0.05, y0, 0.44 * h), (length / 2 + 0.012, y1, 0.52 * h))
    for sx in (-1, 1):
        middle = sx * (length / 2 - 0.03)
        shop.block(2, (middle - 0.05, -0.46 * width, 0.2 * h), (middle + 0.05, 0.46 * width, 0.31 * h))
    shop.block(2, (-0.5 * length + 0.1, -0.42 * width, 0.12 * h), (0.5 * length - 0.1, 0.42 * width, 0.24 * h))


def _half_width(z: np.ndarray, belt: float, top: float, half: float) -> np.ndarray:
    """Upright sides up to the belt line, leaning in above it."""
    return half * (1 - 0.16 * np.clip((z - belt) / (top - belt), 0.0, 1.0))


def _body(shop: Workshop, x: np.ndarray, z: np.ndarray, belt: float, half: float) -> None:
    """The closed shell over a side outline (nose to tail)."""
    count = len(x)
    wide = _half_width(z, belt, float(z.max()), half)
    k = np.arange(count)
    following = (k + 1) % count
    left, right = np.stack([x, -wide, z], -1), np.stack([x, wide, z], -1)
    strip = np.stack([left, left[following], right[following], right], 1)
    flank = np.minimum(z, belt)
    levels = [(np.full(count, z.min()), np.full(count, half)), (flank, np.full(count, half)), (z, wide)]
    sides = []
    for (z0, y0), (z1, y1) in itertools.pairwise(levels):
        for side in (-1, 1):
            low, high = np.stack([x, side * y0, z0], -1), np.stack([x, side * y1, z1], -1)
            quads = np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1)
            sides.append(quads if side < 0 else quads[:, ::-1])
    parts = []
    for quads in (strip, np.concatenate(sides)):
        corners = quads.reshape(-1, 3)
        faces = ((4 * np.arange(len(quads)))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
        spread = corners[faces]
        area = np.linalg.norm(np.cross(spread[:, 1] - spread[:, 0], spread[:, 2] - spread[:, 0]), axis=1)
        faces = faces[area > 1e-9]
        parts.append(mesh_of(corners, smooth_normals(corners, faces), corners[:, [0, 2]], faces, shop.material(0)))
    for part in parts:
        shop.mesh(0, part)


def _side_windows(shop: Workshop, x: np.ndarray, z: np.ndarray, belt: float, half: float, style: str) -> None:
    """Glass on both sides between the belt line and the roof, cut by a pillar; on vans beside the driver only."""
    top = float(z.max())
    low, high = belt + 0.03, 0.93 * top
    rising, falling = int(z.argmax()), len(z) - 1 - int(z[::-1].argmax())
    fronts = [float(np.interp(level, z[: rising + 1], x[: rising + 1])) + 0.1 for level in (low, high)]
    rears = [float(np.interp(level, z[falling:][::-1], x[falling:][::-1])) - 0.12 for level in (low, high)]
    if style == "van":
        rears = [fronts[0] + 1.1] * 2
    y_low, y_high = (_half_width(np.array([low, high]), belt, top, half) + 0.006).tolist()
    for share0, share1 in ((0.0, 0.49), (0.52, 1.0)) if style != "van" else ((0.0, 1.0),):
        lower = [fronts[0] + s * (rears[0] - fronts[0]) for s in (share0, share1)]
        upper = [fronts[1] + s * (rears[1] - fronts[1]) for s in (share0, share1)]
        for sy in (-1, 1):
            below = [[lower[0], sy * y_low, low], [lower[1], sy * y_low, low]]
            points = np.array([*below, [upper[1], sy * y_high, high], [upper[0], sy * y_high, high]])
            faces = np.array([[0, 1, 2], [0, 2, 3]])
            faces = faces if sy < 0 else faces[:, ::-1]
            shop.mesh(1, mesh_of(points, smooth_normals(points, faces), points[:, [0, 2]], faces, shop.material(1)))


def _end_windows(shop: Workshop, outline: np.ndarray, length: float, h: float, width: float) -> None:
    """Windscreen and rear window: the steep stretches of the outline above the belt."""
    x, z = (outline[:, 0] - 0.5) * length, outline[:, 1] * h
    for i in range(len(x) - 1):
        low, high = min(outline[i, 1], outline[i + 1, 1]), max(outline[i, 1], outline[i + 1, 1])
        if low < 0.5 or high < 0.88 or high - low < 0.1:
            continue
        a, b = np.array([x[i], z[i]]), np.array([x[i + 1], z[i + 1]])
        step = b - a
        outward = np.array([-step[1], step[0]]) / np.linalg.norm(step) * 0.012
        a, b = a + 0.12 * step + outward, b - 0.08 * step + outward
        wide = np.interp([a[1] / h, b[1] / h], [0.66, 1.0], [0.46, 0.39]) * width
        points = np.array(
            [[a[0], wide[0], a[1]], [a[0], -wide[0], a[1]], [b[0], -wide[1], b[1]], [b[0], wide[1], b[1]]]
        )
        faces = np.array([[0, 1, 2], [0, 2, 3]])
        shop.mesh(1, mesh_of(points, smooth_normals(points, faces), points[:, [1, 2]], faces, shop.material(1)))


def _wheel(shop: Workshop, at: tuple[float, float, float], radius: float, side: int) -> None:
    turn = np.array([[1, 0, 0, 0], [0, 0, side, 0], [0, -side, 0, 0], [0, 0, 0, 1]], dtype=float)
    tyre = transformed(cylinder(radius, 0.2, shop.material(2), segments=12), turn)
    rim = transformed(disc(0.62 * radius, shop.material(5), segments=9), turn)
    shop.mesh(2, placed(tyre, (0.0, -0.09 * side, 0.0)), at)
    shop.mesh(5, placed(rim, (0.0, 0.115 * side, 0.0)), at)


def bollard(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: post, band."""
    w, _, h = piece.size
    r = w / 2
    shop.lathe(
        0, (0, 0, 0), [(0, 0), (r, 0), (0.8 * r, 0.1), (0.75 * r, h - 0.1), (r, h - 0.06), (0.7 * r, h), (0, h)], 12
    )
    shop.cylinder(1, (0, 0, h - 0.24), 0.79 * r, 0.08, segments=12)


def bin_(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A litter bin. Finishes: body, inside."""
    w, _, h = piece.size
    r = w / 2
    rim = [(0, 0), (0.85 * r, 0), (r, 0.9 * h), (1.06 * r, 0.9 * h), (1.06 * r, h), (0.9 * r, h), (0.88 * r, 0.8 * h)]
    shop.lathe(0, (0, 0, 0), rim, 14)
    shop.cylinder(1, (0, 0, 0.7 * h), 0.9 * r, 0.1 * h, segments=14)


def post_sign(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A board on a post. Finishes: post, board. Styles: round, square, arrow, name."""
    w, _, h = piece.size
    shop.cylinder(0, (0, 0, 0), 0.03, h, segments=8)
    wide, tall = (w, w) if piece.style != "name" else (w, 0.3 * w)
    z = h - tall - 0.03
    if piece.style == "round":
        disc = transformed(cylinder(w / 2, 0.02, shop.material(1), segments=20), _FACING_FRONT)
        shop.mesh(1, disc, (0, -0.055, h - w / 2))
        return
    shop.block(0, (-wide / 2, -0.045, z), (wide / 2, -0.03, z + tall))
    shop.picture(1, (-wide / 2, -0.048, z), (wide, 0, 0), (0, 0, tall))
    shop.picture(1, (wide / 2, -0.027, z), (-wide, 0, 0), (0, 0, tall))


def traffic_light(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: post, red, amber, green."""
    _, _, h = piece.size
    shop.cylinder(0, (0, 0, 0), 0.06, h, segments=10)
    shop.block(0, (-0.15, -0.3, h - 0.95), (0.15, -0.08, h))
    for k in range(3):
        shop.block(0, (-0.12, -0.44, h - 0.08 - k * 0.3), (0.12, -0.3, h - 0.06 - k * 0.3))
        disc = transformed(cylinder(0.1, 0.02, shop.material(1 + k), segments=14), _FACING_FRONT)
        shop.mesh(1 + k, disc, (0, -0.32, h - 0.18 - k * 0.3))


def pillar_box(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A round post box or hydrant. Finishes: paint, dark."""
    w, _, h = piece.size
    r = w / 2
    body = [(0, 0), (1.06 * r, 0), (1.06 * r, 0.08), (r, 0.1), (r, 0.84 * h), (1.1 * r, 0.86 * h), (1.1 * r, 0.91 * h)]
    shop.lathe(0, (0, 0, 0), [*body, (0.7 * r, 0.97 * h), (0, h)], 18)
    shop.block(1, (-0.5 * r, -1.02 * r, 0.74 * h), (0.5 * r, -0.6 * r, 0.78 * h))


def parasol(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A café table with chairs' worth of room under a parasol. Finishes: cloth, pole, table."""
    w, _, h = piece.size
    r = w / 2
    shop.cylinder(1, (0, 0, 0), 0.025, h, segments=8)
    shop.cylinder(1, (0, 0, 0), 0.24, 0.06, segments=14)
    canopy = [(r, h - 0.55), (0.55 * r, h - 0.22), (0.04, h - 0.02), (0, h)]
    shop.lathe(0, (0, 0, 0), [(r - 0.01, h - 0.57), *canopy], 8)
    shop.lathe(0, (0, 0, -0.012), [(0, h - 0.02), (0.55 * r, h - 0.24), (r, h - 0.57)], 8)
    shop.cylinder(2, (0, 0, 0.7), 0.4, 0.03, segments=20)


def market_stall(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A stall with an awning and crates of fruit. Finishes: wood, awning, then goods."""
    w, d, h = piece.size
    for sx in (-1, 1):
        for sy, high in ((-1, h - 0.35), (1, h)):
            x, y = sx * (w / 2 - 0.05), sy * (d / 2 - 0.05)
            shop.block(0, (x - 0.03, y - 0.03, 0), (x + 0.03, y + 0.03, high))
    shop.bar(1, (0, -d / 2 - 0.25, h - 0.42), (0, d / 2 + 0.05, h + 0.01), w + 0.2, 0.03)
    shop.block(1, (-w / 2 - 0.1, -d / 2 - 0.27, h - 0.62), (w / 2 + 0.1, -d / 2 - 0.25, h - 0.42))
    shop.block(0, (-w / 2, -d / 2, 0.1), (w / 2, d / 2 - 0.1, 0.75))
    count = max(2, round(w / 0.5))
    for k in range(count):
        x0, x1 = -w / 2 + k * w / count + 0.02, -w / 2 + (k + 1) * w / count - 0.02
        shop.leaning(0, (x0, -d / 2, 0.76), (x1, d / 2 - 0.15, 0.84), -0.16)
        goods = 2 + int(rng.integers(max(1, len(piece.finishes) - 2)))
        for _ in range(9):
            u, v = rng.uniform(0.12, 0.88), rng.uniform(0.1, 0.85)
            y = -d / 2 + v * (d - 0.2)
            shop.sphere(goods, (x0 + u * (x1 - x0), y, 0.86 + 0.16 * (y + d / 2)), 0.055, 6)


def cart(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A two-wheeled hand cart. Finishes: wood, wheels, load."""
    w, d, h = piece.size
    bed = 0.55 * h
    shop.block(0, (-w / 2, -d / 2 + 0.1, bed), (w / 2, d / 2 - 0.1, bed + 0.05))
    for sy in (-1, 1):
        low, high = sorted((sy * (d / 2 - 0.1), sy * (d / 2 - 0.14)))
        shop.block(0, (-w / 2, low, bed), (w / 2, high, h))
        shop.bar(0, (w / 2 - 0.2, sy * (d / 2 - 0.12), bed), (w / 2 + 0.6, sy * (d / 2 - 0.15), 0.35 * h), 0.05)
        ring = np.linspace(0, 2 * np.pi, 19)
        radius = 0.45 * h
        path = np.stack([radius * np.cos(ring), np.full(19, sy * (d / 2 - 0.03)), radius + radius * np.sin(ring)], -1)
        shop.tube(1, path.tolist(), 0.03, 5)
        for k in range(4):
            a = k * np.pi / 4
            y = sy * (d / 2 - 0.03)
            shop.bar(
                1,
                (radius * np.cos(a), y, radius + radius * np.sin(a)),
                (-radius * np.cos(a), y, radius - radius * np.sin(a)),
                0.03,
            )
    shop.cushion(2, (-0.4 * w, -0.35 * d, bed + 0.03), (0.4 * w, 0.35 * d, h + 0.15), 0.12)
