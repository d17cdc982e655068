"""What people do with the whole body on the spot: sit down, bend down, jump. Each changes a standing posture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.carriage import Legs
from cinescene.sets.subjects.footsteps import GRAVITY_M_S2
from cinescene.sets.subjects.posture import ArmPosture, FootPosture, Posture

Deed = Literal["none", "sit down", "bend down", "jump"]

SIT_S, BEND_S, CROUCH_S = 1.5, 1.3, 0.45
SEAT_TO_HIP_M = 0.088
"""From the seat to the hip joints of an adult, metres for a leg of 0.82 m."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """When a deed begins and ends (seconds), by whose legs, and how high the seat is."""

    start_s: float
    end_s: float
    legs: Legs
    thigh_m: float
    seat_m: float = 0.45


def with_deed(posture: Posture, deed: Deed, time_s: float, occasion: Occasion) -> Posture:
    """The posture with the deed done to it; it must be that of somebody who stands."""
    if deed == "none" or time_s <= occasion.start_s:
        return posture
    return _DEEDS[deed](posture, time_s, occasion)


def seat_offset_m(occasion: Occasion) -> float:
    """How far behind the standing place the hips are when seated, metres."""
    return 0.93 * occasion.thigh_m


def hip_on_seat_m(occasion: Occasion) -> float:
    """Height of the hip joints when seated, metres."""
    return occasion.seat_m + SEAT_TO_HIP_M * occasion.legs.length_m / 0.82


def jump_height_m(legs: Legs) -> float:
    return 0.32 * legs.length_m


def _sit(posture: Posture, time_s: float, occasion: Occasion) -> Posture:
    """Leans forward, lets the hips back and down to the seat, straightens up."""
    share = _smooth((time_s - occasion.start_s) / SIT_S)
    forward = np.array([math.cos(posture.heading), math.sin(posture.heading), 0.0])
    seated = posture.pelvis - forward * seat_offset_m(occasion)
    seated[2] = hip_on_seat_m(occasion)
    down = share**1.25
    pelvis = posture.pelvis + (seated - posture.pelvis) * np.array([share, share, down])
    bow = 0.55 * math.sin(math.pi * share) ** 1.2
    arm = ArmPosture(swing=0.42, out=0.16, turn=0.25, elbow=0.85, twist=0.5)
    tilt = rot.about_y(0.45 * math.sin(math.pi * share) - 0.08 * share)
    sitting = replace(
        posture,
        pelvis=pelvis,
        pelvis_rotation=posture.pelvis_rotation @ tilt,
        bow=posture.bow + bow + 0.06 * share,
        look_down=posture.look_down + 0.2 * math.sin(math.pi * share),
        knees_apart=0.25 * share,
    )
    return sitting.with_arm(0, arm, share).with_arm(1, arm, share)


def _bend(posture: Posture, time_s: float, occasion: Occasion) -> Posture:
    """Down with bent knees and back until a hand reaches the floor, and up again."""
    middle = (occasion.start_s + occasion.end_s) / 2
    away = max(abs(time_s - middle) - max((occasion.end_s - occasion.start_s) / 2 - BEND_S, 0.0), 0.0)
    share = _smooth(1.0 - away / BEND_S)
    legs = occasion.legs
    forward = np.array([math.cos(posture.heading), math.sin(posture.heading), 0.0])
    low = legs.foot.ankle_m + 0.60 * legs.length_m
    pelvis = posture.pelvis - forward * 0.22 * legs.length_m * share
    pelvis[2] += (low - posture.pelvis[2]) * share
    arm = ArmPosture(swing=1.45, out=0.10, turn=0.1, elbow=0.15)
    rest = ArmPosture(swing=0.75, out=0.15, turn=0.2, elbow=0.9)
    bent = replace(
        posture,
        pelvis=pelvis,
        pelvis_rotation=posture.pelvis_rotation @ rot.about_y(0.75 * share),
        bow=posture.bow + 0.75 * share,
        look_down=posture.look_down + 0.75 * share,
        knees_apart=0.2 * share,
    )
    return bent.with_arm(1, arm, share).with_arm(0, rest, share)


def _jump(posture: Posture, time_s: float, occasion: Occasion) -> Posture:
    """Crouches, leaves the ground along a parabola, lands in a crouch; again and again until the end."""
    legs = occasion.legs
    height = jump_height_m(legs)
    flight = 2 * math.sqrt(2 * height / GRAVITY_M_S2)
    period = 2 * CROUCH_S + flight
    count = int((occasion.end_s - occasion.start_s) / period)
    since = time_s - occasion.start_s
    if since >= count * period:
        return posture
    moment = since % period
    if moment < CROUCH_S:
        crouch, lift = math.sin(math.pi * moment / CROUCH_S) ** 2, 0.0
    elif moment < CROUCH_S + flight:
        air = (moment - CROUCH_S) / flight
        crouch, lift = 0.0, 4 * height * air * (1 - air)
    else:
        landed = (moment - CROUCH_S - flight) / CROUCH_S
        crouch, lift = 0.8 * math.sin(math.pi * min(landed, 1.0)) ** 2, 0.0
    high = lift / height
    up = np.array([0.0, 0.0, 1.0])
    pelvis = posture.pelvis + up * (lift - 0.20 * legs.length_m * crouch)
    feet = tuple(_hanging(foot, lift, 0.5 * high, legs.foot.ball_m) for foot in posture.feet)
    arm = ArmPosture(swing=-0.5 * crouch + 1.9 * high, out=0.25 + 0.3 * high, elbow=0.5 + 0.3 * crouch)
    share = min(1.0, crouch + high)
    return (
        replace(
            posture,
            pelvis=pelvis,
            bow=posture.bow + 0.45 * crouch,
            pelvis_rotation=posture.pelvis_rotation @ rot.about_y(0.35 * crouch),
            feet=(feet[0], feet[1]),
            knees_apart=0.15 * crouch,
        )
        .with_arm(0, arm, share)
        .with_arm(1, arm, share)
    )


def _hanging(foot: FootPosture, lift: float, pitch: float, ball_m: float) -> FootPosture:
    """A foot off the ground, its toes dropping about the ball."""
    turned = foot.foot @ rot.about_y(pitch)
    ball = foot.ankle + foot.foot @ np.array([ball_m, 0.0, -foot.ankle[2]])
    back = turned @ np.array([-ball_m, 0.0, foot.ankle[2]])
    return FootPosture(ankle=ball + back + [0.0, 0.0, lift], foot=turned, toes=turned)


def _smooth(u: float) -> float:
    u = min(max(u, 0.0), 1.0)
    return u * u * (3 - 2 * u)


_DEEDS: Mapping[str, Callable[[Posture, float, Occasion], Posture]] = {
    "sit down": _sit,
    "bend down": _bend,
    "jump": _jump,
}
