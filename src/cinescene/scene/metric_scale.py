"""How long a scene's unit is: from one measured distance, from the camera's height, or from known cameras."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import unproject
from cinescene.cameras.transforms import normalize
from cinescene.errors import GeometryError, InputError
from cinescene.scene.geometry import DepthViews, check_scale
from cinescene.scene.similarity import align_cameras
from cinescene.tensor_types import Float, Tensor

GROUND_TILT_COSINE = 0.87
"""A ground plane's normal lies within about 30° of up."""
GROUND_THICKNESS = 0.03
"""Points within this share of the camera's height above a plane belong to it (depth errors grow with distance)."""
GROUND_TRIALS = 512
GROUND_SAMPLES = 8192
GROUND_SHARE = 0.05
"""The least share of the points below the cameras that must lie on the ground."""
LOWER_PLANE_SHARE = 0.4
"""A lower plane is the ground rather than a better supported higher one (a table) from this share of its points on."""
BASELINE_SHARE = 0.05
"""Pairs of cameras closer than this share of the longest known baseline say nothing reliable about scale."""
PARALLAX = 1e-3
"""Estimated baselines below this share of the typical depth count as none."""
MAX_SPREAD = 0.5


@dataclass(frozen=True, kw_only=True)
class Pixel:
    """A place in one picture of a scene: the view's index, and (u, v) with the first pixel's centre at (0.5, 0.5)."""

    view: int
    u_px: float
    v_px: float


@dataclass(frozen=True, kw_only=True, eq=False)
class GroundPlane:
    """The ground below the cameras: unit ``normal`` (up), ``offset`` with normal · x = offset on it, and its support.

    ``camera_height`` is the median height of the cameras above it in scene units; ``inlier_share`` the share of the
    points below the cameras that lie on it.
    """

    normal: Float[Tensor, "3"]
    offset: float
    camera_height: float
    inlier_share: float


@dataclass(frozen=True, kw_only=True)
class BaselineScale:
    """Known units per estimated unit; ``scale`` is None where ``reason`` says why it cannot be told.

    ``spread`` is the median relative deviation of the single pairs of cameras from it.
    """

    scale: float | None
    spread: float
    reason: str


def metres_per_unit_from_points(first: Float[Tensor, "3"], second: Float[Tensor, "3"], distance_m: float) -> float:
    """The scale of a scene in which two points lie ``distance_m`` apart; raises `GeometryError` if they coincide."""
    check_scale(distance_m, "measured distance in metres")
    units = float(torch.linalg.vector_norm(first.double() - second.double()))
    if not units > 0:
        raise GeometryError("measured distance: the two points coincide in the scene; choose two that are far apart")
    return distance_m / units


def metres_per_unit_from_pixels(views: DepthViews, first: Pixel, second: Pixel, distance_m: float) -> float:
    """The scale of a scene in which what is seen at two pixels, of one view or of two, lies ``distance_m`` apart.

    The depth at a pixel is the median of the known ones among it and its eight neighbours. Raises `InputError` for
    pixels outside their picture, `GeometryError` where no depth is known.
    """
    return metres_per_unit_from_points(point_at(views, first), point_at(views, second), distance_m)


