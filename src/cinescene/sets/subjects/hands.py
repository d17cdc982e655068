"""Hands at ease: MakeHuman models them with spread fingers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.body_data import body_data
from cinescene.sets.subjects.rig import SIDES

CURL_RAD = (0.30, 0.45, 0.30)
"""Of the three joints of a finger."""
CLOSED, THUMB_CLOSED = 0.75, 0.40
"""How far fingers turn parallel to the middle one, and the thumb towards it."""


def relaxed_hands(vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """The body with slightly curled, closed fingers."""
    vertices = vertices.copy()
    for side in SIDES:
        middle = _direction(vertices, "finger3", side)
        knuckles = rot.unit(_head(vertices, f"finger5-1.{side}") - _head(vertices, f"finger2-1.{side}"))
        bent = _direction(vertices, "finger3", side, 2) - _direction(vertices, "finger3", side, 1)
        axis = knuckles if np.cross(knuckles, middle) @ bent > 0 else -knuckles
        moved = [_curled(vertices, f"finger{k}", side, middle, axis) for k in range(1, 6)]
        vertices = vertices + sum(moved)
    return vertices


def _curled(vertices: np.ndarray, finger: str, side: str, middle: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """How far each vertex moves as one finger bends."""
    thumb = finger == "finger1"
    towards = rot.between(_direction(vertices, finger, side), middle)
    turned = rot.partial(towards, THUMB_CLOSED if thumb else CLOSED)
    names, weights = body_data().bones, body_data().weights
    moved = np.zeros_like(vertices)
    start = place = _head(vertices, f"{finger}-1.{side}")
    for joint, angle in enumerate(CURL_RAD, start=1):
        head = _head(vertices, f"{finger}-{joint}.{side}")
        place = place + turned @ (head - start)
        start = head
        turned = turned @ rot.about(axis, 0.0 if thumb else angle)
        weight = weights[:, names.index(f"{finger}-{joint}.{side}")]
        hit = np.flatnonzero(weight)
        goal = place + (vertices[hit] - head) @ turned.T
        moved[hit] += weight[hit, None] * (goal - vertices[hit])
    return moved


def _direction(vertices: np.ndarray, finger: str, side: str, joint: int = 1) -> np.ndarray:
    return rot.unit(_head(vertices, f"{finger}-{joint + 1}.{side}") - _head(vertices, f"{finger}-{joint}.{side}"))


def _head(vertices: np.ndarray, bone: str) -> np.ndarray:
    return vertices[body_data().heads[bone]].mean(axis=0)
