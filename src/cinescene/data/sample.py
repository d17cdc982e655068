"""What one training example is, and how its scene views are ordered."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch

from cinescene.cameras import Cameras
from cinescene.errors import InputError
from cinescene.tensor_types import Bool, Float, Int, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSample:
    """A shot on a place, with and without its subject. Pictures are RGB in [0, 1].

    ``views``, ``view_cameras``
        The place: perspective views of its panorama, all of one size. The start view comes first.
    ``with_subject``, ``without_subject``
        The same shot twice; outside ``affected_mask`` they agree.
    ``cameras``
        Of the frames. Both batches of cameras are in metres in the frame of the first frame's camera.
    ``caption``
        None where the data set has none.
    ``subject_mask``, ``affected_mask``, ``depth_m``
        None for data without extras. ``depth_m`` is z-depth without the subject.
    """

    scene_id: str
    clip: str
    caption: str | None
    views: Float[Tensor, "v 3 h w"]
    view_cameras: Cameras
    with_subject: Float[Tensor, "t 3 h2 w2"]
    without_subject: Float[Tensor, "t 3 h2 w2"]
    cameras: Cameras
    subject_mask: Bool[Tensor, "t h2 w2"] | None
    affected_mask: Bool[Tensor, "t h2 w2"] | None
    depth_m: Float[Tensor, "t h2 w2"] | None

    def with_view_order(self, order: Int[Tensor, "v"]) -> TrainingSample:
        """The same sample with its views, and their cameras, in another order."""
        return dataclasses.replace(self, views=self.views[order], view_cameras=self.view_cameras[order])


def shuffled_order(count: int, generator: torch.Generator, keep_first: bool = True) -> Int[Tensor, "v"]:
    """A random order of scene views, the start view first if it is to stay (CineScene, random shuffling)."""
    if count < 1:
        raise InputError(f"scene views: expected at least one, got {count}")
    fixed = 1 if keep_first else 0
    rest = fixed + torch.randperm(count - fixed, generator=generator)
    return torch.cat([torch.arange(fixed), rest])
