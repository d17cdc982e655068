"""Hair and hats: shells laid over the head, with curtains, buns, brims and peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from cinescene.sets.subjects.dress_form import DressForm
from cinescene.sets.subjects.rig import INDEX, NAMES
from cinescene.sets.subjects.scalp import elevation_at_height, scalp_points
from cinescene.sets.subjects.skin import scalp_height
from cinescene.sets.subjects.surface import Surface, joined
from cinescene.sets.textures.noise import smooth_noise

COLUMNS, ROWS, CURTAIN_ROWS = 36, 12, 10
AROUND_M = 0.5
"""What a turn about the head spans in texture coordinates: a whole number of `TILE_M`."""
TILE_M = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Shell:
    """A surface with texture coordinates."""

    surface: Surface
    uvs: Float[np.ndarray, "n 2"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A hair style: thickness on top, at the sides and above the forehead, metres for a usual head.

    ``falls_to`` is the height on the base mesh that loose hair reaches (None for hair that ends at the hairline),
    ``opening_rad`` how far from straight ahead it begins, ``bumps_m`` how curly it is; ``round`` hair makes a ball.
    """

    top_m: float
    side_m: float
    front_m: float = 0.0
    falls_to: float | None = None
    opening_rad: float = 1.0
    bumps_m: float = 0.0
    round: bool = False
    knot: str = ""


CUTS = {
    "buzz cut": Cut(top_m=0.003, side_m=0.002),
    "short": Cut(top_m=0.017, side_m=0.008, front_m=0.012),
    "side parting": Cut(top_m=0.022, side_m=0.011, front_m=0.018),
    "curly": Cut(top_m=0.042, side_m=0.030, front_m=0.006, bumps_m=0.006, round=True),
    "afro": Cut(top_m=0.075, side_m=0.066, front_m=0.0, bumps_m=0.004, round=True),
    "bob": Cut(top_m=0.016, side_m=0.022, front_m=0.012, falls_to=0.635, opening_rad=0.86),
    "long": Cut(top_m=0.015, side_m=0.020, front_m=0.010, falls_to=0.43, opening_rad=0.90),
    "bun": Cut(top_m=0.009, side_m=0.007, front_m=0.008, knot="bun"),
    "ponytail": Cut(top_m=0.009, side_m=0.007, front_m=0.008, knot="ponytail"),
}


def hair_shells(form: DressForm, cut: Cut, seed: int, under_hat: bool = False) -> tuple[Shell, ...]:
    """All that grows on a head, on a shaped body at rest. Under a hat, hair lies flat above the hat's edge."""
    rng = np.random.default_rng(seed)
    azimuth = np.linspace(-np.pi, np.pi, COLUMNS + 1)
    cap, points = _cap(form, cut, azimuth, rng, under_hat)
    shells = [cap if cut.falls_to is None else _one(cap, _curtain(form, cut, azimuth, points))]
    if cut.knot and not (cut.knot == "bun" and under_hat):
        shells.append(_bun(form) if cut.knot == "bun" else _ponytail(form))
    return tuple(shells)


def hair_picture(colour: tuple[float, float, float], seed: int) -> UInt8[np.ndarray, "h w 3"]:
    """Strands that run down the picture."""
    rng = np.random.default_rng(seed)
    fine, broad = smooth_noise(rng, 128, 4, 90), smooth_noise(rng, 128, 2, 18)
    picture = np.asarray(colour) * np.clip(1 + 0.16 * fine + 0.14 * broad, 0.4, 1.8)[..., None]
    return np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)


