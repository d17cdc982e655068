"""PSNR and SSIM over whole pictures or over regions of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.evaluation.regions import check_pair, full_region, neutralised, region_mean
from cinescene.tensor_types import Bool, Float, Tensor

SSIM_TAPS = 11
SSIM_SIGMA_PX = 1.5
SSIM_LUMINANCE = 0.01**2
SSIM_CONTRAST = 0.03**2


def mean_squared_error(
    image: Float[Tensor, "*b 3 h w"],
    reference: Float[Tensor, "*b 3 h w"],
    region: Bool[Tensor, "*b h w"] | None = None,
) -> Float[Tensor, "*b"]:
    """Mean over the region's pixels and the three channels; NaN for an empty region."""
    check_pair(image, reference, region)
    squared = (image.double() - reference.double()).square().mean(-3)
    return region_mean(squared, full_region(image) if region is None else region).to(image.dtype)


def psnr(
    image: Float[Tensor, "*b 3 h w"],
    reference: Float[Tensor, "*b 3 h w"],
    region: Bool[Tensor, "*b h w"] | None = None,
) -> Float[Tensor, "*b"]:
    """Peak signal-to-noise ratio in dB of RGB in [0, 1], −10·log₁₀(MSE): infinite for equal pictures.

    One value a picture. NaN for an empty region. Raises `InputError` for shapes or values that do not fit.
    """
    return -10 * torch.log10(mean_squared_error(image, reference, region))


def ssim(
    image: Float[Tensor, "*b 3 h w"],
    reference: Float[Tensor, "*b 3 h w"],
    region: Bool[Tensor, "*b h w"] | None = None,
) -> Float[Tensor, "*b"]:
    """Structural similarity, 1 for equal pictures; the mean over the three channels.

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004: Gaussian
    window of 11 taps and 1.5 px, K₁ = 0.01, K₂ = 0.03, data range 1, windows that lie in the picture whole. Under a
    mask, windows centred on counted pixels are used, and within each the Gaussian weights of masked pixels are left
    out and the rest normalised. NaN where no window is left, as in pictures of less than 11 pixels a side.
    """
    check_pair(image, reference, region)
    batch = image.shape[:-3]
    if min(image.shape[-2:]) < SSIM_TAPS:
        return torch.full(batch, torch.nan, dtype=image.dtype, device=image.device)
    region = full_region(image) if region is None else region
    weight = region[..., None, :, :].to(image.dtype)
    first, second = neutralised(image, region), neutralised(reference, region)
    parts = torch.cat([first, second, first * first, second * second, first * second], dim=-3) * weight
    sums = _window_sums(
        torch.cat([parts, weight], dim=-3).flatten(0, -4) if batch else torch.cat([parts, weight])[None]
    )
    total = sums[:, 15:].clamp_min(1e-12)
    mean_a, mean_b, square_a, square_b, product = (sums[:, :15] / total).unflatten(1, (5, 3)).unbind(1)
    variances = square_a - mean_a.square() + square_b - mean_b.square()
    covariance = product - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + SSIM_LUMINANCE) / (mean_a.square() + mean_b.square() + SSIM_LUMINANCE)
    structure = (2 * covariance + SSIM_CONTRAST) / (variances + SSIM_CONTRAST)
    half = SSIM_TAPS // 2
    centres = region[..., half:-half, half:-half].reshape(len(sums), *sums.shape[-2:])
    return region_mean((luminance * structure).mean(1), centres).reshape(batch)


def _window_sums(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
    """Gaussian-weighted sums over every window that lies in the picture whole."""
    offsets = torch.arange(SSIM_TAPS, dtype=maps.dtype, device=maps.device) - SSIM_TAPS // 2
    gauss = torch.exp(-offsets.square() / (2 * SSIM_SIGMA_PX**2))
    gauss = gauss / gauss.sum()
    channels = maps.shape[1]
    columns = F.conv2d(maps, gauss.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(columns, gauss.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
