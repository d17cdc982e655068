"""What hangs on or stands at walls. Backs are at +y, against the wall."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.primitives import grid_surface
from cinescene.sets.workshop import Workshop


def framed_picture(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: frame, picture, mount. Styles: mounted (a pale margin inside the frame), bare, canvas (no frame)."""
    w, d, h = piece.size
    if piece.style == "canvas":
        shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, h))
        shop.picture(1, (-w / 2, -d / 2 - 0.002, 0), (w, 0, 0), (0, 0, h))
        return
    bar = float(np.clip(0.06 * max(w, h), 0.02, 0.09))
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, bar))
    shop.block(0, (-w / 2, -d / 2, h - bar), (w / 2, d / 2, h))
    for sx in (-1, 1):
        low, high = sorted((sx * w / 2, sx * (w / 2 - bar)))
        shop.block(0, (low, -d / 2, bar), (high, d / 2, h - bar))
    inner_w, inner_h = w - 2 * bar, h - 2 * bar
    margin = 0.14 * min(inner_w, inner_h) if piece.style == "mounted" else 0.0
    y = 0.2 * d
    shop.face(2, (-inner_w / 2, y, bar), (inner_w, 0, 0), (0, 0, inner_h))
    corner = (-inner_w / 2 + margin, y - 0.004, bar + margin)
    shop.picture(1, corner, (inner_w - 2 * margin, 0, 0), (0, 0, inner_h - 2 * margin))


def wall_clock(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: rim, dial."""
    w, d, _ = piece.size
    angle = np.linspace(0, 2 * np.pi, 25)
    path = np.stack([(w / 2 - 0.02) * np.cos(angle), 0 * angle, w / 2 + (w / 2 - 0.02) * np.sin(angle)], -1)
    shop.tube(0, path.tolist(), 0.02, 6)
    inner = 0.7 * w
    shop.block(0, (-inner / 2, 0, 0.15 * w), (inner / 2, d / 2, 0.85 * w))
    shop.picture(1, (-w / 2 + 0.02, -0.004, 0.02), (w - 0.04, 0, 0), (0, 0, w - 0.04))


def curtains(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A pair of drawn-back curtains on a rod. Finishes: cloth, rod. Styles: pair, left, right."""
    w, d, h = piece.size
    drawn = float(rng.uniform(0.13, 0.24)) * w
    shop.tube(1, [(-w / 2 - 0.08, 0, h - 0.03), (w / 2 + 0.08, 0, h - 0.03)], 0.014, 6)
    for side in (-1, 1):
        if piece.style in ("left", "right") and (side < 0) != (piece.style == "left"):
            continue
        outer, inner = side * w / 2, side * (w / 2 - drawn)
        folds = max(3, round(drawn / 0.09))
        t = np.linspace(0, 1, folds * 4 + 1)
        rows = []
        for z in np.linspace(0.02, h - 0.04, 5):
            tie = 1 - 0.22 * np.exp(-(((z / h) - 0.42) ** 2) / 0.03)
            x = outer + (inner - outer) * t * tie
            y = (0.4 * d) * np.sin(2 * np.pi * folds * t + 0.6 * z)
            rows.append(np.stack([x, y, np.full_like(t, z)], -1))
        points = np.array(rows)
        if side > 0:
            points = points[:, ::-1]
        shop.mesh(0, grid_surface(points, shop.material(0)))
        shop.mesh(0, grid_surface(points[:, ::-1] + [0, 0.012, 0], shop.material(0)))


def radiator(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A column radiator. Finish: paint."""
    w, d, h = piece.size
    for x in np.arange(-w / 2 + 0.03, w / 2 - 0.02, 0.065):
        shop.block(0, (x - 0.022, -d / 2, 0.1), (x + 0.022, d / 2 - 0.03, h))
    shop.block(0, (-w / 2, -0.02, 0.15), (w / 2, 0.02, 0.19))
    shop.block(0, (-w / 2, -0.02, h - 0.1), (w / 2, 0.02, h - 0.06))


def wall_shelf(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A board on brackets with things on it. Finishes: board, things (two or more)."""
    w, d, _ = piece.size
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, 0.03))
    x = -w / 2 + 0.08
    while x < w / 2 - 0.1:
        r = float(rng.uniform(0.04, 0.08))
        high = float(rng.uniform(1.8, 3.6)) * r
        finish = 1 + int(rng.integers(max(1, len(piece.finishes) - 1)))
        if rng.random() < 0.6:
            profile = [(0, 0), (0.7 * r, 0), (r, 0.35 * high), (0.45 * r, 0.8 * high), (0.55 * r, high), (0, high)]
            shop.lathe(finish, (x + r, 0, 0.03), profile, 10)
        else:
            shop.block(finish, (x, -0.35 * d, 0.03), (x + 1.6 * r, 0.35 * d, 0.03 + high))
        x += 2 * r + float(rng.uniform(0.04, 0.25))


