"""Shelves with books, cabinets, wardrobes, chests, crates, barrels."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.mesh_operations import mesh_of
from cinescene.sets.textures.prints import SPINE_ROWS, SPINES_A_ROW
from cinescene.sets.workshop import UNSEEN_BOTTOM, Workshop


def bookshelf(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """An open shelf filled with books, boxes and vases. Finishes: wood, back, spines, ornaments."""
    w, d, h = piece.size
    board = 0.025
    for sx in (-1, 1):
        low, high = sorted((sx * w / 2, sx * (w / 2 - board)))
        shop.block(0, (low, -d / 2, 0), (high, d / 2, h))
    shop.block(1, (-w / 2 + board, d / 2 - 0.012, 0.06), (w / 2 - board, d / 2, h))
    levels = max(2, round(h / 0.36))
    pitch = (h - 0.07 - board) / levels
    columns = max(1, round(w / 0.9))
    width = (w - board) / columns
    for level in range(levels + 1):
        z = 0.07 + level * pitch
        shop.block(0, (-w / 2 + board, -d / 2 + 0.005, z), (w / 2 - board, d / 2 - 0.012, z + board))
    for column in range(columns):
        left = -w / 2 + column * width
        if column:
            shop.block(0, (left, -d / 2 + 0.003, 0.07), (left + board, d / 2, h))
        for level in range(levels):
            z = 0.07 + level * pitch + board
            _fill_shelf(shop, rng, (left + board, left + width - 0.004), z, pitch - board, d)


def _fill_shelf(
    shop: Workshop, rng: np.random.Generator, reach: tuple[float, float], z: float, clear: float, depth: float
) -> None:
    """One compartment: a row of books, with a gap and an ornament at times."""
    kind = rng.random()
    end = reach[1] - 0.02
    if kind < 0.08:
        return
    if kind < 0.35:
        end = reach[0] + rng.uniform(0.35, 0.75) * (reach[1] - reach[0])
        middle = (end + reach[1]) / 2
        radius = min(0.09, (reach[1] - end) / 2 - 0.02)
        if radius > 0.03:
            high = min(clear - 0.03, rng.uniform(1.6, 3.2) * radius)
            profile = [
                (0, 0),
                (0.6 * radius, 0),
                (radius, 0.4 * high),
                (0.5 * radius, 0.8 * high),
                (0.6 * radius, high),
                (0, high),
            ]
            shop.lathe(3, (middle, -0.02, z), profile, 10)
    _books_row(shop, rng, (reach[0] + 0.004, end), z, clear, depth)


def _books_row(
    shop: Workshop, rng: np.random.Generator, reach: tuple[float, float], z: float, clear: float, depth: float
) -> None:
    """Standing books side by side, each with a spine of its own from the atlas."""
    count = int((reach[1] - reach[0]) / 0.034) + 1
    thick = rng.uniform(0.02, 0.055, count)
    right = reach[0] + thick.cumsum()
    count = int((right < reach[1]).sum())
    if count == 0:
        return
    thick, right = thick[:count], right[:count]
    height = clear * rng.uniform(0.62, 0.94, count)
    front = -depth / 2 + rng.uniform(0.01, 0.06, count)
    left, back = right - thick + 0.002, np.full(count, depth / 2 - 0.03)
    low = np.full(count, z)
    a, b = np.stack([left, front, low], -1), np.stack([right, front, low], -1)
    rise, deep = np.stack([0 * left, 0 * left, height], -1), np.stack([0 * left, back - front, 0 * left], -1)
    faces = [(a, b), (b, b + deep), (a + deep, a)]
    sides = [corner for left_, right_ in faces for corner in (left_, right_, right_ + rise, left_ + rise)]
    corners = np.stack([*sides, a + rise, b + rise, b + rise + deep, a + rise + deep], 1)
    normals = np.repeat(np.array([[0, -1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1]], dtype=float), 4, axis=0)
    spine = rng.integers(0, SPINES_A_ROW * SPINE_ROWS, count)
    row, column = np.divmod(spine, SPINES_A_ROW)
    margin = 0.06
    u0, u1 = (column + margin) / SPINES_A_ROW, (column + 1 - margin) / SPINES_A_ROW
    v0, v1 = 1 - (row + 1 - margin) / SPINE_ROWS, 1 - (row + margin) / SPINE_ROWS
    face = np.stack([np.stack([u0, v0], -1), np.stack([u1, v0], -1), np.stack([u1, v1], -1), np.stack([u0, v1], -1)], 1)
    plain = np.repeat(np.stack([u0, (v0 + v1) / 2], -1)[:, None], 4, axis=1)
    uvs = np.concatenate([face, plain, plain, plain], axis=1)
    triangles = (4 * np.arange(4 * count))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    shop.mesh(
        2,
        mesh_of(
            corners.reshape(-1, 3),
            np.tile(normals, (count, 1)),
            uvs.reshape(-1, 2),
            triangles.reshape(-1, 3),
            shop.material(2),
        ),
    )


def cabinet(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Sideboards, wardrobes, dressers, kitchen units. Finishes: body, doors, handles, worktop.

    Styles: doors, drawers, mixed; with ``-top`` a worktop of its own finish lies on it.
    """
    w, d, h = piece.size
    plinth = 0.08
    top = 0.03
    has_top = piece.style.endswith("-top")
    style = piece.style.removesuffix("-top")
    shop.block(0, (-w / 2 + 0.01, -d / 2 + 0.05, 0), (w / 2 - 0.01, d / 2, plinth), UNSEEN_BOTTOM)
    shop.block(0, (-w / 2, -d / 2 + 0.02, plinth), (w / 2, d / 2, h - top))
    shop.block(3 if has_top else 0, (-w / 2 - 0.01, -d / 2, h - top), (w / 2 + 0.01, d / 2, h))
    columns = max(1, round(w / 0.55))
    width = w / columns
    for k in range(columns):
        left = -w / 2 + k * width
        drawers = style == "drawers" or (style == "mixed" and k % 2 == piece.seed % 2)
        rows = max(2, round(h / 0.25)) if drawers else 1
        pitch = (h - plinth - top) / rows
        for r in range(rows):
            z = plinth + r * pitch
            front = -d / 2 + 0.003
            shop.block(1, (left + 0.006, front, z + 0.006), (left + width - 0.006, -d / 2 + 0.02, z + pitch - 0.006))
            if rows > 1:
                middle = left + width / 2
                shop.block(
                    2,
                    (middle - 0.06, front - 0.022, z + 0.6 * pitch),
                    (middle + 0.06, front - 0.008, z + 0.6 * pitch + 0.012),
                )
            else:
                x = left + (0.07 if k % 2 else width - 0.07)
                middle = min(z + 0.62 * pitch, 1.1)
                shop.block(2, (x - 0.007, front - 0.025, middle - 0.07), (x + 0.007, front - 0.01, middle + 0.07))
                inset = 0.07
                if width > 0.3:
                    shop.block(
                        0, (left + inset, front - 0.006, z + inset), (left + width - inset, front, z + pitch - inset)
                    )


