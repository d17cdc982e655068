"""Skirts and coat tails: rings about hips and legs that hang, spread, and give way to knees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from cinescene.sets.subjects.dress_form import DressForm, arm_share
from cinescene.sets.subjects.hair import Shell, grid_shell
from cinescene.sets.subjects.rig import INDEX, LEG, NAMES, SIDES
from cinescene.sets.subjects.surface import Surface, shading_matrix

COLUMNS = 32
ROW_M = 0.045
PUSH_LIMIT_M = 0.45
LINING_M = 0.006
LEAST_ACROSS = 0.25
"""Cloth gives way to a leg across it, not along it: least square of the sine between the leg and the way out."""


@dataclass(frozen=True, kw_only=True)
class SkirtCut:
    """From a height between hips (0) and neck (1) down to a place along the leg (1 knee, 2 ankle).

    ``flare`` is how much the radius grows over the length, ``gap_m`` the distance from what is under it.
    """

    waist: float
    end: float
    flare: float = 0.12
    gap_m: float = 0.008


SKIRTS = {
    "skirt": SkirtCut(waist=0.20, end=0.85, flare=0.22),
    "short skirt": SkirtCut(waist=0.18, end=0.55, flare=0.30),
    "long skirt": SkirtCut(waist=0.20, end=1.80, flare=0.16),
    "dress": SkirtCut(waist=0.26, end=0.92, flare=0.24, gap_m=0.010),
    "coat": SkirtCut(waist=0.24, end=0.95, flare=0.12, gap_m=0.004),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Skirt:
    """A grid of cloth at rest (rows down from the waist, then up its lining), and the thickness of the legs in it."""

    shell: Shell
    rows: int
    outward: Float[np.ndarray, "n 3"]
    thigh_m: float
    shin_m: float
    shading: csr_matrix

    def normals(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Unit normals of the posed cloth."""
        triangles = self.shell.surface.triangles
        a, b, c = (positions[triangles[:, corner]] for corner in range(3))
        normals = self.shading @ np.cross(b - a, c - a)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def pushed(
        self, positions: Float[np.ndarray, "n 3"], outward: Float[np.ndarray, "n 3"], joints: Float[np.ndarray, "b 3"]
    ) -> Float[np.ndarray, "n 3"]:
        """The posed cloth moved ``outward`` wherever a leg would show through it; ``joints`` are the bones' heads."""
        push = np.zeros(len(positions))
        for side in SIDES:
            hip, knee, ankle = (joints[INDEX[f"{bone}.{side}"]] for bone in LEG[:3])
            push = np.maximum(push, _way_out(positions, outward, hip, knee, self.thigh_m))
            push = np.maximum(push, _way_out(positions, outward, knee, ankle, self.shin_m))
        if not push.any():
            return positions
        grid = push.reshape(self.rows, COLUMNS + 1)
        ring = grid[:, :-1]
        for _ in range(2):
            padded = np.pad(ring, ((1, 1), (0, 0)), mode="edge")
            mean = (np.roll(ring, 1, axis=1) + np.roll(ring, -1, axis=1) + padded[:-2] + padded[2:]) / 4
            ring = np.maximum(ring, 0.9 * mean)
        return positions + np.concatenate([ring, ring[:, :1]], axis=1).reshape(-1, 1) * outward


def skirt_of(form: DressForm, cut: SkirtCut, over: Surface) -> Skirt:
    """A skirt for a body at rest that is dressed in ``over`` (a loosened suit)."""
    size = form.scale
    hip, ankle = form.skeleton.joint("thigh.L")[2], form.skeleton.joint("foot.L")[2]
    knee = form.skeleton.joint("shin.L")[2]
    high = form.height(cut.waist)
    low = float(np.interp(cut.end, [0.0, 1.0, 2.0], [hip, knee, ankle]))
    rows = max(int((high - low) / (ROW_M * size)), 5)
    heights = np.linspace(high, low, rows)
    angle = np.linspace(-np.pi, np.pi, COLUMNS + 1)
    middle = np.array([_middle(over, z) for z in heights])
    radius = np.array([_outline(over, z, x, angle) for z, x in zip(heights, middle, strict=True)])
    gap = np.minimum(cut.gap_m, 0.003 + 0.1 * (high - heights)) * size
    radius = np.maximum.accumulate(radius, axis=0) + gap[:, None]
    fall = np.clip((form.height(0.06) - heights) / (high - low), 0.0, 1.0)
    radius += (cut.flare * 0.32 * size * fall**1.1 * (high - low) / 0.5)[:, None]
    radius *= 1 + 0.035 * fall[:, None] * np.cos(9 * angle)[None, :] * min(cut.flare * 5, 1.0)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=-1)
    points = radius[..., None] * ring + np.stack([middle, np.zeros(rows), heights], axis=-1)[:, None]
    lining = points[:0:-1] - ring * LINING_M
    points = np.concatenate([points, lining])
    shell = grid_shell(points, _weights(form, points, over))
    return Skirt(
        shell=shell,
        rows=len(points),
        outward=np.tile(ring, (len(points), 1, 1)).reshape(-1, 3),
        shading=shading_matrix(shell.surface.positions, shell.surface.triangles),
        thigh_m=_leg_radius(form, over, 0.45),
        shin_m=_leg_radius(form, over, 1.25),
    )


