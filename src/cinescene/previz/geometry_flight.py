"""Flying a camera path through measured or estimated geometry: pictures with depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, normalize, rigid
from cinescene.errors import GeometryError
from cinescene.previz.flight import PrevizFrame
from cinescene.scene.geometry import DepthViews
from cinescene.scene.metric_scale import fit_ground
from cinescene.scene.splat import Mode, RenderOptions, render_geometry
from cinescene.tensor_types import Float, Tensor


def fly_through_geometry(
    views: DepthViews, cameras: Cameras, mode: Mode = "mesh", options: RenderOptions | None = None
) -> Iterator[PrevizFrame]:
    """What perspective cameras (t,), in the world of ``views``, see of pictures with depth.

    ``photographed`` is 1 where a picture shows the surface and 0 in the holes. This is also the explicit-geometry
    baseline of the paper's comparison.
    """
    for frame in render_geometry(views, cameras, mode, options):
        yield PrevizFrame(image=frame.image, photographed=frame.photographed.to(frame.image.dtype), depth=frame.depth)


def world_of_start_view(views: DepthViews, up: Float[Tensor, "3"] | None = None, start: int = 0) -> DepthViews:
    """The same geometry in a z-up world whose origin is a view's camera, which looks along +y: where paths begin.

    ``up`` is the upward direction in the world of ``views``; by default the normal of the ground below the cameras, or
    the cameras' mean upward axis where no ground is found. Lengths stay. Raises `GeometryError` for a start view that
    looks straight up or down.
    """
    up = _up(views) if up is None else normalize(up.double(), "up direction")
    camera = views.cameras[start].to(dtype=torch.float64)
    ahead = camera.forward - (camera.forward @ up) * up
    if float(ahead.norm()) < 1e-3:
        raise GeometryError("start view: it looks straight up or down, so that ahead is undefined; choose another")
    forward = normalize(ahead)
    axes = torch.stack([torch.linalg.cross(forward, up), forward, up])
    return dataclasses.replace(
        views, cameras=views.cameras.moved(rigid(axes, -(axes @ camera.position)).to(views.cameras.world_from_camera))
    )


def panorama_depth_views(views: DepthViews, panorama_camera: Cameras) -> DepthViews:
    """Geometry around a panorama in the world of paths: origin at its centre, its middle column along +y."""
    back = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64)) @ panorama_camera.camera_from_world.double()
    return dataclasses.replace(views, cameras=views.cameras.moved(back.to(views.cameras.world_from_camera)))


def _up(views: DepthViews) -> Float[Tensor, "3"]:
    try:
        return fit_ground(views).normal
    except GeometryError:
        return normalize(
            -views.cameras.world_from_camera[..., :3, 1].double().mean(0), "mean up direction of the views"
        )
