"""All measures of one clip that its inputs and the installed weights allow; the others with the reason why not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from cinescene.evaluation.camera_error import camera_error
from cinescene.evaluation.clip_inputs import ClipInputs, read_inputs
from cinescene.evaluation.clip_job import ClipJob, ScoreOptions
from cinescene.evaluation.clip_result import ClipScore, finite
from cinescene.evaluation.clip_scores import DEFAULT_WEIGHTS, load_clip
from cinescene.evaluation.flip import flip_map, flip_mean
from cinescene.evaluation.frechet import video_features
from cinescene.evaluation.image_metrics import psnr, ssim
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from cinescene.evaluation.lpips import load_lpips
from cinescene.evaluation.matching import match_pictures
from cinescene.evaluation.measures import PSNR_OF_EQUAL_FRAMES_DB
from cinescene.evaluation.pose_choice import choose_poses
from cinescene.evaluation.returning import score_return
from cinescene.evaluation.score_subject import score_subject
from cinescene.evaluation.video_metrics import (
    black_frames,
    brightness_flicker,
    change_error,
    is_still,
    motion_smoothness,
)
from cinescene.tensor_types import Tensor
from cinescene.video import read_video

CAMERA_ERRORS = ("rot_err_deg", "rot_err_median_deg", "trans_err", "trans_err_median", "trans_err_share", "cam_mc")


def score_clip(job: ClipJob, options: ScoreOptions) -> dict[str, Any]:
    """Scores one clip. Raises `InputError` where an input cannot be used; missing weights only cost their measure."""
    inputs = read_inputs(job, options)
    score = ClipScore(flags=list(inputs.flags))
    costly = evenly_spaced(len(inputs.frames), options.frames_for_costly)
    score.facts.update(
        frames=len(inputs.frames),
        size_px=[inputs.frames.shape[-1], inputs.frames.shape[-2]],
        frame_rate=inputs.frame_rate,
        costly_frames=costly,
    )
    _flag_content(inputs, score)
    _score_place(inputs, costly, score)
    _score_embeddings(job, options, inputs, costly, score)
    _score_time(inputs, costly, score)
    score_subject(job, inputs, score)
    _score_camera(inputs, options, score)
    score_return(inputs, score)
    score.attempt(("frechet",), lambda: _add_features(job, inputs, score))
    return score.document(job)


def evenly_spaced(count: int, most: int) -> list[int]:
    """Up to ``most`` frame numbers from the first to the last."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _flag_content(inputs: ClipInputs, score: ClipScore) -> None:
    black = black_frames(inputs.frames)
    if black:
        score.flags.append(f"{len(black)} of {len(inputs.frames)} frames are black all over (first: frame {black[0]})")
    if is_still(inputs.frames):
        score.flags.append("a still: nothing changes from frame to frame")


# ---- the place ------------------------------------------------------------------------------------------------------


def _score_place(inputs: ClipInputs, costly: list[int], score: ClipScore) -> None:
    names = ("psnr", "ssim", "flip", "efficientnet_lite0_feature_distance", "lpips")
    if inputs.reference is None:
        reason = "needs the subject-free clip (--reference), or a panorama and the camera"
        for name in names:
            score.off.update({f"{name}_background": reason, f"{name}_whole": reason})
        score.off.update(matching_keypoints=reason, match_shift_px=reason)
        return
    from_panorama = inputs.panorama is not None and any("panorama" in flag for flag in inputs.flags)
    parts = {"background": inputs.region, "whole": None}
    every = list(range(len(inputs.frames)))
    flipped = torch.stack([flip_map(*_pair(inputs, i)) for i in costly])
    for part, region in parts.items():
        if part == "background" and region is None:
            score.off.update({f"{n}_background": "needs the subject's mask (--masks)" for n in names})
            continue
        if part == "whole" and from_panorama:
            score.off.update({f"{n}_whole": "the panorama is exact in part of the picture only" for n in names})
            continue
        score.add_series(f"psnr_{part}", _each(inputs, every, region, _capped_psnr), every)
        score.add_series(f"ssim_{part}", _each(inputs, every, region, ssim), every)
        score.add_series(
            f"flip_{part}", flip_mean(flipped, None if region is None else region[costly]).tolist(), costly
        )
        _score_learned(inputs, costly, region, part, score)
    score.attempt(("matching_keypoints", "match_shift_px"), lambda: _score_matches(inputs, costly, score))


def _pair(inputs: ClipInputs, frame: int) -> tuple[Tensor, Tensor]:
    assert inputs.reference is not None
    return inputs.frames[frame].float() / 255, inputs.reference[frame].float() / 255


def _each(inputs: ClipInputs, frames: list[int], region: Tensor | None, measure: Callable[..., Tensor]) -> list[float]:
    return [float(measure(*_pair(inputs, i), None if region is None else region[i])) for i in frames]


def _capped_psnr(image: Tensor, reference: Tensor, region: Tensor | None) -> Tensor:
    return psnr(image, reference, region).clamp(max=PSNR_OF_EQUAL_FRAMES_DB)


def _score_learned(inputs: ClipInputs, costly: list[int], region: Tensor | None, part: str, score: ClipScore) -> None:
    name = f"efficientnet_lite0_feature_distance_{part}"
    score.attempt(
        (name,), lambda: score.add_series(name, _each(inputs, costly, region, efficientnet_lite0_distance), costly)
    )
    lpips_name = f"lpips_{part}"
    score.attempt(
        (lpips_name,), lambda: score.add_series(lpips_name, _each(inputs, costly, region, load_lpips()), costly)
    )


