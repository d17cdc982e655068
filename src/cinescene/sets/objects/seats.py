"""Chairs, armchairs, sofas, stools, benches. Fronts face −y."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.workshop import Workshop


def chair(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: frame, seat. Styles: slats, panel, padded."""
    w, d, h = piece.size
    seat, leg = 0.46 * min(1.0, h / 0.85), 0.038
    x, y = w / 2 - leg, d / 2 - leg
    splay = 0.03
    for sx in (-1, 1):
        shop.bar(0, (sx * x, -y, seat - 0.03), (sx * (x + splay), -y - splay, 0), leg)
        shop.bar(0, (sx * x, y, seat - 0.03), (sx * (x + splay), y + splay, 0), leg)
        shop.bar(0, (sx * x, y, seat - 0.03), (sx * x, y + 0.07, h), leg)
        shop.bar(0, (sx * x, -y, 0.45 * seat), (sx * x, y, 0.45 * seat), 0.022)
    thickness = 0.07 if piece.style == "padded" else 0.03
    if piece.style == "padded":
        shop.cushion(1, (-w / 2, -d / 2, seat - 0.03), (w / 2, d / 2, seat - 0.03 + thickness), 0.03)
        shop.leaning(1, (-x, y - 0.01, seat + 0.16), (x, y + 0.04, h), 0.14)
    else:
        shop.block(1, (-w / 2, -d / 2, seat - thickness), (w / 2, d / 2, seat))
        rows = 1 if piece.style == "panel" else 3
        for k in range(rows):
            low = seat + 0.14 + k * (h - seat - 0.14) / rows
            high = low + (h - seat - 0.14) / rows * (0.95 if rows == 1 else 0.55)
            lean = 0.07 * ((low + high) / 2 - seat) / (h - seat)
            shop.block(0, (-x, y + lean - 0.012, low), (x, y + lean + 0.012, high))