def _middle(over: Surface, height: float) -> float:
    x = over.positions[_slice(over, height), 0]
    return float((x.min() + x.max()) / 2) if len(x) else 0.0


def _outline(over: Surface, height: float, middle: float, angle: np.ndarray) -> np.ndarray:
    """Radii of the convex outline of a slice, from its supporting lines."""
    points = over.positions[_slice(over, height), :2] - [middle, 0.0]
    fine = np.linspace(-np.pi, np.pi, 91)[:-1]
    support = (points @ np.stack([np.cos(fine), np.sin(fine)])).max(axis=0)
    cosine = np.cos(angle[:, None] - fine[None, :])
    return np.where(cosine > 0.2, support[None, :] / np.maximum(cosine, 0.2), np.inf).min(axis=1)


def _slice(over: Surface, height: float) -> np.ndarray:
    return (np.abs(over.positions[:, 2] - height) < 0.022) & (arm_share(over) < 0.3)


def _leg_radius(form: DressForm, over: Surface, along: float) -> float:
    limb = form.limb(over.positions, ("thigh.L", "shin.L", "foot.L"))
    near = (np.abs(limb.along - along) < 0.1) & (over.positions[:, 1] > 0.02) & (limb.radius_m < 0.2)
    return float(np.percentile(limb.radius_m[near], 80)) + 0.006


def _weights(form: DressForm, points: np.ndarray, over: Surface) -> np.ndarray:
    """As the trunk at the waist; then ever more as the nearer leg, and below the knee partly as the shin."""
    hip, knee = form.skeleton.joint("thigh.L")[2], form.skeleton.joint("shin.L")[2]
    _, nearest = cKDTree(over.positions).query(points.reshape(-1, 3))
    trunk = over.weights[nearest].reshape(*points.shape[:2], -1).copy()
    for side in SIDES:
        for bone in LEG:
            index = INDEX[f"{bone}.{side}"]
            trunk[..., INDEX["pelvis"]] += trunk[..., index]
            trunk[..., index] = 0.0
    z, y = points[..., 2], points[..., 1]
    leg = _smooth((hip + 0.04 - z) / (0.55 * (hip - knee))) * 0.92
    left = _smooth(y / (0.22 * form.scale) + 0.5)
    shin = _smooth((knee + 0.06 - z) / (0.6 * knee)) * 0.55
    weights = trunk * (1 - leg)[..., None]
    for side, share in (("L", left), ("R", 1 - left)):
        weights[..., INDEX[f"thigh.{side}"]] += leg * share * (1 - shin)
        weights[..., INDEX[f"shin.{side}"]] += leg * share * shin
    assert weights.shape[-1] == len(NAMES)
    return weights.astype(np.float32)


def _way_out(
    points: np.ndarray, outward: np.ndarray, start: np.ndarray, end: np.ndarray, radius_m: float
) -> np.ndarray:
    """How far each point must go along its direction to leave a cylinder behind; 0 where it is past it or beside it."""
    line = end - start
    length = float(np.linalg.norm(line))
    axis = line / length
    offset = points - start
    across, drift = (v - (v @ axis)[:, None] * axis for v in (offset, outward))
    a = np.maximum((drift**2).sum(axis=1), LEAST_ACROSS)
    b = (across * drift).sum(axis=1)
    c = (across**2).sum(axis=1) - radius_m**2
    root = b * b - a * c
    way = (-b + np.sqrt(np.maximum(root, 0.0))) / a
    reached = (offset + way[:, None] * outward) @ axis
    hit = (
        (a > LEAST_ACROSS)
        & (root > 0)
        & (way > 0)
        & (way < PUSH_LIMIT_M)
        & (reached > -0.02)
        & (reached < length + 0.03)
    )
    return np.where(hit, way, 0.0)


def _smooth(u: np.ndarray) -> np.ndarray:
    u = np.clip(u, 0.0, 1.0)
    return u * u * (3 - 2 * u)
