"""A clip of a set before it is rendered: its shot, who acts in it, and what its caption says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.projection import inside_image, project
from cinescene.errors import GeometryError
from cinescene.sets.collision import FreeSpace
from cinescene.sets.description import SetDescription
from cinescene.sets.json_tree import tree_to_json
from cinescene.sets.shots import PlannedShot
from cinescene.sets.subjects import Performance, caption, caption_facts, random_performance, random_subject
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.walks import plan_walk, walkable_area

SECOND_SUBJECT_SHARE = 0.15
CAMERA_DISTANCE_M = 0.5
"""Least distance from the camera to the outermost point of a subject."""
SUBJECT_GAP_M = 0.2
ATTEMPTS = 8
PLANNED_SHARE = 0.9
"""Who is seen in this share of the frames in which the planned subject is, is seen enough."""
PLACES = {
    "back yard": "in a back yard",
    "avenue": "on an avenue",
    "crossing": "at a crossing",
    "old town": "in an old town",
}
"""Flavours of sets that do not read well as "in a <flavour>"."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScriptedClip:
    """Everything that decides a clip's pictures but the set."""

    clip: str
    track: CameraTrack
    performances: tuple[Performance, ...]
    caption: str
    facts: dict[str, Any]


def script_clip(
    number: int, shot: PlannedShot, description: SetDescription, space: FreeSpace, rng: np.random.Generator
) -> ScriptedClip:
    """Casts the subjects of a planned shot and writes its caption; the same ``rng`` state gives the same clip."""
    track = shot.track()
    first = _performance(shot, space, track, rng)
    cast = [first]
    if shot.case is None and rng.random() < SECOND_SUBJECT_SHARE:
        second = _second_performance(shot, first, space, track, rng)
        cast += [] if second is None else [second]
    pose = track.world_from_camera[0].numpy()
    return ScriptedClip(
        clip=f"{number:02d}_{round(float(track.cameras().focal_mm()[0]))}mm",
        track=track,
        performances=tuple(cast),
        caption=caption(cast, rng, pose, place=_place(description) if rng.random() < 0.6 else None),
        facts={
            "shot": shot.kind,
            "camera": shot.notation,
            "aimed": shot.aimed,
            "subjects": [caption_facts(performance, pose).to_json() for performance in cast],
            "performances": [performance.to_json() for performance in cast],
            "setup": tree_to_json(shot.setup),
        }
        | ({} if shot.case is None else {"case": shot.case}),
    )


def _place(description: SetDescription) -> str:
    return PLACES.get(description.flavour, f"in a {description.flavour}")


def _performance(shot: PlannedShot, space: FreeSpace, track: CameraTrack, rng: np.random.Generator) -> Performance:
    """Somebody on the shot's walk, at their own pace, clear of the camera and, if the shot is aimed at them, seen.

    Where nobody drawn is seen about as much as was planned, it is the one seen most, or a person at the planned pace.
    """
    duration = max(shot.rules.duration_s, 1.0 / shot.rules.frame_rate)
    wanted = min(shot.rules.in_view, PLANNED_SHARE * shot.subject_share()) if shot.aimed else 0.0
    best, most = None, -1.0
    for _ in range(ATTEMPTS):
        drawn = _drawn_performance(shot, space, duration, rng)
        if not _clear_of_camera(drawn, track):
            continue
        share = seen_share(drawn, track, space) if shot.aimed else 0.0
        if share >= wanted:
            return drawn
        if share > most:
            best, most = drawn, share
    subject = random_subject(rng, kinds=("person",))
    planned = Performance(subject=subject, path=_planned_path(shot, duration), duration_s=duration)
    return planned if best is None or seen_share(planned, track, space) > most else best


def _drawn_performance(shot: PlannedShot, space: FreeSpace, duration_s: float, rng: np.random.Generator) -> Performance:
    subject = random_subject(rng)
    if shot.speed_m_s > 0:
        return random_performance(rng, subject, duration_s, way_m=shot.walk.points)
    x, y = (float(c) for c in shot.walk.points[0])
    room = float(space.walk_clearance_m(np.array([[x, y]]))[0]) - 0.3
    return random_performance(
        rng, subject, duration_s, start_m=(x, y), heading_rad=shot.facing_rad, room_m=max(0.3, min(room, 2.0))
    )


def seen_share(performance: Performance, track: CameraTrack, space: FreeSpace) -> float:
    """Share of a clip's frames in which a performer's middle is in the picture and nothing of the set hides it."""
    cameras = track.cameras()
    middles = np.stack([performance.position_at(float(t)) for t in track.frame_times_s()])
    middles = np.column_stack([middles[:, :2], np.full(len(middles), 0.6 * performance.height_m)])
    inside = inside_image(cameras, project(cameras, torch.from_numpy(middles)[:, None])[0])[:, 0].numpy()
    frames = np.flatnonzero(inside)
    if not len(frames):
        return 0.0
    eyes = track.world_from_camera[:, :3, 3].numpy()
    return float(space.lines_are_free(eyes[frames], middles[frames]).sum()) / len(middles)


def _planned_path(shot: PlannedShot, duration_s: float) -> GroundPath:
    if shot.speed_m_s == 0:
        return GroundPath.standing(shot.walk.points[0].tolist(), shot.facing_rad, duration_s)
    times = np.linspace(0.0, duration_s, max(2, int(duration_s * 8)))
    places, headings = shot.subject_at(times)
    return GroundPath(
        points_m=tuple((float(x), float(y)) for x, y in places),
        times_s=tuple(times.tolist()),
        headings_rad=tuple(headings.tolist()),
    )


def _second_performance(
    shot: PlannedShot, first: Performance, space: FreeSpace, track: CameraTrack, rng: np.random.Generator
) -> Performance | None:
    """Somebody else on a walk of their own near the first, or None where there is no room."""
    duration = first.duration_s
    near = (float(shot.walk.points[0, 0]), float(shot.walk.points[0, 1]))
    for place in walkable_area(space, rng, ATTEMPTS, near):
        if np.linalg.norm(place - shot.walk.points[0]) > 4.0:
            continue
        subject = random_subject(rng)
        try:
            walk = plan_walk(space, rng, 1.2 * duration, start=(float(place[0]), float(place[1])))
        except GeometryError:
            continue
        drawn = random_performance(rng, subject, duration, way_m=walk.points)
        if _clear_of_camera(drawn, track) and _apart([first, drawn]):
            return drawn
    return None


def _clear_of_camera(performance: Performance, track: CameraTrack) -> bool:
    eyes = track.world_from_camera[:, :3, 3].numpy()
    places = np.stack([performance.position_at(float(t)) for t in track.frame_times_s()])
    distance = np.linalg.norm((eyes - places)[:, :2], axis=1) - performance.bounding_radius_m
    above = eyes[:, 2] - performance.height_m
    return bool(np.maximum(distance, above).min() >= CAMERA_DISTANCE_M)


def _apart(performances: Sequence[Performance]) -> bool:
    first, second = performances
    times = np.linspace(0.0, first.duration_s, 30)
    gaps = [np.linalg.norm(first.position_at(float(t)) - second.position_at(float(t))) for t in times]
    return bool(min(gaps) >= first.bounding_radius_m + second.bounding_radius_m + SUBJECT_GAP_M)
