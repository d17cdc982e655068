"""Metal, paint on metal, and plain surfaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import square_grid
from cinescene.sets.textures.colour import Colour, Picture, flat, mix, shaded
from cinescene.sets.textures.noise import (
    fractal_noise,
    grain_noise,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def plain(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """One colour and nothing else: a single pixel is enough."""
    return flat(size, colours[0])


def brushed(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Brushed metal, brushed along x; colour: one."""
    lines = smooth_noise(rng, size, size, 5) + 0.6 * smooth_noise(rng, size, size // 2, 3)
    broad = smooth_noise(rng, size, 5, 2)
    return shaded(flat(size, colours[0]), 1 + 0.04 * lines + 0.05 * broad)


def rusty(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Painted steel that rusts; colours: paint, rust."""
    patch = smoothstep(0.5, 1.0, fractal_noise(rng, size, 3, 6, gain=0.62))
    run = smoothstep(0.6, 1.8, smooth_noise(rng, size, 3, 50) + 0.8 * smooth_noise(rng, size, 4, 6))
    rust = shaded(flat(size, colours[-1]), 1 + 0.18 * fractal_noise(rng, size, 10, 4))
    paint = shaded(flat(size, colours[0]), 1 + 0.03 * fractal_noise(rng, size, 3, 4))
    return mix(paint, rust, np.clip(patch + 0.35 * run, 0, 1))


def corrugated(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Corrugated or slatted metal (shutters, containers), ribs along x; colours: paint, rust."""
    _, y = unit_grid(size)
    ribs = np.sin(2 * np.pi * 16 * y)
    rust = smoothstep(1.1, 1.7, fractal_noise(rng, size, 3, 5))
    picture = mix(colours[0], colours[-1], 0.6 * rust)
    return shaded(picture, 0.86 + 0.14 * ribs + 0.03 * fractal_noise(rng, size, 3, 4))


def grille(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A grid of bars before darkness (vents, drains); colours: bars, gaps."""
    bond = square_grid(size, 12, 4)
    return shaded(mix(colours[-1], colours[0], bond.joint(0.03)), 1 + 0.06 * grain_noise(rng, size))
