"""Flying through geometry: depth maps or points seen from new cameras, with what nobody photographed marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import camera_directions, pixel_grid
from cinescene.errors import GeometryError, InputError
from cinescene.scene.geometry import DepthViews, ScenePoints
from cinescene.scene.splat_blend import SurfacePoints, ViewBlender
from cinescene.scene.splat_edges import CutOptions, SurfaceEdges, surface_edges, without_ramps
from cinescene.scene.splat_mesh import DepthMesh, depth_mesh, pixels_needed
from cinescene.scene.splat_points import PixelDiscs, splat_points
from cinescene.scene.splat_raster import projected_px, seen_triangles
from cinescene.tensor_types import Bool, Float, Int, Tensor

Mode = Literal["mesh", "points"]
NEAR_SHARE = 1e-3
"""The near plane lies at this share of the scene's median depth."""
BACK_COSINE = 0.1
"""A surface turned away from the camera by more than this (the cosine beyond 90°) shows its back."""
MIN_SIDE_PX = 16
"""Views are not reduced below this size."""


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """How geometry is drawn.

    ``cut``
        Where depth maps are no surface (see `CutOptions`).
    ``depth_tolerance``
        Relative difference of depth within which views and points count as one surface and are blended.
    ``blend_views``
        Views blended in a frame at most (mesh).
    ``splat_size``
        Diameter of a point's splat, as a multiple of its own (points); above 1 closes gaps between them.
    ``min_confidence``
        Depths of lower confidence are left out.
    """

    cut: CutOptions = field(default_factory=CutOptions)
    depth_tolerance: float = 0.05
    blend_views: int = 4
    splat_size: float = 1.5
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.depth_tolerance < 1 and self.blend_views >= 0 and self.splat_size > 0):
            raise InputError(
                "render options: expected a depth tolerance between 0 and 1, blended views from 0 up and a positive "
                f"splat size, got {self.depth_tolerance}, {self.blend_views} and {self.splat_size}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class RenderedFrame:
    """What a new camera sees of a place.

    ``image`` is black where nothing was photographed; ``photographed`` says where that is not so. ``depth`` is z-depth
    in scene units, infinite in holes and in the sky; the back of a surface is a hole whose depth is known.
    """

    image: Float[Tensor, "3 h w"]
    depth: Float[Tensor, "h w"]
    photographed: Bool[Tensor, "h w"]

    def with_holes(self, colour: tuple[float, float, float] = (1.0, 0.0, 1.0)) -> Float[Tensor, "3 h w"]:
        """The picture with every hole in one colour (RGB in [0, 1])."""
        return torch.where(self.photographed, self.image, self.image.new_tensor(colour)[:, None, None])


def render_geometry(
    geometry: DepthViews | ScenePoints,
    cameras: Cameras,
    mode: Mode = "mesh",
    options: RenderOptions | None = None,
) -> Iterator[RenderedFrame]:
    """Frames of ``geometry`` from perspective cameras (t,) of one size, one after the other, on the geometry's device.

    ``"mesh"`` joins each depth map's pixels to a surface cut at depth edges, finds the nearest surface for each pixel
    by a z-buffer, and blends the photos that see it. ``"points"`` draws every pixel as a soft disc of the size that it
    covers, and blends discs of about equal depth; it also draws bare clouds (`ScenePoints`). What several views share
    is drawn once. Raises `InputError` for a mode that the geometry does not allow, `GeometryError` for cameras that
    cannot be drawn.
    """
    options = options or RenderOptions()
    if cameras.projection != "perspective" or len(cameras.batch_shape) != 1 or len(cameras) == 0:
        raise GeometryError(
            f"rendering: expected at least one perspective camera, of shape (t,), got {cameras.projection} cameras of "
            f"shape {tuple(cameras.batch_shape)}"
        )
    if mode not in ("mesh", "points"):
        raise InputError(f"rendering: expected the mode 'mesh' or 'points', got {mode!r}")
    if mode == "mesh" and isinstance(geometry, ScenePoints):
        if geometry.views is None:
            raise InputError("rendering: bare points make no mesh; use the mode 'points'")
        geometry = geometry.views
    cameras.size_px  # noqa: B018  (raises for cameras of several sizes)
    return _frames(geometry, cameras, mode, options)


def _frames(
    geometry: DepthViews | ScenePoints, cameras: Cameras, mode: Mode, options: RenderOptions
) -> Iterator[RenderedFrame]:
    device = geometry.images.device if isinstance(geometry, DepthViews) else geometry.points.device
    origin = cameras.position.double().mean(0)
    cameras = _shifted(cameras, origin).to(device)
    views = geometry if isinstance(geometry, DepthViews) else geometry.views
    if views is not None:
        views = dataclasses.replace(views, cameras=_shifted(views.cameras, origin))
        views = _sharp(_as_fine_as(_confident(views, options.min_confidence), cameras), options)
    blender = None if views is None else ViewBlender(views, options.depth_tolerance, options.blend_views)
    if mode == "mesh":
        assert views is not None
        assert blender is not None
        yield from _mesh_frames(views, cameras, blender, options)
    elif isinstance(geometry, ScenePoints):
        moved = (geometry.points.double() - origin.to(device)).to(torch.float32)
        yield from _points_frames(dataclasses.replace(geometry, points=moved), cameras, blender, options)
    else:
        assert views is not None
        yield from _points_frames(_points_needed(views, options), cameras, blender, options)


# ---- meshes ---------------------------------------------------------------------------------------------------------


def _mesh_frames(
    views: DepthViews, cameras: Cameras, blender: ViewBlender, options: RenderOptions
) -> Iterator[RenderedFrame]:
    edges = _edges(views, options)
    mesh = depth_mesh(views, edges, pixels_needed(views, edges))
    near = NEAR_SHARE * float(views.depth[views.known].median()) if bool(views.known.any()) else NEAR_SHARE
    for index in range(len(cameras)):
        yield _mesh_frame(mesh, views.cameras, blender, cameras[index], near)


def _mesh_frame(mesh: DepthMesh, sources: Cameras, blender: ViewBlender, camera: Cameras, near: float) -> RenderedFrame:
    seen = seen_triangles(mesh.vertices, mesh.triangles, camera, near)
    triangle, z, rays = seen.corners, 1 / seen.inverse_depth, _z_rays(camera)
    place_px = mesh.place_px.index_select(0, triangle.flatten()).view(-1, 3, 2)
    surface = SurfacePoints(
        points=torch.addcmul(camera.position[:, None], rays.index_select(1, seen.pixel), z),
        view=mesh.view.index_select(0, triangle[:, 0]),
        place_px=(place_px * seen.weights[..., None]).sum(1),
    )
    front = _shows_front(mesh, triangle, surface, sources, camera)
    return _composed(rays, camera, blender, seen.pixel, blender.colours(surface, camera), z, front)


def _shows_front(
    mesh: DepthMesh, triangle: Int[Tensor, "n 3"], surface: SurfacePoints, sources: Cameras, camera: Cameras
) -> Bool[Tensor, "n"]:
    """Whether a surface turns the side to the camera that it turned to the photo (its back was not photographed)."""
    first, second, third = (mesh.vertices.index_select(0, corner).T for corner in triangle.unbind(-1))
    normal = torch.linalg.cross(second - first, third - first, dim=0)
    to_photo = sources.position.T.to(normal).index_select(1, surface.view) - surface.points
    to_camera = camera.position[:, None] - surface.points
    facing = (normal * to_photo).sum(0).sign() * (normal * to_camera).sum(0)
    return facing > -BACK_COSINE * (normal.square().sum(0) * to_camera.square().sum(0)).sqrt()


def _composed(
    rays: Float[Tensor, "3 n"],
    camera: Cameras,
    blender: ViewBlender | None,
    covered: Int[Tensor, "k"],
    colour: Float[Tensor, "3 k"],
    z: Float[Tensor, "k"],
    front: Bool[Tensor, "k"],
) -> RenderedFrame:
    """The surfaces, and the sky behind them where a view shows it."""
    width, height = camera.size_px
    image, depth = torch.zeros_like(rays), torch.full_like(rays[0], torch.inf)
    photographed = torch.zeros_like(depth, dtype=torch.bool)
    bare = torch.ones_like(photographed)
    bare[covered] = False
    if blender is not None:
        beyond = bare.nonzero()[:, 0]
        image[:, beyond], photographed[beyond] = blender.sky_colours(rays.index_select(1, beyond))
    image[:, covered], depth[covered], photographed[covered] = colour * front, z, front
    return RenderedFrame(
        image=image.view(3, height, width).clamp_(0, 1),
        depth=depth.view(height, width),
        photographed=photographed.view(height, width),
    )


# ---- points ---------------------------------------------------------------------------------------------------------


def _points_needed(views: DepthViews, options: RenderOptions) -> ScenePoints:
    needed = pixels_needed(views, _edges(views, options))
    return ScenePoints.from_views(dataclasses.replace(views, depth=torch.where(needed, views.depth, torch.nan)))


def _points_frames(
    points: ScenePoints, cameras: Cameras, blender: ViewBlender | None, options: RenderOptions
) -> Iterator[RenderedFrame]:
    weight = points.confidence / points.confidence.mean() if len(points) else points.confidence
    for index in range(len(cameras)):
        camera = cameras[index]
        width, height = camera.size_px
        place, depth = projected_px(points.points, camera)
        radius = options.splat_size * points.radius * float(camera.focal_px.mean()) / depth
        reach = torch.maximum(radius, torch.ones_like(radius))[:, None]
        inside = ((place > -reach) & (place < place.new_tensor([width, height]) + reach)).all(-1)
        near = NEAR_SHARE * float(depth[inside].median()) if bool((inside & (depth > 0)).any()) else NEAR_SHARE
        drawn = (inside & (depth > near)).nonzero()[:, 0]
        place, depth, radius, colour, heavy = (
            part.index_select(0, drawn) for part in (place, depth, radius, points.colours, weight)
        )
        discs = PixelDiscs(centre_px=place, radius_px=radius, depth=depth, colour=colour, weight=heavy)
        picture = splat_points(discs, options.depth_tolerance, width, height)
        covered = (picture.cover > 0).flatten().nonzero()[:, 0]
        colour = picture.colour.flatten(1).index_select(1, covered)
        z = picture.depth.flatten().index_select(0, covered)
        front = torch.ones_like(covered, dtype=torch.bool)
        yield _composed(_z_rays(camera), camera, blender, covered, colour, z, front)


# ---- preparation ----------------------------------------------------------------------------------------------------


def _shifted(cameras: Cameras, origin: Float[Tensor, "3"]) -> Cameras:
    """Cameras in a world whose origin is moved to ``origin``, so that float32 is exact enough wherever that lies."""
    moved = cameras.to(dtype=torch.float64).world_from_camera.clone()
    moved[..., :3, 3] -= origin.to(moved.device)
    return dataclasses.replace(cameras, world_from_camera=moved).to(dtype=torch.float32)


def _confident(views: DepthViews, least: float) -> DepthViews:
    if views.confidence is None or least <= 0:
        return views
    kept = (views.confidence >= least) | views.sky
    return dataclasses.replace(views, depth=torch.where(kept, views.depth, torch.nan))


def _as_fine_as(views: DepthViews, cameras: Cameras) -> DepthViews:
    """Views reduced by a whole factor where their pixels are that much finer than those of the frames to be drawn."""
    factor = int(float(views.cameras.focal_px.amin()) / float(cameras.focal_px.amax()) + 1e-3)
    width, height = views.cameras.size_px
    factor = min(factor, width // MIN_SIDE_PX, height // MIN_SIDE_PX)
    if factor < 2:
        return views
    size = (height // factor, width // factor)

    def middle(maps: Tensor) -> Tensor:
        return F.interpolate(maps[:, None], size=size, mode="nearest-exact")[:, 0]

    return DepthViews(
        images=F.interpolate(views.images, size=size, mode="area"),
        cameras=views.cameras.resized(size[1], size[0]),
        depth=middle(views.depth),
        confidence=None if views.confidence is None else middle(views.confidence),
        metres_per_unit=views.metres_per_unit,
    )


def _edges(views: DepthViews, options: RenderOptions) -> SurfaceEdges:
    return surface_edges(_inverse_depth(views), views.cameras.focal_px.to(views.depth), options.cut)


def _sharp(views: DepthViews, options: RenderOptions) -> DepthViews:
    inverse = without_ramps(_inverse_depth(views), views.cameras.focal_px.to(views.depth), options.cut)
    return dataclasses.replace(views, depth=torch.where(views.known, 1 / inverse, views.depth))


def _inverse_depth(views: DepthViews) -> Float[Tensor, "v h w"]:
    return torch.where(views.known, 1 / views.depth, torch.nan)


def _z_rays(camera: Cameras) -> Float[Tensor, "3 n"]:
    """World directions through pixel centres, of unit depth, row by row."""
    width, height = camera.size_px
    grid = pixel_grid(width, height, camera.dtype).to(camera.device).reshape(-1, 2)
    return camera.world_from_camera[:3, :3] @ camera_directions(camera, grid).T
