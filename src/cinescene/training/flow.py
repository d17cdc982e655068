"""Flow matching: times, noisy latents and the loss.

x_t = (1 − t) data + t noise, velocity = noise − data (Lipman et al., "Flow Matching for Generative Modeling", 2023;
t runs from data to noise as everywhere here). The time shift is that of Esser et al., "Scaling Rectified Flow
Transformers", 2024, section 5.3.2: t → s t / (1 + (s − 1) t).
"""

from __future__ import annotations

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor


def shifted(time: Float[Tensor, "*b"], shift: float) -> Float[Tensor, "*b"]:
    """Uniform times moved towards noise (``shift`` above 1)."""
    if shift <= 0:
        raise InputError(f"time shift: expected a positive number, got {shift}")
    return shift * time / (1 + (shift - 1) * time)


def noisy(
    data: Float[Tensor, "b c t h w"], noise: Float[Tensor, "b c t h w"], time: Float[Tensor, " b"]
) -> Float[Tensor, "b c t h w"]:
    """x_t of each sample."""
    at = time[:, None, None, None, None].to(data.dtype)
    return (1 - at) * data + at * noise


def flow_loss(
    velocity: Float[Tensor, "b c t h w"],
    data: Float[Tensor, "b c t h w"],
    noise: Float[Tensor, "b c t h w"],
    weight: Float[Tensor, "b #c t h w"] | None = None,
    *,
    variance: Float[Tensor, "b #c t h w"] | None = None,
    robust: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean squared error of the velocity; ``weight`` counts some cells, channels or samples more than others.

    ``variance`` scales the squared errors before ``robust`` is looked at. With ``robust`` = c above 0 errors beyond c
    count by their size instead of their square (pseudo-Huber: 2 c² (√(1 + (e/c)²) − 1); Charbonnier et al., 1997): the
    best prediction is then nearer to the median than to the mean of what may be there, which is what is wanted where
    most of the data agree with a hint and a few are far from it.
    """
    error = (velocity.float() - (noise - data).float()).square()
    if variance is not None:
        error = error * variance
    if robust > 0:
        error = 2 * error / (1 + (1 + error / robust**2).sqrt())
    return error.mean() if weight is None else (error * weight).mean()
