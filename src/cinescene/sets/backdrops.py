"""A user's panorama or HDRI as the sky and light of a set."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from cinescene.sets.description import SetDescription, SunLight
from cinescene.sets.sky import sky_from_picture

SUN_CONTRAST = 12.0
"""A spot this much brighter than the upper half on average is taken for the sun; only an HDRI has such."""
SUN_SHARE = 2e-4
"""Share of the picture that the spot may cover."""
OUTDOOR_LIGHT = 0.62
"""Mean light from above that outdoor sets are exposed for."""


def with_backdrop(description: SetDescription, picture: np.ndarray, name: str, turn_rad: float = 0.0) -> SetDescription:
    """The set under a picture's sky: pass the same picture to `cinescene.sets.stage.build_stage`.

    ``picture`` is equirectangular (h, w, 3), uint8 sRGB or float linear radiance, its middle towards +y once
    ``turn_rad`` has turned it counter-clockwise; ``name`` is stored in the description. The picture's brightness is
    set to what the set is exposed for. Out of doors its light from above and below replaces the set's; the sun is
    put where an HDRI has one, and left out where the picture shows none. Rooms and halls keep their own light; the
    ground, trees and houses that were built beyond their windows give way to the picture.
    Raises `InputError` for a picture that is no panorama.
    """
    radiance = sky_from_picture(picture, turn_rad).radiance
    up, down = _light(radiance, upper=True), _light(radiance, upper=False)
    level = max(float(up.mean()), 1e-6)
    outdoors = description.kind in ("courtyard", "street")
    brightness = (OUTDOOR_LIGHT if outdoors else 1.4 * OUTDOOR_LIGHT) / level
    look = dataclasses.replace(
        description.sky, backdrop=name, backdrop_turn_rad=float(turn_rad), brightness=float(brightness)
    )
    lit = dataclasses.replace(description, sky=look, sun=_sun(radiance, level))
    if not outdoors:
        return _without_surroundings(lit)
    above, below = (brightness * up).tolist(), (0.6 * brightness * down).tolist()
    return dataclasses.replace(
        lit, ambient_up=(above[0], above[1], above[2]), ambient_down=(below[0], below[1], below[2])
    )


def _without_surroundings(description: SetDescription) -> SetDescription:
    """A room or hall without what stands outside it."""

    def inside(x: float, y: float) -> bool:
        return any(a.low[0] <= x <= a.high[0] and a.low[1] <= y <= a.high[1] for a in description.air)

    return dataclasses.replace(
        description,
        buildings=(),
        pieces=tuple(piece for piece in description.pieces if inside(*piece.position[:2])),
        slabs=tuple(slab for slab in description.slabs if slab.high[2] >= 0.0),
    )


def _directions(height: int, width: int) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w"]]:
    """World directions of an equirectangular picture's pixels and the solid angles that they cover."""
    longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * math.pi
    latitude = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    longitude, latitude = np.meshgrid(longitude, latitude)
    level = np.cos(latitude)
    direction = np.stack([level * np.sin(longitude), level * np.cos(longitude), np.sin(latitude)], axis=-1)
    return direction, level * (2 * math.pi / width) * (math.pi / height)


def _light(radiance: np.ndarray, upper: bool) -> Float[np.ndarray, "3"]:
    """What a white matt plate that faces up (or down) sends back, the sun left out: irradiance over π."""
    direction, solid_angle = _directions(*radiance.shape[:2])
    cosine = np.maximum(direction[..., 2] if upper else -direction[..., 2], 0.0) * solid_angle
    dim = np.minimum(radiance, np.quantile(radiance, 1 - 2 * SUN_SHARE))
    return (dim * cosine[..., None]).sum(axis=(0, 1)) / math.pi


def _sun(radiance: np.ndarray, level: float) -> SunLight | None:
    """Direction and colour of the brightest spot, if it is bright and small enough to be the sun."""
    luminance = radiance @ np.array([0.2126, 0.7152, 0.0722])
    spot = luminance > np.quantile(luminance, 1 - SUN_SHARE)
    if not spot.any() or luminance[spot].mean() < SUN_CONTRAST * level:
        return None
    direction, solid_angle = _directions(*radiance.shape[:2])
    weight = (luminance * solid_angle)[spot]
    middle = (direction[spot] * weight[:, None]).sum(axis=0)
    middle /= np.linalg.norm(middle)
    if middle[2] <= 0.02:
        return None
    colour = (radiance[spot] * weight[:, None]).sum(axis=0)
    red, green, blue = (1.4 * colour / colour.max()).tolist()
    return SunLight(
        azimuth_rad=math.atan2(middle[1], middle[0]),
        elevation_rad=math.asin(float(np.clip(middle[2], -1.0, 1.0))),
        colour=(red, green, blue),
    )
