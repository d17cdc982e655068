"""A body ready to be dressed: MakeHuman's close-fitting suit over it, and where on the body each of its vertices is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects.body_data import body_data
from cinescene.sets.subjects.rig import ARM, INDEX, LEG, SIDES, Skeleton, vertex_weights
from cinescene.sets.subjects.surface import Surface, part_of, triangles_of_quads


@dataclass(frozen=True, kw_only=True, eq=False)
class Limb:
    """Places relative to an arm or a leg: ``along`` is 0 at its first joint, 1 at its second, 2 at its third.

    ``axis`` is the nearest point of the limb's middle line, ``radius_m`` the distance to it.
    """

    along: Float[np.ndarray, "n"]
    axis: Float[np.ndarray, "n 3"]
    radius_m: Float[np.ndarray, "n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DressForm:
    """All vertices of a shaped body and its skeleton, metres, floor at z = 0."""

    vertices: Float[np.ndarray, "n 3"]
    skeleton: Skeleton

    @cached_property
    def scale(self) -> float:
        """Size of the trunk against that of an adult of 1.7 m."""
        neck, pelvis = self.skeleton.joint("neck"), self.skeleton.joint("pelvis")
        return float(neck[2] - pelvis[2]) / 0.55

    @cached_property
    def suit(self) -> Surface:
        """From neck to ankles and wrists, a little off the skin."""
        return part_of(self.vertices, vertex_weights(), triangles_of_quads(body_data().suit))

    @cached_property
    def skin(self) -> Surface:
        """Head, neck, arms and legs with few triangles."""
        return part_of(self.vertices, vertex_weights(), body_data().skin)

    @cached_property
    def eyes(self) -> tuple[Surface, Surface]:
        """The eyeballs, left and right."""
        left, right = (
            part_of(self.vertices, vertex_weights(), triangles_of_quads(quads)) for quads in body_data().eyes
        )
        return left, right

    def height(self, share: float) -> float:
        """A height between the hip joints (0) and the base of the neck (1)."""
        low, high = self.skeleton.joint("pelvis")[2], self.skeleton.joint("neck")[2]
        return float(low + share * (high - low))

    def limb(self, positions: Float[np.ndarray, "n 3"], names: tuple[str, str, str]) -> Limb:
        """Places relative to three joints in a row."""
        joints = [self.skeleton.joint(name) for name in names]
        best: list[np.ndarray] = [np.full(len(positions), np.inf), np.zeros(len(positions)), np.zeros_like(positions)]
        for number in range(2):
            start, line = joints[number], joints[number + 1] - joints[number]
            raw = (positions - start) @ line / float(line @ line)
            share = np.clip(raw, 0.0 if number else -0.5, 1.5 if number else 1.0)
            axis = start + share[:, None] * line
            distance = np.linalg.norm(positions - axis, axis=1)
            nearer = distance < best[0]
            best = [
                np.where(nearer, distance, best[0]),
                np.where(nearer, number + share, best[1]),
                np.where(nearer[:, None], axis, best[2]),
            ]
        return Limb(along=best[1], axis=best[2], radius_m=best[0])

    def sleeve(self, surface: Surface) -> Float[np.ndarray, "n"]:
        """How far down an arm each vertex is (1 elbow, 2 wrist); −1 on the trunk."""
        along = np.full(len(surface.positions), -1.0)
        for side in SIDES:
            limb = self.limb(surface.positions, (f"upperarm.{side}", f"forearm.{side}", f"hand.{side}"))
            arm = share_of(surface, tuple(f"{bone}.{side}" for bone in ARM[2:])) > 0.35
            along = np.where(arm, limb.along, along)
        return along

    def leg(self, surface: Surface) -> Float[np.ndarray, "n"]:
        """How far down a leg each vertex is: 0 hip, 1 knee, 2 ankle."""
        left, right = (
            self.limb(surface.positions, (f"thigh.{side}", f"shin.{side}", f"foot.{side}")).along for side in SIDES
        )
        return np.where(surface.positions[:, 1] > 0, left, right)

    def neck_distance(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Distance to the middle line of the neck, metres."""
        offset = positions - self.skeleton.joint("neck")
        along = self.neck_height(positions)
        return np.linalg.norm(offset - along[:, None] * self._neck_line, axis=1)

    def neck_height(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Height along the neck over its base, metres."""
        return (positions - self.skeleton.joint("neck")) @ self._neck_line

    @cached_property
    def neck_radius(self) -> float:
        """Of the suit, a little above the neck's base."""
        height = self.neck_height(self.suit.positions) / self.scale
        collar = (height > 0.0) & (height < 0.05)
        return float(np.median(self.neck_distance(self.suit.positions[collar])))

    @cached_property
    def _neck_line(self) -> np.ndarray:
        line = self.skeleton.joint("head") - self.skeleton.joint("neck")
        return line / np.linalg.norm(line)


def share_of(surface: Surface, bones: tuple[str, ...]) -> Float[np.ndarray, "n"]:
    """How much of each vertex's weight lies on some bones."""
    return surface.weights[:, [INDEX[bone] for bone in bones]].sum(axis=1)


def arm_share(surface: Surface) -> Float[np.ndarray, "n"]:
    return share_of(surface, tuple(f"{bone}.{side}" for side in SIDES for bone in ARM[2:]))


def leg_share(surface: Surface) -> Float[np.ndarray, "n"]:
    return share_of(surface, tuple(f"{bone}.{side}" for side in SIDES for bone in LEG))
