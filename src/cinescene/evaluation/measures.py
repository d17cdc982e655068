"""The measures of a clip by name: what they are called, their unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VERSION = 3
"""Changes whenever the same clip would be scored differently; stored with every result."""

PSNR_OF_EQUAL_FRAMES_DB = 100.0
"""What infinite PSNR counts as in a mean."""

Better = Literal["higher", "lower", "near 1"]
Kind = Literal["place", "camera", "video", "subject", "text"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure's title, unit (empty: none), direction and what it is about."""

    title: str
    unit: str
    better: Better
    kind: Kind


def _place(title: str, unit: str, better: Better) -> dict[str, Measure]:
    key = title.lower().replace(" ", "_").replace("-", "_")
    return {
        f"{key}_{part}": Measure(title=f"{title}, {part}", unit=unit, better=better, kind="place")
        for part in ("background", "whole")
    }


MEASURES: dict[str, Measure] = {
    **_place("PSNR", "dB", "higher"),
    **_place("SSIM", "", "higher"),
    **_place("FLIP", "", "lower"),
    **_place("EfficientNet-Lite0 feature distance", "", "lower"),
    **_place("LPIPS", "", "lower"),
    "matching_keypoints": Measure(title="SIFT matches a frame", unit="", better="higher", kind="place"),
    "match_shift_px": Measure(title="Median shift of matches", unit="px", better="lower", kind="place"),
    "clip_v": Measure(title="CLIP-V", unit="", better="higher", kind="place"),
    "rot_err_deg": Measure(title="RotErr, mean", unit="°", better="lower", kind="camera"),
    "trans_err": Measure(title="TransErr, mean", unit="path units", better="lower", kind="camera"),
    "trans_err_share": Measure(title="TransErr / path length", unit="", better="lower", kind="camera"),
    "cam_mc": Measure(title="CamMC, mean", unit="", better="lower", kind="camera"),
    "rot_err_median_deg": Measure(title="RotErr, median of frames", unit="°", better="lower", kind="camera"),
    "trans_err_median": Measure(title="TransErr, median of frames", unit="path units", better="lower", kind="camera"),
    "posed_share": Measure(title="Frames posed", unit="", better="higher", kind="camera"),
    "return_psnr": Measure(title="PSNR, last frame against first", unit="dB", better="higher", kind="place"),
    "return_feature_distance": Measure(
        title="EfficientNet-Lite0 distance, last frame against first", unit="", better="lower", kind="place"
    ),
    "brightness_flicker": Measure(title="Brightness flicker", unit="/255", better="lower", kind="video"),
    "change_error_background": Measure(title="Change error, background", unit="", better="lower", kind="video"),
    "change_error_whole": Measure(title="Change error, whole", unit="", better="lower", kind="video"),
    "motion_smoothness": Measure(title="Motion smoothness (DIS flow)", unit="", better="higher", kind="video"),
    "subject_presence": Measure(title="Subject present", unit="", better="higher", kind="subject"),
    "subject_overlap": Measure(title="Subject overlap", unit="", better="higher", kind="subject"),
    "subject_area_ratio": Measure(title="Subject area ratio", unit="", better="near 1", kind="subject"),
    "subject_motion_ratio": Measure(title="Subject motion ratio", unit="", better="near 1", kind="subject"),
    "subject_distance": Measure(title="Subject distance / diagonal", unit="", better="lower", kind="subject"),
    "actor_present": Measure(title="Actor there (share of clips)", unit="", better="higher", kind="subject"),
    "actor_in_place": Measure(title="Actor where blocked (share)", unit="", better="higher", kind="subject"),
    "actor_colour": Measure(title="Actor in the colour blocked (share)", unit="", better="higher", kind="subject"),
    "nobody_added": Measure(title="Nobody beyond the place as shown (share)", unit="", better="higher", kind="subject"),
    "nobody_there": Measure(title="Nobody in an empty place (share)", unit="", better="higher", kind="subject"),
    "clip_t": Measure(title="CLIP-T", unit="", better="higher", kind="text"),
}
RANKING = ("psnr_background", "psnr_whole", "rot_err_deg", "motion_smoothness")
"""The first of these that a run has decides which clips are the worst."""
