"""Shadow maps of the sun, tiles of one depth texture: all of the set, its middle more finely, and the subjects.

The set's tiles are drawn once, the subjects' for every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from cinescene.sets.gl_geometry import StaticGeometry, SubjectGeometry
from cinescene.sets.gl_program import Program
from cinescene.sets.gl_reach import part_above, swept_box
from cinescene.sets.mesh import Sun

MARGIN_PX = 4
"""Texels about a tile's content that the shadow filter may touch."""
FILTER_REACH_PX = 8
"""How far from a shadow's outline points may still look it up: half the filter, and their lift (see `sunlight`)."""
FOCUS_SHARE = 0.92
"""Share of the set's surface that lies in the fine tile along each of its sides."""
LEAST_TEXEL_M = 0.008
"""Finer texels would make penumbras harder than the sun's: 3 texels are the half shadow of an edge 2.6 m away."""
LARGEST_COUNTED_M2 = 1.0
"""Larger triangles (the ground about a house) count as much as one of this size when the middle is sought."""
RANGE_TEXELS = 4
"""Texels along the side of a square for which the least and greatest depth of the set are kept."""
RANGE_SLACK = 1e-6
"""More than a depth of 24 bits changes on its way through the shadow look-up."""
_NEAREST, _LINEAR = 0x2600, 0x2601


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A square of the atlas seen along the sun's rays.

    ``scale`` and ``shift`` take light axes to atlas texels and a depth in [0, 1] that grows away from the sun.
    """

    scale: Float[np.ndarray, "3"]
    shift: Float[np.ndarray, "3"]
    bounds_px: tuple[float, float, float, float]
    texel_m: float
    viewport: tuple[int, int, int, int]

    @classmethod
    def around(
        cls, low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"], viewport: tuple[int, int, int, int]
    ) -> Tile:
        """The tile that just fits a box in light axes; it is square."""
        left, top, side, _ = viewport
        texel = max(float((high - low)[:2].max()) / (side - 2 * MARGIN_PX), LEAST_TEXEL_M)
        depth = max(float(high[2] - low[2]), 1e-3) + 4 * texel
        middle = (low + high)[:2] / 2
        corner = np.array([left, top]) + side / 2 - middle / texel
        edge = 2.0
        return cls(
            scale=np.array([1 / texel, 1 / texel, 1 / depth]),
            shift=np.array([*corner, -(low[2] - 2 * texel) / depth]),
            bounds_px=(left + edge, top + edge, left + side - edge, top + side - edge),
            texel_m=texel,
            viewport=viewport,
        )

    def holds(self, low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"]) -> bool:
        """Whether a box in light axes lies within what can be looked up."""
        first, last = (low * self.scale + self.shift)[:2], (high * self.scale + self.shift)[:2]
        return bool((first > self.bounds_px[:2]).all() and (last < self.bounds_px[2:]).all())

    def clip_from_light(self) -> Float[np.ndarray, "4 4"]:
        """What draws the tile: light axes to the clip coordinates of its viewport."""
        left, top, side, _ = self.viewport
        grow = np.array([2 / side, 2 / side, 2.0])
        clip = np.diag([*(grow * self.scale), 1.0])
        clip[:3, 3] = grow * (self.shift - np.array([left, top, 0.0])) - 1
        return clip


class ShadowAtlas:
    """The depth texture and its two tiles."""

    def __init__(self, context: Any, program: Program, focus_px: int, subject_px: int) -> None:
        self._context, self._program = context, program
        whole_px = max(16, focus_px // 2)
        self._focus_viewport = (0, 0, focus_px, focus_px)
        self._whole_viewport = (0, focus_px, whole_px, whole_px)
        self._subject_viewport = (whole_px, focus_px, subject_px, subject_px)
        size = (max(focus_px, whole_px + subject_px), focus_px + max(whole_px, subject_px))
        self.texture = context.depth_texture(size)
        self.texture.compare_func = "<="
        self.texture.filter = (_LINEAR, _LINEAR)
        self.texture.repeat_x = self.texture.repeat_y = False
        self._framebuffer = context.framebuffer(depth_attachment=self.texture)
        self._framebuffer.clear(depth=1.0)
        self.range = context.texture([-(-side // RANGE_TEXELS) for side in size], 2, dtype="f4")
        self.range.filter = (_NEAREST, _NEAREST)
        self._whole: Tile | None = None
        self._focus: Tile | None = None
        self._subject: Tile | None = None

    @property
    def tiles(self) -> int:
        """Tiles of the set: none without a sun, one where the fine tile holds all of it, else two."""
        if self._whole is None or self._focus is None:
            return 0
        return 1 if self._focus.holds(self._whole_low, self._whole_high) else 2

    def draw_static(self, sun: Sun | None, geometry: StaticGeometry) -> None:
        """Draws the set's tiles; without a sun or triangles there are none."""
        self._whole = self._focus = self._subject = None
        if sun is None or not len(geometry.positions):
            return
        self._toward_sun = np.asarray(sun.direction, dtype=np.float64)
        self._toward_sun = self._toward_sun / np.linalg.norm(self._toward_sun)
        self._light_from_world = _sun_axes(self._toward_sun)
        corners = geometry.corners() @ self._light_from_world.T
        low, high = corners.min((0, 1)), corners.max((0, 1))
        focus_low, focus_high = _middle(corners)
        self._whole_low, self._whole_high = low, high
        self._whole = Tile.around(low, high, self._whole_viewport)
        self._focus = Tile.around(
            np.append(focus_low[:2], low[2]), np.append(focus_high[:2], high[2]), self._focus_viewport
        )
        self._draw(self._whole, geometry)
        self._draw(self._focus, geometry)
        self.range.write(depth_ranges(self._read()))

    def draw_subjects(self, geometry: SubjectGeometry) -> None:
        """Draws the subjects' tile of a frame."""
        self._subject = None
        if self._whole is None or not len(geometry.positions):
            return
        seen = self._light_from_world.astype(np.float32) @ geometry.positions.T
        low, high = seen.min(1).astype(np.float64), seen.max(1).astype(np.float64)
        self._subject = Tile.around(low, high, self._subject_viewport)
        self._draw(self._subject, geometry)

    def shadow_of_subjects(
        self, geometry: SubjectGeometry, low: Float[np.ndarray, "3"], high: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, "_ 3"] | None:
        """Points about all that the subjects' shadows can reach in a set, whose box is given; None without a shadow."""
        if self._subject is None:
            return None
        margin = FILTER_REACH_PX * self._subject.texel_m
        longest = float(np.linalg.norm(np.maximum(high, geometry.high) - np.minimum(low, geometry.low)))
        reached = swept_box(geometry.low - margin, geometry.high + margin, -longest * self._toward_sun)
        return part_above(reached, float(low[2]))

    def stage_uniforms(self) -> dict[str, object]:
        """The set's tiles and the sun under their shader names."""
        if self._whole is None or self._focus is None:
            return {}
        return {
            **_tile_uniforms("whole", self._whole),
            **_tile_uniforms("focus", self._focus),
            "light_from_world": np.ascontiguousarray(self._light_from_world.T, dtype=np.float32).tobytes(),
            "sun_direction": tuple(self._toward_sun.tolist()),
        }

    def frame_uniforms(self, with_subjects: bool) -> dict[str, object]:
        """The subjects' tile under its shader names; without subjects no point lies in it."""
        if self._whole is None or self._focus is None:
            return {}
        shown = self._subject if with_subjects else None
        tile = shown or self._whole
        values = _tile_uniforms("subject", tile) | {"texel_m": (self._whole.texel_m, self._focus.texel_m, tile.texel_m)}
        return values if shown else values | {"subject_bounds_px": (0.0, 0.0, 0.0, 0.0)}

    def release(self) -> None:
        self._framebuffer.release()
        self.texture.release()
        self.range.release()

    def _read(self) -> Float32[np.ndarray, "h w"]:
        width, height = self.texture.size
        depth = np.empty((height, width), dtype=np.float32)
        area = (0, 0, width, height)
        self._framebuffer.read_into(depth, viewport=area, components=1, attachment=-1, dtype="f4")
        return depth

    def _draw(self, tile: Tile, geometry: StaticGeometry | SubjectGeometry) -> None:
        context = self._context
        both_sides = isinstance(geometry, StaticGeometry)
        context.enable_only(context.DEPTH_TEST if both_sides else context.DEPTH_TEST | context.CULL_FACE)
        context.front_face = "ccw"
        context.depth_func = "<"
        self._framebuffer.use()
        self._framebuffer.viewport = tile.viewport
        self._framebuffer.clear(depth=1.0, viewport=tile.viewport)
        clip_from_world = tile.clip_from_light()
        clip_from_world[:3, :3] = clip_from_world[:3, :3] @ self._light_from_world
        matrix = np.ascontiguousarray(clip_from_world.T, dtype=np.float32)
        self._program.set({"clip_from_world": matrix.tobytes()})
        geometry.draw_shadow()


