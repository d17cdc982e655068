"""Periodic noise on a square picture: the raw material of every texture. All of it tiles without a seam."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

Field = Float[np.ndarray, "n n"]


@lru_cache(maxsize=128)
def _spline_weights(size: int, cells: int) -> np.ndarray:
    """Periodic cubic B-spline interpolation from ``cells`` to ``size`` samples, as a matrix (size, cells)."""
    place = (np.arange(size) + 0.5) / size * cells
    first = np.floor(place).astype(int)
    t = place - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=-1) / 6
    matrix = np.zeros((size, cells), dtype=np.float32)
    for k in range(4):
        np.add.at(matrix, (np.arange(size), (first + k - 1) % cells), weights[:, k])
    return matrix


def smooth_noise(rng: np.random.Generator, size: int, rows: int, columns: int) -> Field:
    """Smooth random bumps, ``rows`` × ``columns`` of them over the picture; mean 0, deviation 1."""
    rows, columns = min(rows, size), min(columns, size)
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    return _standardised(_spline_weights(size, rows) @ grid @ _spline_weights(size, columns).T)


def fractal_noise(
    rng: np.random.Generator,
    size: int,
    cells: int = 4,
    octaves: int = 5,
    gain: float = 0.55,
    stretch: tuple[int, int] = (1, 1),
) -> Field:
    """Octaves of `smooth_noise`, each twice as fine and ``gain`` as strong; mean 0, deviation 1.

    ``stretch`` multiplies the number of bumps down and across: (8, 1) gives grain that runs across the picture.
    """
    total = np.zeros((size, size), dtype=np.float32)
    strength = 1.0
    for octave in range(octaves):
        count = cells * 2**octave
        total += strength * smooth_noise(rng, size, count * stretch[0], count * stretch[1])
        strength *= gain
    return _standardised(total)


def creases(rng: np.random.Generator, size: int, width: float) -> Field:
    """Fine meandering lines, as of cracks and veins: 1 where a rough field is 0, less about it (``width``)."""
    return np.exp(-np.abs(fractal_noise(rng, size, 2, 6, gain=0.6)) / width)


def _standardised(field: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    field = field - field.mean()
    deviation = float(field.std())
    return field / deviation if deviation > 1e-4 else np.zeros_like(field)


def fractal_line(
    rng: np.random.Generator, size: int, cells: int, octaves: int = 1, gain: float = 0.5
) -> Float[np.ndarray, "n"]:
    """`fractal_noise` along a line: periodic, mean 0, deviation 1."""
    total = np.zeros(size, dtype=np.float32)
    for octave in range(octaves):
        count = min(cells * 2**octave, size)
        total += gain**octave * (_spline_weights(size, count) @ rng.standard_normal(count).astype(np.float32))
    return _standardised(total)


def grain_noise(rng: np.random.Generator, size: int) -> Field:
    """Independent noise in every pixel, deviation 1."""
    return rng.standard_normal((size, size)).astype(np.float32)


def shifted_lookup(field: Field, down: Int[np.ndarray, "n n"], across: Int[np.ndarray, "n n"]) -> Field:
    """The field read at shifted pixels, wrapping round: other material for every board or stone."""
    size = field.shape[0]
    line = np.arange(size)
    return field[(line[:, None] + down) % size, (line[None, :] + across) % size]


def blurred(field: Field, sigma_px: float) -> Field:
    """A periodic Gaussian blur."""
    size = field.shape[0]
    frequency = np.fft.fftfreq(size)
    decay = np.exp(-2 * (np.pi * sigma_px * frequency) ** 2)
    spectrum = np.fft.rfft2(field) * decay[:, None] * decay[None, : size // 2 + 1]
    return np.fft.irfft2(spectrum, s=field.shape).astype(np.float32)


def cavity(height: Field, sigma_px: float = 2.0) -> Field:
    """How far a height field lies above its surroundings: negative in pits and joints. Independent of any light."""
    return height - blurred(height, sigma_px)


def unit_grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of pixel centres over the tile, x to the right and y **down**, in (0, 1); read-only."""
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return np.broadcast_to(line[None, :], (size, size)), np.broadcast_to(line[:, None], (size, size))


def smoothstep(low: float | int, high: float | int, value: np.ndarray) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)
