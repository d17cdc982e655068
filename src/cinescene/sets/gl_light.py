"""Lights the sample buffer: the programs for it and the numbers of a stage and its subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.gl_geometry import SubjectGeometry
from cinescene.sets.gl_materials import MaterialLibrary
from cinescene.sets.gl_program import Program
from cinescene.sets.gl_reach import Rectangle
from cinescene.sets.gl_shadow import RANGE_TEXELS, ShadowAtlas
from cinescene.sets.gl_sky import screen_triangle
from cinescene.sets.gl_targets import Targets
from cinescene.sets.gl_view import View
from cinescene.sets.mesh import Lamp, Stage
from cinescene.sets.occluders import SPHERES, occluder_spheres
from cinescene.sets.openness import Openness

MOST_LAMPS = 16
LEAST_OCCLUSION = 0.04
"""Shares of kept-back light below this count as none, so that the effect of a subject ends somewhere."""
OCCLUSION_REACH_M = 0.4
"""R in the falloff of occlusion, see ``shaders/lighting.glsl``."""
_NO_OCCLUDERS = bytes(16 * SPHERES)
_LINEAR = 0x2601
_UNITS = {
    name: unit
    for unit, name in enumerate(
        (
            "pattern_words",
            "normal_words",
            "depth_words",
            "textures",
            "materials",
            "shadow_atlas",
            "shadow_range",
            "openness",
        )
    )
}


class Lighting:
    """What is needed to light samples, apart from the samples."""

    def __init__(self, context: Any, samples: int, specular: bool, exposure: float) -> None:
        self._context, self._exposure = context, exposure
        self._defines: dict[str, float] = {
            "LEAST_OCCLUSION": LEAST_OCCLUSION,
            "OCCLUSION_REACH_M": OCCLUSION_REACH_M,
            "SUPERSAMPLING": 1 if samples == 1 else 2,
            "SPECULAR": int(specular),
            "OCCLUDERS": SPHERES,
            "RANGE_TEXELS": RANGE_TEXELS,
        }
        self._programs: dict[tuple[Any, ...], tuple[Program, Any, Any]] = {}
        self._stage_uniforms: dict[str, Any] = {}
        self._told: set[Program] = set()
        self._spheres = np.zeros((SPHERES, 4))
        self._openness: Any = None
        self._lamps = 0

    def load(self, stage: Stage, openness: Openness) -> None:
        """Takes over the light of a stage."""
        if len(stage.lamps) > MOST_LAMPS:
            raise InputError(f"set: expected at most {MOST_LAMPS} lamps, got {len(stage.lamps)}")
        if self._openness is not None:
            self._openness.release()
        depth, height, width = openness.coefficients.shape[:3]
        self._openness = self._context.texture3d((width, height, depth), 4, openness.coefficients.tobytes())
        self._openness.filter = (_LINEAR, _LINEAR)
        self._openness.repeat_x = self._openness.repeat_y = self._openness.repeat_z = False
        self._lamps = len(stage.lamps)
        self._stage_uniforms = {
            "ambient_up": stage.ambient_up,
            "ambient_down": stage.ambient_down,
            "openness_origin": tuple(openness.low),
            "openness_scale": tuple(1 / (openness.cube_m * np.array([width, height, depth]))),
            "openness_step_m": 1.5 * openness.cube_m,
            "exposure": self._exposure,
            **_lamp_uniforms(stage.lamps),
        }
        if stage.sun is not None:
            self._stage_uniforms["sun_colour"] = stage.sun.colour
        self._told.clear()

    def place_subjects(self, subjects: SubjectGeometry) -> None:
        """Takes over the spheres that stand for the subjects of a frame."""
        self._spheres = occluder_spheres(subjects.positions, subjects.sampling)
        self._spheres[:, 3] **= 2

    @property
    def occluded(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The box outside which subjects keep back less light than counts: at most 2R·Σr²/d³ at distance d."""
        spheres = self._spheres
        held = spheres[:, 3] > 0
        if not held.any():
            return None
        furthest = float(np.cbrt(2 * OCCLUSION_REACH_M / LEAST_OCCLUSION * spheres[:, 3].sum()))
        return spheres[held, :3].min(0) - furthest, spheres[held, :3].max(0) + furthest

    def draw(
        self,
        view: View,
        targets: Targets,
        library: MaterialLibrary,
        shadows: ShadowAtlas,
        *,
        with_subjects: bool,
        area: Rectangle | None = None,
    ) -> None:
        """Lights the pixels of a picture, or of an area of it; without subjects their shadows are left out too."""
        program, triangle, _ = self._program(shadows.tiles, targets.normals, targets.encoded)
        bound = (
            *targets.samples,
            library.textures.array,
            library.looks,
            shadows.texture,
            shadows.range,
            self._openness,
        )
        for unit, texture in enumerate(bound):
            texture.use(unit)
        values = {
            **view.uniforms(),
            **shadows.frame_uniforms(with_subjects),
            "occluder": self._spheres.astype(np.float32).tobytes() if with_subjects else _NO_OCCLUDERS,
            "sample_texel": tuple(1 / n for n in targets.samples[0].size),
            "first_px": (0.0, 0.0),
            "span_px": (float(view.width_px), float(view.height_px)),
        }
        if program not in self._told:
            self._told.add(program)
            values |= self._stage_uniforms | shadows.stage_uniforms()
            values["atlas_texel"] = tuple(1 / n for n in shadows.texture.size)
            values["texture_levels"] = math.log2(library.textures.side_px)
        program.set(values)
        self._context.enable_only(0)
        targets.picture.use()
        targets.picture.scissor = area
        triangle.render()
        targets.picture.scissor = None

    def release(self) -> None:
        for items in self._programs.values():
            for item in items:
                item.release()
        if self._openness is not None:
            self._openness.release()

    def _program(self, tiles: int, normals: bool, encoded: bool) -> tuple[Program, Any, Any]:
        key = (tiles, self._lamps, normals, encoded)
        if key not in self._programs:
            defines = self._defines | {"SUN_TILES": tiles, "LAMPS": self._lamps}
            defines |= {"NORMALS": int(normals), "ENCODED": int(encoded)}
            program = Program(self._context, "screen.vert", "light.frag", defines)
            program.set(_UNITS)
            self._programs[key] = (program, *screen_triangle(self._context, program))
        return self._programs[key]


def _lamp_uniforms(lamps: Sequence[Lamp]) -> dict[str, Any]:
    places = np.array([(*lamp.position, 1 / max(lamp.radius_m, 1e-3) ** 2) for lamp in lamps], dtype=np.float32)
    colours = np.array([lamp.colour for lamp in lamps], dtype=np.float32)
    return {"lamp_place": places.tobytes(), "lamp_colour": colours.tobytes()}
