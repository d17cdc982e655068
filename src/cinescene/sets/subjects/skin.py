"""Skin, face and eyes: where they sit in a picture, and the pictures.

The face is painted in cylinder coordinates of the undeformed head, so that brows and lips follow every face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8

from cinescene.sets.subjects.body_data import body_data
from cinescene.sets.subjects.charts import Charted, wrapped
from cinescene.sets.subjects.rig import INDEX, vertex_weights
from cinescene.sets.subjects.surface import triangles_of_quads
from cinescene.sets.textures.noise import fractal_noise, smooth_noise, smoothstep

Colour = tuple[float, float, float]

FACE_PX = 256
EYE_PX = 64
HEAD_AXIS_M = 0.057
"""Where the cylinder's axis stands ahead of the origin of the base mesh."""
HEAD_LOW_M, HEAD_HIGH_M = 0.54, 0.86
"""Heights of the base mesh between which the picture lies; everything lower shows its bottom row."""
EYE = (20.7, 0.7285, 8.8, 0.0062)
"""Angle from straight ahead (degrees) and height of an eye's middle, half its width (degrees) and half its height."""
BROW = (20.5, 0.7475, 10.5, 0.0036)
MOUTH = (0.0, 0.6605, 16.5, 0.0095)


@dataclass(frozen=True, kw_only=True)
class FaceLook:
    """Colours of a face, sRGB in [0, 1]; ``stubble`` is 0 for a shaved face and 1 for a full dark beard."""

    skin: Colour
    hair: Colour
    eyes: Colour
    lips: float = 0.5
    stubble: float = 0.0
    scalp: float = 1.0
    seed: int = 0


@lru_cache(maxsize=1)
def skin_chart() -> Charted:
    """The skin's triangles with texture coordinates in [0, 1]; sources are vertices of the base mesh."""
    triangles = body_data().skin
    corners = body_data().positions[triangles]
    angle = np.arctan2(corners[..., 1], corners[..., 0] - HEAD_AXIS_M)
    height = (corners[..., 2] - HEAD_LOW_M) / (HEAD_HIGH_M - HEAD_LOW_M)
    head = vertex_weights()[:, [INDEX["head"], INDEX["neck"]]].sum(axis=1)[triangles].max(axis=1) > 0.05
    angle[~head], height[~head] = 0.0, 0.004
    chart = wrapped(triangles, angle, np.clip(height, 0.004, 0.996), np.full(len(triangles), 1 / (2 * np.pi)))
    return Charted(source=chart.source, uvs=chart.uvs + np.array([0.5, 0.0]), triangles=chart.triangles)


@lru_cache(maxsize=2)
def eye_chart(side: str) -> Charted:
    """An eyeball ("l" or "r") with its picture seen from the front, twice its size across."""
    triangles = triangles_of_quads(body_data().eyes[side == "r"])
    used, local = np.unique(triangles, return_inverse=True)
    positions = body_data().positions[used]
    middle = (positions.min(axis=0) + positions.max(axis=0)) / 2
    radius = float(np.ptp(positions[:, 2])) / 2
    uvs = 0.5 + np.stack([positions[:, 1] - middle[1], positions[:, 2] - middle[2]], axis=1) / (2.2 * radius)
    back = positions[:, 0] < middle[0]
    uvs[back] = 0.02
    return Charted(source=used, uvs=uvs, triangles=local.reshape(-1, 3).astype(np.int32))


def face_picture(look: FaceLook) -> UInt8[np.ndarray, "h w 3"]:
    """Skin with brows, lips, lids, a flush, perhaps a beard, and hair on the scalp; the bottom row is plain skin."""
    rng = np.random.default_rng(look.seed)
    row = (np.arange(FACE_PX) + 0.5) / FACE_PX
    degrees = np.broadcast_to((row[None, :] - 0.5) * 360.0, (FACE_PX, FACE_PX))
    height = np.broadcast_to(HEAD_HIGH_M - row[:, None] * (HEAD_HIGH_M - HEAD_LOW_M), (FACE_PX, FACE_PX))
    skin = np.asarray(look.skin)
    mottled = 1 + 0.025 * fractal_noise(rng, FACE_PX, 8, 4)
    picture = skin * mottled[..., None]
    away = np.abs(degrees)
    flush = _blob(away, height, (34.0, 0.690, 22.0, 0.022)) + 0.8 * _blob(away, height, (0.0, 0.700, 8.0, 0.016))
    picture = _painted(picture, skin * [0.98, 0.78, 0.74], 0.32 * flush)
    picture = _painted(picture, skin * 0.70, 0.55 * _blob(away, height, (EYE[0], 0.7360, 13.0, 0.009)))
    picture = _painted(picture, skin * 0.75, 0.45 * _blob(away, height, (EYE[0], 0.7190, 12.0, 0.008)))
    picture = _painted(picture, skin * 0.72, 0.6 * _blob(away, height, (0.0, 0.6830, 9.0, 0.006)))
    beard = look.stubble * _beard(away, height) * (0.85 + 0.08 * smooth_noise(rng, FACE_PX, 96, 128))
    picture = _painted(picture, np.asarray(look.hair) * 0.9, np.clip(beard, 0.0, 0.92))
    lips = skin * np.array([0.92, 0.62, 0.60]) * (1 - look.lips) + look.lips * np.array([0.70, 0.22, 0.24])
    picture = _painted(picture, lips, 0.85 * _patch(away, height, MOUTH))
    seam = (MOUTH[0], MOUTH[1] + 0.0005, 15.0, 0.0012)
    picture = _painted(picture, skin * 0.38, 0.8 * _patch(away, height, seam))
    picture = _painted(picture, skin * 0.30, 0.85 * _lid_line(away, height))
    brow = np.asarray(look.hair) * 0.75 + 0.02
    arched = height - 0.004 * np.clip(1 - ((away - 24.0) / 14.0) ** 2, -1.0, 1.0)
    picture = _painted(picture, brow, 0.9 * _patch(away, arched, BROW))
    strands = 1 + 0.12 * smooth_noise(rng, FACE_PX, 10, 120)
    picture = _painted(picture, np.asarray(look.hair) * strands[..., None], look.scalp * _scalp(away, height))
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)


