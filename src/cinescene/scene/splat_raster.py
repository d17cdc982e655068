"""A z-buffer in plain PyTorch: triangles and discs to pixels by scattering, without a loop over either.

Every shape is cut into rows and every row into pixels by ``repeat_interleave``, so the work is proportional to the
pixels that are covered. Runs on a CPU or GPU.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.tensor_types import Float, Int, Tensor

MAX_FRAGMENTS = 1 << 22
"""Pixels of all shapes handled at once; bounds the memory (about 100 bytes each)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """Runs of pixels: ``shape`` (which triangle or disc), ``row``, ``start`` and ``count`` of columns; int64, (m,)."""

    shape: Int[Tensor, "m"]
    row: Int[Tensor, "m"]
    start: Int[Tensor, "m"]
    count: Int[Tensor, "m"]

    def pixels(self, width: int) -> tuple[Int[Tensor, "f"], Int[Tensor, "f"]]:
        """For every covered pixel: the span it belongs to, and its index row · width + column."""
        span = torch.repeat_interleave(self.count)
        first = self.row * width + self.start - (self.count.cumsum(0) - self.count)
        return span, first.index_select(0, span) + torch.arange(len(span), device=span.device)

    def chunks(self) -> Iterator[Spans]:
        """The same spans, in parts of at most about `MAX_FRAGMENTS` pixels."""
        total = self.count.cumsum(0)
        if len(total) == 0:
            return
        parts = int(total[-1]) // MAX_FRAGMENTS + 1
        limits = torch.arange(1, parts, device=total.device) * MAX_FRAGMENTS
        cuts = [0, *torch.searchsorted(total, limits).tolist(), len(total)]
        for begin, end in itertools.pairwise(cuts):
            if end > begin:
                part = slice(begin, end)
                yield Spans(shape=self.shape[part], row=self.row[part], start=self.start[part], count=self.count[part])


def triangle_spans(corners_px: Float[Tensor, "m 3 2"], width: int, height: int) -> Spans:
    """Pixels whose centres lie in triangles given by (u, v) of their corners.

    Centres on a left or top edge belong to the triangle, on a right or bottom edge to its neighbour, so triangles that
    share an edge leave no gap and do not overlap.
    """
    order = corners_px[..., 1].argsort(dim=1)
    sorted_x = corners_px[..., 0].gather(1, order)
    sorted_y = corners_px[..., 1].gather(1, order)
    first = _first_centre(sorted_y[:, 0], height)
    shape, row = _rows(first, _first_centre(sorted_y[:, 2], height) - first)
    x, y = sorted_x.index_select(0, shape), sorted_y.index_select(0, shape)
    centre = row + 0.5
    long_edge = _crossing(x[:, 0], y[:, 0], x[:, 2], y[:, 2], centre)
    upper = centre < y[:, 1]
    short_edge = _crossing(
        torch.where(upper, x[:, 0], x[:, 1]),
        torch.where(upper, y[:, 0], y[:, 1]),
        torch.where(upper, x[:, 1], x[:, 2]),
        torch.where(upper, y[:, 1], y[:, 2]),
        centre,
    )
    start = _first_centre(torch.minimum(long_edge, short_edge), width)
    count = _first_centre(torch.maximum(long_edge, short_edge), width) - start
    return _non_empty(shape, row, start, count)


def disc_spans(centres_px: Float[Tensor, "m 2"], radius_px: Float[Tensor, "m"], width: int, height: int) -> Spans:
    """Pixels whose centres lie in discs."""
    first = _first_centre(centres_px[:, 1] - radius_px, height)
    shape, row = _rows(first, _first_centre(centres_px[:, 1] + radius_px, height) - first)
    x, y = centres_px.index_select(0, shape).unbind(-1)
    half = (radius_px.index_select(0, shape).square() - (row + 0.5 - y).square()).clamp(min=0).sqrt()
    start = _first_centre(x - half, width)
    return _non_empty(shape, row, start, _first_centre(x + half, width) - start)


