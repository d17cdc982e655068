"""Who is in a clip: the truth's subject, the actors that a model placed itself, or nobody in an empty place."""

from __future__ import annotations

import statistics

import torch

from cinescene.errors import InputError
from cinescene.evaluation.clip_inputs import ClipInputs
from cinescene.evaluation.clip_job import ClipJob
from cinescene.evaluation.clip_result import ClipScore
from cinescene.evaluation.subject_metrics import LEAST_AREA_SHARE, standing_out, subject_score
from cinescene.tensor_types import Bool, Tensor, UInt8
from cinescene.video import read_video

SUBJECT = ("presence", "overlap", "area_ratio", "motion_ratio", "distance")
ACTOR = ("actor_present", "actor_in_place", "actor_colour")
PRESENT_SHARE = 0.5
"""Of the frames in which an actor must stand out to be there."""
NEAR_SHARE = 0.10
"""Of the picture's diagonal: how far an actor may be from where it was blocked."""
LIKE_COLOUR = 0.18
"""Root mean square difference in sRGB within which an actor has the colour that it was drawn in."""
FEWEST_PIXELS = 20
EVERY = 4


def score_subject(job: ClipJob, inputs: ClipInputs, score: ClipScore) -> None:
    """Adds the measures that fit what the clip was asked to show."""
    if job.expect_empty:
        score.off.update({f"subject_{name}": "an empty place was asked for" for name in SUBJECT})
        _score_nobody(job, inputs, score)
        return
    if job.staged_mask is not None:
        reason = "the model placed its actors itself, not where the truth's subject is"
        score.off.update({f"subject_{name}": reason for name in SUBJECT})
        score.attempt(ACTOR, lambda: _score_actors(job, inputs, score))
        return
    if inputs.reference is None or inputs.subject is None or not bool(inputs.subject.any()):
        reason = "needs the subject-free clip and a mask that marks the subject"
        score.off.update({f"subject_{name}": reason for name in SUBJECT})
        return
    found = subject_score(inputs.frames, inputs.reference, inputs.subject)
    score.measures.update({f"subject_{name}": getattr(found, name) for name in SUBJECT})


def _score_actors(job: ClipJob, inputs: ClipInputs, score: ClipScore) -> None:
    """Against the same model's clip of the empty place, and the previz in which it was shown its actors."""
    assert inputs.actors is not None
    assert job.staged_empty is not None
    assert job.staged_previz is not None
    if not bool(inputs.actors.any()):
        raise InputError("the actors of this clip are in none of its frames")
    empty, shown = (read_video(path).frames for path in (job.staged_empty, job.staged_previz))
    if not len(empty) == len(shown) == len(inputs.frames):
        raise InputError(f"{job.video}: its empty clip or previz has another length; make the clips again")
    found = subject_score(inputs.frames, empty, inputs.actors)
    present = found.presence >= PRESENT_SHARE
    score.measures["actor_present"] = float(present)
    score.measures["actor_in_place"] = float(present and found.distance < NEAR_SHARE)
    score.measures["actor_colour"] = float(_like(inputs.frames, shown, inputs.actors))


def _like(frames: UInt8[Tensor, "t 3 h w"], shown: UInt8[Tensor, "t 3 h w"], where: Bool[Tensor, "t h w"]) -> bool:
    """Whether the actors' mean colour is about that of their stand-ins, over the frames in which they are seen."""
    gaps = []
    for frame, hint, mask in zip(frames, shown, where, strict=True):
        if int(mask.sum()) > FEWEST_PIXELS:
            means = [(picture[:, mask].float() / 255).mean(1) for picture in (frame, hint)]
            gaps.append(float((means[0] - means[1]).square().mean().sqrt()))
    return bool(gaps) and statistics.median(gaps) < LIKE_COLOUR


def _score_nobody(job: ClipJob, inputs: ClipInputs, score: ClipScore) -> None:
    """Whether somebody stands out: of the truth, where that has its subject; of the empty previz, anywhere.

    A background that is wrong stands out of the truth as well; of the previz that the model was shown, only what the
    model added does. Both look for pieces at least a quarter as large as the truth's subject, in any of some frames.
    """
    names = ("nobody_there", "nobody_added")
    if inputs.reference is None or inputs.subject is None or not bool(inputs.subject.any()):
        score.off.update(dict.fromkeys(names, "needs the subject-free clip and a mask that marks the truth's subject"))
        return
    score.measures["nobody_there"] = float(not _somebody(inputs, inputs.reference, inputs.subject))
    if job.staged_previz is None:
        score.off["nobody_added"] = "needs the previz of the empty place that the model was shown"
        return
    shown = read_video(job.staged_previz).frames
    if shown.shape != inputs.frames.shape:
        raise InputError(f"{job.staged_previz}: expected a previz of the clip's size and length; make the clip again")
    score.measures["nobody_added"] = float(not _somebody(inputs, shown, torch.ones_like(inputs.subject)))


def _somebody(inputs: ClipInputs, empty: UInt8[Tensor, "t 3 h w"], where: Bool[Tensor, "t h w"]) -> bool:
    assert inputs.subject is not None
    for index in range(0, len(inputs.frames), EVERY):
        size = float(inputs.subject[index].sum())
        if size == 0:
            continue
        piece = standing_out(inputs.frames[index].float() / 255, empty[index].float() / 255)
        if float((piece & where[index]).sum()) > LEAST_AREA_SHARE * size:
            return True
    return False
