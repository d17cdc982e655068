"""Reading a track when something that its file does not say is stated by the user: lens, picture size, rate, up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.formats.detection import detect_format
from cinescene.cameras.formats.lens import SizePx, lens_words, size_words
from cinescene.cameras.formats.registry import read_options, read_track
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a user says of a camera file; None for what is left to the file.

    ``camera`` chooses among several; ``focal_mm`` is a lens on film of ``sensor_width_mm``; ``up`` is the axis of the
    file's world that points up.
    """

    camera: str | None = None
    focal_mm: float | None = None
    sensor_width_mm: float = 36.0
    size_px: SizePx | None = None
    frame_rate: float | None = None
    up: str | None = None
    ignore_distortion: bool = False


def read_stated_track(path: str | Path, stated: Stated, format: str | None = None) -> CameraTrack:
    """The track in a file, completed or changed by what is stated; its notes say what of the file was replaced.

    Raises `InputError` where something stated cannot be: a camera's name for a format with one camera, a lens without
    a picture size.
    """
    name = format if format is not None else detect_format(path)
    known = read_options(name)
    options: dict[str, Any] = {}
    for option in ("camera", "up", "size_px", "frame_rate"):
        value = getattr(stated, option)
        if value is not None and option in known:
            options[option] = value
        elif value is not None and option == "camera":
            raise InputError(f"{path}: files of format {name!r} hold one camera; leave out the name {value!r}")
        elif value is not None and option == "up":
            raise InputError(f"{path}: files of format {name!r} say which way is up; leave out {value!r}")
    if stated.ignore_distortion and "ignore_distortion" in known:
        options["ignore_distortion"] = True
    track = _with_lens(path, read_track(path, name, **options), stated)
    return track if "frame_rate" in options else _with_rate(track, stated.frame_rate)


def _with_lens(path: str | Path, track: CameraTrack, stated: Stated) -> CameraTrack:
    if stated.focal_mm is not None:
        if stated.size_px is None and track.image_size_px is None:
            raise InputError(f"{path}: a focal length needs a picture size beside it (--size 672x384)")
        width, height = stated.size_px or track.cameras().size_px
        replaced = track.with_lens(stated.focal_mm, width, height, stated.sensor_width_mm)
        if track.intrinsics_px is None:
            return replaced
        return _noted(replaced, f"The file's own lens, {lens_words(track.cameras())}, is replaced.")
    if stated.size_px is None:
        return track
    if track.intrinsics_px is None:
        raise InputError(f"{path}: a picture size needs a lens, and the file holds none (--focal-mm 24)")
    cameras = track.cameras()
    if (cameras.image_size_px == torch.tensor(stated.size_px)).all():
        return track
    resized = resized_keeping_width(cameras, stated.size_px)
    changed = dataclasses.replace(track, intrinsics_px=resized.intrinsics_px, image_size_px=resized.image_size_px)
    return _noted(changed, f"The file's own picture size, {size_words(cameras)}, is replaced: its width is kept.")


def resized_keeping_width(cameras: Cameras, size_px: SizePx) -> Cameras:
    """The cameras for another picture size with the same horizontal view and the same shape of pixels.

    Where the aspect ratio changes, the picture is cropped or extended at its top and bottom alike.
    """
    width, height = size_px
    size = cameras.image_size_px.to(cameras.dtype)
    scale = width / size[:, 0]
    intrinsics = cameras.intrinsics_px.clone()
    intrinsics[:, 0] *= scale[:, None]
    intrinsics[:, 1, 1] *= scale
    intrinsics[:, 1, 2] = (intrinsics[:, 1, 2] - size[:, 1] / 2) * scale + height / 2
    sizes = torch.tensor(size_px).expand(len(cameras), 2)
    return dataclasses.replace(cameras, intrinsics_px=intrinsics, image_size_px=sizes)


def _with_rate(track: CameraTrack, frame_rate: float | None) -> CameraTrack:
    if frame_rate is None or track.frame_rate == frame_rate:
        return track
    own = "times" if track.times_s is not None else None if track.frame_rate is None else f"rate, {track.frame_rate:g}"
    changed = dataclasses.replace(track, frame_rate=frame_rate, times_s=None)
    if own is None:
        return changed
    return _noted(
        changed, f"The file's own {own}, is replaced by {frame_rate:g} frames a second: the shot's speed changes."
    )


def _noted(track: CameraTrack, note: str) -> CameraTrack:
    return dataclasses.replace(track, notes=(*track.notes, note))
