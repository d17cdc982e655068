"""Checking a data set: every file, and what must hold between them."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.formats import read_track
from cinescene.cameras.formats.cinescene_release import read_cinescene_cameras
from cinescene.cameras.projection import inside_image, pixel_grid, project, unproject
from cinescene.data.documents import read_kind
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import check_manifest
from cinescene.data.strips import read_depth_strip, read_mask_strip
from cinescene.errors import CineSceneError
from cinescene.scene.images import load_image
from cinescene.scene.panorama import check_panorama_size
from cinescene.tensor_types import Bool, Float, Tensor, UInt8
from cinescene.video import read_video

CODEC_REACH_PX = 8
"""How far beyond a mask the video codec may carry a difference: half a macroblock."""
CODEC_ERROR = 12 / 255
"""Largest mean difference of a frame, outside the mask's reach, that compression explains."""
WARP_ERROR = 6 / 255
"""Largest median colour error of a frame warped by depth and cameras that compression and shading explain."""
SAME_DEPTH = 0.02


def verify_scene(layout: DatasetLayout, scene_id: str) -> list[str]:
    """What is wrong with a scene, one sentence each; empty when all is well.

    Checksums; equal camera files with and without the subject, and equal to the exact cameras; a full panorama; as many
    frames in both videos as cameras; depth and masks of the frames' size; the subject's traces only inside its mask;
    depth and cameras that warp one frame onto another; a caption.
    """
    try:
        problems = check_manifest(layout, scene_id) if layout.manifest_file(scene_id).is_file() else []
        if any(": missing" in problem or "differs from" in problem for problem in problems):
            return [f"{scene_id}: {problem}" for problem in problems]
        files = [layout.camera_file(scene_id, subject=subject) for subject in (True, False)]
        if len({file.read_bytes() for file in files if file.is_file()}) > 1:
            problems.append("the camera files with and without the subject differ")
        panorama = load_image(layout.panorama_file(scene_id)).pixels
        check_panorama_size(panorama.shape[-1], panorama.shape[-2], str(layout.panorama_file(scene_id)))
        tracks = read_cinescene_cameras(next(file for file in files if file.is_file()))
    except (CineSceneError, StopIteration, OSError) as error:
        return [f"{scene_id}: {error or 'no camera file'}"]
    for clip in tracks:
        try:
            problems += [f"{clip}: {problem}" for problem in _clip_problems(layout, scene_id, clip, len(tracks[clip]))]
        except CineSceneError as error:
            problems.append(f"{clip}: {error}")
    return [f"{scene_id}: {problem}" for problem in problems]


def _clip_problems(layout: DatasetLayout, scene_id: str, clip: str, poses: int) -> list[str]:
    with_subject = read_video(layout.video_file(scene_id, clip, subject=True)).frames
    without = read_video(layout.video_file(scene_id, clip, subject=False)).frames
    if not len(with_subject) == len(without) == poses or with_subject.shape != without.shape:
        return [f"{poses} poses, but {len(with_subject)} frames with the subject and {len(without)} without"]
    problems = []
    clip_file, track_file = layout.clip_file(scene_id, clip), layout.track_file(scene_id, clip)
    if (
        clip_file.is_file()
        and not str(read_kind(clip_file, "clip file", "cinescene.clip", 1).get("caption", "")).strip()
    ):
        problems.append("its caption is empty")
    height = with_subject.shape[-2]
    if layout.mask_file(scene_id, clip).is_file():
        subject, affected = read_mask_strip(layout.mask_file(scene_id, clip), height)
        problems += _mask_problems(with_subject, without, subject, affected)
    if layout.depth_file(scene_id, clip).is_file() and track_file.is_file():
        cameras = read_track(track_file).cameras()
        depth = read_depth_strip(layout.depth_file(scene_id, clip), height)
        problems += _warp_problems(without, depth, cameras)
    return problems


def _mask_problems(
    with_subject: UInt8[Tensor, "t 3 h w"],
    without: UInt8[Tensor, "t 3 h w"],
    subject: Bool[Tensor, "n h2 w2"],
    affected: Bool[Tensor, "n h2 w2"],
) -> list[str]:
    if (len(subject), *subject.shape[-2:]) != (len(without), *without.shape[-2:]):
        return [f"its masks have shape {tuple(subject.shape)}"]
    for index in range(len(without)):
        reach = 2 * CODEC_REACH_PX + 1
        outside = F.max_pool2d(affected[index][None, None].float(), reach, 1, CODEC_REACH_PX)[0, 0] == 0
        difference = (with_subject[index].float() - without[index].float()).abs().mean(0) / 255
        if outside.any() and float(difference[outside].mean()) > CODEC_ERROR:
            return [f"frame {index} differs with and without the subject outside its mask"]
    return []


def _warp_problems(frames: UInt8[Tensor, "t 3 h w"], depth: Float[Tensor, "n h2 w2"], cameras: Cameras) -> list[str]:
    if (len(depth), *depth.shape[-2:]) != (len(frames), *frames.shape[-2:]) or len(cameras) != len(frames):
        return [f"its depth has shape {tuple(depth.shape)}"]
    chosen = sorted({0, len(frames) // 2, len(frames) - 1})
    for first, second in itertools.pairwise(chosen):
        error = warp_error(frames[first], frames[second], depth[first], depth[second], cameras[[first, second]])
        if error is not None and error > WARP_ERROR:
            return [f"frame {first} warped by depth and cameras misses frame {second} by {255 * error:.1f}/255"]
    return []


def warp_error(
    first: UInt8[Tensor, "3 h w"],
    second: UInt8[Tensor, "3 h w"],
    first_depth: Float[Tensor, "h w"],
    second_depth: Float[Tensor, "h w"],
    cameras: Cameras,
) -> float | None:
    """Median colour difference, in [0, 1], between a frame's pixels and where depth and cameras put them in another.

    Pixels that the second frame does not see at their depth are left out; None where too few are left to tell.
    """
    height, width = first_depth.shape
    grid = pixel_grid(width, height, torch.float64).reshape(1, -1, 2)
    surface = first_depth.isfinite().flatten()
    depth = torch.where(surface, first_depth.flatten(), 1.0).double()[None]
    points = unproject(cameras[:1].to(dtype=torch.float64), grid, depth)
    pixels, distance = project(cameras[1:].to(dtype=torch.float64), points)
    seen = inside_image(cameras[1:], pixels)[0] & surface
    place = (pixels[0].nan_to_num() / torch.tensor([width, height]) * 2 - 1).float()[None, None]
    there = F.grid_sample(second_depth.nan_to_num(posinf=1e9)[None, None], place, mode="nearest", align_corners=False)
    visible = seen & ((there[0, 0, 0] / distance[0].float().clamp_min(1e-6) - 1).abs() < SAME_DEPTH)
    if int(visible.sum()) < 50:
        return None
    colours = F.grid_sample(second[None].float(), place, mode="bilinear", align_corners=False)[0, :, 0]
    difference = (colours - first.flatten(1).float()).abs().mean(0)[visible] / 255
    return float(difference.median())
