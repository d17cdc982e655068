"""What people do with arms, head and back while they stand or walk: each a change to a posture at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cinescene.sets.subjects.posture import ArmPosture, Posture

Gesture = Literal["none", "wave", "point", "look around", "stretch", "hands on hips", "cheer"]

FADE_S = 0.7
"""How long a gesture takes to begin and to end."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Of a gesture: seconds since it began, how much of it shows (0–1), which hand leads (0 left, 1 right)."""

    since_s: float
    share: float
    hand: int
    pace: float = 1.0


def share_at(time_s: float, start_s: float, end_s: float, fade_s: float = FADE_S) -> float:
    """0 outside the span, 1 well inside, smooth between."""
    if end_s <= start_s:
        return 0.0
    fade = min(fade_s, (end_s - start_s) / 2)
    u = min((time_s - start_s) / fade, (end_s - time_s) / fade, 1.0)
    u = max(u, 0.0)
    return u * u * (3 - 2 * u)


def with_gesture(posture: Posture, gesture: Gesture, moment: Moment) -> Posture:
    """The posture with as much of the gesture as the moment says."""
    if gesture == "none" or moment.share <= 0:
        return posture
    return _GESTURES[gesture](posture, moment)


def _wave(posture: Posture, moment: Moment) -> Posture:
    beat = math.sin(2 * math.pi * 1.5 * moment.pace * moment.since_s)
    arm = ArmPosture(swing=0.35, out=1.50, turn=-1.35, elbow=1.35 + 0.38 * beat, twist=0.5, wrist=-0.15 * beat)
    tilted = replace(posture, lean=posture.lean + (0.05 if moment.hand else -0.05) * moment.share)
    return tilted.with_arm(moment.hand, arm, moment.share)


def _point(posture: Posture, moment: Moment) -> Posture:
    side = 1.0 if moment.hand == 0 else -1.0
    arm = ArmPosture(swing=1.42, out=0.45, turn=0.0, elbow=0.08, twist=0.6, wrist=-0.05)
    turned = replace(
        posture,
        look_left=posture.look_left + side * 0.45 * moment.share,
        twist=posture.twist + side * 0.15 * moment.share,
    )
    return turned.with_arm(moment.hand, arm, moment.share)


def _look_around(posture: Posture, moment: Moment) -> Posture:
    swing = math.sin(2 * math.pi * 0.28 * moment.pace * moment.since_s) * moment.share
    return replace(
        posture,
        look_left=posture.look_left + 0.85 * swing,
        twist=posture.twist + 0.22 * swing,
        look_down=posture.look_down - 0.08 * abs(swing),
    )


def _stretch(posture: Posture, moment: Moment) -> Posture:
    arm = ArmPosture(swing=2.75, out=0.30, turn=0.0, elbow=0.35, twist=0.3)
    raised = posture.with_arm(0, arm, moment.share).with_arm(1, arm, moment.share)
    return replace(
        raised,
        bow=posture.bow - 0.20 * moment.share,
        look_down=posture.look_down - 0.25 * moment.share,
        shrug=posture.shrug + 0.22 * moment.share,
    )


def _hands_on_hips(posture: Posture, moment: Moment) -> Posture:
    arm = ArmPosture(swing=-0.42, out=0.72, turn=0.72, elbow=1.62, twist=0.4, wrist=0.35)
    return posture.with_arm(0, arm, moment.share).with_arm(1, arm, moment.share)


def _cheer(posture: Posture, moment: Moment) -> Posture:
    beat = math.sin(2 * math.pi * 1.3 * moment.pace * moment.since_s)
    arms = [
        ArmPosture(swing=0.3, out=2.25 + 0.18 * beat * sign, turn=-1.2, elbow=0.75 + 0.25 * beat * sign, twist=0.3)
        for sign in (1.0, -1.0)
    ]
    raised = posture.with_arm(0, arms[0], moment.share).with_arm(1, arms[1], moment.share)
    return replace(
        raised,
        shrug=posture.shrug + 0.15 * moment.share,
        lean=posture.lean + 0.06 * beat * moment.share,
        look_down=posture.look_down - 0.15 * moment.share,
    )


_GESTURES: Mapping[str, Callable[[Posture, Moment], Posture]] = {
    "wave": _wave,
    "point": _point,
    "look around": _look_around,
    "stretch": _stretch,
    "hands on hips": _hands_on_hips,
    "cheer": _cheer,
}
