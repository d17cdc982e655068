"""World points to pixels and back, for perspective and equirectangular cameras; differentiable.

Pixel coordinates are (u, v) with the image covering [0, width] × [0, height]; the first pixel's centre is (0.5, 0.5).
"Depth" is z-depth for perspective cameras and the distance from the centre for equirectangular ones.
"""

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import normalize, transform_points
from cinescene.errors import GeometryError
from cinescene.tensor_types import Bool, Float, Tensor


def project(
    cameras: Cameras, points_world: Float[Tensor, "*#b n 3"]
) -> tuple[Float[Tensor, "*b n 2"], Float[Tensor, "*b n"]]:
    """Pixels and depths of world points.

    A perspective point at or behind the camera plane gets depth ≤ 0 and NaN pixels: it is seen nowhere.
    """
    points = transform_points(cameras.camera_from_world, points_world.expand(*cameras.batch_shape, -1, -1))
    x, y, z = points.unbind(-1)
    if cameras.projection == "equirectangular":
        distance = torch.linalg.vector_norm(points, dim=-1)
        plane = torch.stack([torch.atan2(x, z), torch.atan2(y, torch.hypot(x, z))], dim=-1)
        return _pixels_from_plane(cameras, plane), distance
    in_front = z > 0
    safe = torch.where(in_front, z, torch.ones_like(z))
    pixels = _pixels_from_plane(cameras, torch.stack([x / safe, y / safe], dim=-1))
    return torch.where(in_front[..., None], pixels, torch.full_like(pixels, torch.nan)), z


def unproject(
    cameras: Cameras, pixels: Float[Tensor, "*#b n 2"], depth: Float[Tensor, "*#b n"]
) -> Float[Tensor, "*b n 3"]:
    """World points at pixels and depths; the inverse of `project`."""
    direction = camera_directions(cameras, pixels)
    return transform_points(cameras.world_from_camera, direction * depth[..., None])


def camera_directions(cameras: Cameras, pixels: Float[Tensor, "*#b n 2"]) -> Float[Tensor, "*b n 3"]:
    """Camera-frame directions through pixels: z = 1 for perspective cameras, unit length for equirectangular ones."""
    pixels = pixels.expand(*cameras.batch_shape, -1, -1)
    intrinsics = cameras.intrinsics_px
    y = (pixels[..., 1] - intrinsics[..., 1, 2, None]) / intrinsics[..., 1, 1, None]
    x = (pixels[..., 0] - intrinsics[..., 0, 2, None] - intrinsics[..., 0, 1, None] * y) / intrinsics[..., 0, 0, None]
    if cameras.projection == "perspective":
        return torch.stack([x, y, torch.ones_like(x)], dim=-1)
    return torch.stack([torch.cos(y) * torch.sin(x), torch.sin(y), torch.cos(y) * torch.cos(x)], dim=-1)


def pixel_grid(width_px: int, height_px: int, dtype: torch.dtype = torch.float32) -> Float[Tensor, "h w 2"]:
    """Centres (u, v) of all pixels of an image."""
    u = torch.arange(width_px, dtype=dtype) + 0.5
    v = torch.arange(height_px, dtype=dtype) + 0.5
    return torch.stack(torch.meshgrid(u, v, indexing="xy"), dim=-1)


def pixel_rays(cameras: Cameras) -> tuple[Float[Tensor, "*b 3"], Float[Tensor, "*b h w 3"]]:
    """Origins, and unit world directions through every pixel centre; needs one image size for all cameras."""
    width, height = cameras.size_px
    grid = pixel_grid(width, height, cameras.dtype).to(cameras.device)
    directions = normalize(camera_directions(cameras, grid.reshape(-1, 2)))
    world = directions @ cameras.world_from_camera[..., :3, :3].mT
    return cameras.position, world.unflatten(-2, (height, width))


def plucker_rays(cameras: Cameras) -> Float[Tensor, "*b 6 h w"]:
    """Plücker coordinates (moment o × d, then direction d) of every pixel's ray in the world frame.

    Source: Sitzmann et al., "Light Field Networks", 2021, section 3.
    """
    origin, direction = pixel_rays(cameras)
    moment = torch.linalg.cross(origin[..., None, None, :].expand_as(direction), direction)
    return torch.cat([moment, direction], dim=-1).movedim(-1, -3)


def inside_image(cameras: Cameras, pixels: Float[Tensor, "*b n 2"]) -> Bool[Tensor, "*b n"]:
    """Whether pixels lie on their camera's image (NaN pixels do not)."""
    size = cameras.image_size_px[..., None, :].to(pixels.dtype)
    return ((pixels >= 0) & (pixels <= size)).all(-1)


def frustum_overlap(
    first: Cameras, second: Cameras, depth: float | Float[Tensor, "*#b"], samples: int = 32
) -> Float[Tensor, "*b"]:
    """Share of ``first``'s picture that ``second`` sees too, if all of it lay at ``depth`` (scene units).

    ``samples``² pixels of the first cameras are sent to the depth and projected into the second. For pure rotations
    any depth gives the same answer. Not symmetric.
    """
    if samples < 1:
        raise GeometryError(f"samples: expected at least 1, got {samples}")
    grid = pixel_grid(samples, samples, first.dtype).to(first.device).reshape(-1, 2) / samples
    pixels = grid * first.image_size_px[..., None, :].to(first.dtype)
    depth = torch.as_tensor(depth, dtype=first.dtype, device=first.device)[..., None].expand(*first.batch_shape, 1)
    points = unproject(first, pixels, depth.expand(*first.batch_shape, samples * samples))
    seen, _ = project(second, points)
    return inside_image(second, seen).to(first.dtype).mean(-1)


def _pixels_from_plane(cameras: Cameras, plane: Float[Tensor, "*b n 2"]) -> Float[Tensor, "*b n 2"]:
    homogeneous = torch.cat([plane, torch.ones_like(plane[..., :1])], dim=-1)
    return (homogeneous @ cameras.intrinsics_px.mT)[..., :2]
