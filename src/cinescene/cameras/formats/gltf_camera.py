"""The camera nodes of a glTF file: which there are, what moves them, where they are and what they see."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from cinescene.cameras.formats.choice import choose_camera
from cinescene.cameras.formats.documents import Field
from cinescene.cameras.formats.gltf_animation import Curve, node_matrices
from cinescene.cameras.formats.gltf_file import GltfFile
from cinescene.errors import GeometryError, InputError

_POINTERS = (
    (re.compile(r"/nodes/(\d+)/(translation|rotation|scale)"), "node"),
    (re.compile(r"/cameras/(\d+)/perspective/(yfov|aspectRatio)"), "camera"),
)
"""Targets of KHR_animation_pointer that move a camera or change its lens."""

Targets = dict[tuple[str, int, str], Curve]
"""Curves by what they drive: ("node" or "camera", its index, the quantity)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GltfCamera:
    """A camera node, with its chain of nodes from the root down and the curves that drive them."""

    name: str
    camera: Field
    camera_index: int
    chain: tuple[tuple[int, Field], ...]
    curves: Targets

    def _of(self, kind: str, index: int) -> dict[str, Curve]:
        return {what: curve for (k, i, what), curve in self.curves.items() if (k, i) == (kind, index)}

    def key_times(self) -> np.ndarray:
        """All times at which a curve that matters to this camera has a key, seconds."""
        curves = list(self._of("camera", self.camera_index).values())
        for index, _ in self.chain:
            curves += self._of("node", index).values()
        return np.unique(np.concatenate([curve.times for curve in curves])) if curves else np.empty(0)

    def world_matrices(self, times: np.ndarray) -> np.ndarray:
        """Node-to-world matrices (t, 4, 4) at the times."""
        world = np.repeat(np.eye(4)[None], len(times), 0)
        for index, node in self.chain:
            world = world @ node_matrices(node, self._of("node", index), times)
        return world

    def field_of_view(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vertical angle (radians) and aspect ratio at the times; the ratio is NaN where the file states none."""
        if self.camera["type"].text() != "perspective":
            raise GeometryError(f"{self.camera.where}: this camera is not a perspective one")
        lens = self.camera["perspective"]
        aspect = lens.optional("aspectRatio")
        stated = {"yfov": lens["yfov"].number(), "aspectRatio": np.nan if aspect is None else aspect.number()}
        curves = self._of("camera", self.camera_index)
        yfov, ratio = (
            curves[what].at(times)[:, 0] if what in curves else np.full(len(times), value)
            for what, value in stated.items()
        )
        return yfov, ratio

    def kept(self, key: str) -> Field | None:
        """What our own writer kept in the camera's extras under ``key``."""
        extras = self.camera.optional("extras")
        ours = extras.optional("cinescene") if extras is not None and extras.has("cinescene") else None
        return ours.optional(key) if ours is not None and ours.has(key) else None


def chosen_camera(file: GltfFile, camera: str | None) -> tuple[GltfCamera, list[str]]:
    """The camera of a node or camera name (the first by default), and notes on the choice."""
    found = file.document.optional("nodes")
    nodes = [] if found is None else found.items()
    with_camera = [i for i, node in enumerate(nodes) if node.has("camera")]
    if not with_camera:
        raise InputError(f"{file.path}: this glTF holds no camera node")
    names: dict[str, int] = {}
    for i in with_camera:
        name = _name(nodes[i]) or _name(file.element("cameras", nodes[i]["camera"])) or f"node {i}"
        names[name if name not in names else f"{name} (node {i})"] = i
    name, notes = choose_camera(file.path, list(names), camera)
    index = nodes[names[name]]["camera"]
    chain = _chain(file, nodes, names[name])
    curves, more = _curves(file, {("camera", index.integer()), *(("node", i) for i, _ in chain)})
    chosen = GltfCamera(
        name=name,
        camera=file.element("cameras", index),
        camera_index=index.integer(),
        chain=chain,
        curves=curves,
    )
    return chosen, [*notes, *more]


def _name(field: Field) -> str | None:
    name = field.optional("name")
    return None if name is None else name.text()


def _chain(file: GltfFile, nodes: list[Field], index: int) -> tuple[tuple[int, Field], ...]:
    parents: dict[int, int] = {}
    for i, node in enumerate(nodes):
        children = node.optional("children")
        for child in children.items() if children is not None else []:
            number = child.integer()
            if not 0 <= number < len(nodes):
                raise InputError(f"{child.where}: nodes[{number}] is named, but there are {len(nodes)}")
            if number in parents:
                raise InputError(f"{child.where}: nodes[{number}] has two parents")
            parents[number] = i
    chain = [index]
    while chain[-1] in parents:
        chain.append(parents[chain[-1]])
        if len(chain) > len(nodes):
            raise InputError(f"{file.path}: nodes[{index}] is its own ancestor")
    return tuple((i, nodes[i]) for i in reversed(chain))


def _curves(file: GltfFile, wanted: set[tuple[str, int]]) -> tuple[Targets, list[str]]:
    """The curves that drive the wanted nodes and cameras; where two animations drive one thing, the first counts."""
    curves: Targets = {}
    notes: dict[str, None] = {}
    animations = file.document.optional("animations")
    for animation in animations.items() if animations is not None else []:
        samplers = animation["samplers"].items()
        driven = set(curves)
        for channel in animation["channels"].items():
            target = _target(channel["target"])
            if target is None or target[:2] not in wanted:
                continue
            if target in driven:
                name = _name(animation) or "without a name"
                notes[f"The camera has several animations; the first is taken, and {name!r} is not."] = None
                continue
            number = channel["sampler"].integer()
            if not 0 <= number < len(samplers):
                raise InputError(f"{channel.where}: samplers[{number}] is named, but there are {len(samplers)}")
            curves[target] = Curve.read(file, samplers[number], target[2])
    return curves, list(notes)


def _target(target: Field) -> tuple[str, int, str] | None:
    path = target["path"].text()
    if path in ("translation", "rotation", "scale"):
        node = target.optional("node")
        return None if node is None else ("node", node.integer(), path)
    if path != "pointer":
        return None
    pointer = target["extensions"]["KHR_animation_pointer"]["pointer"].text()
    for pattern, kind in _POINTERS:
        match = pattern.fullmatch(pointer)
        if match:
            return kind, int(match[1]), match[2]
    return None