def rack(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Open metal shelving loaded with boxes. Finishes: posts, boards, then boxes."""
    w, d, h = piece.size
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (w / 2 - 0.03), sy * (d / 2 - 0.03)
            shop.block(0, (x - 0.03, y - 0.03, 0), (x + 0.03, y + 0.03, h))
    levels = max(2, round(h / 0.75))
    pitch = (h - 0.15) / levels
    for level in range(levels):
        z = 0.15 + level * pitch
        shop.block(1, (-w / 2, -d / 2, z), (w / 2, d / 2, z + 0.04))
        x = -w / 2 + 0.08
        while x < w / 2 - 0.3:
            width = float(rng.uniform(0.25, 0.6))
            if rng.random() < 0.8 and x + width < w / 2 - 0.05:
                high, deep = rng.uniform(0.35, 0.85) * (pitch - 0.06), rng.uniform(0.6, 0.9) * d / 2
                finish = 2 + int(rng.integers(max(1, len(piece.finishes) - 2)))
                shop.block(finish, (x, -deep, z + 0.04), (x + width, deep, z + 0.04 + high))
            x += width + float(rng.uniform(0.03, 0.12))


def crate(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A wooden crate with battens, or a plain cardboard box. Finishes: boards, battens. Styles: crate, box."""
    w, d, h = piece.size
    shop.block(0, (-w / 2 + 0.015, -d / 2 + 0.015, 0.01), (w / 2 - 0.015, d / 2 - 0.015, h - 0.01))
    if piece.style == "box":
        shop.block(1, (-0.03, -d / 2 + 0.01, 0.01), (0.03, d / 2 - 0.01, h - 0.005))
        return
    b = min(0.09, 0.16 * w)
    for sx in (-1, 1):
        for sy in (-1, 1):
            low_x, high_x = sorted((sx * w / 2, sx * (w / 2 - b)))
            low_y, high_y = sorted((sy * d / 2, sy * (d / 2 - b)))
            shop.block(1, (low_x, low_y, 0), (high_x, high_y, h))
    for z in (0.0, h - b):
        for sy in (-1, 1):
            low_y, high_y = sorted((sy * d / 2, sy * (d / 2 - 0.02)))
            shop.block(1, (-w / 2 + b, low_y, z), (w / 2 - b, high_y, z + b))
        for sx in (-1, 1):
            low_x, high_x = sorted((sx * w / 2, sx * (w / 2 - 0.02)))
            shop.block(1, (low_x, -d / 2 + b, z), (high_x, d / 2 - b, z + b))
    for sy in (-1, 1):
        shop.bar(1, (-w / 2 + b, sy * (d / 2 - 0.012), b), (w / 2 - b, sy * (d / 2 - 0.012), h - b), 0.018, b)


def barrel(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Finishes: staves or steel, hoops. Styles: wood, drum."""
    w, _, h = piece.size
    r = w / 2
    if piece.style == "drum":
        rings = [(0, 0), (r, 0), (r, 0.32 * h), (1.03 * r, 0.335 * h), (r, 0.35 * h), (r, 0.65 * h)]
        shop.lathe(
            0,
            (0, 0, 0),
            [*rings, (1.03 * r, 0.665 * h), (r, 0.68 * h), (r, h), (0.94 * r, h), (0.94 * r, h - 0.02), (0, h - 0.02)],
            18,
        )
        return
    heights = np.linspace(0, 1, 7)
    belly = [(r * (0.80 + 0.2 * np.sin(np.pi * t)), t * h) for t in heights]
    shop.lathe(0, (0, 0, 0), [(0, 0), *belly, (0.72 * r, h), (0.72 * r, h - 0.03), (0, h - 0.03)], 18)
    for t in (0.08, 0.3, 0.7, 0.92):
        radius = r * (0.80 + 0.2 * np.sin(np.pi * t)) + 0.008
        shop.lathe(
            1, (0, 0, t * h - 0.02), [(radius - 0.01, 0), (radius, 0), (radius, 0.04), (radius - 0.01, 0.04)], 18
        )


def sacks(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Filled sacks leaning on each other. Finish: cloth."""
    w, d, h = piece.size
    count = max(1, round(w / 0.45))
    for k in range(count):
        x = -w / 2 + (k + 0.5) * w / count
        high = h * rng.uniform(0.7, 1.0)
        r = min(w / count, d) / 2
        profile = [
            (0, 0),
            (0.8 * r, 0.0),
            (r, 0.15 * high),
            (0.95 * r, 0.6 * high),
            (0.4 * r, 0.88 * high),
            (0.5 * r, high),
            (0, 0.93 * high),
        ]
        shop.lathe(0, (x, float(rng.uniform(-0.04, 0.04)), 0), profile, 12)


def fridge(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Two doors one over the other. Finishes: body, handles."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2 + 0.06, 0.03), (w / 2, d / 2, h))
    split = 0.36 * h
    for low, high in ((0.05, split - 0.006), (split + 0.006, h - 0.005)):
        shop.cushion(0, (-w / 2, -d / 2, low), (w / 2, -d / 2 + 0.07, high), 0.015)
        shop.block(
            1,
            (w / 2 - 0.07, -d / 2 - 0.03, low + 0.3 * (high - low)),
            (w / 2 - 0.045, -d / 2, low + 0.75 * (high - low)),
        )


def cooker(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """An oven with a hob. Finishes: body, glass, knobs."""
    w, d, h = piece.size
    shop.block(0, (-w / 2, -d / 2 + 0.02, 0.0), (w / 2, d / 2, h - 0.01))
    shop.block(1, (-w / 2 + 0.01, -d / 2 + 0.02, h - 0.01), (w / 2 - 0.01, d / 2 - 0.02, h))
    shop.block(1, (-w / 2 + 0.05, -d / 2 + 0.005, 0.22), (w / 2 - 0.05, -d / 2 + 0.02, h - 0.22))
    shop.block(2, (-w / 2 + 0.07, -d / 2 - 0.03, h - 0.2), (w / 2 - 0.07, -d / 2 - 0.01, h - 0.18))
    for k in range(4):
        x = (k - 1.5) * w / 5
        shop.block(2, (x - 0.018, -d / 2 - 0.01, h - 0.12), (x + 0.018, -d / 2 + 0.02, h - 0.084))
        shop.cylinder(2, ((k % 2 - 0.5) * 0.5 * w, (k // 2 - 0.5) * 0.45 * d, h), 0.085, 0.008, segments=16)
