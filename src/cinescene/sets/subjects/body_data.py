"""The body that people are made of: mesh, shape targets, skinning weights and joints.

It is MakeHuman's (CC0), reduced to the vertices that dressed people show and are measured by;
``assets/subjects/body.npz`` is made by `cinescene.sets.subjects.body_asset`. Offsets of targets are kept to 0.02 mm.

Lengths are metres; a body looks along +x, has its left side towards +y and +z up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from jaxtyping import Float, Int

OFFSET_STEP_M = 4e-5
"""What the whole numbers of stored offsets count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BodyData:
    """Everything by vertex of one list.

    ``positions``
        Of the undeformed body.
    ``skin``
        Triangles of head, neck, arms, hands and legs.
    ``suit``, ``eyes``
        Quads of a close-fitting suit from neck to ankles and wrists, and of the left and right eyeball.
    ``ends``
        Vertices of the scalp and the soles, between which a body's height is measured.
    ``targets``
        Offsets by name.
    ``weights``
        How much each vertex follows each of ``bones``; rows sum to 1.
    ``parents``, ``heads``
        Of each bone: its parent's name ("" for the root), and the vertices whose mean is its head.
    ``pelvis``
        Vertices whose mean is the middle of the hips.
    """

    positions: Float[np.ndarray, "n 3"]
    skin: Int[np.ndarray, "m 3"]
    suit: Int[np.ndarray, "q 4"]
    eyes: tuple[Int[np.ndarray, "e 4"], Int[np.ndarray, "e 4"]]
    ends: Int[np.ndarray, "k"]
    targets: Mapping[str, Float[np.ndarray, "n 3"]]
    bones: tuple[str, ...]
    weights: Float[np.ndarray, "n bones"]
    parents: Mapping[str, str]
    heads: Mapping[str, Int[np.ndarray, "_"]]
    pelvis: Int[np.ndarray, "p"]


@lru_cache(maxsize=1)
def body_data() -> BodyData:
    """The shipped body."""
    resource = resources.files("cinescene") / "assets" / "subjects" / "body.npz"
    with resource.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        stored = dict(arrays)
    count, bones = len(stored["positions"]), tuple(stored["bones"].tolist())
    weights = np.zeros((count, len(bones)), dtype=np.float32)
    weights[stored["weight_vertices"], stored["weight_bones"]] = stored["weight_values"]
    starts = np.cumsum(stored["head_counts"])[:-1]
    return BodyData(
        positions=stored["positions"].astype(np.float64),
        skin=stored["skin"].astype(np.int32),
        suit=stored["suit"].astype(np.int64),
        eyes=(stored["left_eye"].astype(np.int64), stored["right_eye"].astype(np.int64)),
        ends=stored["ends"].astype(np.int64),
        targets=dict(zip(stored["target_names"].tolist(), _offsets(stored["targets"]), strict=True)),
        bones=bones,
        weights=weights,
        parents=dict(zip(bones, stored["parents"].tolist(), strict=True)),
        heads=dict(zip(bones, np.split(stored["heads"].astype(np.int64), starts), strict=True)),
        pelvis=stored["pelvis"].astype(np.int64),
    )


def _offsets(steps: Int[np.ndarray, "3 n targets"]) -> Float[np.ndarray, "targets n 3"]:
    """From differences between neighbouring vertices, which pack well."""
    whole = np.cumsum(steps, axis=1, dtype=np.int32)
    return np.ascontiguousarray(whole.transpose(2, 1, 0)).astype(np.float32) * OFFSET_STEP_M
