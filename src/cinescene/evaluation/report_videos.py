"""Clips side by side, small, as data that an HTML page can hold."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.errors import CineSceneError
from cinescene.tensor_types import Tensor, UInt8
from cinescene.video import Video, read_video

PANEL_WIDTH_PX = 288
GAP_PX = 4
CRF = 27


def side_by_side_data_url(paths: Sequence[Path]) -> str | None:
    """An mp4 of several clips next to each other as a data URL; None where one of them cannot be read any more."""
    try:
        clips = [read_video(path) for path in paths]
        with tempfile.TemporaryDirectory(prefix="cinescene-report-") as folder:
            path = Path(folder) / "clip.mp4"
            Video(frames=side_by_side([clip.frames for clip in clips]), frame_rate=clips[0].frame_rate).save(path, CRF)
            content = path.read_bytes()
    except CineSceneError:
        return None
    return "data:video/mp4;base64," + base64.b64encode(content).decode("ascii")


def side_by_side(clips: Sequence[UInt8[Tensor, "_ 3 _ _"]]) -> UInt8[Tensor, "_ 3 _ _"]:
    """Clips at one height with a gap between; the shorter ones hold their last frame."""
    first = clips[0]
    height = max(2, round(PANEL_WIDTH_PX * first.shape[-2] / first.shape[-1] / 2) * 2)
    count = max(len(clip) for clip in clips)
    panels: list[Tensor] = []
    for clip in clips:
        width = max(2, round(height * clip.shape[-1] / clip.shape[-2] / 2) * 2)
        scaled = torch.stack([_scaled(frame, height, width) for frame in clip])
        held = scaled[-1:].expand(count - len(scaled), -1, -1, -1)
        if panels:
            panels.append(torch.full((count, 3, height, GAP_PX), 255, dtype=torch.uint8))
        panels.append(torch.cat([scaled, held]))
    return torch.cat(panels, dim=-1)


def _scaled(frame: Tensor, height: int, width: int) -> Tensor:
    scaled = F.interpolate(frame[None].float(), size=(height, width), mode="bilinear", antialias=True)[0]
    return scaled.round().clamp(0, 255).to(torch.uint8)
