"""Shots of a set: where the camera starts, how it moves, where the subject walks, checked frame by frame.

A shot is drawn at random and kept if in every frame the camera keeps its distance from everything solid and from the
subject, and if the subject is in the picture where the shot is aimed at it. A shot that fails is drawn anew, with
shorter and shorter moves, at most `ShotRules.attempts` times; the last resort is a still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from cinescene.cameras.notation import unparse
from cinescene.cameras.path import CameraPath
from cinescene.cameras.projection import inside_image, project
from cinescene.cameras.shot import Shot
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import rotation_angle
from cinescene.errors import GeometryError, InputError
from cinescene.sets.collision import FreeSpace
from cinescene.sets.description import SetDescription
from cinescene.sets.shot_moves import Setup, random_shot
from cinescene.sets.shot_rules import ShotKind, ShotRules
from cinescene.sets.stage import free_space
from cinescene.sets.walks import WalkPath, plan_walk

SUBJECT_DISTANCE_M = 0.9
"""Cameras come no closer to the subject's middle than this."""
TURNING_AWAY: tuple[ShotKind, ...] = ("pan", "tilt", "combined")
"""Kinds that leave their subject behind when they turn by more than the picture is wide."""
NEAREST_M, FARTHEST_M = 1.3, 8.0
"""Distances at which subjects begin."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedShot:
    """A camera move and a subject's walk that go together.

    ``plan`` and ``setup`` make the camera's track; ``walk`` is walked at ``speed_m_s`` from the first frame on, or, if
    that is 0, the subject stands at its first point and faces ``facing_rad`` (counter-clockwise from +x).
    ``aimed`` says whether the shot was meant to show the subject, ``attempt`` which try was kept. ``case`` names the
    shots of a stress set (`cinescene.sets.stress_shots`).
    """

    kind: ShotKind
    plan: Shot | CameraPath
    setup: Setup
    rules: ShotRules
    walk: WalkPath
    speed_m_s: float
    facing_rad: float
    aimed: bool
    attempt: int
    case: str | None = None

    def track(self) -> CameraTrack:
        """Every frame's camera, float64."""
        return self._track

    @cached_property
    def _track(self) -> CameraTrack:
        rules = self.rules
        width, height = rules.width_px, rules.height_px
        if isinstance(self.plan, CameraPath):
            return self.plan.track(frame_rate=rules.frame_rate, frames=rules.frames, width_px=width, height_px=height)
        return self.plan.track(
            frame_rate=rules.frame_rate,
            frames=rules.frames,
            width_px=width,
            height_px=height,
            start=self.setup.pose(),
            focal_mm=self.setup.focal_mm,
        )

    def subject_at(self, times_s: Float[np.ndarray, "t"]) -> tuple[Float[np.ndarray, "t 2"], Float[np.ndarray, "t"]]:
        """Floor positions and headings of the subject."""
        positions, headings = self.walk.at(self.speed_m_s * np.asarray(times_s))
        return positions, (headings if self.speed_m_s > 0 else np.full(len(headings), self.facing_rad))

    @property
    def notation(self) -> str:
        """The move as text (see `cinescene.cameras.notation`); splines have no text and are called "spline"."""
        return "spline" if isinstance(self.plan, CameraPath) else unparse(self.plan)

    @property
    def view_change_deg(self) -> float:
        """The largest angle between the first frame's view and any other's."""
        rotation = self.track().world_from_camera[:, :3, :3]
        return math.degrees(float(rotation_angle(rotation[:1].mT @ rotation).max()))

    @property
    def start_yaw_deg(self) -> float:
        """Where the camera stands at the start as the subject sees it: degrees to the left of straight ahead."""
        place, heading = self.subject_at(np.zeros(1))
        bearing = math.atan2(self.setup.eye_m[1] - place[0, 1], self.setup.eye_m[0] - place[0, 0])
        return math.degrees(_wrapped(bearing - float(heading[0])))

    def subject_share(self) -> float:
        """Share of the frames in which the subject's middle is in the picture."""
        return float(_in_picture(self, self.track()).mean())


