"""The build of a dog or a cat: limbs and joints for a body 1 m high at the withers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cinescene.sets.subjects.blobs import Limb, Point

Species = Literal["dog", "cat"]

BONES = (
    "hips",
    "chest",
    "neck",
    "head",
    "tail1",
    "tail2",
    "tail3",
    *(f"{bone}.{side}" for side in "LR" for bone in ("ear", "upper", "fore", "paw", "thigh", "shank", "hock")),
)
PARENTS: Mapping[str, str] = {
    "chest": "hips",
    "neck": "chest",
    "head": "neck",
    "tail1": "hips",
    "tail2": "tail1",
    "tail3": "tail2",
    "ear": "head",
    "upper": "chest",
    "fore": "upper",
    "paw": "fore",
    "thigh": "hips",
    "shank": "thigh",
    "hock": "shank",
}
"""What each bone hangs from; those of a side hang from the same side's where there is one."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """Proportions against a usual dog: 1 everywhere."""

    length: float = 1.0
    chest: float = 1.0
    legs: float = 1.0
    head: float = 1.0
    snout: float = 1.0
    neck_up: float = 1.0
    tail: float = 1.0
    tail_up: float = 0.6
    floppy_ears: bool = False


BUILDS: Mapping[str, Build] = {
    "dog": Build(),
    "cat": Build(length=1.28, chest=0.86, legs=0.84, head=1.0, snout=0.30, neck_up=0.72, tail=1.5, tail_up=0.75),
}


def parent_of(bone: str) -> str | None:
    name, _, side = bone.partition(".")
    parent = PARENTS.get(name)
    if parent is None:
        return None
    return f"{parent}.{side}" if f"{parent}.{side}" in BONES else parent


def joints_of(build: Build) -> dict[str, Point]:
    """Where each bone begins, for a height of 1 at the withers; the ground is z = 0, the middle of the body x = 0."""
    long, neck, tail = build.length, build.neck_up, build.tail
    head_x, head_z = 0.33 * long + 0.20, 0.82 + 0.25 * neck
    up = build.tail_up
    joints: dict[str, Point] = {
        "hips": (-0.36 * long, 0.0, 0.76),
        "chest": (-0.02 * long, 0.0, 0.77),
        "neck": (0.33 * long, 0.0, 0.82),
        "head": (head_x, 0.0, head_z),
        "tail1": (-0.47 * long, 0.0, 0.82),
        "tail2": (-0.47 * long - 0.16 * tail, 0.0, 0.82 + 0.20 * tail * (up - 0.4)),
        "tail3": (-0.47 * long - 0.28 * tail, 0.0, 0.82 + 0.46 * tail * (up - 0.3)),
    }
    for side, y in (("L", 1.0), ("R", -1.0)):
        joints[f"ear.{side}"] = (head_x + 0.00, 0.080 * y * build.head, head_z + 0.080 * build.head)
        joints[f"upper.{side}"] = (0.28 * long, 0.10 * y, 0.68)
        joints[f"fore.{side}"] = (0.28 * long - 0.08, 0.105 * y, 0.46)
        joints[f"paw.{side}"] = (0.28 * long - 0.03, 0.105 * y, 0.18)
        joints[f"thigh.{side}"] = (-0.37 * long, 0.085 * y, 0.71)
        joints[f"shank.{side}"] = (-0.37 * long + 0.11, 0.105 * y, 0.46)
        joints[f"hock.{side}"] = (-0.37 * long - 0.10, 0.105 * y, 0.26)
    return joints


