"""Times at which a moving point has gone equal distances."""

from collections.abc import Callable

import numpy as np
import torch

from cinescene.tensor_types import Float, Tensor

Speed = Callable[[Tensor], Tensor]
"""Times (t,) to speeds (t,)."""

PIECES_PER_SEGMENT = 32
STEPS = 20
"""Newton's method, or bisection where it would leave the bracket; distances are met to a millionth of a piece."""


def distances(speed: Speed, starts_s: Float[Tensor, "n"], ends_s: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Distance gone in each interval: 8-point Gauss–Legendre quadrature of the speed."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(8))
    half = (ends_s - starts_s) / 2
    times = starts_s[:, None] + half[:, None] * (1 + nodes)
    return half * (speed(times.reshape(-1)).reshape(times.shape) @ weights)


def segment_lengths(speed: Speed, key_times_s: Float[Tensor, "k"]) -> Float[Tensor, "k-1"]:
    """Length of the curve between neighbouring keys; it should be smooth between them."""
    grid = _grid(key_times_s)
    return distances(speed, grid[:-1], grid[1:]).reshape(len(key_times_s) - 1, -1).sum(-1)


def evenly_spread_times(speed: Speed, key_times_s: Float[Tensor, "k"], count: int) -> Float[Tensor, "t"]:
    """``count`` times from the first key to the last, with equal distances along the curve between them."""
    grid = _grid(key_times_s)
    gone = torch.cat([grid.new_zeros(1), distances(speed, grid[:-1], grid[1:]).cumsum(0)])
    wanted = torch.linspace(0, 1, count, dtype=grid.dtype) * gone[-1]
    piece = (torch.searchsorted(gone, wanted, right=True) - 1).clamp(0, len(grid) - 2)
    start, low, high = grid[piece], grid[piece], grid[piece + 1]
    missing = wanted - gone[piece]
    times = (low + high) / 2
    for _ in range(STEPS):
        excess = distances(speed, start, times) - missing
        low, high = torch.where(excess < 0, times, low), torch.where(excess < 0, high, times)
        newton = times - excess / speed(times).clamp_min(1e-300)
        times = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
    times[0], times[-1] = grid[0], grid[-1]
    return times


def _grid(key_times_s: Tensor) -> Tensor:
    shares = torch.arange(PIECES_PER_SEGMENT, dtype=key_times_s.dtype) / PIECES_PER_SEGMENT
    inner = key_times_s[:-1, None] + shares * key_times_s.diff()[:, None]
    return torch.cat([inner.reshape(-1), key_times_s[-1:]])
