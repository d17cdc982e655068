"""Things with print or pictures on them: books, signs, posters, screens, façade windows, dials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.textures.bonds import square_grid
from cinescene.sets.textures.colour import Colour, Picture, choose, flat, hsv, lighter, mix, rgb, shaded
from cinescene.sets.textures.noise import (
    fractal_noise,
    grain_noise,
    smooth_noise,
    smoothstep,
    unit_grid,
)
from cinescene.sets.textures.paintings import painting

SPINES_A_ROW = 16
SPINE_ROWS = 4
"""The atlas of book spines holds this many columns and rows of books."""

PANES_A_SIDE = 4
"""The atlas of façade windows holds this many windows a side."""


def book_spines(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """An atlas of `SPINES_A_ROW` × `SPINE_ROWS` spines with bands and titles; colours: bindings."""
    x, y = unit_grid(size)
    bond = square_grid(size, SPINE_ROWS, SPINES_A_ROW)
    count = SPINES_A_ROW * SPINE_ROWS
    column, row = (x * SPINES_A_ROW).astype(int), (y * SPINE_ROWS).astype(int)
    book = row * SPINES_A_ROW + column
    u, v = (x * SPINES_A_ROW) % 1.0, (y * SPINE_ROWS) % 1.0
    binding = choose(colours, rng.integers(0, len(colours), count)) * rng.uniform(0.7, 1.15, (count, 1))
    ink = np.where(rng.random((count, 1)) < 0.5, [[0.85, 0.74, 0.45]], [[0.92, 0.9, 0.85]])
    ink = np.where(binding.mean(1, keepdims=True) > 0.6, [[0.15, 0.12, 0.1]], ink)
    picture = binding[book].astype(np.float32)
    title_top, title_length = rng.uniform(0.12, 0.35, count)[book], rng.uniform(0.2, 0.45, count)[book]
    letters = smoothstep(-0.2, 0.4, smooth_noise(rng, size, size // 4, size // 3))
    in_title = (v > title_top) & (v < title_top + title_length) & (np.abs(u - 0.5) < 0.24)
    band_at = rng.uniform(0.05, 0.12, count)[book]
    bands = (np.abs(v - band_at) < 0.012) | (np.abs(v - 0.9) < 0.015)
    picture = mix(picture, ink[book], 0.85 * in_title * letters + 0.7 * bands * (rng.random(count) < 0.6)[book])
    rounded = 1.08 - 0.9 * (u - 0.5) ** 2
    return shaded(picture, rounded * (1 - 0.5 * bond.joint(0.004)) * (1 + 0.04 * grain_noise(rng, size)))


def sign(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A shop sign with lettering that spells nothing; colours: board, letters."""
    x, y = unit_grid(size)
    board = shaded(flat(size, colours[0]), 1 + 0.04 * fractal_noise(rng, size, 3, 4))
    edge = np.minimum(np.minimum(x, 1 - x) * 4, np.minimum(y, 1 - y))
    board = mix(board, colours[-1], smoothstep(0.05, 0.06, edge) - smoothstep(0.085, 0.095, edge))
    return mix(board, colours[-1], _lettering(rng, size, 0.1, 0.9, 0.3, 0.72, int(rng.integers(5, 10))))


