"""A room with a ball, whose picture and depth from any camera are known in closed form."""

import math

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.scene.geometry import DepthViews

LOW = torch.tensor([-4.0, -5.0, -1.6])
HIGH = torch.tensor([4.0, 5.0, 1.9])
BALL = torch.tensor([1.2, 2.5, -0.6])
RADIUS = 0.7


def camera(yaw_deg: float, position: tuple[float, float, float] = (0.0, 0.0, 0.0), pitch_deg: float = 0.0):
    rotation = level_rotation(math.radians(yaw_deg), math.radians(pitch_deg)).float()
    return rigid(rotation, torch.tensor(position))


def cameras(*poses: torch.Tensor, fov_deg: float = 90.0, width: int = 96, height: int = 96) -> Cameras:
    return Cameras.from_field_of_view(torch.stack(poses), math.radians(fov_deg), width, height)


def ring(count: int, size: int, position: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Cameras:
    return cameras(*(camera(360 * i / count, position) for i in range(count)), width=size, height=size)


def _colour(points: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
    smooth = 0.5 + 0.2 * torch.sin(2 * points).prod(-1, keepdim=True)
    return (smooth + 0.25 * normals).clamp(0, 1)


def render(view: Cameras, open_roof: bool = False, ball: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (v, 3, h, w) and z-depth (v, h, w); with an open roof the sky is at infinity."""
    origin, direction = pixel_rays(view)
    origin = origin[..., None, None, :].expand_as(direction)
    far, axis = torch.maximum((LOW - origin) / direction, (HIGH - origin) / direction).min(-1)
    points = origin + direction * far[..., None]
    normals = -torch.nn.functional.one_hot(axis, 3) * direction.gather(-1, axis[..., None]).sign()
    colour = _colour(points, normals)
    sky = (axis == 2) & (direction[..., 2] > 0) & open_roof
    colour = torch.where(sky[..., None], 0.5 + 0.4 * direction, colour)
    along = ((origin - BALL) * direction).sum(-1)
    root = along.square() - (origin - BALL).square().sum(-1) + RADIUS**2
    near = -along - root.clamp(min=0).sqrt()
    hit = (root > 0) & (near > 0) & (near < far) & ball
    surface = origin + direction * near[..., None]
    colour = torch.where(hit[..., None], _colour(surface, (surface - BALL) / RADIUS), colour)
    distance = torch.where(hit, near, torch.where(sky, torch.inf, far))
    depth = distance * (direction * view.forward[..., None, None, :]).sum(-1)
    return colour.movedim(-1, -3), depth


def depth_views(view: Cameras, **options: bool) -> DepthViews:
    images, depth = render(view, **options)
    return DepthViews(images=images, cameras=view, depth=depth)
