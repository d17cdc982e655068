"""Camera poses by a VGGT checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from cinescene.cameras import Cameras
from cinescene.evaluation.poses.estimate import PoseEstimate
from cinescene.scene.vggt import EncodeOptions, Vggt, encode_scene
from cinescene.tensor_types import Bool, Tensor, UInt8


@dataclass(frozen=True, kw_only=True, eq=False)
class VggtPoses:
    """The pose estimator of a VGGT; see `PoseEstimator`.

    The lens is estimated too and the known one is not used; all frames count as posed, since the network never says
    that it does not know.
    """

    model: Vggt
    name: str = "VGGT"
    options: EncodeOptions = field(default_factory=EncodeOptions)

    def __call__(
        self, frames: UInt8[Tensor, "t 3 h w"], wanted: Cameras, background: Bool[Tensor, "t h w"] | None = None
    ) -> PoseEstimate:
        encoding = encode_scene(self.model, frames.float() / 255, options=self.options)
        poses = encoding.estimated_cameras.world_from_camera.detach().cpu().double()
        return PoseEstimate(
            world_from_camera=poses,
            posed=torch.ones(len(frames), dtype=torch.bool),
            world="own",
            method=self.name,
        )
