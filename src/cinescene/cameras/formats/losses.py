"""What a format can hold, and plain sentences on what of a track it cannot."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cinescene.cameras.formats.lens import lens_words, size_words
from cinescene.cameras.track import CameraTrack


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Which parts of a `CameraTrack` a format has a place for, besides the poses.

    ``pixel_aspect``: fx ≠ fy; ``principal_point``: a lens axis off the picture's centre; ``size``: one picture size,
    ``mixed_sizes``: one a frame; ``rate``: a frame rate as such; ``times``: a time a frame, which tells an even rate
    too; ``up``: which way is up, stated or by the format's definition.
    """

    lens: bool = False
    pixel_aspect: bool = False
    principal_point: bool = False
    skew: bool = False
    size: bool = False
    mixed_sizes: bool = False
    rate: bool = False
    times: bool = False
    names: bool = False
    metres: bool = False
    up: bool = False


def what_is_lost(track: CameraTrack, title: str, holds: Holds) -> list[str]:
    """Sentences on the parts of the track that a format called ``title`` does not hold."""
    return [f"{title} cannot hold {part}." for part in [*_lens_lost(track, holds), *_rest_lost(track, holds)]]


def _lens_lost(track: CameraTrack, holds: Holds) -> list[str]:
    if track.intrinsics_px is None:
        return []
    cameras = track.cameras().to(dtype=torch.float64)
    if not holds.lens:
        return [f"the lens, {lens_words(cameras)}, or the picture size, {size_words(cameras)}"]
    lost = []
    intrinsics, size = cameras.intrinsics_px, cameras.image_size_px.to(torch.float64)
    ratio = intrinsics[:, 0, 0] / intrinsics[:, 1, 1]
    if not holds.pixel_aspect and float((ratio - 1).abs().max()) > 1e-9:
        lost.append(f"pixels that are not square: fx is {float(ratio[0]):.6g} × fy")
    offset = (intrinsics[:, :2, 2] - size / 2).abs().amax(0)
    if not holds.principal_point and float(offset.max()) > 1e-6:
        lost.append(f"a principal point off the centre, here by up to {float(offset.max()):.4g} px")
    if not holds.skew and float(intrinsics[:, 0, 1].abs().max()) > 0:
        lost.append("skew of the pixel axes")
    if not holds.size:
        lost.append(f"the picture size, {size_words(cameras)}")
    elif not holds.mixed_sizes and len(cameras.image_size_px.unique(dim=0)) > 1:
        lost.append(f"several picture sizes: the first, {int(size[0, 0])}×{int(size[0, 1])}, is written")
    return lost


def _rest_lost(track: CameraTrack, holds: Holds) -> list[str]:
    lost = []
    if track.times_s is not None and not holds.times:
        lost.append("a time for each frame")
    rate_is_told = holds.rate or (holds.times and len(track) > 1)
    if track.frame_rate is not None and not rate_is_told:
        lost.append(f"the frame rate, {track.frame_rate:.6g}")
    if track.names is not None and not holds.names:
        lost.append("the names of the pictures")
    if track.metres_per_unit is not None and not holds.metres:
        lost.append(f"the scale, {track.metres_per_unit:g} m a unit: its numbers have no stated unit")
    if track.z_up and not holds.up:
        lost.append("which way is up: z, as written")
    return lost
