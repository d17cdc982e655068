"""Cloth, rugs, wallpaper and leather."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import rubble
from cinescene.sets.textures.colour import Colour, Picture, choose, flat, mix, shaded
from cinescene.sets.textures.noise import (
    Field,
    cavity,
    fractal_noise,
    grain_noise,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def _weave(rng: np.random.Generator, size: int, threads: int) -> Field:
    """Brightness of a plain weave: threads over and under, uneven as yarn is."""
    x, y = unit_grid(size)
    over = np.sin(2 * np.pi * threads * x) * np.sin(2 * np.pi * threads * y)
    yarn = 0.5 * smooth_noise(rng, size, threads * 2, 6) + 0.5 * smooth_noise(rng, size, 6, threads * 2)
    return 1 + 0.05 * over + 0.06 * yarn + 0.025 * fractal_noise(rng, size, 3, 3)


def cloth(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Woven upholstery, mottled with a second yarn; colours: main, second."""
    second = smoothstep(0.2, 1.6, smooth_noise(rng, size, size // 3, size // 3))
    return shaded(mix(colours[0], colours[-1], 0.35 * second), _weave(rng, size, size // 6))


def stripes(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Upright stripes of random widths, mirrored; colours: any number."""
    x, _ = unit_grid(size)
    repeats = int(rng.integers(2, 5))
    place = np.abs((x * repeats) % 1.0 - 0.5) * 2
    cuts = np.sort(rng.random(int(rng.integers(3, 6))))
    band = np.searchsorted(cuts, place)
    return shaded(np.broadcast_to(choose(colours, band), (size, size, 3)), _weave(rng, size, size // 6))


def plaid(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Tartan: the same stripes down and across; colours: ground, then stripes."""
    x, y = unit_grid(size)
    repeats = int(rng.integers(2, 4))
    picture = flat(size, colours[0])
    for colour in colours[1:]:
        centre, half = rng.random(), rng.uniform(0.02, 0.14)
        for line in (x, y):
            distance = np.abs((line * repeats - centre + 0.5) % 1.0 - 0.5)
            band = np.clip((half - distance) * size / repeats + 0.5, 0, 1)
            picture = mix(picture, colour, 0.55 * band)
    return shaded(picture, _weave(rng, size, size // 6))


def leather(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Grained leather, worn lighter in places; colour: one."""
    pores = rubble(rng, size, 36, jitter=1.0)
    relief = 0.86 + 0.14 * smoothstep(0.0, 0.008, pores.edge)
    wear = fractal_noise(rng, size, 2, 4)
    picture = flat(size, colours[0])
    return shaded(picture, relief * (1 + 0.07 * wear))


def curtain(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Hanging cloth with faint stripes or dots of a second colour; colours: main, second."""
    x, y = unit_grid(size)
    if rng.random() < 0.5:
        print_ = smoothstep(0.3, 0.36, np.abs((x * 4) % 1.0 - 0.5))
    else:
        u, v = (x * 8) % 1.0 - 0.5, (y * 8 + 0.5 * np.floor(x * 8)) % 1.0 - 0.5
        print_ = 1 - smoothstep(0.14, 0.2, np.hypot(u, v))
    return shaded(mix(colours[0], colours[-1], 0.5 * print_), _weave(rng, size, size // 5))


def wallpaper(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Printed wallpaper: damask, stripes, leaves or dots; colours: ground, print, accent."""
    style = rng.choice(["damask", "stripes", "leaves", "lattice"])
    print_, accent = {"damask": _damask, "stripes": _paper_stripes, "leaves": _leaves, "lattice": _lattice}[style](
        rng, size
    )
    picture = mix(mix(colours[0], colours[1], print_), colours[-1], accent)
    return shaded(picture, 1 + 0.012 * grain_noise(rng, size) + 0.02 * fractal_noise(rng, size, 2, 3))


def _half_drop(size: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in [-1, 1]² about motifs in a half-drop repeat."""
    x, y = unit_grid(size)
    column = np.floor(x * repeats)
    u = ((x * repeats) % 1.0 - 0.5) * 2
    v = ((y * repeats * 0.75 + 0.5 * column) % 1.0 - 0.5) * 2
    return u, v


def _damask(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    u, v = _half_drop(size, 4)
    radius, angle = np.hypot(u, v * 0.8), np.arctan2(np.abs(u), v)
    petals, phase = int(rng.integers(3, 6)), rng.uniform(0, 1)
    outline = 0.48 + 0.22 * np.cos(petals * angle + phase) + 0.12 * np.cos(2 * petals * angle)
    body = smoothstep(0.04, -0.04, radius - outline)
    inner = smoothstep(0.03, -0.03, np.abs(radius - 0.55 * outline) - 0.05)
    bud = smoothstep(0.03, -0.03, np.hypot(np.abs(u) - 0.82, np.abs(v) - 0.05) - 0.11)
    return np.clip(0.75 * body - 0.6 * inner + 0.6 * bud, 0, 1), 0.7 * smoothstep(0.02, -0.02, radius - 0.12)


def _paper_stripes(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    x, _ = unit_grid(size)
    place = (x * int(rng.integers(4, 9))) % 1.0
    wide = smoothstep(0.25, 0.235, np.abs(place - 0.5))
    thin = smoothstep(0.02, 0.008, np.abs(np.abs(place - 0.5) - 0.31))
    return wide, 0.7 * thin


def _leaves(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    x, y = unit_grid(size)
    count = 7
    print_, accent = np.zeros((size, size), dtype=np.float32), np.zeros((size, size), dtype=np.float32)
    for i in range(count * count):
        row, column = divmod(i, count)
        cx = (column + 0.5 + rng.uniform(-0.3, 0.3)) / count
        cy = (row + 0.5 + rng.uniform(-0.3, 0.3)) / count
        dx, dy = (x - cx + 0.5) % 1.0 - 0.5, (y - cy + 0.5) % 1.0 - 0.5
        turn = rng.uniform(0, 2 * np.pi)
        along = (np.cos(turn) * dx + np.sin(turn) * dy) * count
        across = np.abs(np.cos(turn) * dy - np.sin(turn) * dx) * count
        outline = 0.2 * np.clip(1 - (2.1 * along) ** 2, 0, 1) * (1 + 0.5 * along)
        leaf = smoothstep(0.03, -0.03, across - outline) * (np.abs(along) < 0.5)
        vein = smoothstep(0.03, 0.01, across) * leaf
        layer = accent if rng.random() < 0.25 else print_
        np.maximum(layer, leaf - 0.55 * vein, out=layer)
    return print_, accent


def _lattice(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    u, v = _half_drop(size, int(rng.choice([4, 8])))
    diamond = np.abs(u) + np.abs(v)
    lines = smoothstep(0.07, 0.04, np.abs(diamond - 1.0))
    dot = smoothstep(0.03, -0.03, np.hypot(u, v) - rng.uniform(0.14, 0.3))
    return lines, dot


def rug(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A whole rug, to be shown once: borders, a field of motifs, a medallion; colours: field, border, and two more."""
    x, y = unit_grid(size)
    u, v = np.abs(x - 0.5) * 2, np.abs(y - 0.5) * 2
    inset = 1 - np.maximum(u, v)
    picture = _rug_field(rng, size, u, v, colours)
    bands = np.cumsum(rng.uniform(0.025, 0.1, int(rng.integers(2, 5))))
    shown = [colours[1], colours[2], colours[3], colours[0], colours[1]]
    for k, reach in reversed(list(enumerate(bands))):
        border = np.where(inset < reach, 1.0, 0.0)
        across = (inset - (bands[k - 1] if k else 0.0)) / (reach - (bands[k - 1] if k else 0.0)) - 0.5
        place = (np.where(u > v, y, x) * int(rng.integers(9, 22))) % 1.0 - 0.5
        motif = np.abs(place) + np.abs(across) * rng.uniform(0.6, 1.2) - 0.34
        worked = mix(shown[k], shown[k + 1], 0.8 * smoothstep(0.05, -0.05, motif) * (k > 0) * (rng.random() < 0.8))
        picture = mix(picture, worked, border)
    pile = 1 + 0.10 * cavity(fractal_noise(rng, size, 24, 3), 2.0) + 0.05 * fractal_noise(rng, size, 3, 3)
    rows = 1 + 0.04 * smooth_noise(rng, size, size // 2, 4)
    return shaded(picture, pile * rows)


def _rug_field(rng: np.random.Generator, size: int, u: Field, v: Field, colours: Sequence[Colour]) -> Picture:
    style = rng.choice(["medallion", "kilim", "modern", "plain"], p=[0.4, 0.25, 0.25, 0.1])
    ground = flat(size, colours[0])
    if style == "plain":
        return ground
    if style == "modern":
        return choose(colours, np.digitize(fractal_noise(rng, size, 2, 2), [-0.8, 0.0, 0.7]))
    if style == "kilim":
        steps = np.floor((u * 6 + v * 6 * rng.uniform(0.6, 1.4)) % len(colours)).astype(int)
        return choose(colours, steps)
    count = int(rng.integers(5, 9))
    a, b = (u * count) % 1.0 - 0.5, (v * count) % 1.0 - 0.5
    motif = np.abs(np.hypot(a, b) - 0.25 - 0.06 * np.cos(8 * np.arctan2(b, a)))
    picture = mix(ground, colours[3], smoothstep(0.08, 0.03, motif))
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    for reach, colour in ((0.62, colours[1]), (0.5, colours[2]), (0.36, colours[0]), (0.2, colours[3])):
        lobes = reach * (1 + 0.10 * np.cos(8 * angle))
        picture = mix(picture, colour, smoothstep(0.01, -0.01, radius - lobes))
    return picture
