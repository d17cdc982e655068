"""What a renderer gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cinescene.tensor_types import Bool, Float, Tensor, UInt8


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One picture and what is known of each pixel.

    ``colour``
        sRGB, 8 bits; anti-aliased.
    ``depth_m``
        z-depth of what the pixel's centre shows; distance in a panorama; infinity for sky.
    ``subject_mask``
        Pixels whose centre shows a subject.
    ``subject_and_shadow_mask``
        Every pixel that subjects change: those that they touch, and those that their shadows darken. A picture of the
        same stage without subjects has the same bytes everywhere else.
    ``normals``
        Unit surface normals in the world at pixel centres, zero for sky; None unless asked for.
    """

    colour: UInt8[Tensor, "3 h w"]
    depth_m: Float[Tensor, "h w"]
    subject_mask: Bool[Tensor, "h w"]
    subject_and_shadow_mask: Bool[Tensor, "h w"]
    normals: Float[Tensor, "3 h w"] | None = None


class FramePair(NamedTuple):
    """The same view with and without its subjects; the masks are those of the frame with them."""

    with_subject: Frame
    without_subject: Frame
    subject_mask: Bool[Tensor, "h w"]
    subject_and_shadow_mask: Bool[Tensor, "h w"]