def wall_cabinet(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Kitchen cupboards hung on the wall. Finishes: body, doors, handles."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2 + 0.02, 0), (w / 2, d / 2, h))
    count = max(1, round(w / 0.5))
    for k in range(count):
        left, right = -w / 2 + k * w / count + 0.005, -w / 2 + (k + 1) * w / count - 0.005
        shop.block(1, (left, -d / 2, 0.005), (right, -d / 2 + 0.02, h - 0.005))
        x = left + 0.04 if k % 2 else right - 0.04
        shop.block(2, (x - 0.007, -d / 2 - 0.02, 0.06), (x + 0.007, -d / 2, 0.2))


def hood(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A cooker hood with its duct. Finish: metal."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, 0.07))
    steps = 4
    for k in range(steps):
        share = 1 - (k + 1) / (steps + 1)
        z = 0.07 + k * 0.05
        shop.block(0, (-w / 2 * share, -d / 2 * share, z), (w / 2 * share, d / 2, z + 0.05))
    shop.block(0, (-0.13, 0, 0.27), (0.13, d / 2, h))


def banner(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A long cloth hung from a rod, slightly waved. Finishes: cloth, rod."""
    w, _, h = piece.size
    shop.tube(1, [(-w / 2 - 0.1, 0, h), (w / 2 + 0.1, 0, h)], 0.02, 6)
    x = np.linspace(-w / 2, w / 2, 9)
    phase = rng.uniform(0, 6)
    rows = [
        np.stack([x, 0.03 * np.sin(9 * x / w + phase + 0.8 * z) * (1 - z / h), np.full_like(x, z)], -1)
        for z in np.linspace(0.0, h - 0.02, 7)
    ]
    shop.mesh(0, grid_surface(np.array(rows), shop.material(0)))
    shop.mesh(0, grid_surface(np.array(rows)[:, ::-1] + [0, 0.015, 0], shop.material(0)))


def fireplace(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A chimney breast with a mantel and a dark opening. Finishes: surround, soot, chimney, hearth glow."""
    w, d, h = piece.size
    mantel = 1.12
    opening_w, opening_h = 0.46 * w, 0.72
    shop.block(2, (-0.42 * w, -0.1 * d, mantel), (0.42 * w, d / 2, h))
    for sx in (-1, 1):
        low, high = sorted((sx * w / 2, sx * opening_w / 2))
        shop.block(0, (low, -d / 2, 0), (high, d / 2, mantel - 0.06))
        shop.block(
            0, (sx * (w / 2 - 0.09) - 0.08, -d / 2 - 0.04, 0.06), (sx * (w / 2 - 0.09) + 0.08, -d / 2, mantel - 0.12)
        )
    shop.block(0, (-opening_w / 2, -d / 2, opening_h), (opening_w / 2, d / 2, mantel - 0.06))
    shop.block(0, (-w / 2 - 0.07, -d / 2 - 0.08, mantel - 0.06), (w / 2 + 0.07, d / 2, mantel))
    shop.block(0, (-w / 2, -d / 2 - 0.35, 0), (w / 2, -d / 2, 0.03))
    shop.block(1, (-opening_w / 2, d / 2 - 0.02, 0), (opening_w / 2, d / 2, opening_h))
    shop.block(1, (-opening_w / 2, -d / 2, 0), (opening_w / 2, d / 2, 0.02))
    for k in range(4):
        x = (k - 1.5) * 0.09
        shop.tube(3, [(x - 0.12, -0.05, 0.07 + 0.03 * (k % 2)), (x + 0.12, 0.05, 0.1 + 0.03 * (k % 2))], 0.035, 6)


def rug(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A rug on the floor. Finishes: pile (shown once), edge."""
    w, d, h = piece.size
    shop.picture(0, (-w / 2, -d / 2, h), (w, 0, 0), (0, d, 0))
    shop.block(1, (-w / 2, -d / 2, 0), (w / 2, d / 2, h - 0.001), (0, 1, 2, 3))


def sign(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A lettered board, flat on a wall or, if its style is ``hanging``, on an arm out of it. Finishes: board, metal."""
    w, d, h = piece.size
    if piece.style == "hanging":
        shop.bar(1, (0, d / 2, h + 0.06), (0, -d / 2, h + 0.06), 0.03)
        shop.block(0, (-0.02, -d / 2, 0), (0.02, d / 2 - 0.1, h))
        return
    shop.block(1, (-w / 2, -d / 2, 0), (w / 2, d / 2, h))
    shop.picture(0, (-w / 2, -d / 2 - 0.003, 0), (w, 0, 0), (0, 0, h))
