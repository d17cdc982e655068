"""Regions of pictures that a measure looks at: means over them, and what to do about filters that reach outside.

A region is boolean, true where the picture counts. Masked (false) pixels never have any influence on a result: they are
replaced by the same grey in both pictures before anything that looks at neighbourhoods.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.tensor_types import Bool, Float, Tensor

GREY = 0.5


def check_pair(image: Tensor, reference: Tensor, region: Tensor | None) -> None:
    """Raises `InputError` unless both are pictures in [0, 1] of one shape and the region fits them."""
    if image.shape != reference.shape or image.shape[-3] != 3:
        raise InputError(
            f"expected a picture and a reference of one shape (…, 3, h, w), got {tuple(image.shape)} and "
            f"{tuple(reference.shape)}"
        )
    for name, picture in (("picture", image), ("reference", reference)):
        low, high = float(picture.min()), float(picture.max())
        if not (low >= -1e-4 and high <= 1 + 1e-4):
            raise InputError(f"expected a {name} with values from 0 to 1, got {low:.4g} to {high:.4g}")
    if region is not None and region.shape != image.shape[:-3] + image.shape[-2:]:
        raise InputError(
            f"expected a region of shape {tuple(image.shape[:-3] + image.shape[-2:])}, got {tuple(region.shape)}"
        )


def full_region(image: Float[Tensor, "*b 3 h w"]) -> Bool[Tensor, "*b h w"]:
    """The whole of each picture."""
    return torch.ones(image.shape[:-3] + image.shape[-2:], dtype=torch.bool, device=image.device)


def region_mean(values: Float[Tensor, "*b h w"], region: Bool[Tensor, "*b h w"]) -> Float[Tensor, "*b"]:
    """Mean over each picture's region; NaN where that is empty."""
    total = torch.where(region, values, torch.zeros_like(values)).sum((-2, -1))
    return total / region.sum((-2, -1))


def neutralised(image: Float[Tensor, "*b 3 h w"], region: Bool[Tensor, "*b h w"]) -> Float[Tensor, "*b 3 h w"]:
    """The picture with everything outside the region in one grey."""
    return torch.where(region[..., None, :, :], image, torch.full_like(image, GREY))


def shrunken(region: Bool[Tensor, "*b h w"], radius_px: int) -> Bool[Tensor, "*b h w"]:
    """Pixels whose square neighbourhood of a radius lies in the region; the picture's border does not count as outside.

    A filter of that radius gives, at these pixels, results that no masked pixel had a part in.
    """
    outside = (~region).to(torch.float32).reshape(-1, 1, *region.shape[-2:])
    reach = F.max_pool2d(outside, (2 * radius_px + 1, 1), stride=1, padding=(radius_px, 0))
    reach = F.max_pool2d(reach, (1, 2 * radius_px + 1), stride=1, padding=(0, radius_px))
    return (reach == 0).reshape(region.shape)
