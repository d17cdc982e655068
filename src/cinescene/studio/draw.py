"""Drawing the stage and the camera path into the page's 3D view."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.path import Keyframe
from cinescene.studio.desk import PathDesk
from cinescene.studio.stage import FASTEST_M_S, Stage, speeds_m_s

PERSON_M = 1.7
SHUTTER_FRUSTA = 12
"""Small frusta along the path."""
CALM, HURRIED = np.array([40, 130, 220.0]), np.array([225, 50, 35.0])
CHOSEN, OTHER = (255, 150, 20), (60, 60, 60)
DRAWN_RATE = 24.0


def wxyz_of(world_from_camera: torch.Tensor) -> np.ndarray:
    """Rotation of a pose as a unit quaternion, as viser wants it; its cameras are OpenCV's, too."""
    from viser.transforms import SO3

    return np.asarray(SO3.from_matrix(world_from_camera[:3, :3].double().numpy()).wxyz)


def pose_of(wxyz: Any, position: Any) -> torch.Tensor:
    """``world_from_camera`` (4, 4) from viser's quaternion and position."""
    from viser.transforms import SO3

    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = torch.from_numpy(np.asarray(SO3(np.asarray(wxyz, dtype=np.float64)).as_matrix()).copy())
    pose[:3, 3] = torch.tensor([float(c) for c in position], dtype=torch.float64)
    return pose


def vertical_fov(cameras: Cameras) -> float:
    """Of the first camera, radians."""
    _, height = cameras.size_px
    return 2 * math.atan(height / 2 / float(cameras.reshape(-1).focal_px[0, 1]))


def draw_stage(server: Any, stage: Stage) -> None:
    """Points, ground with a grid of metres, somebody 1.7 m tall for scale, and the pictures where they were taken."""
    scene = server.scene
    scene.remove_by_name("/place")
    floor = -stage.camera_height_m
    scene.add_point_cloud(
        "/place/points", stage.points.numpy(), stage.colours.numpy(), point_size=0.035, point_shape="circle"
    )
    scene.add_grid("/place/ground", 20, 20, cell_size=1.0, section_size=5.0, position=(0, 0, floor), plane_opacity=0.0)
    scene.add_cylinder(
        "/place/person/body", radius=0.16, height=PERSON_M - 0.24, color=(240, 190, 60),
        position=(-1.6, 2.6, floor + (PERSON_M - 0.24) / 2),
    )  # fmt: skip
    scene.add_icosphere(
        "/place/person/head", radius=0.12, color=(240, 190, 60), position=(-1.6, 2.6, floor + PERSON_M - 0.12)
    )
    scene.add_label("/place/person/label", f"{PERSON_M} m", position=(-1.6, 2.6, floor + PERSON_M + 0.2))
    if stage.view_cameras is not None:
        _draw_views(scene, stage, stage.view_cameras.reshape(-1))


def _draw_views(scene: Any, stage: Stage, cameras: Cameras) -> None:
    for index in range(len(cameras)):
        picture = stage.views[index].movedim(0, -1).numpy()
        _draw_frustum(scene, f"/place/views/{index}", cameras[index], 1.0, 0.12, (120, 120, 120), picture)


def draw_path(server: Any, desk: PathDesk, chosen: int, aspect: float) -> None:
    """The line that the camera draws, coloured by its speed, and the keyframes' frusta."""
    server.scene.remove_by_name("/path/shown")
    width, height = 160, max(1, round(160 / aspect))
    track = desk.track(width_px=width, height_px=height, frame_rate=DRAWN_RATE)
    points = track.world_from_camera[:, :3, 3].float().numpy()
    if len(points) > 1 and float(np.ptp(points, axis=0).max()) > 1e-4:
        segments = np.stack([points[:-1], points[1:]], axis=1)
        server.scene.add_line_segments("/path/shown/line", segments, speed_colours(track), thickness=0.02)
        cameras = track.cameras()
        for number, index in enumerate(np.linspace(0, len(points) - 1, min(SHUTTER_FRUSTA, len(points))).astype(int)):
            _draw_frustum(
                server.scene, f"/path/shown/frames/{number}", cameras[int(index)], aspect, 0.07, (150, 150, 150)
            )
    for index in range(len(desk)):
        colour = CHOSEN if index == chosen else OTHER
        _draw_frustum(
            server.scene, f"/path/shown/keys/{index}", _key_camera(desk, desk[index], aspect), aspect, 0.2, colour
        )


def speed_colours(track: CameraTrack) -> np.ndarray:
    """Two colours a segment (n, 2, 3), 8 bits: blue at rest, red at `FASTEST_M_S` and beyond."""
    share = (speeds_m_s(track) / FASTEST_M_S).clamp(0, 1).numpy()[:, None]
    colours = CALM * (1 - share) + HURRIED * share
    return np.repeat(colours[:, None], 2, axis=1).round().astype(np.uint8)


def _key_camera(desk: PathDesk, key: Keyframe, aspect: float) -> Cameras:
    times = torch.tensor([key.time_s], dtype=torch.float64)
    return desk.path.cameras_at(times, width_px=160, height_px=max(1, round(160 / aspect)))


def _draw_frustum(
    scene: Any,
    name: str,
    camera: Cameras,
    aspect: float,
    scale: float,
    colour: tuple[int, int, int],
    picture: np.ndarray | None = None,
) -> None:
    pose = camera.world_from_camera.reshape(-1, 4, 4)[0]
    scene.add_camera_frustum(
        name,
        vertical_fov(camera),
        aspect,
        scale=scale,
        color=colour,
        image=picture,
        wxyz=wxyz_of(pose),
        position=pose[:3, 3].double().numpy(),
    )
