"""Hats: knitted caps, peaked caps and brimmed hats that sit on the head."""

from __future__ import annotations

from typing import Literal

import numpy as np

from cinescene.sets.subjects.dress_form import DressForm
from cinescene.sets.subjects.hair import COLUMNS, Shell, grid_shell, head_middle, head_scale, head_weights
from cinescene.sets.subjects.scalp import elevation_at_height, scalp_points

Hat = Literal["beanie", "cap", "brimmed hat"]

CROWN = np.linspace(0.0, 1.0, 10)[:, None]


def hat_shells(form: DressForm, hat: Hat) -> tuple[Shell, ...]:
    """A hat on a shaped body at rest."""
    if hat == "beanie":
        return (_beanie(form),)
    if hat == "cap":
        return (_dome(form, front=0.795, back=0.765, loose_m=0.016), _peak(form))
    return (_dome(form, front=0.792, back=0.770, loose_m=0.018, tall_m=0.030), _brim(form))


def _azimuth() -> np.ndarray:
    return np.linspace(-np.pi, np.pi, COLUMNS + 1)


def _edge(azimuth: np.ndarray, front: float, back: float) -> np.ndarray:
    """Elevations of a slanting line about the head, given by its heights on the base mesh."""
    height = (front + back) / 2 + (front - back) / 2 * np.cos(azimuth)
    return elevation_at_height(azimuth, height)


def _dome(form: DressForm, front: float, back: float, loose_m: float, tall_m: float = 0.0) -> Shell:
    azimuth = _azimuth()
    edge = _edge(azimuth, front, back)
    elevation = np.radians(89.0) + CROWN * (edge - np.radians(89.0))
    scalp = scalp_points(np.broadcast_to(azimuth, elevation.shape), elevation).on(form.vertices)
    size = head_scale(form)
    outward = scalp - head_middle(form)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    points = scalp + outward * loose_m * size
    points[..., 2] += tall_m * size * (1 - CROWN**4)
    points[0] = points[0].mean(axis=0)
    tucked = points[-1:] - outward[-1:] * loose_m * size
    points = np.concatenate([points, tucked])
    return grid_shell(points, head_weights(*points.shape[:2]), azimuth)


def _beanie(form: DressForm) -> Shell:
    azimuth = _azimuth()
    edge = _edge(azimuth, 0.790, 0.725)
    down = np.concatenate([np.linspace(0.0, 0.80, 9), [0.81, 0.84, 0.97, 1.0, 1.0]])[:, None]
    loose = np.concatenate([np.linspace(0.034, 0.014, 9), [0.020, 0.025, 0.025, 0.019, 0.001]])[:, None]
    elevation = np.radians(89.0) + down * (edge - np.radians(89.0))
    scalp = scalp_points(np.broadcast_to(azimuth, elevation.shape), elevation).on(form.vertices)
    outward = scalp - head_middle(form)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    points = scalp + outward * (loose * head_scale(form))[..., None]
    points[0] = points[0].mean(axis=0)
    return grid_shell(points, head_weights(*points.shape[:2]), azimuth)


def _peak(form: DressForm) -> Shell:
    """The visor of a cap: out over the brow and back underneath."""
    size = head_scale(form)
    azimuth = np.linspace(-0.95, 0.95, 13)
    edge = _edge(azimuth, 0.797, 0.765)
    start = scalp_points(azimuth, edge).on(form.vertices)
    outward = (start - head_middle(form)) * [1.0, 1.0, 0.0]
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    start = start + outward * 0.010 * size
    reach = 0.078 * size * np.clip(np.cos(azimuth * 1.6), 0.0, None) ** 0.6
    rows = []
    for share in (0.0, 0.5, 1.0):
        forward = np.stack([reach * share, np.zeros(13), -0.016 * size * share * np.ones(13)], axis=-1)
        bow = -0.020 * size * np.sin(np.abs(azimuth)) ** 2 * share
        rows.append(start + forward + bow[:, None] * [0.0, 0.0, 1.0])
    upper = np.stack(rows)
    lower = upper[::-1] - [0.0, 0.0, 0.005 * size]
    points = np.concatenate([upper, lower])
    return grid_shell(points, head_weights(*points.shape[:2]))


def _brim(form: DressForm) -> Shell:
    size = head_scale(form)
    azimuth = _azimuth()
    start = scalp_points(azimuth, _edge(azimuth, 0.793, 0.771)).on(form.vertices)
    outward = (start - head_middle(form)) * [1.0, 1.0, 0.0]
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    wave = -0.012 * size * np.cos(2 * azimuth)
    upper = np.stack(
        [
            start + outward * (0.012 + 0.070 * share) * size + (wave * share)[:, None] * [0.0, 0.0, 1.0]
            for share in (0.0, 0.5, 1.0)
        ]
    )
    lower = upper[::-1] - [0.0, 0.0, 0.006 * size]
    points = np.concatenate([upper, lower])
    return grid_shell(points, head_weights(*points.shape[:2]), azimuth)
