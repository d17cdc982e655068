"""Framebuffers of one picture size: the sample buffer that geometry is drawn to, and the picture made from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cinescene.sets.frame import Frame
from cinescene.sets.gl_view import sample_grid_size

_NEAREST, _LINEAR = 0x2600, 0x2601
_WORDS = 3
_NONE, _ALL = ((False,) * 4,) * _WORDS, ((True,) * 4,) * _WORDS


class Targets:
    """The sample buffer (three words a sample, see ``shaders/packing.glsl``) and the lit picture.

    ``encoded`` pictures are 8-bit sRGB; others are linear halves, to be filtered further.
    """

    def __init__(
        self, context: Any, width_px: int, height_px: int, samples: int, *, normals: bool, encoded: bool
    ) -> None:
        grid = (sample_grid_size(width_px, samples), sample_grid_size(height_px, samples))
        size = (width_px, height_px)
        self.size_px, self.normals, self.encoded = size, normals, encoded
        self.samples = [context.texture(grid, 1, dtype="u4") for _ in range(_WORDS)]
        for words in self.samples:
            words.filter = (_NEAREST, _NEAREST)
        self._depth = context.depth_renderbuffer(grid)
        self.sample_buffer = context.framebuffer(self.samples, self._depth)
        self.colour = context.texture(size, 4, dtype="f1" if encoded else "f2")
        self.depth = context.texture(size, 1, dtype="f4")
        self.normal: Any = context.texture(size, 4, dtype="f4") if normals else None
        for texture in (self.colour, self.depth):
            texture.repeat_x = texture.repeat_y = False
        self.depth.filter = (_NEAREST, _NEAREST)
        self.picture = context.framebuffer([t for t in (self.colour, self.depth, self.normal) if t is not None])

    def begin_samples(self) -> None:
        """Clears the depth of the samples, not their words: those are read where something was drawn, which is
        everywhere, as a sky lies behind all."""
        self.sample_buffer.use()
        self.sample_buffer.color_mask = _NONE
        self.sample_buffer.clear(depth=1.0)
        self.sample_buffer.color_mask = _ALL

    def read(self) -> Frame:
        """The encoded picture as a frame."""
        return read_frame(self.picture, *self.size_px, normals=self.normals)

    def release(self) -> None:
        for item in (self.picture, self.sample_buffer, self._depth, *self.samples):
            item.release()
        for texture in (self.colour, self.depth, self.normal):
            if texture is not None:
                texture.release()


def read_frame(picture: Any, width_px: int, height_px: int, *, normals: bool) -> Frame:
    """The frame in a framebuffer: colours whose alpha marks what subjects change, depth that is negative where a
    subject is, and normals."""
    colour = np.empty((height_px, width_px, 4), dtype=np.uint8)
    picture.read_into(colour, components=4)
    signed_depth = np.empty((height_px, width_px), dtype=np.float32)
    picture.read_into(signed_depth, components=1, attachment=1, dtype="f4")
    vectors = None
    if normals:
        read = np.empty((height_px, width_px, 4), dtype=np.float32)
        picture.read_into(read, components=4, attachment=2, dtype="f4")
        vectors = torch.from_numpy(np.ascontiguousarray(read[..., :3].transpose(2, 0, 1)))
    return Frame(
        colour=torch.from_numpy(np.ascontiguousarray(colour[..., :3].transpose(2, 0, 1))),
        depth_m=torch.from_numpy(np.abs(signed_depth)),
        subject_mask=torch.from_numpy(signed_depth < 0),
        subject_and_shadow_mask=torch.from_numpy(colour.view("<u4")[..., 0] >= 1 << 24),
        normals=vectors,
    )
