"""Brick, stone, tiles, plaster and concrete."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import Bond, rubble, running_bond, square_grid
from cinescene.sets.textures.colour import Colour, Picture, choose, flat, mix, shaded
from cinescene.sets.textures.noise import (
    Field,
    blurred,
    cavity,
    creases,
    fractal_noise,
    grain_noise,
    shifted_lookup,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def _weather(rng: np.random.Generator, size: int, strength: float = 0.06) -> Field:
    """Brightness of a surface that has stood outside: broad stains and fine grit."""
    return 1 + strength * fractal_noise(rng, size, 2, 4) + 0.4 * strength * grain_noise(rng, size)


def brick(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Stretcher or flemish-looking brickwork, 16 courses a tile; colours: brick, other brick, mortar."""
    bond = running_bond(rng, size, 16, 4, shift=0.5, unevenness=float(rng.choice([0.0, 0.25])))
    wobble = 0.0016 * fractal_noise(rng, size, 12, 3)
    edge = bond.edge + wobble
    own = rng.random(bond.count) ** 1.5
    picture = mix(colours[0], colours[1], bond.of_pieces(own))
    burnt = rng.random(bond.count) < 0.06
    face = 1 + 0.10 * fractal_noise(rng, size, 16, 3) - 0.32 * bond.of_pieces(burnt)
    face *= 1 + bond.of_pieces(rng.normal(0, 0.05, bond.count))
    mortar = shaded(flat(size, colours[-1]), _weather(rng, size, 0.08) - 0.10)
    joint = 1 - smoothstep(0.0035, 0.0075, edge)
    rim = 1 - 0.22 * (smoothstep(0.002, 0.006, edge) - smoothstep(0.006, 0.013, edge))
    return shaded(mix(shaded(picture, face), mortar, joint), rim * _weather(rng, size, 0.04))