def eye_picture(iris: Colour) -> UInt8[np.ndarray, "h w 3"]:
    """White, iris, pupil and a glint."""
    line = ((np.arange(EYE_PX) + 0.5) / EYE_PX - 0.5) * 2.2
    x, y = np.meshgrid(line, -line)
    radius = np.hypot(x, y)
    picture = np.broadcast_to(np.array([0.93, 0.91, 0.89]), (EYE_PX, EYE_PX, 3)) * (1 - 0.15 * radius[..., None] ** 2)
    picture = _painted(picture, np.asarray(iris) * 0.45, 1 - smoothstep(0.50, 0.55, radius))
    picture = _painted(picture, np.asarray(iris), 1 - smoothstep(0.38, 0.48, radius))
    picture = _painted(picture, np.array([0.02, 0.02, 0.02]), 1 - smoothstep(0.18, 0.24, radius))
    picture = _painted(picture, np.ones(3), 1 - smoothstep(0.07, 0.11, np.hypot(x - 0.18, y - 0.22)))
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)


def _painted(picture: np.ndarray, colour: np.ndarray, amount: np.ndarray) -> np.ndarray:
    return picture + (colour - picture) * np.clip(amount, 0.0, 1.0)[..., None]


def _blob(away: np.ndarray, height: np.ndarray, place: tuple[float, float, float, float]) -> Float[np.ndarray, "h w"]:
    """A soft spot: middle (degrees, metres) and its radii."""
    return np.exp(-(((away - place[0]) / place[2]) ** 2 + ((height - place[1]) / place[3]) ** 2) * 1.5)


def _patch(away: np.ndarray, height: np.ndarray, place: tuple[float, float, float, float]) -> Float[np.ndarray, "h w"]:
    """An ellipse with a firm edge."""
    distance = np.hypot((away - place[0]) / place[2], (height - place[1]) / place[3])
    return 1 - smoothstep(0.75, 1.15, distance)


def _lid_line(away: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Lashes: a dark ring about the eye, heavier above."""
    distance = np.hypot((away - EYE[0]) / EYE[2], (height - EYE[1]) / EYE[3])
    ring = np.exp(-(((distance - 1.08) / 0.24) ** 2))
    return ring * np.where(height > EYE[1], 1.0, 0.45)


def _beard(away: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Jaw, chin, upper lip and the line up to the ear."""
    cheek = 0.668 + 0.045 * np.clip((away - 30.0) / 45.0, 0.0, 1.0)
    jaw = (1 - smoothstep(-0.010, 0.010, height - cheek)) * (1 - smoothstep(72.0, 92.0, away))
    above_lip = _blob(away, height, (8.0, 0.679, 15.0, 0.007))
    return np.clip(jaw * smoothstep(0.604, 0.622, height) + above_lip, 0.0, 1.0)


def _scalp(away: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Above the hairline: high over the forehead, down to the ears, low on the nape."""
    line = np.interp(away, *hairline())
    return smoothstep(-0.004, 0.006, height - line)


def hairline() -> tuple[list[float], list[float]]:
    """Angles from straight ahead (degrees) and heights of the base mesh along the edge of the hair."""
    return (
        [0.0, 25.0, 45.0, 58.0, 68.0, 78.0, 92.0, 104.0, 116.0, 135.0, 180.0],
        [0.806, 0.804, 0.792, 0.770, 0.735, 0.722, 0.745, 0.735, 0.700, 0.662, 0.648],
    )


def scalp_height(angle_rad: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Height of the hairline on the base mesh at angles from straight ahead."""
    away = np.abs((np.asarray(angle_rad) + math.pi) % (2 * math.pi) - math.pi)
    return np.interp(np.degrees(away), *hairline())
