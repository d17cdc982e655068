"""Blender's Cycles as a second renderer of our sets: path traced light, the same cameras, depth and masks.

Off unless asked for; Blender runs as a program of its own (`cinescene.sets.blender_process`), in an environment of its
own. What both renderers share, and where they differ, is in ``docs/sets.md``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from cinescene.cameras.camera import Cameras
from cinescene.errors import GeometryError, InputError
from cinescene.sets.blender_exchange import MaterialFiles, camera_values, write_document, write_meshes, write_stage
from cinescene.sets.blender_pictures import changed_area, frame_of, read_picture
from cinescene.sets.blender_process import BlenderProcess, exchange_folder, find_blender
from cinescene.sets.frame import Frame, FramePair
from cinescene.sets.mesh import Mesh, Stage
from cinescene.sets.renderer import NEAR_M
from cinescene.tensor_types import Float, Tensor

MOST_SAMPLES = 4096


class BlenderRenderer:
    """Renders one stage after another; a context manager that ends its Blender. Sizes are those of the cameras.

    ``samples`` are paths a pixel; the picture is denoised (OpenImageDenoise). ``program`` and errors as in
    `find_blender`; ``threads`` are processor threads, all by default. Same inputs, machine and Blender: same bytes.
    """

    def __init__(self, samples: int = 32, program: Path | None = None, threads: int | None = None) -> None:
        if not 1 <= samples <= MOST_SAMPLES:
            raise InputError(f"Blender's samples: expected 1 to {MOST_SAMPLES} a pixel, got {samples}")
        self._command = find_blender(program)
        self._samples, self._threads = samples, threads or os.cpu_count() or 1
        self._process: BlenderProcess | None = None
        self._empty: tuple[dict[str, Any], Frame] | None = None

    @property
    def device(self) -> str:
        """What renders: Blender and its version."""
        return f"Blender {self._running().version}, Cycles on the CPU, {self._samples} samples"

    def __enter__(self) -> BlenderRenderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends Blender; `load` starts it again."""
        if self._process is not None:
            self._process.close()
            shutil.rmtree(self._process.folder, ignore_errors=True)
        self._process = self._empty = None

    def load(self, stage: Stage) -> None:
        """Starts Blender with a stage, in place of an earlier one."""
        self.close()
        folder = exchange_folder()
        self._materials = MaterialFiles(folder)
        document = write_stage(folder, stage, self._materials)
        document |= {"samples": self._samples, "threads": self._threads}
        write_document(folder / "stage.json", document)
        try:
            self._process = BlenderProcess(self._command, folder)
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def render(self, camera: Cameras, actors: Sequence[Mesh] = ()) -> Frame:
        """The stage and its actors seen by one camera. Raises `GeometryError` for several cameras, or one with skew."""
        return self.render_pair(camera, actors).with_subject

    def render_pair(self, camera: Cameras, actors: Sequence[Mesh]) -> FramePair:
        """The same view with and without actors.

        Light that subjects send back changes the whole picture a little. Where that is less than noise
        (`changed_area`), the frame with them shows what the frame without them does: outside
        ``subject_and_shadow_mask`` both are equal, byte for byte.
        """
        values = camera_values(camera, NEAR_M)
        meshes = [mesh for mesh in actors if len(mesh.triangles)]
        alone = self._empty[1] if self._empty is not None and self._empty[0] == values else None
        if alone is None:
            alone = self._frame(values, [])
            self._empty = (values, alone)
        seen = self._frame(values, meshes) if meshes else alone
        changed = changed_area(seen.colour, alone.colour, seen.subject_mask)
        frame = Frame(
            colour=torch.where(changed, seen.colour, alone.colour),
            depth_m=seen.depth_m,
            subject_mask=seen.subject_mask,
            subject_and_shadow_mask=changed,
        )
        return FramePair(frame, alone, seen.subject_mask, changed)

    def render_panorama(
        self, world_from_camera: Float[Tensor, "4 4"], width_px: int, height_px: int, actors: Sequence[Mesh] = ()
    ) -> Frame:
        """The stage all around, as `Cameras.equirectangular` sees it; ``depth_m`` is distance."""
        return self.render(Cameras.equirectangular(world_from_camera.double(), width_px, height_px), actors)

    def _frame(self, camera: dict[str, Any], meshes: Sequence[Mesh]) -> Frame:
        process = self._running()
        pictures = [{"file": "colour.exr", "what": "colour"}, {"file": "geometry.exr", "what": "geometry"}]
        request = {"camera": camera, "pictures": pictures}
        request |= write_meshes(process.folder, "actors.npz", meshes, self._materials)
        write_document(process.folder / "frame.json", request)
        colour, geometry = process.ask("frame.json", ["colour.exr", "geometry.exr"])
        frame = frame_of(read_picture(colour), read_picture(geometry))
        if list(frame.colour.shape[1:]) != camera["size_px"][::-1]:
            raise GeometryError(f"Blender's picture has shape {tuple(frame.colour.shape)}, not {camera['size_px']}")
        return frame

    def _running(self) -> BlenderProcess:
        if self._process is None:
            raise InputError("renderer: expected a stage before the first picture; call load(stage)")
        return self._process
