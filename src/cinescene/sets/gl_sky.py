"""The sky behind every mesh, drawn into the sample buffer where nothing else is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cinescene.sets.gl_program import Program
from cinescene.sets.gl_view import View, sample_grid_span
from cinescene.sets.mesh import Sky

LARGEST_HALF = 65504.0
_LINEAR, _TRILINEAR = 0x2601, 0x2703


def screen_triangle(context: Any, program: Program) -> tuple[Any, Any]:
    """A triangle that covers the screen, for a program that uses ``shaders/screen.vert``; and its buffer."""
    corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype=np.float32).tobytes())
    return context.vertex_array(program.linked, [(corners, "2f4", "in_corner")]), corners


class SkyDome:
    """An equirectangular picture on the device and the program that draws it."""

    def __init__(self, context: Any, samples: int, exposure: float) -> None:
        self._context, self._samples, self._exposure = context, samples, exposure
        self._program = Program(context, "screen.vert", "sky.frag")
        self._triangle, self._corners = screen_triangle(context, self._program)
        self._texture: Any = None

    def load(self, sky: Sky) -> None:
        """Uploads the picture in place of an earlier one."""
        if self._texture is not None:
            self._texture.release()
        radiance = np.clip(np.nan_to_num(sky.radiance, posinf=LARGEST_HALF), 0.0, LARGEST_HALF)
        height, width = radiance.shape[:2]
        alpha = np.ones((height, width, 1))
        texels = np.concatenate([radiance, alpha], axis=-1).astype(np.float16)
        self._texture = self._context.texture((width, height), 4, texels.tobytes(), dtype="f2")
        self._texture.filter = (_TRILINEAR, _LINEAR)
        self._texture.repeat_x, self._texture.repeat_y = True, False
        self._texture.build_mipmaps()
        self._texels_per_rad = (width / (2 * math.pi), height / math.pi)

    def draw(self, view: View) -> None:
        """Fills the samples that no mesh has covered (depth test ``<=``)."""
        across = sample_grid_span(view.width_px, self._samples)
        down = sample_grid_span(view.height_px, self._samples)
        self._texture.use(0)
        values = {
            "sky": 0,
            "exposure": self._exposure,
            "first_px": (across[0], down[0]),
            "span_px": (across[1], down[1]),
            "sky_texels_per_rad": self._texels_per_rad,
        }
        self._program.set(view.uniforms() | values)
        self._triangle.render()

    def release(self) -> None:
        for item in (self._triangle, self._corners, self._program, self._texture):
            if item is not None:
                item.release()
