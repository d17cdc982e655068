"""Where a depth map is a surface, and where surfaces end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.tensor_types import Bool, Float, Tensor

FLAT_RUN_SHARE = 0.05
FLAT_RUN_LEAST = 6
"""A steep slope counts as a surface where this share of a picture's row or column, and this many edges at least, lie on
one plane without a break; shorter ones are taken for the soft edges that networks make."""
FLATNESS = 0.25
"""Largest relative change of slope (of inverse depth, which is linear on planes) from one edge of such a run to the
next."""
STEEPEST_RATIO = 2.0
"""No edge joins depths of a larger ratio, however flat the run."""
RAMP_SHARE = 0.03
"""Soft edges up to this share of a picture's longer side wide are made sharp."""


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """Where a depth map is no surface.

    ``max_depth_jump``
        Largest relative difference of neighbouring depths.
    ``max_incidence_rad``
        Steepest angle between the viewing ray and the surface's normal.

    Steeper edges are kept on planes that continue (a floor towards the horizon).
    """

    max_depth_jump: float = 0.08
    max_incidence_rad: float = math.radians(83)


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceEdges:
    """Whether neighbouring pixels lie on one surface: to the right (h, w−1) and below (h−1, w)."""

    right: Bool[Tensor, "v h w1"]
    below: Bool[Tensor, "v h1 w"]

    def inner(self) -> Bool[Tensor, "v h w"]:
        """Pixels joined to all four neighbours."""
        across = F.pad(self.right, (0, 1)) & F.pad(self.right, (1, 0))
        return across & F.pad(self.below, (0, 0, 0, 1)) & F.pad(self.below, (0, 0, 1, 0))


def surface_edges(
    inverse_depth: Float[Tensor, "v h w"], focal_px: Float[Tensor, "v 2"], options: CutOptions
) -> SurfaceEdges:
    """Finds the edges of surfaces in maps of inverse depth, NaN where nothing is known."""
    across = _joined(inverse_depth, focal_px[:, 0, None, None], options)
    down = _joined(inverse_depth.mT, focal_px[:, 1, None, None], options).mT
    return SurfaceEdges(right=across, below=down)


def _joined(inverse: Float[Tensor, "v a b"], focal: Tensor, options: CutOptions) -> Bool[Tensor, "v a b1"]:
    first, second = inverse[..., :-1], inverse[..., 1:]
    step = second - first
    jump = step.abs() / torch.minimum(first, second)
    gentle = (jump <= options.max_depth_jump) & (jump * focal <= math.tan(options.max_incidence_rad))
    flat = _in_flat_runs(step) & (jump <= STEEPEST_RATIO - 1)
    return gentle | flat


def _in_flat_runs(step: Float[Tensor, "v a b"]) -> Bool[Tensor, "v a b"]:
    run = max(round(FLAT_RUN_SHARE * step.shape[-1]), FLAT_RUN_LEAST)
    if step.shape[-1] < run:
        return torch.zeros_like(step, dtype=torch.bool)
    before, after = step[..., :-1], step[..., 1:]
    bent = ~((after - before).abs() <= FLATNESS * torch.minimum(before.abs(), after.abs()))
    straight = 1 - F.max_pool1d(bent.flatten(0, 1).to(step.dtype), run - 1, stride=1)
    spread = F.max_pool1d(F.pad(straight, (run - 1,) * 2), run, stride=1)
    return (spread > 0.5).unflatten(0, step.shape[:2])


def without_ramps(
    inverse_depth: Float[Tensor, "v h w"], focal_px: Float[Tensor, "v 2"], options: CutOptions
) -> Float[Tensor, "v h w"]:
    """Inverse depths in which soft edges are sharp.

    Networks (and filtered sensors) pass from one surface to another over some pixels whose depths belong to neither;
    seen from elsewhere they float in the air. Pixels cut off on both sides, nearer than one neighbour and farther than
    the other, take the depth of the end of such a ramp that lies closer in the picture; pixels cut off on all four
    sides that of the neighbour closest in depth.
    """
    for _ in range(max(round(RAMP_SHARE * max(inverse_depth.shape[-2:]) / 2), 1)):
        for axis in (-1, -2):
            settled = _settled(inverse_depth.transpose(axis, -1), focal_px[:, axis, None, None], options)
            inverse_depth = settled.transpose(axis, -1)
    return _attached(inverse_depth, surface_edges(inverse_depth, focal_px, options))


def _settled(inverse: Float[Tensor, "v a b"], focal: Tensor, options: CutOptions) -> Float[Tensor, "v a b"]:
    cut = ~_joined(inverse, focal, options)
    before, middle, after = inverse[..., :-2], inverse[..., 1:-1], inverse[..., 2:]
    on_ramp = cut[..., :-1] & cut[..., 1:] & ((middle - before) * (after - middle) > 0)
    firm_before, firm_after = ~F.pad(on_ramp, (1, 0))[..., :-1], ~F.pad(on_ramp, (0, 1))[..., 1:]
    take_before = firm_before & (~firm_after | ((middle - before).abs() <= (after - middle).abs()))
    end = torch.where(take_before, before, torch.where(firm_after, after, middle))
    settled = inverse.clone()
    settled[..., 1:-1] = torch.where(on_ramp, end, middle)
    return settled


def _attached(inverse: Float[Tensor, "v h w"], edges: SurfaceEdges) -> Float[Tensor, "v h w"]:
    """Pixels joined to no neighbour take the depth of the one closest to their own."""
    joined = F.pad(edges.right, (0, 1)) | F.pad(edges.right, (1, 0))
    joined |= F.pad(edges.below, (0, 0, 0, 1)) | F.pad(edges.below, (0, 0, 1, 0))
    padded = F.pad(inverse, (1, 1, 1, 1), value=torch.nan)
    around = torch.stack([padded[:, 1:-1, :-2], padded[:, 1:-1, 2:], padded[:, :-2, 1:-1], padded[:, 2:, 1:-1]])
    difference = (around - inverse).abs().nan_to_num(torch.inf)
    closest = around.gather(0, difference.argmin(0, keepdim=True))[0]
    alone = ~joined & torch.isfinite(inverse) & torch.isfinite(closest)
    return torch.where(alone, closest, inverse)
