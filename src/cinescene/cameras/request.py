"""What somebody means by ``--camera``: a line of moves or a camera file, as the track of a shot."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch

from cinescene.cameras.formats import read_track
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ShotRequest:
    """A shot as it is asked for.

    ``camera``
        Moves in the notation of ``docs/camera_moves.md``, or the name of a camera file.
    ``frames``, ``duration_s``
        Length of the shot; at most one of them. Moves last as long as they say by default, a file as long as it is.
    ``focal_mm``
        Lens on 36 mm film where the moves or the file do not state one; 24 mm by default.
    ``ground_z_m``
        Height of the ground in the world, for moves that start at a height.
    ``keep_coordinates``
        Leaves the poses of a file where they are. Otherwise its first camera is put at the world's origin and the path
        turned about the vertical so that it looks along +y, where a panorama's centre is.
    """

    camera: str
    width_px: int
    height_px: int
    frame_rate: float = 24.0
    frames: int | None = None
    duration_s: float | None = None
    focal_mm: float | None = None
    ground_z_m: float = 0.0
    keep_coordinates: bool = False

    def track(self) -> CameraTrack:
        """Every frame of the shot, with lens, size and frame rate."""
        return self._file_track(Path(self.camera)) if self.is_file() else self._move_track()

    def is_file(self) -> bool:
        """Whether ``camera`` names a file rather than moves."""
        text = self.camera.strip()
        if not text or "\n" in text or len(text) > 1024:
            return False
        return Path(text).suffix.lower() in _FILE_SUFFIXES or Path(text).exists()

    def describe(self) -> str:
        """The plan in words, for printing before a job starts."""
        if not self.is_file():
            shot = parse_moves(self.camera)
            return shot.describe(frame_rate=self.frame_rate, frames=self.frames, duration_s=self.duration_s)
        track = self.track()
        return f"camera file {self.camera}: {len(track)} frames at {track.frame_rate:g} a second"

    def _move_track(self) -> CameraTrack:
        shot = parse_moves(self.camera)
        if shot.start.height_m is not None:
            above = shot.start.height_m + self.ground_z_m
            shot = dataclasses.replace(shot, start=dataclasses.replace(shot.start, height_m=above))
        return shot.track(
            frame_rate=self.frame_rate,
            width_px=self.width_px,
            height_px=self.height_px,
            frames=self.frames,
            duration_s=self.duration_s,
            focal_mm=self.focal_mm,
        )

    def _file_track(self, path: Path) -> CameraTrack:
        track = read_track(path)
        if self.duration_s is not None:
            raise InputError(f"{path}: a camera file has its own length; expected no duration beside it")
        if self.frames is not None and self.frames > len(track):
            raise InputError(f"{path}: {self.frames} frames were asked for, but the file holds {len(track)}")
        track = track.first_frames(self.frames or len(track))
        if track.intrinsics_px is None:
            track = track.with_lens(self.focal_mm or 24.0, self.width_px, self.height_px)
        cameras = track.cameras()
        if not self.keep_coordinates:
            cameras = cameras.moved(_to_origin(track))
        focal_mm = cameras.focal_mm()
        focal_px = (focal_mm / 36.0 * self.width_px).to(cameras.dtype)
        intrinsics = cameras.intrinsics_px.new_zeros(len(track), 3, 3)
        intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = focal_px
        intrinsics[:, 0, 2], intrinsics[:, 1, 2] = self.width_px / 2, self.height_px / 2
        intrinsics[:, 2, 2] = 1.0
        return dataclasses.replace(
            track,
            world_from_camera=cameras.world_from_camera,
            intrinsics_px=intrinsics,
            image_size_px=torch.tensor([self.width_px, self.height_px]).expand(len(track), 2),
            frame_rate=track.frame_rate or self.frame_rate,
            times_s=None,
        )


_FILE_SUFFIXES = frozenset(
    {".json", ".txt", ".bin", ".tum", ".kitti", ".usd", ".usda", ".usdc", ".gltf", ".glb", ".chan"}
)


def _to_origin(track: CameraTrack) -> torch.Tensor:
    """Moves a track's first camera to the origin and turns it about +z to look along +y; tilt and roll stay."""
    first = track.world_from_camera[0].double()
    ahead = first[:3, 2]
    yaw = float(torch.atan2(ahead[0], ahead[1]))
    back = level_rotation(-yaw) @ level_rotation().mT
    return rigid(back, -(back @ first[:3, 3]))
