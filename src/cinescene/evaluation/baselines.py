"""Baselines that need no video model: what a clip must beat to have been worth generating.

``nearest-view``
    The photographed view whose direction is nearest to the frame's, through the frame's lens, turned but not moved.
``panorama-standin``
    The path flown through the panorama on a flat ground and a far dome (`cinescene.previz.stand_in`).
``panorama-relief``
    The path flown through the panorama's relief, as nano's network estimates it (`cinescene.scene.relief`).
``explicit-geometry``
    The path flown through the panorama's known depth (`cinescene.scene.splat`) as a mesh, with holes.
``explicit-vggt``
    The same through the points that VGGT estimates from the 20 views.
``truth``
    The data set's own clip: what the measures say of a clip without a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.projection import camera_directions, pixel_grid
from cinescene.errors import InputError
from cinescene.previz.flight import Surroundings, fly_through_panorama
from cinescene.previz.geometry_flight import fly_through_geometry
from cinescene.previz.stand_in import StandIn
from cinescene.scene.geometry import DepthViews
from cinescene.scene.panorama import Panorama
from cinescene.scene.splat import Mode
from cinescene.tensor_types import Float, Tensor
from cinescene.video import write_video

Baseline = Literal["nearest-view", "panorama-standin", "panorama-relief", "explicit-geometry", "explicit-vggt", "truth"]


def nearest_view_frames(
    views: Float[Tensor, "v 3 h w"], view_cameras: Cameras, cameras: Cameras
) -> Iterator[Float[Tensor, "3 h2 w2"]]:
    """Frames from the view whose direction is nearest to each camera's; black where that view does not reach.

    Positions count only between views that look the same way (the nearer one is taken).
    """
    if len(view_cameras) != len(views) or not len(views):
        raise InputError(f"nearest view: expected a camera for each view, got {len(views)} and {len(view_cameras)}")
    view_cameras, cameras = view_cameras.to(dtype=torch.float64), cameras.to(dtype=torch.float64)
    for index in range(len(cameras)):
        camera = cameras[index]
        angle = torch.acos((view_cameras.forward @ camera.forward).clamp(-1, 1))
        distance = (view_cameras.position - camera.position).norm(dim=-1)
        nearest = int((angle + 1e-3 * distance / (1 + distance.max())).argmin())
        yield _turned(views[nearest], view_cameras[nearest], camera)


def panorama_frames(
    panorama: Panorama, cameras: Cameras, place: Surroundings | None = None
) -> Iterator[Float[Tensor, "3 h w"]]:
    """Frames of a flight through the panorama, by default on stand-in geometry; cameras in its world, in metres."""
    for frame in fly_through_panorama(panorama, cameras, place or StandIn()):
        yield frame.image


def geometry_frames(views: DepthViews, cameras: Cameras, mode: Mode = "mesh") -> Iterator[Float[Tensor, "3 h w"]]:
    """Frames of a flight through pictures with depth, holes black; ``cameras`` in the world of ``views``."""
    for frame in fly_through_geometry(views, cameras, mode):
        yield frame.image


def write_baseline(path: Path, frames: Iterator[Tensor], track: CameraTrack) -> None:
    """Encodes a baseline's frames at the track's rate."""
    write_video(path, (frame.clamp(0, 1) for frame in frames), track.frame_rate or 24.0)


def _turned(view: Tensor, source: Cameras, camera: Cameras) -> Float[Tensor, "3 h w"]:
    """A view seen through another lens from its own centre, as if everything were far away."""
    width, height = camera.size_px
    rays = camera_directions(camera, pixel_grid(width, height, torch.float64).reshape(-1, 2))
    turned = rays @ (source.world_from_camera[:3, :3].T @ camera.world_from_camera[:3, :3]).T
    ahead = turned[:, 2] > 1e-6
    pixels = (turned / turned[:, 2:].clamp_min(1e-6)) @ source.intrinsics_px.T
    size = pixels.new_tensor(source.size_px)
    inside = ahead & ((pixels[:, :2] >= 0) & (pixels[:, :2] <= size)).all(-1)
    grid = (2 * pixels[:, :2] / size - 1).reshape(1, height, width, 2).to(view.dtype)
    image = torch.nn.functional.grid_sample(view[None], grid, padding_mode="border", align_corners=False)[0]
    return image * inside.reshape(height, width)
