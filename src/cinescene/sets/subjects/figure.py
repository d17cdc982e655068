"""A dressed person: all parts at rest, and their meshes in any pose."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cinescene.sets.mesh import Mesh
from cinescene.sets.subjects.body_shape import shaped_vertices
from cinescene.sets.subjects.carriage import Legs
from cinescene.sets.subjects.coarser import coarser_triangles
from cinescene.sets.subjects.dress_form import DressForm, arm_share
from cinescene.sets.subjects.hands import relaxed_hands
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.posture import Poser, Posture
from cinescene.sets.subjects.rig import NAMES, bone_transforms, joint_positions, skeleton_of
from cinescene.sets.subjects.shoes import SHOES, foot_shape
from cinescene.sets.subjects.wardrobe import dressed_parts


class Figure:
    """A person's meshes. Making one takes about a second, a pose a few milliseconds."""

    def __init__(self, person: Person) -> None:
        vertices = relaxed_hands(shaped_vertices(person.body, person.height_m))
        self.person = person
        self.skeleton = skeleton_of(vertices)
        form = DressForm(vertices=vertices, skeleton=self.skeleton)
        self.poser = Poser(self.skeleton)
        self.legs = _legs(form, person)
        self.thigh_m = float(np.linalg.norm(self.skeleton.joint("thigh.L") - self.skeleton.joint("shin.L")))
        self.arms_out = _arms_out(form, person)
        self._parts = dressed_parts(form, person)
        self._weights = np.concatenate([part.weights for part in self._parts]).astype(np.float32)
        rest = np.concatenate([part.positions for part in self._parts]).astype(np.float32)
        self._rest = np.concatenate([rest, np.ones((len(rest), 1), dtype=np.float32)], axis=1)
        self._normals = np.concatenate([part.normals for part in self._parts]).astype(np.float32)
        self._starts = np.cumsum([0, *(len(part.positions) for part in self._parts)])
        self._casting = [coarser_triangles(part.positions, part.normals, part.triangles) for part in self._parts]

    def meshes(self, posture: Posture, floor_m: float = 0.0) -> list[Mesh]:
        """One mesh a material, in the same order and with the same triangles for every posture."""
        rotations = self.poser.rotations(posture)
        pelvis = posture.pelvis + np.array([0.0, 0.0, floor_m])
        transforms = bone_transforms(self.skeleton, rotations, pelvis).astype(np.float32)
        blended = (self._weights @ transforms.reshape(len(NAMES), 12)).reshape(-1, 3, 4)
        positions = np.einsum("nij,nj->ni", blended, self._rest)
        normals = np.einsum("nij,nj->ni", blended[:, :, :3], self._normals)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        meshes = []
        starts, ends = self._starts[:-1], self._starts[1:]
        for part, casting, start, end in zip(self._parts, self._casting, starts, ends, strict=True):
            here, up = positions[start:end], normals[start:end]
            if part.skirt is not None:
                joints = joint_positions(self.skeleton, rotations, pelvis)
                outward = part.skirt.outward @ posture.pelvis_rotation.T
                here = part.skirt.pushed(here.astype(np.float64), outward, joints).astype(np.float32)
                up = part.skirt.normals(here).astype(np.float32)
            meshes.append(
                Mesh(
                    positions=here,
                    normals=up,
                    uvs=part.uvs,
                    triangles=part.triangles,
                    material=part.material,
                    shadow_triangles=casting,
                )
            )
        return meshes


@lru_cache(maxsize=8)
def figure_of(person: Person) -> Figure:
    """The figure of a person; the last few are kept."""
    return Figure(person)


def _legs(form: DressForm, person: Person) -> Legs:
    hip, knee, ankle = (form.skeleton.joint(f"{bone}.L") for bone in ("thigh", "shin", "foot"))
    length = float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle))
    return Legs(length_m=length, hip_m=float(hip[1]), foot=foot_shape(form, SHOES[person.outfit.footwear]))


def _arms_out(form: DressForm, person: Person) -> float:
    """The angle at which arms hang beside the hips rather than in them, radians."""
    shoulder, hand = form.skeleton.joint("upperarm.L"), form.skeleton.joint("hand.L")
    arm = float(np.linalg.norm(shoulder - hand))
    trunk = form.suit.positions[arm_share(form.suit) < 0.2]
    beside = trunk[(trunk[:, 2] < shoulder[2] - 0.35 * arm) & (trunk[:, 2] > shoulder[2] - 1.15 * arm)]
    below = shoulder[2] - beside[:, 2]
    bulk = (0.045 if person.outfit.outer == "none" else 0.065) * form.scale
    return float(np.clip(((beside[:, 1] + bulk - shoulder[1]) / below).max(), 0.06, 0.45))
