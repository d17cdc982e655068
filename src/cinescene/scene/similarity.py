"""Similarity transforms between two worlds that hold the same points or the same cameras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import closest_rotation, rigid
from cinescene.errors import GeometryError
from cinescene.tensor_types import Float, Tensor

FLATNESS = 1e-4
"""An extent below this share of the largest one counts as none."""

Determined = Literal["full", "line", "point"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Similarity:
    """``x -> scale · rotation @ x + translation``, and how well the data fixed it.

    ``determined`` is ``"full"``; ``"line"`` where all points lie on one line (the turn about it is arbitrary, or taken
    from the cameras' rotations); ``"point"`` where they coincide (the scale is arbitrary and given as 1).
    ``residual`` is the root mean square distance left over, in target units.
    """

    scale: float
    rotation: Float[Tensor, "3 3"]
    translation: Float[Tensor, "3"]
    determined: Determined
    residual: float

    def apply(self, points: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 3"]:
        """Points of the source world in the target world."""
        return self.scale * points @ self.rotation.mT.to(points) + self.translation.to(points)

    def apply_to_cameras(self, cameras: Cameras) -> Cameras:
        """Cameras of the source world in the target world."""
        return cameras.scaled(self.scale).moved(rigid(self.rotation, self.translation).to(cameras.world_from_camera))


def align_points(
    source: Float[Tensor, "n 3"], target: Float[Tensor, "m 3"], rotation: Float[Tensor, "3 3"] | None = None
) -> Similarity:
    """The similarity with the least squared distance from moved source points to target points.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991. With
    ``rotation`` given, only scale and translation are sought. Raises `GeometryError` for unequal or no points, and for
    points that are not finite.
    """
    if source.shape != target.shape or len(source) == 0:
        raise GeometryError(f"alignment: expected as many source as target points, got {len(source)} and {len(target)}")
    source, target = source.detach().double(), target.detach().double()
    if not (torch.isfinite(source).all() and torch.isfinite(target).all()):
        raise GeometryError("alignment: expected finite points, got NaN or infinity")
    middle, target_middle = source.mean(0), target.mean(0)
    spread, target_spread = source - middle, target - target_middle
    determined = min(
        _determined(spread, middle), _determined(target_spread, target_middle), key=("point", "line", "full").index
    )
    if rotation is None:
        rotation = closest_rotation(target_spread.T @ spread)
    rotation = rotation.detach().double()
    scale = 1.0
    if determined != "point":
        scale = float((target_spread * (spread @ rotation.T)).sum() / spread.square().sum())
        if scale <= 0:
            raise GeometryError("alignment: the two sets of points face opposite ways; no positive scale fits")
    translation = target_middle - scale * rotation @ middle
    left = target - (scale * source @ rotation.T + translation)
    return Similarity(
        scale=scale,
        rotation=rotation,
        translation=translation,
        determined=determined,
        residual=math.sqrt(float(left.square().sum(-1).mean())),
    )


def align_cameras(estimated: Cameras, known: Cameras) -> Similarity:
    """The similarity that takes estimated cameras (v,) to known ones.

    From their positions, where those span a plane or space. Positions on a line leave the turn about it open, so the
    rotation is then the mean of the rotations between each two cameras; positions in one point leave the scale open
    (``determined == "point"``). Raises `GeometryError` for unequal numbers of cameras.
    """
    if estimated.batch_shape != known.batch_shape or len(estimated.batch_shape) != 1:
        raise GeometryError(
            f"alignment: expected as many estimated as known cameras, got {tuple(estimated.batch_shape)} and "
            f"{tuple(known.batch_shape)}"
        )
    by_position = align_points(estimated.position, known.position)
    if by_position.determined == "full":
        return by_position
    between = known.world_from_camera[:, :3, :3].double() @ estimated.world_from_camera[:, :3, :3].double().mT
    return align_points(estimated.position, known.position, closest_rotation(between.detach().sum(0)))


def _determined(spread: Float[Tensor, "n 3"], middle: Float[Tensor, "3"]) -> Determined:
    extents = torch.linalg.svdvals(spread)
    if len(extents) < 2 or float(extents[0]) <= 1e-9 * max(float(middle.norm()), 1e-3):
        return "point"
    return "line" if float(extents[1]) <= FLATNESS * float(extents[0]) else "full"
