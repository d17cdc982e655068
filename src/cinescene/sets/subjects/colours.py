"""Colours by name: picked by name, jittered, and named again from the numbers that are rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinescene.sets.srgb import linear_from_srgb

Colour = tuple[float, float, float]
"""sRGB in [0, 1]."""

NAMED: Mapping[str, Colour] = {
    "black": (0.07, 0.07, 0.08),
    "dark grey": (0.24, 0.24, 0.26),
    "grey": (0.50, 0.50, 0.51),
    "white": (0.92, 0.92, 0.90),
    "beige": (0.80, 0.72, 0.58),
    "brown": (0.42, 0.26, 0.15),
    "red": (0.76, 0.11, 0.12),
    "dark red": (0.42, 0.06, 0.10),
    "orange": (0.92, 0.46, 0.10),
    "yellow": (0.94, 0.80, 0.18),
    "green": (0.16, 0.52, 0.22),
    "dark green": (0.08, 0.26, 0.16),
    "olive green": (0.40, 0.41, 0.20),
    "turquoise": (0.12, 0.60, 0.60),
    "light blue": (0.52, 0.72, 0.90),
    "blue": (0.13, 0.30, 0.72),
    "dark blue": (0.09, 0.13, 0.32),
    "purple": (0.42, 0.20, 0.55),
    "pink": (0.93, 0.55, 0.67),
}
"""Typical examples; any colour has the name of the example nearest to it."""
FURTHER: Sequence[tuple[str, Colour]] = (("blue", (0.05, 0.05, 0.85)), ("dark blue", (0.0, 0.0, 0.38)))
"""More examples to name colours by."""

HAIR: Mapping[str, Colour] = {
    "black": (0.06, 0.05, 0.05),
    "dark brown": (0.17, 0.10, 0.07),
    "brown": (0.32, 0.20, 0.12),
    "blond": (0.74, 0.57, 0.32),
    "red": (0.52, 0.20, 0.08),
    "grey": (0.52, 0.51, 0.50),
    "white": (0.85, 0.84, 0.82),
}
SKIN: Sequence[Colour] = (
    (0.93, 0.77, 0.68),
    (0.88, 0.70, 0.58),
    (0.82, 0.62, 0.48),
    (0.72, 0.52, 0.38),
    (0.58, 0.40, 0.28),
    (0.45, 0.30, 0.21),
    (0.33, 0.22, 0.16),
)
EYES: Sequence[Colour] = (
    (0.28, 0.17, 0.10),
    (0.20, 0.12, 0.08),
    (0.30, 0.45, 0.62),
    (0.34, 0.44, 0.30),
    (0.45, 0.40, 0.32),
)


def colour_name(colour: Colour) -> str:
    """The everyday name of a colour: that of the nearest example in CIE L*a*b*."""
    return _nearest(colour, (*NAMED.items(), *FURTHER))


def hair_colour_name(colour: Colour) -> str:
    """The name of a hair colour, "blond" among them."""
    return _nearest(colour, tuple(HAIR.items()))


def random_colour(rng: np.random.Generator, names: Sequence[str] | None = None) -> Colour:
    """A colour near one of the named examples (all of them by default) that still has its name."""
    choices = list(NAMED) if names is None else list(names)
    name = choices[int(rng.integers(len(choices)))]
    return _near(rng, NAMED[name], name, (*NAMED.items(), *FURTHER))


def random_hair_colour(rng: np.random.Generator, name: str) -> Colour:
    """A hair colour of a name."""
    return _near(rng, HAIR[name], name, tuple(HAIR.items()), tint=0.1)


def distance(first: Colour, second: Colour) -> float:
    """How different two colours look (CIE 1976 ΔE*; 2–3 is just visible, black and white are 100 apart)."""
    return float(np.linalg.norm(_lab(np.array([first])) - _lab(np.array([second]))))


def _near(
    rng: np.random.Generator, middle: Colour, name: str, examples: tuple[tuple[str, Colour], ...], tint: float = 0.4
) -> Colour:
    for spread in (0.07, 0.04, 0.02):
        brighter = 1 + spread * rng.standard_normal()
        jittered = np.clip(np.asarray(middle) * brighter + tint * spread * rng.standard_normal(3), 0.02, 0.96)
        r, g, b = (round(float(c), 4) for c in jittered)
        if _nearest((r, g, b), examples) == name:
            return r, g, b
    return middle


def _nearest(colour: Colour, examples: tuple[tuple[str, Colour], ...]) -> str:
    gaps = np.linalg.norm(_example_table(examples) - _lab(np.array([colour])), axis=1)
    return examples[int(gaps.argmin())][0]


@lru_cache(maxsize=4)
def _example_table(examples: tuple[tuple[str, Colour], ...]) -> np.ndarray:
    return _lab(np.array([colour for _, colour in examples]))


def _lab(srgb: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """CIE L*a*b* under D65 (IEC 61966-2-1 for sRGB, CIE 15 for L*a*b*)."""
    xyz = linear_from_srgb(srgb) @ np.array(
        [[0.4124564, 0.2126729, 0.0193339], [0.3575761, 0.7151522, 0.1191920], [0.1804375, 0.0721750, 0.9503041]]
    )
    ratio = xyz / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
