"""From a scene to what can be flown through: stand-in, estimated or known geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.depth_files import read_depth
from cinescene.errors import InputError
from cinescene.previz.flight import PrevizFrame, fly_through_panorama
from cinescene.previz.geometry_flight import fly_through_geometry, panorama_depth_views, world_of_start_view
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.previz.support import path_warnings
from cinescene.scene.around.panorama import surrounded
from cinescene.scene.geometry import DepthViews
from cinescene.scene.metric_scale import metres_per_unit_from_camera_height
from cinescene.scene.relief import load_relief_net
from cinescene.scene.relief_cache import relief_cache
from cinescene.scene.scene import Scene
from cinescene.scene.splat import Mode

if TYPE_CHECKING:
    from cinescene.scene.vggt import SceneEncoding

Geometry = Literal["relief", "standin", "vggt", "depth"]


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """What geometry a preview flies through.

    ``geometry``
        ``relief``: a panorama's distances, estimated by the network in the folder ``relief``. ``standin``: flat ground
        and far dome around a panorama. ``vggt``: estimated from the pictures by the VGGT
        checkpoint ``vggt`` (a file, a folder or a hub name). ``depth``: known, from the file ``depth`` (distance from
        the centre of every panorama pixel, or z-depth of a single photo; see `cinescene.depth_files`).
    ``camera_height_m``
        Height above the ground from which the place was photographed: the stand-in's ground, and the scale of
        estimated geometry of a place whose scale is not known.
    ``mode``
        How depth is drawn: ``mesh`` or ``points``.
    """

    geometry: Geometry = "standin"
    camera_height_m: float = 1.6
    dome_radius_m: float = 15.0
    relief: Path | None = None
    vggt: str | None = None
    depth: Path | None = None
    mode: Mode = "mesh"
    view_size_px: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A place in metres, z up, with the origin at the photographer and +y ahead, that cameras can fly through."""

    fly: Callable[[Cameras], Iterator[PrevizFrame]]
    warnings: Callable[[CameraTrack], list[str]]
    ground_z_m: float


def open_place(scene: Scene, options: PlaceOptions) -> Place:
    """The geometry that ``options`` ask for. Raises `InputError` or `GeometryError` that says what is missing.

    Photos whose cameras are not known become the panorama that they make, where one is needed.
    """
    if options.geometry in ("standin", "relief"):
        scene = surrounded(scene)
    if options.geometry == "standin":
        return _stand_in(scene, options)
    if options.geometry == "relief":
        return _relief(scene, options)
    views = _known(scene, options) if options.geometry == "depth" else _estimated(scene, options)
    return Place(
        fly=lambda cameras: fly_through_geometry(views, cameras, options.mode),
        warnings=lambda track: [],
        ground_z_m=-options.camera_height_m,
    )


def _stand_in(scene: Scene, options: PlaceOptions) -> Place:
    panorama = scene.panorama
    if panorama is None:
        raise InputError(
            f"{scene.name}: the stand-in geometry needs a panorama (equirectangular, 2:1), and this is a scene of "
            "photos; estimate its geometry with --geometry vggt, or give a panorama"
        )
    panorama.check_home()
    place = StandIn(camera_height_m=options.camera_height_m, dome_radius_m=options.dome_radius_m)
    return Place(
        fly=lambda cameras: fly_through_panorama(panorama, cameras, place),
        warnings=lambda track: path_warnings(track, place),
        ground_z_m=-options.camera_height_m,
    )


def _relief(scene: Scene, options: PlaceOptions) -> Place:
    panorama = scene.panorama
    if panorama is None:
        raise InputError(
            f"{scene.name}: a relief needs a panorama; estimate the geometry of photos with --geometry vggt"
        )
    if options.relief is None:
        raise InputError("geometry relief: expected the folder of a relief network, as `cinescene train relief` writes")
    panorama.check_home()
    surface = ReliefSurface.around(panorama, load_relief_net(options.relief), options.camera_height_m, relief_cache())
    return Place(
        fly=lambda cameras: fly_through_panorama(panorama, cameras, surface),
        warnings=lambda track: path_warnings(track, surface),
        ground_z_m=-options.camera_height_m,
    )


def _known(scene: Scene, options: PlaceOptions) -> DepthViews:
    if options.depth is None:
        raise InputError("geometry depth: expected a file of depths (--depth); see docs/scenes.md")
    depth = read_depth(options.depth)
    height, width = depth.shape
    if scene.panorama is not None:
        image, camera = scene.panorama.image, scene.panorama.camera
    elif len(scene.views) == 1:
        view = scene.views[0]
        image = view.load()
        camera = view.camera or Cameras(
            world_from_camera=torch.eye(4, dtype=torch.float64),
            intrinsics_px=view.intrinsics_px.double(),
            image_size_px=torch.tensor(view.size_px),
        )
    else:
        raise InputError(
            f"{scene.name}: one depth file fits a panorama or a single photo, not {len(scene.views)} photos"
        )
    if (image.shape[-1], image.shape[-2]) != (width, height):
        raise InputError(
            f"{options.depth}: {width}×{height} depths for a picture of {image.shape[-1]}×{image.shape[-2]}; "
            "expected one depth a pixel"
        )
    images = image.float() / 255 if not image.is_floating_point() else image
    views = DepthViews(images=images[None], cameras=camera.reshape(1), depth=depth[None], metres_per_unit=1.0)
    return panorama_depth_views(views, camera) if scene.panorama is not None else world_of_start_view(views)


def _estimated(scene: Scene, options: PlaceOptions) -> DepthViews:
    if options.vggt is None:
        raise InputError(
            "geometry vggt: expected a VGGT checkpoint (--vggt): a .safetensors file, a folder with one, or a hub name "
            "such as facebook/VGGT-1B (CC-BY-NC-4.0, non-commercial) or facebook/VGGT-1B-Commercial"
        )
    from cinescene.scene.vggt import EncodeOptions, encode_scene, encoding_cache, load_vggt

    model = load_vggt(options.vggt, point_head=False)
    side = options.view_size_px or model.config.image_size_px
    if scene.panorama is not None:
        pictures = scene.view_images((side, side))
        images: list[torch.Tensor] | torch.Tensor = pictures.images
        cameras = pictures.cameras
    else:
        images = [view.load().float() / 255 for view in scene.views]
        cameras = scene.cameras
    encoding = encode_scene(model, images, cameras, options=EncodeOptions(longest_px=side), cache=encoding_cache())
    return placed_estimate(scene, encoding, options.camera_height_m)


def placed_estimate(scene: Scene, encoding: SceneEncoding, camera_height_m: float) -> DepthViews:
    """Estimated geometry, and the cameras of the views with it, in the world of `Place`.

    The scale is the scene's own where its cameras are known in a known unit; otherwise the ground is put
    ``camera_height_m`` below the cameras. Raises `GeometryError` where no ground is found.
    """
    views = encoding.depth_views()
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64) if scene.up_known else None
    known_scale = scene.metres_per_unit if scene.panorama is None else None
    if known_scale is not None and encoding.depth_scale is None:
        known_scale = None
    metres = known_scale or metres_per_unit_from_camera_height(views, camera_height_m, up)
    views = views.in_metres(metres)
    if scene.panorama is not None:
        return panorama_depth_views(views, scene.panorama.camera)
    return world_of_start_view(views, up, scene.start_view)
