"""What a data set needs of a program that renders sets: `cinescene.sets.renderer.Renderer` and Blender have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from cinescene.cameras.camera import Cameras
from cinescene.sets.frame import Frame, FramePair
from cinescene.sets.mesh import Mesh, Stage
from cinescene.tensor_types import Float, Tensor


@runtime_checkable
class BackEnd(Protocol):
    """Renders one stage after another."""

    @property
    def device(self) -> str:
        """What renders, in words."""
        ...

    def load(self, stage: Stage) -> None:
        """Takes a stage in place of an earlier one."""
        ...

    def render_pair(self, camera: Cameras, actors: Sequence[Mesh]) -> FramePair:
        """One perspective view with and without actors; outside ``subject_and_shadow_mask`` both are equal."""
        ...

    def render_panorama(self, world_from_camera: Float[Tensor, "4 4"], width_px: int, height_px: int) -> Frame:
        """The stage all around; ``depth_m`` is distance."""
        ...
