"""glTF 2.0 (``.gltf``, ``.glb``): an animated camera node.

Metres; y up; cameras look along −z with +y up; quaternions are (x, y, z, w); times are seconds. A perspective camera
has the vertical field of view ``yfov`` (radians) and the ratio of the view's width to its height, so that pixels that
are not square can be told, but a principal point off the centre cannot. A lens that changes is animated by the ratified
extension ``KHR_animation_pointer``, which readers may ignore. Numbers of an animation are float32: seven digits.
Source: Khronos' glTF 2.0 specification and ``KHR_animation_pointer``.

Picture size and frame rate have no place in glTF itself; they are kept in the camera's ``extras.cinescene`` (a place
that the specification leaves to applications) and other programs pass them over.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import checked_poses, turned_up, without_scale
from cinescene.cameras.formats.gltf_camera import GltfCamera, chosen_camera
from cinescene.cameras.formats.gltf_file import read_gltf
from cinescene.cameras.formats.gltf_write import HOLDS, TITLE, write
from cinescene.cameras.formats.lens import (
    SizePx,
    focal_from_field_of_view,
    intrinsics_from,
    is_rounded,
    nominal_note,
    nominal_size,
    repeated_size,
)
from cinescene.cameras.formats.timing import rate_of
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError

__all__ = ["HOLDS", "TITLE", "read", "write"]

SAMPLED_RATE = 24.0
"""Frames a second at which an animation with sparse keys is read unless another rate is stated."""

_SLOWEST_BAKED_RATE = 12.0
_MAX_FRAMES = 100_000
_KEY_PRECISION_S = 2e-5


def read(
    path: Path, *, camera: str | None = None, size_px: SizePx | None = None, frame_rate: float | None = None
) -> CameraTrack:
    """One camera of a file, in metres and z up.

    ``camera`` is the node's or camera's name (the first by default), ``size_px`` the picture size where the file has
    none. An animation with a key in every frame is read key by key; one with sparse keys is sampled at ``frame_rate``
    (24 by default).
    """
    file = read_gltf(path)
    chosen, notes = chosen_camera(file, camera)
    times, timing = _times(path, chosen, frame_rate, notes)
    world = chosen.world_matrices(times)
    matrices = np.stack(
        [without_scale(m, f"{path}: {chosen.name} at {t:g} s") for m, t in zip(world, times, strict=True)]
    )
    poses = checked_poses(matrices, lambda i: f"{path}: {chosen.name} at {times[i]:g} s", opengl=True)
    lens = _lens(path, chosen, times, size_px, notes)
    return CameraTrack(
        world_from_camera=turned_up(poses, "y")[0], metres_per_unit=1.0, notes=tuple(notes), **timing, **lens
    )


def _times(
    path: Path, chosen: GltfCamera, frame_rate: float | None, notes: list[str]
) -> tuple[np.ndarray, dict[str, Any]]:
    """The times to sample at, and the track's frame rate and times."""
    if frame_rate is not None and not (frame_rate > 0 and math.isfinite(frame_rate)):
        raise InputError(f"frame rate: expected a positive number, got {frame_rate}")
    keys = chosen.key_times()
    kept = chosen.kept("frame_rate")
    kept_rate = None if kept is None else kept.positive()
    if len(keys) == 0:
        return np.zeros(1), {"frame_rate": frame_rate or kept_rate}
    if frame_rate is None:
        if chosen.kept("timing") is not None:
            return keys, {"frame_rate": kept_rate, "times_s": torch.from_numpy(keys)}
        rate = kept_rate or rate_of(torch.from_numpy(keys), _KEY_PRECISION_S)
        if rate is not None and (kept_rate is not None or rate >= _SLOWEST_BAKED_RATE):
            return keys, {"frame_rate": rate}
        notes.append(f"The animation has {len(keys)} keys; it is sampled at {SAMPLED_RATE:g} frames a second.")
    rate = frame_rate or SAMPLED_RATE
    count = math.floor((keys[-1] - keys[0]) * rate + 1e-4) + 1
    if count > _MAX_FRAMES:
        raise InputError(f"{path}: an animation of {keys[-1] - keys[0]:g} s is {count} frames, more than {_MAX_FRAMES}")
    return keys[0] + np.arange(count) / rate, {"frame_rate": rate}


def _lens(
    path: Path, chosen: GltfCamera, times: np.ndarray, size_px: SizePx | None, notes: list[str]
) -> dict[str, Any]:
    yfov, aspect = (torch.from_numpy(series) for series in chosen.field_of_view(times))
    kept = chosen.kept("image_size_px")
    stated = not bool(aspect.isnan().any())
    if kept is not None:
        width, height = kept.numbers(2)
        size = (int(width), int(height))
    elif size_px is not None:
        size = size_px
    else:
        size = nominal_size(float(aspect[0]) if stated else 16 / 9)
        notes.append(nominal_note(size))
    sizes = repeated_size(size, len(times), f"{path}: {chosen.name}")
    if not stated:
        aspect = torch.full_like(yfov, size[0] / size[1])
    if not ((aspect > 0) & torch.isfinite(aspect)).all():
        raise GeometryError(f"{path}: {chosen.name}: expected a positive aspectRatio, got {float(aspect.min()):g}")
    fy = focal_from_field_of_view(yfov, float(size[1]), f"{path}: {chosen.name}: yfov")
    fx = fy * (size[0] / size[1]) / aspect
    if kept is None and not is_rounded(size, float(aspect[0])):
        fy = fx
        notes.append(f"The file's view is {float(aspect[0]):.4g} times as wide as high: its width is kept.")
    centre = torch.full_like(fx, size[0] / 2), torch.full_like(fx, size[1] / 2)
    return {"intrinsics_px": intrinsics_from(fx, fy, *centre), "image_size_px": sizes}
