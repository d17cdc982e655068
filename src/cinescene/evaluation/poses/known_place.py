"""Camera poses by comparison with views of a known place: a rendered set, recorded frames with depth, a panorama.

For each frame the place is looked at from the wanted camera, SIFT matches with that view give a first answer however
far off the frame is (perspective-n-point; turning only where nothing has a depth), direct alignment makes it exact, and
the place is looked at again from there. The result is in the place's own world and unit, so no alignment is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.projection import camera_directions
from cinescene.cameras.transforms import closest_rotation, invert_rigid, rigid
from cinescene.errors import MissingDependencyError
from cinescene.evaluation.matching import load_opencv, match_pictures
from cinescene.evaluation.poses.estimate import PoseEstimate
from cinescene.evaluation.poses.photometric import Alignment, PlaceView, align_frame
from cinescene.scene.geometry import DepthViews
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

LEAST_CORRELATION = 0.6
LEAST_SEEN = 0.2
LOOKS = 2
FEWEST_MATCHES = 12
TOLERANCE_PX = 3.0


LookAtPlace = Callable[[Cameras, int], PlaceView]
"""What the place looks like from near a camera (one), for a frame of the clip (its number).

A renderer answers from the camera itself; recorded frames answer from where they were recorded.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownPlacePoses:
    """The pose estimator of known places; see `PoseEstimator`.

    A frame counts as posed where its luminance correlates with the place's by at least 0.6 over at least a fifth of the
    view; a frame of one colour never does. ``numbers`` are the frames' numbers in the clip where only some are given.
    """

    look: LookAtPlace
    name: str = "comparison with views of the known place"
    numbers: tuple[int, ...] | None = None

    def __call__(
        self, frames: UInt8[Tensor, "t 3 h w"], wanted: Cameras, background: Bool[Tensor, "t h w"] | None = None
    ) -> PoseEstimate:
        wanted = wanted.to(dtype=torch.float64)
        poses, posed = torch.eye(4, dtype=torch.float64).repeat(len(frames), 1, 1), []
        positions_known = True
        for index, frame in enumerate(frames):
            number = index if self.numbers is None else self.numbers[index]
            region = None if background is None else background[index]
            found = self._pose(frame.float() / 255, wanted[index], number, region)
            good = found.correlation >= LEAST_CORRELATION and found.seen >= LEAST_SEEN
            posed.append(good)
            positions_known &= found.positions_known
            if good:
                poses[index] = found.world_from_camera
        notes = () if positions_known else ("the place has no depth: only the camera's turning was measured",)
        return PoseEstimate(
            world_from_camera=poses,
            posed=torch.tensor(posed),
            world="place",
            method=self.name,
            positions_known=positions_known,
            notes=notes,
        )

    def _pose(self, frame: Tensor, wanted: Cameras, number: int, region: Tensor | None) -> Alignment:
        view = self.look(wanted, number)
        starts = [wanted, *_posed_by_matches(frame, view, wanted, region)]
        rough = [align_frame(frame, view, start, region, slice(0, 2)) for start in starts]
        best = max(rough, key=lambda alignment: alignment.correlation)
        for look in range(LOOKS):
            start = _placed(wanted, best.world_from_camera)
            if look:
                view = self.look(start, number)
            best = align_frame(frame, view, start, region)
        return best


def _placed(camera: Cameras, world_from_camera: Float[Tensor, "4 4"]) -> Cameras:
    return Cameras(
        world_from_camera=world_from_camera,
        intrinsics_px=camera.intrinsics_px,
        image_size_px=camera.image_size_px,
    )


# ---- places ---------------------------------------------------------------------------------------------------------


def recorded_place(views: DepthViews) -> LookAtPlace:
    """Recorded frames with depth, one for each frame of the clip, such as the subject-free clip of a rendered set."""

    def look(camera: Cameras, frame: int) -> PlaceView:
        return PlaceView(image=views.images[frame], depth=views.depth[frame], camera=views.cameras[frame])

    return look


def panorama_place(panorama: Panorama) -> LookAtPlace:
    """A panorama: everything infinitely far away, so that only turning is measured."""
    pyramids = {}

    def look(camera: Cameras, frame: int) -> PlaceView:
        if "pyramid" not in pyramids:
            pyramids["pyramid"] = panorama.pyramid(float(1 / camera.focal_px.max()) / 2)
        image = resample_panorama(panorama, camera, pyramids["pyramid"]).float()
        depth = torch.full(image.shape[-2:], torch.inf)
        return PlaceView(image=image, depth=depth, camera=camera)

    return look


# ---- a first answer by matches --------------------------------------------------------------------------------------


def _posed_by_matches(frame: Tensor, view: PlaceView, wanted: Cameras, region: Tensor | None) -> Iterator[Cameras]:
    """The camera by perspective-n-point, or by turning alone; nothing without OpenCV or enough matches."""
    try:
        cv2 = load_opencv()
    except MissingDependencyError:
        return
    known = (view.depth > 0) & ~torch.isnan(view.depth)
    matches = match_pictures(view.image.clamp(0, 1), frame, known, region)
    if len(matches) < FEWEST_MATCHES:
        return
    place = torch.from_numpy(matches.first_px)
    height, width = view.depth.shape
    column, row = (place[:, axis].long().clamp(0, size - 1) for axis, size in ((0, width), (1, height)))
    depth = view.depth[row, column].double()
    rays = camera_directions(view.camera.to(dtype=torch.float64), place)
    near = torch.isfinite(depth)
    if int(near.sum()) >= FEWEST_MATCHES:
        relative = _by_points(cv2, rays[near] * depth[near, None], matches.second_px[near.numpy()], wanted)
    else:
        relative = _by_turning(rays, torch.from_numpy(matches.second_px), wanted)
    if relative is not None:
        world = view.camera.to(dtype=torch.float64).world_from_camera @ invert_rigid(relative)
        yield _placed(wanted, world)


def _by_points(cv2: Any, points: Tensor, pixels: np.ndarray, wanted: Cameras) -> Tensor | None:
    """camera_from_template by RANSAC and refinement on its inliers."""
    lens = wanted.intrinsics_px.numpy()
    cv2.setRNGSeed(0)
    found, turn, shift, inliers = cv2.solvePnPRansac(
        points.numpy(), pixels, lens, None, reprojectionError=TOLERANCE_PX, iterationsCount=300, confidence=0.999
    )
    if not found or inliers is None or len(inliers) < FEWEST_MATCHES // 2:
        return None
    rotation = torch.from_numpy(cv2.Rodrigues(turn)[0])
    return rigid(closest_rotation(rotation), torch.from_numpy(shift[:, 0]))


def _by_turning(rays: Tensor, pixels: Tensor, wanted: Cameras) -> Tensor | None:
    """The rotation that takes template rays to the frame's, by iteratively trimmed orthogonal Procrustes."""
    first = torch.nn.functional.normalize(rays, dim=-1)
    second = torch.nn.functional.normalize(camera_directions(wanted, pixels), dim=-1)
    kept = torch.ones(len(first), dtype=torch.bool)
    limit = 2 * TOLERANCE_PX / float(wanted.focal_px.min())
    rotation = torch.eye(3, dtype=torch.float64)
    for _ in range(10):
        rotation = closest_rotation(second[kept].T @ first[kept])
        error = (second - first @ rotation.T).norm(dim=-1)
        kept = error <= max(float(error.median()), limit)
    if int((error <= limit).sum()) < FEWEST_MATCHES // 2:
        return None
    return rigid(rotation, torch.zeros(3, dtype=torch.float64))
