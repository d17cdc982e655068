"""Shoes, lofted along the foot; they bend at the ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects.dress_form import DressForm
from cinescene.sets.subjects.feet import FootShape
from cinescene.sets.subjects.hair import Shell, grid_shell
from cinescene.sets.subjects.rig import INDEX, NAMES, SIDES

RING = 14


@dataclass(frozen=True, kw_only=True)
class ShoeCut:
    """A shoe for a foot of 25 cm: thickness of the sole, height at the ankle, roundness of the toe, room about it."""

    sole_m: float
    collar_m: float
    toe_m: float = 0.012
    wide: float = 1.0


SHOES = {
    "shoes": ShoeCut(sole_m=0.016, collar_m=0.068),
    "sneakers": ShoeCut(sole_m=0.026, collar_m=0.080, wide=1.08),
    "boots": ShoeCut(sole_m=0.024, collar_m=0.130, toe_m=0.016, wide=1.08),
}


def foot_shape(form: DressForm, shoe: ShoeCut) -> FootShape:
    """The shod foot, for stepping."""
    ankle, toes = form.skeleton.joint("foot.L"), form.skeleton.joint("toes.L")
    length, heel = _length(form), _heel(form)
    sole = shoe.sole_m * length / 0.25
    return FootShape(
        ankle_m=float(ankle[2]) + sole,
        heel_m=heel + 0.004,
        ball_m=float(np.hypot(*(toes - ankle)[:2])),
        toe_m=length - heel + shoe.toe_m * length / 0.25,
        ball_up_m=float(toes[2]) + sole,
    )


def shoe_shells(form: DressForm, shoe: ShoeCut) -> tuple[tuple[Shell, Shell], tuple[Shell, Shell]]:
    """(Uppers left and right), (soles left and right), for the body at rest; soles reach below z = 0."""
    uppers, soles = zip(*(_pair(form, shoe, side) for side in SIDES), strict=True)
    return (uppers[0], uppers[1]), (soles[0], soles[1])


def _pair(form: DressForm, shoe: ShoeCut, side: str) -> tuple[Shell, Shell]:
    size = _length(form) / 0.25
    shape = foot_shape(form, shoe)
    along = np.concatenate([[0.0], (1 - np.cos(np.linspace(0.12, np.pi - 0.12, 14))) / 2, [1.0]])
    x = -shape.heel_m - 0.004 * size + along * (shape.length_m + 0.004 * size)
    width = np.interp(
        along, [0.0, 0.05, 0.2, 0.45, 0.7, 0.85, 0.95, 1.0], [0.014, 0.026, 0.033, 0.034, 0.045, 0.042, 0.026, 0.008]
    )
    width = width * size * shoe.wide
    sense = 1.0 if side == "L" else -1.0
    curve = sense * size * np.interp(along, [0.0, 0.4, 0.75, 1.0], [0.0, 0.004, 0.004, -0.008])
    collar = shoe.collar_m
    top = size * np.interp(
        along,
        [0.0, 0.06, 0.25, 0.42, 0.55, 0.72, 0.88, 1.0],
        [0.55 * collar, 0.97 * collar, 1.06 * collar, 1.06 * collar, 0.076, 0.056, 0.040, 0.016],
    )
    sole = shoe.sole_m * size
    spring = size * 0.012 * np.clip((along - 0.78) / 0.22, 0.0, 1.0) ** 2
    upper = _upper(x, curve, width, top, sole * 0.7, spring)
    bottom = _sole(x, curve, width * 1.05 + 0.0015, sole, spring)
    return _placed(form, upper, side, sole), _placed(form, bottom, side, sole)


def _upper(
    x: np.ndarray, y: np.ndarray, width: np.ndarray, top: np.ndarray, bottom: float, spring: np.ndarray
) -> np.ndarray:
    """Rings that are upright at the sole and rounded on top."""
    angle = np.linspace(0.0, np.pi, RING)[None, :]
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.75
    high = np.sin(angle) ** 0.8
    z = bottom + spring[:, None] + (top - bottom - 0.5 * spring)[:, None] * high
    taper = 1.0 - 0.22 * high * (top[:, None] > 0.06)
    return np.stack(np.broadcast_arrays(x[:, None], y[:, None] - width[:, None] * across * taper, z), axis=-1)


def _sole(x: np.ndarray, y: np.ndarray, width: np.ndarray, height: float, spring: np.ndarray) -> np.ndarray:
    """Side wall and bottom."""
    rows = [(1.0, height), (1.0, 0.003), (0.94, 0.0), (-0.94, 0.0), (-1.0, 0.003), (-1.0, height)]
    points = [np.stack([x, y + share * width, z + spring], axis=-1) for share, z in rows]
    return np.stack(points, axis=1)


def _placed(form: DressForm, points: Float[np.ndarray, "r c 3"], side: str, sole_m: float) -> Shell:
    """From the foot's own axes (ankle over the origin, sole on z = 0) onto the body at rest, bending at the ball."""
    ankle, toes = form.skeleton.joint(f"foot.{side}"), form.skeleton.joint(f"toes.{side}")
    yaw = np.arctan2(*(toes - ankle)[1::-1])
    forward, left = np.array([np.cos(yaw), np.sin(yaw), 0.0]), np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    ball = float(np.hypot(*(toes - ankle)[:2]))
    placed = [*ankle[:2], -sole_m] + points[..., :1] * forward + points[..., 1:2] * left
    placed[..., 2] += points[..., 2]
    bent = np.clip((points[..., 0] - ball) / 0.03 + 0.5, 0.0, 1.0)
    weights = np.zeros((*points.shape[:2], len(NAMES)), dtype=np.float32)
    weights[..., INDEX[f"foot.{side}"]] = 1 - bent
    weights[..., INDEX[f"toes.{side}"]] = bent
    return grid_shell(placed, weights)


def _length(form: DressForm) -> float:
    x = _foot_x(form)
    return float(x.max() - x.min())


def _heel(form: DressForm) -> float:
    return float(form.skeleton.joint("foot.L")[0] - _foot_x(form).min())


def _foot_x(form: DressForm) -> np.ndarray:
    share = form.suit.weights[:, [INDEX["foot.L"], INDEX["toes.L"]]].sum(axis=1)
    return form.suit.positions[share > 0.8, 0]
