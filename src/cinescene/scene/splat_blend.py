"""What colour a surface point has, from all the photos that see it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange

from cinescene.cameras.camera import Cameras
from cinescene.scene.geometry import DepthViews
from cinescene.scene.splat_views import PictureLookup
from cinescene.tensor_types import Bool, Float, Int, Tensor

ANGLE_DOUBLINGS = 5
"""A view's weight falls with the cosine between its ray and the new camera's to the power of 32 (half at 12°)."""
FEATHER = 0.08
"""Width, as a share of a picture's shorter side, over which a view fades out towards its border."""
BORDER_WEIGHT = 1e-3
OWN_WEIGHT = 0.02
"""Weight of the view that the surface was taken from, which counts even where no view passes the tests."""
LEAST_SHARE = 0.01
SAMPLES = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfacePoints:
    """Points seen by a new camera: place in the world, source view, and place (u, v) in that view's picture."""

    points: Float[Tensor, "3 n"]
    view: Int[Tensor, "n"]
    place_px: Float[Tensor, "n 2"]


class ViewBlender:
    """Blends photos over surface points.

    A view counts where its own depth map has the point (within ``tolerance``, relative: not hidden there), the more the
    closer its ray is to the new camera's, the finer it shows the point, the surer its depth and the farther from its
    border. At most ``most_views`` views, the best of the frame, are looked up.
    """

    def __init__(self, views: DepthViews, tolerance: float, most_views: int) -> None:
        self.lookup = PictureLookup(views.cameras.to(dtype=views.images.dtype))
        self.tolerance = tolerance
        self.most_views = most_views
        confidence = torch.ones_like(views.depth) if views.confidence is None else views.confidence
        inverse = torch.where(views.known, 1 / views.depth, 0.0)
        confidence = (confidence / confidence.mean()).clamp(0.05, 20.0)
        self.layers = torch.cat([views.images, inverse[:, None], confidence[:, None]], dim=1)
        self.stacked = rearrange(views.images, "v c h w -> 1 c (v h) w")
        self.sky = views.sky if bool(views.sky.any()) else None

    def colours(self, surface: SurfacePoints, target: Cameras) -> Float[Tensor, "3 n"]:
        """Colours of points that the camera ``target`` sees."""
        colour = OWN_WEIGHT * self._own(surface)
        total = torch.full_like(colour[0], OWN_WEIGHT)
        distance = _distance(surface.points, target.position)
        for view in self._best_views(surface.points, distance, target):
            weight, layers = self._weights(view, surface.points, distance, target)
            colour.addcmul_(layers[:3], weight)
            total += weight
        return colour / total

    def sky_colours(self, directions: Float[Tensor, "3 n"]) -> tuple[Float[Tensor, "3 n"], Bool[Tensor, "n"]]:
        """Colours of what is infinitely far away in world directions, and where any view shows it."""
        colour, total = torch.zeros_like(directions), torch.zeros_like(directions[0])
        if self.sky is None or directions.shape[1] == 0:
            return colour, total > 0
        width, height = self.lookup.size_px
        for view in range(len(self.lookup)):
            u, v, _ = self.lookup(view, directions + self.lookup.position[view][:, None])
            weight = self._inside(u, v)
            row, column = v.clamp(0, height - 1).long(), u.clamp(0, width - 1).long()
            weight = weight * self.sky[view].flatten().index_select(0, row * width + column)
            colour.addcmul_(self._sampled(view, u, v)[:3], weight)
            total += weight
        return colour / total.clamp(min=1e-9), total > 0

    def _best_views(self, points: Tensor, distance: Tensor, target: Cameras) -> list[int]:
        if points.shape[1] == 0:
            return []
        step = max(points.shape[1] // SAMPLES, 1)
        points, distance = points[:, ::step].contiguous(), distance[::step].contiguous()
        means = [self._weights(view, points, distance, target)[0].mean() for view in range(len(self.lookup))]
        shares = torch.stack(means)
        order = shares.argsort(descending=True, stable=True)[: self.most_views].tolist()
        least = LEAST_SHARE * float(shares.sum())
        return [view for view, share in zip(order, shares[order].tolist(), strict=True) if share > least]

    def _weights(
        self, view: int, points: Float[Tensor, "3 n"], distance: Float[Tensor, "n"], target: Cameras
    ) -> tuple[Float[Tensor, "n"], Float[Tensor, "5 n"]]:
        u, v, depth = self.lookup(view, points)
        layers = self._sampled(view, u, v)
        difference = torch.addcmul(torch.tensor(-1.0).to(depth), layers[3], depth)
        weight = (1 - (difference / self.tolerance).square_()).clamp_(min=0)
        weight = weight.mul_(self._inside(u, v)).mul_(layers[4])
        own_distance = _distance(points, self.lookup.position[view])
        apart = float((self.lookup.position[view] - target.position).square().sum())
        cosine = (distance.square() + own_distance.square() - apart) / (2 * distance * own_distance)
        cosine = cosine.clamp_(0, 1)
        for _ in range(ANGLE_DOUBLINGS):
            cosine.square_()
        finer = float(self.lookup.cameras.focal_px[view, 0] / target.focal_px[0])
        fineness = (distance / own_distance * finer).clamp_(max=1).square_()
        return weight.mul_(cosine).mul_(fineness), layers

    def _inside(self, u: Float[Tensor, "n"], v: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        """1 within a picture, falling to nearly 0 at its border, 0 outside."""
        width, height = self.lookup.size_px
        margin = torch.minimum(width / 2 - (u - width / 2).abs_(), height / 2 - (v - height / 2).abs_())
        faded = (margin / (FEATHER * min(width, height))).clamp_(BORDER_WEIGHT, 1)
        return faded.mul_(margin >= 0)

    def _sampled(self, view: int, u: Float[Tensor, "n"], v: Float[Tensor, "n"]) -> Float[Tensor, "5 n"]:
        return _bilinear(self.layers[view : view + 1], u, v)

    def _own(self, surface: SurfacePoints) -> Float[Tensor, "3 n"]:
        width, height = self.lookup.size_px
        u, v = surface.place_px.unbind(-1)
        return _bilinear(
            self.stacked, u.clamp(0.5, width - 0.5), v.clamp(0.5, height - 0.5) + surface.view * float(height)
        )


def _distance(points: Float[Tensor, "3 n"], position: Float[Tensor, "3"]) -> Float[Tensor, "n"]:
    x, y, z = (points - position[:, None]).unbind(0)
    return torch.addcmul(torch.addcmul(x * x, y, y), z, z).sqrt_().clamp_(min=1e-12)


def _bilinear(maps: Float[Tensor, "1 c h w"], u: Float[Tensor, "n"], v: Float[Tensor, "n"]) -> Float[Tensor, "c n"]:
    height, width = maps.shape[-2:]
    grid = torch.stack([u * (2 / width) - 1, v * (2 / height) - 1], dim=-1)
    sampled = F.grid_sample(maps, grid[None, None], mode="bilinear", padding_mode="border", align_corners=False)
    return sampled[0, :, 0]
