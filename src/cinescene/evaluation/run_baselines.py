"""Baseline clips for a data set's shots or for clips with a panorama and a camera, written as videos to be scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.cameras.transforms import invert_rigid, level_rotation, rigid
from cinescene.data.dataset import focal_from_name
from cinescene.data.documents import read_kind
from cinescene.data.layout import DatasetLayout
from cinescene.depth_files import read_depth
from cinescene.errors import InputError
from cinescene.evaluation.baselines import (
    Baseline,
    geometry_frames,
    nearest_view_frames,
    panorama_frames,
    write_baseline,
)
from cinescene.evaluation.clip_job import ClipJob
from cinescene.presets import NANO_FOLDER
from cinescene.previz.geometry_flight import panorama_depth_views
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.scene.geometry import DepthViews
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.relief import load_relief_net
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Tensor
from cinescene.video import video_info


def baseline_jobs(
    baseline: Baseline, jobs: Sequence[ClipJob], data: Path, out: Path, camera_height_m: float = 1.6
) -> list[ClipJob]:
    """Renders a baseline for clips of a data set into ``out/<baseline>`` (existing ones stay) and returns their jobs.

    Raises `InputError` for an unknown baseline or a data set without the panorama's pose or depth that it needs.
    """
    if baseline not in get_args(Baseline):
        raise InputError(f"baseline: expected one of {', '.join(get_args(Baseline))}, got {baseline!r}")
    layout = DatasetLayout(data)
    made = []
    for job in jobs:
        path = out / baseline / f"{job.name}.mp4"
        if not path.is_file():
            track = _track(job)
            frames = _frames(baseline, layout, job.group, track.cameras(), camera_height_m)
            write_baseline(path, frames, track)
        made.append(dataclasses.replace(job, video=path))
    return made


def _track(job: ClipJob) -> CameraTrack:
    assert job.camera is not None
    assert job.reference is not None
    info = video_info(job.reference)
    track = read_track(job.camera, **({} if job.camera_name is None else {"camera": job.camera_name}))
    if track.intrinsics_px is None:
        track = track.with_lens(focal_from_name(job.camera_name or job.name), info.width_px, info.height_px)
    return dataclasses.replace(track, frame_rate=info.frame_rate)


def _frames(
    baseline: Baseline, layout: DatasetLayout, scene_id: str, cameras: Cameras, camera_height_m: float
) -> Iterator[Tensor]:
    """In the world of paths: origin at the panorama's centre, its middle column along +y."""
    image = load_image(layout.panorama_file(scene_id)).pixels
    pose = _panorama_pose(layout, scene_id)
    level = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    moved = cameras.to(dtype=torch.float64).moved(level @ invert_rigid(pose))
    panorama = Panorama.from_image(image, str(layout.panorama_file(scene_id)))
    if baseline == "panorama-standin":
        return panorama_frames(panorama, moved, StandIn(camera_height_m=camera_height_m))
    if baseline == "panorama-relief":
        net = load_relief_net(NANO_FOLDER / "relief")
        return panorama_frames(panorama, moved, ReliefSurface.around(panorama, net, camera_height_m))
    if baseline == "nearest-view":
        views, view_cameras = panorama_views(panorama, ViewLayout.paper())
        return nearest_view_frames(views, view_cameras, moved)
    depth_file = layout.panorama_depth_file(scene_id)
    if not depth_file.is_file():
        raise InputError(f"{depth_file}: the explicit-geometry baseline needs the panorama's depth, which is not there")
    source = Cameras.equirectangular(torch.eye(4, dtype=torch.float64), image.shape[-1], image.shape[-2]).reshape(1)
    views_with_depth = DepthViews(
        images=image[None].float() / 255, cameras=source, depth=read_depth(depth_file)[None], metres_per_unit=1.0
    )
    return geometry_frames(panorama_depth_views(views_with_depth, source[0]), moved)


def _panorama_pose(layout: DatasetLayout, scene_id: str) -> Tensor:
    path = layout.set_file(scene_id)
    if not path.is_file():
        raise InputError(f"{path}: baselines need the panorama's pose, which this data set does not state")
    document = read_kind(path, "set file", "cinescene.set", 1)
    return torch.tensor(document["panorama_world_from_camera"], dtype=torch.float64)
