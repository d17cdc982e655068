"""Rotation matrices for posing: about axes, between directions, from two directions, two-bone inverse kinematics."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

Matrix = Float[np.ndarray, "3 3"]
Vector = Float[np.ndarray, "3"]

FORWARD, LEFT, UP = np.eye(3)


def about_x(angle_rad: float) -> Matrix:
    """About +x (forward): a positive angle raises the left side."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def about_y(angle_rad: float) -> Matrix:
    """About +y (left): a positive angle tilts forward and down."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def about_z(angle_rad: float) -> Matrix:
    """About +z (up): a positive angle turns to the left."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def about(axis: Vector, angle_rad: float) -> Matrix:
    """About any unit axis (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle_rad) * cross + (1 - math.cos(angle_rad)) * (cross @ cross)


def between(start: Vector, end: Vector) -> Matrix:
    """The smallest rotation that turns one unit vector into another, not its opposite."""
    v = _cross(start, end)
    cross = np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
    return np.eye(3) + cross + cross @ cross / (1.0 + float(start @ end))


def partial(rotation: Matrix, share: float) -> Matrix:
    """A share of a rotation of less than half a turn."""
    cosine = min(max((float(np.trace(rotation)) - 1.0) / 2.0, -1.0), 1.0)
    angle = math.acos(cosine)
    if angle < 1e-6:
        return np.eye(3)
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    return about(axis / max(float(np.linalg.norm(axis)), 1e-12), angle * share)


def frame(along: Vector, hinge: Vector) -> Matrix:
    """Orthonormal axes (columns): a bone's direction, the hinge made perpendicular to it, and their product."""
    first = unit(along)
    second = unit(hinge - (hinge @ first) * first)
    return np.stack([first, second, _cross(first, second)], axis=1)


def unit(vector: Vector) -> Vector:
    return vector / max(math.sqrt(float(vector @ vector)), 1e-12)


def middle_joint(start: Vector, end: Vector, first_m: float, second_m: float, towards: Vector) -> tuple[Vector, Vector]:
    """Where the knee (or elbow) is, bent ``towards`` a direction, and where the end is.

    The end is ``end`` itself if two bones of the given lengths reach it, else the nearest point that they do reach.
    """
    line = end - start
    distance = math.sqrt(float(line @ line))
    direction = line / max(distance, 1e-12)
    reached = min(max(distance, abs(first_m - second_m) + 1e-6), first_m + second_m - 1e-9)
    along = (reached**2 + first_m**2 - second_m**2) / (2 * reached)
    aside = math.sqrt(max(first_m**2 - along**2, 0.0))
    bend = unit(towards - (towards @ direction) * direction)
    return start + along * direction + aside * bend, start + reached * direction


def _cross(a: Vector, b: Vector) -> Vector:
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
