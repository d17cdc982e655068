"""Baseline clips for a data set's shots, written as videos to be scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import torch

from cinescene.cameras import Cameras
from cinescene.data.manifest import sha256_of_file
from cinescene.depth_files import read_depth
from cinescene.errors import GeometryError, InputError, failure_reason
from cinescene.evaluation.baselines import (
    Baseline,
    geometry_frames,
    nearest_view_frames,
    panorama_frames,
    write_baseline,
)
from cinescene.evaluation.clip_job import ClipJob
from cinescene.evaluation.made import is_kept, keep
from cinescene.evaluation.measures import VERSION
from cinescene.evaluation.placed_shot import PlacedShot, placed_shot
from cinescene.presets import NANO_FOLDER
from cinescene.previz.geometry_flight import panorama_depth_views
from cinescene.previz.place import PlaceOptions, open_place
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.scene.geometry import DepthViews
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.relief import load_relief_net
from cinescene.scene.scene import Scene
from cinescene.scene.vggt.weights import weights_path
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Tensor


def baseline_jobs(
    baseline: Baseline,
    jobs: Sequence[ClipJob],
    out: Path,
    vggt: str | None = None,
    failed: dict[str, str] | None = None,
    *,
    camera_height_m: float = 1.6,
) -> list[ClipJob]:
    """Renders a baseline for clips of a data set into ``out/<baseline>`` and returns their jobs.

    Clips that are there and were made from the same files stay. ``vggt`` is the checkpoint of ``explicit-vggt`` (nano's
    own by default); ``camera_height_m`` is assumed of panoramas whose height is not recorded. A shot whose geometry
    cannot be found is left out and its reason put into ``failed``; without that it raises `GeometryError`. Raises
    `InputError` for an unknown baseline or a data set without the panorama's pose or depth that it needs.
    """
    if baseline not in get_args(Baseline):
        raise InputError(f"baseline: expected one of {', '.join(get_args(Baseline))}, got {baseline!r}")
    if baseline == "truth":
        return list(jobs)
    made = []
    for job in jobs:
        path, shot = out / baseline / f"{job.name}.mp4", placed_shot(job, camera_height_m)
        facts = {
            "baseline": baseline,
            "measures": VERSION,
            "vggt": vggt,
            "height_m": shot.camera_height_m,
            "files": _sources(baseline, job, shot, vggt),
        }
        if not is_kept(path, facts):
            try:
                write_baseline(path, _frames(baseline, shot, vggt), shot.track)
            except GeometryError as error:
                if failed is None:
                    raise
                failed[job.name] = failure_reason(error)
                continue
            keep(path, facts)
        made.append(dataclasses.replace(job, video=path))
    return made


def _sources(baseline: Baseline, job: ClipJob, shot: PlacedShot, vggt: str | None) -> dict[str, str]:
    recorded = shot.layout.set_file(shot.scene_id)
    files = [shot.panorama_file, recorded if recorded.is_file() else Path(str(job.reference)), Path(str(job.camera))]
    if baseline == "panorama-relief":
        files.append(NANO_FOLDER / "relief" / "model.safetensors")
    if baseline == "explicit-vggt":
        files.append(weights_path(vggt or NANO_FOLDER / "vggt"))
    return {path.name: sha256_of_file(path) for path in files}


def _frames(baseline: Baseline, shot: PlacedShot, vggt: str | None) -> Iterator[Tensor]:
    """In the world of paths: origin at the panorama's centre, its middle column along +y."""
    scene = Scene.open(shot.panorama_file)
    panorama, cameras = scene.panorama, shot.track.cameras()
    assert panorama is not None
    if baseline == "panorama-standin":
        return panorama_frames(panorama, cameras, StandIn(camera_height_m=shot.camera_height_m))
    if baseline == "panorama-relief":
        net = load_relief_net(NANO_FOLDER / "relief")
        return panorama_frames(panorama, cameras, ReliefSurface.around(panorama, net, shot.camera_height_m))
    if baseline == "nearest-view":
        views, view_cameras = panorama_views(panorama, ViewLayout.paper())
        return nearest_view_frames(views, view_cameras, cameras)
    if baseline == "explicit-vggt":
        options = PlaceOptions(
            geometry="vggt",
            mode="points",
            vggt=vggt or str(NANO_FOLDER / "vggt"),
            camera_height_m=shot.camera_height_m,
        )
        return (frame.image for frame in open_place(scene, options).fly(cameras))
    return geometry_frames(_known_depth(shot, panorama), cameras)


def _known_depth(shot: PlacedShot, panorama: Panorama) -> DepthViews:
    depth_file = shot.layout.panorama_depth_file(shot.scene_id)
    if not depth_file.is_file():
        raise InputError(f"{depth_file}: the explicit-geometry baseline needs the panorama's depth, which is not there")
    width, height = panorama.size_px
    source = Cameras.equirectangular(torch.eye(4, dtype=torch.float64), width, height).reshape(1)
    views = DepthViews(
        images=panorama.image[None].float() / 255,
        cameras=source,
        depth=read_depth(depth_file)[None],
        metres_per_unit=1.0,
    )
    return panorama_depth_views(views, source[0])