def _tile_uniforms(name: str, tile: Tile) -> dict[str, object]:
    return {
        f"{name}_scale": tuple(tile.scale.tolist()),
        f"{name}_shift": tuple(tile.shift.tolist()),
        f"{name}_bounds_px": tile.bounds_px,
    }


def depth_ranges(depth: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "i j 2"]:
    """Least and greatest depth of a shadow map about squares of `RANGE_TEXELS`²: all that the filter of a point in the
    square looks up, two texels beyond it on each side."""
    ranges = np.empty((*(-(-side // RANGE_TEXELS) for side in depth.shape), 2), dtype=np.float32)
    ranges[..., 0] = _extreme_about(_extreme_about(depth, np.minimum).T, np.minimum).T - np.float32(RANGE_SLACK)
    ranges[..., 1] = _extreme_about(_extreme_about(depth, np.maximum).T, np.maximum).T + np.float32(RANGE_SLACK)
    return ranges


def _extreme_about(rows: Float32[np.ndarray, "h w"], extreme: np.ufunc) -> Float32[np.ndarray, "i w"]:
    """The least or greatest of every four rows, the two before and the two after."""
    rows = np.pad(rows, ((0, -len(rows) % RANGE_TEXELS), (0, 0)), mode="edge")
    pairs = extreme(rows[0::2], rows[1::2])
    found = extreme(pairs[0::2], pairs[1::2])
    extreme(found[1:], pairs[1:-1:2], out=found[1:])
    extreme(found[:-1], pairs[2::2], out=found[:-1])
    return found


def _sun_axes(toward_sun: np.ndarray) -> np.ndarray:
    """Rows: two directions across the sun's rays, and the one along which they travel."""
    helper = np.eye(3)[np.argmin(np.abs(toward_sun))]
    across = np.cross(helper, toward_sun)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(toward_sun, across), -toward_sun])


def _middle(corners: Float[np.ndarray, "m 3 3"]) -> tuple[np.ndarray, np.ndarray]:
    """The box in which most of the surface lies along each axis, a tenth wider."""
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    weight = np.repeat(np.minimum(area, LARGEST_COUNTED_M2), 3)
    points = corners.reshape(-1, 3)
    low, high = np.empty(3), np.empty(3)
    for axis in range(3):
        order = np.argsort(points[:, axis])
        reached = np.cumsum(weight[order])
        tail = (1 - FOCUS_SHARE) / 2 * reached[-1]
        low[axis] = points[order[np.searchsorted(reached, tail)], axis]
        high[axis] = points[order[min(np.searchsorted(reached, reached[-1] - tail), len(order) - 1)], axis]
    pad = 0.05 * (high - low)
    whole_low, whole_high = points.min(0), points.max(0)
    return np.maximum(low - pad, whole_low), np.minimum(high + pad, whole_high)
