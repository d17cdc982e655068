"""Reading a clip and what belongs to it into memory, at one size and length, or saying why that cannot be."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.cameras.request import ShotRequest
from cinescene.data.dataset import focal_from_name
from cinescene.data.frames import fit_frames, fit_masks
from cinescene.data.layout import DatasetLayout
from cinescene.data.released import released_lens
from cinescene.data.strips import read_depth_strip
from cinescene.errors import InputError
from cinescene.evaluation.clip_job import ClipJob, ScoreOptions
from cinescene.files import readable_file
from cinescene.previz.flight import fly_through_panorama
from cinescene.previz.stand_in import StandIn
from cinescene.scene.panorama import Panorama
from cinescene.scene.scene import Scene
from cinescene.tensor_types import Bool, Float, Tensor, UInt8
from cinescene.video import read_video, video_info

SHADED_LEVEL, SUBJECT_LEVEL = 100, 192
"""Mask values from which a pixel is changed by the subject, and from which it shows the subject."""
AROUND_ACTORS = 1 / 24
"""Of the picture's height: how far around the actors of a model the background is left out."""
TRUSTED = 0.9
"""Share of trust from which a pixel of a flight through a panorama counts as ground truth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipInputs:
    """A clip beside its ground truth, frame by frame.

    ``region`` is where the reference shows the place and the subject does not change it (None: nothing tells);
    ``subject`` is where the subject itself is, ``actors`` where the model was told to put its own. ``flags`` say what
    was resampled, is empty or was assumed.
    """

    frames: UInt8[Tensor, "t 3 h w"]
    frame_rate: float
    reference: UInt8[Tensor, "t 3 h w"] | None
    subject: Bool[Tensor, "t h w"] | None
    actors: Bool[Tensor, "t h w"] | None
    region: Bool[Tensor, "t h w"] | None
    depth: Float[Tensor, "t h w"] | None
    cameras: Cameras | None
    panorama: Panorama | None
    flags: tuple[str, ...]


def read_inputs(job: ClipJob, options: ScoreOptions) -> ClipInputs:
    """Everything that a job names. Raises `InputError` that names the file and says what to do."""
    flags: list[str] = []
    clip = read_video(job.video)
    frames = clip.frames
    reference = None if job.reference is None else read_video(job.reference).frames
    if reference is not None:
        frames = _like_reference(job, frames, reference, options.resample, flags)
    affected = subject = None
    if job.mask is not None:
        affected, subject = _fitted_masks(job.mask, frames, options.resample, flags)
    cameras = None if job.camera is None else _cameras(job, frames, clip.frame_rate, options, flags)
    panorama = None if job.scene is None else _panorama(job.scene)
    region = None if affected is None else ~affected
    if reference is None and panorama is not None and cameras is not None:
        reference, shown = _seen_in_panorama(panorama, cameras, options)
        region = shown if region is None else region & shown
        share = float(shown.float().mean())
        flags.append(
            f"no reference clip: compared with the panorama where that is exact ({100 * share:.0f} % of the picture)"
        )
    actors = None
    if job.staged_mask is not None:
        _, actors = _fitted_masks(job.staged_mask, frames, options.resample, [])
        region = None if region is None else region & ~_grown(actors)
    if region is not None and not bool(region.any()):
        flags.append("no background: the mask, or what the panorama cannot show, covers every pixel of every frame")
    depth = None
    if job.depth is not None and job.reference is not None:
        depth = _depth(job.depth, frames, job.reference)
    return ClipInputs(
        frames=frames,
        frame_rate=clip.frame_rate,
        reference=reference,
        subject=subject,
        actors=actors,
        region=region,
        depth=depth,
        cameras=cameras,
        panorama=panorama,
        flags=tuple(flags),
    )


def _like_reference(job: ClipJob, frames: Tensor, reference: Tensor, resample: bool, flags: list[str]) -> Tensor:
    if frames.shape == reference.shape:
        return frames
    said = (
        f"{job.video}: {len(frames)} frames of {_size(frames)}, but its reference has {len(reference)} of "
        f"{_size(reference)}"
    )
    if not resample:
        raise InputError(f"{said}; compare like with like, or ask for --resample")
    flags.append(f"resampled: {said}")
    frames = frames[_nearest(len(frames), len(reference))]
    if frames.shape[-2:] == reference.shape[-2:]:
        return frames
    parts = [fit_frames(f[None].float(), reference.shape[-1], reference.shape[-2]) for f in frames]
    return torch.cat(parts).round().clamp(0, 255).to(torch.uint8)


def _nearest(count: int, wanted: int) -> list[int]:
    """Frames of a clip at the times of ``wanted`` evenly spaced ones."""
    return [round(i * (count - 1) / max(wanted - 1, 1)) for i in range(wanted)]


def _size(frames: Tensor) -> str:
    return f"{frames.shape[-1]}×{frames.shape[-2]}"


# ---- masks ----------------------------------------------------------------------------------------------------------


def read_masks(path: Path, count: int, height: int) -> UInt8[Tensor, "t h w"]:
    """Masks from a video, a folder of pictures, a strip of frames one below the other, or one picture for all.

    Bright is the subject; middle grey (128, in data sets) what it only shades.
    """
    if path.is_dir():
        names = sorted(p for p in path.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
        if not names:
            raise InputError(f"{path}: expected a folder of mask pictures, but it holds no .png or .jpg")
        return torch.stack([_mask_picture(name) for name in names])
    if path.suffix.lower() == ".mp4":
        return read_video(path).frames.float().mean(1).round().to(torch.uint8)
    strip = _mask_picture(path)
    if strip.shape[0] == height * count and count > 1:
        return strip.reshape(count, height, strip.shape[1])
    return strip.expand(count, *strip.shape)


def _mask_picture(path: Path) -> UInt8[Tensor, "h w"]:
    readable_file(path, "mask picture")
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as picture:
            return torch.from_numpy(np.array(picture.convert("L")))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: expected a mask picture, but it cannot be read as one ({error})") from error


def _fitted_masks(
    path: Path, frames: Tensor, resample: bool, flags: list[str]
) -> tuple[Bool[Tensor, "t h w"], Bool[Tensor, "t h w"]]:
    """What the subject changes, and the subject."""
    codes = read_masks(path, len(frames), frames.shape[-2])
    if codes.shape != (len(frames), *frames.shape[-2:]):
        said = f"{path}: {len(codes)} masks of {_size(codes)} for {len(frames)} frames of {_size(frames)}"
        if not resample:
            raise InputError(f"{said}; expected one a frame at the clip's size, or ask for --resample")
        flags.append(f"resampled: {said}")
        codes = codes[_nearest(len(codes), len(frames))]
    affected, subject = (
        fit_masks(codes >= level, frames.shape[-1], frames.shape[-2]) for level in (SHADED_LEVEL, SUBJECT_LEVEL)
    )
    empty = int((~affected.flatten(1).any(1)).sum())
    if empty:
        flags.append(f"the subject mask is empty in {empty} of {len(affected)} frames")
    return affected, subject


def _grown(masks: Bool[Tensor, "t h w"]) -> Bool[Tensor, "t h w"]:
    """With what is around them, where an actor may reach or throw a shadow."""
    reach = 2 * max(1, round(AROUND_ACTORS * masks.shape[-2])) + 1
    return F.max_pool2d(masks[:, None].float(), reach, stride=1, padding=reach // 2)[:, 0] > 0


# ---- cameras and places ---------------------------------------------------------------------------------------------


def _cameras(job: ClipJob, frames: Tensor, frame_rate: float, options: ScoreOptions, flags: list[str]) -> Cameras:
    assert job.camera is not None
    width, height, count = frames.shape[-1], frames.shape[-2], len(frames)
    request = ShotRequest(
        camera=job.camera,
        width_px=width,
        height_px=height,
        frame_rate=frame_rate,
        focal_mm=options.lens_mm,
        ground_z_m=-options.camera_height_m,
        keep_coordinates=options.keep_coordinates or job.depth is not None,
    )
    if not request.is_file():
        cameras = _moves_of_length(request, count).cameras()
    elif job.camera_name is not None:
        track = read_track(job.camera, camera=job.camera_name)
        if track.intrinsics_px is None:
            track = _with_lens(track, job, options, width, height, flags)
        cameras = track.cameras()
    else:
        cameras = request.track().cameras()
    if len(cameras) != count:
        said = f"{job.video}: {count} frames, but {job.camera} has {len(cameras)} cameras"
        if not options.resample:
            raise InputError(f"{said}; expected one a frame, or ask for --resample")
        flags.append(f"resampled: {said}")
        cameras = cameras[_nearest(len(cameras), count)]
    return cameras.to(dtype=torch.float64).resized(width, height)


def _with_lens(
    track: CameraTrack, job: ClipJob, options: ScoreOptions, width: int, height: int, flags: list[str]
) -> CameraTrack:
    """As the options say, for a 36 mm film back; else of the published data's, which their panorama tells."""
    focal = options.lens_mm or focal_from_name(job.camera_name or job.name)
    if options.lens_mm is not None or job.data is None or job.reference is None:
        return track.with_lens(focal, width, height)
    try:
        fit = released_lens(DatasetLayout(job.data).panorama_file(job.group), job.reference)
    except InputError as error:
        flags.append(f"lens: a film back of 36 mm is assumed, as {error}")
        return track.with_lens(focal, width, height)
    return track.with_lens(focal, width, height, fit.sensor_width_mm(focal))


