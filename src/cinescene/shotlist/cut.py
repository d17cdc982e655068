"""The cut of a shot list: the used takes one after another as a video, and all takes on one contact sheet."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.scene.contact_sheet import Fonts
from cinescene.shotlist.job import Take
from cinescene.tensor_types import Float, Tensor
from cinescene.video import VideoInfo, iterate_video, open_video_writer, read_video, video_info

COLUMNS = 5
FRAME_WIDTH_PX, GAP_PX, LABEL_PX = 320, 8, 64
PAPER, INK, USED = (24, 25, 28), (235, 236, 239), (255, 186, 73)


@dataclass(frozen=True, kw_only=True)
class CutClip:
    """A clip of the cut: ``frames`` at ``frame_rate`` of its own video."""

    name: str
    video: Path
    frames: int
    frame_rate: float

    @property
    def duration_s(self) -> float:
        return self.frames / self.frame_rate


def cut_clips(takes: Sequence[Take]) -> list[CutClip]:
    """The used takes that are there, in order. Raises `InputError` for a video that cannot be read."""
    clips = []
    for take in takes:
        if take.used and take.video.is_file():
            info = video_info(take.video)
            frames = info.frame_count or len(read_video(take.video).frames)
            clips.append(CutClip(name=take.shot.name, video=take.video, frames=frames, frame_rate=info.frame_rate))
    return clips


def write_animatic(clips: Sequence[CutClip], path: Path) -> None:
    """Joins clips at the first one's frame rate, in a frame that holds the widest and the highest of them.

    Frames of a clip with another rate are repeated or left out, so that it lasts as long as it does alone (to half a
    frame). Smaller clips are enlarged to fit and stand between bars.
    """
    if not clips:
        raise InputError(f"{path}: there is no take to put into the cut yet")
    infos = [video_info(clip.video) for clip in clips]
    width, height = _frame_size(infos)
    rate = clips[0].frame_rate
    with open_video_writer(path, width, height, rate) as writer:
        for clip in clips:
            count = max(1, round(clip.duration_s * rate))
            wanted = [min(int((i + 0.5) * clip.frames / count), clip.frames - 1) for i in range(count)]
            repeats = {index: wanted.count(index) for index in set(wanted)}
            for index, frame in enumerate(iterate_video(clip.video)):
                for _ in range(repeats.get(index, 0)):
                    writer.write(_fitted(frame.float() / 255, width, height))


def write_sheet(takes: Sequence[Take], path: Path) -> None:
    """A row a take that is there: five of its frames, its name and prompt; takes in the cut are marked."""
    rows = [_row(take) for take in takes if take.video.is_file()]
    if not rows:
        raise InputError(f"{path}: there is no take to show yet")
    height = sum(row.height for row in rows) + GAP_PX * (len(rows) + 1)
    sheet = Image.new("RGB", (COLUMNS * (FRAME_WIDTH_PX + GAP_PX) + GAP_PX, height), PAPER)
    top = GAP_PX
    for row in rows:
        sheet.paste(row, (GAP_PX, top))
        top += row.height + GAP_PX
    with written_whole(path) as temporary:
        sheet.save(temporary)


def _frame_size(infos: Sequence[VideoInfo]) -> tuple[int, int]:
    """An even width and height that hold every clip."""
    width, height = max(info.width_px for info in infos), max(info.height_px for info in infos)
    return width + width % 2, height + height % 2


def _fitted(frame: Float[Tensor, "3 h w"], width: int, height: int) -> Float[Tensor, "3 h2 w2"]:
    """The frame as large as fits, centred on black."""
    rows, columns = frame.shape[-2:]
    if (rows, columns) == (height, width):
        return frame
    factor = min(width / columns, height / rows)
    size = (min(height, round(rows * factor)), min(width, round(columns * factor)))
    scaled = F.interpolate(frame[None], size=size, mode="bicubic", antialias=True)[0].clamp(0, 1)
    left, top = (width - size[1]) // 2, (height - size[0]) // 2
    return F.pad(scaled, (left, width - size[1] - left, top, height - size[0] - top))


def _row(take: Take) -> Image.Image:
    video = read_video(take.video)
    chosen = torch.linspace(0, len(video.frames) - 1, COLUMNS).round().long()
    frames = [Image.fromarray(frame.movedim(0, -1).numpy()) for frame in video.frames[chosen]]
    high = round(FRAME_WIDTH_PX * frames[0].height / frames[0].width)
    row = Image.new("RGB", (COLUMNS * (FRAME_WIDTH_PX + GAP_PX), high + LABEL_PX), PAPER)
    for i, frame in enumerate(frames):
        row.paste(frame.resize((FRAME_WIDTH_PX, high), Image.Resampling.LANCZOS), (i * (FRAME_WIDTH_PX + GAP_PX), 0))
    fonts, draw = Fonts.load(), ImageDraw.Draw(row)
    name = f"{take.name} (seed {take.seed})" + (" · in the cut" if take.used else "")
    draw.text((0, high + 6), name, font=fonts.text, fill=USED if take.used else INK)
    words = textwrap.shorten(f"{take.shot.prompt} · {Path(take.shot.camera).name}", 150, placeholder=" …")
    draw.text((0, high + 34), words, font=fonts.small, fill=INK)
    return row
