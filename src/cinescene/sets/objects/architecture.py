"""Columns, pedestals, statues, fountains, steps, railings, arcades."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece, Point
from cinescene.sets.mesh_operations import mesh_of, smooth_normals
from cinescene.sets.primitives import extrusion
from cinescene.sets.workshop import Workshop


def column(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: shaft, base and capital. Styles: round, square, fluted."""
    w, _, h = piece.size
    r = 0.36 * w
    base, capital = 0.12 * w + 0.1, 0.5 * w
    shop.block(1, (-w / 2, -w / 2, 0), (w / 2, w / 2, base))
    shop.block(1, (-w / 2, -w / 2, h - 0.35 * capital), (w / 2, w / 2, h))
    if piece.style == "square":
        shop.block(0, (-r, -r, base), (r, r, h - 0.35 * capital))
        shop.block(1, (-1.15 * r, -1.15 * r, base), (1.15 * r, 1.15 * r, base + 0.12))
        shop.block(1, (-1.15 * r, -1.15 * r, h - 0.35 * capital - 0.12), (1.15 * r, 1.15 * r, h - 0.35 * capital))
        return
    torus = [(0, 0), (1.28 * r, 0), (1.36 * r, 0.05), (1.28 * r, 0.1), (1.12 * r, 0.13), (1.08 * r, 0.18)]
    shop.lathe(1, (0, 0, base), torus, 18)
    low, high = base + 0.17, h - capital
    if piece.style == "fluted":
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        radius = r * (1 - 0.07 * (np.arange(48) % 2))
        outline = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
        shop.mesh(0, extrusion(outline, high - low, shop.material(0), crease_rad=0.1), (0, 0, low))
    else:
        shop.lathe(0, (0, 0, low), [(r, 0), (0.99 * r, 0.35 * (high - low)), (0.86 * r, high - low)], 20)
    bell = [(0.88 * r, 0), (1.0 * r, 0.05), (0.9 * r, 0.09), (1.05 * r, 0.4 * capital), (1.36 * r, 0.66 * capital)]
    shop.lathe(1, (0, 0, high), bell, 18)


