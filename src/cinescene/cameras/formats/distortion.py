"""Lens distortion: our cameras have none, so it is measured, reported, and refused where it matters.

Models and their parameters are COLMAP's (``src/colmap/sensor/models.h``), which nerfstudio shares; all but the fisheye
ones distort points of the plane at depth 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cinescene.errors import InputError

MAX_SHIFT = 0.05
"""Largest displacement, as a share of the picture's longer side, that is only reported; beyond it a lens is refused."""

Plane = Callable[[np.ndarray, np.ndarray, Sequence[float]], tuple[np.ndarray, np.ndarray]]
"""Where points (x, y) of the plane at depth 1 are seen, given the model's distortion parameters."""


def radial_tangential(x: np.ndarray, y: np.ndarray, p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """OpenCV's rational model; ``p`` is k1 k2 p1 p2 k3 k4 k5 k6, cut off where the rest is zero."""
    k1, k2, p1, p2, k3, k4, k5, k6 = [*p, *[0.0] * (8 - len(p))]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
        y * radial + 2 * p2 * x * y + p1 * (r2 + 2 * y * y),
    )


def radial(x: np.ndarray, y: np.ndarray, p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Polynomial radial distortion; ``p`` is k1 or k1 k2."""
    return radial_tangential(x, y, p)


def polynomial(x: np.ndarray, y: np.ndarray, p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """nerfstudio's perspective model, of which k4 is the r⁸ term; ``p`` is k1 k2 p1 p2 k3 k4."""
    k1, k2, p1, p2, k3, k4 = p
    r2 = x * x + y * y
    seen_x, seen_y = radial_tangential(x, y, (k1, k2, p1, p2, k3))
    return seen_x + x * k4 * r2**4, seen_y + y * k4 * r2**4


def field_of_view(x: np.ndarray, y: np.ndarray, p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The FOV model (Devernay and Faugeras, 2001); ``p`` is omega."""
    radius = np.maximum(np.hypot(x, y), 1e-12)
    omega = p[0]
    if abs(omega) < 1e-9:
        return x, y
    factor = np.arctan(2 * radius * np.tan(omega / 2)) / (omega * radius)
    return x * factor, y * factor


def division(x: np.ndarray, y: np.ndarray, p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The division model (Fitzgibbon, 2001): undistorted = distorted / (1 + k r²); ``p`` is k."""
    r2 = x * x + y * y
    factor = 2 / (1 + np.sqrt(np.maximum(1 - 4 * p[0] * r2, 0)))
    return x * factor, y * factor


@dataclass(frozen=True, kw_only=True)
class Distorted:
    """A lens with distortion: pinhole numbers in pixels, and the model's further parameters."""

    name: str
    plane: Plane | None
    parameters: tuple[float, ...]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    size_px: tuple[int, int]

    def largest_shift_px(self) -> float:
        """How far the model moves the point that a pinhole would see at the picture's border, at most; pixels."""
        if self.plane is None:
            return float("inf")
        if not any(self.parameters):
            return 0.0
        side = np.linspace(0, 1, 17)
        u, v = np.meshgrid(side * self.size_px[0], side * self.size_px[1])
        x = (u - self.centre_px[0]) / self.focal_px[0]
        y = (v - self.centre_px[1]) / self.focal_px[1]
        with np.errstate(all="ignore"):
            seen_x, seen_y = self.plane(x, y, self.parameters)
            shift = np.hypot((seen_x - x) * self.focal_px[0], (seen_y - y) * self.focal_px[1])
        return float(np.nan_to_num(shift, nan=np.inf).max())


def distortion_note(lens: Distorted, where: str, ignore: bool) -> str | None:
    """A sentence on the distortion that is left out, or None where there is none to speak of (under 0.01 px).

    Raises `InputError` where the distortion moves the border by more than `MAX_SHIFT` of the picture, or the model is a
    fisheye's, unless ``ignore`` is set.
    """
    shift = lens.largest_shift_px()
    if shift < 0.01:
        return None
    share = shift / max(lens.size_px)
    amount = "as a fisheye does" if np.isinf(shift) else f"by up to {shift:.1f} px ({share:.1%} of the picture)"
    if share > MAX_SHIFT and not ignore:
        raise InputError(
            f"{where}: the lens ({lens.name}) bends the picture {amount}, too much to take it for a pinhole; undistort "
            "the pictures first, or leave the distortion out on purpose (ignore_distortion)"
        )
    return f"Lens distortion ({lens.name}) is left out: it bends the picture {amount}."
