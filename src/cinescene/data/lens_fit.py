"""Finding the lens and heading of a clip by matching its first frame with the panorama of its place.

The published data set names lenses in millimetres but not the film back, and does not say where its panoramas look. For
a clip whose first frame is taken where the panorama was, both follow from the pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.projection import camera_directions, pixel_grid
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.tensor_types import Float, Tensor

SMALLEST_FOV_RAD = math.radians(25)
LARGEST_FOV_RAD = math.radians(110)
RELIABLE_SCORE = 0.7
"""Correlation above which a fit is taken to have found the place."""

_COARSE_WIDTH_PX = 40
_FINE_WIDTH_PX = 192


@dataclass(frozen=True, kw_only=True)
class LensFit:
    """A level camera (no roll) at the panorama's centre whose picture correlates best with a frame.

    Yaw is to the right of the panorama's centre column, pitch upwards. ``score`` is the normalised correlation of the
    two grey pictures: 1 for equal ones.
    """

    yaw_rad: float
    pitch_rad: float
    horizontal_fov_rad: float
    score: float

    @property
    def reliable(self) -> bool:
        return self.score >= RELIABLE_SCORE

    def sensor_width_mm(self, focal_mm: float) -> float:
        """The film back that gives this field of view with a lens of the stated focal length."""
        return 2 * focal_mm * math.tan(self.horizontal_fov_rad / 2)


def fit_lens(panorama: Panorama, frame: Float[Tensor, "3 h w"], largest_pitch_rad: float = 0.6) -> LensFit:
    """The lens and heading of ``frame``: an exhaustive search at low resolution, then a simplex at a higher one."""
    if float(frame.std()) < 1e-4:
        raise InputError("lens fit: the frame is of one colour, so that nothing can be matched")
    start = _coarse(panorama, frame, largest_pitch_rad)
    return _fine(panorama, frame, start)


def _coarse(panorama: Panorama, frame: Tensor, largest_pitch_rad: float) -> LensFit:
    height = max(2, round(_COARSE_WIDTH_PX * frame.shape[-2] / frame.shape[-1]))
    wanted = _normalised(_grey_at(frame, _COARSE_WIDTH_PX, height))
    best = LensFit(yaw_rad=0.0, pitch_rad=0.0, horizontal_fov_rad=1.0, score=-1.0)
    count = math.ceil(math.log(LARGEST_FOV_RAD / SMALLEST_FOV_RAD) / math.log(1.1)) + 1
    for fov in np.geomspace(SMALLEST_FOV_RAD, LARGEST_FOV_RAD, count):
        step = fov / 10
        blurred = _grey_at(panorama.image, max(16, round(2 * math.pi / (fov / _COARSE_WIDTH_PX))), None)
        yaws = torch.arange(0, 2 * math.pi, step)
        rows = math.floor(largest_pitch_rad / step)
        for pitch in torch.arange(-rows, rows + 1) * step:
            views = _normalised(_views(blurred, float(fov), yaws, float(pitch), _COARSE_WIDTH_PX, height))
            scores = (views * wanted).sum((-1, -2))
            index = int(scores.argmax())
            if scores[index] > best.score:
                best = LensFit(
                    yaw_rad=float(yaws[index]),
                    pitch_rad=float(pitch),
                    horizontal_fov_rad=float(fov),
                    score=float(scores[index]),
                )
    return best


def _fine(panorama: Panorama, frame: Tensor, start: LensFit) -> LensFit:
    from scipy.optimize import minimize

    width = min(_FINE_WIDTH_PX, frame.shape[-1])
    height = max(2, round(width * frame.shape[-2] / frame.shape[-1]))
    wanted = _normalised(_grey_at(frame, width, height))
    pyramid = panorama.pyramid(SMALLEST_FOV_RAD / width / 2)

    def loss(numbers: np.ndarray) -> float:
        yaw, pitch, log_fov = (float(x) for x in numbers)
        fov = math.exp(log_fov)
        if not (0.5 * SMALLEST_FOV_RAD < fov < 1.3 * LARGEST_FOV_RAD and abs(pitch) < math.pi / 2):
            return 2.0
        pose = panorama.camera.world_from_camera @ _world_from_turned(yaw, pitch)
        camera = Cameras.from_field_of_view(pose, fov, width, height)
        view = resample_panorama(panorama, camera, pyramid).mean(0)
        return 1 - float((_normalised(view) * wanted).sum())

    first = np.array([start.yaw_rad, start.pitch_rad, math.log(start.horizontal_fov_rad)])
    step = start.horizontal_fov_rad / 10
    simplex = np.stack([first, *(first + np.diag([step, step, 0.1]))])
    found = minimize(loss, first, method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-4})
    return LensFit(
        yaw_rad=float(found.x[0]) % (2 * math.pi),
        pitch_rad=float(found.x[1]),
        horizontal_fov_rad=math.exp(found.x[2]),
        score=1 - float(found.fun),
    )


def _world_from_turned(yaw: float, pitch: float) -> Tensor:
    """Rotation, in the panorama's camera frame, of a view turned by yaw and pitch."""
    level = level_rotation()
    return rigid(level.mT @ level_rotation(yaw, pitch), torch.zeros(3, dtype=torch.float64))


def _views(
    grey: Float[Tensor, "h w"], fov: float, yaws: Float[Tensor, "v"], pitch: float, width: int, height: int
) -> Float[Tensor, "v h2 w2"]:
    """Bilinear views of a blurred panorama; good enough to find the place."""
    camera = Cameras.from_field_of_view(_world_from_turned(0.0, pitch), fov, width, height)
    rays = camera_directions(camera, pixel_grid(width, height, torch.float64).reshape(-1, 2))
    x, y, z = (rays @ camera.world_from_camera[:3, :3].mT).float().unbind(-1)
    longitude = (torch.atan2(x, z) + yaws[:, None]) / math.pi
    longitude = torch.remainder(longitude + 1, 2) - 1
    latitude = (torch.atan2(y, torch.hypot(x, z)) / (math.pi / 2)).expand_as(longitude)
    grid = torch.stack([longitude, latitude], dim=-1).unflatten(1, (height, width))
    picture = grey.expand(len(yaws), 1, *grey.shape)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)[:, 0]


def _grey_at(image: Tensor, width: int, height: int | None) -> Float[Tensor, "h w"]:
    grey = image.float().mean(0)[None, None]
    size = (height if height is not None else max(8, width // 2), width)
    return F.interpolate(grey, size=size, mode="bilinear", antialias=True)[0, 0]


def _normalised(pictures: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h w"]:
    centred = pictures - pictures.mean((-1, -2), keepdim=True)
    return centred / torch.linalg.vector_norm(centred, dim=(-1, -2), keepdim=True).clamp_min(1e-6)
