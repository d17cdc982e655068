"""Pictures of cloth, a tile each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import UInt8

from cinescene.errors import InputError
from cinescene.sets.mesh import Material
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.textures.noise import fractal_noise, smooth_noise, smoothstep, unit_grid

Pattern = Literal["plain", "striped", "checked", "dotted", "denim", "knitted", "leather"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)

TILE_PX = 128
TILE_M = 0.24


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """What a garment is made of: ``colour`` covers most of it, ``second`` is that of stripes, checks or dots."""

    colour: Colour
    pattern: Pattern = "plain"
    second: Colour = (0.9, 0.9, 0.9)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.pattern not in PATTERNS:
            raise InputError(f"cloth: expected a pattern among {', '.join(PATTERNS)}, got {self.pattern!r}")
        for colour in (self.colour, self.second):
            if len(colour) != 3 or not all(0.0 <= c <= 1.0 for c in colour):
                raise InputError(f"cloth: expected sRGB colours within 0–1, got {colour!r}")


@lru_cache(maxsize=64)
def cloth_material(cloth: Cloth) -> Material:
    """The material of a cloth; the same object for equal cloths."""
    shiny = cloth.pattern == "leather"
    return Material(
        albedo=cloth_picture(cloth),
        metres_per_tile=TILE_M,
        specular=0.14 if shiny else 0.02,
        shininess=26.0 if shiny else 12.0,
    )


def cloth_picture(cloth: Cloth) -> UInt8[np.ndarray, "h w 3"]:
    """A tile of the cloth; it repeats without a seam."""
    rng = np.random.default_rng(cloth.seed)
    share, relief = _design(cloth.pattern, rng)
    first, second = np.asarray(cloth.colour), np.asarray(cloth.second)
    picture = first + (second - first) * share[..., None]
    return np.rint(np.clip(picture * relief[..., None], 0.0, 1.0) * 255).astype(np.uint8)


def _design(pattern: Pattern, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """How much of the second colour, and the brightness, everywhere on a tile."""
    x, y = unit_grid(TILE_PX)
    soft = 1 + 0.045 * smooth_noise(rng, TILE_PX, 3, 4) + 0.02 * fractal_noise(rng, TILE_PX, 16, 2)
    nothing = np.zeros((TILE_PX, TILE_PX), dtype=np.float32)
    if pattern == "striped":
        repeats, width = int(rng.integers(3, 6)), rng.uniform(0.14, 0.24)
        place = np.abs((y * repeats) % 1.0 - 0.5)
        return 1 - smoothstep(width - 0.03, width + 0.03, place), soft
    if pattern == "checked":
        repeats, width = int(rng.integers(3, 5)), rng.uniform(0.10, 0.16)
        bands = [1 - smoothstep(width - 0.03, width + 0.03, np.abs((line * repeats) % 1.0 - 0.5)) for line in (x, y)]
        return 0.42 * (bands[0] + bands[1]), soft
    if pattern == "dotted":
        repeats = int(rng.integers(5, 8))
        u, v = (x * repeats) % 1.0 - 0.5, (y * repeats + 0.5 * (np.floor(x * repeats) % 2)) % 1.0 - 0.5
        return 1 - smoothstep(0.18, 0.26, np.hypot(u, v)), soft
    if pattern == "denim":
        return 0.10 * np.clip(smooth_noise(rng, TILE_PX, 2, 3) + 0.3, 0, 1.5), soft * (
            1 + 0.07 * smooth_noise(rng, TILE_PX, 12, 80)
        )
    if pattern == "knitted":
        return nothing, soft * (1 + 0.10 * np.sin(2 * np.pi * 18 * x) + 0.03 * np.sin(2 * np.pi * 30 * y))
    if pattern == "leather":
        return nothing, 1 + 0.05 * fractal_noise(rng, TILE_PX, 8, 3)
    return nothing, soft
