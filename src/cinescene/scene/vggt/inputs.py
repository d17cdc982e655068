"""Views of any size made fit for a VGGT, their cameras kept true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.cameras.camera import Cameras
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Int, Tensor

ASPECT_TOLERANCE = 0.08
"""How much a picture's shape may change by resizing alone; beyond that its longer side is cropped first."""
MAX_VIEWS = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedViews:
    """Views of one size in whole patches.

    ``cameras`` belong to the fitted pictures (None if none were given). ``kept_px`` is the rectangle of each source
    picture that they show: left, top, width, height.
    """

    images: Float[Tensor, "v 3 h w"]
    cameras: Cameras | None
    kept_px: Int[Tensor, "v 4"]


def fit_images(
    images: Float[Tensor, "v c h w"] | Sequence[Tensor],
    cameras: Cameras | None = None,
    *,
    longest_px: int = 518,
    multiple_px: int = 14,
) -> FittedViews:
    """Views (3, h, w), of one size or of many, resized with antialiasing to one size in multiples of ``multiple_px``.

    The longest side becomes the multiple nearest to ``longest_px``, and the shape is that of the views' median aspect
    ratio. A view within 8% of that shape is stretched to it (fx ≠ fy in its camera); another one is cropped about its
    centre. Cameras (v,) are perspective, each with its own picture's size. Raises `InputError` for pictures that are
    not RGB, not finite or empty, and for cameras of another number or size.
    """
    views = list(images)
    _check_views(views, cameras)
    width, height = _common_size(views, longest_px, multiple_px)
    fitted, kept = [], []
    for view in views:
        rectangle = _kept(view.shape[-1], view.shape[-2], width / height)
        left, top, kept_width, kept_height = rectangle
        part = view[:, top : top + kept_height, left : left + kept_width].float()
        if part.shape[-2:] != (height, width):
            part = F.interpolate(part[None], size=(height, width), mode="bicubic", antialias=True)[0].clamp(0, 1)
        fitted.append(part)
        kept.append(rectangle)
    return FittedViews(
        images=torch.stack(fitted),
        cameras=None if cameras is None else _fitted_cameras(cameras, kept, width, height),
        kept_px=torch.tensor(kept),
    )


def _common_size(views: list[Tensor], longest_px: int, multiple_px: int) -> tuple[int, int]:
    if longest_px < multiple_px:
        raise InputError(f"scene views: expected a longest side of at least {multiple_px} px, got {longest_px}")
    aspects = torch.tensor([view.shape[-1] / view.shape[-2] for view in views], dtype=torch.float64)
    aspect = float(aspects.median())
    longest = round(longest_px / multiple_px)
    shortest = max(round(longest * min(aspect, 1 / aspect)), 1)
    columns, rows = (longest, shortest) if aspect >= 1 else (shortest, longest)
    return columns * multiple_px, rows * multiple_px


def _kept(width: int, height: int, aspect: float) -> tuple[int, int, int, int]:
    ratio = width / height / aspect
    if 1 / (1 + ASPECT_TOLERANCE) <= ratio <= 1 + ASPECT_TOLERANCE:
        return 0, 0, width, height
    if ratio > 1:
        kept = max(round(height * aspect), 1)
        return (width - kept) // 2, 0, kept, height
    kept = max(round(width / aspect), 1)
    return 0, (height - kept) // 2, width, kept


def _fitted_cameras(cameras: Cameras, kept: list[tuple[int, int, int, int]], width: int, height: int) -> Cameras:
    return Cameras.cat(
        [cameras[i : i + 1].cropped(*rectangle).resized(width, height) for i, rectangle in enumerate(kept)]
    )


def _check_views(views: list[Tensor], cameras: Cameras | None) -> None:
    if not 1 <= len(views) <= MAX_VIEWS:
        raise InputError(f"scene views: expected 1 to {MAX_VIEWS} pictures, got {len(views)}")
    for index, view in enumerate(views):
        if view.ndim != 3 or view.shape[0] != 3:
            raise InputError(f"scene views: expected RGB pictures (3, h, w), but view {index} is {tuple(view.shape)}")
        if min(view.shape[-2:]) < 1:
            raise InputError(f"scene views: view {index} is empty ({view.shape[-1]}×{view.shape[-2]} px)")
        if not view.is_floating_point():
            raise InputError(f"scene views: expected floats in [0, 1], but view {index} holds {view.dtype}")
        if not torch.isfinite(view).all():
            raise InputError(f"scene views: view {index} holds NaN or infinity; expected colours in [0, 1]")
    if cameras is None:
        return
    if cameras.projection != "perspective" or tuple(cameras.batch_shape) != (len(views),):
        raise InputError(
            f"scene views: expected perspective cameras of shape ({len(views)},), got {cameras.projection} cameras of "
            f"shape {tuple(cameras.batch_shape)}; cut panoramas into perspective views first"
        )
    for index, view in enumerate(views):
        size = tuple(int(side) for side in cameras.image_size_px[index])
        if size != (view.shape[-1], view.shape[-2]):
            raise InputError(
                f"scene views: view {index} is {view.shape[-1]}×{view.shape[-2]} px, but its camera says "
                f"{size[0]}×{size[1]}"
            )
