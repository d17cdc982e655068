"""Skies: gradients with sun, clouds and a horizon, made from a seed; or a picture of the user's.

Radiance is linear RGB on an equirectangular picture whose centre is towards world +y, with +x to the right.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from cinescene.errors import InputError
from cinescene.sets.description import SkyLook, SunLight
from cinescene.sets.mesh import Sky
from cinescene.sets.srgb import linear_from_srgb
from cinescene.sets.textures.noise import fractal_line, fractal_noise, smooth_noise, smoothstep

WIDTH_PX, HEIGHT_PX = 1024, 512
_CLOUD_PX = 256

_LOOKS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    "clear": ((0.16, 0.34, 0.78), (0.62, 0.74, 0.86), 0.12),
    "fair": ((0.18, 0.36, 0.74), (0.66, 0.75, 0.84), 0.5),
    "overcast": ((0.52, 0.56, 0.62), (0.74, 0.76, 0.78), 1.0),
    "dusk": ((0.07, 0.11, 0.28), (0.72, 0.36, 0.20), 0.45),
    "night": ((0.006, 0.009, 0.024), (0.025, 0.03, 0.05), 0.2),
}
"""Radiance at the zenith and the horizon, and how much of the sky is cloud."""

_CLOUD_COLOURS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "clear": ((0.95, 0.95, 0.97), (0.6, 0.65, 0.74)),
    "fair": ((0.98, 0.97, 0.96), (0.52, 0.57, 0.66)),
    "overcast": ((0.82, 0.84, 0.86), (0.42, 0.45, 0.5)),
    "dusk": ((0.85, 0.42, 0.28), (0.16, 0.13, 0.22)),
    "night": ((0.03, 0.035, 0.05), (0.01, 0.012, 0.02)),
}
"""Thin and thick parts of clouds."""


def procedural_sky(look: SkyLook, sun: SunLight | None) -> Sky:
    """The sky of a look, its sun disc where the sun light comes from; deterministic."""
    rng = np.random.default_rng(look.seed)
    direction = _directions()
    up = direction[..., 2]
    zenith, horizon, cover = (np.asarray(v, dtype=np.float32) for v in _LOOKS[look.weather])
    share = np.clip(up, 0.0, 1.0)[..., None] ** np.float32(0.45)
    radiance = horizon + (zenith - horizon) * share
    if sun is not None:
        radiance = radiance + _sun_glow(direction, sun, look.weather)
    radiance = _with_clouds(rng, radiance, direction, look.weather, float(cover))
    if look.weather == "night":
        radiance = radiance + _stars(rng, up)
    radiance = _with_ground(radiance, up, horizon)
    if look.horizon != "none":
        radiance = _with_horizon(rng, radiance, direction, look)
    return Sky(radiance=(radiance * look.brightness).astype(np.float32))


def sky_from_picture(picture: np.ndarray, turn_rad: float = 0.0, brightness: float = 1.0) -> Sky:
    """A panorama of the user's as sky and backdrop.

    ``picture`` is equirectangular (h, w, 3): uint8 is sRGB, floats are linear radiance (an HDRI). ``turn_rad`` turns it
    counter-clockwise about z. Raises `InputError` for another shape, aspect ratio or for values that are not finite.
    """
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(f"sky picture: expected an array (height, width, 3), got {picture.shape}")
    height, width = picture.shape[:2]
    if abs(width - 2 * height) > 0.02 * width:
        raise InputError(f"sky picture: expected twice as wide as high (equirectangular), got {width}×{height}")
    if picture.dtype == np.uint8:
        radiance = linear_from_srgb(picture.astype(np.float32) / 255)
    else:
        radiance = picture.astype(np.float32)
    if not (np.isfinite(radiance).all() and (radiance >= 0).all()):
        raise InputError("sky picture: expected finite radiance of at least 0")
    shift = round(-turn_rad / (2 * math.pi) * width)
    return Sky(radiance=(np.roll(radiance, shift, axis=1) * brightness).astype(np.float32))


def _directions() -> Float[np.ndarray, "h w 3"]:
    longitude = ((np.arange(WIDTH_PX) + 0.5) / WIDTH_PX - 0.5) * 2 * math.pi
    latitude = (0.5 - (np.arange(HEIGHT_PX) + 0.5) / HEIGHT_PX) * math.pi
    longitude, latitude = np.meshgrid(longitude.astype(np.float32), latitude.astype(np.float32))
    level = np.cos(latitude)
    return np.stack([level * np.sin(longitude), level * np.cos(longitude), np.sin(latitude)], axis=-1)


def sun_direction(sun: SunLight) -> tuple[float, float, float]:
    """Unit vector from the set to the sun."""
    level = math.cos(sun.elevation_rad)
    return (
        level * math.cos(sun.azimuth_rad),
        level * math.sin(sun.azimuth_rad),
        math.sin(sun.elevation_rad),
    )


def _sun_glow(direction: np.ndarray, sun: SunLight, weather: str) -> np.ndarray:
    """The sun's disc (drawn 1.6° wide, so that it is seen) and the glow about it."""
    cosine = np.clip(direction @ np.asarray(sun_direction(sun), dtype=np.float32), -1, 1)
    angle = np.arccos(cosine)
    strength = {"overcast": 0.15, "night": 0.05}.get(weather, 1.0)
    colour = np.asarray(sun.colour, dtype=np.float32)
    colour = colour / max(float(colour.max()), 1e-6)
    disc = 14.0 * smoothstep(math.radians(1.0), math.radians(0.7), angle) * (strength > 0.5)
    glow = 0.9 * np.exp(-angle / math.radians(5.0)) + 0.3 * np.exp(-angle / math.radians(25.0))
    return (disc + strength * glow)[..., None] * colour


