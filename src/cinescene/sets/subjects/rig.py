"""A person's skeleton: some thirty bones that act, each standing for one or several of MakeHuman's.

A bone's rotation says how it is turned from the rest pose, in the frame that the whole pose is given in; with all
rotations the identity the body stands as it was modelled, arms half lowered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinescene.sets.subjects.body_data import body_data

TRUNK = ("pelvis", "spine1", "spine2", "spine3", "spine4", "spine5", "neck", "head")
ARM = ("clavicle", "shoulder", "upperarm", "forearm", "wrist", "hand")
LEG = ("thigh", "shin", "foot", "toes")
SIDES = ("L", "R")
"""Left and right; the suffix of bone names, as in "hand.L"."""

_SOURCES = {
    "pelvis": ("root", "pelvis.L", "pelvis.R"),
    "spine1": ("spine05",),
    "spine2": ("spine04",),
    "spine3": ("spine03",),
    "spine4": ("spine02", "breast.L", "breast.R"),
    "spine5": ("spine01",),
    "neck": ("neck01", "neck02"),
    "head": ("neck03",),
    "clavicle": ("clavicle",),
    "shoulder": ("shoulder01",),
    "upperarm": ("upperarm01", "upperarm02"),
    "forearm": ("lowerarm01",),
    "wrist": ("lowerarm02",),
    "hand": ("wrist",),
    "thigh": ("upperleg01", "upperleg02"),
    "shin": ("lowerleg01", "lowerleg02"),
    "foot": ("foot",),
    "toes": ("toe1-1", "toe2-1", "toe3-1", "toe4-1", "toe5-1"),
}
"""MakeHuman's bones; those that are not named follow their nearest ancestor that is."""
_PARENTS = {"clavicle": "spine5", "thigh": "pelvis"}

NAMES = (*TRUNK, *(f"{bone}.{side}" for side in SIDES for bone in (*ARM, *LEG)))
INDEX: Mapping[str, int] = {name: i for i, name in enumerate(NAMES)}


def parent_of(name: str) -> str | None:
    """The bone that a bone hangs from; None for the pelvis."""
    bone, _, side = name.partition(".")
    if bone in _PARENTS:
        return _PARENTS[bone]
    chain = next(chain for chain in (TRUNK, ARM, LEG) if bone in chain)
    place = chain.index(bone)
    if place == 0:
        return None
    return f"{chain[place - 1]}.{side}" if side else chain[place - 1]


PARENTS = tuple(-1 if (parent := parent_of(name)) is None else INDEX[parent] for name in NAMES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Skeleton:
    """Where the joints of one body are at rest: the head of each bone of `NAMES`, metres, floor at z = 0.

    The pelvis has its head between the hip joints.
    """

    heads: Float[np.ndarray, "bones 3"]

    def joint(self, name: str) -> Float[np.ndarray, "3"]:
        """The joint at the head of a bone."""
        return self.heads[INDEX[name]]


def skeleton_of(vertices: Float[np.ndarray, "n 3"]) -> Skeleton:
    """The joints of a shaped body (all vertices of the base mesh)."""
    heads = np.array([_head(name, vertices) for name in NAMES])
    heads[INDEX["pelvis"]] = (heads[INDEX["thigh.L"]] + heads[INDEX["thigh.R"]]) / 2
    return Skeleton(heads=heads)


@lru_cache(maxsize=1)
def vertex_weights() -> Float[np.ndarray, "n bones"]:
    """How much each vertex of the base mesh follows each bone of `NAMES`; rows sum to 1."""
    names, table = body_data().bones, body_data().weights
    owner = {source: INDEX[name] for name in NAMES for source in _sources(name)}
    weights = np.zeros((len(table), len(NAMES)), dtype=np.float32)
    for column, source in enumerate(names):
        bone = source
        while bone not in owner:
            bone = body_data().parents[bone]
        weights[:, owner[bone]] += table[:, column]
    return weights


def bone_transforms(
    skeleton: Skeleton, rotations: Float[np.ndarray, "bones 3 3"], pelvis: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "bones 3 4"]:
    """What moves points of the rest pose along with each bone, the pelvis joint being at ``pelvis``."""
    positions = joint_positions(skeleton, rotations, pelvis)
    moved = positions - np.einsum("bij,bj->bi", rotations, skeleton.heads)
    return np.concatenate([rotations, moved[:, :, None]], axis=2)


def joint_positions(
    skeleton: Skeleton, rotations: Float[np.ndarray, "bones 3 3"], pelvis: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "bones 3"]:
    """The heads of all bones in a pose."""
    positions = np.empty_like(skeleton.heads)
    positions[0] = pelvis
    for bone in range(1, len(NAMES)):
        parent = PARENTS[bone]
        positions[bone] = positions[parent] + rotations[parent] @ (skeleton.heads[bone] - skeleton.heads[parent])
    return positions


def _sources(name: str) -> tuple[str, ...]:
    bone, _, side = name.partition(".")
    return tuple(f"{source}.{side}" for source in _SOURCES[bone]) if side else _SOURCES[bone]


def _head(name: str, vertices: np.ndarray) -> np.ndarray:
    """The mean over several toes, otherwise the first source bone's head."""
    sources = _sources(name) if name.startswith("toes") else _sources(name)[:1]
    return np.mean([vertices[body_data().heads[source]].mean(axis=0) for source in sources], axis=0)
