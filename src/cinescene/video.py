"""Frames to mp4 and back (H.264 in MP4, BT.709, by PyAV)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Colorspace

from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole
from cinescene.tensor_types import Float, Tensor, UInt8

BT709 = 1
"""Code of the BT.709 primaries and transfer function (ITU-T H.273, tables 2 and 3)."""


X264_PARAMS = "mbtree=0"
"""x264's macroblock tree reads memory that it never wrote (its vector code, small pictures): other bytes every time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Video:
    """Frames in memory: RGB, 8 bits, (t, 3, h, w), and their rate in frames a second."""

    frames: UInt8[Tensor, "t 3 h w"]
    frame_rate: float

    def as_float(self) -> Float[Tensor, "t 3 h w"]:
        """The frames in [0, 1]."""
        return self.frames.float() / 255

    def save(self, path: str | Path, crf: int = 16) -> None:
        """Writes the frames as an mp4."""
        write_video(path, self.frames, self.frame_rate, crf=crf)


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a video file's header says; ``frame_count`` is None where the container does not tell."""

    width_px: int
    height_px: int
    frame_rate: float
    frame_count: int | None


class VideoWriter:
    """Encodes frames one by one; made by `open_video_writer`."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self.frame_count = 0

    def write(self, frame: UInt8[Tensor, "3 h w"] | Float[Tensor, "3 h w"]) -> None:
        """Adds one RGB frame; floats are in [0, 1] and clamped. Raises `InputError` for NaN or another size."""
        height, width = self._stream.height, self._stream.width
        if tuple(frame.shape) != (3, height, width):
            raise InputError(f"video: expected frames of shape (3, {height}, {width}), got {tuple(frame.shape)}")
        pixel_format = self._stream.pix_fmt
        planes = _planes(_checked(frame, self.frame_count), subsampled=pixel_format == "yuv420p")
        picture = av.VideoFrame.from_ndarray(planes, format=pixel_format)
        picture.pts = self.frame_count
        picture.colorspace, picture.color_range = Colorspace.ITU709, ColorRange.MPEG
        self._container.mux(self._stream.encode(picture))
        self.frame_count += 1


@contextmanager
def open_video_writer(
    path: str | Path, width_px: int, height_px: int, frame_rate: float, *, crf: int = 16, threads: int = 0
) -> Iterator[VideoWriter]:
    """A writer of an H.264 mp4 that appears under its name only when all went well.

    ``crf`` is x264's constant rate factor (0 lossless … 51 worst). Odd sizes are stored as 4:4:4, since 4:2:0 has none;
    some hardware players do not show that. Raises `InputError` for sizes, rates or places that cannot be.
    """
    if width_px < 2 or height_px < 2 or width_px > 16384 or height_px > 16384:
        raise InputError(f"video: expected a size from 2×2 to 16384×16384, got {width_px}×{height_px}")
    if not 0 < frame_rate <= 1000:
        raise InputError(f"video: expected a frame rate above 0 and up to 1000, got {frame_rate}")
    if Path(path).suffix.lower() != ".mp4":
        raise InputError(f"{path}: expected a name that ends in .mp4")
    with (
        written_whole(path) as temporary,
        av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container,
    ):
        stream: Any = container.add_stream("libx264", rate=Fraction(frame_rate).limit_denominator(1001 * 60))
        stream.width, stream.height = width_px, height_px
        stream.pix_fmt = "yuv420p" if width_px % 2 == 0 and height_px % 2 == 0 else "yuv444p"
        stream.options = {"crf": str(crf), "preset": "medium", "x264-params": X264_PARAMS}
        stream.codec_context.thread_count = threads
        stream.codec_context.color_primaries = BT709
        stream.codec_context.color_trc = BT709
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        writer = VideoWriter(container, stream)
        yield writer
        if writer.frame_count == 0:
            raise InputError(f"{path}: a video needs at least one frame")
        container.mux(stream.encode(None))


def write_video(
    path: str | Path,
    frames: Iterable[Tensor],
    frame_rate: float,
    *,
    crf: int = 16,
) -> None:
    """Writes frames (3, h, w), 8-bit or float in [0, 1], from any iterable, without holding them all."""
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame")
    with open_video_writer(path, first.shape[-1], first.shape[-2], frame_rate, crf=crf) as writer:
        writer.write(first)
        for frame in iterator:
            writer.write(frame)


def video_info(path: str | Path) -> VideoInfo:
    """Upright size and rate of a video file, from its header and first frame; raises `InputError` if it is none."""
    with _opened(path) as (container, stream):
        return _info(container, stream)


def iterate_video(path: str | Path) -> Iterator[UInt8[Tensor, "3 h w"]]:
    """Decodes a video frame by frame, upright; raises `InputError` naming the file where it is damaged."""
    return (_as_tensor(frame) for frame in _decoded(path))


def read_video(path: str | Path, frame_indices: Iterable[int] | None = None) -> Video:
    """The frames of a video, or those asked for, in that order; nothing beyond the last one needed is decoded.

    Raises `InputError` where the file is no video, is damaged, or holds fewer frames than asked for.
    """
    info = video_info(path)
    wanted = None if frame_indices is None else list(frame_indices)
    if wanted is not None and (not wanted or min(wanted) < 0):
        raise InputError(f"{path}: expected frame indices from 0 up, got {wanted}")
    kept: dict[int, Tensor] = {}
    last = None if wanted is None else max(wanted)
    needed = None if wanted is None else set(wanted)
    count = 0
    for index, frame in enumerate(_decoded(path)):
        count = index + 1
        if needed is None or index in needed:
            kept[index] = _as_tensor(frame)
        if index == last:
            break
    if count == 0:
        raise InputError(f"{path}: this video holds no frame that can be decoded")
    if last is not None and last not in kept:
        raise InputError(f"{path}: frame {last} was asked for, but the video holds {count} frames")
    order = range(count) if wanted is None else wanted
    return Video(frames=torch.stack([kept[i] for i in order]), frame_rate=info.frame_rate)


def _decoded(path: str | Path) -> Iterator[Any]:
    with _opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        count = 0
        try:
            for frame in container.decode(stream):
                yield frame
                count += 1
        except av.FFmpegError as error:
            raise InputError(f"{path}: this video is damaged or cut short ({error.strerror})") from error
        if count < stream.frames:
            raise InputError(f"{path}: this video is cut short; {count} of its {stream.frames} frames are there")


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[Any, Any]]:
    path = readable_file(path, "video")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path}: expected a video file, but it cannot be read as one") from error
    with container:
        if not container.streams.video:
            raise InputError(f"{path}: expected a video file, but it holds no picture stream")
        yield container, container.streams.video[0]


def _info(container: Any, stream: Any) -> VideoInfo:
    rate = stream.average_rate or stream.guessed_rate or Fraction(24)
    try:
        sideways = _quarter_turns(next(container.decode(stream))) % 2 == 1
    except (av.FFmpegError, StopIteration):
        sideways = False
    width, height = (stream.height, stream.width) if sideways else (stream.width, stream.height)
    return VideoInfo(width_px=width, height_px=height, frame_rate=float(rate), frame_count=stream.frames or None)


def _quarter_turns(frame: Any) -> int:
    """Counter-clockwise quarter turns that make a frame upright, as phones note for videos filmed sideways."""
    return round(frame.rotation / 90) % 4


def _checked(frame: Tensor, index: int) -> Float[Tensor, "3 h w"]:
    """RGB in [0, 1], on the 8-bit grid."""
    if not frame.is_floating_point():
        return frame.cpu().float() / 255
    if not torch.isfinite(frame).all():
        raise InputError(f"video: frame {index} holds NaN or infinity")
    return frame.detach().cpu().float().clamp(0, 1).mul(255).round_() / 255


def _planes(rgb: Float[Tensor, "3 h w"], *, subsampled: bool) -> np.ndarray:
    """8-bit Y'CbCr planes, limited range (ITU-R BT.709, items 3.2 to 3.5), as PyAV takes them.

    4:2:0 chroma is filtered and sited as H.264 assumes by default: on the left luma column, between two rows. FFmpeg's
    own conversion reads beyond the rows that it is given, so that its result depends on what lies in memory there.
    """
    red, green, blue = rgb
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = torch.stack([(blue - luma) / 1.8556, (red - luma) / 1.5748])
    if subsampled:
        rows = (chroma[:, 0::2] + chroma[:, 1::2]) / 2
        wide = torch.nn.functional.pad(rows, (1, 0), mode="replicate")
        chroma = (wide[..., 0:-1:2] + 2 * wide[..., 1::2] + wide[..., 2::2]) / 4
    parts = [16 + 219 * luma[None], 128 + 224 * chroma]
    codes = [part.round().clamp(0, 255).to(torch.uint8) for part in parts]
    if not subsampled:
        return torch.cat(codes).numpy()
    width = rgb.shape[-1]
    return np.concatenate([code.reshape(-1, width).numpy() for code in codes])


def _as_tensor(frame: Any) -> UInt8[Tensor, "3 h w"]:
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=frame.colorspace if frame.colorspace in set(Colorspace) else Colorspace.ITU709,
        src_color_range=frame.color_range,
        dst_color_range=ColorRange.JPEG,
    )
    picture = torch.from_numpy(rgb.to_ndarray()).movedim(-1, 0)
    return torch.rot90(picture, _quarter_turns(frame), dims=(-2, -1)).contiguous()