def stone_blocks(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Dressed stone in courses (ashlar), 6 courses a tile; colours: stone, other stone, joint."""
    bond = running_bond(rng, size, 6, 3, shift=None, unevenness=0.5)
    shifts = rng.integers(0, size, (2, bond.count))
    rough = fractal_noise(rng, size, 5, 6, gain=0.65)
    rough = shifted_lookup(rough, bond.of_pieces(shifts[0]), bond.of_pieces(shifts[1]))
    edge = bond.edge + 0.0014 * fractal_noise(rng, size, 10, 3)
    tint = mix(colours[0], colours[1], bond.of_pieces(rng.random(bond.count)) * 0.8 + 0.12 * rough)
    relief = 1 + 0.07 * rough + 0.08 * cavity(rough, 3.0)
    joint = 1 - smoothstep(0.002, 0.006, edge)
    rim = 0.82 + 0.18 * smoothstep(0.004, 0.02, edge)
    return shaded(mix(shaded(tint, relief), colours[-1], joint), rim * _weather(rng, size, 0.04))


def rubble_wall(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Field stones in mortar; colours: stone, other stone, mortar."""
    return _stones(rng, rubble(rng, size, 7, jitter=0.85), colours, gap=0.006)


def cobbles(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Cobble stones, rounded, with dirt between; colours: stone, other stone, dirt."""
    return _stones(rng, rubble(rng, size, 11, jitter=0.45), colours, gap=0.004)


def _stones(rng: np.random.Generator, bond: Bond, colours: Sequence[Colour], gap: float) -> Picture:
    size = len(bond.piece)
    rough = fractal_noise(rng, size, 10, 4, gain=0.65)
    edge = bond.edge + 0.002 * fractal_noise(rng, size, 12, 2)
    tint = mix(colours[0], colours[1], bond.of_pieces(rng.random(bond.count)) + 0.1 * rough)
    dome = 0.62 + 0.42 * smoothstep(gap * 0.6, gap * 6, edge)
    tone = 1 + bond.of_pieces(rng.normal(0, 0.08, bond.count))
    joint = 1 - smoothstep(gap * 0.5, gap * 1.3, edge)
    return shaded(mix(shaded(tint, dome * tone * (1 + 0.08 * rough)), colours[-1], joint), _weather(rng, size, 0.03))


def tiles(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Glazed tiles: plain, chequered or staggered, 8 a side; colours: tile, other tile, grout."""
    style = rng.choice(["plain", "chequered", "metro"])
    bond = running_bond(rng, size, 12, 6, shift=0.5) if style == "metro" else square_grid(size, 8)
    if style == "chequered":
        row, column = np.divmod(np.arange(bond.count), 8)
        second = (row + column) % 2
    else:
        second = (rng.random(bond.count) < 0.04).astype(int)
    own = 1 + rng.normal(0, 0.018, bond.count)
    picture = shaded(choose(colours[:2], second)[bond.piece], bond.of_pieces(own))
    glaze = 1 + 0.02 * fractal_noise(rng, size, 6, 3)
    pillow = 0.93 + 0.07 * smoothstep(0.003, 0.014, bond.edge)
    return mix(shaded(picture, glaze * pillow), colours[-1], bond.joint(0.006))


def encaustic(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Cement tiles with a printed ornament of four-fold symmetry, 4 a side; colours: ground and two or three prints."""
    count = 4
    x, y = unit_grid(size)
    u, v = np.abs((x * count) % 1.0 - 0.5) * 2, np.abs((y * count) % 1.0 - 0.5) * 2
    u, v = np.maximum(u, v), np.minimum(u, v)
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    petals, waist, reach = int(rng.integers(2, 4)), rng.uniform(0.2, 0.35), rng.uniform(0.5, 0.75)
    flower = radius - (waist + (reach - waist) * np.abs(np.cos(petals * angle)))
    star = np.hypot(1 - u, 1 - v) - rng.uniform(0.35, 0.55)
    ring = np.abs(np.hypot(1 - u, 1 - v) - rng.uniform(0.65, 0.8)) - 0.05
    diamond = np.abs(u + v - rng.uniform(0.9, 1.2)) - 0.04
    picture = flat(size, colours[0])
    soft = 3.0 * count / size
    layers = [flower, star, ring, diamond]
    for i, k in enumerate(rng.permutation(4)[:3]):
        picture = mix(picture, colours[1 + i % (len(colours) - 1)], np.clip(0.5 - layers[k] / soft, 0, 1))
    core = np.clip(0.5 - (radius - 0.16) / soft, 0, 1)
    picture = mix(picture, colours[0], core)
    bond = square_grid(size, count)
    own = 1 + rng.normal(0, 0.03, bond.count)
    worn = 1 + 0.05 * fractal_noise(rng, size, 3, 5)
    return shaded(picture, worn * bond.of_pieces(own) * (1 - 0.35 * bond.joint(0.004)))


def plaster(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Plastered, painted wall: trowel marks, clouds of paint laid by hand, knocks, hairline cracks; colour: one."""
    trowel = cavity(fractal_noise(rng, size, 3, 6, gain=0.7), 4.0)
    stain = fractal_noise(rng, size, 2, 3)
    grit = grain_noise(rng, size)
    cloud = fractal_noise(rng, size, 10, 5, gain=0.8)
    hand = rng.uniform(0.012, 0.035)
    knocks = smoothstep(2.0, 3.2, 0.8 * smooth_noise(rng, size, 70, 56) + 0.8 * smooth_noise(rng, size, 160, 160))
    tone = 1 + 0.035 * trowel + 0.018 * stain + 0.008 * grit + hand * cloud
    left = 1 - 0.09 * knocks
    if rng.random() < 0.35:
        darkness = rng.uniform(0.1, 0.25)
        left -= darkness * (creases(rng, size, 0.012) * smoothstep(0.4, 1.2, stain))
    return shaded(flat(size, colours[0]), tone * left)


def render_coat(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Rendered outside wall, streaked by rain and patched; colours: paint, patch."""
    stain = fractal_noise(rng, size, 3, 5)
    streak = smooth_noise(rng, size, 2, 40) * 0.5 + smooth_noise(rng, size, 4, 90) * 0.35
    patch = smoothstep(1.5, 1.75, fractal_noise(rng, size, 3, 5))
    rough = cavity(blurred(grain_noise(rng, size), 0.8), 3.0)
    picture = mix(colours[0], colours[-1], 0.8 * patch)
    return shaded(picture, 1 + 0.05 * stain + 0.03 * streak + 0.08 * rough - 0.06 * patch)


def concrete(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Cast concrete: board or panel marks, tie holes, air pockets; colour: one."""
    stain = fractal_noise(rng, size, 2, 6, gain=0.6)
    pockets = smoothstep(2.3, 2.8, blurred(grain_noise(rng, size), 1.0) / 0.28)
    bond = square_grid(size, 2, int(rng.integers(1, 3)))
    x, y = unit_grid(size)
    holes = np.minimum.reduce(
        [np.hypot(x - cx, y - cy) for cx in (0.125, 0.375, 0.625, 0.875) for cy in (0.14, 0.36, 0.64, 0.86)]
    )
    panel = bond.of_pieces(rng.normal(0, 0.03, bond.count))
    seam = 1 - smoothstep(0.0005, 0.004, bond.edge)
    dark = 0.28 * pockets + 0.22 * seam + 0.45 * (1 - smoothstep(0.006, 0.010, holes))
    return shaded(flat(size, colours[0]), (1 + 0.06 * stain + panel) * (1 - dark))


def marble(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Polished marble in large slabs; colours: ground, cloud, vein."""
    bond = square_grid(size, 2)
    cloud = fractal_noise(rng, size, 2, 5)
    bend = fractal_noise(rng, size, 2, 5, gain=0.6)
    broad = np.exp(-np.abs(bend + 0.3 * cloud) / 0.035)
    fine = np.exp(-np.abs(fractal_noise(rng, size, 4, 5, gain=0.6) - 0.4) / 0.03) * smoothstep(-0.3, 1.0, cloud)
    shifts = rng.integers(0, size, (2, bond.count))
    down, across = bond.of_pieces(shifts[0]), bond.of_pieces(shifts[1])
    broad, fine, cloud = (shifted_lookup(f, down, across) for f in (broad, fine, cloud))
    picture = mix(mix(colours[0], colours[1], 0.5 + 0.28 * cloud), colours[-1], np.clip(0.6 * broad + 0.5 * fine, 0, 1))
    crystals = 0.018 * shifted_lookup(fractal_noise(rng, size, 16, 4, gain=0.8), down, across)
    return shaded(picture, (1 + crystals) * (1 - 0.4 * bond.joint(0.003)))


def marble_chequer(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A chequered floor of two marbles, 4 slabs a side; colours: light, dark, vein."""
    bond = square_grid(size, 4)
    row, column = np.divmod(np.arange(bond.count), 4)
    veins = creases(rng, size, 0.05)
    shifts = rng.integers(0, size, (2, bond.count))
    veins = shifted_lookup(veins, bond.of_pieces(shifts[0]), bond.of_pieces(shifts[1]))
    picture = mix(choose(colours[:2], (row + column) % 2)[bond.piece], colours[-1], 0.4 * veins)
    own = bond.of_pieces(1 + rng.normal(0, 0.03, bond.count))
    return shaded(picture, own * (1 + 0.03 * fractal_noise(rng, size, 3, 4)) * (1 - 0.4 * bond.joint(0.003)))


def terrazzo(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Stone chips in cement; colours: cement, then chips."""
    chips = rubble(rng, size, 26, jitter=1.0)
    kind = rng.integers(0, len(colours) - 1, chips.count)
    shown = rng.random(chips.count) < 0.75
    gap = bondless_gap(rng, size)
    inside = smoothstep(0.0, 0.003, chips.edge - gap) * chips.of_pieces(shown)
    chip = shaded(choose(colours[1:], kind)[chips.piece], chips.of_pieces(1 + rng.normal(0, 0.07, chips.count)))
    ground = shaded(flat(size, colours[0]), 1 + 0.025 * fractal_noise(rng, size, 4, 5))
    return mix(ground, chip, inside)


def bondless_gap(rng: np.random.Generator, size: int) -> Field:
    """Uneven distance between chips (tiles)."""
    return 0.005 + 0.0025 * smooth_noise(rng, size, 30, 30)
