"""The estimated or known geometry of a scene: pictures with depth, and the points they make."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_grid, project, unproject
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Bool, Float, Tensor

STEEPEST_STRETCH = 1.5
"""How far points stretch on tilted surfaces: more closes more gaps, but hides more of what lies behind edges."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthViews:
    """Pictures with a camera and a depth map each: from VGGT, from a renderer, from a scanner.

    ``depth`` follows the conventions: z-depth in scene units (distance from the centre for equirectangular pictures),
    infinite where there is only sky. NaN, zero and negative depths mean that nothing is known there. ``confidence`` is
    positive, larger is better, on any scale. ``metres_per_unit`` is None where the scale is unknown. Raises
    `InputError` where pictures, cameras and depth do not belong together.
    """

    images: Float[Tensor, "v 3 h w"]
    cameras: Cameras
    depth: Float[Tensor, "v h w"]
    confidence: Float[Tensor, "v h w"] | None = None
    metres_per_unit: float | None = None

    def __post_init__(self) -> None:
        views, _, height, width = self.images.shape
        if views == 0:
            raise InputError("depth views: expected at least one view, got none")
        if tuple(self.cameras.batch_shape) != (views,):
            raise InputError(f"depth views: {views} pictures, but cameras of shape {tuple(self.cameras.batch_shape)}")
        if self.cameras.size_px != (width, height):
            raise InputError(
                f"depth views: pictures of {width}×{height} px, but cameras of {self.cameras.size_px[0]}×"
                f"{self.cameras.size_px[1]} px; resize the cameras with their pictures"
            )
        for name, maps in (("depth", self.depth), ("confidence", self.confidence)):
            if maps is not None and tuple(maps.shape) != (views, height, width):
                raise InputError(
                    f"depth views: expected {name} of shape {(views, height, width)}, got {tuple(maps.shape)}"
                )
        if not torch.isfinite(self.images).all():
            raise InputError("depth views: a picture holds NaN or infinity")
        if self.metres_per_unit is not None:
            check_scale(self.metres_per_unit)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def known(self) -> Bool[Tensor, "v h w"]:
        """Where there is a surface at a known, finite depth."""
        return torch.isfinite(self.depth) & (self.depth > 0)

    @property
    def sky(self) -> Bool[Tensor, "v h w"]:
        """Where the picture shows what is infinitely far away."""
        return torch.isposinf(self.depth)

    def world_points(self) -> Float[Tensor, "v h w 3"]:
        """The world point of every pixel; NaN where its depth is not known."""
        width, height = self.cameras.size_px
        grid = pixel_grid(width, height, self.cameras.dtype).to(self.cameras.device).reshape(1, -1, 2)
        depth = torch.where(self.known, self.depth, torch.nan).to(self.cameras.dtype)
        points = unproject(self.cameras, grid, rearrange(depth, "v h w -> v (h w)"))
        return rearrange(points, "v (h w) k -> v h w k", h=height)

    def scaled(self, factor: float) -> DepthViews:
        """The same geometry in a unit of which ``factor`` make one of the old: all lengths are multiplied by it."""
        check_scale(factor)
        metres = None if self.metres_per_unit is None else self.metres_per_unit / factor
        return dataclasses.replace(
            self, cameras=self.cameras.scaled(factor), depth=self.depth * factor, metres_per_unit=metres
        )

    def in_metres(self, metres_per_unit: float) -> DepthViews:
        """The same geometry in metres, given the length of its unit (see `cinescene.scene.metric_scale`)."""
        return dataclasses.replace(self.scaled(metres_per_unit), metres_per_unit=1.0)

    def to(self, device: torch.device | str) -> DepthViews:
        """A copy on another device."""
        return dataclasses.replace(
            self,
            images=self.images.to(device),
            cameras=self.cameras.to(device),
            depth=self.depth.to(device),
            confidence=None if self.confidence is None else self.confidence.to(device),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ScenePoints:
    """Coloured points of a scene.

    ``radius`` is the half width, in scene units, of the patch of surface that a point stands for. ``views`` are the
    depth maps that the points were made of, where they were.
    """

    points: Float[Tensor, "n 3"]
    colours: Float[Tensor, "n 3"]
    confidence: Float[Tensor, "n"]
    radius: Float[Tensor, "n"]
    views: DepthViews | None = None
    metres_per_unit: float | None = None

    def __post_init__(self) -> None:
        count = len(self.points)
        if any(len(part) != count for part in (self.colours, self.confidence, self.radius)):
            raise InputError(f"scene points: expected a colour, confidence and radius for each of {count} points")
        if not torch.isfinite(self.points).all():
            raise InputError("scene points: a point holds NaN or infinity")
        if self.metres_per_unit is not None:
            check_scale(self.metres_per_unit)

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def from_views(cls, views: DepthViews, min_confidence: float = 0.0) -> ScenePoints:
        """One point for every pixel of known depth whose confidence is at least ``min_confidence``."""
        confidence = torch.ones_like(views.depth) if views.confidence is None else views.confidence
        kept = views.known & (confidence >= min_confidence)
        colours = rearrange(views.images, "v c h w -> v h w c")
        return cls(
            points=views.world_points()[kept].to(views.images.dtype),
            colours=colours[kept],
            confidence=confidence[kept],
            radius=pixel_radius(views)[kept],
            views=views,
            metres_per_unit=views.metres_per_unit,
        )

    @classmethod
    def from_cloud(
        cls, points: Float[Tensor, "n 3"], colours: Float[Tensor, "n 3"], metres_per_unit: float | None = None
    ) -> ScenePoints:
        """A bare cloud (of a scanner, of structure from motion); the radii follow from the distance between neighbours.

        A point's radius is the median distance to its four nearest neighbours, at most four times that of a typical
        point. Raises `InputError` for fewer than two points.
        """
        from scipy.spatial import cKDTree

        if len(points) < 2:
            raise InputError(f"scene points: expected at least two points, got {len(points)}")
        places = points.detach().cpu().double().numpy()
        neighbours = min(5, len(points))
        distances = torch.from_numpy(cKDTree(places).query(places, k=neighbours)[0][:, 1:]).median(-1).values
        radius = distances.clamp(max=4 * float(distances.median())).to(points)
        return cls(
            points=points,
            colours=colours,
            confidence=torch.ones_like(radius),
            radius=radius,
            metres_per_unit=metres_per_unit,
        )


def pixel_radius(views: DepthViews) -> Float[Tensor, "v h w"]:
    """Half the width, in scene units, of the surface that a pixel stands for; NaN where its depth is not known.

    It is half the distance to the farther of its right and lower neighbours, which grows as a surface tilts away, and
    at least what a pixel covers facing the camera. A neighbour more than `STEEPEST_STRETCH` times that far away counts
    as another surface.
    """
    focal = views.cameras.focal_px.mean(-1).to(views.depth)
    facing = torch.where(views.known, 0.5 * views.depth / focal[:, None, None], torch.nan)
    points = views.world_points().to(views.depth.dtype)
    across = F.pad((points[:, :, 1:] - points[:, :, :-1]).norm(dim=-1), (0, 1))
    down = F.pad((points[:, 1:] - points[:, :-1]).norm(dim=-1), (0, 0, 0, 1))
    radius = facing
    for distance in (across, down):
        half = distance.nan_to_num(0.0) / 2
        radius = torch.where(half <= STEEPEST_STRETCH * facing, torch.maximum(radius, half), radius)
    return radius


def consistent_depth_scales(views: DepthViews, *, samples: int = 32, rounds: int = 4) -> Float[Tensor, "v"]:
    """A factor for each depth map such that overlapping views agree on the distance of what both see.

    For networks that estimate depth view by view (or mis-place the views of a panorama) while the cameras are known
    exactly. ``samples``² pixels a view are sent to every other view; the median log ratio of depths a pair is balanced
    over all pairs by weighted least squares. For views from one point this is exact in one round; parallax needs
    more. The factors' geometric mean is 1, so the scale as a whole stays. Views that overlap no other keep factor 1.
    """
    if len(views) == 1:
        return torch.ones(1, dtype=torch.float64, device=views.depth.device)
    width, height = views.cameras.size_px
    rows = torch.linspace(0, height - 1, min(samples, height)).round().long()
    columns = torch.linspace(0, width - 1, min(samples, width)).round().long()
    index = torch.cartesian_prod(rows, columns).to(views.depth.device)
    log_scale = torch.zeros(len(views), dtype=torch.float64, device=views.depth.device)
    for _ in range(rounds):
        ratio, weight = _pairwise_log_ratios(views, index, log_scale.exp())
        log_scale = log_scale + _balanced(ratio, weight)
    return log_scale.exp()


def _pairwise_log_ratios(
    views: DepthViews, index: Tensor, scale: Float[Tensor, "v"]
) -> tuple[Float[Tensor, "v v"], Float[Tensor, "v v"]]:
    """[i, j]: median of log(depth of i's samples as j should see them / depth that j has there), and samples used."""
    count, (width, height) = len(views), views.cameras.size_px
    depth = torch.where(views.known, views.depth.double(), torch.nan) * scale[:, None, None]
    sampled = depth[:, index[:, 0], index[:, 1]]
    cameras = views.cameras.to(dtype=torch.float64)
    points = unproject(cameras, index.flip(-1)[None].double() + 0.5, sampled)
    ratio = torch.zeros(count, count, dtype=torch.float64, device=depth.device)
    weight = torch.zeros_like(ratio)
    for j in range(count):
        seen, expected = project(cameras[j : j + 1], rearrange(points, "v n k -> 1 (v n) k"))
        pixel = seen[0].nan_to_num(-1.0).floor().long()
        inside = ((pixel >= 0) & (pixel < pixel.new_tensor([width, height]))).all(-1)
        column, row = (pixel.clamp(min=0) * inside[:, None]).unbind(-1)
        logs = torch.log(expected[0] / depth[j, row, column])
        logs = torch.where(inside, logs, torch.nan).unflatten(0, (count, -1))
        good = torch.isfinite(logs)
        weight[:, j] = good.sum(-1)
        ratio[:, j] = torch.where(good, logs, torch.nan).nanmedian(-1).values.nan_to_num(0.0)
    weight.fill_diagonal_(0)
    return ratio, weight


def _balanced(ratio: Float[Tensor, "v v"], weight: Float[Tensor, "v v"]) -> Float[Tensor, "v"]:
    """Corrections c with c_j − c_i closest to ``ratio[i, j]``, of mean zero within each connected group of views."""
    symmetric = weight + weight.T
    laplacian = torch.diag(symmetric.sum(1)) - symmetric
    flow = weight * ratio
    return torch.linalg.pinv(laplacian, hermitian=True) @ (flow.sum(0) - flow.sum(1))


def check_scale(factor: float, name: str = "metres per unit") -> None:
    """Raises `GeometryError` unless ``factor`` is a positive number."""
    if not (math.isfinite(factor) and factor > 0):
        raise GeometryError(f"{name}: expected a positive number, got {factor}")
