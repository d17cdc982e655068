"""Bringing an estimated camera path and the wanted one into one world before they are compared.

An estimate from pictures has its own world and unit of length, so some alignment must be chosen, and the error depends
on the choice. The rules:

``first-frame``
    Both paths are taken relative to their first common camera; the estimated path is scaled to the wanted one's length.
``furthest``
    Both relative to the first camera; **each** is divided by its own greatest distance from it. Source: CamI2V (Zheng
    et al., 2024); also how most tables since report TransErr and CamMC. Lengths are then shares, not metres.
``similarity``
    The rotation, translation and scale with the least squared distance between camera positions (Umeyama, 1991), with
    rotations deciding what positions leave open. Spreads an error at the start over all frames; usual in SLAM ("ATE").
``none``
    As they are: for estimates in the wanted path's own world and unit, as from a known place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import rotation_angle
from cinescene.errors import GeometryError, InputError
from cinescene.scene.similarity import align_cameras
from cinescene.tensor_types import Float, Tensor

Rule = Literal["first-frame", "furthest", "similarity", "none"]
PathShape = Literal["static", "turning", "straight", "curved"]

STILL_SHARE = 1e-6
"""Movement below this share of the scene unit counts as none."""
STRAIGHT_SHARE = 1e-3
"""Deviation from a line below this share of the path's extent counts as none."""
STILL_RAD = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class AlignedPaths:
    """Two paths in one frame. ``scale`` multiplied the estimate's lengths; ``notes`` say what could not be aligned.

    ``translation_known`` is False where nothing fixes the estimate's unit of length, so that positions say nothing.
    """

    estimated: Float[Tensor, "t 4 4"]
    wanted: Float[Tensor, "t 4 4"]
    scale: float
    translation_known: bool
    notes: tuple[str, ...]


def path_length(world_from_camera: Float[Tensor, "t 4 4"]) -> float:
    """Sum of the distances between consecutive positions."""
    return float(world_from_camera[:, :3, 3].double().diff(dim=0).norm(dim=-1).sum())


def path_shape(world_from_camera: Float[Tensor, "t 4 4"]) -> PathShape:
    """``static``, ``turning`` (on the spot), ``straight`` or ``curved``; the first three are degenerate somewhere."""
    poses = world_from_camera.double()
    positions = poses[:, :3, 3]
    extents = torch.linalg.svdvals(positions - positions.mean(0))
    if float(extents[0]) <= STILL_SHARE * max(1.0, float(positions.abs().max()) * 1e-3):
        turned = rotation_angle(poses[0, :3, :3].mT @ poses[:, :3, :3])
        return "static" if float(turned.max()) < STILL_RAD else "turning"
    straight = len(positions) < 3 or float(extents[1]) <= STRAIGHT_SHARE * float(extents[0])
    return "straight" if straight else "curved"


def align_paths(
    estimated: Float[Tensor, "t 4 4"], wanted: Float[Tensor, "u 4 4"], rule: Rule = "first-frame"
) -> AlignedPaths:
    """Both paths after a rule; ``world_from_camera`` of the same frames, in order.

    Raises `InputError` for an unknown rule or paths of different or no length.
    """
    if rule not in get_args(Rule):
        raise InputError(f"alignment: expected one of {', '.join(get_args(Rule))}, got {rule!r}")
    if estimated.shape != wanted.shape or len(wanted) == 0:
        raise InputError(
            f"camera error: expected as many estimated as wanted cameras, got {len(estimated)} and {len(wanted)}"
        )
    estimated, wanted = estimated.detach().double(), wanted.detach().double()
    if rule == "none":
        return AlignedPaths(estimated=estimated, wanted=wanted, scale=1.0, translation_known=True, notes=())
    if rule == "similarity":
        return _by_similarity(estimated, wanted)
    first, second = (_cameras(path).relative_to_first().world_from_camera for path in (estimated, wanted))
    return _by_length(first, second) if rule == "first-frame" else _by_furthest(first, second)


def _by_length(estimated: Tensor, wanted: Tensor) -> AlignedPaths:
    still, still_estimate = (path_shape(path) in ("static", "turning") for path in (wanted, estimated))
    notes = _still_notes(still, still_estimate)
    scale = 1.0 if still or still_estimate else path_length(wanted) / path_length(estimated)
    return AlignedPaths(
        estimated=_scaled(estimated, scale),
        wanted=wanted,
        scale=scale,
        translation_known=not still or still_estimate,
        notes=notes,
    )


def _by_furthest(estimated: Tensor, wanted: Tensor) -> AlignedPaths:
    still, still_estimate = (path_shape(path) in ("static", "turning") for path in (wanted, estimated))
    factors = [
        1.0 if is_still else 1 / float(path[:, :3, 3].norm(dim=-1).max())
        for path, is_still in ((estimated, still_estimate), (wanted, still))
    ]
    return AlignedPaths(
        estimated=_scaled(estimated, factors[0]),
        wanted=_scaled(wanted, factors[1]),
        scale=factors[0],
        translation_known=not still or still_estimate,
        notes=_still_notes(still, still_estimate),
    )


def _by_similarity(estimated: Tensor, wanted: Tensor) -> AlignedPaths:
    still, still_estimate = (path_shape(path) in ("static", "turning") for path in (wanted, estimated))
    notes = list(_still_notes(still, still_estimate))
    if path_shape(wanted) == "straight":
        notes.append("the wanted path is a straight line: the turn about it is taken from the cameras' rotations")
    try:
        similarity = align_cameras(_cameras(estimated), _cameras(wanted))
    except GeometryError:
        notes.append("no positive scale fits: the estimated path runs against the wanted one; aligned by first frame")
        by_first = _by_length(*(_cameras(path).relative_to_first().world_from_camera for path in (estimated, wanted)))
        return AlignedPaths(
            estimated=wanted[:1] @ by_first.estimated,
            wanted=wanted,
            scale=by_first.scale,
            translation_known=by_first.translation_known,
            notes=tuple(notes),
        )
    return AlignedPaths(
        estimated=similarity.apply_to_cameras(_cameras(estimated)).world_from_camera,
        wanted=wanted,
        scale=similarity.scale,
        translation_known=not still or still_estimate,
        notes=tuple(notes),
    )


def _still_notes(still: bool, still_estimate: bool) -> tuple[str, ...]:
    if still and not still_estimate:
        return ("the wanted camera does not travel, so nothing fixes the estimate's scale: no TransErr and no CamMC",)
    if still_estimate and not still:
        return ("the estimated camera does not travel: its positions count as the first one's",)
    return ()


def _scaled(path: Tensor, factor: float) -> Tensor:
    scaled = path.clone()
    scaled[:, :3, 3] *= factor
    return scaled


def _cameras(path: Float[Tensor, "t 4 4"]) -> Cameras:
    return Cameras(
        world_from_camera=path,
        intrinsics_px=torch.eye(3, dtype=path.dtype),
        image_size_px=torch.tensor([1, 1]),
    )
