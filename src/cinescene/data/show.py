"""Looking at a data set: a contact sheet, and a short video of many clips side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from cinescene.cameras.formats.cinescene_release import read_cinescene_cameras
from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.scene.images import load_image
from cinescene.tensor_types import Float, Tensor
from cinescene.video import read_video, write_video

TILE_PX = (240, 135)
FRAMES_A_ROW = 4
LABEL_PX = 16


def write_contact_sheet(layout: DatasetLayout, scene_ids: Sequence[str], path: Path) -> None:
    """One row a scene: its panorama, then frames from the first, middle and last parts of its clips."""
    if not scene_ids:
        raise InputError(f"{layout.root}: no scene to show")
    rows = [_row(layout, scene_id, number) for number, scene_id in enumerate(scene_ids)]
    sheet = Image.fromarray(np.concatenate(rows, axis=0))
    draw = ImageDraw.Draw(sheet)
    for number, scene_id in enumerate(scene_ids):
        draw.text((4, number * (TILE_PX[1] + LABEL_PX) + 2), scene_id, fill=(230, 230, 230))
    with written_whole(path) as temporary:
        sheet.save(temporary, format="PNG")


def write_clip_wall(layout: DatasetLayout, scene_ids: Sequence[str], path: Path, columns: int = 4) -> None:
    """The first clip of each scene, all playing side by side."""
    clips = []
    rate = 15.0
    for scene_id in scene_ids:
        video = read_video(layout.video_file(scene_id, _clips(layout, scene_id)[0], subject=True))
        rate = video.frame_rate
        clips.append(torch.stack([_tile(frame.float() / 255) for frame in video.frames]))
    if not clips:
        raise InputError(f"{layout.root}: no clip to show")
    shortest = min(len(clip) for clip in clips)
    columns = min(columns, len(clips))
    blank = torch.zeros_like(clips[0])
    clips += [blank] * (-len(clips) % columns)
    rows = [torch.cat([clip[:shortest] for clip in clips[i : i + columns]], -1) for i in range(0, len(clips), columns)]
    wall = torch.cat(rows, dim=-2)
    write_video(path, wall[..., : wall.shape[-2] // 2 * 2, : wall.shape[-1] // 2 * 2], rate)


def _clips(layout: DatasetLayout, scene_id: str) -> list[str]:
    files = [layout.camera_file(scene_id, subject=subject) for subject in (True, False)]
    return list(read_cinescene_cameras(next(file for file in files if file.is_file())))


def _row(layout: DatasetLayout, scene_id: str, number: int) -> np.ndarray:
    clips = _clips(layout, scene_id)
    tiles = [_tile(load_image(layout.panorama_file(scene_id)).as_float(), wide=True)]
    for index in range(FRAMES_A_ROW):
        file = layout.video_file(scene_id, clips[(number + index) % len(clips)], subject=True)
        frames = read_video(file).frames
        tiles.append(_tile(frames[round(index * (len(frames) - 1) / (FRAMES_A_ROW - 1))].float() / 255))
    row = torch.cat(tiles, dim=-1)
    label = torch.zeros(3, LABEL_PX, row.shape[-1])
    return (torch.cat([label, row], dim=-2) * 255).round().byte().movedim(0, -1).numpy()


def _tile(picture: Float[Tensor, "3 h w"], *, wide: bool = False) -> Float[Tensor, "3 h2 w2"]:
    """A picture scaled into a tile (panoramas: 2:1 of the tile's height), centred on black."""
    width, height = (2 * TILE_PX[1], TILE_PX[1]) if wide else TILE_PX
    scale = min(width / picture.shape[-1], height / picture.shape[-2])
    size = max(1, round(picture.shape[-2] * scale)), max(1, round(picture.shape[-1] * scale))
    small = F.interpolate(picture[None], size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)
    left, top = (width - size[1]) // 2, (height - size[0]) // 2
    return F.pad(small, (left, width - size[1] - left, top, height - size[0] - top))
