"""Stand-ins: performances as figures or simple solids, and how they are drawn into a previz."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F

from cinescene.blocking.body import stand_in_body
from cinescene.blocking.light import DISPLAY_GAMMA, PlaceLight, exposure_gain
from cinescene.blocking.shadow import on_ground, sky_seen_from_ground
from cinescene.blocking.solids import Sighting, Solid, sight
from cinescene.cameras import Cameras
from cinescene.previz.flight import PrevizFrame
from cinescene.scene.panorama import Panorama
from cinescene.sets.subjects.acting import Actor
from cinescene.sets.subjects.performance import Performance
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.stool import stool_meshes

People = Literal["figures", "solids"]
"""Dressed bodies, or rounded limbs in the colours of their clothes."""
HALO = 1 / 24
"""Of the picture's height: how far around a stand-in the real subject may differ from it."""
SHADED = 0.1
"""Darkening from which a pixel counts as changed by a stand-in."""


def solids_at(performance: Performance, time_s: float, people: People = "figures") -> list[Solid]:
    """A performance as coloured solids, in its own world: people as they are asked for, everything else as it is."""
    if people == "figures" or not isinstance(performance.subject, Person):
        return [Solid.of_mesh(mesh) for mesh in performance.meshes_at(time_s)]
    time_s = min(max(time_s, 0.0), performance.duration_s)
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
    frames: Iterable[PrevizFrame],
    cameras: Cameras,
    performances: Sequence[Performance],
    times_s: Sequence[float],
    panorama: Panorama | None = None,
    people: People = "figures",
) -> Iterator[PrevizFrame]:
    """Previz frames with the performances' stand-ins drawn into them, in the light of the place's panorama.

    ``cameras`` (t,) and performances are in one z-up world in metres, ``times_s`` are those of the frames. What is
    known to stand in front of a stand-in hides it. They darken the ground around them. Without a panorama their
    brightness is that of the first frame.
    """
    light = None if panorama is None else PlaceLight.of_panorama(panorama)
    gain = None if light is None else light.gain
    for index, frame in enumerate(frames):
        if gain is None:
            gain = exposure_gain(frame.image, frame.photographed)
        played = [(one.path.floor_m, solids_at(one, times_s[index], people)) for one in performances]
        shaded = _shaded(frame, played, cameras[index])
        seen = sight([solid for _, solids in played for solid in solids], cameras[index], light)
        yield _drawn(shaded, seen, gain)


def _shaded(frame: PrevizFrame, played: Sequence[tuple[float, list[Solid]]], camera: Cameras) -> PrevizFrame:
    """With the soft shadow of solids on their grounds; ``staged`` is 1 where it can be seen."""
    light = torch.ones_like(frame.image[0])
    for ground_m, solids in played:
        seen = sky_seen_from_ground(solids, camera, ground_m).to(light)
        if frame.depth is not None:
            seen = torch.where(on_ground(frame.depth, camera, ground_m), seen, 1)
        light = light * seen ** (1 / DISPLAY_GAMMA)
    return dataclasses.replace(frame, image=frame.image * light, staged=(light < 1 - SHADED).to(light))


def _drawn(frame: PrevizFrame, seen: Sighting, gain: float) -> PrevizFrame:
    cover = seen.cover.to(frame.image)
    if frame.depth is not None:
        cover = cover * (seen.depth.to(frame.image) < frame.depth)
    staged = (cover > 0).to(cover)
    if frame.staged is not None:
        staged = torch.maximum(staged, frame.staged)
    if not bool(staged.any()):
        return dataclasses.replace(frame, staged=staged)
    reach = max(1, round(HALO * cover.shape[0]))
    columns = F.max_pool2d(staged[None], (2 * reach + 1, 1), stride=1, padding=(reach, 0))
    halo = F.max_pool2d(columns, (1, 2 * reach + 1), stride=1, padding=(0, reach))[0]
    share = torch.where(seen.cover > 0, cover / seen.cover.to(cover).clamp_min(1e-6), 0)
    colour = seen.colour.to(frame.image) * share * gain
    return dataclasses.replace(
        frame,
        image=(frame.image * (1 - cover) + colour).clamp(0, 1),
        photographed=frame.photographed * (1 - cover) + cover,
        staged=halo,
    )
