"""Equirectangular pictures from the six faces of a cube."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from cinescene.cameras.camera import Cameras, intrinsics_matrix
from cinescene.cameras.transforms import rigid
from cinescene.sets.frame import Frame
from cinescene.sets.gl_program import Program
from cinescene.sets.gl_sky import screen_triangle
from cinescene.sets.gl_targets import Targets, read_frame
from cinescene.tensor_types import Float, Tensor

TAPS = 4
FACE_DENSITY = 1.25
"""Pixels a radian at a face's centre, where it is coarsest, per pixel a radian of the panorama."""
MARGIN_PX = 4
"""Pixels about a face that filters near its edge may touch."""

FORWARD_DOWN = {
    "front": ((0, 0, 1), (0, 1, 0)),
    "right": ((1, 0, 0), (0, 1, 0)),
    "back": ((0, 0, -1), (0, 1, 0)),
    "left": ((-1, 0, 0), (0, 1, 0)),
    "top": ((0, -1, 0), (0, 0, 1)),
    "bottom": ((0, 1, 0), (0, 0, -1)),
}
"""Forward and down axes of each face's camera in the axes of the panorama's camera (OpenCV)."""


class PanoramaResampler:
    """Collects the faces of a cube into an equirectangular picture."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._program = Program(context, "screen.vert", "panorama.frag", {"TAPS": TAPS})
        self._program.set({"face_colour": 0, "face_depth": 1, "face_normal": 2})
        self._triangle, self._corners = screen_triangle(context, self._program)

    def resample(
        self,
        world_from_camera: Float[Tensor, "4 4"],
        width_px: int,
        height_px: int,
        draw_face: Callable[[Cameras], Targets],
    ) -> Frame:
        """A panorama of the linear pictures, with normals, that ``draw_face`` makes of the cameras of the six faces."""
        side = math.ceil(FACE_DENSITY * width_px / math.pi) + 2 * MARGIN_PX
        focal = (side - 2 * MARGIN_PX) / 2
        colour = self._context.texture((width_px, height_px), 4)
        distance = self._context.texture((width_px, height_px), 1, dtype="f4")
        normal = self._context.texture((width_px, height_px), 4, dtype="f4")
        picture = self._context.framebuffer([colour, distance, normal])
        for name, (forward, down) in FORWARD_DOWN.items():
            camera_from_face = torch.from_numpy(np.stack([np.cross(down, forward), down, forward]).astype(np.float64)).T
            camera = _face_camera(world_from_camera, camera_from_face, focal, side)
            targets = draw_face(camera)
            world_from_face = camera.world_from_camera[:3, :3]
            values = {
                "face_from_camera": camera_from_face.float().numpy().tobytes(),
                "world_from_face": world_from_face.T.float().numpy().tobytes(),
                "face_focal_px": focal,
                "face_centre_px": side / 2,
                "picture_px": (float(width_px), float(height_px)),
            }
            self._program.set(values)
            for unit, texture in enumerate((targets.colour, targets.depth, targets.normal)):
                texture.use(unit)
            self._context.enable_only(0)
            picture.use()
            for area in _covered_areas(name, width_px, height_px):
                picture.scissor = area
                self._triangle.render()
        frame = read_frame(picture, width_px, height_px, normals=True)
        for item in (picture, colour, distance, normal):
            item.release()
        return frame

    def release(self) -> None:
        for item in (self._triangle, self._corners, self._program):
            item.release()


def _face_camera(world_from_camera: Tensor, camera_from_face: Tensor, focal_px: float, side_px: int) -> Cameras:
    pose = world_from_camera.detach().cpu().double() @ rigid(camera_from_face, torch.zeros(3, dtype=torch.float64))
    return Cameras(
        world_from_camera=pose,
        intrinsics_px=intrinsics_matrix(focal_px, focal_px, side_px / 2, side_px / 2),
        image_size_px=torch.tensor([side_px, side_px]),
    )


def _covered_areas(face: str, width_px: int, height_px: int) -> list[tuple[int, int, int, int]]:
    """Rectangles (left, first row, width, height) that hold all pixels of a face."""
    cap = math.ceil((math.pi / 2 - math.atan(math.sqrt(0.5))) / math.pi * height_px) + 1
    if face == "top":
        return [(0, 0, width_px, min(cap, height_px))]
    if face == "bottom":
        return [(0, max(0, height_px - cap), width_px, min(cap, height_px))]
    first_row, last_row = math.floor(height_px / 4) - 1, math.ceil(3 * height_px / 4) + 1
    rows = (max(0, first_row), min(height_px, last_row))
    eighths = {"front": [(3, 5)], "right": [(5, 7)], "left": [(1, 3)], "back": [(0, 1), (7, 8)]}[face]
    areas = []
    for start, end in eighths:
        left = max(0, math.floor(start * width_px / 8) - 1)
        right = min(width_px, math.ceil(end * width_px / 8) + 1)
        areas.append((left, rows[0], right - left, rows[1] - rows[0]))
    return areas
