"""Colours that go together: a scheme for every set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinescene.sets.description import Colour
from cinescene.sets.textures.colour import hsv, jittered, lighter


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours a set is made of. Woods are (light, dark) pairs; ``accents`` are the strong colours."""

    wall: Colour
    second_wall: Colour
    ceiling: Colour
    trim: Colour
    floor_wood: tuple[Colour, Colour]
    wood: tuple[Colour, Colour]
    second_wood: tuple[Colour, Colour]
    fabric: Colour
    accents: tuple[Colour, ...]
    metal: Colour
    stone: Colour


_WOODS: tuple[tuple[Colour, Colour], ...] = (
    ((0.78, 0.60, 0.40), (0.50, 0.33, 0.18)),
    ((0.66, 0.46, 0.28), (0.36, 0.22, 0.12)),
    ((0.50, 0.31, 0.18), (0.22, 0.12, 0.07)),
    ((0.86, 0.74, 0.56), (0.64, 0.50, 0.33)),
    ((0.62, 0.35, 0.20), (0.34, 0.15, 0.08)),
    ((0.42, 0.37, 0.32), (0.20, 0.17, 0.15)),
    ((0.72, 0.66, 0.58), (0.46, 0.40, 0.34)),
)

_WALLS: tuple[Colour, ...] = (
    (0.90, 0.88, 0.83), (0.87, 0.84, 0.76), (0.80, 0.83, 0.80), (0.72, 0.79, 0.82), (0.86, 0.76, 0.66),
    (0.62, 0.70, 0.64), (0.78, 0.68, 0.62), (0.55, 0.62, 0.70), (0.84, 0.78, 0.58), (0.74, 0.60, 0.54),
    (0.46, 0.54, 0.50), (0.92, 0.91, 0.90), (0.40, 0.46, 0.56), (0.66, 0.44, 0.38), (0.80, 0.78, 0.84),
)  # fmt: skip

_STONES: tuple[Colour, ...] = (
    (0.74, 0.68, 0.57), (0.66, 0.64, 0.60), (0.60, 0.55, 0.50), (0.78, 0.72, 0.64), (0.56, 0.58, 0.60),
    (0.72, 0.60, 0.48),
)  # fmt: skip


def make_palette(rng: np.random.Generator) -> Palette:
    """A random palette: one base hue, accents at chosen distances from it, woods and walls to match."""

    def pick(options: tuple[Colour, ...]) -> Colour:
        return jittered(rng, options[int(rng.integers(len(options)))], 0.012, 0.05)

    def wood() -> tuple[Colour, Colour]:
        light, dark = _WOODS[int(rng.integers(len(_WOODS)))]
        return jittered(rng, light, 0.008, 0.06), jittered(rng, dark, 0.008, 0.06)

    hue = float(rng.random())
    steps = [(0.0, 0.08, 0.5), (0.0, 0.5, 0.58), (0.0, 0.33, 0.66), (0.0, 0.05, 0.92), (0.0, 0.42, 0.1)]
    chosen = steps[int(rng.integers(len(steps)))]
    accents = [
        hsv(hue + step + float(rng.normal(0, 0.02)), float(rng.uniform(0.45, 0.8)), float(rng.uniform(0.35, 0.8)))
        for step in chosen
    ]
    cream = (0.90, 0.84, 0.70)
    dark = hsv(hue + 0.5, 0.3, 0.2)
    wall = pick(_WALLS)
    white_trim = rng.random() < 0.6
    return Palette(
        wall=wall,
        second_wall=pick(_WALLS),
        ceiling=jittered(rng, (0.92, 0.91, 0.88), 0.01, 0.02),
        trim=(0.91, 0.90, 0.87) if white_trim else lighter(wall, float(rng.uniform(0.45, 0.75))),
        floor_wood=wood(),
        wood=wood(),
        second_wood=wood(),
        fabric=hsv(hue + float(rng.choice([0.0, 0.5])), float(rng.uniform(0.08, 0.55)), float(rng.uniform(0.3, 0.8))),
        accents=(*accents, cream, dark),
        metal=pick(((0.72, 0.72, 0.74), (0.20, 0.20, 0.22), (0.72, 0.58, 0.32), (0.45, 0.43, 0.42))),
        stone=pick(_STONES),
    )
