"""Flying a camera path through a panorama on assumed or estimated surroundings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.errors import GeometryError
from cinescene.scene.panorama import Panorama, closest_spacing_rad
from cinescene.scene.sphere_sampling import PanoramaPyramid, sample_panorama
from cinescene.tensor_types import Float, Tensor

A_GRAIN = 3
"""Rays that are followed across a grain of the surroundings, in pictures that have more pixels there."""
HALF_GUESSED_RAD = math.radians(20)
"""Angle between how a point is seen and how it was photographed at which its picture is trusted by half."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PrevizFrame:
    """One frame of a previz, RGB in [0, 1], and how far each pixel can be trusted.

    ``photographed`` is 1 where the pixel shows what was photographed in that direction, whatever the geometry. It falls
    with the parallax angle by which the assumed geometry had to move it (½ at 20°), and is 0 where nothing is known.
    ``depth`` is the z-depth of known geometry in metres, None of assumed one. ``staged`` is 1 where a stand-in actor is
    drawn and close around it, None without any; the pixels of a stand-in count as photographed.
    """

    image: Float[Tensor, "3 h w"]
    photographed: Float[Tensor, "h w"]
    depth: Float[Tensor, "h w"] | None = None
    staged: Float[Tensor, "h w"] | None = None

    def with_doubt(self, share: float) -> PrevizFrame:
        """With a share of its doubt, in odds: 1 changes nothing, 0 trusts everything that is known at all.

        For a model that fills what is not trusted worse than the previz shows it.
        """
        trust = self.photographed
        odds = share * (1 - trust) + trust
        return dataclasses.replace(self, photographed=trust / odds.clamp_min(torch.finfo(trust.dtype).tiny))


@runtime_checkable
class Surroundings(Protocol):
    """What is around a panorama, in a z-up world in metres whose origin is where it was taken."""

    @property
    def grain_rad(self) -> float:
        """Angle below which nothing of it changes; 0 where edges are sharp."""

    def distance(self, origin: Float[Tensor, "3"], directions: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """Distance along unit ``directions`` from ``origin`` to the first surface; infinity where there is none."""

    def slip(self, points: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
        """How far the surface may be off in the direction of points; 1 is nothing but an assumption, 0 is exact."""


def fly_through_panorama(
    panorama: Panorama, cameras: Cameras, place: Surroundings, pyramid: PanoramaPyramid | None = None
) -> Iterator[PrevizFrame]:
    """What perspective cameras (t,), in metres in the panorama's z-up world, see of a panorama.

    Exact for turning and for the lens; moving uses ``place`` around the point where the panorama was taken. Frames come
    one by one, so that memory does not grow with their number. ``pyramid`` saves building one for each call.
    """
    if cameras.projection != "perspective" or len(cameras.batch_shape) != 1:
        raise GeometryError("previz: expected perspective cameras of shape (t,)")
    if pyramid is None:
        pyramid = previz_pyramid(panorama, closest_spacing_rad(cameras) / 2)
    centre = panorama.camera.position
    panorama_from_world = panorama.camera.camera_from_world[:3, :3].float()
    for index in range(len(cameras)):
        camera = cameras[index]
        relative = camera.position.double() - centre.to(camera.position).double()
        yield _frame(pyramid, panorama_from_world, camera.to(dtype=torch.float32), relative.float(), place)


def _frame(
    pyramid: PanoramaPyramid,
    panorama_from_world: Float[Tensor, "3 3"],
    camera: Cameras,
    origin: Float[Tensor, "3"],
    place: Surroundings,
) -> PrevizFrame:
    _, rays = pixel_rays(camera)
    distance = _distances(place, origin, rays, float(camera.focal_px.amin()))
    known = distance.isfinite()
    from_centre = origin + rays * torch.where(known, distance, 1.0)[..., None]
    image = sample_panorama(pyramid, from_centre @ panorama_from_world.mT)
    pixel_rad = 1 / float(camera.focal_px.amin())
    parallax = _angle(rays, from_centre)
    moved = (parallax - pixel_rad).clamp_min(0) * place.slip(from_centre)
    photographed = 1 / (1 + (moved / HALF_GUESSED_RAD).square())
    if len(image) > 3:
        photographed = photographed * image[3].clamp(0, 1)
    return PrevizFrame(image=image[:3] * known, photographed=photographed * known)


def previz_pyramid(panorama: Panorama, spacing_rad: float) -> PanoramaPyramid:
    """With a fourth channel that says where a panorama was photographed, if parts of it were not."""
    if panorama.known is None:
        return panorama.pyramid(spacing_rad)
    image = panorama.image if panorama.image.is_floating_point() else panorama.image.float() / 255
    return PanoramaPyramid.build(torch.cat([image, panorama.known[None].to(image)]), spacing_rad)


def _distances(
    place: Surroundings, origin: Float[Tensor, "3"], rays: Float[Tensor, "h w 3"], focal_px: float
) -> Float[Tensor, "h w"]:
    """Distance of every pixel, where that is enough interpolated between rays `A_GRAIN` of which are a grain apart."""
    stride = int(place.grain_rad * focal_px / A_GRAIN)
    if stride < 2:
        return place.distance(origin, rays)
    height, width = rays.shape[:2]
    coarse = (-(-(height - 1) // stride) + 1, -(-(width - 1) // stride) + 1)
    fewer = F.interpolate(rays.movedim(-1, 0)[None], coarse, mode="bilinear", align_corners=True)[0].movedim(0, -1)
    closeness = 1 / place.distance(origin, F.normalize(fewer.contiguous(), dim=-1))
    return 1 / F.interpolate(closeness[None, None], (height, width), mode="bilinear", align_corners=True)[0, 0]


def _angle(rays: Float[Tensor, "h w 3"], others: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w"]:
    """Angle between unit rays and other directions, accurate when small."""
    length = (others * others).sum(-1, keepdim=True).rsqrt()
    chord = (rays - others * length).square().sum(-1).sqrt()
    return 2 * torch.asin((chord / 2).clamp(max=1))