def pilaster(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A flat column against a wall (its back at +y) with base and capital. Finish: stone."""
    w, d, h = piece.size
    shop.block(0, (-0.42 * w, -0.42 * d, 0.25), (0.42 * w, d / 2, h - 0.2), (0, 1, 3))
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, 0.25), (0, 1, 3, 4))
    shop.block(0, (-w / 2, -d / 2, h - 0.2), (w / 2, d / 2, h), (0, 1, 3, 5))


def pedestal(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A plain or moulded block for something to stand on. Finish: stone."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, 0.08))
    shop.block(0, (-0.42 * w, -0.42 * d, 0.08), (0.42 * w, 0.42 * d, h - 0.07))
    shop.block(0, (-w / 2, -d / 2, h - 0.07), (w / 2, d / 2, h))


def sculpture(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """An abstract sculpture. Finish: stone or bronze. Styles: turned, knot, stack, figure."""
    {"knot": _knot, "stack": _stack, "figure": _figure}.get(piece.style, _turned)(shop, piece.size, rng)


def _knot(shop: Workshop, size: Point, rng: np.random.Generator) -> None:
    """A trefoil knot."""
    r, h = size[0] / 2, size[2]
    t = np.linspace(0, 2 * np.pi, 57)
    x, y, z = np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)
    path = np.stack([x / 3 * 0.82 * r, z * 0.5 * r, h / 2 + y / 3 * 0.41 * h], -1)
    shop.tube(0, path.tolist(), 0.16 * r + 0.02, 9)


def _stack(shop: Workshop, size: Point, rng: np.random.Generator) -> None:
    """Blocks and balls in turn."""
    h = size[2]
    for k in range(4):
        level = k * h / 4
        half = size[0] / 2 * rng.uniform(0.55, 0.95)
        if k % 2:
            shop.sphere(0, (0, 0, level + h / 8), h / 8, 14)
        else:
            shop.block(0, (-half, -half * 0.8, level), (half, half * 0.8, level + h / 4))


def _figure(shop: Workshop, size: Point, rng: np.random.Generator) -> None:
    """A robed figure."""
    r, h = size[0] / 2, size[2]
    outline = [(0.8, 0), (0.72, 0.2), (0.5, 0.5), (0.62, 0.72), (0.55, 0.78), (0.2, 0.83), (0.16, 0.86)]
    shop.lathe(0, (0, 0, 0), [(0, 0), *((u * r, v * h) for u, v in outline)], 18)
    shop.sphere(0, (0, -0.02, 0.93 * h), 0.07 * h, 14)
    for sx in (-1, 1):
        shoulder, elbow = (sx * 0.52 * r, 0, 0.76 * h), (sx * 0.72 * r, -0.1 * r, 0.58 * h)
        shop.tube(0, [shoulder, elbow, (sx * 0.25 * r, -0.55 * r, 0.52 * h)], 0.1 * r, 7)


def _turned(shop: Workshop, size: Point, rng: np.random.Generator) -> None:
    """A turned column of bulges."""
    r, h = size[0] / 2, size[2]
    levels = np.linspace(0, 1, 13)
    wave = 0.55 + 0.35 * np.sin(levels * rng.uniform(6, 11) + rng.uniform(0, 6)) * (1 - levels * 0.4)
    profile = [(float(r * max(0.12, v)), float(t * h)) for t, v in zip(levels, wave, strict=True)]
    shop.lathe(0, (0, 0, 0), [(0, 0), *profile, (0, h)], 20)


def fountain(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A basin with a bowl on a stem. Finishes: stone, water."""
    w, _, h = piece.size
    r = w / 2
    basin = min(0.55, 0.4 * h)
    rim = [
        (0, 0),
        (r, 0),
        (r, 0.06),
        (0.95 * r, 0.1),
        (0.95 * r, basin - 0.1),
        (r, basin - 0.06),
        (r, basin),
        (0.86 * r, basin),
        (0.86 * r, 0.1),
    ]
    shop.lathe(0, (0, 0, 0), rim, 24)
    shop.cylinder(1, (0, 0, 0.1), 0.87 * r, basin - 0.22, segments=24)
    stem = [(0.16 * r, 0), (0.1 * r, 0.3 * h), (0.13 * r, 0.45 * h), (0.08 * r, 0.66 * h)]
    shop.lathe(0, (0, 0, 0.1), [(0, 0), *stem, (0, 0.68 * h)], 14)
    bowl = [
        (0.08 * r, 0),
        (0.3 * r, 0.05),
        (0.44 * r, 0.16 * h),
        (0.4 * r, 0.16 * h),
        (0.2 * r, 0.08 * h),
        (0, 0.08 * h),
    ]
    shop.lathe(0, (0, 0, 0.72 * h), bowl, 20)
    shop.cylinder(1, (0, 0, 0.72 * h + 0.05), 0.4 * r, 0.13 * h - 0.05, segments=16)
    shop.lathe(0, (0, 0, 0.8 * h), [(0.06 * r, 0), (0.05 * r, 0.12 * h), (0.09 * r, 0.16 * h), (0, 0.2 * h)], 10)


def well(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A round stone well under a little roof. Finishes: stone, wood, roof."""
    w, _, h = piece.size
    r = w / 2
    wall = 0.36 * h
    shop.lathe(0, (0, 0, 0), [(0, 0), (r, 0), (r, wall), (0.78 * r, wall), (0.78 * r, 0.2), (0, 0.2)], 20)
    for sx in (-1, 1):
        shop.block(1, (sx * 0.88 * r - 0.06, -0.06, wall), (sx * 0.88 * r + 0.06, 0.06, 0.82 * h))
    shop.tube(1, [(-0.9 * r, 0, 0.66 * h), (0.9 * r, 0, 0.66 * h)], 0.06, 8)
    for sy in (-1, 1):
        shop.bar(2, (0, sy * 0.75 * r, 0.74 * h), (0, 0, h), 2.3 * r, 0.05)


def steps(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A flight of steps that rises towards +y. Finish: stone."""
    w, d, h = piece.size
    count = max(1, round(h / 0.16))
    for k in range(count):
        shop.block(0, (-w / 2, -d / 2 + k * d / count, 0), (w / 2, d / 2, (k + 1) * h / count))


def railing(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Posts, bars and a hand rail along x. Finish: metal. Styles: bars, planks."""
    w, _, h = piece.size
    shop.block(0, (-w / 2, -0.025, h - 0.05), (w / 2, 0.025, h))
    for x in np.linspace(-w / 2 + 0.04, w / 2 - 0.04, max(2, round(w / 1.6) + 1)):
        shop.block(0, (x - 0.03, -0.03, 0), (x + 0.03, 0.03, h))
    if piece.style == "planks":
        for z in np.linspace(0.15, h - 0.2, 4):
            shop.block(0, (-w / 2, -0.012, z), (w / 2, 0.012, z + 0.1))
        return
    shop.block(0, (-w / 2, -0.015, 0.08), (w / 2, 0.015, 0.11))
    for x in np.arange(-w / 2 + 0.12, w / 2 - 0.06, 0.13):
        shop.block(0, (x - 0.008, -0.008, 0.1), (x + 0.008, 0.008, h - 0.04), (0, 1, 2, 3))


def beam(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A straight beam along x. Finish: wood or steel."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, h))


def arcade(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A row of round arches on piers along x, with a wall above. Finishes: wall, trim."""
    w, d, h = piece.size
    bays = max(1, round(w / 2.8))
    bay = w / bays
    pier = 0.2 * bay
    radius = (bay - pier) / 2
    spring = min(0.62 * h, h - radius - 0.3)
    for k in range(bays + 1):
        x = -w / 2 + k * bay
        left, right = max(x - pier / 2, -w / 2), min(x + pier / 2, w / 2)
        shop.block(0, (left, -d / 2, 0), (right, d / 2, spring))
        shop.block(1, (left - 0.04, -d / 2 - 0.04, spring - 0.16), (right + 0.04, d / 2 + 0.04, spring))
        shop.block(1, (left - 0.03, -d / 2 - 0.03, 0), (right + 0.03, d / 2 + 0.03, 0.22))
    for k in range(bays):
        _arch(shop, -w / 2 + k * bay, bay, radius, spring, h, d)
    shop.block(1, (-w / 2, -d / 2 - 0.08, h - 0.14), (w / 2, d / 2 + 0.08, h))


def _arch(shop: Workshop, left: float, bay: float, radius: float, spring: float, top: float, depth: float) -> None:
    """The wall over one round arch: front, back and the curved underside."""
    angle = np.linspace(np.pi, 0, 13)
    middle = left + bay / 2
    curve = np.stack([middle + radius * np.cos(angle), spring + radius * np.sin(angle)], -1)
    rim = np.concatenate([[[left, spring]], curve, [[left + bay, spring]]])
    crown = np.stack([rim[:, 0], np.full(len(rim), top)], -1)
    for y, forward in ((-depth / 2, True), (depth / 2, False)):
        flat = np.concatenate([rim, crown])
        positions = np.stack([flat[:, 0], np.full(len(flat), y), flat[:, 1]], -1)
        k = np.arange(len(rim) - 1)
        triangles = np.concatenate(
            [np.stack([k, k + 1, k + 1 + len(rim)], -1), np.stack([k, k + 1 + len(rim), k + len(rim)], -1)]
        )
        triangles = triangles if forward else triangles[:, ::-1]
        area = np.ptp(flat[triangles][..., 1], axis=1) + 1e-12
        triangles = triangles[area > 1e-9]
        normals = np.tile([0.0, -1.0 if forward else 1.0, 0.0], (len(flat), 1))
        shop.mesh(0, mesh_of(positions, normals, flat, triangles, shop.material(0)))
    under = np.concatenate([np.stack([curve[:, 0], np.full(13, y), curve[:, 1]], -1) for y in (-depth / 2, depth / 2)])
    k = np.arange(12)
    triangles = np.concatenate([np.stack([k, k + 13, k + 14], -1), np.stack([k, k + 14, k + 1], -1)])
    along = radius * (np.pi - angle)
    uvs = np.concatenate([np.stack([along, np.full(13, v)], -1) for v in (0.0, depth)])
    shop.mesh(1, mesh_of(under, smooth_normals(under, triangles), uvs, triangles, shop.material(1)))
