"""From one perspective camera to what the shaders need: a clip matrix and the rays through its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinescene.cameras.camera import Cameras
from cinescene.errors import GeometryError

SAMPLE_SPACING_PX = {1: 1.0, 4: 0.5}
"""Samples a pixel -> distance between samples. Four samples a pixel lie on pixel centres, edges and corners."""
BEYOND_SET_M = 10.0
"""How far behind the set a subject may stand and still be seen."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A camera in numbers; positions are taken relative to ``eye`` so that single precision is enough.

    ``clip_from_offset`` maps world offsets from the eye to the clip space of the sample grid. The picture's first row
    is the lowest row of the OpenGL framebuffer, so that what is read back needs no turning over. ``ray_origin +
    u·ray_per_u + v·ray_per_v`` is the world direction with z-depth 1 through the picture's coordinates (u, v).
    """

    eye: Float[np.ndarray, "3"]
    clip_from_offset: Float[np.ndarray, "4 4"]
    ray_origin: Float[np.ndarray, "3"]
    ray_per_u: Float[np.ndarray, "3"]
    ray_per_v: Float[np.ndarray, "3"]
    width_px: int
    height_px: int

    @classmethod
    def of_camera(cls, camera: Cameras, samples: int, near_m: float, low: np.ndarray, high: np.ndarray) -> View:
        """The view of a single perspective camera, deep enough for a box and what stands close behind it.

        Raises `GeometryError` for other cameras.
        """
        if camera.projection != "perspective" or camera.batch_shape:
            raise GeometryError(
                f"render: expected one perspective camera, got {camera.projection} cameras of shape "
                f"{tuple(camera.batch_shape)}; index the batch first"
            )
        width, height = camera.image_size_px.tolist()
        world_from_camera = np.array(camera.world_from_camera.tolist())
        intrinsics = camera.intrinsics_px.tolist()
        rotation, eye = world_from_camera[:3, :3], world_from_camera[:3, 3]
        far = float(np.linalg.norm(np.maximum(np.abs(low - eye), np.abs(high - eye)))) + BEYOND_SET_M
        (focal_u, skew, centre_u), (_, focal_v, centre_v), _ = intrinsics
        ray_per_u = rotation[:, 0] / focal_u
        ray_per_v = (rotation[:, 1] - skew * ray_per_u) / focal_v
        clip = _clip_from_camera(intrinsics, width, height, samples, near_m, far)
        clip[:, :3] = clip[:, :3] @ rotation.T
        return cls(
            eye=eye,
            clip_from_offset=clip,
            ray_origin=rotation[:, 2] - centre_u * ray_per_u - centre_v * ray_per_v,
            ray_per_u=ray_per_u,
            ray_per_v=ray_per_v,
            width_px=width,
            height_px=height,
        )

    def sides(self) -> Float[np.ndarray, "5 4"]:
        """Planes to the left, right, top and bottom of what is seen and in front of it: unit normals that point inwards
        and what makes world points of the plane 0."""
        x, y, z, w = self.clip_from_offset
        planes = np.stack([w + x, w - x, w + y, w - y, w + z])
        planes /= np.linalg.norm(planes[:, :3], axis=1, keepdims=True)
        planes[:, 3] -= planes[:, :3] @ self.eye
        return planes

    def uniforms(self) -> dict[str, object]:
        """The numbers under their shader names."""
        return {
            "eye": tuple(self.eye.tolist()),
            "clip_from_offset": np.ascontiguousarray(self.clip_from_offset.T, dtype=np.float32).tobytes(),
            "ray_origin": tuple(self.ray_origin.tolist()),
            "ray_per_u": tuple(self.ray_per_u.tolist()),
            "ray_per_v": tuple(self.ray_per_v.tolist()),
        }


def sample_grid_size(length_px: int, samples: int) -> int:
    """Samples along a picture's side."""
    return length_px if samples == 1 else 2 * length_px + 1


def sample_grid_span(length_px: int, samples: int) -> tuple[float, float]:
    """First picture coordinate of the sample grid's area along a side, and its length."""
    return (0.0, float(length_px)) if samples == 1 else (-0.25, length_px + 0.5)


def _clip_from_camera(
    intrinsics: list[list[float]], width_px: int, height_px: int, samples: int, near_m: float, far_m: float
) -> np.ndarray:
    rows = []
    for i, length_px in enumerate((width_px, height_px)):
        first, span = sample_grid_span(length_px, samples)
        row = [2 * number / span for number in intrinsics[i]]
        row[2] -= 2 * first / span + 1
        rows.append([*row, 0.0])
    depth = [0.0, 0.0, (far_m + near_m) / (far_m - near_m), -2 * far_m * near_m / (far_m - near_m)]
    return np.array([*rows, depth, [0.0, 0.0, 1.0, 0.0]])
