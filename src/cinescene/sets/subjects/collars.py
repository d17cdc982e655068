"""Details that go with garments: collars, front bands, belts, scarves, rucksacks."""

from __future__ import annotations

import numpy as np

from cinescene.sets.mesh import Material
from cinescene.sets.mesh_operations import smooth_normals
from cinescene.sets.primitives import rounded_box
from cinescene.sets.subjects.dress_form import DressForm, arm_share
from cinescene.sets.subjects.hair import Shell, grid_shell
from cinescene.sets.subjects.rig import INDEX, NAMES
from cinescene.sets.subjects.surface import Surface, border_edges, cut, joined, part_of


def collar(form: DressForm, garment: Surface, height_m: float) -> Surface:
    """A collar that stands up from the neckline of a cut (not yet hemmed) garment and folds over."""
    border = border_edges(garment.triangles)
    away = form.neck_distance(garment.positions) - form.neck_radius
    high = form.neck_height(garment.positions)
    near = (away < 0.055 * form.scale) & (high > -0.13 * form.scale)
    border = border[near[border].all(axis=1)]
    rim, local = np.unique(border, return_inverse=True)
    local = local.reshape(-1, 2)
    base = garment.positions[rim]
    neck = form.skeleton.joint("neck")
    outward = (base - neck) * [1.0, 1.0, 0.0]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    size = height_m * form.scale * np.clip(1.0 + (base[:, 2] - neck[2]) / (0.22 * form.scale), 0.35, 1.0)[:, None]
    up = np.array([0.0, 0.0, 1.0])
    rows = [
        base,
        base + size * (0.80 * up + 0.15 * outward),
        base + size * (0.85 * up + 0.35 * outward),
        base + size * (-0.45 * up + 0.95 * outward),
    ]
    count = len(rim)
    a, b = local[:, 0], local[:, 1]
    strips = [
        np.concatenate([np.stack([b + k, a + k, a + k + count], 1), np.stack([b + k, a + k + count, b + k + count], 1)])
        for k in range(0, 3 * count, count)
    ]
    surface = Surface(
        positions=np.concatenate(rows),
        weights=np.tile(garment.weights[rim], (4, 1)),
        triangles=np.concatenate(strips).astype(np.int32),
    )
    return two_sided(surface)


def two_sided(surface: Surface) -> Surface:
    """With a back, a hair's breadth behind the front."""
    back = Surface(
        positions=surface.positions - 0.0012 * smooth_normals(surface.positions, surface.triangles),
        weights=surface.weights,
        triangles=np.ascontiguousarray(surface.triangles[:, ::-1]),
    )
    return joined([surface, back])


def front_band(form: DressForm, garment: Surface, half_m: float) -> Surface:
    """The strip down the front where a garment is closed, a little proud of it."""
    x, y, _ = garment.positions.T
    raised = garment.moved(garment.normals * 0.0028)
    ahead = x - form.skeleton.joint("spine4")[0]
    return cut(raised, np.minimum(half_m * form.scale - np.abs(y), ahead))


def belt(form: DressForm, garment: Surface, height: float) -> Surface:
    """A band around the waist of a loosened suit, at a height between hips (0) and neck (1)."""
    raised = garment.moved(garment.normals * 0.010 * form.scale)
    band = 0.021 * form.scale - np.abs(garment.positions[:, 2] - form.height(height))
    return cut(raised, np.minimum(band, 0.02 - 0.08 * arm_share(garment)))


def straps(form: DressForm, garment: Surface) -> Surface:
    """Of a rucksack: over the shoulders and down the front of a loosened suit."""
    y = np.abs(garment.positions[:, 1]) / form.scale
    raised = garment.moved(garment.normals * 0.007 * form.scale)
    band = (0.020 - np.abs(y - 0.095)) * form.scale
    low = garment.positions[:, 2] - form.height(0.52)
    return cut(raised, np.minimum(np.minimum(band, low), 0.06 - 0.15 * arm_share(garment)))


def rucksack(form: DressForm, over: Surface) -> Surface:
    """The bag itself, on the back of a loosened suit."""
    size = form.scale
    width, depth, height = 0.29 * size, 0.15 * size, 0.42 * size
    blank = Material(albedo=np.zeros((1, 1, 3), dtype=np.uint8))
    box = rounded_box((depth, width, height), 0.055 * size, blank)
    low, high = form.height(0.25), form.height(0.90)
    z, y = over.positions[:, 2], over.positions[:, 1]
    back = over.positions[(z > low) & (z < high) & (np.abs(y) < 0.10 * size), 0].min()
    place = np.array([back - 0.43 * depth, 0.0, form.height(0.93) - height])
    positions = box.positions.astype(np.float64) + place
    weights = np.zeros((len(positions), len(NAMES)), dtype=np.float32)
    weights[:, INDEX["spine4"]] = 0.5
    weights[:, INDEX["spine5"]] = 0.5
    return part_of(positions, weights, box.triangles)


def scarf(form: DressForm, over: Surface) -> Shell:
    """A loose ring about the neck."""
    size = form.scale
    angle = np.linspace(0.0, 2 * np.pi, 25)
    neck = form.skeleton.joint("neck")
    axis = form.skeleton.joint("head") - neck
    axis /= np.linalg.norm(axis)
    forward = np.cross([0.0, 1.0, 0.0], axis)
    ring = np.cos(angle)[:, None] * forward + np.sin(angle)[:, None] * np.array([0.0, 1.0, 0.0])
    close = form.neck_height(over.positions)
    around = over.positions[(close > -0.005 * size) & (close < 0.05 * size)]
    radius = float(np.percentile(form.neck_distance(around), 60)) + 0.016 * size
    turn = np.linspace(0.0, 2 * np.pi, 11)
    thick = (0.026 + 0.004 * np.cos(3 * angle) + 0.010 * np.maximum(np.cos(angle), 0.0) ** 2) * size
    centre = (
        neck + axis * 0.028 * size + ring * radius - axis * (0.045 * size * np.maximum(np.cos(angle), 0.0))[:, None]
    )
    points = (
        centre[None]
        + (np.cos(turn)[:, None, None] * ring[None] * 0.8 + np.sin(turn)[:, None, None] * axis) * thick[None, :, None]
    )
    weights = np.zeros((*points.shape[:2], len(NAMES)), dtype=np.float32)
    weights[..., INDEX["neck"]] = 0.45
    weights[..., INDEX["spine5"]] = 0.55
    return grid_shell(points[::-1], weights)
