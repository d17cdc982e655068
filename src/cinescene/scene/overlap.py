"""How much of one view of a scene another one shows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import frustum_overlap
from cinescene.scene.likeness import Fingerprint, shared_share
from cinescene.tensor_types import Float, Tensor

SAMPLES_A_SIDE = 16
ALL_PAIRS_UP_TO = 20
NEIGHBOURS_COMPARED = 8
STAND_BACK = 4.0
"""Depth assumed where the cameras do not look at anything in common, in units of how far apart they stand."""


def overlap_by_cameras(cameras: Cameras) -> Float[Tensor, "v v"]:
    """Share of view i's picture that view j sees too, if all lay at `typical_depth`; the diagonal is 1."""
    depth = typical_depth(cameras)
    rows = [
        frustum_overlap(cameras[index : index + 1], cameras, depth, samples=SAMPLES_A_SIDE)
        for index in range(len(cameras))
    ]
    return torch.stack(rows)


def typical_depth(cameras: Cameras) -> float:
    """Distance, in scene units, at which the cameras' axes come closest to meeting in front of them.

    Cameras that look away from each other get `STAND_BACK` times their typical distance from their middle instead, and
    cameras that only turn get 1, since for them no depth matters.
    """
    position, forward = cameras.position.double(), cameras.forward.double()
    spread = float(torch.linalg.vector_norm(position - position.mean(0), dim=-1).median())
    if spread < 1e-9:
        return 1.0
    across = torch.eye(3, dtype=torch.float64) - forward[:, :, None] * forward[:, None, :]
    matrix = across.sum(0)
    if float(torch.linalg.eigvalsh(matrix)[0]) > 1e-3 * len(cameras):
        meeting = torch.linalg.solve(matrix, (across @ position[..., None]).sum(0))[:, 0]
        depth = ((meeting - position) * forward).sum(-1)
        if float((depth > 0).double().mean()) > 0.75:
            return float(depth[depth > 0].median())
    return STAND_BACK * spread


def overlap_by_likeness(fingerprints: Sequence[Fingerprint | None]) -> Float[Tensor, "v v"]:
    """A rough guess from the pictures alone (`shared_share`); 0 where nothing was recognised or not looked for.

    Up to `ALL_PAIRS_UP_TO` views are all compared; of more, each with `NEIGHBOURS_COMPARED` on either side in order.
    """
    count = len(fingerprints)
    reach = count if count <= ALL_PAIRS_UP_TO else NEIGHBOURS_COMPARED
    shares = torch.eye(count, dtype=torch.float64)
    for i, first in enumerate(fingerprints):
        for j in range(i + 1, min(count, i + 1 + reach)):
            second = fingerprints[j]
            if first is None or second is None:
                continue
            share = shared_share(first, second)
            if share is not None:
                shares[i, j] = share
                shares[j, i] = min(1.0, share * float(first.seen.sum() / second.seen.sum()))
    return shares