def nearest_triangles(
    corners_px: Float[Tensor, "m 3 2"], inverse_depth: Float[Tensor, "m 3"], width: int, height: int
) -> tuple[Int[Tensor, "{height} {width}"], Float[Tensor, "{height} {width}"]]:
    """For every pixel the index of the triangle nearest to the camera (−1 where there is none) and its inverse depth.

    Inverse depth is linear across a triangle in the picture, so the depths are perspectively exact.
    """
    plane = _planes(corners_px, inverse_depth)
    nearest = torch.full((height * width,), -1, dtype=torch.int64, device=corners_px.device)
    lowest, highest = inverse_depth.amin(1), inverse_depth.amax(1)
    for spans in triangle_spans(corners_px, width, height).chunks():
        span, pixel = spans.pixels(width)
        slope, down, offset = plane.index_select(0, spans.shape).unbind(-1)
        at_left = offset + down * (spans.row + 0.5) + 0.5 * slope
        column = pixel - (spans.row * width).index_select(0, span)
        depth = at_left.index_select(0, span) + slope.index_select(0, span) * column
        shape = spans.shape.index_select(0, span)
        depth = depth.clamp(lowest.index_select(0, shape), highest.index_select(0, shape))
        nearest.scatter_reduce_(0, pixel, _packed(depth, shape), "amax")
    depth = (nearest >> 32).to(torch.int32).view(torch.float32)
    empty = nearest < 0
    index = torch.where(empty, -1, nearest & 0xFFFFFFFF)
    return index.view(height, width), torch.where(empty, 0.0, depth).view(height, width)


def _packed(depth: Float[Tensor, "f"], shape: Int[Tensor, "f"]) -> Int[Tensor, "f"]:
    """Inverse depth and index in one integer that sorts by depth: the bits of positive floats sort as their values."""
    return (depth.view(torch.int32).to(torch.int64) << 32) | shape


def _planes(corners: Float[Tensor, "m 3 2"], values: Float[Tensor, "m 3"]) -> Float[Tensor, "m 3"]:
    """(a, b, c) with value = a·u + b·v + c across each triangle."""
    first, second = (corners[:, 1:] - corners[:, :1]).unbind(1)
    rise = values[:, 1:] - values[:, :1]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    inverse = torch.where(area == 0, 0.0, 1 / area)
    a = (rise[:, 0] * second[:, 1] - rise[:, 1] * first[:, 1]) * inverse
    b = (rise[:, 1] * first[:, 0] - rise[:, 0] * second[:, 0]) * inverse
    return torch.stack([a, b, values[:, 0] - a * corners[:, 0, 0] - b * corners[:, 0, 1]], dim=-1)


def _rows(first: Int[Tensor, "m"], count: Int[Tensor, "m"]) -> tuple[Int[Tensor, "r"], Int[Tensor, "r"]]:
    count = count.clamp(min=0)
    shape = torch.repeat_interleave(count)
    offset = first - (count.cumsum(0) - count)
    return shape, offset.index_select(0, shape) + torch.arange(len(shape), device=shape.device)


def _crossing(x0: Tensor, y0: Tensor, x1: Tensor, y1: Tensor, y: Tensor) -> Tensor:
    return x0 + (y - y0) * ((x1 - x0) / (y1 - y0))


def _first_centre(edge: Float[Tensor, "m"], size: int) -> Int[Tensor, "m"]:
    """Index of the first pixel whose centre is not before ``edge``, within 0 … size."""
    return (edge - 0.5).ceil().clamp(0, size).to(torch.int64)


def _non_empty(shape: Tensor, row: Tensor, start: Tensor, count: Tensor) -> Spans:
    kept = (count > 0).nonzero()[:, 0]
    shape, row, start, count = (part.index_select(0, kept) for part in (shape, row, start, count))
    return Spans(shape=shape, row=row, start=start, count=count)