def grid_shell(
    points: Float[np.ndarray, "r c 3"],
    weights: Float[np.ndarray, "r c bones"],
    azimuth_rad: Float[np.ndarray, "c"] | None = None,
) -> Shell:
    """A surface through a grid of points; rows run down and columns to the left as seen from outside.

    u is a length, or `AROUND_M` for a turn if the columns' azimuths are given.
    """
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack([a, d, c], axis=-1), np.stack([a, c, b], axis=-1)]).reshape(-1, 3)
    if azimuth_rad is None:
        u = np.append(0.0, np.linalg.norm(np.diff(points, axis=1), axis=-1).mean(axis=0).cumsum())
    else:
        u = azimuth_rad * AROUND_M / (2 * np.pi)
    v = -np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(axis=1).cumsum()
    uvs = np.stack(np.broadcast_arrays(u[None, :], np.append(0.0, v)[:, None]), axis=-1)
    flat = points.reshape(-1, 3)
    corners = flat[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    surface = Surface(
        positions=flat, weights=weights.reshape(len(flat), -1), triangles=triangles[area > 1e-10].astype(np.int32)
    )
    return Shell(surface=surface, uvs=uvs.reshape(-1, 2))


def head_weights(*shape: int) -> Float[np.ndarray, "*shape bones"]:
    """Everything moves with the head."""
    weights = np.zeros((*shape, len(NAMES)), dtype=np.float32)
    weights[..., INDEX["head"]] = 1.0
    return weights


def head_scale(form: DressForm) -> float:
    """Size of the head against the base mesh."""
    around = scalp_points(np.array([0.0, np.pi]), np.array([0.5, 0.2]))
    ahead, behind = around.on(form.vertices)
    return float(np.linalg.norm(ahead - behind)) / 0.188


def head_middle(form: DressForm) -> Float[np.ndarray, "3"]:
    """Between the temples, the forehead and the back of the head."""
    azimuth = np.array([0.0, 0.5, 1.0, -0.5]) * np.pi
    return scalp_points(azimuth, np.full(4, 0.25)).on(form.vertices).mean(axis=0)


def _cap(
    form: DressForm, cut: Cut, azimuth: np.ndarray, rng: np.random.Generator, under_hat: bool
) -> tuple[Shell, np.ndarray]:
    """From the crown to the hairline."""
    away = np.abs(azimuth)
    edge = elevation_at_height(azimuth, scalp_height(azimuth))
    if cut.falls_to is not None:
        edge = np.where(away > cut.opening_rad, np.maximum(edge, 0.02), edge)
    down = np.linspace(0.0, 1.0, ROWS)[:, None] ** 0.9
    elevation = np.radians(89.0) + down * (edge - np.radians(89.0))
    scalp = scalp_points(np.broadcast_to(azimuth, elevation.shape), elevation).on(form.vertices)
    size = head_scale(form)
    high = np.clip(np.sin(np.maximum(elevation, 0.0)), 0.0, 1.0)
    thickness = cut.side_m + (cut.top_m - cut.side_m) * high + cut.front_m * np.exp(-((away / 0.8) ** 2)) * down
    bumps = rng.standard_normal((ROWS, COLUMNS)) * np.sin(np.pi * down)
    thickness += cut.bumps_m * np.concatenate([bumps, bumps[:, :1]], axis=1)
    loose = (away > cut.opening_rad) & (cut.falls_to is not None)
    edges = np.clip(1.4 - 2.5 * (away - cut.opening_rad), 0.0, 1.0)
    beside = 1 - 0.8 * edges * np.clip((0.75 - elevation) / 0.5, 0.0, 1.0)
    taper = np.where(loose[None, :], beside, np.sqrt(1.0 - down**2.5) if cut.round else 1.0 - down**5)
    flat = under_hat & (elevation > np.radians(12.0))
    thickness = np.where(flat, 0.001, thickness) * taper - 0.003 * np.where(loose, 0.0, 1 - taper)
    outward = scalp - head_middle(form)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    points = scalp + outward * (thickness * size)[..., None]
    points[0] = points[0].mean(axis=0)
    return grid_shell(points, head_weights(ROWS, COLUMNS + 1), azimuth), points


def _curtain(form: DressForm, cut: Cut, azimuth: np.ndarray, cap: np.ndarray) -> Shell:
    """Loose hair from the lower edge of the cap: down outside, and up again close to the neck.

    Beside the face it follows the cheeks; over the shoulders it ends, behind them it falls to its full length.
    """
    assert cut.falls_to is not None
    behind = np.roll(np.arange(COLUMNS), COLUMNS // 2)
    columns = behind[np.abs(azimuth[behind]) > cut.opening_rad]
    start, angle = cap[-1, columns], azimuth[columns]
    size = head_scale(form)
    back = np.clip(np.abs(angle) - np.abs(angle).min(), 0.0, 1.0)
    lowest = _height_on(form, cut.falls_to)
    shoulder = form.skeleton.joint("neck")[2] - 0.01 * size
    end = np.maximum(lowest + (1 - back) * 0.03 * size, np.where(back > 0.75, -np.inf, shoulder))
    down = np.linspace(0.0, 1.0, CURTAIN_ROWS)[:, None]
    height = start[:, 2] + down * (end - start[:, 2])
    outward = (start - head_middle(form)) * [1.0, 1.0, 0.0]
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    swell = np.sin(np.pi * np.minimum(down * 1.1, 1.0)) * 0.012 - 0.02 * down**3
    fall = start + outward * (swell * size)[..., None]
    low = np.minimum(down * 1.2, 1.0) * np.radians(-48.0)
    cheeks = scalp_points(*np.broadcast_arrays(angle[None, :], low)).on(form.vertices)
    over_ear = 0.008 + 0.022 * np.clip(5.0 * back, 0.0, 1.0)
    cheeks = cheeks + outward * (over_ear * size)[:, None]
    hug = np.clip(1 - 2.2 * back, 0.0, 1.0)[None, :, None] * np.minimum(down * 4, 1.0)[..., None]
    outer = fall + hug * (cheeks - fall)
    outer[..., 2] = height
    outer = _behind_back(form, outer)
    thick = 0.022 * size * np.minimum(back * 4, 1.0)[None, :, None] * (1 - 0.5 * down[..., None])
    points = np.concatenate([outer, (outer - outward * thick)[::-1][:-1]])
    free = np.clip((start[:, 2] - points[..., 2]) / (0.28 * size) - 0.35, 0.0, 1.0) * 0.8
    weights = head_weights(*points.shape[:2]) * (1 - free)[..., None]
    weights[..., INDEX["spine5"]] = free
    return grid_shell(points, weights.astype(np.float32), angle % (2 * np.pi))


def _one(cap: Shell, curtain: Shell) -> Shell:
    """Both as one surface, shaded without a seam."""
    below = curtain.uvs + np.array([0.0, float(cap.uvs[:, 1].min())])
    return Shell(surface=joined([cap.surface, curtain.surface]), uvs=np.concatenate([cap.uvs, below]))


def _behind_back(form: DressForm, points: np.ndarray) -> np.ndarray:
    """Hair lies on the back and shoulders, not in them."""
    suit = form.suit.positions
    trunk = suit[np.abs(suit[:, 1]) < 0.2 * form.scale]
    points = points.copy()
    for index in np.ndindex(points.shape[:2]):
        x, y, z = points[index]
        near = trunk[(np.abs(trunk[:, 1] - y) < 0.025) & (np.abs(trunk[:, 2] - z) < 0.025)]
        if len(near) and x < near[:, 0].mean():
            points[index][0] = min(x, float(near[:, 0].min()) - 0.03 * form.scale)
    return points


def _height_on(form: DressForm, base_height: float) -> float:
    """A height on the base mesh, between chin and trunk, as a height on this body."""
    pit, top = form.skeleton.joint("clavicle.L")[2], head_middle(form)[2]
    return float(np.interp(base_height, [0.519, 0.78], [pit, top], left=pit + (base_height - 0.519) * form.scale))


def _bun(form: DressForm) -> Shell:
    size = head_scale(form)
    at = scalp_points(np.array([np.pi]), np.array([0.75])).on(form.vertices)[0]
    middle = at + (at - head_middle(form)) * 0.22
    return ball_shell(middle, np.array([0.040, 0.046, 0.040]) * size)


def _ponytail(form: DressForm) -> Shell:
    """From the back of the head down the neck."""
    size = head_scale(form)
    at = scalp_points(np.array([np.pi]), np.array([0.55])).on(form.vertices)[0]
    along = np.linspace(0.0, 1.0, 10)
    x = at[0] - size * (0.005 + 0.075 * np.sin(np.pi * np.minimum(along * 0.95, 1.0)) ** 0.8 + 0.01 * along)
    z = at[2] + size * (0.012 - 0.27 * along**1.5 + 0.02 * np.sin(np.pi * along))
    radius = size * np.interp(along, [0, 0.08, 0.16, 0.5, 0.9, 1.0], [0.012, 0.018, 0.015, 0.030, 0.014, 0.001])
    angle = np.linspace(0.0, 2 * np.pi, 11)
    ring = np.stack([np.zeros_like(angle), np.sin(angle), np.cos(angle)], axis=-1)
    tangent = np.stack([np.gradient(x), np.zeros_like(x), np.gradient(z)], axis=-1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.stack([-tangent[:, 2], np.zeros_like(x), tangent[:, 0]], axis=-1)
    points = np.stack([x, np.zeros_like(x), z], axis=-1)[:, None] + radius[:, None, None] * (
        ring[None, :, 1:2] * np.array([0.0, 1.0, 0.0]) + ring[None, :, 2:3] * across[:, None]
    )
    return grid_shell(points, head_weights(*points.shape[:2]))


def ball_shell(middle: Float[np.ndarray, "3"], radii: Float[np.ndarray, "3"]) -> Shell:
    """An ellipsoid that moves with the head."""
    up = np.linspace(np.pi / 2, -np.pi / 2, 9)[:, None]
    round_ = np.linspace(0.0, 2 * np.pi, 15)[None, :]
    unit = np.stack(
        [np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up) * np.ones_like(round_)], axis=-1
    )
    return grid_shell(middle + unit * radii, head_weights(9, 15))