def _with_clouds(
    rng: np.random.Generator, radiance: np.ndarray, direction: np.ndarray, weather: str, cover: float
) -> np.ndarray:
    """A layer of clouds, read from periodic noise on a plane overhead, thinning out towards the horizon."""
    density = fractal_noise(rng, _CLOUD_PX, 5, 6, gain=0.52)
    direction = direction[: HEIGHT_PX // 2]
    above = direction[..., 2] + np.float32(0.12)
    plane = direction[..., :2] * (0.16 / above)[..., None] + rng.random(2, dtype=np.float32)
    value = _bilinear(density, plane)
    amount = smoothstep(1.1 - 2.2 * cover, 2.1 - 2.0 * cover, value)
    amount = amount * smoothstep(0.0, 0.10, direction[..., 2])
    thin, thick = (np.asarray(c, dtype=np.float32) for c in _CLOUD_COLOURS[weather])
    body = smoothstep(0.2, 2.4, value)[..., None]
    cloud = thin + (thick - thin) * body
    upper = radiance[: HEIGHT_PX // 2]
    return np.concatenate([upper + (cloud - upper) * (0.92 * amount)[..., None], radiance[HEIGHT_PX // 2 :]])


def _bilinear(field: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """A periodic field (one period a unit) at points of the plane."""
    size = len(field)
    place = (plane % 1.0) * size
    first = np.floor(place).astype(np.int32)
    t = (place - first).astype(np.float32)
    i0, j0 = first[..., 0] % size, first[..., 1] % size
    i1, j1 = (i0 + 1) % size, (j0 + 1) % size
    top = field[i0, j0] * (1 - t[..., 1]) + field[i0, j1] * t[..., 1]
    bottom = field[i1, j0] * (1 - t[..., 1]) + field[i1, j1] * t[..., 1]
    return top * (1 - t[..., 0]) + bottom * t[..., 0]


def _stars(rng: np.random.Generator, up: np.ndarray) -> np.ndarray:
    bright = (rng.random(up.shape) < 0.0012 * np.maximum(up, 0)) * rng.uniform(0.05, 0.5, up.shape)
    return bright[..., None].astype(np.float32)


def _with_ground(radiance: np.ndarray, up: np.ndarray, horizon: np.ndarray) -> np.ndarray:
    """Below the horizon: dull ground that fades into the haze."""
    ground = 0.32 * horizon * np.array([0.9, 0.88, 0.8], dtype=np.float32)
    haze = np.exp(np.minimum(up, 0.0) / 0.06)[..., None]
    return np.where((up < 0)[..., None], ground + (0.85 * horizon - ground) * haze, radiance)


def _with_horizon(rng: np.random.Generator, radiance: np.ndarray, direction: np.ndarray, look: SkyLook) -> np.ndarray:
    """Layers of hills, woods or houses that stand up from the horizon, the farther ones paler."""
    haze = radiance[HEIGHT_PX // 2 - 8 : HEIGHT_PX // 2 - 2].mean(axis=(0, 1))
    dark = {"hills": (0.10, 0.14, 0.08), "trees": (0.06, 0.10, 0.04), "town": (0.20, 0.18, 0.16)}[look.horizon]
    near = np.asarray(dark, dtype=np.float32) * float(np.clip(haze.mean() / 0.7, 0.02, 1.0))
    tangent = direction[..., 2] / np.maximum(np.hypot(direction[..., 0], direction[..., 1]), 1e-6)
    rows = slice(HEIGHT_PX // 2 - 64, HEIGHT_PX // 2 + 24)
    tangent, band = tangent[rows], radiance[rows]
    for layer in range(3):
        skyline = _skyline(rng, look.horizon, layer)
        colour = near + (haze - near) * (0.75 - 0.28 * layer)
        body = np.broadcast_to(colour, band.shape)
        if look.horizon == "town" and layer > 0:
            body = _with_windows(rng, body, tangent, look.weather)
        elif layer > 0:
            leaves = np.tile(smooth_noise(rng, HEIGHT_PX, 170, 170), (1, WIDTH_PX // HEIGHT_PX))[rows]
            body = body * (1 + 0.10 * layer * leaves)[..., None]
        inside = smoothstep(0.002, -0.002, tangent - skyline) * (tangent > -0.12)
        band = band + (body - band) * inside[..., None]
    return np.concatenate([radiance[: rows.start], band, radiance[rows.stop :]])


def _skyline(rng: np.random.Generator, horizon: str, layer: int) -> np.ndarray:
    """Height of a layer's skyline over the horizon as a tangent, one value a column; periodic."""
    if horizon == "town":
        cuts = np.sort(rng.random(70 - 15 * layer))
        heights = rng.uniform(0.01, 0.075 - 0.012 * layer, len(cuts) + 1)
        heights[rng.random(len(heights)) < 0.06] *= 1.8
        return heights[np.searchsorted(cuts, (np.arange(WIDTH_PX) + 0.5) / WIDTH_PX) % len(heights)]
    broad = fractal_line(rng, WIDTH_PX, 9 + 5 * layer)
    if horizon == "hills":
        fine = fractal_line(rng, WIDTH_PX, 24, 4)
        return np.maximum(0.085 - 0.022 * layer + 0.034 * broad + 0.005 * fine, 0.004)
    fine = fractal_line(rng, WIDTH_PX, 60, 4, gain=0.7)
    return np.maximum(0.060 - 0.008 * layer + 0.014 * broad + 0.014 * fine, 0.006)


def _with_windows(rng: np.random.Generator, body: np.ndarray, tangent: np.ndarray, weather: str) -> np.ndarray:
    """Rows of windows on distant houses: dark by day, some lit at night."""
    column = np.arange(WIDTH_PX)[None, :] // 4
    row = np.floor(tangent / 0.009).astype(int)
    pane = (np.arange(WIDTH_PX)[None, :] % 4 > 1) & ((tangent / 0.009) % 1.0 > 0.45) & (tangent > 0.0)
    if weather in ("dusk", "night"):
        lit = rng.random((64, WIDTH_PX // 4 + 1)) < 0.3
        glow = pane & lit[row % 64, column]
        return np.where(
            glow[..., None], np.array([0.9, 0.55, 0.22], dtype=np.float32) * (0.6 if weather == "dusk" else 0.35), body
        )
    return np.where(pane[..., None], body * 0.7, body)
