"""The geometry that is assumed where none was measured: a flat ground and a far dome."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from cinescene.errors import GeometryError
from cinescene.tensor_types import Float, Tensor


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A ground plane below the photographer and a sphere around the place, in a z-up world in metres.

    The origin is where the picture was taken. The ground lies ``camera_height_m`` below it; everything else is taken to
    be ``dome_radius_m`` away from it. For a camera that stays at the origin the geometry does not matter: turning and
    zooming are exact. Away from the origin, what stands nearer or farther than assumed slides.
    """

    camera_height_m: float = 1.6
    dome_radius_m: float = 15.0

    def __post_init__(self) -> None:
        for name, value in (("camera height", self.camera_height_m), ("dome radius", self.dome_radius_m)):
            if not (value > 0 and math.isfinite(value)):
                raise GeometryError(f"{name}: expected a positive number of metres, got {value}")
        if self.dome_radius_m <= self.camera_height_m:
            raise GeometryError(
                f"dome radius: expected more than the camera height ({self.camera_height_m} m), "
                f"got {self.dome_radius_m} m"
            )

    def contains(self, points: Float[Tensor, "*b 3"]) -> Tensor:
        """Whether points lie above the ground and inside the dome; bool, shape ``*b``."""
        inside = torch.linalg.vector_norm(points, dim=-1) < self.dome_radius_m
        return inside & (points[..., 2] > -self.camera_height_m)

    @property
    def grain_rad(self) -> float:
        """0: the ground meets the dome in an edge."""
        return 0.0

    def slip(self, points: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """1: everything is assumed."""
        return torch.ones_like(points[..., 0])

    def distance(self, origin: Float[Tensor, "3"], directions: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """Distance along unit ``directions`` from ``origin`` to the first surface; infinity where there is none.

        Inside the dome every ray hits something. From outside, or from below the ground, nothing is assumed.
        """
        if not bool(self.contains(origin)):
            return torch.full_like(directions[..., 0], torch.inf)
        along = directions @ origin
        dome = (along.square() - origin.square().sum() + self.dome_radius_m**2).sqrt() - along
        height = origin[2] + self.camera_height_m
        sink = (-directions[..., 2]).clamp_min(torch.finfo(directions.dtype).tiny)
        return torch.minimum(dome, height / sink)
