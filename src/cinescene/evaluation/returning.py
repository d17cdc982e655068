"""Does a camera that comes back find the same picture? The last frame against the first, where both show the place."""

from __future__ import annotations

import math

import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import rotation_angle
from cinescene.evaluation.clip_inputs import ClipInputs
from cinescene.evaluation.clip_result import ClipScore
from cinescene.evaluation.image_metrics import psnr
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from cinescene.evaluation.measures import PSNR_OF_EQUAL_FRAMES_DB

BACK_DEG, BACK_SHARE, LENS_SHARE = 0.05, 0.01, 1e-3
"""How near the last camera must be to the first: degrees, share of the way it was off, share of the focal length."""
AWAY_DEG, AWAY_UNITS = 5.0, 0.05
"""How far it must have been off in between."""
NAMES = ("return_psnr", "return_feature_distance")


def returns(cameras: Cameras) -> bool:
    """Whether a path (t,) leaves its first camera and ends in it again, with the same lens."""
    if len(cameras) < 3:
        return False
    rotation = cameras.world_from_camera[:, :3, :3].double()
    turned_deg = torch.rad2deg(rotation_angle(rotation[:1].mT @ rotation))
    away = (cameras.position - cameras.position[0]).norm(dim=-1).double()
    lens = cameras.intrinsics_px[:, 0, 0].double()
    left = float(turned_deg.max()) >= AWAY_DEG or float(away.max()) >= AWAY_UNITS
    back = float(turned_deg[-1]) <= BACK_DEG and float(away[-1]) <= max(BACK_SHARE * float(away.max()), 1e-6)
    return left and back and abs(float(lens[-1] / lens[0]) - 1) <= LENS_SHARE


def score_return(inputs: ClipInputs, score: ClipScore) -> None:
    """Adds the measures for a camera that returns, over the pixels that show the place in both frames."""
    if inputs.cameras is None or not returns(inputs.cameras):
        return
    first, last = (inputs.frames[i].float() / 255 for i in (0, -1))
    region = None if inputs.region is None else inputs.region[0] & inputs.region[-1]
    if region is not None and not bool(region.any()):
        score.off.update(dict.fromkeys(NAMES, "no pixel shows the place in both the first and the last frame"))
        return
    score.measures["return_psnr"] = min(float(psnr(last, first, region)), PSNR_OF_EQUAL_FRAMES_DB)

    def learned() -> None:
        distance = float(efficientnet_lite0_distance(last, first, region))
        if math.isfinite(distance):
            score.measures["return_feature_distance"] = distance

    score.attempt(("return_feature_distance",), learned)
