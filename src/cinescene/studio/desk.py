"""`PathDesk`: a camera path that is being edited, with undo and redo. No page, no pictures."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import read_track, write_track
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.path_json import is_path_file
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

SHORTEST_S = 0.05
"""Between two keyframes."""
KEYS_A_SECOND = 2.0
"""Of moves and tracks that become keyframes."""
MOST_UNDONE = 200
KEYFRAMES = "cinescene-path"
"""The format that holds keyframes and not frames."""


class PathDesk:
    """Keyframes and what was done to them. Every change is one step of undo, unless it says that it goes on with one.

    Raises `InputError` for changes that make no path; the path then stays as it was.
    """

    def __init__(self, path: CameraPath | None = None) -> None:
        self.path = path or _first_path()
        self._done: list[CameraPath] = []
        self._undone: list[CameraPath] = []

    # ---- reading ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.path.keyframes)

    def __getitem__(self, index: int) -> Keyframe:
        return self.path.keyframes[index]

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def index_at(self, time_s: float) -> int:
        """The keyframe nearest in time."""
        return min(range(len(self)), key=lambda i: abs(self[i].time_s - time_s))

    def track(self, *, width_px: int, height_px: int, frame_rate: float, frames: int | None = None) -> CameraTrack:
        """Every frame of the shot; a path of one keyframe is held for ``frames``, or a second."""
        if frames is None and len(self) == 1:
            frames = round(frame_rate) + 1
        return self.path.track(frame_rate=frame_rate, width_px=width_px, height_px=height_px, frames=frames)

    # ---- changing ---------------------------------------------------------------------------------------------------

    def add(self, key: Keyframe) -> int:
        """Puts a keyframe at its time, in place of one that is as good as there; its index."""
        keys = list(self.path.keyframes)
        near = [i for i, other in enumerate(keys) if abs(other.time_s - key.time_s) < SHORTEST_S]
        if near:
            keys[near[0]] = dataclasses.replace(key, time_s=keys[near[0]].time_s)
            index = near[0]
        else:
            index = bisect.bisect([other.time_s for other in keys], key.time_s)
            keys.insert(index, key)
        self._change(keys)
        return index

    def append(self, key: Keyframe, after_s: float = 2.0) -> int:
        """Puts a keyframe at the end, so long after the last."""
        return self.add(dataclasses.replace(key, time_s=self[-1].time_s + after_s))

    def replace(self, index: int, *, goes_on: bool = False, **changes: object) -> None:
        """Changes fields of a keyframe. With ``goes_on`` it is part of the change before, as while dragging."""
        keys = list(self.path.keyframes)
        keys[index] = dataclasses.replace(keys[index], **changes)  # type: ignore[arg-type]
        self._change(keys, goes_on=goes_on)

    def remove(self, index: int) -> None:
        if len(self) == 1:
            raise InputError("camera path: the last keyframe stays; move it instead")
        keys = list(self.path.keyframes)
        del keys[index]
        self._change(keys)

    def retime(self, duration_s: float) -> None:
        """Stretches the path to a duration."""
        if len(self) == 1 or not duration_s >= SHORTEST_S * (len(self) - 1):
            raise InputError(
                f"duration: expected at least {SHORTEST_S * max(1, len(self) - 1):.2g} s and two keyframes, got "
                f"{duration_s:g} s and {len(self)}"
            )
        start, stretch = self.path.start_s, duration_s / self.path.duration_s
        self._change([dataclasses.replace(k, time_s=(k.time_s - start) * stretch) for k in self.path.keyframes])

    def look_at(self, target_m: tuple[float, float, float] | None) -> None:
        """Turns all keyframes to a point, or leaves them as they look now."""
        if target_m is None:
            cameras = [self._camera(key) for key in self.path.keyframes]
            self._change(
                [
                    dataclasses.replace(key, world_from_camera=camera, look_at_m=None)
                    for key, camera in zip(self.path.keyframes, cameras, strict=True)
                ]
            )
        else:
            self._change([dataclasses.replace(key, look_at_m=target_m) for key in self.path.keyframes])

    def shoot_moves(self, text: str, *, focal_mm: float, frame_rate: float, from_end: bool = False) -> None:
        """Moves in words, from the first keyframe's pose in place of the path, or from the last one's after it."""
        shot = parse_moves(text)
        begin = self[-1 if from_end else 0]
        track = shot.track(
            frame_rate=frame_rate, width_px=16, height_px=16, start=self._camera(begin), focal_mm=focal_mm
        )
        keys = _keys_of(track)
        if from_end:
            later = [dataclasses.replace(key, time_s=key.time_s + begin.time_s) for key in keys[1:]]
            keys = [*self.path.keyframes, *later]
        self._change(keys)

    def open(self, file: str | Path) -> tuple[str, ...]:
        """The path of a file of any known format; what had to be assumed."""
        if is_path_file(file):
            self._change(CameraPath.load(file).keyframes)
            return ()
        track = read_track(Path(file))
        if track.intrinsics_px is None:
            track = track.with_lens(24.0, 16, 16)
        self._change(_keys_of(track))
        return track.notes

    def save(
        self, file: str | Path, format_name: str = KEYFRAMES, *, width_px: int, height_px: int, frame_rate: float
    ) -> list[str]:
        """Writes the keyframes, or in another format every frame; what the file does not hold, in sentences."""
        if format_name == KEYFRAMES:
            self.path.save(file)
            return []
        track = self.track(width_px=width_px, height_px=height_px, frame_rate=frame_rate)
        return write_track(file, track, format=format_name)

    def undo(self) -> None:
        if self._done:
            self._undone.append(self.path)
            self.path = self._done.pop()

    def redo(self) -> None:
        if self._undone:
            self._done.append(self.path)
            self.path = self._undone.pop()

    def _change(self, keys: Sequence[Keyframe], *, goes_on: bool = False) -> None:
        path = dataclasses.replace(self.path, keyframes=tuple(keys))
        if not goes_on or not self._done:
            self._done = [*self._done, self.path][-MOST_UNDONE:]
        self._undone.clear()
        self.path = path

    def _camera(self, key: Keyframe) -> Float[Tensor, "4 4"]:
        """Where a keyframe looks, its look-at point considered."""
        still = CameraPath(keyframes=(key,))
        times = torch.tensor([key.time_s], dtype=torch.float64)
        return still.cameras_at(times, width_px=16, height_px=16).world_from_camera[0]


def _first_path() -> CameraPath:
    pose = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    return CameraPath(keyframes=(Keyframe(time_s=0.0, world_from_camera=pose),))


def _keys_of(track: CameraTrack) -> list[Keyframe]:
    """Keyframes of a track, about `KEYS_A_SECOND`."""
    times = track.frame_times_s()
    spacing = float(times.diff().median()) if len(times) > 1 else 1.0
    every = max(1, round(1 / (KEYS_A_SECOND * spacing)))
    keys = CameraPath.from_track(track, every=every).keyframes
    start = keys[0].time_s
    return [dataclasses.replace(key, time_s=key.time_s - start) for key in keys]
