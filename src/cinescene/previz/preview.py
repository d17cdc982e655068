"""A preview on disk: the video, and the map of what was photographed beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cinescene.cameras import CameraTrack
from cinescene.previz.flight import PrevizFrame
from cinescene.previz.support import support_warnings
from cinescene.video import open_video_writer

FRAMES_AHEAD = 4
"""Frames that may be drawn before the encoder has taken them."""
MAP_CRF = 24


@dataclass(frozen=True, kw_only=True)
class PreviewReport:
    """How much of each frame was photographed where it is shown (mean over the frame), and what to warn of."""

    photographed_shares: tuple[float, ...]
    warnings: tuple[str, ...]


def write_preview(
    frames: Iterator[PrevizFrame],
    track: CameraTrack,
    path: Path,
    map_path: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> PreviewReport:
    """Encodes previz frames as they come; the map (white: photographed, black: guessed) is a video of its own.

    ``progress`` is called with the number of finished frames. Both files appear only when all frames are done.
    """
    width, height = track.cameras().size_px
    rate = track.frame_rate or 24.0
    shares = []
    with ExitStack() as stack:
        picture = stack.enter_context(open_video_writer(path, width, height, rate))
        trust = None
        if map_path is not None:
            trust = stack.enter_context(open_video_writer(map_path, width, height, rate, crf=MAP_CRF))

        def encode(frame: PrevizFrame) -> None:
            picture.write(frame.image)
            if trust is not None:
                trust.write(frame.photographed.expand(3, height, width))

        encoder = stack.enter_context(ThreadPoolExecutor(1))
        pending: deque[Future[None]] = deque()
        for frame in frames:
            pending.append(encoder.submit(encode, frame))
            shares.append(float(frame.photographed.mean()))
            if len(pending) > FRAMES_AHEAD:
                pending.popleft().result()
            progress(len(shares))
        for future in pending:
            future.result()
    return PreviewReport(photographed_shares=tuple(shares), warnings=tuple(support_warnings(shares, track)))
