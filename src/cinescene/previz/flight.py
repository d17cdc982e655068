"""Flying a camera path through a panorama on the stand-in geometry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.errors import GeometryError
from cinescene.previz.stand_in import StandIn
from cinescene.scene.panorama import Panorama, closest_spacing_rad
from cinescene.scene.sphere_sampling import PanoramaPyramid, sample_panorama
from cinescene.tensor_types import Float, Tensor

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


def fly_through_panorama(panorama: Panorama, cameras: Cameras, place: StandIn) -> Iterator[PrevizFrame]:
    """What perspective cameras (t,), in metres in the panorama's z-up world, see of a panorama.

    Exact for turning and for the lens; moving uses ``place`` around the point where the panorama was taken. Frames come
    one by one, so that memory does not grow with their number.
    """
    if cameras.projection != "perspective" or len(cameras.batch_shape) != 1:
        raise GeometryError("previz: expected perspective cameras of shape (t,)")
    pyramid = panorama.pyramid(spacing_rad=closest_spacing_rad(cameras) / 2)
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
    place: StandIn,
) -> PrevizFrame:
    _, rays = pixel_rays(camera)
    distance = place.distance(origin, rays)
    known = distance.isfinite()
    from_centre = origin + rays * torch.where(known, distance, 1.0)[..., None]
    image = sample_panorama(pyramid, from_centre @ panorama_from_world.mT)
    pixel_rad = 1 / float(camera.focal_px.amin())
    parallax = _angle(rays, from_centre)
    photographed = 1 / (1 + ((parallax - pixel_rad).clamp_min(0) / HALF_GUESSED_RAD).square())
    return PrevizFrame(image=image * known, photographed=photographed * known)


def _angle(rays: Float[Tensor, "h w 3"], others: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w"]:
    """Angle between unit rays and other directions, accurate when small."""
    length = (others * others).sum(-1, keepdim=True).rsqrt()
    chord = (rays - others * length).square().sum(-1).sqrt()
    return 2 * torch.asin((chord / 2).clamp(max=1))
