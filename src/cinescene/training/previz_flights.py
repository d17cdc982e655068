"""The previz of a data set's clip, through any kind of geometry, without its subjects and with stand-ins for them."""

from __future__ import annotations

import dataclasses

import torch

from cinescene.blocking.stand_ins import with_stand_ins
from cinescene.data.dataset import SceneDecoupledDataset
from cinescene.errors import GeometryError
from cinescene.model.scene_inputs import StackedPreviz, stack_previz
from cinescene.previz.flight import PrevizFrame, Surroundings, fly_through_panorama
from cinescene.previz.geometry_flight import fly_through_geometry
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.scene.geometry import DepthViews
from cinescene.scene.metric_scale import metres_per_unit_from_camera_height
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.relief import ReliefNet
from cinescene.scene.vggt import TensorCache
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Float, Tensor
from cinescene.training.encoding_options import EncodingOptions

LIKELY_HEIGHTS_M = 0.2, 5.0
"""A recorded height of the panorama outside of these is none."""


def fly_clip(
    dataset: SceneDecoupledDataset,
    clip: int,
    kind: str,
    options: EncodingOptions,
    relief: ReliefNet | None,
    depth: tuple[Float[Tensor, "v h w"], Float[Tensor, "v h w"]] | None,
    cache: TensorCache | None,
) -> tuple[StackedPreviz, StackedPreviz | None]:
    """A clip's previz of one of `PREVIZ_KINDS` without and with stand-ins, None where nobody is known to be there.

    ``depth`` is what VGGT estimated of the scene views, and its confidence; ``cache`` keeps reliefs. Where a kind
    cannot be had, the stand-in geometry takes its place.
    """
    panorama, cameras = dataset.placed(clip)
    height_m = float(panorama.camera.position[2])
    if not LIKELY_HEIGHTS_M[0] < height_m < LIKELY_HEIGHTS_M[1]:
        height_m = options.camera_height_m
    frames: list[PrevizFrame] = []
    if kind == "vggt":
        assert depth is not None
        geometry = _estimated(panorama, dataset.config.layout, *depth, height_m)
        if geometry is not None:
            frames = list(fly_through_geometry(geometry, cameras))
    if not frames:
        place: Surroundings = StandIn(camera_height_m=height_m, dome_radius_m=options.dome_radius_m)
        if kind == "relief" and relief is not None:
            place = ReliefSurface.around(panorama, relief, height_m, cache)
        frames = list(fly_through_panorama(panorama, cameras, place))
    performances, times = dataset.performances(clip) if options.stand_ins else ((), ())
    if not performances:
        return stack_previz(frames), None
    acted = with_stand_ins(frames, cameras, performances, times, panorama, people="solids")
    return stack_previz(frames), stack_previz(list(acted))


def _estimated(
    panorama: Panorama,
    layout: ViewLayout,
    depth: Float[Tensor, "v h w"],
    confidence: Float[Tensor, "v h w"],
    height_m: float,
) -> DepthViews | None:
    """Estimated depth in metres in the set's world; None where no ground is found to scale it by."""
    height, width = depth.shape[-2:]
    images, cameras = panorama_views(panorama, layout.with_longest(max(height, width)))
    if images.shape[-2:] != (height, width):
        images = torch.nn.functional.interpolate(images, size=(height, width), mode="bicubic").clamp(0, 1)
        cameras = cameras.resized(width, height)
    views = DepthViews(images=images, cameras=cameras, depth=depth, confidence=confidence)
    try:
        metres = metres_per_unit_from_camera_height(views, height_m, torch.tensor([0.0, 0.0, 1.0]).double())
    except GeometryError:
        return None
    return dataclasses.replace(views, depth=views.depth * metres, metres_per_unit=1.0)
