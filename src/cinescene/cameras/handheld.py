"""The unrest of a camera held by hand: seeded noise within a band of frequencies."""

import math

import torch

from cinescene.tensor_types import Float, Tensor

LOWEST_HZ = 0.25
HIGHEST_HZ = 4.0
WAVES = 24
DETRENDED = 5 / 3
"""Mean square of unit noise after the line between its ends is taken off: 1 + ∫(s² + (1 − s)²)ds."""


def unrest(times_s: Float[Tensor, "t"], duration_s: float, seed: int, channels: int = 6) -> Float[Tensor, "t channels"]:
    """Smooth noise of about unit root mean square in independent channels; exactly 0 at 0 and at ``duration_s``.

    Each channel is a sum of sines with frequencies spread from `LOWEST_HZ` to `HIGHEST_HZ` in equal ratios (jittered),
    amplitudes falling as 1/f, and random phases, so that nothing lies outside the band. The straight line between the
    values at both ends is taken off: the camera is at its mark when the take begins and ends, yet never at rest.
    The same seed gives the same noise, and the same frequencies for any duration.
    """
    generator = torch.Generator().manual_seed(seed)
    jitter = torch.rand(channels, WAVES, generator=generator, dtype=torch.float64)
    phase = 2 * math.pi * torch.rand(channels, WAVES, generator=generator, dtype=torch.float64)
    step = (HIGHEST_HZ / LOWEST_HZ) ** (1 / WAVES)
    frequency_hz = LOWEST_HZ * step ** (torch.arange(WAVES, dtype=torch.float64) + jitter)
    amplitude = 1 / frequency_hz
    amplitude = amplitude * (math.sqrt(2 / DETRENDED) / torch.linalg.vector_norm(amplitude, dim=-1, keepdim=True))

    def waves(at_s: Tensor) -> Tensor:
        angle = 2 * math.pi * frequency_hz * at_s[..., None, None] + phase
        return (amplitude * torch.sin(angle)).sum(-1)

    first, last = waves(times_s.new_tensor([0.0, duration_s])).unbind(0)
    share = (times_s / duration_s)[:, None] if duration_s > 0 else torch.zeros_like(times_s)[:, None]
    return waves(times_s) - (first * (1 - share) + last * share)
