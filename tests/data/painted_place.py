"""A place whose picture is known from everywhere: a painted ground and dome, and a "subject" that is a moving disc."""

from pathlib import Path

import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.projection import pixel_rays, project
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.layout import DatasetLayout
from cinescene.data.writer import ClipRecord, PanoramaRecord, write_scene

GROUND_M, DOME_M = 1.5, 6.0
CENTRE = torch.tensor([3.0, -2.0, 1.5], dtype=torch.float64)
"""Where the panorama stands in the world; the ground is at z = 0."""


def painted(points: torch.Tensor) -> torch.Tensor:
    return 0.5 + 0.35 * torch.sin(1.1 * points + torch.tensor([0.0, 1.0, 2.0]) + 1.7 * points.roll(1, -1))


def see(camera: Cameras) -> tuple[torch.Tensor, torch.Tensor]:
    """Colour (3, h, w) and distance along the ray (h, w)."""
    origin, rays = pixel_rays(camera)
    start = (origin - CENTRE).float()
    rays = rays.float()
    along = rays @ start
    dome = (along.square() - start.square().sum() + DOME_M**2).sqrt() - along
    ground = (start[2] + GROUND_M) / (-rays[..., 2]).clamp_min(1e-9)
    distance = torch.minimum(dome, ground)
    return painted(start + rays * distance[..., None]).movedim(-1, 0), distance


def as_bytes(image: torch.Tensor) -> torch.Tensor:
    return (image * 255).round().to(torch.uint8)


def track(yaw_deg: float, step_m: float, frames: int, focal_mm: float = 24.0) -> CameraTrack:
    yaws = torch.deg2rad(torch.tensor([yaw_deg + 2.0 * i for i in range(frames)], dtype=torch.float64))
    poses = [
        rigid(level_rotation(float(yaw), -0.1), CENTRE + torch.tensor([step_m * i, 0.0, 0.0], dtype=torch.float64))
        for i, yaw in enumerate(yaws)
    ]
    cameras = Cameras.from_focal_mm(torch.stack(poses), focal_mm, 96, 64)
    return CameraTrack.from_cameras(cameras, frame_rate=15.0, metres_per_unit=1.0)


def clip_record(clip: str, shot: CameraTrack) -> ClipRecord:
    cameras = shot.cameras()
    colours, distances = zip(*(see(cameras[i]) for i in range(len(cameras))), strict=True)
    without = torch.stack(colours)
    _, rays = pixel_rays(cameras)
    depth = torch.stack(distances) * (rays * cameras.forward[:, None, None]).sum(-1).float()
    seen, _ = project(cameras, (cameras.position + 2 * cameras.forward)[:1].expand(len(cameras), 1, 3))
    grid = torch.stack(torch.meshgrid(torch.arange(96) + 0.5, torch.arange(64) + 0.5, indexing="xy"), dim=-1)
    radius = (grid - seen[:, :, None].nan_to_num(-1e6)).norm(dim=-1)
    subject, affected = radius < 8, radius < 11
    shaded = without * (1 - 0.3 * affected[:, None].float())
    picture = torch.where(subject[:, None], torch.tensor([0.9, 0.1, 0.1])[:, None, None], shaded)
    return ClipRecord(
        clip=clip,
        track=shot,
        with_subject=as_bytes(picture),
        without_subject=as_bytes(without),
        subject_mask=subject,
        affected_mask=affected,
        depth_m=depth.float(),
        caption=f"a red disc hangs in the air, take {clip}",
        facts={"colour": "red"},
    )


def panorama_record(position: torch.Tensor = CENTRE) -> PanoramaRecord:
    camera = Cameras.equirectangular(rigid(level_rotation(0.5), position), 512, 256)
    image, distance = see(camera)
    return PanoramaRecord(image=as_bytes(image), camera=camera, distance_m=distance)


def write_painted_scene(
    root: Path, scene_id: str = "place1", frames: int = 9, further: tuple[torch.Tensor, ...] = ()
) -> dict[str, CameraTrack]:
    """``further`` are the positions of more panoramas."""
    tracks = {"01_24mm": track(30.0, 0.0, frames), "02_24mm": track(30.0, 0.05, frames)}
    write_scene(
        DatasetLayout(root),
        scene_id,
        [panorama_record(), *(panorama_record(position) for position in further)],
        (clip_record(clip, shot) for clip, shot in tracks.items()),
        place={"name": "painted"},
        recipe={"seed": 1},
    )
    return tracks
