"""A room with detail at every scale, whose picture and depth from any camera are known in closed form."""

from __future__ import annotations

import math

import torch

from cinescene.cameras import Cameras
from cinescene.cameras.projection import pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.scene.geometry import DepthViews

LOW, HIGH = torch.tensor([-3.0, -3.0, -1.5]).double(), torch.tensor([3.0, 4.0, 2.0]).double()
PILLAR, RADIUS = torch.tensor([0.6, 2.0]).double(), 0.35


def _waves() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    wavelength = torch.logspace(math.log10(0.12), math.log10(2.5), 24).double()
    direction = torch.nn.functional.normalize(torch.randn(24, 3, generator=generator).double(), dim=-1)
    phase = 2 * math.pi * torch.rand(24, 3, generator=generator).double()
    return direction * (2 * math.pi / wavelength)[:, None], phase, wavelength**0.35


def colour(points: torch.Tensor) -> torch.Tensor:
    waves, phases, strength = _waves()
    values = torch.sin((points @ waves.T)[..., None] + phases) * strength[:, None]
    return (0.5 + 0.7 * values.sum(-2) / strength.sum() ** 0.5 / 4).clamp(0, 1)


def render(cameras: Cameras) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (t, 3, h, w) and z-depth (t, h, w) of cameras (t,)."""
    cameras = cameras.to(dtype=torch.float64)
    origin, rays = pixel_rays(cameras)
    origin = origin[..., None, None, :].expand_as(rays)
    far = torch.maximum((LOW - origin) / rays, (HIGH - origin) / rays).amin(-1)
    flat, offset = rays[..., :2], (origin - torch.cat([PILLAR, torch.zeros(1).double()]))[..., :2]
    a, b, c = flat.square().sum(-1), (flat * offset).sum(-1), offset.square().sum(-1) - RADIUS**2
    root = b.square() - a * c
    near = (-b - root.clamp_min(0).sqrt()) / a
    distance = torch.where((root > 0) & (near > 0) & (near < far), near, far)
    picture = colour(origin + rays * distance[..., None])
    depth = distance * (rays * cameras.forward[..., None, None, :]).sum(-1)
    return picture.movedim(-1, -3).float(), depth.float()


def depth_views(cameras: Cameras) -> DepthViews:
    images, depth = render(cameras)
    return DepthViews(images=images, cameras=cameras, depth=depth)


def arc(frames: int = 6, width: int = 192, height: int = 128, travel_m: float = 1.0) -> Cameras:
    """A camera that travels and turns."""
    along = torch.linspace(0, 1, frames).double()
    poses = [
        rigid(
            level_rotation(0.35 * float(a), -0.1 * float(a)),
            torch.tensor([travel_m * float(a) - 0.4, -1.5 + 0.4 * travel_m * float(a) ** 2, 0.1]).double(),
        )
        for a in along
    ]
    return Cameras.from_field_of_view(torch.stack(poses), math.radians(70), width, height)


def as_bytes(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures * 255).round().to(torch.uint8)
