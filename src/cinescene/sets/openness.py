"""How open a set is at each place: ambient light is dimmed in corners and under things, the same from every view.

The set is cut into cubes. For each cube and each of 26 directions, the light that arrives is 1 − O with the obscurance
O = 1 next to a solid cube and O = exp(−distance / range) of what lies further on (Zhukov et al., "An ambient light
illumination model", 1998). Its mean a and first moment b are the first two bands of spherical harmonics; a surface of
normal n receives a + 2 b·n under the cosine law (Ramamoorthi and Hanrahan, 2001).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

LARGEST_SIDE = 96
SMALLEST_CUBE_M = 0.1
RANGE_M = 0.9


@dataclass(frozen=True, kw_only=True)
class Openness:
    """The field on a grid: ``coefficients[z, y, x]`` holds b (mapped from [−1, 1]) and a as bytes."""

    coefficients: UInt8[np.ndarray, "z y x 4"]
    low: Float[np.ndarray, "3"]
    cube_m: float

    @classmethod
    def of_triangles(cls, corners: Float32[np.ndarray, "m 3 3"]) -> Openness:
        """The field of a set of triangles (metres)."""
        if not len(corners):
            return cls(coefficients=np.full((1, 1, 1, 4), [128, 128, 128, 255], np.uint8), low=np.zeros(3), cube_m=1.0)
        low, high = corners.min((0, 1)).astype(np.float64), corners.max((0, 1)).astype(np.float64)
        cube = max(SMALLEST_CUBE_M, float((high - low).max()) / (LARGEST_SIDE - 4))
        low = low - 2 * cube
        size = np.ceil((high - low) / cube).astype(int) + 2
        solid = _solid_cubes(corners, low, cube, size)
        coefficients = _directional_mean(solid, cube)
        return cls(coefficients=coefficients, low=low, cube_m=cube)


def _solid_cubes(corners: np.ndarray, low: np.ndarray, cube_m: float, size: np.ndarray) -> Bool[np.ndarray, "x y z"]:
    """Cubes that hold a part of a triangle: triangles are covered with points less than half a cube apart."""
    edge = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(1)
    steps = np.maximum(1, np.ceil(edge / (0.5 * cube_m))).astype(int)
    solid = np.zeros(tuple(size), dtype=bool)
    for count in np.unique(steps):
        i, j = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        inside = i + j <= count
        weights = np.stack([count - i - j, i, j], axis=-1)[inside] / count
        for part in np.array_split(
            corners[steps == count], max(1, len(weights) * int((steps == count).sum()) // 10**6)
        ):
            cells = ((weights @ part - low) / cube_m).astype(int).reshape(-1, 3)
            solid[tuple(cells.T)] = True
    return solid


def _directional_mean(solid: np.ndarray, cube_m: float) -> UInt8[np.ndarray, "z y x 4"]:
    mean = np.zeros(solid.shape, dtype=np.float32)
    moment = np.zeros((*solid.shape, 3), dtype=np.float32)
    directions = [d for d in itertools.product((-1, 0, 1), repeat=3) if any(d)]
    for direction in directions:
        arriving = 1 - _obscurance(solid, direction, math.exp(-cube_m * math.hypot(*direction) / RANGE_M))
        mean += arriving
        unit = np.array(direction, dtype=np.float32) / math.hypot(*direction)
        moment += arriving[..., None] * unit
    count = len(directions)
    packed = np.concatenate([moment / count + 0.5, mean[..., None] / count], axis=-1)
    return np.ascontiguousarray(np.round(np.clip(packed, 0, 1) * 255).astype(np.uint8).transpose(2, 1, 0, 3))


def _obscurance(solid: np.ndarray, direction: tuple[int, ...], kept: float) -> Float32[np.ndarray, "x y z"]:
    """1 where the next cube along the direction is solid, else what that cube has, times ``kept``."""
    axis = next(i for i, d in enumerate(direction) if d)
    order = [axis, *(i for i in range(3) if i != axis)]
    ahead = solid.transpose(order)
    shift = tuple(direction[i] for i in order[1:])
    result = np.zeros(ahead.shape, dtype=np.float32)
    count = len(ahead)
    for step in range(1, count):
        i = count - 1 - step if direction[axis] > 0 else step
        following = i + direction[axis]
        result[i] = _shifted(np.where(ahead[following], 1.0, kept * result[following]).astype(np.float32), shift)
    return result.transpose(np.argsort(order))


def _shifted(plane: np.ndarray, shift: tuple[int, ...]) -> np.ndarray:
    """``out[i, j] = plane[i + shift[0], j + shift[1]]``, zero beyond the edge."""
    padded = np.pad(plane, 1)
    rows, columns = plane.shape
    return padded[1 + shift[0] : 1 + shift[0] + rows, 1 + shift[1] : 1 + shift[1] + columns]
