"""`Stage`: the place as the studio shows it: its points, its pictures, what a camera in it sees."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.projection import project
from cinescene.errors import InputError
from cinescene.previz.flight import PrevizFrame, Surroundings, fly_through_panorama, previz_pyramid
from cinescene.previz.geometry_flight import fly_through_geometry
from cinescene.previz.place import placed_estimate
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.previz.support import SUPPORTED_SHARE, position_warnings, smear_warnings
from cinescene.scene.around.panorama import surrounded
from cinescene.scene.geometry import DepthViews
from cinescene.scene.panorama import Panorama, closest_spacing_rad
from cinescene.scene.relief import load_relief_net
from cinescene.scene.relief_cache import relief_cache
from cinescene.scene.scene import Scene
from cinescene.tensor_types import Float, Tensor, UInt8

POINTS = 120_000
FASTEST_M_S = 2.5
"""A camera faster than this is warned of: faster than somebody runs with one."""
GUESSED = (0.85, 0.2, 0.55)
"""What is not photographed is tinted with this."""
THUMBNAIL_PX = 64
PYRAMIDS = 4
"""Of a panorama, for the sizes and lenses that were last looked through."""
LOOKS, LOOK_PX = 6, 64
"""Frames of a path, and their width, that are looked at for what is guessed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """A place in metres, z up, the origin where it was photographed, +y ahead.

    ``look`` gives what one camera sees; ``warn`` what is wrong with a path, fast enough for a drag, and
    ``warn_of_pictures`` what is wrong with its pictures; ``points`` are coloured points of it;
    ``views`` its pictures as thumbnails, with their cameras where those are known.
    """

    name: str
    camera_height_m: float
    look: Callable[[Cameras], PrevizFrame]
    warn: Callable[[CameraTrack], list[str]]
    warn_of_pictures: Callable[[CameraTrack], list[str]]
    points: Float[Tensor, "n 3"]
    colours: UInt8[Tensor, "n 3"]
    views: UInt8[Tensor, "v 3 h w"]
    view_cameras: Cameras | None
    notes: tuple[str, ...]


def open_stage(source: str, camera_height_m: float, nano: Path) -> Stage:
    """The stage of a scene; ``nano`` is the folder with the relief network and VGGT. Raises `CineSceneError`."""
    if not 0.1 <= camera_height_m <= 50:
        raise InputError(f"camera height: expected 0.1 to 50 m, got {camera_height_m:g}")
    scene = surrounded(Scene.open(source))
    pictures = scene.view_images((THUMBNAIL_PX, THUMBNAIL_PX))
    thumbnails = (pictures.images * 255).round().to(torch.uint8)
    if scene.panorama is not None:
        return _panorama_stage(scene, scene.panorama, camera_height_m, nano, thumbnails, pictures.cameras)
    return _photo_stage(scene, camera_height_m, nano, thumbnails)


def tinted(frame: PrevizFrame) -> UInt8[Tensor, "h w 3"]:
    """A previz frame for the page: what was not photographed is tinted, the more the less it can be trusted."""
    tint = frame.image.new_tensor(GUESSED)[:, None, None]
    amount = 0.75 * (1 - frame.photographed)
    shown = frame.image * (1 - amount) + tint * amount
    return (shown.clamp(0, 1) * 255).round().to(torch.uint8).movedim(0, -1)


def speeds_m_s(track: CameraTrack) -> Float[Tensor, "intervals"]:
    """Between frames; a report of the whole motion takes too long while a path is dragged."""
    return track.world_from_camera[:, :3, 3].diff(dim=0).norm(dim=-1) / track.frame_times_s().diff()


def speed_warnings(track: CameraTrack) -> list[str]:
    """Where the camera is faster than `FASTEST_M_S`."""
    if len(track) < 2:
        return []
    fastest = float(speeds_m_s(track).max())
    if fastest <= FASTEST_M_S:
        return []
    return [f"too fast: the camera moves at up to {fastest:.1f} m/s; lengthen the shot or bring keyframes together"]


def guess_warnings(stage: Stage, track: CameraTrack) -> list[str]:
    """When most of the picture shows what was not photographed like that, by a few frames of the path."""
    chosen = torch.linspace(0, len(track) - 1, min(LOOKS, len(track))).round().long().unique()
    cameras = track.cameras()[chosen]
    width, height = cameras.size_px
    small = cameras.resized(LOOK_PX, max(1, round(LOOK_PX * height / width)))
    guessed = [
        float(track.frame_times_s()[frame])
        for index, frame in enumerate(chosen.tolist())
        if float(stage.look(small[index : index + 1]).photographed.mean()) < SUPPORTED_SHARE
    ]
    if not guessed:
        return []
    return [
        f"from {min(guessed):.1f} to {max(guessed):.1f} s most of the picture was not photographed like that; stay "
        "nearer to where the pictures were taken"
    ]


