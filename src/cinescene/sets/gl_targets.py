"""Framebuffers of one picture size: the sample buffer that geometry is drawn to, and the picture made from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cinescene.sets.frame import Frame
from cinescene.sets.gl_view import sample_grid_size

_NEAREST, _LINEAR = 0x2600, 0x2601


class Targets:
    """The sample buffer (four words a sample, see ``shaders/packing.glsl``) and the lit picture.

    ``encoded`` pictures are 8-bit sRGB; others are linear halves, to be filtered further.
    """

    def __init__(
        self, context: Any, width_px: int, height_px: int, samples: int, *, normals: bool, encoded: bool
    ) -> None:
        grid = (sample_grid_size(width_px, samples), sample_grid_size(height_px, samples))
        size = (width_px, height_px)
        self.size_px, self.normals, self.encoded = size, normals, encoded
        self.samples = context.texture(grid, 4, dtype="u4")
        self.samples.filter = (_NEAREST, _NEAREST)
        self._depth = context.depth_renderbuffer(grid)
        self.sample_buffer = context.framebuffer([self.samples], self._depth)
        self.depth_only = context.framebuffer([], self._depth)
        self.colour = context.texture(size, 4, dtype="f1" if encoded else "f2")
        self.depth = context.texture(size, 1, dtype="f4")
        self.normal = context.texture(size, 4, dtype="f4") if normals else None
        for texture in (self.colour, self.depth):
            texture.repeat_x = texture.repeat_y = False
        self.depth.filter = (_NEAREST, _NEAREST)
        self.picture = context.framebuffer([t for t in (self.colour, self.depth, self.normal) if t is not None])

    def read(self) -> Frame:
        """The encoded picture as a frame."""
        width, height = self.size_px
        colour = np.empty((height, width, 4), dtype=np.uint8)
        self.picture.read_into(colour, components=4)
        depth = np.empty((height, width), dtype=np.float32)
        self.picture.read_into(depth, components=1, attachment=1, dtype="f4")
        normals = None
        if self.normals:
            vectors = np.empty((height, width, 4), dtype=np.float32)
            self.picture.read_into(vectors, components=4, attachment=2, dtype="f4")
            normals = torch.from_numpy(np.ascontiguousarray(vectors[..., :3].transpose(2, 0, 1)))
        return frame_of(colour, depth, normals)

    def release(self) -> None:
        for item in (self.picture, self.depth_only, self.sample_buffer, self._depth, self.samples):
            item.release()
        for texture in (self.colour, self.depth, self.normal):
            if texture is not None:
                texture.release()


def frame_of(colour: np.ndarray, signed_depth: np.ndarray, normals: torch.Tensor | None) -> Frame:
    """A frame from RGBA bytes, whose alpha marks what subjects change, and depth, negative where a subject is."""
    return Frame(
        colour=torch.from_numpy(np.ascontiguousarray(colour[..., :3].transpose(2, 0, 1))),
        depth_m=torch.from_numpy(np.abs(signed_depth)),
        subject_mask=torch.from_numpy(signed_depth < 0),
        subject_and_shadow_mask=torch.from_numpy(colour[..., 3] > 0),
        normals=normals,
    )