def _moves_of_length(request: ShotRequest, count: int) -> CameraTrack:
    return dataclasses.replace(request, frames=count).track()


def _panorama(scene: str) -> Panorama:
    opened = Scene.open(scene)
    if opened.panorama is None:
        raise InputError(
            f"{scene}: expected a panorama to compare a clip with; for photos give the subject-free clip (--reference)"
        )
    return opened.panorama


def _seen_in_panorama(panorama: Panorama, cameras: Cameras, options: ScoreOptions) -> tuple[Tensor, Tensor]:
    place = StandIn(camera_height_m=options.camera_height_m)
    images, shown = [], []
    for frame in fly_through_panorama(panorama, cameras, place):
        images.append((frame.image.clamp(0, 1) * 255).round().to(torch.uint8))
        shown.append(frame.photographed >= TRUSTED)
    return torch.stack(images), torch.stack(shown)


def _depth(path: Path, frames: Tensor, reference: Path) -> Float[Tensor, "t h w"]:
    depth = read_depth_strip(path, video_info(reference).height_px)
    if depth.shape != (len(frames), *frames.shape[-2:]):
        raise InputError(
            f"{path}: {len(depth)} depth maps of {_size(depth)} for {len(frames)} frames of {_size(frames)}; "
            "expected one a frame of the reference"
        )
    return depth
