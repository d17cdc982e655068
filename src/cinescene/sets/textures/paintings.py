"""Pictures to hang on walls, each one of its kind: abstracts, landscapes, seascapes, still lifes, figures of colour.

All are made to be shown once (``fit``), so that places in a set can be told apart by what hangs there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import rubble
from cinescene.sets.textures.colour import Colour, Picture, choose, flat, hsv, mix, rgb, shaded
from cinescene.sets.textures.noise import (
    Field,
    fractal_noise,
    shifted_lookup,
    smooth_noise,
    smoothstep,
    unit_grid,
)


def painting(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A painting in one of seven manners; ``colours`` are its key colours (at least four)."""
    manner = rng.choice(len(MANNERS))
    picture = MANNERS[manner](rng, size, colours)
    strokes = smooth_noise(rng, size, size // 4, size // 12) + smooth_noise(rng, size, size // 12, size // 4)
    varnish = 1 + 0.025 * strokes + 0.02 * fractal_noise(rng, size, 2, 3)
    return shaded(picture, varnish)


def _window(size: int, cx: float, cy: float, reach_x: float, reach_y: float) -> tuple[slice, slice]:
    """The part of the picture within some reach of a place, where alone a small shape has to be painted."""
    low_y, high_y = (int(np.clip((cy + side * reach_y) * size, 0, size)) for side in (-1, 1))
    low_x, high_x = (int(np.clip((cx + side * reach_x) * size, 0, size)) for side in (-1, 1))
    return slice(low_y, high_y), slice(low_x, high_x)


def _colour_fields(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Soft blocks of colour one over the other."""
    x, y = unit_grid(size)
    order = rng.permutation(len(colours))
    picture = flat(size, colours[order[0]])
    cuts = np.sort(rng.uniform(0.08, 0.92, 2))
    for k, (top, bottom) in enumerate([(0.05, cuts[0]), (cuts[0] + 0.03, cuts[1]), (cuts[1] + 0.03, 0.95)]):
        wobble = 0.012 * fractal_noise(rng, size, 6, 4)
        inside = np.minimum.reduce([x - 0.06 + wobble, 0.94 - x + wobble, y - top + wobble, bottom - y + wobble])
        picture = mix(picture, colours[order[(k + 1) % len(order)]], 0.92 * smoothstep(-0.015, 0.02, inside))
    return shaded(picture, 1 + 0.06 * fractal_noise(rng, size, 4, 5))


def _grid_abstract(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Rectangles of flat colour between dark bars."""
    x, y = unit_grid(size)
    rows = np.concatenate([[0], np.sort(rng.uniform(0.1, 0.9, int(rng.integers(2, 5)))), [1]])
    columns = np.concatenate([[0], np.sort(rng.uniform(0.1, 0.9, int(rng.integers(2, 5)))), [1]])
    row, column = np.searchsorted(rows, y) - 1, np.searchsorted(columns, x) - 1
    palette = [*colours, (0.93, 0.91, 0.86), (0.93, 0.91, 0.86), (0.93, 0.91, 0.86)]
    table = rng.integers(0, len(palette), (len(rows), len(columns)))
    picture = choose(palette, table[row, column])
    gap = np.minimum(np.abs(y[..., None] - rows).min(-1), np.abs(x[..., None] - columns).min(-1))
    return mix(picture, (0.07, 0.07, 0.08), smoothstep(0.014, 0.010, gap))


def _circles(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Discs, rings and beams."""
    x, y = unit_grid(size)
    picture = mix(colours[0], (0.92, 0.89, 0.82), np.full((size, size), 0.75))
    for k in range(int(rng.integers(9, 18))):
        colour = colours[int(rng.integers(len(colours)))]
        cx, cy, radius = rng.random(), rng.random(), 0.03 + 0.22 * rng.random() ** 2
        distance = np.hypot(x - cx, y - cy)
        shape = distance - radius if k % 3 else np.abs(distance - radius) - 0.012
        if k % 5 == 4:
            turn = rng.uniform(0, np.pi)
            shape = np.abs(np.cos(turn) * (x - cx) + np.sin(turn) * (y - cy)) - rng.uniform(0.004, 0.015)
        picture = mix(picture, colour, 0.85 * smoothstep(0.004, -0.004, shape))
    return picture


def _gesture(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Broad brush strokes, thick over thin."""
    x, y = unit_grid(size)
    picture = shaded(flat(size, colours[0]), 1 + 0.08 * fractal_noise(rng, size, 3, 4))
    bend = fractal_noise(rng, size, 2, 3)
    for _ in range(int(rng.integers(8, 16))):
        turn, offset = rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5)
        along = np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)
        across = np.cos(turn) * (y - 0.5) - np.sin(turn) * (x - 0.5) - offset + rng.uniform(0.02, 0.1) * bend
        half, reach, centre = rng.uniform(0.015, 0.07), rng.uniform(0.12, 0.5), rng.uniform(-0.4, 0.4)
        bristle = 0.25 * smooth_noise(rng, size, size // 3, size // 3)
        inside = np.minimum(half - np.abs(across), 0.4 * (reach - np.abs(along - centre)))
        picture = mix(picture, colours[int(rng.integers(len(colours)))], smoothstep(0, 0.02, inside + 0.01 * bristle))
    return picture


def _facets(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A crystalline field of facets, light on one side."""
    cells = rubble(rng, size, int(rng.integers(5, 10)), jitter=1.0)
    x, y = unit_grid(size)
    turn = rng.uniform(0, 2 * np.pi)
    slope = np.cos(turn) * x + np.sin(turn) * y
    own = rng.random(cells.count)
    value = np.clip(0.5 + 0.6 * (slope - slope.mean()) + 0.35 * (cells.of_pieces(own) - 0.5), 0, 0.999)
    return shaded(
        choose(colours, (value * len(colours)).astype(int)), 0.9 + 0.25 * cells.of_pieces(rng.random(cells.count))
    )


def _ridge(rng: np.random.Generator, size: int, base: float, height: float, cells: int) -> Field:
    """How far each pixel lies below a random skyline (positive: below it)."""
    _, y = unit_grid(size)
    line = fractal_noise(rng, size, cells, 6, gain=0.5)[0]
    return y - (base - height * line[None, :])


def _landscape(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Sky with sun and clouds, hills that fade with distance, fields or water, a few trees."""
    x, y = unit_grid(size)
    hue = rng.choice([0.58, 0.06, 0.93, 0.12])
    picture = mix(hsv(hue, 0.5, 0.8), hsv(hue - 0.45 * (hue > 0.5) + 0.05, 0.35, 0.97), y / 0.62)
    clouds = smoothstep(0.1, 1.5, fractal_noise(rng, size, 2, 5, stretch=(2, 1)))
    picture = mix(picture, (0.97, 0.94, 0.9), 0.75 * clouds * smoothstep(0.6, 0.2, y))
    sun = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.15, 0.45))
    picture = mix(picture, (1.0, 0.93, 0.72), smoothstep(0.06, 0.05, sun) + 0.5 * np.exp(-sun / 0.09))
    land = hsv(rng.choice([0.25, 0.32, 0.11, 0.58]), 0.5, 0.42)
    for k in range(4):
        haze = (0.75 - 0.25 * k, 0.8 - 0.25 * k)
        tone = mix(land, (0.72, 0.76, 0.82), np.full((size, size), max(haze[0], 0.0)))
        below = _ridge(rng, size, 0.46 + 0.11 * k, 0.055 - 0.008 * k, 2 + k)
        tone = shaded(tone, 1 + 0.10 * fractal_noise(rng, size, 8, 4))
        picture = mix(picture, tone, smoothstep(0.0, 0.006, below))
    if rng.random() < 0.5:
        picture = mix(picture, _mirrored(rng, picture, 0.7), smoothstep(0.70, 0.71, y))
    return _with_trees(rng, size, picture)


def _mirrored(rng: np.random.Generator, picture: Picture, shore: float) -> Picture:
    """The picture upside down about the shore line, in rippled water."""
    size = len(picture)
    _, y = unit_grid(size)
    ripple = smooth_noise(rng, size, 70, 5) * 0.008
    rows = np.clip((2 * shore - y + ripple) * size, 0, size - 1).astype(int)
    columns = np.broadcast_to(np.arange(size)[None, :], (size, size))
    return picture[rows, columns] * rgb([0.8, 0.88, 0.92])


def _with_trees(rng: np.random.Generator, size: int, picture: Picture) -> Picture:
    grid_x, grid_y = unit_grid(size)
    ragged = 0.02 * fractal_noise(rng, size, 12, 4)
    for _ in range(int(rng.integers(2, 8))):
        cx, foot, tall = rng.random(), rng.uniform(0.7, 0.95), rng.uniform(0.12, 0.4)
        part = _window(size, cx, foot - 0.5 * tall, 0.3 * tall, 0.7 * tall)
        x, y, rough = grid_x[part], grid_y[part], ragged[part]
        crown = np.hypot((x - cx) / 0.5, y - (foot - 0.68 * tall)) - 0.33 * tall + rough
        trunk = np.maximum(np.abs(x - cx) - 0.022 * tall, np.abs(y - foot + 0.25 * tall) - 0.25 * tall)
        leaf = rgb(hsv(rng.uniform(0.2, 0.36), 0.55, rng.uniform(0.2, 0.42)))
        light = 1 + 0.56 * np.clip(cx - x, -0.2, 0.2) / tall + 8 * rough
        picture[part] = mix(picture[part], (0.2, 0.14, 0.1), smoothstep(0.004, 0.0, trunk))
        picture[part] = mix(picture[part], leaf * light[..., None], smoothstep(0.006, 0.0, crown))
    return picture


def _still_life(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A vase of flowers and fruit on a table before a wall."""
    x, y = unit_grid(size)
    picture = shaded(flat(size, colours[0]), 0.75 + 0.3 * (1 - np.hypot(x - 0.3, y - 0.3)))
    table = shaded(flat(size, colours[1]), 1 + 0.08 * smooth_noise(rng, size, 40, 3))
    picture = mix(picture, table, smoothstep(0.70, 0.71, y))
    belly = rng.uniform(0.08, 0.15)
    profile = belly * np.sqrt(np.clip(1 - ((y - 0.66) / 0.17) ** 2, 0.08, 1))
    vase = np.maximum(np.abs(x - 0.5) - profile, np.abs(y - 0.64) - 0.16)
    body = shaded(flat(size, colours[2]), 1.15 - 2.2 * np.abs(x - 0.44))
    picture = mix(picture, body, smoothstep(0.004, -0.004, vase))
    for _ in range(int(rng.integers(10, 26))):
        _add_flower(rng, picture, colours[2:])
    for _ in range(int(rng.integers(0, 5))):
        _add_fruit(rng, picture)
    return picture


def _add_flower(rng: np.random.Generator, picture: Picture, colours: Sequence[Colour]) -> None:
    """Paints a blossom or a spray of leaves into the picture, over the vase."""
    size = len(picture)
    cx, cy = 0.5 + 0.17 * rng.normal(), 0.34 + 0.1 * rng.normal()
    part = _window(size, cx, cy, 0.1, 0.1)
    dx, dy = unit_grid(size)[0][part] - cx, unit_grid(size)[1][part] - cy
    angle, radius = np.arctan2(dy, dx), np.hypot(dx, dy)
    reach = rng.uniform(0.03, 0.07) * (1 + 0.3 * np.cos(int(rng.integers(4, 8)) * angle + rng.uniform(0, 6)))
    leafy = bool(rng.random() < 0.35)
    colour = hsv(rng.uniform(0.25, 0.36), 0.5, 0.35) if leafy else colours[int(rng.integers(len(colours)))]
    bloom = rgb(colour) * (1.1 - 5 * np.clip(dx, -0.06, 0.06))[..., None]
    picture[part] = mix(picture[part], bloom, smoothstep(0.006, -0.004, radius - reach))
    if not leafy:
        picture[part] = mix(picture[part], (0.95, 0.8, 0.35), smoothstep(0.006, 0.0, radius - 0.012))


def _add_fruit(rng: np.random.Generator, picture: Picture) -> None:
    """Paints a round fruit on the table."""
    size = len(picture)
    cx, cy, radius = rng.uniform(0.1, 0.9), rng.uniform(0.78, 0.88), rng.uniform(0.035, 0.06)
    part = _window(size, cx, cy, 0.08, 0.08)
    dx, dy = unit_grid(size)[0][part] - cx, unit_grid(size)[1][part] - cy
    light = 1.2 - 6 * np.clip(dx + 0.02, 0, 0.08)
    fruit = rgb(hsv(rng.uniform(0.0, 0.25), 0.75, 0.75)) * light[..., None]
    picture[part] = mix(picture[part], fruit, smoothstep(0.004, -0.004, np.hypot(dx, dy) - radius))


MANNERS = (_colour_fields, _grid_abstract, _circles, _gesture, _facets, _landscape, _still_life)


def mural_tile(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """Large flowing shapes that tile: a mural or tapestry of any extent."""
    flow = fractal_noise(rng, size, 1, 4)
    second = shifted_lookup(flow, np.full((size, size), size // 3), np.full((size, size), size // 2))
    band = np.floor((0.5 + 0.2 * flow + 0.12 * second) * 9).astype(int)
    return shaded(choose(colours, band), 1 + 0.04 * fractal_noise(rng, size, 12, 3))
