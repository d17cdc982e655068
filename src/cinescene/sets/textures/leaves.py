"""Leaves: hedges, tree crowns, house plants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.colour import Colour, Picture, jittered, mix, rgb
from cinescene.sets.textures.noise import fractal_noise, grain_noise, smooth_noise, smoothstep, unit_grid


def foliage(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Layers of leaves, the upper ones lighter; colours: deep, leaf, light leaf."""
    picture = np.broadcast_to(rgb(colours[0]) * np.float32(0.55), (size, size, 3))
    for layer in range(3):
        depth = layer / 2
        base = mix(colours[0], colours[1], np.full((1, 1), depth))[0, 0]
        for _ in range(52):
            colour = jittered(rng, (float(base[0]), float(base[1]), float(base[2])), 0.02, 0.14)
            tip = colours[-1] if rng.random() < 0.3 * depth else colour
            picture = _with_leaf(rng, size, picture, colour, tip, depth)
    return picture * (1 + 0.08 * fractal_noise(rng, size, 3, 4))[..., None]


def _with_leaf(
    rng: np.random.Generator, size: int, picture: Picture, colour: Colour, tip: Colour, depth: float
) -> Picture:
    """One leaf painted into its own corner of the picture only, wrapping round its edges."""
    length = rng.uniform(0.05, 0.11) * size
    half = int(np.ceil(length)) + 1
    cy, cx = rng.integers(0, size, 2)
    rows, columns = np.arange(cy - half, cy + half + 1), np.arange(cx - half, cx + half + 1)
    turn = rng.uniform(0, 2 * np.pi)
    dy, dx = (rows - cy)[:, None] / length, (columns - cx)[None, :] / length
    along, across = np.cos(turn) * dx + np.sin(turn) * dy, np.abs(np.cos(turn) * dy - np.sin(turn) * dx)
    inside = smoothstep(0.06, -0.06, across - 0.34 * (1 - along**2) * (1 - 0.3 * along))
    vein = smoothstep(0.07, 0.0, across)
    tone = mix(np.multiply(colour, 0.75 + 0.25 * depth), tip, np.clip(0.5 + 0.5 * along, 0, 1))
    tone = tone * (1 - 0.22 * vein + 0.18 * (dy < 0))[..., None]
    window = np.ix_(rows % size, columns % size)
    if not picture.flags.writeable:
        picture = picture.copy()
    picture[window] = mix(picture[window], tone, inside)
    return picture


def hedge(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Clipped hedge or distant crown: small leaves as noise in clumps; colours: deep, leaf, light leaf."""
    clumps = fractal_noise(rng, size, 8, 3)
    leaf = 0.7 * smooth_noise(rng, size, size // 4, size // 4) + 0.4 * grain_noise(rng, size)
    value = 0.55 * clumps + 0.6 * leaf
    return mix(
        mix(np.multiply(colours[0], 0.5), colours[1], smoothstep(-1.4, 0.6, value)),
        colours[-1],
        smoothstep(0.6, 2.2, value),
    )


def blade(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A single large leaf's surface with ribs from its middle (x = ½); colours: deep, leaf, light leaf."""
    x, y = unit_grid(size)
    side = np.abs(x - 0.5) * 2
    rib = smoothstep(0.06, 0.02, side)
    veins = smoothstep(0.75, 1.0, np.sin(2 * np.pi * (10 * y - 3 * side)))
    picture = mix(colours[0], colours[1], 0.6 + 0.3 * fractal_noise(rng, size, 2, 3))
    return mix(picture, colours[-1], np.clip(0.8 * rib + 0.25 * veins, 0, 1))
