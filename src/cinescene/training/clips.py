"""Frames of many clips, for parts that learn from pictures alone: both versions of every shot of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor, UInt8
from cinescene.video import read_video, video_info


@dataclass(frozen=True)
class Clip:
    """A video file and its length."""

    path: Path
    frames: int
    width_px: int
    height_px: int


class ClipFrames:
    """Random pieces of clips: consecutive frames, scaled by a random factor, cropped at a random place."""

    def __init__(
        self,
        roots: Sequence[Path],
        frames: int,
        crop_px: int,
        smallest_scale: float = 0.5,
        memory_bytes: int = 6 * 1024**3,
    ) -> None:
        """Decoded clips are kept up to ``memory_bytes``. Raises `InputError` where no clip is long and large enough."""
        self.frames, self.crop_px, self.smallest_scale = frames, crop_px, smallest_scale
        found = [clip for root in roots for clip in videos_of(root)]
        self.clips = [c for c in found if c.frames >= frames and min(c.width_px, c.height_px) >= crop_px]
        if not self.clips:
            names = ", ".join(str(root) for root in roots)
            raise InputError(
                f"{names}: expected clips of at least {frames} frames and {crop_px} px a side, found none "
                f"among {len(found)} videos; render some with `cinescene sets render`"
            )
        size = max(3 * c.frames * c.width_px * c.height_px for c in self.clips)
        self._decoded = lru_cache(maxsize=memory_bytes // size)(self._decode)

    def __len__(self) -> int:
        return len(self.clips)

    def _decode(self, index: int) -> UInt8[Tensor, "t 3 h w"]:
        return read_video(self.clips[index].path).frames

    def piece(self, index: int, generator: torch.Generator) -> Float[Tensor, "t 3 h w"]:
        clip = self.clips[index]
        begin = _below(clip.frames - self.frames + 1, generator)
        frames = self._decoded(index)[begin : begin + self.frames].float() / 255
        scale = self._scale(clip, generator)
        if scale < 1:
            size = (round(clip.height_px * scale), round(clip.width_px * scale))
            frames = F.interpolate(frames, size=size, mode="bilinear", antialias=True)
        top, left = (_below(side - self.crop_px + 1, generator) for side in frames.shape[-2:])
        piece = frames[..., top : top + self.crop_px, left : left + self.crop_px]
        return piece.flip(-1) if _below(2, generator) else piece

    def _scale(self, clip: Clip, generator: torch.Generator) -> float:
        least = max(self.smallest_scale, self.crop_px / min(clip.width_px, clip.height_px))
        return least + (1 - least) * float(torch.rand((), generator=generator))


def videos_of(root: Path) -> list[Clip]:
    """All complete videos of a data set, with and without subjects, in a fixed order."""
    layout = DatasetLayout(root)
    clips = []
    for scene_id in layout.scene_ids():
        if not layout.manifest_file(scene_id).is_file() and layout.extras_folder(scene_id).is_dir():
            continue
        for path in sorted((root / "video").glob(f"*/{scene_id}/*.mp4")):
            info = video_info(path)
            frames = info.frame_count or len(read_video(path).frames)
            clips.append(Clip(path, frames, info.width_px, info.height_px))
    return clips


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
