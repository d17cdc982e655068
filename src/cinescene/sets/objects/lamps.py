"""Lamps of all kinds: what one sees of them. The light itself is a `LampLight` of the description."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.workshop import Place, Workshop


def floor_lamp(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: stand, shade. Styles: drum, cone, arc."""
    w, _, h = piece.size
    r = w / 2
    shop.cylinder(0, (0, 0, 0), 0.14, 0.025, segments=18)
    if piece.style == "arc":
        bend = np.linspace(0, np.pi * 0.62, 9)
        path = [(0.0, 0.0, 0.02), *[(0.35 * (1 - np.cos(a)), 0.0, 0.62 * h + 0.34 * h * np.sin(a)) for a in bend]]
        shop.tube(0, path, 0.013, 6)
        end = path[-1]
        shop.lathe(1, (end[0], 0, end[2] - 0.2), [(0.15, 0), (0.15, 0.02), (0.03, 0.2), (0, 0.2)], 16)
        return
    shade = 0.28 if piece.style == "drum" else 0.24
    shop.cylinder(0, (0, 0, 0.02), 0.013, h - shade + 0.05, segments=8)
    top = r if piece.style == "drum" else 0.55 * r
    _shade(shop, 1, (0, 0, h - shade), r, top, shade)


def _shade(shop: Workshop, finish: int, at: Place, low: float, top: float, height: float) -> None:
    """An open lamp shade, seen from outside and inside."""
    profile = [(low - 0.01, 0.0), (low, 0.0), (top, height), (top - 0.01, height), (low - 0.01, 0.0)]
    shop.lathe(finish, at, profile, 18)


def table_lamp(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: foot, shade."""
    w, _, h = piece.size
    r = w / 2
    foot = 0.5 * h
    shop.lathe(
        0,
        (0, 0, 0),
        [(0, 0), (0.42 * r, 0), (0.5 * r, 0.06 * h), (0.55 * r, 0.25 * h), (0.12 * r, foot), (0, foot)],
        14,
    )
    shop.cylinder(0, (0, 0, foot - 0.01), 0.008, 0.15 * h, segments=6)
    _shade(shop, 1, (0, 0, 0.55 * h), r, 0.62 * r, 0.45 * h)


def pendant(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A shade on a cord from the ceiling (the piece's top). Finishes: cord, shade, glow. Styles: cone, globe, drum."""
    w, _, h = piece.size
    r = w / 2
    tall = min(0.8 * w, 0.5 * h)
    shop.cylinder(0, (0, 0, tall), 0.006, h - tall, segments=6)
    shop.cylinder(0, (0, 0, h - 0.03), 0.05, 0.03, segments=12)
    if piece.style == "globe":
        shop.sphere(2, (0, 0, tall / 2), tall / 2, 16)
        return
    top = 0.25 * r if piece.style == "cone" else r
    _shade(shop, 1, (0, 0, 0), r, top, tall)
    shop.sphere(2, (0, 0, 0.35 * tall), min(0.06, 0.3 * r), 10)


def ceiling_light(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A flat luminous panel or dome under the ceiling. Finishes: rim, glowing. Styles: panel, dome."""
    w, d, h = piece.size
    if piece.style == "dome":
        shop.cylinder(0, (0, 0, 0.7 * h), w / 2, 0.3 * h, segments=20)
        profile = [(0, 0), (0.5 * w / 2, 0.06 * h), (0.85 * w / 2, 0.35 * h), (0.93 * w / 2, 0.72 * h)]
        shop.lathe(1, (0, 0, 0), profile, 20)
        return
    shop.block(0, (-w / 2, -d / 2, 0.3 * h), (w / 2, d / 2, h))
    shop.block(1, (-w / 2 + 0.03, -d / 2 + 0.03, 0), (w / 2 - 0.03, d / 2 - 0.03, 0.3 * h))


def sconce(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A wall lamp whose back is at +y. Finishes: metal, glowing."""
    w, d, h = piece.size
    shop.block(0, (-0.04, d / 2 - 0.02, 0.2 * h), (0.04, d / 2, 0.8 * h))
    shop.bar(0, (0, d / 2, 0.35 * h), (0, 0, 0.3 * h), 0.02)
    shop.lathe(1, (0, 0, 0.3 * h), [(0, 0), (0.6 * w / 2, 0.02), (w / 2, 0.7 * h), (0, 0.66 * h)], 12)


def chandelier(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Rings of candles on a chain; the piece's top is the ceiling. Finishes: metal, glowing."""
    w, _, h = piece.size
    r = w / 2
    tall = 0.55 * w
    shop.cylinder(0, (0, 0, tall), 0.012, h - tall, segments=6)
    shop.lathe(
        0, (0, 0, 0), [(0, 0), (0.06, 0.05), (0.03, 0.3 * tall), (0.07, 0.5 * tall), (0.02, tall), (0, tall)], 10
    )
    for radius, z, count in ((r, 0.25 * tall, 10), (0.55 * r, 0.62 * tall, 6)):
        ring = np.linspace(0, 2 * np.pi, 21)
        shop.tube(0, np.stack([radius * np.cos(ring), radius * np.sin(ring), np.full(21, z)], -1).tolist(), 0.014, 5)
        for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
            x, y = radius * np.cos(angle), radius * np.sin(angle)
            shop.cylinder(0, (x, y, z), 0.03, 0.02, segments=8)
            shop.cylinder(1, (x, y, z + 0.02), 0.014, 0.11, 0.008, segments=6)
        for angle in np.linspace(0, 2 * np.pi, 4, endpoint=False):
            shop.bar(0, (radius * np.cos(angle), radius * np.sin(angle), z), (0, 0, z + 0.12 * tall), 0.012)


def street_lamp(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: post, glowing. Styles: lantern (old), arm (new)."""
    w, _, h = piece.size
    if piece.style == "arm":
        shop.cylinder(0, (0, 0, 0), 0.09, h - 0.3, 0.05, segments=10)
        shop.tube(0, [(0, 0, h - 0.35), (0, -0.1, h - 0.12), (0, -0.5, h), (0, -1.1, h)], 0.035, 6)
        shop.block(0, (-0.12, -1.5, h - 0.05), (0.12, -0.95, h + 0.06))
        shop.block(1, (-0.09, -1.45, h - 0.07), (0.09, -1.02, h - 0.05))
        return
    post = [
        (0, 0),
        (0.17, 0),
        (0.17, 0.12),
        (0.11, 0.2),
        (0.09, 0.75),
        (0.12, 0.82),
        (0.06, 0.95),
        (0.045, h - 0.75),
        (0.09, h - 0.68),
        (0, h - 0.66),
    ]
    shop.lathe(0, (0, 0, 0), post, 9)
    r = min(0.2, w / 2)
    shop.lathe(1, (0, 0, h - 0.66), [(0, 0), (0.55 * r, 0), (r, 0.42), (0, 0.42)], 6)
    shop.lathe(
        0, (0, 0, h - 0.25), [(0, 0), (1.15 * r, 0), (1.15 * r, 0.03), (0.3 * r, 0.2), (0.06, 0.24), (0, 0.3)], 6
    )
