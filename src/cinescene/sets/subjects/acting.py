"""A person's posture at any time of a performance: gait, idling, gesture and deed put together."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.carriage import Bearing, Carriage, Legs, Walk
from cinescene.sets.subjects.deeds import Deed, Occasion, with_deed
from cinescene.sets.subjects.feet import FootMotion
from cinescene.sets.subjects.gestures import Gesture, Moment, share_at, with_gesture
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.posture import ArmPosture, FootPosture, Posture

STILL_M_S = 0.4
"""Slower than this, somebody also shifts their weight and breathes visibly."""


def bearing_of(person: Person) -> Bearing:
    """How a person carries themselves, from age, build and seed."""
    rng = np.random.default_rng([person.seed, 7])
    old = float(np.clip((person.body.age_years - 55) / 30, 0.0, 1.0))
    woman = person.body.femininity
    heavy = max(person.body.weight - 0.5, 0.0)
    return Bearing(
        tempo=float(np.clip(rng.normal(1.0, 0.03), 0.93, 1.07)),
        arm_swing=float(np.clip(rng.normal(1.0, 0.2), 0.6, 1.5)) * (1 - 0.35 * old),
        sway=0.85 + 0.4 * woman + 0.3 * heavy,
        width=1.0 - 0.12 * woman + 0.25 * old + 0.3 * heavy,
        stoop_rad=0.30 * old * float(rng.uniform(0.5, 1.0)),
        straightness=0.996 - 0.014 * old,
        toes_out_rad=float(np.clip(rng.normal(0.12, 0.05), 0.0, 0.3)),
    )


@runtime_checkable
class Body(Protocol):
    """What an actor moves: a `Figure`, or anything else of a person's proportions."""

    person: Person
    legs: Legs
    thigh_m: float
    arms_out: float


class Actor:
    """Somebody who follows a path, with a gesture and a deed on the way."""

    def __init__(
        self,
        figure: Body,
        path: GroundPath,
        duration_s: float,
        gesture: Gesture,
        gesture_s: tuple[float, float],
        deed: Deed,
        occasion: Occasion,
    ) -> None:
        self.figure = figure
        self.bearing = bearing_of(figure.person)
        self.walk = Walk(path, figure.legs, self.bearing, duration_s)
        self.gesture, self.gesture_s = gesture, gesture_s
        self.deed, self.occasion = deed, occasion
        rng = np.random.default_rng([figure.person.seed, 11])
        self._phase = rng.uniform(0.0, 2 * math.pi, 4)
        self._hand = int(rng.random() < 0.75)
        self._pace = float(rng.uniform(0.85, 1.15))

    def posture(self, time_s: float) -> Posture:
        """Heights count from the floor."""
        carriage = self.walk.at(time_s)
        posture = self._idling(self._walking(carriage, time_s), carriage, time_s)
        start, end = self.gesture_s
        moment = Moment(since_s=time_s - start, share=share_at(time_s, start, end), hand=self._hand, pace=self._pace)
        posture = with_gesture(posture, self.gesture, moment)
        return with_deed(posture, self.deed, time_s, self.occasion)

    def _walking(self, carriage: Carriage, time_s: float) -> Posture:
        bearing, running = self.bearing, carriage.running
        out = self.figure.arms_out
        arms = []
        for swing in carriage.arms:
            ahead = max(swing, 0.0)
            arms.append(
                ArmPosture(
                    swing=swing * (1.0 if swing > 0 else 0.75) - 0.04 + 0.12 * running + 0.5 * bearing.stoop_rad,
                    out=out + 0.10 * running,
                    turn=0.12 + 0.25 * running,
                    elbow=(0.20 + 0.55 * ahead) * (1 - running) + running * (1.55 + 0.30 * swing),
                    twist=0.1,
                )
            )
        pelvis_rotation = (
            rot.about_z(carriage.heading + carriage.turn)
            @ rot.about_x(carriage.list)
            @ rot.about_y(0.35 * carriage.tilt)
        )
        turning = self._turning(time_s)
        return Posture(
            heading=carriage.heading,
            pelvis=carriage.pelvis,
            pelvis_rotation=pelvis_rotation,
            bow=0.65 * carriage.tilt + bearing.stoop_rad,
            lean=carriage.list * 0.9,
            twist=-carriage.turn * (1.7 + 0.2 * running),
            look_left=0.6 * turning,
            look_down=0.05 + 0.3 * bearing.stoop_rad,
            arms=(arms[0], arms[1]),
            feet=(_foot(carriage.feet[0]), _foot(carriage.feet[1])),
        )

    def _idling(self, posture: Posture, carriage: Carriage, time_s: float) -> Posture:
        """Breath, weight shifted from leg to leg, a glance."""
        still = 1.0 - min(carriage.speed_m_s / STILL_M_S, 1.0)
        planted = min(float(foot.load[0]) for foot in carriage.feet)
        a, b, c, d = self._phase
        breath = math.sin(2 * math.pi * time_s / 3.6 + a)
        shift = still * planted * math.sin(2 * math.pi * time_s / 6.5 + b)
        left = np.array([-math.sin(carriage.heading), math.cos(carriage.heading), 0.0])
        length = self.figure.legs.length_m
        lowered = np.array([0.0, 0.0, -0.006 * length * still])
        glance = 0.14 * math.sin(2 * math.pi * time_s / 5.3 + c) + 0.05 * math.sin(2 * math.pi * time_s / 2.1 + d)
        return replace(
            posture,
            pelvis=posture.pelvis + left * (0.020 * length * shift) + lowered,
            pelvis_rotation=posture.pelvis_rotation @ rot.about_x(0.035 * shift),
            lean=posture.lean + 0.030 * shift,
            bow=posture.bow - 0.012 * breath,
            shrug=0.012 * breath,
            look_left=posture.look_left + glance * (0.4 + 0.6 * still),
            look_down=posture.look_down + 0.03 * math.sin(2 * math.pi * time_s / 4.4 + d),
        )

    def _turning(self, time_s: float) -> float:
        """How far the path will have turned a moment from now: people look where they go."""
        now, soon = self.walk.path.heading_rad(np.array([time_s, time_s + 0.5]))
        return float(np.clip(soon - now, -1.0, 1.0))


def _foot(motion: FootMotion) -> FootPosture:
    yaw, pitch, bend = (float(values[0]) for values in (motion.yaw_rad, motion.pitch_rad, motion.bend_rad))
    turned = rot.about_z(yaw)
    return FootPosture(ankle=motion.ankle[0], foot=turned @ rot.about_y(pitch), toes=turned @ rot.about_y(pitch - bend))
