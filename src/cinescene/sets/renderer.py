"""Pictures of a stage and its subjects, without a screen: OpenGL through EGL, on a GPU or on the CPU (llvmpipe).

How a picture is made. Geometry is drawn once into a buffer of samples (texture coordinates, normal, material, depth);
with four samples a pixel they lie on pixel centres, edges and corners. Each pixel then lights the surfaces among its
3×3 samples and mixes them by a tent filter. Depth, masks and normals are those of the sample at the pixel's centre.
Light is linear: sun with filtered shadow maps, hemispheric ambient light dimmed by a view-independent openness field,
point lamps, Blinn–Phong highlights, emission. The tone curve is the identity up to 0.5 and a shoulder above
(``shaders/tone.glsl``). Everything but highlights looks the same from every side, so that views agree with each other.

Back faces are not seen. Those of the set cast shadows all the same; subjects are taken to be closed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import check_rigid
from cinescene.errors import InputError
from cinescene.sets.frame import Frame, FramePair
from cinescene.sets.gl_context import create_context
from cinescene.sets.gl_geometry import StaticGeometry, SubjectGeometry
from cinescene.sets.gl_light import Lighting
from cinescene.sets.gl_materials import MaterialLibrary
from cinescene.sets.gl_panorama import PanoramaResampler
from cinescene.sets.gl_program import Program
from cinescene.sets.gl_reach import Rectangle, seen_area, swept_box
from cinescene.sets.gl_shadow import ShadowAtlas
from cinescene.sets.gl_sky import SkyDome
from cinescene.sets.gl_targets import Targets
from cinescene.sets.gl_textures import TextureLayers
from cinescene.sets.gl_view import SAMPLE_SPACING_PX, View
from cinescene.sets.mesh import Mesh, Stage
from cinescene.sets.openness import Openness
from cinescene.tensor_types import Float, Tensor

NEAR_M = 0.05
LARGEST_TEXTURE_PX = 1024
SUBJECT_BIT = 0x80000000
"""As in ``shaders/packing.glsl``."""


class Renderer:
    """Renders one stage after another at one picture size; a context manager that frees what it holds.

    ``samples`` is 4 or 1 a pixel. ``shadow_map_px`` and ``subject_shadow_map_px`` are the sides of the sun's shadow
    maps of the set and of its subjects. ``specular=False`` leaves out highlights, the only light that depends on where
    the camera stands. ``exposure`` multiplies all light before the tone curve.

    Raises `MissingDependencyError` where there is no ``moderngl``, EGL or driver. Same inputs, machine and driver:
    same bytes.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        samples: int = 4,
        shadow_map_px: int = 2048,
        *,
        subject_shadow_map_px: int = 256,
        specular: bool = True,
        exposure: float = 1.0,
    ) -> None:
        if not (1 <= width_px <= 8192 and 1 <= height_px <= 8192):
            raise InputError(f"picture size: expected 1 to 8192 pixels a side, got {width_px}×{height_px}")
        if samples not in SAMPLE_SPACING_PX:
            raise InputError(f"samples: expected 1 or 4 a pixel, got {samples}")
        if min(shadow_map_px, subject_shadow_map_px) < 16 or max(shadow_map_px, subject_shadow_map_px) > 8192:
            raise InputError(
                f"shadow maps: expected 16 to 8192 texels a side, got {shadow_map_px} and {subject_shadow_map_px}"
            )
        if not (exposure > 0 and math.isfinite(exposure)):
            raise InputError(f"exposure: expected a positive number, got {exposure}")
        self.width_px, self.height_px, self.samples = width_px, height_px, samples
        self._context = create_context()
        self._surface = Program(
            self._context, "surface.vert", "surface.frag", {"SUPERSAMPLING": 1 if samples == 1 else 2}
        )
        self._shadow = Program(self._context, "shadow.vert", "shadow.frag")
        self._shadows = ShadowAtlas(self._context, self._shadow, shadow_map_px, subject_shadow_map_px)
        self._sky = SkyDome(self._context, samples, exposure)
        self._lighting = Lighting(self._context, samples, specular, exposure)
        self._subjects = SubjectGeometry(self._context, self._surface, self._shadow)
        self._textures = TextureLayers(self._context)
        self._loaded = False
        self._static: StaticGeometry | None = None
        self._library: MaterialLibrary | None = None
        self._panorama: PanoramaResampler | None = None
        self._targets: dict[tuple[int, int, bool, bool], Targets] = {}

    @property
    def device(self) -> str:
        """What draws: the name of the GPU, or of Mesa's software driver."""
        with self._opened() as context:
            return str(context.info["GL_RENDERER"])

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the context and everything in it; the renderer cannot be used afterwards."""
        if self._context is None:
            return
        with self._context:
            held: list[Any] = [self._subjects, self._static, self._library, self._lighting, self._sky, self._shadows]
            held += [*self._targets.values(), self._panorama, self._textures, self._surface, self._shadow]
            for item in held:
                if item is not None:
                    item.release()
        self._context.release()
        self._context = None

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def load(self, stage: Stage) -> None:
        """Uploads a stage in place of an earlier one, draws its shadows and measures how open its places are.

        Raises `InputError` for more materials or lamps than fit; the renderer then waits for another stage.
        """
        meshes = [mesh for mesh in stage.meshes if len(mesh.triangles)]
        with self._opened():
            self._loaded = False
            for item in (self._subjects, self._static, self._library):
                if item is not None:
                    item.release()
            materials = [mesh.material for mesh in meshes]
            self._library = MaterialLibrary(self._context, self._textures, materials, LARGEST_TEXTURE_PX)
            numbers = self._library.numbers(materials)
            self._static = StaticGeometry(self._context, self._surface, self._shadow, meshes, numbers)
            self._shadows.draw_static(stage.sun, self._static)
            self._lighting.load(stage, Openness.of_triangles(self._static.corners()))
            self._sky.load(stage.sky)
            self._loaded = True

    def render(self, camera: Cameras, actors: Sequence[Mesh] = (), *, normals: bool = False) -> Frame:
        """The stage and its actors seen by one perspective camera of the renderer's picture size.

        Raises `GeometryError` for another kind of camera and `InputError` for another size or before `load`.
        """
        with self._ready():
            targets = self._targets_of(self.width_px, self.height_px, normals, encoded=True)
            view = self._picture_view(camera)
            self._place_subjects(actors)
            self._draw_set(view, targets)
            self._draw_subjects(view, targets)
            self._draw_sky(view, targets)
            self._light(view, targets, with_subjects=True)
            return targets.read()

    def render_pair(self, camera: Cameras, actors: Sequence[Mesh], *, normals: bool = False) -> FramePair:
        """The same view with and without actors, in less time than two calls of `render`, and with the same bytes.

        Outside ``subject_and_shadow_mask`` the two frames are equal, byte for byte.
        """
        with self._ready():
            targets = self._targets_of(self.width_px, self.height_px, normals, encoded=True)
            view = self._picture_view(camera)
            self._draw_set(view, targets)
            self._draw_sky(view, targets)
            self._light(view, targets, with_subjects=False)
            self._place_subjects(actors)
            without = targets.read()
            self._draw_subjects(view, targets)
            self._light(view, targets, with_subjects=True, area=self._changed_area(view))
            frame = targets.read()
            return FramePair(frame, without, frame.subject_mask, frame.subject_and_shadow_mask)

    def render_panorama(
        self,
        world_from_camera: Float[Tensor, "4 4"],
        width_px: int,
        height_px: int,
        actors: Sequence[Mesh] = (),
    ) -> Frame:
        """The stage all around, as `Cameras.equirectangular` sees it; ``depth_m`` is distance, normals are given.

        Raises `GeometryError` for a matrix that is not rigid and `InputError` for sizes that cannot be.
        """
        if not (8 <= width_px <= 16384 and 4 <= height_px <= 8192):
            raise InputError(f"panorama: expected a size from 8×4 to 16384×8192, got {width_px}×{height_px}")
        check_rigid(world_from_camera)
        with self._ready():
            if self._panorama is None:
                self._panorama = PanoramaResampler(self._context)
            self._place_subjects(actors)
            return self._panorama.resample(world_from_camera, width_px, height_px, self._draw_face)

    # ---- steps ------------------------------------------------------------------------------------------------------

    # Where nothing is lit in between, subjects are placed before the set is drawn: their shadow is a pass of its own,
    # for which a software driver would first finish the set's, to begin anew for the subjects.

    def _draw_face(self, camera: Cameras) -> Targets:
        width, height = camera.size_px
        targets = self._targets_of(width, height, True, encoded=False)
        view = self._view(camera)
        self._draw_set(view, targets)
        self._draw_subjects(view, targets)
        self._draw_sky(view, targets)
        self._light(view, targets, with_subjects=True)
        return targets

    def _view(self, camera: Cameras) -> View:
        assert self._static is not None
        return View.of_camera(camera, self.samples, NEAR_M, self._static.low, self._static.high)

    def _picture_view(self, camera: Cameras) -> View:
        view = self._view(camera)
        if (view.width_px, view.height_px) != (self.width_px, self.height_px):
            raise InputError(
                f"render: expected a camera of {self.width_px}×{self.height_px} pixels as the renderer's, got "
                f"{view.width_px}×{view.height_px}; use camera.resized(...)"
            )
        return view

    def _place_subjects(self, actors: Sequence[Mesh]) -> None:
        assert self._library is not None
        self._subjects.update(actors, self._library)
        self._lighting.place_subjects(self._subjects)
        self._shadows.draw_subjects(self._subjects)

    def _draw_set(self, view: View, targets: Targets) -> None:
        assert self._static is not None
        targets.begin_samples()
        self._begin_surfaces(view, targets, subject_bit=0)
        self._static.draw(view)

    def _draw_subjects(self, view: View, targets: Targets) -> None:
        self._begin_surfaces(view, targets, subject_bit=SUBJECT_BIT)
        self._subjects.draw()

    def _draw_sky(self, view: View, targets: Targets) -> None:
        self._context.enable_only(self._context.DEPTH_TEST)
        self._context.depth_func = "<="
        targets.sample_buffer.use()
        self._sky.draw(view)

    def _begin_surfaces(self, view: View, targets: Targets, subject_bit: int) -> None:
        context = self._context
        context.enable_only(context.DEPTH_TEST | context.CULL_FACE)
        context.front_face = "cw"
        context.depth_func = "<"
        targets.sample_buffer.use()
        self._surface.set(view.uniforms() | {"subject_bit": subject_bit})

    def _light(self, view: View, targets: Targets, *, with_subjects: bool, area: Rectangle | None = None) -> None:
        assert self._library is not None
        self._lighting.draw(view, targets, self._library, self._shadows, with_subjects=with_subjects, area=area)

    def _changed_area(self, view: View) -> Rectangle:
        """Where subjects, their shadows or their spheres may be seen."""
        assert self._static is not None
        subjects = self._subjects
        if not len(subjects.positions):
            return 0, 0, 0, 0
        still = np.zeros(3)
        hulls = [swept_box(subjects.low, subjects.high, still)]
        shadow = self._shadows.shadow_of_subjects(subjects, self._static.low, self._static.high)
        if shadow is not None:
            hulls.append(shadow)
        if self._lighting.occluded is not None:
            hulls.append(swept_box(*self._lighting.occluded, still))
        return seen_area(view, hulls, NEAR_M / 2)

    # ---- state ------------------------------------------------------------------------------------------------------

    def _opened(self) -> Any:
        if self._context is None:
            raise InputError("renderer: expected an open renderer, but it was closed; make another one")
        return self._context

    def _ready(self) -> Any:
        if self._context is not None and not self._loaded:
            raise InputError("renderer: expected a stage before a picture; call load(stage)")
        return self._opened()

    def _targets_of(self, width_px: int, height_px: int, normals: bool, *, encoded: bool) -> Targets:
        key = (width_px, height_px, normals, encoded)
        if key not in self._targets:
            for old in [k for k in self._targets if not k[3] and not encoded]:
                self._targets.pop(old).release()
            self._targets[key] = Targets(
                self._context, width_px, height_px, self.samples, normals=normals, encoded=encoded
            )
        return self._targets[key]