def _score_matches(inputs: ClipInputs, costly: list[int], score: ClipScore) -> None:
    counts, shifts = [], []
    for i in costly:
        region = None if inputs.region is None else inputs.region[i]
        found = match_pictures(*_pair(inputs, i), region)
        counts.append(float(len(found)))
        shifts.append(found.median_shift_px)
    score.add_series("matching_keypoints", counts, costly)
    score.add_series("match_shift_px", shifts, costly)


def _score_embeddings(
    job: ClipJob, options: ScoreOptions, inputs: ClipInputs, costly: list[int], score: ClipScore
) -> None:
    def work() -> None:
        clip = load_clip(options.clip or DEFAULT_WEIGHTS)
        score.facts["clip"] = clip.name
        frames = inputs.frames[costly]
        if inputs.reference is not None:
            score.add_series("clip_v", clip.against_pictures(frames, inputs.reference[costly]), costly)
        if job.prompt is not None:
            score.add_series("clip_t", clip.against_text(frames, job.prompt), costly)

    if inputs.reference is None:
        score.off["clip_v"] = "needs the subject-free clip (--reference)"
    if job.prompt is None:
        score.off["clip_t"] = "needs the prompt (--prompt)"
    wanted = tuple(name for name in ("clip_v", "clip_t") if name not in score.off)
    if wanted:
        score.attempt(wanted, work)


# ---- time, camera ---------------------------------------------------------------------------------------------------


def _score_time(inputs: ClipInputs, costly: list[int], score: ClipScore) -> None:
    count = len(inputs.frames)
    if count < 3:
        reason = f"needs at least 3 frames, and the clip has {count}"
        score.off.update(brightness_flicker=reason, motion_smoothness=reason)
    else:
        score.measures["brightness_flicker"] = brightness_flicker(inputs.frames)
        step = max(1, math.ceil((count - 2) / len(costly)))
        inner = list(range(1, count - 1, step))
        score.attempt(
            ("motion_smoothness",),
            lambda: score.add_series("motion_smoothness", motion_smoothness(inputs.frames, step), inner),
        )
    if inputs.reference is None or count < 2:
        return
    later = list(range(1, count))
    if inputs.region is not None:
        score.add_series("change_error_background", change_error(inputs.frames, inputs.reference, inputs.region), later)
    if inputs.panorama is None:
        score.add_series("change_error_whole", change_error(inputs.frames, inputs.reference), later)


def _score_camera(inputs: ClipInputs, options: ScoreOptions, score: ClipScore) -> None:
    names = (*CAMERA_ERRORS, "posed_share")
    if inputs.cameras is None or options.poses == "none":
        reason = "needs the wanted camera (--camera)" if inputs.cameras is None else "switched off (--poses none)"
        score.off.update(dict.fromkeys(names, reason))
        return
    score.attempt(names, lambda: _pose_and_compare(inputs, options, score))


def _pose_and_compare(inputs: ClipInputs, options: ScoreOptions, score: ClipScore) -> None:
    assert inputs.cameras is not None
    numbers = evenly_spaced(len(inputs.frames), options.frames_for_poses)
    estimator = choose_poses(inputs, options, tuple(numbers))
    wanted = inputs.cameras[torch.tensor(numbers)]
    region = None if inputs.region is None or inputs.panorama is not None else inputs.region[numbers]
    estimate = estimator(inputs.frames[numbers], wanted, region)
    rule = "none" if estimate.world == "place" else options.alignment
    error = camera_error(estimate.world_from_camera, wanted.world_from_camera, rule, estimate.posed)
    posed = [numbers[i] for i in error.frames]
    score.facts["camera"] = {
        "estimator": estimate.method,
        "alignment": rule,
        "scale": error.scale,
        "path": error.shape,
        "posed_frames": posed,
        "unposed_frames": [numbers[i] for i in error.unposed],
        "sums": {k: finite(v) for k, v in error.sums().items()},
    }
    score.flags += [f"camera: {note}" for note in (*estimate.notes, *error.notes)]
    score.measures["posed_share"] = len(posed) / len(numbers)
    if not posed:
        score.off.update(dict.fromkeys(CAMERA_ERRORS, error.notes[-1]))
        return
    score.add_series("rot_err_deg", error.rotation_deg, posed)
    score.measures["rot_err_median_deg"] = float(error.rotation_deg.median())
    if not estimate.positions_known:
        reason = "only the camera's turning was measured"
        score.off.update(dict.fromkeys(("trans_err", "trans_err_median", "trans_err_share", "cam_mc"), reason))
        return
    score.add_series("trans_err", error.translation, posed)
    score.measures["trans_err_median"] = float(error.translation.median())
    score.add_series("cam_mc", error.matrix, posed)
    share = error.means()["trans_err_share"]
    if math.isfinite(share):
        score.measures["trans_err_share"] = share
    else:
        score.off["trans_err_share"] = "the wanted camera does not travel between the posed frames"


def _add_features(job: ClipJob, inputs: ClipInputs, score: ClipScore) -> None:
    score.features["clip"] = video_features(inputs.frames).tolist()
    real = inputs.reference if job.reference is not None else None
    if job.reference_with_subject is not None:
        real = read_video(job.reference_with_subject).frames
    if real is not None:
        score.features["reference"] = video_features(real).tolist()
