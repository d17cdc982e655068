"""Depth maps as triangle meshes, cut where the surface ends, each part of a place kept once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange

from cinescene.cameras.projection import unproject
from cinescene.scene.geometry import DepthViews
from cinescene.scene.splat_edges import SurfaceEdges
from cinescene.scene.splat_views import PictureLookup
from cinescene.tensor_types import Bool, Float, Int, Tensor

REDUNDANT_DIFFERENCE = 0.02
"""Depth maps that agree within this share show the same surface."""
REDUNDANT_COARSENESS = 3.0
"""A view may be left out where another shows the surface with pixels of at most this many times the area."""
SHARING_SAMPLES = 1024
"""Points of each view by which it is told whether two views can share anything."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthMesh:
    """Triangles of all views. Every vertex knows the view it comes from and its place (u, v) in that picture."""

    vertices: Float[Tensor, "n 3"]
    view: Int[Tensor, "n"]
    place_px: Float[Tensor, "n 2"]
    triangles: Int[Tensor, "m 3"]


def pixels_needed(views: DepthViews, edges: SurfaceEdges) -> Bool[Tensor, "v h w"]:
    """Pixels that show what no earlier view shows as finely.

    Overlapping views (20 crops of one panorama see everything five times) would otherwise be drawn once each. A pixel
    is left out where its point lies on another view's surface within 2%, well inside that surface.
    """
    lookup = PictureLookup(views.cameras.to(dtype=views.depth.dtype))
    points = rearrange(views.world_points().to(views.depth.dtype), "v h w k -> v k (h w)").contiguous()
    depth, area = views.depth.flatten(1), _pixel_area(points, views.cameras.size_px[0])
    needed, inner = views.known.flatten(1).clone(), edges.inner()
    may_share = _sharing(lookup, points)
    provided: list[Tensor] = []
    for i in range(len(views)):
        index = needed[i].nonzero()[:, 0]
        for j in range(i):
            if not may_share[j][i] or len(index) == 0:
                continue
            pixel, inside, distance = _pixels(lookup, j, points[i].index_select(1, index))
            same = (depth[j].index_select(0, pixel) / distance - 1).abs() < REDUNDANT_DIFFERENCE
            fine = area[j].index_select(0, pixel) <= REDUNDANT_COARSENESS * area[i].index_select(0, index)
            shown = inside & same & fine & provided[j].index_select(0, pixel)
            index = index.index_select(0, (~shown).nonzero()[:, 0])
        needed[i] = False
        needed[i, index] = True
        provided.append((inner[i] & _eroded(needed[i].view(inner[i].shape))).flatten())
    return needed.view(views.known.shape)