def stool(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: frame, seat."""
    w, _, h = piece.size
    radius = w / 2
    shop.cylinder(1, (0, 0, h - 0.05), radius, 0.05, segments=16)
    for k in range(4):
        angle = np.pi / 4 + k * np.pi / 2
        top, foot = 0.6 * radius, 0.95 * radius
        shop.bar(
            0,
            (top * np.cos(angle), top * np.sin(angle), h - 0.04),
            (foot * np.cos(angle), foot * np.sin(angle), 0),
            0.032,
        )
        following = angle + np.pi / 2
        shop.bar(
            0,
            (0.82 * radius * np.cos(angle), 0.82 * radius * np.sin(angle), 0.3 * h),
            (0.82 * radius * np.cos(following), 0.82 * radius * np.sin(following), 0.3 * h),
            0.02,
        )


def sofa(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Any number of seats. Finishes: cover, feet, loose cushions. Styles: boxy, round."""
    w, d, h = piece.size
    arm, seat, back = 0.17, 0.43, 0.22
    radius = 0.08 if piece.style == "round" else 0.035
    shop.cushion(0, (-w / 2, -d / 2 + 0.02, 0.1), (w / 2, d / 2, 0.29), radius)
    for sx in (-1, 1):
        low, high = sorted((sx * w / 2, sx * (w / 2 - arm)))
        shop.cushion(0, (low, -d / 2, 0.1), (high, d / 2, 0.62 if piece.style == "boxy" else 0.66), radius)
        for y in (-d / 2 + 0.08, d / 2 - 0.08):
            shop.cylinder(1, (sx * (w / 2 - 0.08), y, 0), 0.022, 0.11, 0.03, segments=8)
    shop.cushion(0, (-w / 2 + 0.02, d / 2 - back, 0.2), (w / 2 - 0.02, d / 2, h), radius)
    seats = max(1, round((w - 2 * arm) / 0.72))
    width = (w - 2 * arm) / seats
    for k in range(seats):
        left = -w / 2 + arm + k * width
        shop.cushion(0, (left + 0.005, -d / 2 - 0.01, 0.28), (left + width - 0.005, d / 2 - back, seat), 0.05)
        shop.cushion(
            0, (left + 0.02, d / 2 - back - 0.13, seat - 0.02), (left + width - 0.02, d / 2 - back, h + 0.02), 0.06
        )
    for _ in range(int(rng.integers(0, seats + 1))):
        x = rng.uniform(-w / 2 + arm + 0.24, w / 2 - arm - 0.24)
        shop.cushion(2, (x - 0.2, d / 2 - back - 0.27, seat), (x + 0.2, d / 2 - back - 0.14, seat + 0.38), 0.06)


def bench(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A slatted bench, with a back if it is higher than 0.6 m. Finishes: slats, frame."""
    w, d, h = piece.size
    seat = min(0.44, h)
    depth = d if h < 0.6 else d - 0.12
    slats = max(3, round(depth / 0.11))
    pitch = depth / slats
    for k in range(slats):
        y = -d / 2 + k * pitch
        shop.block(0, (-w / 2, y, seat - 0.035), (w / 2, y + 0.8 * pitch, seat), (0, 1, 2, 3, 4))
    for x in np.linspace(-w / 2 + 0.15, w / 2 - 0.15, 2 if w < 2.2 else 3):
        shop.block(1, (x - 0.03, -d / 2 + 0.03, 0), (x + 0.03, -d / 2 + 0.09, seat - 0.035))
        shop.block(1, (x - 0.03, -d / 2 + depth - 0.09, 0), (x + 0.03, -d / 2 + depth - 0.03, seat - 0.035))
        shop.block(1, (x - 0.03, -d / 2 + 0.03, seat - 0.09), (x + 0.03, -d / 2 + depth - 0.03, seat - 0.035))
        if h >= 0.6:
            shop.bar(1, (x, -d / 2 + depth - 0.04, seat - 0.05), (x, d / 2 - 0.02, h), 0.05)
    if h >= 0.6:
        for k in range(3):
            z = seat + 0.12 + k * (h - seat - 0.12) / 3
            lean = (z - seat) / (h - seat) * 0.1
            y = -d / 2 + depth - 0.06 + lean
            shop.block(0, (-w / 2, y, z), (w / 2, y + 0.03, z + 0.085))


def pew(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A long wooden bench with closed ends. Finish: wood."""
    w, d, h = piece.size
    for sx in (-1, 1):
        low, high = sorted((sx * w / 2, sx * (w / 2 - 0.05)))
        shop.block(0, (low, -d / 2, 0), (high, d / 2, 0.62))
        shop.block(0, (low, 0.12, 0.62), (high, d / 2, h + 0.05))
    shop.block(0, (-w / 2, -d / 2 + 0.06, 0.4), (w / 2, d / 2 - 0.1, 0.45))
    shop.leaning(0, (-w / 2 + 0.05, d / 2 - 0.16, 0.45), (w / 2 - 0.05, d / 2 - 0.12, h), 0.12)
    shop.block(0, (-w / 2 + 0.05, d / 2 - 0.14, 0), (w / 2 - 0.05, d / 2 - 0.1, 0.4))


def bed(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """The head is at +y. Finishes: frame, sheet, blanket, pillows."""
    w, d, h = piece.size
    frame, mattress = 0.3, 0.52
    shop.block(0, (-w / 2, -d / 2, 0.08), (w / 2, d / 2, frame))
    for sx in (-1, 1):
        for sy in (-1, 1):
            shop.block(
                0,
                (sx * (w / 2 - 0.05) - 0.04, sy * (d / 2 - 0.05) - 0.04, 0),
                (sx * (w / 2 - 0.05) + 0.04, sy * (d / 2 - 0.05) + 0.04, 0.1),
            )
    shop.cushion(1, (-w / 2 + 0.03, -d / 2 + 0.03, frame - 0.02), (w / 2 - 0.03, d / 2 - 0.1, mattress), 0.06)
    fold = rng.uniform(0.15, 0.3) * d
    shop.cushion(2, (-w / 2 - 0.01, -d / 2, frame - 0.08), (w / 2 + 0.01, d / 2 - 0.45 - fold, mattress + 0.05), 0.06)
    shop.cushion(1, (-w / 2, d / 2 - 0.5 - fold, mattress - 0.02), (w / 2, d / 2 - 0.3 - fold, mattress + 0.07), 0.04)
    pillows = 2 if w > 1.3 else 1
    for k in range(pillows):
        x = 0.0 if pillows == 1 else (k - 0.5) * w / 2
        shop.cushion(3, (x - 0.33, d / 2 - 0.55, mattress), (x + 0.33, d / 2 - 0.14, mattress + 0.15), 0.07)
    if piece.style == "bars":
        for x in np.linspace(-w / 2 + 0.03, w / 2 - 0.03, 9):
            shop.block(0, (x - 0.015, d / 2 - 0.05, frame), (x + 0.015, d / 2 - 0.02, h))
        shop.block(0, (-w / 2, d / 2 - 0.06, h - 0.05), (w / 2, d / 2, h))
    else:
        shop.cushion(0, (-w / 2 - 0.03, d / 2 - 0.1, 0.1), (w / 2 + 0.03, d / 2, h), 0.04)
