"""Pieces of a dressed body at rest, collected by material."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from cinescene.sets.mesh import Material
from cinescene.sets.mesh_operations import smooth_normals
from cinescene.sets.subjects.charts import Axis, Charted, charted
from cinescene.sets.subjects.dress_form import DressForm, arm_share
from cinescene.sets.subjects.fabrics import TILE_M
from cinescene.sets.subjects.hair import Shell
from cinescene.sets.subjects.rig import SIDES
from cinescene.sets.subjects.skirts import Skirt
from cinescene.sets.subjects.surface import Surface


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A piece of one material at rest; a skirt also gives way to legs."""

    positions: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    weights: Float[np.ndarray, "n bones"]
    uvs: Float[np.ndarray, "n 2"]
    triangles: Int[np.ndarray, "m 3"]
    material: Material
    skirt: Skirt | None = None


def shell_part(shell: Shell, material: Material, skirt: Skirt | None = None) -> Part:
    """A surface that has its texture coordinates."""
    return Part(
        positions=shell.surface.positions,
        normals=shell.surface.normals,
        weights=shell.surface.weights,
        uvs=shell.uvs.astype(np.float32),
        triangles=shell.surface.triangles,
        material=material,
        skirt=skirt,
    )


def cloth_part(form: DressForm, surface: Surface, material: Material) -> Part:
    """A garment, its pattern wrapped about trunk, arms and legs."""
    axes, owner = _axes(form), _owners(form, surface)
    chart = charted(surface, axes, owner, TILE_M)
    return Part(
        positions=surface.positions[chart.source],
        normals=surface.normals[chart.source],
        weights=surface.weights[chart.source],
        uvs=chart.uvs.astype(np.float32),
        triangles=chart.triangles,
        material=material,
    )


def body_part(
    vertices: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, "n bones"],
    chart: Charted,
    keep: Bool[np.ndarray, "m"],
    material: Material,
) -> Part:
    """Some triangles of a chart over the base mesh, shaded as if all were there."""
    positions = vertices[chart.source]
    normals = smooth_normals(positions, chart.triangles)
    used, local = np.unique(chart.triangles[keep], return_inverse=True)
    return Part(
        positions=positions[used],
        normals=normals[used],
        weights=weights[chart.source[used]],
        uvs=chart.uvs[used].astype(np.float32),
        triangles=local.reshape(-1, 3).astype(np.int32),
        material=material,
    )


def collected(parts: list[Part]) -> tuple[Part, ...]:
    """One part a material, but for skirts, in order of first appearance."""
    groups: dict[tuple[int, int], list[Part]] = {}
    for part in parts:
        if len(part.triangles):
            groups.setdefault((id(part.material), id(part.skirt)), []).append(part)
    return tuple(_merged(group) for group in groups.values())


def _merged(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    first = np.cumsum([0, *(len(part.positions) for part in parts[:-1])])
    triangles = [part.triangles + start for part, start in zip(parts, first, strict=True)]
    return Part(
        positions=np.concatenate([part.positions for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        uvs=np.concatenate([part.uvs for part in parts]),
        triangles=np.concatenate(triangles).astype(np.int32),
        material=parts[0].material,
    )


def _axes(form: DressForm) -> tuple[Axis, ...]:
    """Trunk, arms left and right, legs left and right."""
    size, joint = form.scale, form.skeleton.joint
    forward, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    axes = [Axis(start=joint("pelvis"), direction=up, front=forward, radius_m=0.15 * size)]
    for start, end, radius in (("upperarm", "hand", 0.05), ("thigh", "foot", 0.085)):
        for side in SIDES:
            line = joint(f"{end}.{side}") - joint(f"{start}.{side}")
            line = line / np.linalg.norm(line)
            front = forward - (forward @ line) * line
            axes.append(
                Axis(
                    start=joint(f"{start}.{side}"),
                    direction=-line,
                    front=front / np.linalg.norm(front),
                    radius_m=radius * size,
                )
            )
    return tuple(axes)


def _owners(form: DressForm, surface: Surface) -> np.ndarray:
    corners = surface.positions[surface.triangles].mean(axis=1)
    arm = arm_share(surface)[surface.triangles].mean(axis=1) > 0.5
    leg = ~arm & (corners[:, 2] < form.height(-0.12))
    right = (corners[:, 1] < 0).astype(np.int64)
    return np.where(arm, 1 + right, np.where(leg, 3 + right, 0))
