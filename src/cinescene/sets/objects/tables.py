"""Tables, desks and what stands on them."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.workshop import Workshop


def table(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: top, legs. Styles: legs, trestle, slab."""
    w, d, h = piece.size
    top = 0.04 if h > 0.55 else 0.035
    shop.block(0, (-w / 2, -d / 2, h - top), (w / 2, d / 2, h))
    if piece.style == "trestle":
        for sx in (-1, 1):
            x = sx * (w / 2 - 0.22 * w)
            shop.block(1, (x - 0.04, -d / 2 + 0.06, 0), (x + 0.04, d / 2 - 0.06, 0.06))
            shop.block(1, (x - 0.04, -0.1, 0.06), (x + 0.04, 0.1, h - top - 0.06))
            shop.block(1, (x - 0.04, -d / 2 + 0.1, h - top - 0.06), (x + 0.04, d / 2 - 0.1, h - top))
        shop.block(1, (-w / 2 + 0.22 * w, -0.03, 0.25 * h), (w / 2 - 0.22 * w, 0.03, 0.25 * h + 0.1))
    elif piece.style == "slab":
        for sx in (-1, 1):
            low, high = sorted((sx * (w / 2 - 0.02), sx * (w / 2 - 0.08)))
            shop.block(1, (low, -d / 2 + 0.03, 0), (high, d / 2 - 0.03, h - top))
        shop.block(1, (-w / 2 + 0.08, -d / 2 + 0.05, 0.12), (w / 2 - 0.08, d / 2 - 0.05, 0.15))
    else:
        leg = 0.07 if h > 0.55 else 0.05
        for sx in (-1, 1):
            for sy in (-1, 1):
                x, y = sx * (w / 2 - leg), sy * (d / 2 - leg)
                shop.block(1, (x - leg / 2, y - leg / 2, 0), (x + leg / 2, y + leg / 2, h - top))
        apron = 0.1 if h > 0.55 else 0.05
        for sy in (-1, 1):
            y = sy * (d / 2 - leg)
            shop.block(1, (-w / 2 + leg, y - 0.012, h - top - apron), (w / 2 - leg, y + 0.012, h - top))
        for sx in (-1, 1):
            x = sx * (w / 2 - leg)
            shop.block(1, (x - 0.012, -d / 2 + leg, h - top - apron), (x + 0.012, d / 2 - leg, h - top))


def round_table(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A round top on a turned foot. Finishes: top, foot."""
    w, _, h = piece.size
    r = w / 2
    shop.cylinder(0, (0, 0, h - 0.035), r, 0.035, segments=28)
    foot = [(0.42 * r, 0), (0.42 * r, 0.03), (0.14 * r, 0.07), (0.07, 0.3 * h), (0.09, 0.5 * h), (0.05, 0.62 * h)]
    shop.lathe(1, (0, 0, 0), [(0, 0), *foot, (0.16 * r + 0.03, h - 0.035)], 16)


def desk(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A top with a drawer stack on one side; the sitter is at −y. Finishes: top, body, handles."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2, h - 0.035), (w / 2, d / 2, h))
    side = 1 if piece.seed % 2 else -1
    low, high = sorted((side * (w / 2 - 0.02), side * (w / 2 - 0.44)))
    shop.block(1, (low, -d / 2 + 0.03, 0.04), (high, d / 2 - 0.02, h - 0.035))
    for k in range(3):
        z = 0.08 + k * (h - 0.14) / 3
        shop.block(1, (low + 0.012, -d / 2 + 0.012, z), (high - 0.012, -d / 2 + 0.03, z + (h - 0.14) / 3 - 0.02))
        shop.block(2, ((low + high) / 2 - 0.06, -d / 2, z + 0.1), ((low + high) / 2 + 0.06, -d / 2 + 0.012, z + 0.115))
    other = -side * (w / 2 - 0.05)
    shop.block(1, (other - 0.02, -d / 2 + 0.05, 0), (other + 0.02, d / 2 - 0.02, h - 0.035))
    shop.block(1, (-w / 2 + 0.05, d / 2 - 0.06, 0.3 * h), (w / 2 - 0.05, d / 2 - 0.04, h - 0.035))


def monitor(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A display on a foot, or hung on a wall if it is shallower than 8 cm. Finishes: case, screen."""
    w, d, h = piece.size
    lift = 0.0 if d < 0.08 else 0.11
    depth = min(d, 0.04)
    shop.block(0, (-w / 2, -depth / 2, lift), (w / 2, depth / 2, h))
    shop.picture(1, (-w / 2 + 0.012, -depth / 2 - 0.002, lift + 0.015), (w - 0.024, 0, 0), (0, 0, h - lift - 0.027))
    if lift:
        shop.block(0, (-0.03, 0, 0.01), (0.03, 0.03, h / 2))
        shop.block(0, (-0.13, -d / 2, 0), (0.13, d / 2, 0.014))


def books(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A pile of books lying down. Finish: covers (any pattern)."""
    w, d, h = piece.size
    z = 0.0
    while z < h - 0.012:
        thick = min(float(rng.uniform(0.018, 0.045)), h - z)
        shrink = rng.uniform(0.75, 1.0)
        dx, dy = rng.uniform(-0.02, 0.02, 2)
        finish = int(rng.integers(len(piece.finishes)))
        low = (dx - w * shrink / 2, dy - d * shrink / 2, z)
        shop.block(finish, low, (dx + w * shrink / 2, dy + d * shrink / 2, z + thick))
        z += thick


def vase(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A turned vase, bowl or jug. Finish: glaze."""
    w, _, h = piece.size
    r = w / 2
    belly, neck = rng.uniform(0.25, 0.6), rng.uniform(0.35, 0.7)
    profile = [
        (0, 0), (0.55 * r, 0), (0.75 * r, 0.12 * h), (r, belly * h), (0.9 * r, (belly + 0.15) * h),
        (neck * r, min(belly + 0.32, 0.93) * h), (neck * r * 1.15, h), (neck * r * 0.95, h), (0.5 * neck * r, 0.9 * h),
        (0, 0.88 * h),
    ]  # fmt: skip
    if piece.style == "bowl":
        profile = [
            (0, 0),
            (0.35 * r, 0),
            (0.4 * r, 0.1 * h),
            (0.85 * r, 0.6 * h),
            (r, h),
            (0.93 * r, h),
            (0.6 * r, 0.4 * h),
            (0, 0.25 * h),
        ]
    shop.lathe(0, (0, 0, 0), profile, 16)


def crockery(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Plates, cups and a bottle spread over an area. Finishes: china, glass."""
    w, d, h = piece.size
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * 0.34 * w, sy * 0.28 * d
            shop.lathe(0, (x, y, 0), [(0, 0), (0.07, 0), (0.12, 0.018), (0.115, 0.02), (0.07, 0.008), (0, 0.008)], 14)
            shop.lathe(
                0, (x + 0.16, y + sy * 0.05, 0), [(0, 0), (0.028, 0), (0.036, 0.09), (0.033, 0.09), (0, 0.02)], 10
            )
    bottle = [(0, 0), (0.038, 0), (0.038, 0.65 * h), (0.014, 0.78 * h), (0.014, h), (0, h)]
    shop.lathe(1, (float(rng.uniform(-0.1, 0.1)), 0, 0), bottle, 12)