def point_at(views: DepthViews, pixel: Pixel) -> Float[Tensor, "3"]:
    """The world point seen at a pixel."""
    width, height = views.cameras.size_px
    if not 0 <= pixel.view < len(views):
        raise InputError(f"pixel: expected a view from 0 to {len(views) - 1}, got {pixel.view}")
    if not (0 <= pixel.u_px <= width and 0 <= pixel.v_px <= height):
        raise InputError(
            f"pixel: ({pixel.u_px:g}, {pixel.v_px:g}) lies outside view {pixel.view} of {width}×{height} px"
        )
    column, row = min(int(pixel.u_px), width - 1), min(int(pixel.v_px), height - 1)
    window = (pixel.view, slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
    depths = views.depth[window][views.known[window]]
    if len(depths) == 0:
        raise GeometryError(
            f"pixel: no depth is known at ({pixel.u_px:g}, {pixel.v_px:g}) of view {pixel.view}; choose another"
        )
    camera = views.cameras[pixel.view].to(dtype=torch.float64)
    place = torch.tensor([[pixel.u_px, pixel.v_px]], dtype=torch.float64, device=camera.device)
    return unproject(camera, place, depths.median().double()[None])[0]


def metres_per_unit_from_camera_height(
    views: DepthViews, height_m: float, up: Float[Tensor, "3"] | None = None, *, seed: int = 0
) -> float:
    """The scale of a scene whose cameras stood ``height_m`` above the ground (their median, if they differ).

    See `fit_ground` for ``up`` and for what is raised.
    """
    check_scale(height_m, "camera height in metres")
    return height_m / fit_ground(views, up, seed=seed).camera_height


def metres_per_unit_from_cameras(estimated: Cameras, known_m: Cameras) -> float:
    """The scale of a scene whose cameras are known in metres, by similarity alignment (see `align_cameras`).

    Raises `GeometryError` where the cameras stand at one point, since turning tells nothing about lengths.
    """
    aligned = align_cameras(estimated, known_m)
    if aligned.determined == "point":
        raise GeometryError(
            "scale from known cameras: all cameras stand at one point, which fixes no scale; measure one distance, or "
            "give the camera's height above the ground"
        )
    return aligned.scale


def fit_ground(views: DepthViews, up: Float[Tensor, "3"] | None = None, *, seed: int = 0) -> GroundPlane:
    """The ground plane, robustly: by random triples of the points below the cameras, then least squares.

    ``up`` is the mean of the cameras' upward axes by default. Among planes within 30° of level, the best supported one
    is taken, or one below it that has a fair share of its points (the floor rather than a table). Raises
    `GeometryError` where nothing is known below the cameras or no plane holds 5% of it.
    """
    positions = views.cameras.position.double()
    up = _up(views.cameras) if up is None else normalize(up.double().to(positions.device), "up direction")
    points = _points_below(views, positions, up, seed)
    triples = torch.randint(len(points), (GROUND_TRIALS, 3), generator=_generator(seed)).to(points.device)
    corner, second, third = points[triples].unbind(1)
    normals = torch.nn.functional.normalize(torch.linalg.cross(second - corner, third - corner), dim=-1)
    normals = normals * torch.sign(normals @ up)[:, None]
    offsets = (normals * corner).sum(-1)
    heights = (normals @ positions.T).median(-1).values - offsets
    counts = (((points @ normals.T) - offsets).abs() < GROUND_THICKNESS * heights).sum(0)
    counts = torch.where((normals @ up > GROUND_TILT_COSINE) & (heights > 0), counts, 0)
    good = (counts >= LOWER_PLANE_SHARE * counts.max()) & (counts > 0)
    if not good.any():
        raise GeometryError("ground: no level plane lies below the cameras; measure one distance instead")
    lowest = int(torch.where(good, heights, -torch.inf).argmax())
    level = good & (heights > 0.9 * heights[lowest])
    best = int(torch.where(level, counts, 0).argmax())
    return _refined_ground(points, positions, normals[best], float(offsets[best]))


def baseline_scale(estimated: Cameras, known: Cameras, typical_depth: float) -> BaselineScale:
    """Known units per estimated unit, from the distances between cameras (v,): the median over pairs.

    The median ignores single cameras that the estimate misplaced. Unknown where the known cameras stand at one point
    (a panorama), where the estimate sees no parallax at its ``typical_depth``, or where the pairs disagree by more than
    half.
    """
    pairs = torch.combinations(torch.arange(len(known)), 2)
    first, second = pairs.to(known.device).unbind(-1)
    known_length = (known.position[first] - known.position[second]).double().norm(dim=-1)
    length = (estimated.position[first] - estimated.position[second]).double().norm(dim=-1)
    extent = float(known.position.abs().max())
    if len(pairs) == 0 or float(known_length.max()) <= 1e-6 * max(extent, 1e-3):
        return BaselineScale(scale=None, spread=0.0, reason="the known cameras stand at one point")
    wide = known_length > BASELINE_SHARE * known_length.max()
    if float(length[wide].median()) < PARALLAX * typical_depth:
        return BaselineScale(scale=None, spread=0.0, reason="the estimated cameras stand at one point")
    ratios = known_length[wide] / length[wide].clamp(min=1e-12)
    scale = float(ratios.median())
    spread = float((ratios / scale - 1).abs().median())
    if spread > MAX_SPREAD:
        return BaselineScale(scale=None, spread=spread, reason="estimated and known camera positions disagree")
    return BaselineScale(scale=scale, spread=spread, reason="")


def _up(cameras: Cameras) -> Float[Tensor, "3"]:
    mean = -cameras.world_from_camera[..., :3, 1].double().reshape(-1, 3).mean(0)
    if float(mean.norm()) < 0.3:
        raise GeometryError("ground: the cameras do not agree on which way is up; state the up direction")
    return normalize(mean)


def _points_below(views: DepthViews, positions: Tensor, up: Tensor, seed: int) -> Float[Tensor, "n 3"]:
    points = views.world_points()[views.known].double()
    points = points[points @ up < (positions @ up).min()]
    if len(points) < 100:
        raise GeometryError("ground: almost nothing is known below the cameras; measure one distance instead")
    chosen = torch.randperm(len(points), generator=_generator(seed))[:GROUND_SAMPLES].to(points.device)
    return points[chosen]


def _refined_ground(points: Tensor, positions: Tensor, normal: Tensor, offset: float) -> GroundPlane:
    height, inliers = 0.0, points.new_zeros(len(points), dtype=torch.bool)
    for _ in range(4):
        height = float((positions @ normal).median()) - offset
        inliers = (points @ normal - offset).abs() < GROUND_THICKNESS * height
        if int(inliers.sum()) < max(GROUND_SHARE * len(points), 3):
            raise GeometryError(
                "ground: no level plane holds enough of what lies below the cameras; measure a distance"
            )
        middle = points[inliers].mean(0)
        smallest = torch.linalg.svd(points[inliers] - middle, full_matrices=False).Vh[-1]
        normal = smallest * torch.sign(smallest @ normal)
        offset = float(normal @ middle)
    return GroundPlane(
        normal=normal,
        offset=offset,
        camera_height=float((positions @ normal).median()) - offset,
        inlier_share=float(inliers.double().mean()),
    )


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
