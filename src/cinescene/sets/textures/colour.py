"""Colours of textures: sRGB numbers in [0, 1], mixed and shaded as they are (not linear light)."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer, UInt8

Colour = tuple[float, float, float]
Picture = Float[np.ndarray, "h w 3"]


def mix(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, amount: np.ndarray) -> Picture:
    """``first`` where ``amount`` (h, w) is 0, ``second`` where it is 1; colours or pictures."""
    a, b = np.asarray(first, dtype=np.float32), np.asarray(second, dtype=np.float32)
    amount = np.asarray(amount, dtype=np.float32)[..., None]
    return a + (b - a) * amount


def rgb(colour: Sequence[float]) -> Float[np.ndarray, "3"]:
    """A colour as an array."""
    return np.asarray(colour, dtype=np.float32)


def flat(size: int, colour: Sequence[float]) -> Picture:
    """A square picture of one colour; read-only."""
    return np.broadcast_to(rgb(colour), (size, size, 3))


def ramp(colours: Sequence[Colour], value: np.ndarray) -> Picture:
    """A colour for every value in [0, 1], by straight interpolation along a list of colours."""
    stops = np.linspace(0.0, 1.0, len(colours))
    table = np.asarray(colours, dtype=np.float32)
    value = np.clip(value, 0.0, 1.0)
    return np.stack([np.interp(value, stops, table[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def choose(colours: Sequence[Colour], index: Integer[np.ndarray, "*b"]) -> Float[np.ndarray, "*b 3"]:
    """The colour of each index, round and round the list."""
    table = np.asarray(colours, dtype=np.float32)
    return table[np.asarray(index) % len(table)]


def shaded(picture: Picture, factor: np.ndarray) -> Picture:
    """A picture with its brightness multiplied by a field (h, w)."""
    return picture * np.asarray(factor, dtype=np.float32)[..., None]


def lighter(colour: Colour, factor: float) -> Colour:
    """A colour made brighter (> 1) or darker (< 1), within [0, 1]."""
    r, g, b = (min(max(c * factor, 0.0), 1.0) for c in colour)
    return r, g, b


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour by hue (turns), saturation and value."""
    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))


def jittered(rng: np.random.Generator, colour: Colour, hue: float = 0.02, amount: float = 0.08) -> Colour:
    """A colour near another one."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    return hsv(h + rng.normal(0, hue), s * (1 + rng.normal(0, amount)), v * (1 + rng.normal(0, amount)))


def quantised(picture: Picture) -> UInt8[np.ndarray, "h w 3"]:
    """Eight bits a channel."""
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)
