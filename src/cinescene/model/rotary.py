"""Rotary positions of video and scene tokens, from Wan's own tables.

Video tokens sit at (latent frame, row, column), as in Wan. Scene tokens sit *before* the video on the time axis, at
fixed negative frames, whatever the length of the shot, so that their keys can be reused by every shot. All views share
one frame and are therefore a set; image and geometry tokens of a view share rows and columns and differ in the frame:

====================  ==============  ============
scene tokens          start view      other views
====================  ==============  ============
image                 −1              −3
geometry              −2              −4
====================  ==============  ============

Only models with ``start_view_first`` tell a start view apart; in the others every view is an "other view".
"""

from __future__ import annotations

from typing import Any

import torch
from einops import rearrange, repeat

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor

Rotary = tuple[Float[Tensor, "1 n 1 r"], Float[Tensor, "1 n 1 r"]]
"""Cosines and sines of each token's angles, each angle twice in a row."""

_START_IMAGE, _START_GEOMETRY, _IMAGE, _GEOMETRY = -1, -2, -3, -4


def scene_frame_positions(views: int, image: bool, geometry: bool, start_view_first: bool) -> list[int]:
    """Frame index of each scene frame: the image tokens of all views, then their geometry tokens."""
    start = min(views, 1) if start_view_first else 0
    positions: list[int] = []
    if image:
        positions += [_START_IMAGE] * start + [_IMAGE] * (views - start)
    if geometry:
        positions += [_START_GEOMETRY] * start + [_GEOMETRY] * (views - start)
    return positions


def rotary_at(rope: Any, frames: list[int], height: int, width: int) -> Rotary:
    """Angles of tokens at the given frame indices (negative ones too) and all rows and columns, in that order.

    ``rope`` is diffusers' ``WanRotaryPosEmbed``, whose tables hold the positions from 0 up; a negative position has the
    same cosines and the opposite sines.
    """
    limit = rope.freqs_cos.shape[0]
    if max(map(abs, frames), default=0) >= limit:
        raise InputError(f"video: expected at most {limit} latent frames, got {max(map(abs, frames)) + 1}")
    index = torch.tensor(frames, device=rope.freqs_cos.device)
    sizes = [rope.t_dim, rope.h_dim, rope.w_dim]
    tables = []
    for table, sign in ((rope.freqs_cos, torch.ones_like(index)), (rope.freqs_sin, index.sign())):
        of_frame, of_row, of_column = table.split(sizes, dim=1)
        parts = [
            repeat(of_frame[index.abs()] * sign[:, None], "t d -> t h w d", h=height, w=width),
            repeat(of_row[:height], "h d -> t h w d", t=len(frames), w=width),
            repeat(of_column[:width], "w d -> t h w d", t=len(frames), h=height),
        ]
        tables.append(rearrange(torch.cat(parts, dim=-1), "t h w d -> 1 (t h w) 1 d"))
    return tables[0], tables[1]


def rotated(heads: Float[Tensor, "b n heads d"], rotary: Rotary) -> Float[Tensor, "b n heads d"]:
    """Rotates channel pairs (2i, 2i + 1) by the tokens' angles."""
    cos, sin = rotary[0][..., 0::2], rotary[1][..., 0::2]
    even, odd = heads.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2).type_as(heads)
