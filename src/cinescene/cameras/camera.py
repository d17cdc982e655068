"""`Cameras`: where pictures were or will be taken from, and through which lens."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from cinescene.cameras.transforms import (
    check_rigid,
    focal_px_from_mm,
    invert_rigid,
    look_at_rotation,
    rigid,
)
from cinescene.errors import GeometryError
from cinescene.tensor_types import Float, Int, Tensor

Projection = Literal["perspective", "equirectangular"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cameras:
    """A batch of cameras of any shape ``*b``. OpenCV axes: +x right, +y down, +z forward.

    ``world_from_camera``
        Camera-to-world matrices; rigid, checked on construction. Length unit: the scene's.
    ``intrinsics_px``
        ``[[fx, s, cx], [0, fy, cy], [0, 0, 1]]`` in pixels; pixel centres lie at +0.5, so that the image covers
        [0, width] × [0, height]. For ``equirectangular`` cameras fx and fy are pixels **per radian** of longitude and
        latitude, and (cx, cy) is where the camera's +z axis is seen.
    ``image_size_px``
        Width and height of each image.

    Shapes broadcast against each other on construction. Raises `GeometryError` for anything that is not a camera.
    """

    world_from_camera: Float[Tensor, "*#b 4 4"]
    intrinsics_px: Float[Tensor, "*#b 3 3"]
    image_size_px: Int[Tensor, "*#b 2"]
    projection: Projection = "perspective"

    def __post_init__(self) -> None:
        batch = torch.broadcast_shapes(
            self.world_from_camera.shape[:-2], self.intrinsics_px.shape[:-2], self.image_size_px.shape[:-1]
        )
        object.__setattr__(self, "world_from_camera", self.world_from_camera.expand(*batch, 4, 4))
        object.__setattr__(self, "intrinsics_px", self.intrinsics_px.expand(*batch, 3, 3))
        object.__setattr__(self, "image_size_px", self.image_size_px.expand(*batch, 2))
        if self.projection not in ("perspective", "equirectangular"):
            raise GeometryError(f"projection: expected 'perspective' or 'equirectangular', got {self.projection!r}")
        check_rigid(self.world_from_camera)
        _check_intrinsics(self.intrinsics_px.detach(), self.image_size_px)

    # ---- making cameras -------------------------------------------------------------------------------------------

    @classmethod
    def from_field_of_view(
        cls,
        world_from_camera: Float[Tensor, "*b 4 4"],
        horizontal_fov_rad: float,
        width_px: int,
        height_px: int,
    ) -> Cameras:
        """Cameras with square pixels, a centred principal point and the given horizontal field of view (radians)."""
        if not 0 < horizontal_fov_rad < math.pi:
            raise GeometryError(
                f"field of view: expected an angle between 0° and 180°, got {math.degrees(horizontal_fov_rad):.4g}°"
            )
        return cls.from_focal_px(
            world_from_camera, width_px / 2 / math.tan(horizontal_fov_rad / 2), width_px, height_px
        )

    @classmethod
    def from_focal_mm(
        cls,
        world_from_camera: Float[Tensor, "*b 4 4"],
        focal_mm: float,
        width_px: int,
        height_px: int,
        sensor_width_mm: float = 36.0,
    ) -> Cameras:
        """Cameras with a lens in millimetres on a sensor of the stated width, square pixels, centred."""
        return cls.from_focal_px(
            world_from_camera, focal_px_from_mm(focal_mm, width_px, sensor_width_mm), width_px, height_px
        )

    @classmethod
    def from_focal_px(
        cls,
        world_from_camera: Float[Tensor, "*b 4 4"],
        focal_px: float | Float[Tensor, "*b"],
        width_px: int,
        height_px: int,
    ) -> Cameras:
        """Cameras with square pixels, a centred principal point and a focal length in pixels (one, or one a camera)."""
        focal = torch.as_tensor(focal_px, dtype=world_from_camera.dtype, device=world_from_camera.device)
        return cls(
            world_from_camera=world_from_camera,
            intrinsics_px=intrinsics_matrix(focal, focal, width_px / 2, height_px / 2),
            image_size_px=torch.tensor([width_px, height_px], device=world_from_camera.device),
        )

    @classmethod
    def equirectangular(cls, world_from_camera: Float[Tensor, "*b 4 4"], width_px: int, height_px: int) -> Cameras:
        """Full panoramas (360° × 180°): the left and right edge are behind the camera, the top row is its zenith."""
        size = world_from_camera.new_tensor([width_px / (2 * math.pi), height_px / math.pi])
        return cls(
            world_from_camera=world_from_camera,
            intrinsics_px=intrinsics_matrix(size[0], size[1], width_px / 2, height_px / 2),
            image_size_px=torch.tensor([width_px, height_px], device=world_from_camera.device),
            projection="equirectangular",
        )

    @staticmethod
    def looking_at(
        eye: Float[Tensor, "*#b 3"], target: Float[Tensor, "*#b 3"], up: Float[Tensor, "*#b 3"] | None = None
    ) -> Float[Tensor, "*b 4 4"]:
        """``world_from_camera`` of cameras at ``eye`` that look at ``target``; ``up`` is world +z by default."""
        eye, target = torch.broadcast_tensors(eye, target)
        return rigid(look_at_rotation(target - eye, up), eye)

    # ---- reading ----------------------------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> torch.Size:
        return self.world_from_camera.shape[:-2]

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError("a single camera has no length")
        return self.batch_shape[0]

    @property
    def device(self) -> torch.device:
        return self.world_from_camera.device

    @property
    def dtype(self) -> torch.dtype:
        return self.world_from_camera.dtype

    @property
    def camera_from_world(self) -> Float[Tensor, "*b 4 4"]:
        return invert_rigid(self.world_from_camera)

    @property
    def position(self) -> Float[Tensor, "*b 3"]:
        """Optical centres in the world."""
        return self.world_from_camera[..., :3, 3]

    @property
    def forward(self) -> Float[Tensor, "*b 3"]:
        """Unit viewing directions in the world."""
        return self.world_from_camera[..., :3, 2]

    @property
    def focal_px(self) -> Float[Tensor, "*b 2"]:
        """fx and fy (pixels; pixels per radian for equirectangular cameras)."""
        return torch.stack([self.intrinsics_px[..., 0, 0], self.intrinsics_px[..., 1, 1]], dim=-1)

    @property
    def field_of_view_rad(self) -> Float[Tensor, "*b 2"]:
        """Horizontal and vertical angle that the image spans (edge to edge, also for an off-centre principal point)."""
        size = self.image_size_px.to(self.dtype)
        centre = self.intrinsics_px[..., :2, 2]
        if self.projection == "equirectangular":
            return size / self.focal_px
        return torch.atan(centre / self.focal_px) + torch.atan((size - centre) / self.focal_px)

    def focal_mm(self, sensor_width_mm: float = 36.0) -> Float[Tensor, "*b"]:
        """Focal lengths on a sensor of the stated width."""
        return self.focal_px[..., 0] * sensor_width_mm / self.image_size_px[..., 0]

    @property
    def size_px(self) -> tuple[int, int]:
        """The one (width, height) that all cameras share; raises `GeometryError` if they differ."""
        sizes = self.image_size_px.reshape(-1, 2).unique(dim=0)
        if len(sizes) != 1:
            raise GeometryError(f"expected cameras of one image size, got {len(sizes)} sizes; resize them first")
        return int(sizes[0, 0]), int(sizes[0, 1])

    # ---- batches ----------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Cameras:
        """Indexes the batch axes only."""
        index = index if isinstance(index, tuple) else (index,)
        if any(i is Ellipsis for i in index):
            matrix_index, size_index = (*index, slice(None), slice(None)), (*index, slice(None))
        else:
            matrix_index = size_index = index
            if sum(i is not None for i in index) > len(self.batch_shape):
                raise IndexError(f"too many indices for cameras of batch shape {tuple(self.batch_shape)}")
        return dataclasses.replace(
            self,
            world_from_camera=self.world_from_camera[matrix_index],
            intrinsics_px=self.intrinsics_px[matrix_index],
            image_size_px=self.image_size_px[size_index],
        )

    def reshape(self, *shape: int) -> Cameras:
        return dataclasses.replace(
            self,
            world_from_camera=self.world_from_camera.reshape(*shape, 4, 4),
            intrinsics_px=self.intrinsics_px.reshape(*shape, 3, 3),
            image_size_px=self.image_size_px.reshape(*shape, 2),
        )

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Cameras:
        return dataclasses.replace(
            self,
            world_from_camera=self.world_from_camera.to(device=device, dtype=dtype),
            intrinsics_px=self.intrinsics_px.to(device=device, dtype=dtype),
            image_size_px=self.image_size_px.to(device=device),
        )

    @staticmethod
    def cat(cameras: Sequence[Cameras]) -> Cameras:
        """Joins batches along their first axis; all must have the same projection."""
        if not cameras:
            raise GeometryError("cat: expected at least one batch of cameras, got none")
        if len({c.projection for c in cameras}) != 1:
            raise GeometryError("cat: perspective and equirectangular cameras cannot be in one batch")
        return dataclasses.replace(
            cameras[0],
            world_from_camera=torch.cat([c.world_from_camera for c in cameras]),
            intrinsics_px=torch.cat([c.intrinsics_px for c in cameras]),
            image_size_px=torch.cat([c.image_size_px for c in cameras]),
        )

    # ---- motion -----------------------------------------------------------------------------------------------------

    def moved(self, new_world_from_world: Float[Tensor, "*#b 4 4"]) -> Cameras:
        """The same cameras described in another world frame."""
        return dataclasses.replace(self, world_from_camera=new_world_from_world @ self.world_from_camera)

    def relative_to(self, reference: Cameras) -> Cameras:
        """The same cameras in the frame of ``reference`` (which itself would become the identity)."""
        return self.moved(reference.camera_from_world)

    def relative_to_first(self) -> Cameras:
        """The same cameras in the frame of the first one along the last batch axis (time)."""
        return self.relative_to(self[..., :1])

    def scaled(self, factor: float | Float[Tensor, ""]) -> Cameras:
        """The same cameras in a world whose lengths are multiplied by ``factor``."""
        if not (float(factor) > 0 and math.isfinite(float(factor))):
            raise GeometryError(f"scale: expected a positive number, got {float(factor)}")
        return dataclasses.replace(
            self, world_from_camera=rigid(self.world_from_camera[..., :3, :3], self.position * factor)
        )

    def mirrored(self) -> Cameras:
        """The cameras of mirrored pictures (left and right exchanged) in the mirrored world (its x negated).

        What a camera sees of a world is, mirrored, what the mirrored camera sees of the mirrored world.
        """
        sign = self.world_from_camera.new_tensor([-1.0, 1.0, 1.0, 1.0]).diag()
        intrinsics = self.intrinsics_px.clone()
        intrinsics[..., 0, 2] = self.image_size_px[..., 0].to(self.dtype) - intrinsics[..., 0, 2]
        intrinsics[..., 0, 1] = -intrinsics[..., 0, 1]
        return dataclasses.replace(
            self, world_from_camera=sign @ self.world_from_camera @ sign, intrinsics_px=intrinsics
        )

    # ---- image size and lens ----------------------------------------------------------------------------------------

    def cropped(self, left_px: int, top_px: int, width_px: int, height_px: int) -> Cameras:
        """The cameras of a rectangle of their images; the rectangle may lie outside (padding)."""
        intrinsics = self.intrinsics_px.clone()
        intrinsics[..., 0, 2] -= left_px
        intrinsics[..., 1, 2] -= top_px
        return dataclasses.replace(self, intrinsics_px=intrinsics, image_size_px=self._sizes(width_px, height_px))

    def resized(self, width_px: int, height_px: int) -> Cameras:
        """The cameras of their images scaled to a size; the aspect ratio may change (fx ≠ fy)."""
        sizes = self._sizes(width_px, height_px)
        scale = sizes.to(self.dtype) / self.image_size_px.to(self.dtype)
        rows = torch.cat([scale, torch.ones_like(scale[..., :1])], dim=-1)
        return dataclasses.replace(self, intrinsics_px=rows[..., None] * self.intrinsics_px, image_size_px=sizes)

    def with_focal_mm(self, focal_mm: float, sensor_width_mm: float = 36.0) -> Cameras:
        """The same cameras through another lens (square pixels; the principal point stays)."""
        intrinsics = self.intrinsics_px.clone()
        focal = focal_px_from_mm(focal_mm, 1, sensor_width_mm) * self.image_size_px[..., 0].to(self.dtype)
        intrinsics[..., 0, 0] = focal
        intrinsics[..., 1, 1] = focal
        return dataclasses.replace(self, intrinsics_px=intrinsics)

    def _sizes(self, width_px: int, height_px: int) -> Tensor:
        size = torch.tensor([width_px, height_px], device=self.device)
        return size.expand(*self.batch_shape, 2)


def intrinsics_matrix(
    fx_px: float | Float[Tensor, "*b"], fy_px: float | Float[Tensor, "*b"], cx_px: float, cy_px: float
) -> Float[Tensor, "*b 3 3"]:
    """Intrinsics without skew; float64 unless the focal lengths are tensors of another type."""
    fx = torch.as_tensor(fx_px, dtype=None if isinstance(fx_px, Tensor) else torch.float64)
    fy = torch.as_tensor(fy_px, dtype=fx.dtype, device=fx.device)
    matrix = fx.new_zeros(*torch.broadcast_shapes(fx.shape, fy.shape), 3, 3)
    matrix[..., 0, 0] = fx
    matrix[..., 1, 1] = fy
    matrix[..., 0, 2] = cx_px
    matrix[..., 1, 2] = cy_px
    matrix[..., 2, 2] = 1.0
    return matrix


def _check_intrinsics(intrinsics: Tensor, image_size: Tensor) -> None:
    if not torch.isfinite(intrinsics).all():
        raise GeometryError("intrinsics: expected finite numbers, got NaN or infinity")
    focal = torch.stack([intrinsics[..., 0, 0], intrinsics[..., 1, 1]], dim=-1)
    if not (focal > 0).all():
        raise GeometryError(f"intrinsics: expected positive focal lengths, got {float(focal.min()):.6g} px")
    bottom = intrinsics.new_tensor([0.0, 0.0, 1.0])
    if (intrinsics[..., 2, :] != bottom).any() or (intrinsics[..., 1, 0] != 0).any():
        raise GeometryError("intrinsics: expected the form [[fx, s, cx], [0, fy, cy], [0, 0, 1]]")
    if not (image_size > 0).all():
        raise GeometryError(f"image size: expected a positive width and height, got {image_size.reshape(-1, 2)[0]}")
