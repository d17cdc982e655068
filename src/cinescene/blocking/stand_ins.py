"""Stand-ins: performances as simple solids, and how they are drawn into a previz."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F

from cinescene.blocking.body import stand_in_body
from cinescene.blocking.solids import Sighting, Solid, sight
from cinescene.cameras import Cameras
from cinescene.previz.flight import PrevizFrame
from cinescene.sets.subjects.acting import Actor
from cinescene.sets.subjects.performance import Performance
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.stool import stool_meshes
from cinescene.tensor_types import Bool, Float, Tensor

HALO = 1 / 24
"""Of the picture's height: how far around a stand-in the real subject may differ from it."""
MEAN_LUMINANCE, GAINS = 0.42, (0.3, 1.15)
"""A stand-in is as much brighter or darker as what is around it, within these bounds."""


def solids_at(performance: Performance, time_s: float) -> list[Solid]:
    """A performance as coloured solids, in its own world. People are stand-ins, everything else is as it is."""
    time_s = min(max(time_s, 0.0), performance.duration_s)
    if not isinstance(performance.subject, Person):
        return [Solid.of_mesh(mesh) for mesh in performance.meshes_at(time_s)]
    body = stand_in_body(performance.subject)
    solids = body.solids(_actor(performance).posture(time_s), performance.path.floor_m)
    if performance.deed == "sit down" and performance.stool is not None:
        place = performance.seat_place_of(body)
        solids += [Solid.of_mesh(mesh) for mesh in stool_meshes(place, performance.seat_m, performance.stool)]
    return solids


@lru_cache(maxsize=16)
def _actor(performance: Performance) -> Actor:
    assert isinstance(performance.subject, Person)
    return performance.acted_by(stand_in_body(performance.subject))


def with_stand_ins(
    frames: Iterable[PrevizFrame], cameras: Cameras, performances: Sequence[Performance], times_s: Sequence[float]
) -> Iterator[PrevizFrame]:
    """Previz frames with the performances' stand-ins drawn into them.

    ``cameras`` (t,) and performances are in one z-up world in metres, ``times_s`` are those of the frames. What is
    known to stand in front of a stand-in hides it.
    """
    for index, frame in enumerate(frames):
        solids = [solid for performance in performances for solid in solids_at(performance, times_s[index])]
        yield _drawn(frame, sight(solids, cameras[index]))


def _drawn(frame: PrevizFrame, seen: Sighting) -> PrevizFrame:
    cover = seen.cover.to(frame.image)
    if frame.depth is not None:
        cover = cover * (seen.depth.to(frame.image) < frame.depth)
    staged = (cover > 0).to(cover)
    if not bool(staged.any()):
        return dataclasses.replace(frame, staged=staged)
    reach = 2 * max(1, round(HALO * cover.shape[0])) + 1
    halo = F.max_pool2d(staged[None], reach, stride=1, padding=reach // 2)[0]
    share = torch.where(seen.cover > 0, cover / seen.cover.to(cover).clamp_min(1e-6), 0)
    colour = seen.colour.to(frame.image) * share * _gain(frame, halo > 0)
    return dataclasses.replace(
        frame,
        image=(frame.image * (1 - cover) + colour).clamp(0, 1),
        photographed=frame.photographed * (1 - cover) + cover,
        staged=halo,
    )


def _gain(frame: PrevizFrame, around: Bool[Tensor, "h w"]) -> float:
    """How bright the surroundings are against a usual picture."""
    trusted = frame.photographed * around
    if float(trusted.sum()) < 1:
        return 1.0
    luminance: Float[Tensor, "h w"] = (
        frame.image * frame.image.new_tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    ).sum(0)
    mean = float((luminance * trusted).sum() / trusted.sum())
    return min(max(mean / MEAN_LUMINANCE, GAINS[0]), GAINS[1])