def plan_shots(description: SetDescription, rules: ShotRules, seed: int, count: int) -> list[PlannedShot]:
    """``count`` shots of a set; shot k is the same whatever the count. Kinds take turns in a random order.

    Raises `GeometryError` where the set leaves no room for a camera at its panorama's position and a subject in sight
    of it, and `InputError` for a negative seed or count.
    """
    if seed < 0 or count < 0:
        raise InputError(f"plan shots: expected a seed and a count of at least 0, got {seed} and {count}")
    space = free_space(description)
    return [plan_shot(description, rules, seed, index, space=space) for index in range(count)]


def plan_shot(
    description: SetDescription, rules: ShotRules, seed: int, index: int, *, space: FreeSpace | None = None
) -> PlannedShot:
    """One of the shots of `plan_shots`; ``space`` saves making the set's free space again."""
    planner = _Planner(description, rules, space or free_space(description))
    kinds = np.random.default_rng([seed, 0x6B]).permutation(len(rules.kinds))
    kind = rules.kinds[int(kinds[index % len(kinds)])]
    shared = planner.first_setup(np.random.default_rng([seed, 0x73])) if rules.shared_start else None
    return planner.shot(kind, np.random.default_rng([seed, 0x61, index]), shared)


class _Planner:
    """Draws shots in one set."""

    def __init__(self, description: SetDescription, rules: ShotRules, space: FreeSpace) -> None:
        self.rules, self.space = rules, space
        self.centre = np.asarray(description.panorama_position)
        if not space.is_free(self.centre, rules.margin_m):
            raise GeometryError(
                f"plan shots: expected {rules.margin_m:g} m of room round the panorama's position, "
                f"got {space.clearance_m(self.centre[None])[0]:.2f} m"
            )

    def shot(self, kind: ShotKind, rng: np.random.Generator, shared: Setup | None) -> PlannedShot:
        """The first draw that passes every check."""
        attempts = self.rules.attempts
        aimed = shared is not None or bool(rng.random() >= self.rules.unaimed)
        for attempt in range(attempts):
            extent = 1.0 - 0.9 * attempt / attempts
            drawn = self._draw(kind, rng, extent, shared, attempt, aimed)
            if drawn is not None and self._passes(drawn):
                return drawn
        return self._still(rng, shared)

    def first_setup(self, rng: np.random.Generator) -> Setup:
        """The first pose that all shots share: at the panorama's position, a subject in view."""
        return self._still(rng, None).setup

    def _still(self, rng: np.random.Generator, shared: Setup | None) -> PlannedShot:
        for attempt in range(400):
            drawn = self._draw("static", rng, 0.0, shared, self.rules.attempts + attempt, True)
            if drawn is not None and self._passes(drawn):
                return drawn
        raise GeometryError("plan shots: expected room for a subject in sight of the panorama's position, found none")

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def _draw(
        self,
        kind: ShotKind,
        rng: np.random.Generator,
        extent: float,
        shared: Setup | None,
        attempt: int,
        aimed: bool,
    ) -> PlannedShot | None:
        rules = self.rules
        log_lens = rng.uniform(*np.log(rules.lens_mm))
        focal = round(float(np.exp(log_lens)), 1) if shared is None else shared.focal_mm
        eye = self._eye(rng, away=rules.away_m * min(1.0, extent * 2)) if shared is None else np.asarray(shared.eye_m)
        subject = self._subject(rng, eye, focal, shared, standing=extent == 0.0 or rng.random() < rules.standing)
        if subject is None:
            return None
        walk, speed, facing = subject
        x, y = walk.points[0]
        target = (round(float(x), 2), round(float(y), 2), round(0.6 * rules.subject_height_m, 2))
        setup = _aimed_setup(rng, eye, target, focal, rules, aimed) if shared is None else _retargeted(shared, target)
        try:
            plan = random_shot(kind, setup, rules, rng, max(extent, 0.01))
        except InputError:
            return None
        return PlannedShot(
            kind=kind,
            plan=plan,
            setup=setup,
            rules=rules,
            walk=walk,
            speed_m_s=speed,
            facing_rad=facing,
            aimed=aimed,
            attempt=attempt,
        )

    def _eye(self, rng: np.random.Generator, away: float) -> Float[np.ndarray, "3"]:
        """A free place for the camera: the panorama's own position, or one near it."""
        rules = self.rules
        if away <= 0 or rng.random() < 0.25:
            return self.centre
        for _ in range(20):
            angle, distance = rng.uniform(0, 2 * math.pi), away * math.sqrt(rng.random())
            x, y = self.centre[0] + distance * math.cos(angle), self.centre[1] + distance * math.sin(angle)
            top = min(rules.eye_height_m[1], self.space.ceiling_m(np.array([x, y])) - rules.margin_m)
            if top < rules.eye_height_m[0]:
                continue
            eye = np.array([x, y, rng.uniform(rules.eye_height_m[0], top)])
            if self.space.is_free(eye, rules.margin_m) and self.space.line_is_free(self.centre, eye, 0.0):
                return eye.round(3)
        return self.centre

    def _subject(
        self, rng: np.random.Generator, eye: np.ndarray, focal_mm: float, shared: Setup | None, standing: bool
    ) -> tuple[WalkPath, float, float] | None:
        """A walk that begins in sight of the camera, its speed, and the way the subject faces."""
        rules = self.rules
        share = rng.uniform(0.22, 1.0)
        focal_px = focal_mm / 36.0 * rules.width_px
        distance = float(np.clip(rules.subject_height_m * focal_px / (share * rules.height_px), NEAREST_M, FARTHEST_M))
        half_view = math.atan(0.5 * rules.width_px / focal_px)
        middle = rng.uniform(0, 2 * math.pi) if shared is None else math.pi / 2 - shared.yaw_rad
        angle = middle + (0.0 if shared is None else rng.uniform(-0.6, 0.6) * half_view)
        for reach in (distance, 0.7 * distance, 0.5 * distance):
            place = eye[:2] + max(reach, NEAREST_M) * np.array([math.cos(angle), math.sin(angle)])
            chest = np.array([*place, 0.7 * rules.subject_height_m])
            if self.space.walk_clearance_m(place[None])[0] < rules.subject_radius_m:
                continue
            if self.space.line_is_free(eye, chest):
                return self._walk(rng, place, angle + math.pi, standing)
        return None

    def _walk(
        self, rng: np.random.Generator, place: np.ndarray, towards_camera_rad: float, standing: bool
    ) -> tuple[WalkPath, float, float] | None:
        rules = self.rules
        limit = math.radians(rules.start_yaw_deg)
        facing = towards_camera_rad + rng.uniform(-limit, limit)
        if standing:
            step = 0.1 * np.array([math.cos(facing), math.sin(facing)])
            return WalkPath(points=np.stack([place, place + step])), 0.0, _wrapped(facing)
        speed = round(float(rng.uniform(*rules.speed_m_s)), 2)
        start = (float(place[0]), float(place[1]))
        length = speed * rules.duration_s
        walk = plan_walk(self.space, rng, length, start=start, heading_rad=facing, radius_m=rules.subject_radius_m)
        if walk.length_m < 0.98 * length:
            return None
        _, heading = walk.at(np.zeros(1))
        if abs(_wrapped(float(heading[0]) - towards_camera_rad)) > limit + 1e-9:
            return None
        return walk, speed, _wrapped(float(heading[0]))

    # ---- checking ---------------------------------------------------------------------------------------------------

    def _passes(self, shot: PlannedShot) -> bool:
        try:
            track = shot.track()
        except (InputError, GeometryError):
            return False
        rules = self.rules
        eyes = track.world_from_camera[:, :3, 3].numpy()
        low, high = rules.eye_height_m
        if eyes[:, 2].min() < 0.75 * low or eyes[:, 2].max() > high + rules.rise_m:
            return False
        if not bool((self.space.clearance_m(eyes) >= rules.margin_m).all()):
            return False
        places, _ = shot.subject_at(track.frame_times_s().numpy())
        if np.linalg.norm(eyes[:, :2] - places, axis=1).min() < SUBJECT_DISTANCE_M:
            return False
        if not shot.aimed:
            return True
        seen = _in_picture(shot, track)
        least = rules.in_view
        if shot.kind in TURNING_AWAY:
            least *= min(1.0, _view_width_deg(track) / max(shot.view_change_deg, 1.0))
        if seen.mean() < least:
            return False
        return self._in_sight(eyes, places, seen) >= 0.7

    def _in_sight(self, eyes: np.ndarray, places: np.ndarray, seen: np.ndarray) -> float:
        """Share of some frames with the subject in the picture in which nothing stands before it."""
        frames = np.flatnonzero(seen)[:: max(1, int(seen.sum()) // 8)]
        height = np.full((len(frames), 1), 0.7 * self.rules.subject_height_m)
        ends = np.concatenate([places[frames], height], axis=1)
        return float(self.space.lines_are_free(eyes[frames], ends).mean())


def _aimed_setup(
    rng: np.random.Generator,
    eye: np.ndarray,
    target: tuple[float, float, float],
    focal_mm: float,
    rules: ShotRules,
    aimed: bool,
) -> Setup:
    """The camera turned so that the subject is somewhere in the picture; or, unaimed, up to 45° off it and more."""
    half_width = math.atan(18.0 / focal_mm)
    half_height = math.atan(18.0 * rules.height_px / rules.width_px / focal_mm)
    dx, dy, dz = (float(t - e) for t, e in zip(target, eye, strict=True))
    yaw = math.atan2(dx, dy) + rng.normal(0.0, 0.22) * half_width
    pitch = math.atan2(dz, math.hypot(dx, dy)) + rng.uniform(-0.25, 0.35) * half_height
    if not aimed:
        yaw += float(rng.choice([-1, 1])) * rng.uniform(0.3, math.pi / 2)
        pitch = rng.uniform(-0.2, 0.15)
    limit = math.radians(50)
    x, y, z = (float(c) for c in eye)
    return Setup(
        eye_m=(x, y, z),
        yaw_rad=_wrapped(float(yaw)),
        pitch_rad=float(np.clip(pitch, -limit, limit)),
        focal_mm=focal_mm,
        target_m=target,
    )


def _retargeted(setup: Setup, target: tuple[float, float, float]) -> Setup:
    return Setup(
        eye_m=setup.eye_m,
        yaw_rad=setup.yaw_rad,
        pitch_rad=setup.pitch_rad,
        focal_mm=setup.focal_mm,
        target_m=target,
    )


def _in_picture(shot: PlannedShot, track: CameraTrack) -> np.ndarray:
    """Frames in which the subject's middle is in the picture."""
    places, _ = shot.subject_at(track.frame_times_s().numpy())
    height = np.full((len(places), 1), 0.6 * shot.rules.subject_height_m)
    points = torch.from_numpy(np.concatenate([places, height], axis=1))[:, None]
    cameras = track.cameras()
    return inside_image(cameras, project(cameras, points)[0])[:, 0].numpy()


def _view_width_deg(track: CameraTrack) -> float:
    """The first frame's horizontal angle of view."""
    return math.degrees(float(track.cameras().field_of_view_rad[0, 0]))


def _wrapped(angle_rad: float) -> float:
    return (angle_rad + math.pi) % (2 * math.pi) - math.pi
