"""Views of places with exact cameras and depth: crops of a panorama, or frames of its clips without their subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.formats import read_track
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.layout import DatasetLayout
from cinescene.data.strips import read_depth_strip
from cinescene.depth_files import read_depth
from cinescene.errors import InputError
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama, closest_spacing_rad, resample_panorama
from cinescene.scene.sphere_sampling import PanoramaPyramid
from cinescene.scene.vggt import fit_images
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Float, Tensor
from cinescene.video import read_video


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedViews:
    """Views of one place in metres; depth is z-depth, infinite for the sky."""

    images: Float[Tensor, "v 3 h w"]
    depth_m: Float[Tensor, "v h w"]
    cameras: Cameras


@dataclass(frozen=True)
class _Place:
    root: Path
    scene_id: str


class PlaceViews:
    """Random views of the places of data sets with extras, at the size that a VGGT takes."""

    def __init__(self, roots: Sequence[Path], longest_px: int, multiple_px: int, frames_per_clip: int = 5) -> None:
        self.longest_px, self.multiple_px, self.frames_per_clip = longest_px, multiple_px, frames_per_clip
        self.places = [
            _Place(root, scene_id)
            for root in roots
            for scene_id in DatasetLayout(root).scene_ids()
            if DatasetLayout(root).manifest_file(scene_id).is_file()
        ]
        if not self.places:
            names = ", ".join(str(root) for root in roots)
            raise InputError(f"{names}: expected scenes with exact depth, as `sets render` writes; found none")
        self._frames = lru_cache(maxsize=None)(self._load_frames)
        self._panoramas = lru_cache(maxsize=256)(self._load_panorama)

    def __len__(self) -> int:
        return len(self.places)

    def from_clips(self, index: int, count: int, generator: torch.Generator) -> PlacedViews:
        """Frames of any of the place's clips."""
        views = self._frames(index)
        chosen = torch.randperm(len(views.images), generator=generator)[:count]
        return PlacedViews(images=views.images[chosen], depth_m=views.depth_m[chosen], cameras=views.cameras[chosen])

    def from_panorama(self, index: int, count: int, generator: torch.Generator) -> PlacedViews:
        """Square views of 90° around the panorama's point: a ring from a random start, or any directions."""
        panorama, pyramid, distance_m = self._panoramas(index)
        turn = float(torch.rand((), generator=generator)) * 2 * math.pi
        if torch.rand((), generator=generator) < 0.7:
            yaws = [turn + 2 * math.pi * i / count for i in range(count)]
            pitches = [0.0] * count
        else:
            yaws = (torch.rand(count, generator=generator) * 2 * math.pi).tolist()
            pitches = (torch.randn(count, generator=generator) * 0.3).clamp(-0.8, 0.8).tolist()
        rotation = torch.stack([level_rotation(yaw, pitch) for yaw, pitch in zip(yaws, pitches, strict=True)])
        pose = rigid(rotation, torch.zeros(count, 3, dtype=rotation.dtype))
        side = self.longest_px
        cameras = Cameras.from_field_of_view(pose, math.pi / 2, side, side)
        images = resample_panorama(panorama, cameras, pyramid)
        return PlacedViews(images=images, depth_m=panorama_depth(distance_m, cameras), cameras=cameras)

    def _load_frames(self, index: int) -> PlacedViews:
        place = self.places[index]
        layout = DatasetLayout(place.root)
        images, depths, cameras = [], [], []
        for file in sorted(layout.extras_folder(place.scene_id).glob("*_cameras.json")):
            clip = file.name.removeprefix(f"{place.scene_id}_").removesuffix("_cameras.json")
            track = read_track(file).cameras()
            chosen = torch.linspace(0, len(track) - 1, self.frames_per_clip).round().long().unique().tolist()
            video = read_video(layout.video_file(place.scene_id, clip, subject=False), chosen)
            depth = read_depth_strip(layout.depth_file(place.scene_id, clip), video.frames.shape[-2], chosen)
            fitted = fit_images(
                video.as_float(), track[torch.tensor(chosen)], longest_px=self.longest_px, multiple_px=self.multiple_px
            )
            assert fitted.cameras is not None
            images.append(fitted.images)
            depths.append(_kept_depth(depth, fitted.kept_px[0].tolist(), fitted.images.shape[-2:]))
            cameras.append(fitted.cameras)
        return PlacedViews(images=torch.cat(images), depth_m=torch.cat(depths), cameras=Cameras.cat(cameras))

    def _load_panorama(self, index: int) -> tuple[Panorama, PanoramaPyramid, Float[Tensor, "h w"]]:
        place = self.places[index]
        layout = DatasetLayout(place.root)
        panorama = Panorama.from_image(load_image(layout.panorama_file(place.scene_id)).pixels, place.scene_id)
        side = self.longest_px
        camera = Cameras.from_field_of_view(torch.eye(4, dtype=torch.float64), math.pi / 2, side, side)
        return (
            panorama,
            panorama.pyramid(closest_spacing_rad(camera)),
            read_depth(layout.panorama_depth_file(place.scene_id)),
        )


def _kept_depth(depth: Float[Tensor, "t h w"], kept_px: list[int], size: torch.Size) -> Float[Tensor, "t h2 w2"]:
    """Depth at the nearest pixels of the rectangle that `fit_images` kept."""
    left, top, width, height = kept_px
    kept = depth[:, top : top + height, left : left + width]
    return F.interpolate(kept[:, None], size=tuple(size), mode="nearest-exact")[:, 0]


def panorama_depth(distance_m: Float[Tensor, "h w"], cameras: Cameras) -> Float[Tensor, "v h2 w2"]:
    """z-depth of views around a panorama's centre, from the distance of its nearest pixels."""
    _, rays = pixel_rays(cameras)
    forward = cameras.forward[:, None, None]
    rows, columns = distance_m.shape
    # In the panorama's own world +y is its middle column and +z is up.
    longitude = torch.atan2(rays[..., 0], rays[..., 1])
    latitude = torch.asin(rays[..., 2].clamp(-1, 1))
    column = ((longitude / (2 * math.pi) + 0.5) * columns).long().clamp(0, columns - 1)
    row = ((0.5 - latitude / math.pi) * rows).long().clamp(0, rows - 1)
    return (distance_m[row, column] * (rays * forward).sum(-1)).float()


def view_log_depth(distance_m: Float[Tensor, "h w"], layout: ViewLayout) -> Float[Tensor, "v h2 w2"]:
    """Logarithm of the z-depth in metres of a panorama's views; NaN where there is no surface."""
    level = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    depth = panorama_depth(distance_m, layout.cameras(Cameras.equirectangular(level, 2, 1)))
    return torch.where(depth.isfinite() & (depth > 0), depth, torch.nan).log()
