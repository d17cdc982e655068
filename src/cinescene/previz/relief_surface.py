"""A relief as geometry: what a camera anywhere inside it looks at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F

from cinescene.errors import GeometryError
from cinescene.scene.panorama import Panorama
from cinescene.scene.relief import FARTHEST, Relief, ReliefNet, distance_of
from cinescene.scene.relief_cache import relief_around
from cinescene.scene.vggt.cache import TensorCache
from cinescene.tensor_types import Bool, Float, Tensor

NEAREST = 0.08
ASSUMED_DOUBT, LEAST_SLIP = 0.6, 0.25
"""Error of closeness at which an estimate is no better than an assumption, and what stays in doubt of a sure one."""
STEPS, REFINEMENTS = 32, 6
"""A ray is tried at so many distances, each about a quarter farther, from `NEAREST` camera heights on; then halved."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliefSurface:
    """A surface with one distance in each direction from where a panorama was taken, in a z-up world in metres.

    The origin is where the picture was taken; its middle column looks along +y, turned to the right (seen from above)
    by ``turn_rad``. Neighbouring directions are joined, so that there are no holes: what is hidden behind an edge is a
    stretched slope. For a camera that stays at the origin the geometry does not matter.
    """

    relief: Relief
    camera_height_m: float = 1.6
    turn_rad: float = 0.0

    def __post_init__(self) -> None:
        if not (self.camera_height_m > 0 and math.isfinite(self.camera_height_m)):
            raise GeometryError(f"camera height: expected a positive number of metres, got {self.camera_height_m}")

    @classmethod
    def around(
        cls, panorama: Panorama, net: ReliefNet, camera_height_m: float, cache: TensorCache | None = None
    ) -> ReliefSurface:
        """The estimated surface around a level panorama, turned as its camera is."""
        ahead = panorama.camera.forward
        turn = math.atan2(float(ahead[0]), float(ahead[1]))
        relief = relief_around(panorama, net, cache)
        return cls(relief=relief, camera_height_m=camera_height_m, turn_rad=turn)

    def contains(self, points: Float[Tensor, "*b 3"]) -> Bool[Tensor, "*b"]:
        """Whether points lie in front of the surface and above the ground."""
        return self._inside(points.float(), 1.0) & (points[..., 2] > -self.camera_height_m)

    def clear(self, points: Float[Tensor, "*b 3"], share: float) -> Bool[Tensor, "*b"]:
        """Whether points lie in front of the surface by a share of its distance."""
        return self._inside(points.float(), 1 - share)

    def distance(self, origin: Float[Tensor, "3"], directions: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """Distance along unit ``directions`` from ``origin`` to the first surface that a ray comes out through.

        From below the ground nothing is seen: infinity. From behind the surface a ray counts where it has come back in;
        one that does not sees the farthest distance.
        """
        if float(origin[2]) <= -self.camera_height_m:
            return torch.full_like(directions[..., 0], torch.inf)
        tries = torch.logspace(math.log10(NEAREST), math.log10(1.5 * FARTHEST), STEPS) * self.camera_height_m
        inside_before = bool(self._inside(origin.float(), 1.0))
        outside = torch.stack([~self._inside(origin + directions * t, 1.0) for t in tries.tolist()])
        before = torch.cat([torch.full_like(outside[:1], not inside_before), outside[:-1]])
        leaves = outside & ~before
        leaves[-1] = True
        first = leaves.float().argmax(0)
        far = tries[first]
        near = torch.where(first > 0, tries[(first - 1).clamp_min(0)], 0.0)
        for _ in range(REFINEMENTS):
            middle = (near + far) / 2
            within = self._inside(origin + directions * middle[..., None], 1.0)
            near, far = torch.where(within, middle, near), torch.where(within, far, middle)
        height = origin[2] + self.camera_height_m
        sink = (-directions[..., 2]).clamp_min(torch.finfo(directions.dtype).tiny)
        return torch.minimum((near + far) / 2, height / sink)

    @property
    def grain_rad(self) -> float:
        """Height of a cell."""
        return math.pi / self.relief.closeness.shape[0]

    def slip(self, points: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """The relief's doubt of a direction against that of a mere assumption."""
        return (self._read(self._doubt, points)[0] / ASSUMED_DOUBT).clamp(LEAST_SLIP, 1)

    def _inside(self, points: Float[Tensor, "*b 3"], share: float) -> Bool[Tensor, "*b"]:
        closeness, length = self._read(self._closeness, points)
        return length < share * self.camera_height_m * distance_of(closeness)

    def _read(
        self, padded: Float[Tensor, "1 1 h w"], points: Float[Tensor, "*b 3"]
    ) -> tuple[Float[Tensor, "*b"], Float[Tensor, "*b"]]:
        """A field of the relief in the direction of points, interpolated, and how far they are.

        ``padded`` has a cell more on each side.
        """
        rows, columns = padded.shape[-2] - 2, padded.shape[-1] - 2
        x, y, z = points.unbind(-1)
        length = (x * x + y * y + z * z).sqrt()
        turn = ((torch.atan2(x, y) - self.turn_rad) / (2 * math.pi) + 0.5) % 1
        fall = torch.acos((z / length.clamp_min(1e-9)).clamp(-1, 1)) / math.pi
        across = (turn * columns + 1) / (columns + 2) * 2 - 1
        down = (fall * rows + 1) / (rows + 2) * 2 - 1
        place = torch.stack([across, down], dim=-1).reshape(1, 1, -1, 2)
        return F.grid_sample(padded, place, align_corners=False).reshape(length.shape), length

    @cached_property
    def _closeness(self) -> Float[Tensor, "1 1 h w"]:
        return _padded(self.relief.closeness)

    @cached_property
    def _doubt(self) -> Float[Tensor, "1 1 h w"]:
        return _padded(self.relief.doubt)


def _padded(field: Float[Tensor, "h w"]) -> Float[Tensor, "1 1 h2 w2"]:
    """With the neighbours round the vertical axis, and the outermost rows repeated."""
    around = F.pad(field.float()[None, None], (1, 1, 0, 0), mode="circular")
    return F.pad(around, (0, 0, 1, 1), mode="replicate")
