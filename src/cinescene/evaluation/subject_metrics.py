"""Is the subject there, is it where and as large as the reference's, and does it move?

Without a detector: a clip's subject is what differs from the subject-free reference in one connected piece, far more
than the rest of the picture does. That works where the background is good; on a poor one little stands out and
presence is underrated, so read it beside the background measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from cinescene.evaluation.regions import check_pair
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

LEAST_DIFFERENCE = 0.08
TIMES_BACKGROUND = 4.0
LEAST_AREA_SHARE = 0.25
LEAST_PICTURE_SHARE = 5e-4
BLUR_SHARE = 0.008


@dataclass(frozen=True, kw_only=True)
class SubjectScore:
    """Measures of the subject over a clip; NaN where the reference has no subject or too few frames show one.

    ``presence``
        Share of the frames with a subject in the reference in which one stands out, at least a quarter as large.
    ``overlap``
        Mean intersection over union with the reference's mask, over those frames.
    ``area_ratio``
        Median of the subject's area over the reference's, where present.
    ``motion_ratio``
        Path length of its centre in the picture over that of the reference's (1: as lively; 0: frozen).
    ``distance``
        Mean distance of its centre from the reference's, as a share of the picture's diagonal.
    """

    presence: float
    overlap: float
    area_ratio: float
    motion_ratio: float
    distance: float


def standing_out(image: Float[Tensor, "3 h w"], empty: Float[Tensor, "3 h w"]) -> Bool[Tensor, "h w"]:
    """The largest connected piece in which a picture differs from the subject-free one; nothing if none stands out."""
    check_pair(image, empty, None)
    difference = (image - empty).abs().amax(0)
    radius = max(1, round(BLUR_SHARE * max(difference.shape)))
    kernel = 2 * radius + 1
    padded = F.pad(difference[None, None], (radius,) * 4, mode="replicate")
    smooth = F.avg_pool2d(padded, kernel, 1)[0, 0]
    usual = float(smooth.median())
    labels, count = ndimage.label((smooth > max(LEAST_DIFFERENCE, TIMES_BACKGROUND * usual)).numpy())
    nothing = torch.zeros(difference.shape, dtype=torch.bool)
    if count == 0:
        return nothing
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    if areas.max() < LEAST_PICTURE_SHARE * difference.numel():
        return nothing
    return torch.from_numpy(labels == areas.argmax())


def subject_score(
    frames: UInt8[Tensor, "t 3 h w"], empty: UInt8[Tensor, "t 3 h w"], subject: Bool[Tensor, "t h w"]
) -> SubjectScore:
    """Compares a clip with the subject-free reference, and what stands out with the reference's subject mask."""
    shown = [i for i in range(len(frames)) if bool(subject[i].any())]
    found = {i: standing_out(frames[i].float() / 255, empty[i].float() / 255) for i in shown}
    areas = {i: float(found[i].sum()) / float(subject[i].sum()) for i in shown}
    present = [i for i in shown if areas[i] >= LEAST_AREA_SHARE]
    overlaps = [float((found[i] & subject[i]).sum() / (found[i] | subject[i]).sum()) for i in shown]
    centres, wanted = ({i: _centre(masks[i]) for i in present} for masks in (found, subject))
    diagonal = float(np.hypot(*subject.shape[-2:]))
    apart = [float(np.linalg.norm(centres[i] - wanted[i])) / diagonal for i in present]
    return SubjectScore(
        presence=len(present) / len(shown) if shown else float("nan"),
        overlap=_mean(overlaps),
        area_ratio=float(np.median([areas[i] for i in present])) if present else float("nan"),
        motion_ratio=_length_ratio(centres, wanted, present),
        distance=_mean(apart),
    )


def _length_ratio(centres: dict[int, np.ndarray], wanted: dict[int, np.ndarray], present: list[int]) -> float:
    """Over frames smoothed in pairs, so that the rough outline of what stands out adds no jitter of its own."""
    if len(present) < 3:
        return float("nan")
    paths = [np.stack([path[i] for i in present]) for path in (centres, wanted)]
    lengths = [np.linalg.norm(np.diff((p[1:] + p[:-1]) / 2, axis=0), axis=1).sum() for p in paths]
    return float(lengths[0] / lengths[1]) if lengths[1] > 1 else float("nan")


def _centre(mask: Bool[Tensor, "h w"]) -> np.ndarray:
    rows, columns = torch.nonzero(mask, as_tuple=True)
    return np.array([float(columns.double().mean()), float(rows.double().mean())])


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
