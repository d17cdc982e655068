"""How a dog or cat moves: diagonal pairs of paws, a back that bends into turns, a nodding head, a wagging tail."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from cinescene.sets.mesh import Mesh
from cinescene.sets.subjects import rotations as rot
from cinescene.sets.subjects.coarser import coarser_triangles
from cinescene.sets.subjects.feet import FootMotion, FootRoll, FootShape, FootTrack
from cinescene.sets.subjects.footsteps import FootPlace, Stepping, planned_footsteps
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.quadruped import Animal, furry_parts
from cinescene.sets.subjects.quadruped_form import BONES, joints_of, parent_of

LEAD_S = 3.0
FORE, HIND = ("upper", "fore", "paw"), ("thigh", "shank", "hock")
REACH = 0.38
"""The share of a leg's reach forward and back that the shoulder blade or hip joint contributes."""


class Trotter:
    """An animal along a path."""

    def __init__(self, animal: Animal, path: GroundPath, duration_s: float) -> None:
        self.animal, self.path = animal, path
        self.size = animal.height_m
        self.rest = {name: np.array(point) * self.size for name, point in joints_of(animal.build).items()}
        self.parts = furry_parts(animal)
        self._weights = np.concatenate([part.weights for part in self.parts]).astype(np.float32)
        positions = np.concatenate([part.positions for part in self.parts]) * self.size
        self._rest = np.concatenate([positions, np.ones((len(positions), 1))], axis=1).astype(np.float32)
        self._normals = np.concatenate([part.normals for part in self.parts]).astype(np.float32)
        self._starts = np.cumsum([0, *(len(part.positions) for part in self.parts)])
        self._casting = [coarser_triangles(part.positions, part.normals, part.mesh.triangles) for part in self.parts]
        self.tracks = self._planned(duration_s)
        rng = np.random.default_rng([animal.seed, 5])
        self._phase = rng.uniform(0.0, 2 * math.pi, 4)

    def meshes_at(self, time_s: float) -> list[Mesh]:
        """One mesh a material; the same triangles at all times."""
        transforms = self.transforms_at(time_s).astype(np.float32)
        blended = (self._weights @ transforms.reshape(len(BONES), 12)).reshape(-1, 3, 4)
        positions = np.einsum("nij,nj->ni", blended, self._rest)
        normals = np.einsum("nij,nj->ni", blended[:, :, :3], self._normals)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        return [
            Mesh(
                positions=positions[start:end],
                normals=normals[start:end],
                uvs=part.mesh.uvs,
                triangles=part.mesh.triangles,
                material=part.mesh.material,
                shadow_triangles=casting,
            )
            for part, casting, start, end in zip(
                self.parts, self._casting, self._starts[:-1], self._starts[1:], strict=True
            )
        ]

    def transforms_at(self, time_s: float) -> Float[np.ndarray, "bones 3 4"]:
        """What moves points at rest along with each bone."""
        feet = {foot: track.at(np.array([time_s])) for foot, track in self.tracks.items()}
        placed = self._trunk(time_s, float(np.mean([motion.load[0] for motion in feet.values()])))
        for side in "LR":
            self._leg(placed, FORE, side, feet[f"paw.{side}"], -1.0)
            self._leg(placed, HIND, side, feet[f"hock.{side}"], 1.0)
        return np.stack(
            [np.column_stack([placed[bone][0], placed[bone][1] - placed[bone][0] @ self.rest[bone]]) for bone in BONES]
        )

    def _planned(self, duration_s: float) -> dict[str, FootTrack]:
        height = self.size
        stepping = Stepping(
            hip_height_m=0.75 * height,
            walk_duty=0.60,
            run_duty=0.44,
            walk_m_s=1.0 * math.sqrt(height),
            run_m_s=2.6 * math.sqrt(height),
            least_hz=1.8,
        )
        paws = [("paw", "L", 0), ("paw", "R", 1), ("hock", "L", 1), ("hock", "R", 0)]
        places = [
            FootPlace(
                ahead_m=float(self.rest[f"{bone}.{side}"][0]),
                left_m=float(self.rest[f"{bone}.{side}"][1]),
                group=group,
                moving_width=0.75,
            )
            for bone, side, group in paws
        ]
        plan = planned_footsteps(self.path, places, stepping, -LEAD_S, duration_s + 1.0)
        roll = FootRoll(
            strike_rad=(0.0, 0.0),
            push_rad=(0.55, 0.65),
            swing_rad=(0.95, 1.20),
            lift_m=(0.05 * height, 0.09 * height),
            full_stride_m=0.9 * height,
        )
        shapes = {
            "paw": FootShape(
                ankle_m=self.rest["paw.L"][2], heel_m=0.02 * height, ball_m=0.075 * height, toe_m=0.10 * height
            ),
            "hock": FootShape(
                ankle_m=self.rest["hock.L"][2], heel_m=0.01 * height, ball_m=0.095 * height, toe_m=0.12 * height
            ),
        }
        return {
            f"{bone}.{side}": FootTrack(stances, shapes[bone], roll)
            for (bone, side, _), stances in zip(paws, plan, strict=True)
        }

    def _trunk(self, time_s: float, load: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Rotation and place of every bone but the legs'."""
        times = time_s + np.array([-0.18, 0.0, 0.25, 0.4])
        behind, here, ahead, far = self.path.heading_rad(times)
        speed = float(self.path.speed_m_s(times[1:2])[0])
        pace = min(speed / (1.2 * math.sqrt(self.size)), 1.0)
        a, b, c, d = self._phase
        still = 1.0 - pace
        nod = 0.05 * pace * math.sin(2 * math.pi * 2.0 * time_s + a) + 0.06 * still * math.sin(0.9 * time_s + b)
        glance = (0.10 + 0.35 * still) * math.sin(1.1 * time_s + c)
        middle = np.array([*self.path.position_m(times[1:2])[0], self.path.floor_m])
        drop = np.array([0.0, 0.0, self.size * (-0.055 * pace + 0.03 * pace * (0.5 - load) - 0.008 * still)])
        chest = rot.about_z(here) @ rot.about_y(0.02 * pace)
        hips = rot.about_z(behind) @ rot.about_x(0.03 * pace * math.sin(time_s * 9 + d))
        placed = {"chest": (chest, middle + drop + chest @ self.rest["chest"])}
        placed["hips"] = (hips, placed["chest"][1] + hips @ (self.rest["hips"] - self.rest["chest"]))
        self._hang(
            placed, "neck", rot.about_z(0.5 * here + 0.5 * ahead + 0.4 * glance) @ rot.about_y(0.10 * pace + nod)
        )
        self._hang(placed, "head", rot.about_z(0.3 * here + 0.7 * far + glance) @ rot.about_y(0.05 + 0.5 * nod))
        wag_hz, wag = (2.6, 0.35) if self.animal.kind == "dog" else (0.5, 0.22)
        for number, bone in enumerate(("tail1", "tail2", "tail3")):
            sweep = wag * (0.6 + 0.4 * number) * math.sin(2 * math.pi * wag_hz * time_s + a - 0.5 * number)
            self._hang(placed, bone, hips @ rot.about_z(sweep))
        for side in "LR":
            flap = 0.10 * pace * math.sin(2 * math.pi * 4.0 * time_s + b)
            self._hang(placed, f"ear.{side}", placed["head"][0] @ rot.about_x(flap if side == "L" else -flap))
        return placed

    def _hang(self, placed: dict[str, tuple[np.ndarray, np.ndarray]], bone: str, turned: np.ndarray) -> None:
        """Adds a bone at its joint on its parent."""
        parent = parent_of(bone)
        assert parent is not None
        rotation, place = placed[parent]
        placed[bone] = (turned, place + rotation @ (self.rest[bone] - self.rest[parent]))

    def _leg(
        self,
        placed: dict[str, tuple[np.ndarray, np.ndarray]],
        names: tuple[str, str, str],
        side: str,
        motion: FootMotion,
        knee: float,
    ) -> None:
        """Two bones reach for the foot; the joint on the trunk gives a little towards it."""
        first, second, foot = (f"{name}.{side}" for name in names)
        ankle = motion.ankle[0] + [0.0, 0.0, self.path.floor_m]
        parent = parent_of(first)
        assert parent is not None
        trunk, place = placed[parent]
        hip = place + trunk @ (self.rest[first] - self.rest[parent])
        forward = trunk[:, 0] * [1.0, 1.0, 0.0]
        usual = float((self.rest[foot] - self.rest[first])[0])
        hip = hip + forward * REACH * (float((ankle - hip) @ forward) - usual)
        upper, lower = self.rest[second] - self.rest[first], self.rest[foot] - self.rest[second]
        towards = knee * trunk[:, 0] + 0.001 * trunk[:, 2]
        joint, ankle = rot.middle_joint(hip, ankle, float(np.linalg.norm(upper)), float(np.linalg.norm(lower)), towards)
        hinge = trunk[:, 1]
        placed[first] = (rot.frame(joint - hip, hinge) @ rot.frame(upper, rot.LEFT).T, hip)
        placed[second] = (rot.frame(ankle - joint, hinge) @ rot.frame(lower, rot.LEFT).T, joint)
        turned = rot.about_z(float(motion.yaw_rad[0])) @ rot.about_y(float(motion.pitch_rad[0]))
        placed[foot] = (turned, ankle)
