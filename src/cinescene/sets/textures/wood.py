"""Wood: floors of boards and parquet, furniture wood, painted boards, bark. Grain runs along the picture's x axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import Bond, basket_weave, herringbone, running_bond
from cinescene.sets.textures.colour import Colour, Picture, flat, mix, shaded
from cinescene.sets.textures.noise import (
    Field,
    cavity,
    fractal_noise,
    shifted_lookup,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def grain(rng: np.random.Generator, size: int, rings: int = 10) -> Field:
    """Year rings, fibres and pores as a tone about 0, dark below."""
    _, y = unit_grid(size)
    bend = smooth_noise(rng, size, 3, 2) + 0.35 * smooth_noise(rng, size, 9, 3)
    phase = rings * y + 0.8 * bend
    ring = phase - np.floor(phase)
    late = smoothstep(0.45, 0.93, ring) - smoothstep(0.93, 1.0, ring)
    fibre = smooth_noise(rng, size, size // 2, 12) + 0.6 * smooth_noise(rng, size, size, 24)
    pores = smoothstep(1.5, 2.4, smooth_noise(rng, size, size, size // 14))
    return 0.10 - 0.42 * late + 0.16 * fibre - 0.5 * pores + 0.15 * smooth_noise(rng, size, 4, 2)


def wood(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Continuous furniture wood; colours: light, dark."""
    tone = grain(rng, size, rings=int(rng.integers(6, 14)))
    return mix(colours[0], colours[-1], 0.42 - 0.5 * tone)


def _of_bond(rng: np.random.Generator, bond: Bond, colours: Sequence[Colour], gap: float) -> Picture:
    """Every piece cut from another place of the same grain, with a tone of its own and dark joints."""
    size = len(bond.piece)
    tone = grain(rng, size)
    shifts = rng.integers(0, size, (2, bond.count))
    lying = shifted_lookup(tone, bond.of_pieces(shifts[0]), bond.of_pieces(shifts[1]))
    standing = shifted_lookup(np.ascontiguousarray(tone.T), bond.of_pieces(shifts[0]), bond.of_pieces(shifts[1]))
    tone = np.where(bond.upright, standing, lying)
    own = rng.normal(0.0, 0.16, bond.count)
    warmth = rng.normal(0.0, 0.03, (bond.count, 3)) * [1.0, 0.2, -0.8]
    picture = mix(colours[0], colours[-1], 0.40 - 0.42 * tone + bond.of_pieces(own)) * (1 + bond.of_pieces(warmth))
    worn = 1 + 0.05 * fractal_noise(rng, size, 2, 3)
    bevel = 1 - 0.16 * (1 - smoothstep(0.0, 2.5 * gap, bond.edge))
    return shaded(picture, worn * bevel * (1 - 0.72 * bond.joint(gap)))


def planks(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Floor boards along x, staggered at random; colours: light, dark."""
    rows = int(rng.integers(7, 13))
    bond = running_bond(rng, size, rows, int(rng.integers(1, 3)), shift=None, unevenness=0.5)
    return _of_bond(rng, bond, colours, gap=0.0035)


def parquet(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Herringbone or basket-weave parquet, some two metres a tile; colours: light, dark."""
    if rng.random() < 0.6:
        bond = herringbone(size, ratio=int(rng.integers(4, 6)), repeats=2)
    else:
        bond = basket_weave(size, strips=int(rng.integers(4, 7)), blocks=8)
    return _of_bond(rng, bond, colours, gap=0.0015)


def panelling(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Upright boards with grooves, painted or bare; colours: light, dark."""
    count = int(rng.integers(6, 11))
    x, _ = unit_grid(size)
    place = (x * count) % 1.0
    tone = grain(rng, size).T
    board = np.floor(x * count).astype(int) % count
    own = rng.normal(0.0, 0.06, count)[board]
    edge = np.minimum(place, 1 - place)
    groove = 1 - 0.5 * (1 - smoothstep(0.01, 0.05, edge)) + 0.06 * (smoothstep(0.05, 0.08, edge) - 1)
    return shaded(mix(colours[0], colours[-1], 0.3 - 0.3 * tone + own), groove)


def painted(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Lacquer or paint with brush marks along x and the chips and scuffs of use; colour: one."""
    brush = smooth_noise(rng, size, size // 3, 3)
    uneven = fractal_noise(rng, size, 3, 3)
    mottle = fractal_noise(rng, size, 16, 4, gain=0.8)
    used = rng.uniform(0.03, 0.12)
    marks = smoothstep(2.0, 3.2, 0.8 * smooth_noise(rng, size, 60, 30) + 0.8 * smooth_noise(rng, size, 100, 80))
    tone = 1 + 0.018 * brush + 0.02 * uneven + 0.012 * mottle
    return shaded(flat(size, colours[0]), tone * (1 - used * marks))


def bark(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Bark with upright furrows (along y); colours: light, dark."""
    ridges = fractal_noise(rng, size, 4, 4, stretch=(1, 4))
    furrow = np.abs(ridges)
    fine = fractal_noise(rng, size, 16, 3)
    relief = cavity(smoothstep(0.0, 0.9, furrow), 6.0)
    return shaded(mix(colours[-1], colours[0], smoothstep(0.05, 1.1, furrow) + 0.12 * fine), 1 + 0.5 * relief)
