"""Giving a shot the detail of its previz that the autoencoder cannot carry.

A latent cell stands for four frames of 8×8 pixels, so a small autoencoder averages what a fast camera sees. What it
lost of the previz is known exactly: the previz less its own way through the autoencoder. Where the decoded shot agrees
with the previz decoded, that difference belongs into the shot as well; where the model put something else, it does not.
The previz may be larger than what the model made: then so is the shot, with the previz's detail where both agree.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

REACH_PX = 5
"""Side of the square over which agreement is judged."""


def with_detail(
    shot: Float[Tensor, "t 3 h w"],
    previz: Float[Tensor, "t 3 h2 w2"],
    decoded_previz: Float[Tensor, "t 3 h w"],
    tolerance: float,
) -> Float[Tensor, "t 3 h2 w2"]:
    """The shot with what ``decoded_previz`` lacks of ``previz``, weighted by exp(−d² / 2 ``tolerance``²).

    d is the root mean square over the colours of how far shot and ``decoded_previz`` differ on average around a pixel.
    All in [0, 1]; ``previz`` as the autoencoder was given it, grey where it is not trusted. A shot that equals
    ``decoded_previz`` becomes ``previz``. A larger ``previz`` gives a shot of its size: agreement is judged where the
    model worked, and shot and ``decoded_previz`` are enlarged alike. Raises `InputError` for a tolerance that is not
    positive.
    """
    if not tolerance > 0:
        raise InputError(f"detail: expected a positive tolerance, got {tolerance}")
    apart = (_around(shot) - _around(decoded_previz)).square().mean(1, keepdim=True)
    weight = torch.exp(-apart / (2 * tolerance**2))
    size = previz.shape[-2:]
    if size != shot.shape[-2:]:
        shot, decoded_previz = (_enlarged(pictures, size, "bicubic") for pictures in (shot, decoded_previz))
        weight = _enlarged(weight, size, "bilinear")
    return (shot + weight * (previz - decoded_previz)).clamp(0, 1)


def _enlarged(pictures: Float[Tensor, "t c h w"], size: torch.Size, mode: str) -> Float[Tensor, "t c h2 w2"]:
    return F.interpolate(pictures, size=tuple(size), mode=mode, align_corners=False)


def _around(pictures: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 h w"]:
    reach = REACH_PX // 2
    return F.avg_pool2d(F.pad(pictures, (reach,) * 4, mode="replicate"), REACH_PX, stride=1)
