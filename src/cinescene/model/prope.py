"""Projective attention: attention that sees the cameras of its tokens, lens included, and nothing but their relation.

With P the 4×4 projection of a token's camera (normalised intrinsics times camera-from-world), part of each head's
channels, in groups of four, has q multiplied by Pᵀ, k and v by P⁻¹ and the output by P. Scores and outputs then depend
on the relative projections P_i P_j⁻¹ alone, so that the choice of the world frame drops out. The other half of the
channels carries rotary positions of row and column.

Source: Li et al., "Cameras as Relative Positional Encoding", 2025 (PRoPE). Ours runs it as a
branch beside the backbone's self-attention, with its own projections and a zero-initialised output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from einops import rearrange, repeat
from torch import nn

from cinescene.cameras import Cameras
from cinescene.model.attention import Heads, Keys, Mask, attend
from cinescene.model.conditioning import frames_of_latents
from cinescene.model.precision import exact
from cinescene.tensor_types import Bool, Float, Tensor

ROTARY_THETA = 100.0
"""Base of the branch's rotary frequencies; patch grids are tens of patches wide."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectiveFrames:
    """The cameras of a run of frames, for the branch; heads beyond the first axis of size 1 have their own.

    ``matrix``, ``inverse``
        P and P⁻¹ of each frame and head (or one for all heads).
    ``cosine``, ``sine``
        Rotary tables of one frame's tokens.
    ``posed``
        False for frames whose camera is not known (None: all are). The branch adds nothing to them; that they are not
        seen by others is up to the mask of keys.
    """

    matrix: Float[Tensor, "b t heads 4 4"]
    inverse: Float[Tensor, "b t heads 4 4"]
    cosine: Float[Tensor, "n r"]
    sine: Float[Tensor, "n r"]
    posed: Bool[Tensor, "b t"] | None = None


def projection_matrices(cameras: Cameras) -> Float[Tensor, "*b 4 4"]:
    """P: world coordinates to (x z, y z, z, 1), with x and y in pictures (-0.5 … 0.5 across an image)."""
    size = cameras.image_size_px.to(cameras.dtype)
    lens = torch.eye(4, dtype=cameras.dtype, device=cameras.device).repeat(*cameras.batch_shape, 1, 1)
    lens[..., :2, :3] = cameras.intrinsics_px[..., :2, :] / size[..., None]
    lens[..., :2, 2] -= 0.5
    return lens @ cameras.camera_from_world


def projective_frames(
    matrix: Float[Tensor, "b t heads 4 4"],
    grid: tuple[int, int],
    rotary_channels: int,
    posed: Bool[Tensor, "b t"] | None = None,
) -> ProjectiveFrames:
    """Frames of cameras with the given P and token grid (rows, columns)."""
    cosine, sine = _rotary_table(grid, rotary_channels)
    return ProjectiveFrames(
        matrix=matrix.float(),
        inverse=torch.linalg.inv(matrix).float(),
        cosine=cosine.to(matrix.device),
        sine=sine.to(matrix.device),
        posed=posed,
    )


def video_projections(cameras: Cameras, frames_per_latent: int, heads: int) -> Float[Tensor, "b t heads 4 4"]:
    """P of every latent frame and head, for cameras given a frame.

    A latent frame stands for several frames (four at Wan's temporal factor), each with its own camera. The heads share
    them out: head h sees the group's frames in turn, so that the whole path reaches the model at no extra cost. With
    fewer heads than frames, the heads take evenly spaced frames that end with the group's last one.
    """
    groups = frames_of_latents(cameras.batch_shape[1], frames_per_latent)
    distinct = min(heads, frames_per_latent)
    steps = [(h % distinct + 1) * frames_per_latent // distinct - 1 for h in range(heads)]
    return projection_matrices(cameras)[:, groups[:, steps].to(cameras.device)]


class ProjectiveAttention(nn.Module):
    """The branch of one block; adds exactly nothing until it is trained."""

    def __init__(self, dim: int, inner_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, inner_dim)
        self.to_k = nn.Linear(dim, inner_dim)
        self.to_v = nn.Linear(dim, inner_dim)
        self.norm_q = nn.RMSNorm(inner_dim // heads, eps=1e-6)
        self.norm_k = nn.RMSNorm(inner_dim // heads, eps=1e-6)
        self.to_out = nn.Linear(inner_dim, dim)
        nn.init.zeros_(self.to_out.weight)
        nn.init.zeros_(self.to_out.bias)

    def project(self, tokens: Float[Tensor, "b n d"], frames: ProjectiveFrames) -> tuple[Heads, Heads, Heads]:
        """Queries, keys and values in the common projective frame."""
        query, key, value = (
            layer(tokens).unflatten(-1, (self.heads, -1)) for layer in (self.to_q, self.to_k, self.to_v)
        )
        return (
            _transformed(self.norm_q(query), frames.matrix.mT, frames, turn=1),
            _transformed(self.norm_k(key), frames.inverse, frames, turn=1),
            _transformed(value, frames.inverse, frames, turn=1),
        )

    def forward(
        self, query: Heads, key: Keys, value: Keys, frames: ProjectiveFrames, mask: Mask | None, backend: str
    ) -> Float[Tensor, "b n d"]:
        """The branch's addition to the tokens of ``frames``."""
        attended = attend(query, key, value, mask, backend)
        added = self.to_out(_transformed(attended, frames.matrix, frames, turn=-1).flatten(-2))
        if frames.posed is None:
            return added
        tokens_per_frame = added.shape[1] // frames.posed.shape[1]
        return added * frames.posed.repeat_interleave(tokens_per_frame, dim=1)[..., None]


def _transformed(heads: Heads, matrix: Float[Tensor, "b t #heads 4 4"], frames: ProjectiveFrames, turn: int) -> Heads:
    """Half of each head's channels times the matrices, the other half turned to (or back from) its row and column."""
    with exact(heads.device):
        count = matrix.shape[1]
        by_frame = rearrange(heads.float(), "b (t n) heads c -> b t heads n c", t=count)
        projective, positional = by_frame.chunk(2, dim=-1)
        groups = rearrange(projective, "b t heads n (g i) -> b t heads (n g) i", i=4)
        projective = rearrange(groups @ matrix.mT, "b t heads (n g) i -> b t heads n (g i)", n=by_frame.shape[-2])
        cosine, sine = frames.cosine, frames.sine * turn
        even, odd = positional.chunk(2, dim=-1)
        positional = torch.cat([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1)
        joined = torch.cat([projective, positional], dim=-1)
        return rearrange(joined, "b t heads n c -> b (t n) heads c").type_as(heads)


def _rotary_table(grid: tuple[int, int], channels: int) -> tuple[Float[Tensor, "n r"], Float[Tensor, "n r"]]:
    """Cosines and sines of a grid's tokens: half of the angles follow the row, half the column."""
    quarter = channels // 4
    frequencies = torch.exp(-math.log(ROTARY_THETA) * torch.arange(quarter) / quarter)
    rows, columns = (torch.arange(size)[:, None] * frequencies for size in grid)
    angles = torch.cat(
        [repeat(rows, "h r -> (h w) r", w=grid[1]), repeat(columns, "w r -> (h w) r", h=grid[0])], dim=-1
    )
    return angles.cos(), angles.sin()
