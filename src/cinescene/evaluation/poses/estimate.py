"""What a pose estimator gives back, and which frames one looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch

from cinescene.cameras import Cameras
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

World = Literal["own", "place"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseEstimate:
    """Camera-to-world matrices of the frames, where ``posed``; the identity elsewhere.

    ``world`` is ``"place"`` where they are in the wanted cameras' own world and unit (errors need no alignment), and
    ``"own"`` where only their relations mean anything. ``positions_known`` is False where only rotations were found.
    ``method`` names the estimator; ``notes`` say what failed and why.
    """

    world_from_camera: Float[Tensor, "t 4 4"]
    posed: Bool[Tensor, "t"]
    world: World
    method: str
    positions_known: bool = True
    notes: tuple[str, ...] = ()


@runtime_checkable
class PoseEstimator(Protocol):
    """Estimates the camera of every frame; ``background`` is False where a subject hides the place."""

    def __call__(
        self,
        frames: UInt8[Tensor, "t 3 h w"],
        wanted: Cameras,
        background: Bool[Tensor, "t h w"] | None = None,
    ) -> PoseEstimate: ...


def unposed_estimate(count: int, world: World, method: str, note: str) -> PoseEstimate:
    """No frame posed, and why."""
    return PoseEstimate(
        world_from_camera=torch.eye(4, dtype=torch.float64).repeat(count, 1, 1),
        posed=torch.zeros(count, dtype=torch.bool),
        world=world,
        method=method,
        notes=(note,),
    )
