"""Depth supervision: geometry tokens must tell, through one linear map, how far away their part of a view is.

The authors name explicit depth supervision as future work. VGGT's features hold depth up to scale; what a model learns
to make of them need not. The loss asks for it: the mean absolute error of log depth, less its mean over a sample's
views, so that no scale is asked for.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from cinescene.tensor_types import Float, Tensor


class DepthProbe(nn.Module):
    """Reads log depth off geometry tokens; learnt beside the model and no part of it."""

    def __init__(self, dim: int, patch: tuple[int, int]) -> None:
        """``dim`` channels a token, which stands for ``patch`` rows and columns of latent cells."""
        super().__init__()
        self.patch = patch
        self.read = nn.Linear(dim, 1)

    def forward(self, tokens: Float[Tensor, "b n d"], log_depth: Float[Tensor, "b v h w"]) -> Float[Tensor, ""]:
        """The loss of tokens (view, row, column) against log depth of the views' latent cells, NaN where unknown."""
        rows, columns = self.patch
        wanted = rearrange(log_depth[..., rows // 2 :: rows, columns // 2 :: columns], "b v h w -> b (v h w)")
        known = wanted.isfinite()
        found = self.read(tokens.to(self.read.weight.dtype))[..., 0].float()
        wanted = torch.where(known, wanted, 0.0)
        error = _centred(found, known) - _centred(wanted, known)
        return (error.abs() * known).sum() / known.sum().clamp_min(1)


def _centred(values: Float[Tensor, "b n"], known: Tensor) -> Float[Tensor, "b n"]:
    mean = (values * known).sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp_min(1)
    return values - mean
