"""Sun, sky and lamps of a set: what time of day it is and how bright it gets where."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cinescene.sets.description import Colour, SkyLook, SunLight
from cinescene.sets.layouts.plan import Edge, Plan
from cinescene.sets.layouts.shell import SIDES, Rect


@dataclass(frozen=True, kw_only=True)
class Mood:
    """The light of a set as a whole."""

    sun: SunLight | None
    sky: SkyLook
    ambient_up: Colour
    ambient_down: Colour

    @property
    def dark(self) -> bool:
        return self.sky.weather in ("dusk", "night")


def _scaled(colour: Colour, factor: float) -> Colour:
    return (float(colour[0] * factor), float(colour[1] * factor), float(colour[2] * factor))


def outdoor_mood(plan: Plan) -> Mood:
    """Weather and hour out of doors."""
    weather = plan.pick(["clear", "fair", "overcast", "dusk", "night"], [0.3, 0.32, 0.16, 0.16, 0.06])
    azimuth = plan.between(-math.pi, math.pi)
    elevation = plan.between(0.45, 1.05)
    horizon = plan.pick(["hills", "trees", "town"], [0.25, 0.25, 0.5])
    sky = SkyLook(weather=weather, seed=int(plan.rng.integers(2**31)), horizon=horizon)  # type: ignore[arg-type]
    warm = plan.between(0.0, 1.0)
    if weather in ("clear", "fair"):
        colour = _scaled((1.0, 0.96 - 0.08 * warm, 0.9 - 0.22 * warm), plan.between(1.25, 1.6))
        sun = SunLight(azimuth_rad=azimuth, elevation_rad=elevation, colour=colour)
        return Mood(sun=sun, sky=sky, ambient_up=(0.42, 0.51, 0.66), ambient_down=(0.27, 0.26, 0.24))
    if weather == "overcast":
        sun = SunLight(azimuth_rad=azimuth, elevation_rad=elevation, colour=(0.28, 0.28, 0.29))
        return Mood(sun=sun, sky=sky, ambient_up=(0.84, 0.87, 0.92), ambient_down=(0.38, 0.38, 0.37))
    if weather == "dusk":
        low = plan.between(0.08, 0.3)
        sun = SunLight(
            azimuth_rad=azimuth, elevation_rad=low, colour=_scaled((1.0, 0.55, 0.28), plan.between(0.7, 1.3))
        )
        return Mood(sun=sun, sky=sky, ambient_up=(0.28, 0.29, 0.42), ambient_down=(0.19, 0.15, 0.14))
    moon = SunLight(azimuth_rad=azimuth, elevation_rad=elevation, colour=(0.07, 0.085, 0.13))
    return Mood(sun=moon, sky=sky, ambient_up=(0.085, 0.10, 0.16), ambient_down=(0.055, 0.052, 0.06))


def indoor_mood(plan: Plan, window_sides: list[str]) -> Mood:
    """Light of a room: a sun that comes in through its windows, or a grey day, or the evening."""
    weather = plan.pick(["clear", "fair", "overcast", "dusk", "night"], [0.34, 0.26, 0.16, 0.14, 0.10])
    outward = {"south": -math.pi / 2, "east": 0.0, "north": math.pi / 2, "west": math.pi}
    facing = outward[window_sides[0]] if window_sides else 0.0
    azimuth = facing + plan.between(-0.9, 0.9)
    horizon = plan.pick(["hills", "trees", "town"])
    bright = {"clear": 1.5, "fair": 1.5, "overcast": 1.3, "dusk": 1.0, "night": 1.0}[weather]
    sky = SkyLook(weather=weather, seed=int(plan.rng.integers(2**31)), brightness=bright, horizon=horizon)  # type: ignore[arg-type]
    up, down, light = _INDOORS[weather]
    level = plan.between(0.85, 1.2)
    sun = None
    if weather in ("clear", "fair"):
        colour = _scaled(light, plan.between(1.8, 2.6))
        sun = SunLight(azimuth_rad=azimuth, elevation_rad=plan.between(0.35, 0.85), colour=colour)
    elif weather == "dusk":
        colour = _scaled(light, plan.between(1.0, 1.8))
        sun = SunLight(azimuth_rad=azimuth, elevation_rad=plan.between(0.08, 0.25), colour=colour)
    return Mood(sun=sun, sky=sky, ambient_up=_scaled(up, level), ambient_down=_scaled(down, level))


_INDOORS: dict[str, tuple[Colour, Colour, Colour]] = {
    "clear": ((0.58, 0.59, 0.62), (0.56, 0.52, 0.46), (1.0, 0.93, 0.8)),
    "fair": ((0.60, 0.61, 0.63), (0.55, 0.52, 0.47), (1.0, 0.94, 0.84)),
    "overcast": ((0.60, 0.63, 0.68), (0.48, 0.48, 0.47), (1.0, 1.0, 1.0)),
    "dusk": ((0.32, 0.29, 0.33), (0.32, 0.25, 0.20), (1.0, 0.5, 0.24)),
    "night": ((0.22, 0.20, 0.19), (0.22, 0.18, 0.14), (1.0, 1.0, 1.0)),
}
"""Light from above, light from below (thrown back by the floor) and the sun's hue in rooms."""


def light_indoors(plan: Plan, rect: Rect, height: float, edges: dict[str, Edge], mood: Mood) -> None:
    """Sky light from each window; lamps weaker by day and stronger by night; never a room in the dark."""
    factor = 1.7 if mood.dark else 0.8
    plan.lamps[:] = [replace(lamp, colour=_scaled(lamp.colour, factor)) for lamp in plan.lamps]
    if not mood.dark:
        tint = (0.88, 0.95, 1.08) if mood.sky.weather != "dusk" else (1.0, 0.8, 0.65)
        for side in SIDES:
            for opening in edges[side].openings if side in edges else ():
                if opening.filling == "window":
                    x, y = edges[side].at(opening.offset_m + opening.width_m / 2, 0.5)
                    z = opening.sill_m + 0.55 * opening.height_m
                    area = opening.width_m * opening.height_m
                    plan.light((x, y, z), tint, 0.3 * min(area, 4.0), 0.7)
    if not plan.lamps:
        middle = ((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2, height - 0.4)
        plan.light(middle, (1.0, 0.9, 0.75), 1.4, 0.3)