def projected_px(points: Float[Tensor, "n 3"], camera: Cameras) -> tuple[Float[Tensor, "n 2"], Float[Tensor, "n"]]:
    """(u, v) and z-depth; (u, v) mean nothing where the depth is not positive."""
    to_picture = camera.intrinsics_px @ camera.camera_from_world[:3]
    u, v, depth = (points @ to_picture[:, :3].T + to_picture[:, 3]).unbind(-1)
    return torch.stack([u / depth, v / depth], dim=-1), depth


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenTriangles:
    """What a camera sees of triangles, a row a covered pixel.

    ``pixel`` is its index row · width + column, ``corners`` are those of the nearest triangle, ``weights`` are
    perspectively exact, ``inverse_depth`` is that of the z-depth.
    """

    pixel: Int[Tensor, "n"]
    corners: Int[Tensor, "n 3"]
    weights: Float[Tensor, "n 3"]
    inverse_depth: Float[Tensor, "n"]


def seen_triangles(
    vertices: Float[Tensor, "v 3"], triangles: Int[Tensor, "m 3"], camera: Cameras, near: float
) -> SeenTriangles:
    """The nearest triangle of every pixel of one perspective camera; those before ``near`` are left out whole."""
    width, height = camera.size_px
    place, depth = projected_px(vertices, camera)
    drawn = _triangles_in_view(triangles, place, depth, near, width, height)
    corners = place.index_select(0, drawn.flatten()).view(-1, 3, 2)
    inverse = (1 / depth).index_select(0, drawn.flatten()).view(-1, 3)
    nearest, inverse_depth = nearest_triangles(corners, inverse, width, height)
    covered = (nearest >= 0).flatten().nonzero()[:, 0]
    winner = nearest.flatten().index_select(0, covered)
    return SeenTriangles(
        pixel=covered,
        corners=drawn.index_select(0, winner),
        weights=_corner_shares(corners.index_select(0, winner), inverse.index_select(0, winner), covered, width),
        inverse_depth=inverse_depth.flatten().index_select(0, covered),
    )


def _triangles_in_view(
    triangles: Int[Tensor, "m 3"],
    place: Float[Tensor, "n 2"],
    depth: Float[Tensor, "n"],
    near: float,
    width: int,
    height: int,
) -> Int[Tensor, "k 3"]:
    """Triangles that may cover a pixel: wholly before the near plane, not wholly beyond one side of the picture."""
    u, v = place.unbind(-1)
    sides = (u < 0).to(torch.uint8) | ((u > width).to(torch.uint8) << 1)
    sides |= ((v < 0).to(torch.uint8) << 2) | ((v > height).to(torch.uint8) << 3)
    sides = torch.where(depth > near, sides, 31)
    first, second, third = (sides.index_select(0, corner) for corner in triangles.unbind(-1))
    outside = ((first & second & third) != 0) | ((first | second | third) >= 16)
    return triangles.index_select(0, (~outside).nonzero()[:, 0])


def _corner_shares(
    corners: Float[Tensor, "n 3 2"], inverse: Float[Tensor, "n 3"], pixel: Int[Tensor, "n"], width: int
) -> Float[Tensor, "n 3"]:
    """Perspectively exact weights of a triangle's corners at pixel centres inside it."""
    column, row = pixel % width, torch.div(pixel, width, rounding_mode="floor")
    centre = torch.stack([column, row], dim=-1).to(corners.dtype) + 0.5
    to_corner = corners - centre[:, None]
    first, second, third = to_corner.unbind(1)
    areas = torch.stack([_cross(second, third), _cross(third, first), _cross(first, second)], dim=-1)
    total = areas.sum(-1, keepdim=True)
    areas = (areas * torch.sign(total)).clamp(min=0) * inverse
    return areas / areas.sum(-1, keepdim=True).clamp(min=1e-30)


def _cross(first: Float[Tensor, "n 2"], second: Float[Tensor, "n 2"]) -> Float[Tensor, "n"]:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
