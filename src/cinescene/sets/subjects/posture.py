"""A person's posture in terms that people use, and the bone rotations that it means.

Postures are given in world axes. The feet are where they are told to be: legs reach for them from the pelvis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.rig import INDEX, NAMES, SIDES, Skeleton

SPINE = ("spine1", "spine2", "spine3", "spine4", "spine5")
SHARES = (0.16, 0.22, 0.24, 0.22, 0.16)
"""How the bend of the trunk is spread over the spine."""
HANGING = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, kw_only=True)
class ArmPosture:
    """An arm, radians from hanging straight down with the palm towards the thigh.

    ``swing`` lifts it forward, ``out`` to the side; ``turn`` twists the upper arm inwards; ``elbow`` bends it,
    ``twist`` turns the hand's thumb inwards and ``wrist`` bends the hand towards the palm.
    """

    swing: float = 0.0
    out: float = 0.09
    turn: float = 0.0
    elbow: float = 0.2
    twist: float = 0.0
    wrist: float = 0.0

    def mixed(self, other: ArmPosture, share: float) -> ArmPosture:
        """This arm for 0, the other for 1."""
        return ArmPosture(
            **{
                name: (1 - share) * getattr(self, name) + share * getattr(other, name)
                for name in self.__dataclass_fields__
            }
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FootPosture:
    """The ankle joint, and how foot and toes are turned from lying flat and looking along +x."""

    ankle: Float[np.ndarray, "3"]
    foot: Float[np.ndarray, "3 3"]
    toes: Float[np.ndarray, "3 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Posture:
    """A whole body; angles in radians, world axes, metres.

    ``bow``, ``lean`` and ``twist`` bend the chest against the pelvis forward, to the left and round to the left.
    ``look_left``, ``look_down`` and ``tilt_left`` turn the head against ``heading``; ``sides`` go left, right.
    """

    heading: float
    pelvis: Float[np.ndarray, "3"]
    pelvis_rotation: Float[np.ndarray, "3 3"]
    bow: float = 0.0
    lean: float = 0.0
    twist: float = 0.0
    look_left: float = 0.0
    look_down: float = 0.0
    tilt_left: float = 0.0
    shrug: float = 0.0
    knees_apart: float = 0.0
    arms: tuple[ArmPosture, ArmPosture] = field(default=(ArmPosture(), ArmPosture()))
    feet: tuple[FootPosture, FootPosture]

    def with_arm(self, side: int, arm: ArmPosture, share: float) -> Posture:
        """With one arm (0 left, 1 right) moved towards another posture."""
        arms = list(self.arms)
        arms[side] = arms[side].mixed(arm, share)
        return replace(self, arms=(arms[0], arms[1]))


class Poser:
    """Turns postures of one body into bone rotations."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self.foot_yaw = tuple(self._foot_yaw(side) for side in SIDES)
        self._limbs = {side: _Limbs.of(skeleton, side) for side in SIDES}

    def rotations(self, posture: Posture) -> Float[np.ndarray, "bones 3 3"]:
        """World rotations of all bones."""
        rotations = np.empty((len(NAMES), 3, 3))
        rotations[0] = posture.pelvis_rotation
        chest = self._bend_trunk(posture, rotations)
        for number, side in enumerate(SIDES):
            self._pose_arm(rotations, chest, side, posture.arms[number], posture.shrug)
        for number, side in enumerate(SIDES):
            self._pose_leg(rotations, posture, side, posture.feet[number], self.foot_yaw[number])
        return rotations

    def _bend_trunk(self, posture: Posture, rotations: np.ndarray) -> np.ndarray:
        turned = posture.pelvis_rotation
        for name, share in zip(SPINE, SHARES, strict=True):
            step = rot.about_z(posture.twist * share) @ rot.about_x(-posture.lean * share)
            turned = turned @ step @ rot.about_y(posture.bow * share)
            rotations[INDEX[name]] = turned
        gaze = rot.about_z(posture.heading + posture.look_left) @ rot.about_y(posture.look_down)
        head = gaze @ rot.about_x(-posture.tilt_left)
        rotations[INDEX["neck"]] = turned @ rot.partial(turned.T @ head, 0.45)
        rotations[INDEX["head"]] = head
        return turned

    def _pose_arm(self, rotations: np.ndarray, chest: np.ndarray, side: str, arm: ArmPosture, shrug: float) -> None:
        limbs = self._limbs[side]
        sense = 1.0 if side == "L" else -1.0
        hanging = rot.about_y(-arm.swing) @ rot.about_x(sense * arm.out) @ rot.about_z(-sense * arm.turn)
        upper = hanging @ limbs.hanging_from_rest
        lower = upper @ rot.about(limbs.elbow_axis, arm.elbow - limbs.elbow_at_rest)
        half, whole = (rot.about(limbs.forearm, -sense * angle) for angle in (0.5 * arm.twist, arm.twist))
        lift = rot.about_x(sense * shrug)
        rotations[INDEX[f"clavicle.{side}"]] = chest @ lift @ rot.partial(upper, 0.12)
        rotations[INDEX[f"shoulder.{side}"]] = chest @ lift @ rot.partial(upper, 0.45)
        rotations[INDEX[f"upperarm.{side}"]] = chest @ upper
        rotations[INDEX[f"forearm.{side}"]] = chest @ lower
        rotations[INDEX[f"wrist.{side}"]] = chest @ lower @ half
        rotations[INDEX[f"hand.{side}"]] = chest @ lower @ whole @ rot.about(limbs.knuckles, arm.wrist)

    def _pose_leg(self, rotations: np.ndarray, posture: Posture, side: str, foot: FootPosture, rest_yaw: float) -> None:
        limbs = self._limbs[side]
        offset = self.skeleton.joint(f"thigh.{side}") - self.skeleton.joint("pelvis")
        hip = posture.pelvis + posture.pelvis_rotation @ offset
        toes = foot.foot[:, 0] * [1.0, 1.0, 0.0] + 1e-6 * rot.UP
        outward = posture.pelvis_rotation[:, 1] * (1.0 if side == "L" else -1.0)
        towards = posture.pelvis_rotation[:, 0] + rot.unit(toes) + outward * posture.knees_apart
        knee, ankle = rot.middle_joint(hip, foot.ankle, limbs.thigh_m, limbs.shin_m, towards)
        hinge = np.cross(towards, rot.unit(ankle - hip))
        rotations[INDEX[f"thigh.{side}"]] = rot.frame(knee - hip, hinge) @ limbs.thigh_frame.T
        rotations[INDEX[f"shin.{side}"]] = rot.frame(ankle - knee, hinge) @ limbs.shin_frame.T
        straight = rot.about_z(-rest_yaw)
        rotations[INDEX[f"foot.{side}"]] = foot.foot @ straight
        rotations[INDEX[f"toes.{side}"]] = foot.toes @ straight

    def _foot_yaw(self, side: str) -> float:
        x, y, _ = self.skeleton.joint(f"toes.{side}") - self.skeleton.joint(f"foot.{side}")
        return math.atan2(y, x)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limbs:
    """Rest directions, axes and lengths of one side's arm and leg."""

    hanging_from_rest: np.ndarray
    elbow_axis: np.ndarray
    elbow_at_rest: float
    forearm: np.ndarray
    knuckles: np.ndarray
    thigh_frame: np.ndarray
    shin_frame: np.ndarray
    thigh_m: float
    shin_m: float

    @classmethod
    def of(cls, skeleton: Skeleton, side: str) -> _Limbs:
        def bone(start: str, end: str) -> np.ndarray:
            return skeleton.joint(f"{end}.{side}") - skeleton.joint(f"{start}.{side}")

        upper, lower = rot.unit(bone("upperarm", "forearm")), rot.unit(bone("forearm", "hand"))
        axis = np.cross(upper, lower)
        hanging = rot.frame(HANGING, -rot.LEFT) @ rot.frame(upper, axis).T
        thigh, shin = bone("thigh", "shin"), bone("shin", "foot")
        palm = np.cross(lower, rot.unit(axis))
        return cls(
            hanging_from_rest=hanging,
            elbow_axis=rot.unit(axis),
            elbow_at_rest=math.atan2(float(np.linalg.norm(axis)), float(upper @ lower)),
            forearm=lower,
            knuckles=rot.unit(palm),
            thigh_frame=rot.frame(thigh, rot.LEFT),
            shin_frame=rot.frame(shin, rot.LEFT),
            thigh_m=float(np.linalg.norm(thigh)),
            shin_m=float(np.linalg.norm(shin)),
        )