def _sharing(lookup: PictureLookup, points: Float[Tensor, "v 3 n"]) -> list[list[bool]]:
    """[j][i]: whether any of a sample of view i's points falls into view j's picture."""
    sparse = points[:, :, :: max(points.shape[-1] // SHARING_SAMPLES, 1)]
    flat = rearrange(sparse, "v k n -> k (v n)")
    rows = [_pixels(lookup, j, flat)[1].view(len(points), -1).any(-1) for j in range(len(lookup))]
    return torch.stack(rows).tolist()


def _pixels(
    lookup: PictureLookup, view: int, points: Float[Tensor, "3 n"]
) -> tuple[Int[Tensor, "n"], Bool[Tensor, "n"], Float[Tensor, "n"]]:
    """The pixel (row · width + column) that points fall on, whether it is in the picture, and their depth."""
    u, v, depth = lookup(view, points)
    width, height = lookup.size_px
    inside = (u >= 0) & (v >= 0) & (u < width) & (v < height)
    pixel = v.clamp(0, height - 1).long() * width + u.clamp(0, width - 1).long()
    return torch.where(inside, pixel, 0), inside, depth


def depth_mesh(views: DepthViews, edges: SurfaceEdges, needed: Bool[Tensor, "v h w"]) -> DepthMesh:
    """The surfaces of all views, one vertex a pixel centre.

    A rim half a pixel wide carries each surface to its picture's border. A pixel beside a cut also gets a square of its
    own, so that no crack shows between two surfaces from where the photo was taken.
    """
    cells = _cells(edges, views.known)
    surfaces = _surface_triangles(cells, F.pad(needed[:, None].float(), (1,) * 4, mode="replicate")[:, 0] > 0.5)
    whole = cells[0] & cells[1]
    whole = whole[:, :-1, :-1] & whole[:, :-1, 1:] & whole[:, 1:, :-1] & whole[:, 1:, 1:]
    lone = (needed & ~whole).nonzero()
    depth = F.pad(views.depth[:, None], (1,) * 4, mode="replicate")[:, 0]
    width, height = views.cameras.size_px
    place = torch.stack(torch.meshgrid(_rimmed(width, depth), _rimmed(height, depth), indexing="xy"), dim=-1)
    view = torch.arange(len(views), device=depth.device).repeat_interleave(place[..., 0].numel())
    square = lone.new_tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    squares = torch.tensor([[0, 2, 1], [3, 1, 2]], device=depth.device) + 4 * torch.arange(
        len(lone), device=depth.device
    ).view(-1, 1, 1)
    return _compact(
        views,
        view=torch.cat([view, lone[:, 0].repeat_interleave(4)]),
        place=torch.cat(
            [place.reshape(-1, 2).repeat(len(views), 1), (lone[:, None, 1:] + square).flatten(0, 1).flip(-1).to(depth)]
        ),
        depth=torch.cat([depth.flatten(), views.depth[lone.unbind(-1)].repeat_interleave(4)]),
        triangles=torch.cat([surfaces, squares.flatten(0, 1) + len(view)]),
    )


def _compact(
    views: DepthViews, *, view: Tensor, place: Tensor, depth: Tensor, triangles: Int[Tensor, "m 3"]
) -> DepthMesh:
    """The mesh of those vertices that a triangle uses."""
    used = torch.zeros(len(view), dtype=torch.bool, device=view.device)
    used[triangles.flatten()] = True
    number = used.cumsum(0) - 1
    view, place, depth = view[used], place[used], depth[used]
    vertices = torch.empty(len(view), 3, dtype=depth.dtype, device=depth.device)
    for index in range(len(views)):
        of_view = (view == index).nonzero()[:, 0]
        vertices[of_view] = unproject(views.cameras[index], place[of_view], depth[of_view])
    return DepthMesh(
        vertices=vertices,
        view=view,
        place_px=place,
        triangles=number.index_select(0, triangles.flatten()).view(-1, 3),
    )


def _cells(
    edges: SurfaceEdges, known: Bool[Tensor, "v h w"]
) -> tuple[Bool[Tensor, "v h1 w1"], Bool[Tensor, "v h1 w1"]]:
    """For each cell between four vertices (rim included): whether its upper left and its lower right half is surface.

    A half is where both of its sides along the axes are joined. On the rim, where a vertex repeats the pixel beside it,
    a vertex is joined to that pixel, and two vertices are where their pixels are.
    """
    right, below, known = (
        F.pad(part[:, None].float(), (1,) * 4, mode="replicate")[:, 0] > 0.5
        for part in (edges.right, edges.below, known)
    )
    right[..., 0], right[..., -1] = known[..., 0], known[..., -1]
    below[:, 0], below[:, -1] = known[:, 0], known[:, -1]
    return right[:, :-1] & below[:, :, :-1], right[:, 1:] & below[:, :, 1:]


def _surface_triangles(
    cells: tuple[Bool[Tensor, "v h1 w1"], Bool[Tensor, "v h1 w1"]], wanted: Bool[Tensor, "v h w"]
) -> Int[Tensor, "m 3"]:
    """The halves of cells that are surface and of which any corner is wanted, as numbers of vertices."""
    views, rows, columns = wanted.shape
    number = torch.arange(views * rows * columns, device=wanted.device).view(views, rows, columns)
    corners = {(y, x): (slice(None), slice(y, rows - 1 + y), slice(x, columns - 1 + x)) for y in (0, 1) for x in (0, 1)}
    parts = []
    for surface, half in zip(cells, (((0, 0), (1, 0), (0, 1)), ((1, 1), (0, 1), (1, 0))), strict=True):
        first, second, third = (corners[corner] for corner in half)
        drawn = surface & (wanted[first] | wanted[second] | wanted[third])
        parts.append(torch.stack([number[corner][drawn] for corner in (first, second, third)], dim=-1))
    return torch.cat(parts)


def _rimmed(size: int, like: Tensor) -> Float[Tensor, "n"]:
    centres = torch.arange(size, dtype=like.dtype, device=like.device) + 0.5
    return torch.cat([centres.new_zeros(1), centres, centres.new_full((1,), float(size))])


def _pixel_area(points: Float[Tensor, "v 3 n"], width: int) -> Float[Tensor, "v n"]:
    """Area of surface that a pixel covers; infinite where a neighbour is not known."""
    grid = points.unflatten(-1, (-1, width))
    across = F.pad(grid[..., 1:] - grid[..., :-1], (0, 1), value=torch.nan)
    down = F.pad(grid[..., 1:, :] - grid[..., :-1, :], (0, 0, 0, 1), value=torch.nan)
    (ax, ay, az), (dx, dy, dz) = across.unbind(1), down.unbind(1)
    area = ((ay * dz - az * dy).square() + (az * dx - ax * dz).square() + (ax * dy - ay * dx).square()).sqrt()
    return area.nan_to_num(torch.inf).flatten(1)


def _eroded(mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    return F.max_pool2d((~mask)[None, None].float(), 3, stride=1, padding=1)[0, 0] < 0.5