def _panorama_stage(
    scene: Scene, panorama: Panorama, height_m: float, nano: Path, thumbnails: Tensor, cameras: Cameras | None
) -> Stage:
    notes = list(scene.notes)
    surface: StandIn | ReliefSurface
    if (nano / "relief").is_dir():
        surface = ReliefSurface.around(panorama, load_relief_net(nano / "relief"), height_m, relief_cache())
    else:
        surface = StandIn(camera_height_m=height_m)
        notes.append("no relief network: the place is taken to be a flat ground and a far dome")
    points, colours = _panorama_points(panorama, surface)
    finest = math.floor(math.log2(math.pi / panorama.size_px[1]))
    pyramid = lru_cache(maxsize=PYRAMIDS)(lambda octave: previz_pyramid(panorama, 2.0**octave))

    def look(camera: Cameras) -> PrevizFrame:
        fineness = pyramid(max(finest, math.floor(math.log2(closest_spacing_rad(camera) / 2))))
        return next(iter(fly_through_panorama(panorama, camera, surface, fineness)))

    return Stage(
        name=scene.name,
        camera_height_m=height_m,
        look=look,
        warn=lambda track: [*position_warnings(track, surface), *speed_warnings(track)],
        warn_of_pictures=lambda track: smear_warnings(track, surface),
        points=points,
        colours=colours,
        views=thumbnails,
        view_cameras=cameras,
        notes=tuple(notes),
    )


def _panorama_points(panorama: Panorama, surface: Surroundings) -> tuple[Tensor, Tensor]:
    """Points of the surface around a panorama, evenly over the sphere."""
    step = torch.arange(POINTS, dtype=torch.float64) + 0.5
    z = 1 - 2 * step / POINTS
    turn = step * (torch.pi * (3 - 5**0.5))
    flat = (1 - z.square()).sqrt()
    rays = torch.stack([flat * turn.cos(), flat * turn.sin(), z], -1).float()
    distance = surface.distance(torch.zeros(3), rays)
    pixels, _ = project(panorama.camera, panorama.camera.position + rays.to(panorama.camera.dtype))
    width, height = panorama.size_px
    column, row = pixels[:, 0].long().clamp(0, width - 1), pixels[:, 1].long().clamp(0, height - 1)
    colours = panorama.image[:, row, column].T
    if colours.is_floating_point():
        colours = (colours * 255).round().to(torch.uint8)
    return rays * distance[:, None], colours


def _photo_stage(scene: Scene, height_m: float, nano: Path, thumbnails: Tensor) -> Stage:
    """Photos: nano's VGGT says where they were taken and how far away things are."""
    from cinescene.scene.vggt import EncodeOptions, encode_scene, encoding_cache, load_vggt

    model = load_vggt(nano / "vggt", point_head=False)
    side = model.config.image_size_px
    images = [view.load().float() / 255 for view in scene.views]
    encoding = encode_scene(
        model, images, scene.cameras, options=EncodeOptions(longest_px=side), cache=encoding_cache()
    )
    notes = [
        *scene.notes,
        *encoding.notes,
        "the geometry of photos is estimated by a small network; expect it to be off",
    ]
    views = placed_estimate(scene, encoding, height_m)
    points, colours = _geometry_points(views)
    return Stage(
        name=scene.name,
        camera_height_m=height_m,
        look=lambda camera: next(iter(fly_through_geometry(views, camera))),
        warn=speed_warnings,
        warn_of_pictures=lambda track: [],
        points=points,
        colours=colours,
        views=thumbnails,
        view_cameras=views.cameras,
        notes=tuple(notes),
    )


def _geometry_points(views: DepthViews) -> tuple[Tensor, Tensor]:
    points = views.world_points().reshape(-1, 3).float()
    colours = (views.images.movedim(1, -1).reshape(-1, 3) * 255).round().to(torch.uint8)
    known = points.isfinite().all(-1).nonzero()[:, 0]
    chosen = known[:: max(1, len(known) // POINTS)]
    return points[chosen], colours[chosen]


def camera_at(track: CameraTrack, index: int) -> Cameras:
    """One frame's camera, of shape (1,)."""
    return track.cameras()[index : index + 1]


def measured_height_m(stage: Stage, apart_m: float, really_m: float) -> float:
    """The camera height at which a distance on the stage becomes what it really is. Raises `InputError`."""
    if not (apart_m > 0.01 and really_m > 0.01):
        raise InputError(
            f"scale: expected two points apart and a distance above 1 cm, got {apart_m:g} and {really_m:g} m"
        )
    return stage.camera_height_m * really_m / apart_m
