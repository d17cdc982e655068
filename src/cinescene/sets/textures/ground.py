"""What lies underfoot and on roofs: paving, asphalt, cast floors, gravel, soil, grass, roof tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import herringbone, rubble, running_bond, square_grid
from cinescene.sets.textures.colour import Colour, Picture, choose, flat, mix, shaded
from cinescene.sets.textures.noise import (
    blurred,
    cavity,
    creases,
    fractal_noise,
    grain_noise,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def paving(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Stone slabs or clinker, stained; colours: slab, other slab, joint."""
    style = rng.choice(["slabs", "large", "clinker"])
    if style == "clinker":
        bond = herringbone(size, ratio=2, repeats=4)
    else:
        rows, columns = (5, 3) if style == "slabs" else (3, 3)
        bond = running_bond(rng, size, rows, columns, shift=0.5 if style == "slabs" else 0.0)
    rough = fractal_noise(rng, size, 8, 4, gain=0.7)
    tint = mix(colours[0], colours[1], bond.of_pieces(rng.random(bond.count)) * 0.9 + 0.08 * rough)
    stain = 1 + 0.06 * fractal_noise(rng, size, 2, 4) + 0.04 * rough + 0.03 * grain_noise(rng, size)
    edge = bond.edge + 0.001 * fractal_noise(rng, size, 16, 2)
    rim = 0.85 + 0.15 * smoothstep(0.002, 0.012, edge)
    gum = smoothstep(2.6, 2.8, smooth_noise(rng, size, 40, 40))
    joint = 1 - smoothstep(0.0015, 0.0045, edge)
    return mix(shaded(tint, stain * rim * (1 - 0.15 * gum)), colours[-1], 0.9 * joint)


def asphalt(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Road surface: grit, patches, cracks, oil; colours: new, worn."""
    wear = fractal_noise(rng, size, 2, 5)
    grit = grain_noise(rng, size)
    stones = smoothstep(1.4, 2.2, blurred(grit, 0.7) / 0.4)
    crack = creases(rng, size, 0.012) * smoothstep(0.0, 1.2, wear)
    patch = smoothstep(1.25, 1.3, smooth_noise(rng, size, 3, 3))
    picture = mix(colours[0], colours[-1], 0.5 + 0.2 * wear + 0.25 * stones - 0.3 * patch)
    return shaded(picture, (1 + 0.06 * grit) * (1 - 0.45 * crack))


def screed(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Cast floor of concrete in panels, two a side: clouds, grit, cracks, drips and scrapes; colour: one."""
    bond = square_grid(size, 2)
    cloud = fractal_noise(rng, size, 3, 7, gain=0.72)
    grit = blurred(grain_noise(rng, size), 0.7) / 0.4
    panel = bond.of_pieces(rng.normal(0, 0.02, bond.count))
    crack = creases(rng, size, 0.008) * smoothstep(0.3, 1.3, cloud)
    drips = smoothstep(2.3, 2.6, smooth_noise(rng, size, 36, 36))
    along, across = smooth_noise(rng, size, 90, 7), smooth_noise(rng, size, 8, 110)
    scrapes = smoothstep(2.0, 2.8, along) + smoothstep(2.2, 2.9, across)
    dark = 0.30 * crack + 0.14 * drips + 0.10 * scrapes + 0.30 * bond.joint(0.0018)
    return shaded(flat(size, colours[0]), (1 + 0.06 * cloud + 0.025 * grit + panel) * (1 - dark))


def gravel(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Small stones; colours: any number."""
    stones = rubble(rng, size, 40, jitter=1.0)
    tint = choose(colours, rng.integers(0, len(colours), stones.count))[stones.piece]
    tone = stones.of_pieces(rng.normal(1.0, 0.14, stones.count))
    relief = 0.55 + 0.5 * smoothstep(0.0, 0.009, stones.edge)
    return shaded(tint, tone * relief * (1 + 0.04 * fractal_noise(rng, size, 2, 3)))


def soil(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Earth with clods; colours: light, dark."""
    clods = fractal_noise(rng, size, 6, 6, gain=0.7)
    return shaded(mix(colours[-1], colours[0], 0.5 + 0.25 * clods), 1 + 0.22 * cavity(clods, 3.0))


def grass(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Mown grass seen from above: blades in all directions, dry spots; colours: green, other green, dry."""
    blades = [
        np.roll(smooth_noise(rng, size, size // a, size // b), int(rng.integers(size)), axis=0)
        for a, b in ((2, 7), (7, 2), (3, 4))
    ]
    blade = np.maximum.reduce(blades)
    patch = fractal_noise(rng, size, 3, 4)
    dry = smoothstep(0.8, 1.8, fractal_noise(rng, size, 4, 4))
    picture = mix(mix(colours[0], colours[1], 0.5 + 0.3 * patch), colours[-1], 0.6 * dry)
    return shaded(picture, 0.84 + 0.17 * blade)


def roof_tiles(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Overlapping pantiles or flat tiles, 10 courses a tile; colours: tile, other tile."""
    bond = running_bond(rng, size, 10, 12, shift=float(rng.choice([0.0, 0.5])))
    curved = np.sin(np.pi * bond.along)
    overlap = smoothstep(0.0, 0.16, bond.across) * (0.75 + 0.25 * bond.across)
    tint = mix(colours[0], colours[-1], bond.of_pieces(rng.random(bond.count) ** 1.4))
    moss = smoothstep(1.2, 1.9, fractal_noise(rng, size, 3, 5))
    picture = mix(tint, (0.30, 0.31, 0.20), 0.5 * moss)
    shade = (0.55 + 0.5 * curved) * (0.45 + 0.6 * overlap)
    return shaded(picture, shade * (1 + 0.08 * fractal_noise(rng, size, 12, 3)))


def water(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Water in a basin: dark with ripples; colours: deep, bright."""
    x, y = unit_grid(size)
    ripple = fractal_noise(rng, size, 6, 4) + np.sin(2 * np.pi * (3 * x + 2 * y) + smooth_noise(rng, size, 4, 4))
    return mix(colours[0], colours[-1], 0.08 + 0.45 * smoothstep(0.3, 3.4, np.abs(ripple)))
