"""A stool, for those who sit down where the set has no seat."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from cinescene.sets.mesh import Mesh
from cinescene.sets.mesh_operations import placed
from cinescene.sets.primitives import lathe, tube
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.rigid import Assembly, Piece, motion, paint

RADIUS_M = 0.185


@lru_cache(maxsize=8)
def _stool(height_m: float, colour: Colour) -> Assembly:
    seat, wood = paint(colour, 0.15, 20.0), paint((0.40, 0.27, 0.16), 0.15, 20.0)
    top = height_m
    edge = np.array(
        [(0, top - 0.045), (0.93, top - 0.045), (1.0, top - 0.035), (1.0, top - 0.012), (0.95, top), (0, top)]
    )
    edge[:, 0] *= RADIUS_M
    pieces = [Piece(part="stool", mesh=lathe(edge, seat, 28))]
    for k in range(4):
        angle = math.pi / 4 + k * math.pi / 2
        upper = np.array([0.115 * math.cos(angle), 0.115 * math.sin(angle), top - 0.04])
        lower = np.array([0.165 * math.cos(angle), 0.165 * math.sin(angle), 0.0])
        pieces.append(Piece(part="stool", mesh=tube(np.stack([lower, upper]), 0.015, wood, 8)))
        ring = placed(tube(np.array([(0.137, 0.0, 0.0), (0.0, 0.137, 0.0)]), 0.009, wood, 6), (0, 0, 0.45 * top), angle)
        pieces.append(Piece(part="stool", mesh=ring))
    return Assembly(pieces)


def stool_meshes(place_m: np.ndarray, height_m: float, colour: Colour) -> list[Mesh]:
    """A stool whose seat is ``height_m`` above the floor point ``place_m``."""
    return _stool(height_m, colour).posed({"stool": motion(np.eye(3), place_m)})
