"""Garments cut from the suit that lies about a body: tops, trousers, jackets; each a surface that moves with it.

A garment begins as a `loosened` copy of the whole suit, so that one can be worn over another, and is then cut out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects.dress_form import DressForm, arm_share
from cinescene.sets.subjects.rig import INDEX, NAMES, SIDES
from cinescene.sets.subjects.surface import Surface, cut, thickened, with_bones_replaced

LAYER_GAP_M = 0.006
"""How far a garment stays off the one under it."""


@dataclass(frozen=True, kw_only=True)
class TopCut:
    """How a garment for the upper body is cut, in metres for a trunk of usual size.

    ``sleeve`` is how far it goes down the arm (1 elbow, 2 wrist; 0 for none), ``hem`` a height between hips (0) and
    neck (1), ``neck_m`` the depth of a V below the collar, ``stand_m`` how far the collar stands up the neck.
    ``loose_m`` is the distance from the body, ``sleeve_m`` the least radius of a sleeve at its end, ``rounds`` how
    much is smoothed.
    """

    sleeve: float
    hem: float
    neck_m: float = 0.0
    stand_m: float = 0.0
    loose_m: float = 0.008
    sleeve_m: float = 0.0
    rounds: int = 4


@dataclass(frozen=True, kw_only=True)
class LegCut:
    """How trousers are cut: ``end`` along the leg (1 knee, 2 ankle), ``waist`` like a hem, ``leg_m`` a least radius."""

    end: float
    waist: float = 0.17
    loose_m: float = 0.008
    leg_m: float = 0.0
    rounds: int = 4


TOPS = {
    "t-shirt": TopCut(sleeve=0.62, hem=-0.02, loose_m=0.012, sleeve_m=0.066, rounds=8),
    "tank top": TopCut(sleeve=0.0, hem=0.02, neck_m=0.05, loose_m=0.008, rounds=4),
    "shirt": TopCut(sleeve=1.86, hem=0.0, neck_m=0.05, loose_m=0.013, sleeve_m=0.042, rounds=8),
    "blouse": TopCut(sleeve=1.45, hem=0.03, neck_m=0.08, loose_m=0.014, sleeve_m=0.055, rounds=8),
    "sweater": TopCut(sleeve=1.90, hem=-0.03, stand_m=0.012, loose_m=0.016, sleeve_m=0.046, rounds=14),
    "jacket": TopCut(sleeve=1.90, hem=-0.10, neck_m=0.20, loose_m=0.020, sleeve_m=0.048, rounds=16),
    "coat": TopCut(sleeve=1.94, hem=0.14, neck_m=0.10, loose_m=0.024, sleeve_m=0.050, rounds=18),
    "dress": TopCut(sleeve=0.55, hem=0.16, neck_m=0.05, loose_m=0.010, sleeve_m=0.06, rounds=6),
}
LEGS = {
    "trousers": LegCut(end=1.93, leg_m=0.088, rounds=6),
    "jeans": LegCut(end=1.90, leg_m=0.072, rounds=4),
    "wide trousers": LegCut(end=1.96, leg_m=0.118, loose_m=0.011, rounds=8),
    "leggings": LegCut(end=1.88, loose_m=0.004, rounds=1),
    "shorts": LegCut(end=0.78, leg_m=0.095, loose_m=0.012, rounds=6),
}


def loosened_top(form: DressForm, pattern: TopCut, under: Sequence[Surface] = ()) -> Surface:
    """The whole suit as far off the body as this top, and off the garments ``under`` it."""
    close = 1.0 - 0.55 * np.clip(arm_share(form.suit), 0.0, 1.0)
    loose = thickened(form.suit, pattern.loose_m * form.scale * close, pattern.rounds)
    loose = _with_wide_arms(form, loose, pattern)
    return _over(form, loose, under)


def loosened_legs(form: DressForm, pattern: LegCut, under: Sequence[Surface] = ()) -> Surface:
    """The whole suit as far off the body as these trousers."""
    loose = thickened(form.suit, pattern.loose_m * form.scale, pattern.rounds)
    loose = _with_wide_legs(form, loose, pattern)
    return _over(form, loose, under)


def cut_top(form: DressForm, pattern: TopCut, loose: Surface) -> Surface:
    """A top, cut out of the loosened suit; its hems are still open."""
    above = form.suit.positions[:, 2] - form.height(min(pattern.hem, -0.02) - 0.2)
    field = np.minimum(top_field(form, loose, pattern, pattern.loose_m), above)
    return _without(cut(loose, field), ("hand",), "wrist")


def cut_legs(form: DressForm, pattern: LegCut, loose: Surface) -> Surface:
    """Trousers, cut out of the loosened suit; their hems are still open."""
    field = np.minimum(leg_field(form, loose, pattern), 0.5 - arm_share(form.suit))
    return _without(cut(loose, field), ("foot", "toes"), "shin")


def top_field(form: DressForm, surface: Surface, pattern: TopCut, loose_m: float = 0.0) -> Float[np.ndarray, "n"]:
    """Above zero where a top covers a surface that lies so far off the body, about metres."""
    bare = (0.30 - arm_share(surface)) * 0.1
    sleeve = (pattern.sleeve - form.sleeve(surface)) * 0.25 if pattern.sleeve > 0 else bare
    above = surface.positions[:, 2] - form.height(pattern.hem)
    return np.minimum(np.minimum(above, sleeve), neckline(form, surface, pattern, loose_m))


def leg_field(form: DressForm, surface: Surface, pattern: LegCut) -> Float[np.ndarray, "n"]:
    """Above zero where trousers cover the body, about metres."""
    below = form.height(pattern.waist) - surface.positions[:, 2]
    return np.minimum(below, (pattern.end - form.leg(surface)) * 0.4)


def neckline(form: DressForm, surface: Surface, pattern: TopCut, loose_m: float = 0.0) -> Float[np.ndarray, "n"]:
    """Above zero outside a ring about the neck and the V in front of it, on a surface so far off the body."""
    size = form.scale
    pit = form.skeleton.joint("clavicle.L")
    x, y, z = surface.positions.T
    apart = form.neck_distance(surface.positions) - form.neck_radius - (0.008 + loose_m) * size
    height = form.neck_height(surface.positions)
    ring = np.maximum(apart, (pattern.stand_m - 0.03) * size - 0.625 * (x - pit[0]) - height)
    if pattern.neck_m <= 0:
        return ring
    bottom = pit[2] - pattern.neck_m * size
    half = form.neck_radius * np.clip((z - bottom) / (pit[2] + 0.03 * size - bottom), 0.0, 1.5)
    beside = np.maximum(np.abs(y) - half, bottom - z)
    behind = (pit[0] - 0.01 * size - x) * 0.5
    return np.minimum(ring, np.maximum(beside, behind))


def _over(form: DressForm, loose: Surface, under: Sequence[Surface]) -> Surface:
    normals = form.suit.normals
    for lower in under:
        gap = ((loose.positions - lower.positions) * normals).sum(axis=1)
        loose = loose.moved(normals * np.maximum(LAYER_GAP_M * form.scale - gap, 0.0)[:, None])
    return loose


def _with_wide_arms(form: DressForm, surface: Surface, pattern: TopCut) -> Surface:
    """Sleeves hang away from the arm, ever more towards their end."""
    radius = pattern.sleeve_m * form.scale
    if radius <= 0 or pattern.sleeve <= 0:
        return surface
    along = form.sleeve(form.suit)
    positions = surface.positions.copy()
    for side in SIDES:
        limb = form.limb(positions, (f"upperarm.{side}", f"forearm.{side}", f"hand.{side}"))
        arm = (along > 0) & ((positions[:, 1] > 0) == (side == "L"))
        share = np.clip(along / max(pattern.sleeve, 0.3), 0.0, 1.0) ** 1.5
        wider = np.where(arm, np.maximum(radius - limb.radius_m, 0.0) * share, 0.0)
        positions += (positions - limb.axis) / np.maximum(limb.radius_m, 1e-6)[:, None] * wider[:, None]
    return replace(surface, positions=positions)


def _with_wide_legs(form: DressForm, surface: Surface, pattern: LegCut) -> Surface:
    """Trouser legs are tubes of at least some radius below the thigh."""
    radius = pattern.leg_m * form.scale
    positions = surface.positions.copy()
    for side in SIDES:
        limb = form.limb(positions, (f"thigh.{side}", f"shin.{side}", f"foot.{side}"))
        leg = (positions[:, 1] > 0) == (side == "L")
        share = np.clip((limb.along - 0.35) / 0.5, 0.0, 1.0)
        share = share * share * (3 - 2 * share)
        wider = np.where(leg, np.maximum(radius - limb.radius_m, 0.0) * share, 0.0)
        outward = (positions - limb.axis) / np.maximum(limb.radius_m, 1e-6)[:, None]
        positions += outward * wider[:, None]
    return replace(surface, positions=positions)


def _without(surface: Surface, bones: tuple[str, ...], instead: str) -> Surface:
    """With the weights of bones on both sides given to another one: cuffs do not turn with the hands."""

    def replaced(index: int) -> int:
        name, _, side = NAMES[index].partition(".")
        return INDEX[f"{instead}.{side}"] if side and name in bones else index

    return with_bones_replaced(surface, replaced)