def _lettering(
    rng: np.random.Generator, size: int, left: float, right: float, top: float, bottom: float, count: int
) -> np.ndarray:
    """A row of letter-like glyphs: strokes on a 3 × 5 grid that hang together."""
    x, y = unit_grid(size)
    place = (x - left) / (right - left) * count
    letter = np.clip(np.floor(place), 0, count - 1).astype(int)
    u, v = (place - letter - 0.12) / 0.76, (y - top) / (bottom - top)
    inside = (place >= 0) & (place < count) & (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
    bars = rng.random((count, 3)) < 0.75
    posts = rng.random((count, 2)) < 0.8
    posts[:, 0] |= ~posts[:, 1]
    ink = np.zeros((size, size))
    for k in range(3):
        ink = np.maximum(ink, bars[letter, k] * (np.abs(v - 0.5 * k) < (0.11 if k == 1 else 0.2)))
    for k in range(2):
        ink = np.maximum(ink, posts[letter, k] * (np.abs(u - k) < 0.26))
    spaces = rng.random(count) < 0.12
    return ink * inside * ~spaces[letter]


def poster(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A printed poster: a picture, a heading and small print; colours: at least four."""
    x, y = unit_grid(size)
    picture = painting(rng, size, colours)
    paper = mix((0.93, 0.92, 0.88), colours[0], np.full((size, size), 0.15))
    panel = smoothstep(0.0, 0.004, np.minimum.reduce([x - 0.07, 0.93 - x, y - 0.06, 0.7 - y]))
    sheet = mix(paper, picture, panel)
    heading = _lettering(rng, size, 0.08, 0.92, 0.75, 0.85, int(rng.integers(6, 12)))
    small = _lettering(rng, size, 0.08, 0.92, 0.88, 0.91, 26) + _lettering(rng, size, 0.08, 0.8, 0.93, 0.96, 22)
    return mix(sheet, (0.12, 0.12, 0.14), np.clip(heading + 0.8 * small, 0, 1))


def screen(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A display that is on: windows, lines of text, a chart; colours: ground, accent."""
    x, y = unit_grid(size)
    picture = mix(colours[0], colours[-1], 0.35 * y)
    for _ in range(3):
        left, top = rng.uniform(0.03, 0.5), rng.uniform(0.05, 0.5)
        right, bottom = left + rng.uniform(0.25, 0.45), top + rng.uniform(0.25, 0.42)
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        line = (np.floor(y * 60) % 2 == 0) & (x < left + (right - left) * rng.random(60)[np.floor(y * 60).astype(int)])
        page = np.where((y < top + 0.03)[..., None], rgb(colours[-1]), rgb([0.9, 0.91, 0.93]))
        page = mix(page, (0.25, 0.28, 0.33), 0.8 * (line & (y > top + 0.05)))
        picture = np.where(inside[..., None], page, picture)
    return picture


def window_panes(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """An atlas of `PANES_A_SIDE`² windows seen from the street by day; colours: glass, sky, frame, then curtains."""
    u, v, pane = _pane_places(size)
    reflection = smoothstep(-0.2, 1.1, fractal_noise(rng, size, 3, 4) + 1.6 * (0.6 - v) + 0.6 * (u - v))
    picture = mix(colours[0], colours[1], 0.65 * reflection)
    return _framed(rng, _dressed(rng, picture, (u, v, pane), colours[3:], opacity=0.75), (u, v, pane), colours[2])


def window_panes_lit(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """The same atlas at dusk, about half the windows lit; colours: dark glass, lamp light, frame, then curtains."""
    u, v, pane = _pane_places(size)
    lit = (rng.random(PANES_A_SIDE**2) < 0.55)[pane]
    warmth = rng.uniform(0.55, 1.0, PANES_A_SIDE**2)[pane]
    room = shaded(flat(size, colours[1]), warmth * (1.1 - 0.7 * np.hypot(u - 0.5, v - 0.3)))
    picture = np.where(lit[..., None], room, rgb(colours[0]))
    picture = _dressed(rng, picture, (u, v, pane), colours[3:], opacity=0.5, glow=lit)
    return _framed(rng, picture, (u, v, pane), lighter(colours[2], 0.35))


def _framed(
    rng: np.random.Generator, picture: Picture, places: tuple[np.ndarray, np.ndarray, np.ndarray], colour: Colour
) -> Picture:
    """Frame and glazing bars over every window: two casements, cross bars in some."""
    u, v, pane = places
    edge = np.minimum(np.minimum(u, 1 - u), np.minimum(v, 1 - v))
    rows = np.array([0.34, 0.5, 2.0])[rng.integers(0, 3, PANES_A_SIDE**2)][pane]
    bar = np.minimum.reduce([edge - 0.045, np.abs(u - 0.5) - 0.022, np.abs(v - rows) - 0.018])
    wood = shaded(flat(len(u), colour), 0.9 + 0.1 * v)
    shadow = 1 - 0.3 * smoothstep(0.03, 0.0, bar)
    return mix(shaded(picture, shadow), wood, smoothstep(0.008, -0.004, bar))


def shop_window(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A shop's display behind glass; colours: frame, inside, sky, then goods."""
    x, y = unit_grid(size)
    picture = mix(colours[1], lighter(colours[1], 0.35), smoothstep(0.0, 0.8, y))
    back = smoothstep(0.002, -0.002, np.abs(y - 0.3) - 0.006) + smoothstep(0.002, -0.002, np.abs(y - 0.55) - 0.006)
    picture = mix(picture, lighter(colours[0], 0.6), np.clip(back, 0, 1) * (x > 0.05) * (x < 0.95))
    for shelf, tall in ((0.3, 0.16), (0.55, 0.18), (0.93, 0.3)):
        place = 0.07
        while place < 0.88:
            wide = float(rng.uniform(0.03, 0.1))
            _add_ware(rng, picture, (place, shelf), (wide, float(rng.uniform(0.35, 1.0)) * tall), colours[3:])
            place += wide + float(rng.uniform(0.01, 0.09))
    glare = smoothstep(0.0, 0.12, 0.12 - np.abs(x + 0.7 * y - rng.uniform(0.5, 1.3)))
    picture = mix(picture, colours[2], 0.28 * glare + 0.12)
    frame = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) - 0.03
    frame = np.minimum(frame, np.abs(x - 0.5) - 0.01)
    return mix(picture, colours[0], smoothstep(0.006, -0.002, frame))


def _add_ware(
    rng: np.random.Generator,
    picture: Picture,
    foot: tuple[float, float],
    extent: tuple[float, float],
    colours: Sequence[Colour],
) -> None:
    """Paints a box or a round thing that stands on a shelf."""
    size = len(picture)
    left, shelf = foot
    wide, high = extent
    rows = slice(max(0, int((shelf - high) * size) - 2), int(shelf * size) + 2)
    columns = slice(max(0, int(left * size) - 2), int((left + wide) * size) + 2)
    x, y = (axis[rows, columns] for axis in unit_grid(size))
    outside = np.maximum.reduce([left - x, x - left - wide, y - shelf, shelf - high - y])
    if rng.random() < 0.4:
        outside = 0.1 * (np.hypot((x - left - wide / 2) / wide, (y - shelf + high / 2) / high) - 0.5)
    light = np.clip(1.15 - 1.6 * np.abs(x - left - 0.4 * wide) / wide, 0.4, 1.2)
    ware = rgb(colours[int(rng.integers(len(colours)))]) * light[..., None]
    picture[rows, columns] = mix(picture[rows, columns], ware, smoothstep(0.003, -0.003, outside))


def door(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A house door, to be shown once: panels, a light above, a knob; colours: paint, glass, metal."""
    x, y = unit_grid(size)
    picture = shaded(flat(size, colours[0]), 1 + 0.03 * smooth_noise(rng, size, 6, size // 3))
    panels = [(0.12, 0.47, 0.26, 0.55), (0.53, 0.88, 0.26, 0.55), (0.12, 0.47, 0.62, 0.93), (0.53, 0.88, 0.62, 0.93)]
    for left, right, top, bottom in panels:
        inside = np.minimum.reduce([x - left, right - x, y - top, bottom - y])
        groove = smoothstep(0.025, 0.0, np.abs(inside - 0.012))
        picture = shaded(picture, 1 - 0.45 * groove + 0.12 * smoothstep(0.03, 0.05, inside))
    light = np.minimum.reduce([x - 0.12, 0.88 - x, y - 0.05, 0.2 - y])
    picture = mix(picture, colours[1], smoothstep(0.0, 0.01, light))
    knob = smoothstep(0.025, 0.018, np.hypot(x - 0.93, (y - 0.58) * 2))
    edge = smoothstep(0.02, 0.0, np.minimum(x, 1 - x))
    return shaded(mix(picture, colours[-1], knob), 1 - 0.5 * edge)


def _pane_places(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = unit_grid(size)
    column, row = (x * PANES_A_SIDE).astype(int), (y * PANES_A_SIDE).astype(int)
    return (x * PANES_A_SIDE) % 1.0, (y * PANES_A_SIDE) % 1.0, row * PANES_A_SIDE + column


def _dressed(
    rng: np.random.Generator,
    picture: Picture,
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    cloths: Sequence[Sequence[float] | np.ndarray],
    opacity: float,
    glow: np.ndarray | None = None,
) -> Picture:
    """Windows with drawn curtains, blinds or plants behind the glass."""
    u, v, pane = places
    count = PANES_A_SIDE**2
    style = rng.integers(0, 4, count)[pane]
    drawn = rng.uniform(0.12, 0.38, count)[pane]
    folds = 0.85 + 0.15 * np.sin(2 * np.pi * 14 * u)
    curtain = (style == 1) & (np.abs(u - 0.5) > 0.5 - drawn)
    blind = (style == 2) & (v < 2 * drawn)
    slats = 0.8 + 0.2 * np.sin(2 * np.pi * 16 * v)
    cloth = np.asarray(cloths, dtype=np.float32)[rng.integers(0, len(cloths), count)][pane]
    cloth = shaded(cloth, np.where(blind, slats, folds))
    if glow is not None:
        cloth = np.where(glow[..., None], 0.5 * cloth + 0.5 * picture, 0.25 * cloth)
    picture = mix(picture, cloth, opacity * (curtain | blind))
    size = len(u)
    leaves = fractal_noise(rng, size, 20, 3) + 6 * (v - 0.85) - 3 * np.abs(u - 0.5)
    plant = (style == 3) * smoothstep(0.0, 0.3, leaves)
    return mix(picture, hsv(0.3, 0.5, 0.22), 0.8 * plant)


def dial(rng: np.random.Generator, size: int, colours: Sequence[Colour]) -> Picture:
    """A clock face; colours: face, marks."""
    x, y = unit_grid(size)
    radius, angle = np.hypot(x - 0.5, y - 0.5), np.arctan2(x - 0.5, 0.5 - y)
    hour = np.abs((angle / (2 * np.pi) * 12 + 0.5) % 1.0 - 0.5)
    marks = (hour < 0.06) & (radius > 0.36) & (radius < 0.44)
    rim = np.abs(radius - 0.47) < 0.015
    ink = (marks | rim).astype(float)
    for length, width in ((0.22, 0.016), (0.34, 0.010)):
        turn = rng.uniform(0, 2 * np.pi)
        along = np.sin(turn) * (x - 0.5) + np.cos(turn) * (0.5 - y)
        across = np.cos(turn) * (x - 0.5) - np.sin(turn) * (0.5 - y)
        ink = np.maximum(ink, (np.abs(across) < width) & (along > -0.04) & (along < length))
    return mix(colours[0], colours[-1], ink)
