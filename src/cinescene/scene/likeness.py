"""How much of a place two pictures both show, guessed from the pictures alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.tensor_types import Float, Tensor

PIXELS_PER_RAD = 80
WIDEST_RAD = math.radians(120)
TALLEST_TANGENT = 1.0
SURROUNDINGS_PX = 13

PEAKS_TRIED = 4
SMALLEST_SHARE, SMALLEST_COMMON_PIXELS = 0.12, 64
SAME_PLACE_CORRELATION = 0.4
"""Correlation of two aligned pictures above which they show the same place.

Of 65° views of four real panoramas this finds all pairs 18° apart (67 % shared), 74 of 80 pairs 36° apart (42 %), few
with less in common, and wrongly 3 of 520 pairs that share nothing.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fingerprint:
    """A picture reduced to its details, without shading, at one angular scale; ``seen`` is 0 outside the picture.

    It is laid on a cylinder about the camera, where turning the camera sideways merely shifts it.
    """

    details: Float[Tensor, "h w"]
    seen: Float[Tensor, "h w"]


def fingerprint(grey: Float[Tensor, "h w"], horizontal_fov_rad: float) -> Fingerprint:
    """The fingerprint of a picture in grey, [0, 1]; of very wide ones only the middle is used."""
    height, width = grey.shape
    focal_px = width / 2 / math.tan(horizontal_fov_rad / 2)
    columns = max(8, round(min(horizontal_fov_rad, WIDEST_RAD) * PIXELS_PER_RAD))
    rows = max(8, round(2 * min(height / 2 / focal_px, TALLEST_TANGENT) * PIXELS_PER_RAD))
    angle = (torch.arange(columns) + 0.5 - columns / 2) / PIXELS_PER_RAD
    rise = (torch.arange(rows) + 0.5 - rows / 2) / PIXELS_PER_RAD
    x = torch.tan(angle).expand(rows, columns) * (2 * focal_px / width)
    y = rise[:, None] / torch.cos(angle) * (2 * focal_px / height)
    reduced = F.avg_pool2d(grey[None, None], max(1, min(int(focal_px / PIXELS_PER_RAD), height, width)))
    grid = torch.stack([x, y], dim=-1)[None]
    picture = F.grid_sample(reduced, grid, padding_mode="border", align_corners=False)[0, 0]
    seen = ((y.abs() <= 1) & (x.abs() <= 1)).float()
    centred = (picture - (picture * seen).sum() / seen.sum().clamp(min=1)) * seen
    return Fingerprint(details=(centred - _around(centred) / (_around(seen) + 1e-3)) * seen, seen=seen)


def _around(values: Float[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    reach = SURROUNDINGS_PX // 2
    return F.avg_pool2d(F.pad(values[None, None], (reach,) * 4), SURROUNDINGS_PX, stride=1)[0, 0]


def shared_share(first: Fingerprint, second: Fingerprint) -> float | None:
    """Share of the first picture that the second shows too, a rough guess; None where nothing common is recognised.

    Shifts are proposed by phase correlation (Kuglin and Hines, "The phase correlation image alignment method", 1975),
    and the one at which the details of the shared part correlate best is taken. Pictures taken from places far apart,
    tilted against each other or with little in common are not recognised.
    """
    best, share = SAME_PLACE_CORRELATION, None
    for dy, dx in _likely_shifts(first, second):
        correlation, common = _compared(first, second, dy, dx)
        if correlation > best:
            best, share = correlation, common
    return share


def _likely_shifts(first: Fingerprint, second: Fingerprint) -> list[tuple[int, int]]:
    """The (dy, dx) by which the second may be the first moved."""
    sides = [a + b for a, b in zip(first.details.shape, second.details.shape, strict=True)]
    size = 2 ** math.ceil(math.log2(max(sides)))
    spectra = [torch.fft.rfft2(_windowed(x.details), s=(size, size)) for x in (first, second)]
    cross = spectra[1] * spectra[0].conj()
    surface = torch.fft.irfft2(cross / (cross.abs() + 1e-6 * cross.abs().max() + 1e-12), s=(size, size))
    peaks = surface.flatten().topk(PEAKS_TRIED).indices.tolist()
    return [((peak // size + size // 2) % size - size // 2, (peak + size // 2) % size - size // 2) for peak in peaks]


def _windowed(details: Float[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    """Fades a picture out towards its border, which phase correlation would otherwise take for its strongest detail."""
    rows, columns = (torch.hann_window(side, periodic=False).sqrt() for side in details.shape)
    return details * rows[:, None] * columns


def _compared(first: Fingerprint, second: Fingerprint, dy: int, dx: int) -> tuple[float, float]:
    """Correlation over the part that both show if the second is the first moved by (dy, dx), and that part's share."""
    rows = slice(max(0, -dy), min(first.details.shape[0], second.details.shape[0] - dy))
    columns = slice(max(0, -dx), min(first.details.shape[1], second.details.shape[1] - dx))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return 0.0, 0.0
    moved = slice(rows.start + dy, rows.stop + dy), slice(columns.start + dx, columns.stop + dx)
    both = first.seen[rows, columns] * second.seen[moved]
    common = float(both.sum())
    if common < max(SMALLEST_COMMON_PIXELS, SMALLEST_SHARE * min(float(first.seen.sum()), float(second.seen.sum()))):
        return 0.0, 0.0
    a, b = first.details[rows, columns] * both, second.details[moved] * both
    correlation = float((a * b).sum() / (a.norm() * b.norm() + 1e-9))
    return correlation, common / float(first.seen.sum())
