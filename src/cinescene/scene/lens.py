"""The lens of a photo: by its EXIF data, or a stated assumption."""

from __future__ import annotations

import math
from typing import Literal

from cinescene.cameras.camera import intrinsics_matrix
from cinescene.scene.exif import FULL_FRAME_DIAGONAL_MM
from cinescene.tensor_types import Float, Tensor

ASSUMED_FOCAL_35MM = 28.0
"""A usual phone's main lens: about 65° across a 3:2 picture. Taken where nothing tells the lens."""

LensOrigin = Literal["exact", "calibrated", "exif", "assumed"]
"""How a view's lens is known: cut from a panorama, from a camera file, from EXIF data, or not at all."""


def photo_intrinsics(width_px: int, height_px: int, focal_px: float | None) -> tuple[Float[Tensor, "3 3"], LensOrigin]:
    """Centred intrinsics, square pixels, with the focal length by EXIF data or else the assumed one; and which."""
    assumed_px = ASSUMED_FOCAL_35MM * math.hypot(width_px, height_px) / FULL_FRAME_DIAGONAL_MM
    known = assumed_px if focal_px is None else focal_px
    return intrinsics_matrix(known, known, width_px / 2, height_px / 2), "assumed" if focal_px is None else "exif"