def limbs_of(build: Build) -> tuple[Limb, ...]:
    """The flesh on those joints."""
    j = joints_of(build)
    thick, legs, head = build.chest, build.legs, build.head
    hx, _, hz = j["head"]
    limbs = [
        _limb(
            "chest",
            _moved(j["neck"], -0.08, -0.10),
            _moved(j["chest"], 0.04, -0.06),
            0.180 * thick,
            0.172 * thick,
            0.86,
        ),
        _limb("chest", _moved(j["neck"], -0.04, -0.01), _moved(j["chest"], 0.0, 0.01), 0.135 * thick, 0.12 * thick),
        _limb("hips", _moved(j["chest"], 0.0, -0.02), _moved(j["hips"], 0.02, -0.01), 0.140 * thick, 0.125 * thick),
        _limb("neck", _moved(j["neck"], -0.02, -0.01), _moved(j["head"], -0.04, -0.04), 0.130 * thick, 0.096 * head),
        _limb("head", _moved(j["head"], 0.0, 0.01), (hx + 0.055 * head, 0.0, hz), 0.110 * head, 0.098 * head),
        _limb(
            "head",
            (hx + 0.08 * head, 0.0, hz - 0.025 * head),
            (hx + (0.10 + 0.14 * build.snout) * head, 0.0, hz - (0.045 + 0.02 * build.snout) * head),
            0.068 * head,
            0.050 * head,
        ),
        _limb("tail1", j["tail1"], j["tail2"], 0.046 * legs, 0.042 * legs),
        _limb("tail2", j["tail2"], j["tail3"], 0.042 * legs, 0.036 * legs),
        _limb("tail3", j["tail3"], _beyond(j["tail2"], j["tail3"], 1.9), 0.036 * legs, 0.026 * legs),
    ]
    for side, y in (("L", 1.0), ("R", -1.0)):
        limbs += _side_limbs(build, j, side, y)
    return tuple(limbs)


def _side_limbs(build: Build, j: Mapping[str, Point], side: str, y: float) -> list[Limb]:
    legs, head = build.legs, build.head
    ear = j[f"ear.{side}"]
    tip = (
        _moved(ear, -0.02, -0.14 * head, 0.045 * y * head)
        if build.floppy_ears
        else _moved(ear, -0.03 * head, 0.11 * head, 0.012 * y)
    )
    fore, hind = j[f"paw.{side}"], j[f"hock.{side}"]
    return [
        _limb(f"ear.{side}", ear, tip, 0.042 * head, (0.034 if build.floppy_ears else 0.020) * head, 0.6),
        _limb(f"upper.{side}", j[f"upper.{side}"], j[f"fore.{side}"], 0.085 * legs, 0.050 * legs),
        _limb(f"fore.{side}", j[f"fore.{side}"], fore, 0.050 * legs, 0.032 * legs),
        _limb(f"paw.{side}", fore, (fore[0] + 0.01, fore[1], 0.05), 0.033 * legs, 0.036 * legs),
        _limb(f"paw.{side}", (fore[0] + 0.005, fore[1], 0.042), (fore[0] + 0.07, fore[1], 0.036), 0.041, 0.035),
        _limb(f"thigh.{side}", j[f"thigh.{side}"], j[f"shank.{side}"], 0.118 * legs, 0.072 * legs),
        _limb(f"shank.{side}", j[f"shank.{side}"], hind, 0.068 * legs, 0.032 * legs),
        _limb(f"hock.{side}", hind, (hind[0] + 0.03, hind[1], 0.05), 0.032 * legs, 0.034 * legs),
        _limb(f"hock.{side}", (hind[0] + 0.025, hind[1], 0.042), (hind[0] + 0.09, hind[1], 0.036), 0.040, 0.034),
    ]


def _limb(bone: str, start: Point, end: Point, start_m: float, end_m: float, squash: float = 1.0) -> Limb:
    return Limb(bone=bone, start=start, end=end, start_m=start_m, end_m=end_m, squash=squash)


def _moved(point: Point, forward: float, up: float, left: float = 0.0) -> Point:
    return point[0] + forward, point[1] + left, point[2] + up


def _beyond(start: Point, end: Point, share: float) -> Point:
    x, y, z = (a + share * (b - a) for a, b in zip(start, end, strict=True))
    return x, y, z
