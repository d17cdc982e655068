"""Small stages, cameras and an exact ray caster for the tests of the renderer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample

from cinescene.cameras.camera import Cameras, intrinsics_matrix
from cinescene.cameras.projection import pixel_rays, project
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import MissingDependencyError
from cinescene.sets.frame import Frame
from cinescene.sets.mesh import Lamp, Material, Mesh, Sky, Stage, Sun
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import box, quad
from cinescene.sets.renderer import Renderer


def renderer(width_px: int, height_px: int, **settings: Any) -> Renderer:
    """A renderer, or a skipped test where this machine has no OpenGL."""
    return with_opengl(lambda: Renderer(width_px, height_px, **settings))


def with_opengl(make: Callable[[], Any]) -> Any:
    """What is made, or a skipped test where this machine has no OpenGL."""
    try:
        return make()
    except MissingDependencyError as error:
        pytest.skip(str(error))


def plain(red: int, green: int, blue: int, **looks: float) -> Material:
    return Material(albedo=np.array([[[red, green, blue]]], dtype=np.uint8), **looks)


def speckled(seed: int, size: int = 128, metres_per_tile: float = 1.0) -> Material:
    """Soft coloured noise: detail at several scales, without edges."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((size, size, 3))
    for cells in (4, 8, 16, 32):
        coarse = rng.uniform(0, 1, (cells, cells, 3))
        rolled = [np.roll(coarse, shift, (0, 1)) for shift in ((0, 0), (0, -1), (-1, 0), (-1, -1))]
        place = np.arange(size) * cells / size
        i, f = place.astype(int), place % 1
        x, y = f[None, :, None], f[:, None, None]
        a, b, c, d = (part[i][:, i] for part in rolled)
        picture += ((a * (1 - x) + b * x) * (1 - y) + (c * (1 - x) + d * x) * y) / cells**0.5
    picture = (picture - picture.min()) / np.ptp(picture)
    return Material(albedo=(40 + 180 * picture).astype(np.uint8), metres_per_tile=metres_per_tile)


def sky(value: float = 0.5) -> Sky:
    return Sky(radiance=np.full((8, 16, 3), value, dtype=np.float32))


def stage(
    meshes: Sequence[Mesh],
    *,
    sun: Sun | None = None,
    lamps: Sequence[Lamp] = (),
    ambient: float = 0.6,
    sky_value: float = 0.5,
) -> Stage:
    return Stage(
        meshes=tuple(meshes),
        sky=sky(sky_value),
        sun=sun,
        lamps=tuple(lamps),
        ambient_up=(ambient,) * 3,
        ambient_down=(ambient,) * 3,
    )


def camera(
    position: Sequence[float],
    yaw_deg: float = 0.0,
    pitch_deg: float = 0.0,
    roll_deg: float = 0.0,
    *,
    width_px: int,
    height_px: int,
    fov_deg: float = 70.0,
) -> Cameras:
    rotation = level_rotation(math.radians(yaw_deg), math.radians(pitch_deg), math.radians(roll_deg))
    pose = rigid(rotation, torch.tensor(position, dtype=torch.float64))
    return Cameras.from_field_of_view(pose, math.radians(fov_deg), width_px, height_px)


def odd_camera(position: Sequence[float], width_px: int, height_px: int) -> Cameras:
    """Unequal focal lengths, skew, a principal point far off the centre, and a rotation about all axes."""
    return Cameras(
        world_from_camera=rigid(level_rotation(0.4, -0.15, 0.2), torch.tensor(position, dtype=torch.float64)),
        intrinsics_px=intrinsics_matrix(0.8 * width_px, 0.65 * width_px, 0.35 * width_px, 0.6 * height_px)
        + torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64),
        image_size_px=torch.tensor([width_px, height_px]),
    )


