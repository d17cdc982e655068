"""`CameraTrack`: a sequence of camera poses, with lens, picture size and timing as far as they are known."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import check_rigid
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Int, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraTrack:
    """What a camera file holds and what every path ends up as: one pose a frame, and whatever else is known.

    ``world_from_camera``
        OpenCV camera-to-world matrices in a right-handed world; with ``z_up`` that world's +z points up.
    ``intrinsics_px``, ``image_size_px``
        As in `Cameras`; both known or both None.
    ``frame_rate``, ``times_s``
        Frames a second of an evenly spaced track; or the time of each frame where it is not.
    ``names``
        The picture that each pose belongs to, where the poses are those of photos.
    ``metres_per_unit``
        Length of a world unit in metres, or None if unknown.
    ``notes``
        What had to be assumed or left out when the track was read; shown to the user.
    """

    world_from_camera: Float[Tensor, "t 4 4"]
    intrinsics_px: Float[Tensor, "t 3 3"] | None = None
    image_size_px: Int[Tensor, "t 2"] | None = None
    frame_rate: float | None = None
    times_s: Float[Tensor, "t"] | None = None
    names: tuple[str, ...] | None = None
    metres_per_unit: float | None = None
    z_up: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_rigid(self.world_from_camera)
        frames = len(self.world_from_camera)
        if frames == 0:
            raise InputError("camera track: expected at least one pose, got none")
        if (self.intrinsics_px is None) != (self.image_size_px is None):
            raise GeometryError("camera track: intrinsics need an image size beside them, and the reverse")
        if self.intrinsics_px is not None and self.image_size_px is not None:
            if not len(self.intrinsics_px) == len(self.image_size_px) == frames:
                raise GeometryError(
                    f"camera track: expected {frames} intrinsics and image sizes, one a pose, got "
                    f"{len(self.intrinsics_px)} and {len(self.image_size_px)}"
                )
            self.cameras()
        if self.names is not None and len(self.names) != frames:
            raise InputError(f"camera track: expected {frames} names, one a pose, got {len(self.names)}")
        if self.frame_rate is not None and not (self.frame_rate > 0 and math.isfinite(self.frame_rate)):
            raise InputError(f"frame rate: expected a positive number, got {self.frame_rate}")
        if self.metres_per_unit is not None and not (self.metres_per_unit > 0 and math.isfinite(self.metres_per_unit)):
            raise GeometryError(f"metres per unit: expected a positive number, got {self.metres_per_unit}")
        if self.times_s is not None:
            if len(self.times_s) != frames:
                raise InputError(f"camera track: expected {frames} times, one a pose, got {len(self.times_s)}")
            if not (torch.isfinite(self.times_s).all() and (self.times_s.diff() > 0).all()):
                raise InputError("camera track: expected finite times that increase from frame to frame")

    def __len__(self) -> int:
        return len(self.world_from_camera)

    def cameras(self) -> Cameras:
        """The frames as perspective `Cameras`; raises `InputError` if the lens is unknown (see `with_lens`)."""
        if self.intrinsics_px is None or self.image_size_px is None:
            raise InputError("this camera track holds no lens: state a focal length and a picture size")
        return Cameras(
            world_from_camera=self.world_from_camera,
            intrinsics_px=self.intrinsics_px,
            image_size_px=self.image_size_px,
        )

    @classmethod
    def from_cameras(cls, cameras: Cameras, **known: object) -> CameraTrack:
        """A track of perspective cameras with one batch axis; ``known`` are further fields of the track."""
        if cameras.projection != "perspective" or len(cameras.batch_shape) != 1:
            raise GeometryError(
                f"camera track: expected perspective cameras of shape (t,), got {cameras.projection} cameras of shape "
                f"{tuple(cameras.batch_shape)}"
            )
        return cls(
            world_from_camera=cameras.world_from_camera,
            intrinsics_px=cameras.intrinsics_px,
            image_size_px=cameras.image_size_px,
            **known,  # type: ignore[arg-type]
        )

    def with_lens(self, focal_mm: float, width_px: int, height_px: int, sensor_width_mm: float = 36.0) -> CameraTrack:
        """The same poses through one stated lens (any lens that was known is replaced)."""
        cameras = Cameras.from_focal_mm(self.world_from_camera, focal_mm, width_px, height_px, sensor_width_mm)
        return dataclasses.replace(self, intrinsics_px=cameras.intrinsics_px, image_size_px=cameras.image_size_px)

    def first_frames(self, count: int) -> CameraTrack:
        """The track without what comes after ``count`` frames; everything else that is known stays."""

        def cut(values: Tensor | None) -> Tensor | None:
            return None if values is None else values[:count]

        return dataclasses.replace(
            self,
            world_from_camera=self.world_from_camera[:count],
            intrinsics_px=cut(self.intrinsics_px),
            image_size_px=cut(self.image_size_px),
            times_s=cut(self.times_s),
            names=None if self.names is None else self.names[:count],
        )

    def frame_times_s(self, default_frame_rate: float = 24.0) -> Float[Tensor, "t"]:
        """The time of each frame: as stated, else evenly spaced from 0 at the track's or the default frame rate."""
        if self.times_s is not None:
            return self.times_s
        rate = self.frame_rate if self.frame_rate is not None else default_frame_rate
        return torch.arange(len(self), dtype=torch.float64) / rate
