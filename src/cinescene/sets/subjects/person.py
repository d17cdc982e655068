"""The description of a person: body, clothes, hair. Plain values; `cinescene.sets.subjects.figure` makes the meshes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cinescene.errors import InputError
from cinescene.sets.subjects.body_shape import HEIGHT_RANGE_M, BodyShape
from cinescene.sets.subjects.colours import SKIN, Colour
from cinescene.sets.subjects.fabrics import Cloth

Top = Literal["t-shirt", "tank top", "shirt", "blouse", "sweater", "dress"]
Outer = Literal["none", "jacket", "coat"]
Bottom = Literal[
    "none", "trousers", "jeans", "wide trousers", "leggings", "shorts", "skirt", "short skirt", "long skirt"
]
Footwear = Literal["shoes", "sneakers", "boots"]
HairCut = Literal["buzz cut", "short", "side parting", "curly", "afro", "bob", "long", "bun", "ponytail"]
Headwear = Literal["none", "beanie", "cap", "brimmed hat"]


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """What somebody wears. A dress needs no ``bottom`` ("none", or leggings under it); everything else does."""

    top: Top = "t-shirt"
    top_cloth: Cloth
    bottom: Bottom = "trousers"
    bottom_cloth: Cloth
    outer: Outer = "none"
    outer_cloth: Cloth | None = None
    footwear: Footwear = "shoes"
    shoe_colour: Colour = (0.12, 0.09, 0.08)
    headwear: Headwear = "none"
    headwear_cloth: Cloth | None = None
    scarf: Cloth | None = None
    backpack: Cloth | None = None

    @property
    def hides_skirt(self) -> bool:
        """Whether a coat covers a skirt or dress altogether (coats are longer than what is under them)."""
        return self.outer == "coat" and (self.top == "dress" or self.bottom.endswith("skirt"))

    def __post_init__(self) -> None:
        for name, kind in (("top", Top), ("bottom", Bottom), ("outer", Outer), ("footwear", Footwear)):
            _one_of(f"outfit: {name}", getattr(self, name), get_args(kind))
        _one_of("outfit: headwear", self.headwear, get_args(Headwear))
        if (self.bottom == "none") and self.top != "dress":
            raise InputError("outfit: expected trousers, shorts or a skirt below anything but a dress, got none")
        if self.top == "dress" and self.bottom not in ("none", "leggings"):
            raise InputError(f"outfit: expected nothing or leggings below a dress, got {self.bottom}")
        if (self.outer == "none") != (self.outer_cloth is None):
            raise InputError("outfit: expected a cloth for a jacket or coat, and none without one")
        if (self.headwear == "none") != (self.headwear_cloth is None):
            raise InputError("outfit: expected a cloth for headwear, and none without any")


@dataclass(frozen=True, kw_only=True)
class Hair:
    """A cut and its colour; ``beard`` goes from 0 (shaved) over 0.4 (stubble) to 1."""

    cut: HairCut = "short"
    colour: Colour = (0.17, 0.10, 0.07)
    beard: float = 0.0

    def __post_init__(self) -> None:
        _one_of("hair: cut", self.cut, get_args(HairCut))
        if not 0.0 <= self.beard <= 1.0:
            raise InputError(f"hair: expected a beard within 0–1, got {self.beard!r}")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody: the same description gives the same meshes and the same bearing, byte for byte.

    ``seed`` decides what no field says: details of the pictures, habits of gait.
    """

    kind: Literal["person"] = "person"
    body: BodyShape
    height_m: float = 1.7
    outfit: Outfit
    hair: Hair
    skin: Colour = SKIN[1]
    eyes: Colour = (0.28, 0.17, 0.10)
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("subject: kind", self.kind, ("person",))
        low, high = HEIGHT_RANGE_M
        if not low <= self.height_m <= high:
            raise InputError(f"person: expected a height of {low:g}–{high:g} m, got {self.height_m!r}")
        for colour in (self.skin, self.eyes, self.hair.colour, self.outfit.shoe_colour):
            if len(colour) != 3 or not all(0.0 <= c <= 1.0 for c in colour):
                raise InputError(f"person: expected sRGB colours within 0–1, got {colour!r}")
        if self.seed < 0:
            raise InputError(f"person: expected a seed of 0 or more, got {self.seed}")


def _one_of(where: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{where}: expected one of {', '.join(choices)}, got {value!r}")
