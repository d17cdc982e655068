"""A data set's clip in the world of its panorama: what a baseline or a model needs to make the same shot again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.cameras.transforms import invert_rigid, level_rotation, rigid
from cinescene.data.dataset import focal_from_name
from cinescene.data.documents import read_kind
from cinescene.data.layout import DatasetLayout
from cinescene.data.released import recorded_panorama_pose, released_lens, released_panorama_pose
from cinescene.errors import InputError
from cinescene.evaluation.clip_job import ClipJob
from cinescene.sets.subjects.performance import Performance
from cinescene.tensor_types import Float, Tensor
from cinescene.video import video_info

LEVEL_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedShot:
    """A shot in the world of paths: metres, origin at the panorama's centre, its middle column along +y, z up.

    ``camera_height_m``
        Of the panorama above the ground: recorded, or assumed where the data set does not say.
    ``performances``
        Who does what, as recorded; nobody where the data set does not say.
    """

    layout: DatasetLayout
    scene_id: str
    track: CameraTrack
    camera_height_m: float
    performances: tuple[Performance, ...]

    @property
    def panorama_file(self) -> Path:
        return self.layout.panorama_file(self.scene_id)


def placed_shot(job: ClipJob, camera_height_m: float = 1.6) -> PlacedShot:
    """The shot of a data set's clip.

    Of the published data, which say neither where a panorama stands nor which film back a clip has, both are found by
    matching the clip's first frame with the panorama, and ``camera_height_m`` is assumed. Raises `InputError` where
    that fails.
    """
    if job.data is None or job.camera is None or job.reference is None:
        raise InputError(f"{job.name}: expected a clip of a data set (--data), with its camera and subject-free clip")
    layout = DatasetLayout(job.data)
    track = _track(job, layout)
    pose = recorded_panorama_pose(layout, job.group)
    if pose is not None:
        camera_height_m = float(pose[2, 3])
    else:
        fit = released_lens(layout.panorama_file(job.group), job.reference)
        pose = released_panorama_pose(fit, track.world_from_camera[0].double())
    path_from_set = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64)) @ invert_rigid(pose)
    moved = track.cameras().to(dtype=torch.float64).moved(path_from_set)
    return PlacedShot(
        layout=layout,
        scene_id=job.group,
        track=CameraTrack.from_cameras(moved, frame_rate=track.frame_rate, metres_per_unit=1.0),
        camera_height_m=camera_height_m,
        performances=tuple(moved_performance(p, path_from_set) for p in _performances(layout, job)),
    )


def moved_performance(performance: Performance, motion: Float[Tensor, "4 4"]) -> Performance:
    """The same performance after a turn about the vertical and a shift; raises `InputError` for other motions."""
    if float((motion[2, :3] - motion.new_tensor([0.0, 0.0, 1.0])).abs().max()) > LEVEL_TOLERANCE:
        raise InputError("performance: expected a motion that leaves the vertical as it is; is the panorama level?")
    path, turn = performance.path, float(torch.atan2(motion[1, 0], motion[0, 0]))
    points = torch.tensor(path.points_m, dtype=torch.float64) @ motion[:2, :2].double().mT + motion[:2, 3].double()
    headings = path.headings_rad
    moved = dataclasses.replace(
        path,
        points_m=tuple((float(x), float(y)) for x, y in points),
        floor_m=path.floor_m + float(motion[2, 3]),
        headings_rad=None if headings is None else tuple(heading + turn for heading in headings),
    )
    return dataclasses.replace(performance, path=moved)


def _track(job: ClipJob, layout: DatasetLayout) -> CameraTrack:
    assert job.camera is not None
    assert job.reference is not None
    info = video_info(job.reference)
    track = read_track(job.camera, **({} if job.camera_name is None else {"camera": job.camera_name}))
    if track.intrinsics_px is None:
        focal = focal_from_name(job.camera_name or job.name)
        fit = released_lens(layout.panorama_file(job.group), job.reference)
        track = track.with_lens(focal, info.width_px, info.height_px, fit.sensor_width_mm(focal))
    return dataclasses.replace(track, frame_rate=info.frame_rate)


def _performances(layout: DatasetLayout, job: ClipJob) -> tuple[Performance, ...]:
    path = layout.clip_file(job.group, job.name.removeprefix(f"{job.group}_"))
    if not path.is_file():
        return ()
    recorded = read_kind(path, "clip file", "cinescene.clip", 1).get("facts", {}).get("performances", [])
    return tuple(Performance.from_json(value, f"{path}: performance {i + 1}") for i, value in enumerate(recorded))