class Boxes:
    """A room with boxes in it, as meshes and for exact ray casting (low and high corner of each box)."""

    def __init__(self, room: Sequence[float], boxes: Sequence[tuple[Sequence[float], Sequence[float]]]) -> None:
        size = np.array(room, dtype=float)
        self.room = np.array([[-size[0] / 2, -size[1] / 2, 0], [size[0] / 2, size[1] / 2, size[2]]])
        self.boxes = [np.array(b, dtype=float) for b in boxes]

    def meshes(self, materials: Sequence[Material]) -> list[Mesh]:
        meshes = [box(self.room[1] - self.room[0], materials[0], inward=True)]
        for i, (low, high) in enumerate(self.boxes):
            middle = (low + high) / 2
            material = materials[(i + 1) % len(materials)]
            meshes.append(placed(box(high - low, material), (middle[0], middle[1], low[2])))
        return meshes

    def cast(self, origin: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances (in lengths of each direction) to the first surface and its normals."""
        with np.errstate(divide="ignore", invalid="ignore"):
            near, far = _slabs(self.room, origin, directions)
            best = far.min(-1)
            axis = far.argmin(-1)
            normals = -_axis_normals(axis, directions)
            for limits in self.boxes:
                near, far = _slabs(limits, origin, directions)
                entry = near.max(-1)
                hit = (entry < far.min(-1)) & (entry > 0) & (entry < best)
                best = np.where(hit, entry, best)
                normals = np.where(hit[..., None], -_axis_normals(near.argmax(-1), directions), normals)
        return best, normals


def _slabs(limits: np.ndarray, origin: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = (limits[0] - origin) / directions
    second = (limits[1] - origin) / directions
    return np.minimum(first, second), np.maximum(first, second)


def _axis_normals(axis: np.ndarray, directions: np.ndarray) -> np.ndarray:
    return np.eye(3)[axis] * np.sign(np.take_along_axis(directions, axis[..., None], -1))


def rays(cameras: Cameras) -> tuple[np.ndarray, np.ndarray]:
    """Origin and unit directions through all pixel centres, as numpy arrays."""
    origin, directions = pixel_rays(cameras)
    return origin.numpy(), directions.numpy()


def wall(width_m: float, height_m: float, material: Material, distance_m: float = 2.0, fit: bool = False) -> Mesh:
    """An upright quad that faces a camera at the origin looking along +y, its middle straight ahead."""
    corner = (-width_m / 2, distance_m, -height_m / 2)
    return quad(corner, (width_m, 0, 0), (0, 0, height_m), material, fit=fit)


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(10 * torch.log10(255.0**2 / ((a.double() - b.double()) ** 2).mean()))


def sampled(picture: torch.Tensor, pixels: torch.Tensor, mode: str = "bilinear") -> torch.Tensor:
    """(c, h, w) at pixel coordinates (n, 2)."""
    size = torch.tensor([picture.shape[-1], picture.shape[-2]], dtype=torch.float64)
    grid = (2 * pixels / size - 1)[None, None]
    return grid_sample(picture[None].double(), grid, mode=mode, align_corners=False, padding_mode="border")[0, :, 0]


def flat(frame: Frame) -> torch.Tensor:
    """Pixels away from depth edges: 1/z is nearly linear across them."""
    inverse = 1 / frame.depth_m.double()
    bend = torch.zeros_like(inverse)
    for axis in (0, 1):
        bend = torch.maximum(bend, (inverse.roll(1, axis) + inverse.roll(-1, axis) - 2 * inverse).abs())
    near_edge = (bend > 2e-3 * inverse).float()[None, None]
    return torch.nn.functional.max_pool2d(near_edge, 5, 1, 2)[0, 0] == 0


def cut_view(panorama: torch.Tensor, panorama_camera: Cameras, view: Cameras, taps: int = 4) -> torch.Tensor:
    """What a perspective camera at the panorama's place sees of it, each pixel the mean of taps × taps points."""
    width, height = view.size_px
    origin, directions = pixel_rays(view.resized(width * taps, height * taps))
    pixels, _ = project(panorama_camera, (origin + directions).reshape(-1, 3))
    return sampled(panorama, pixels).reshape(3, height, taps, width, taps).mean((2, 4))
