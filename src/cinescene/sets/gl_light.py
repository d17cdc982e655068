"""Lights the sample buffer: the programs for it and the numbers of a stage and its subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.gl_context import Program
from cinescene.sets.gl_geometry import SubjectGeometry
from cinescene.sets.gl_materials import MaterialLibrary
from cinescene.sets.gl_shadow import ShadowAtlas
from cinescene.sets.gl_sky import screen_triangle
from cinescene.sets.gl_targets import Targets
from cinescene.sets.gl_view import View
from cinescene.sets.mesh import Lamp, Stage
from cinescene.sets.occluders import occluder_spheres, reach
from cinescene.sets.openness import Openness

MOST_LAMPS = 16
MOST_OCCLUDERS = 64
LEAST_OCCLUSION = 0.04
"""Shares of kept-back light below this count as none, so that the effect of a subject ends somewhere."""
_LINEAR = 0x2601
_UNITS = {"samples": 0, "textures": 1, "shadow_atlas": 2, "openness": 3}


class Lighting:
    """What is needed to light samples, apart from the samples."""

    def __init__(self, context: Any, samples: int, specular: bool, exposure: float) -> None:
        self._context, self._exposure = context, exposure
        self._defines: dict[str, float] = {
            "LEAST_OCCLUSION": LEAST_OCCLUSION,
            "SUPERSAMPLING": 1 if samples == 1 else 2,
            "SPECULAR": int(specular),
            "MAX_OCCLUDERS": MOST_OCCLUDERS,
        }
        self._programs: dict[tuple[bool, int, bool, bool], tuple[Program, Any, Any]] = {}
        self._stage_uniforms: dict[str, Any] = {}
        self._occluder_uniforms: dict[str, Any] = {"occluder_count": 0}
        self._openness: Any = None
        self._sun, self._lamps = False, 0

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
        self._sun, self._lamps = stage.sun is not None, len(stage.lamps)
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

    def place_subjects(self, subjects: SubjectGeometry) -> None:
        """Takes over the spheres that stand for the subjects of a frame."""
        spheres = occluder_spheres(subjects.positions, subjects.sampling)
        spheres = spheres[np.sort(np.argsort(-spheres[:, 3], kind="stable")[:MOST_OCCLUDERS])]
        low, high = reach(spheres, LEAST_OCCLUSION)
        padded = np.zeros((MOST_OCCLUDERS, 4), dtype=np.float32)
        padded[: len(spheres)] = spheres
        self._occluder_uniforms = {
            "occluder": padded.tobytes(),
            "occluder_count": len(spheres),
            "occluded_low": tuple(low),
            "occluded_high": tuple(high),
        }

    def draw(
        self, view: View, targets: Targets, library: MaterialLibrary, shadows: ShadowAtlas, with_subjects: bool
    ) -> None:
        """Lights all pixels of a picture; without subjects their shadows are left out too."""
        program, triangle, _ = self._program(targets.normals, targets.encoded)
        bound = (targets.samples, library.textures, shadows.texture, self._openness)
        for unit, texture in enumerate(bound):
            texture.use(unit)
        values = {
            **view.uniforms(),
            **self._stage_uniforms,
            **shadows.uniforms(with_subjects),
            **(self._occluder_uniforms if with_subjects else {"occluder_count": 0}),
            "texture_levels": float(np.log2(library.texture_px)),
            "first_px": (0.0, 0.0),
            "span_px": (float(view.width_px), float(view.height_px)),
        }
        program.set(values)
        self._context.enable_only(0)
        targets.picture.use()
        triangle.render()

    def release(self) -> None:
        for items in self._programs.values():
            for item in items:
                item.release()
        if self._openness is not None:
            self._openness.release()

    def _program(self, normals: bool, encoded: bool) -> tuple[Program, Any, Any]:
        key = (self._sun, self._lamps, normals, encoded)
        if key not in self._programs:
            defines = self._defines | {"SUN": int(self._sun), "LAMPS": self._lamps}
            defines |= {"NORMALS": int(normals), "ENCODED": int(encoded)}
            program = Program(self._context, "screen.vert", "light.frag", defines)
            program.set(_UNITS)
            self._programs[key] = (program, *screen_triangle(self._context, program))
        return self._programs[key]


def _lamp_uniforms(lamps: Sequence[Lamp]) -> dict[str, Any]:
    places = np.array([(*lamp.position, lamp.radius_m) for lamp in lamps], dtype=np.float32)
    colours = np.array([lamp.colour for lamp in lamps], dtype=np.float32)
    return {"lamp_place": places.tobytes(), "lamp_colour": colours.tobytes()}
