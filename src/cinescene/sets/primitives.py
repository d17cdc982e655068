"""Simple solids and surfaces as meshes, in metres with z up.

Every shape is made in its own frame: it stands on z = 0 and is centred on the z axis (a sphere is centred on the
origin); `placed` and `transformed` of `cinescene.sets.mesh_operations` put it elsewhere. Seen from the front,
triangles run counter-clockwise.

Texture coordinates are metric: seen from the front, u runs to the right and v up, one unit a metre
(`with_uv_offset` moves the pattern). A picture that should appear exactly once is asked for with ``fit=True``: then
uvs span [0, 1]², and the material's ``metres_per_tile`` must be 1.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from jaxtyping import Float

from cinescene.errors import GeometryError
from cinescene.sets.mesh import Material, Mesh
from cinescene.sets.mesh_operations import (
    Vector,
    inverted,
    merged,
    mesh_of,
    placed,
    smooth_normals,
    transformed,
    triangulated,
    unit_vectors,
    vector_of,
)

DEFAULT_CREASE_RAD = math.radians(40.0)
"""Edges that turn by more than this are sharp; flatter ones are shaded smoothly."""


# ---- surfaces -------------------------------------------------------------------------------------------------------


def quad(corner: Vector, right: Vector, up: Vector, material: Material, fit: bool = False) -> Mesh:
    """The parallelogram from ``corner`` along the edges ``right`` and ``up``, as the viewer in front of it sees them.

    Its normal is right × up. Raises `GeometryError` if the edges are parallel.
    """
    corner, right, up = (vector_of(v, 3, "quad") for v in (corner, right, up))
    normal = np.cross(right, up)
    area = np.linalg.norm(normal)
    if not area > 0:
        raise GeometryError("quad: expected two edges that are not parallel")
    positions = np.stack([corner, corner + right, corner + right + up, corner + up])
    width, height = (1.0, 1.0) if fit else (np.linalg.norm(right), area / np.linalg.norm(right))
    shear = 0.0 if fit else float(right @ up) / width
    uvs = np.array([[0, 0], [width, 0], [width + shear, height], [shear, height]])
    normals = np.tile(normal / area, (4, 1))
    return mesh_of(positions, normals, uvs, np.array([[0, 1, 2], [0, 2, 3]]), material)


def disc(radius_m: float, material: Material, segments: int = 32) -> Mesh:
    """A flat disc on z = 0 that faces up."""
    return polygon(_circle(radius_m, segments), material)


def polygon(outline_m: Float[np.ndarray, "k 2"], material: Material) -> Mesh:
    """A flat simple polygon (it may be concave) on z = 0 that faces up; ``outline_m`` in either sense of rotation."""
    outline = _outline(outline_m)
    positions = np.column_stack([outline, np.zeros(len(outline))])
    normals = np.tile([0.0, 0.0, 1.0], (len(outline), 1))
    return mesh_of(positions, normals, outline, triangulated(outline), material)


def grid_surface(points: Float[np.ndarray, "r c 3"], material: Material, fit: bool = False) -> Mesh:
    """A smooth surface through a grid of points (terrain, cloth): columns run to the right and rows up, as seen.

    uvs are lengths along the middle row and the middle column.
    """
    rows, columns = points.shape[:2]
    if rows < 2 or columns < 2:
        raise GeometryError(f"grid surface: expected at least 2×2 points, got {rows}×{columns}")
    u = _arc_length(points[rows // 2], fit)
    v = _arc_length(points[:, columns // 2], fit)
    uvs = np.stack(np.broadcast_arrays(u[None, :], v[:, None]), axis=-1)
    positions = points.reshape(-1, 3)
    triangles = _grid_triangles(rows, columns)
    return mesh_of(positions, smooth_normals(positions, triangles), uvs.reshape(-1, 2), triangles, material)


# ---- solids ---------------------------------------------------------------------------------------------------------


def box(size_m: Vector, material: Material, inward: bool = False, fit: bool = False) -> Mesh:
    """A box of (x, y, z) size. ``inward`` turns the faces in: a room, or a sky box."""
    x, y, z = _positive(size_m, 3, "box")
    faces = [
        quad((-x / 2, -y / 2, 0), (x, 0, 0), (0, 0, z), material, fit),
        quad((x / 2, -y / 2, 0), (0, y, 0), (0, 0, z), material, fit),
        quad((x / 2, y / 2, 0), (-x, 0, 0), (0, 0, z), material, fit),
        quad((-x / 2, y / 2, 0), (0, -y, 0), (0, 0, z), material, fit),
        quad((-x / 2, -y / 2, z), (x, 0, 0), (0, y, 0), material, fit),
        quad((-x / 2, y / 2, 0), (x, 0, 0), (0, -y, 0), material, fit),
    ]
    solid = merged(faces)
    return inverted(solid) if inward else solid


def rounded_box(size_m: Vector, radius_m: float, material: Material, corner_segments: int = 3) -> Mesh:
    """A box with edges and corners rounded by ``radius_m`` (cushions, appliances, worn wood)."""
    half = np.asarray(_positive(size_m, 3, "rounded box")) / 2
    if not 0 < radius_m <= half.min() + 1e-12:
        raise GeometryError(f"rounded box: expected a radius in (0, {half.min():.4g}] m, got {radius_m:.4g}")
    arc = radius_m * np.tan(np.linspace(0.0, math.pi / 4, corner_segments + 1))
    steps = [np.concatenate([-(h - radius_m) - arc[::-1], h - radius_m + arc]) for h in half]
    faces = []
    for axis, right, up, sense in ((0, 1, 2, 1.0), (1, 0, 2, -1.0), (2, 0, 1, 1.0)):
        for side in (1.0, -1.0):
            u, v = np.meshgrid(steps[right], steps[up])
            outer = np.empty((*u.shape, 3))
            outer[..., right], outer[..., up], outer[..., axis] = side * sense * u, v, side * half[axis]
            inner = np.clip(outer, radius_m - half, half - radius_m)
            normals = unit_vectors(outer - inner).reshape(-1, 3)
            positions = inner.reshape(-1, 3) + radius_m * normals
            uvs = np.stack([u, v], axis=-1).reshape(-1, 2)
            faces.append(mesh_of(positions, normals, uvs, _grid_triangles(*u.shape), material))
    return placed(merged(faces), (0.0, 0.0, half[2]))


def cylinder(
    radius_m: float, height_m: float, material: Material, top_radius_m: float | None = None, segments: int = 24
) -> Mesh:
    """A closed cylinder, or a cone or its frustum with another ``top_radius_m`` (0 for a point)."""
    top = radius_m if top_radius_m is None else top_radius_m
    return lathe(np.array([[0, 0], [radius_m, 0], [top, height_m], [0, height_m]], dtype=float), material, segments)


def sphere(radius_m: float, material: Material, segments: int = 24, rings: int = 12) -> Mesh:
    """A sphere about the origin."""
    latitude = np.linspace(-math.pi / 2, math.pi / 2, rings + 1)
    profile = radius_m * np.column_stack([np.cos(latitude), np.sin(latitude)])
    profile[[0, -1], 0] = 0.0
    return lathe(profile, material, segments, crease_rad=math.pi)


def lathe(
    profile_m: Float[np.ndarray, "k 2"],
    material: Material,
    segments: int = 24,
    crease_rad: float = DEFAULT_CREASE_RAD,
) -> Mesh:
    """The surface of revolution about z of a profile of (radius, height) points.

    With the profile running up on the outside of the shape, the faces point outwards; points on the axis close it.
    """
    profile = np.asarray(profile_m, dtype=np.float64)
    keep = np.concatenate([[True], np.linalg.norm(np.diff(profile, axis=0), axis=1) > 1e-9])
    profile = profile[keep]
    if len(profile) < 2 or (profile[:, 0] < 0).any() or segments < 3:
        raise GeometryError("lathe: expected at least 2 different points with radii ≥ 0, and at least 3 segments")
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    circumference = 2 * math.pi * profile[:, 0].max()
    angle = np.linspace(0.0, 2 * math.pi, segments + 1)
    angle[-1] = 0.0
    parts = []
    for rows, normals in _smooth_runs(profile, crease_rad):
        positions = _revolved(profile[rows], angle)
        u = np.linspace(0.0, circumference, segments + 1)
        uvs = np.stack(np.broadcast_arrays(u[None, :], length[rows][:, None]), axis=-1).reshape(-1, 2)
        triangles = _without_slivers(positions, _grid_triangles(len(positions) // (segments + 1), segments + 1))
        parts.append(mesh_of(positions, _revolved(normals, angle), uvs, triangles, material))
    return merged(parts)


def extrusion(
    outline_m: Float[np.ndarray, "k 2"], height_m: float, material: Material, crease_rad: float = DEFAULT_CREASE_RAD
) -> Mesh:
    """A prism over a simple polygon in the x-y plane (it may be concave), from z = 0 to ``height_m``, closed."""
    outline = _outline(outline_m)
    (height,) = _positive([height_m], 1, "extrusion")
    edges = np.roll(outline, -1, axis=0) - outline
    outward = np.column_stack([edges[:, 1], -edges[:, 0]]) / np.linalg.norm(edges, axis=1, keepdims=True)
    start, end = _side_normals(outward, crease_rad)
    following = np.roll(outline, -1, axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(edges, axis=1))])
    flat = np.stack([outline, following, following, outline], axis=1)
    lift = np.broadcast_to([0.0, 0.0, height, height], (len(outline), 4))
    positions = np.concatenate([flat, lift[..., None]], axis=-1).reshape(-1, 3)
    normals = np.pad(np.stack([start, end, end, start], axis=1), ((0, 0), (0, 0), (0, 1))).reshape(-1, 3)
    uvs = np.stack([np.stack([along[:-1], along[1:], along[1:], along[:-1]], axis=1), lift], axis=-1).reshape(-1, 2)
    first = 4 * np.arange(len(outline))[:, None, None]
    triangles = (first + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    top = placed(polygon(outline, material), (0, 0, height))
    bottom = transformed(polygon(outline * [1.0, -1.0], material), np.diag([1.0, -1.0, -1.0, 1.0]))
    return merged([mesh_of(positions, normals, uvs, triangles, material), top, bottom])


def tube(
    path_m: Float[np.ndarray, "k 3"],
    radius_m: float | Float[np.ndarray, "k"],
    material: Material,
    segments: int = 12,
) -> Mesh:
    """A round tube along a path (pipes, branches, limbs), closed by flat ends; the radius may vary along it."""
    path = np.asarray(path_m, dtype=np.float64)
    if len(path) < 2 or (np.linalg.norm(np.diff(path, axis=0), axis=1) <= 0).any():
        raise GeometryError("tube: expected a path of at least 2 points, each different from the one before")
    radius = np.broadcast_to(np.asarray(radius_m, dtype=np.float64), (len(path),))
    length = _arc_length(path, fit=False)
    right, up, forward = _path_frames(path)
    angle = np.linspace(0.0, 2 * math.pi, segments + 1)
    angle[-1] = 0.0
    radial = np.cos(angle)[:, None] * right[:, None] + np.sin(angle)[:, None] * up[:, None]
    positions = (path[:, None] + radius[:, None, None] * radial).reshape(-1, 3)
    taper = np.gradient(radius, length)
    normals = unit_vectors((radial - taper[:, None, None] * forward[:, None]).reshape(-1, 3))
    u = np.linspace(0.0, 2 * math.pi * radius.mean(), segments + 1)
    uvs = np.stack(np.broadcast_arrays(u[None, :], length[:, None]), axis=-1).reshape(-1, 2)
    triangles = _without_slivers(positions, _grid_triangles(len(path), segments + 1))
    caps = [
        transformed(disc(float(radius[i]), material, segments), _frame_matrix(x, y, z, path[i]))
        for i, x, y, z in ((0, right[0], -up[0], -forward[0]), (-1, right[-1], up[-1], forward[-1]))
        if radius[i] > 0
    ]
    return merged([mesh_of(positions, normals, uvs, triangles, material), *caps])


# ---- parts ----------------------------------------------------------------------------------------------------------


def _positive(values: Vector, length: int, name: str) -> list[float]:
    vector = vector_of(values, length, name)
    if not (vector > 0).all():
        raise GeometryError(f"{name}: expected positive lengths in metres, got {vector.tolist()}")
    return vector.tolist()


def _outline(outline_m: np.ndarray) -> np.ndarray:
    outline = np.asarray(outline_m, dtype=np.float64)
    if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3 or not np.isfinite(outline).all():
        raise GeometryError("polygon: expected at least 3 finite points (x, y)")
    following = np.roll(outline, -1, axis=0)
    twice_area = float((outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0]).sum())
    if twice_area == 0 or (np.linalg.norm(following - outline, axis=1) <= 0).any():
        raise GeometryError("polygon: expected an area above zero and no point twice in a row")
    if _crosses_itself(outline, following):
        raise GeometryError("polygon: expected a simple outline, but it crosses itself")
    return outline if twice_area > 0 else outline[::-1]


def _crosses_itself(start: np.ndarray, end: np.ndarray) -> bool:
    """Whether two of the segments cross properly: the ends of each lie on different sides of the other."""
    edge = end - start

    def side(points: np.ndarray) -> np.ndarray:
        offset = points[None, :] - start[:, None]
        return np.sign(edge[:, None, 0] * offset[..., 1] - edge[:, None, 1] * offset[..., 0])

    divides = side(start) * side(end) < 0
    return bool((divides & divides.T).any())


def _circle(radius_m: float, segments: int) -> np.ndarray:
    (radius,) = _positive([radius_m], 1, "circle")
    angle = 2 * math.pi * np.arange(segments) / segments
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def _arc_length(points: np.ndarray, fit: bool) -> np.ndarray:
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return length / length[-1] if fit and length[-1] > 0 else length


def _grid_triangles(rows: int, columns: int) -> np.ndarray:
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.concatenate([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)], axis=-1).reshape(-1, 3)


def _without_slivers(positions: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (positions[triangles[:, i]] for i in range(3))
    equal = [(np.abs(first - second) < 1e-9).all(-1) for first, second in ((a, b), (b, c), (c, a))]
    return triangles[~np.any(equal, axis=0)]


def _smooth_runs(profile: np.ndarray, crease_rad: float) -> list[tuple[slice, np.ndarray]]:
    """Stretches of a profile without a crease, and the (radial, vertical) normals of their points."""
    step = np.diff(profile, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    turn = np.arccos(np.clip((step[:-1] * step[1:]).sum(-1), -1.0, 1.0))
    creases = [0, *(np.flatnonzero(turn > crease_rad) + 1).tolist(), len(step)]
    runs = []
    for first, last in itertools.pairwise(creases):
        tangents = step[first:last]
        before = _across_axis(profile[first], tangents[0], crease_rad)
        after = _across_axis(profile[last], tangents[-1], crease_rad)
        summed = np.concatenate([before, tangents]) + np.concatenate([tangents, after])
        tangent = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        runs.append((slice(first, last + 1), np.column_stack([tangent[:, 1], -tangent[:, 0]])))
    return runs


def _across_axis(point: np.ndarray, tangent: np.ndarray, crease_rad: float) -> np.ndarray:
    """The profile's tangent beyond one of its ends: on the other side of the axis, if it goes on smoothly there."""
    mirrored = tangent * [1.0, -1.0]
    smooth = point[0] < 1e-9 and math.acos(float(np.clip(tangent @ mirrored, -1.0, 1.0))) <= crease_rad
    return (mirrored if smooth else tangent)[None]


def _revolved(profile: np.ndarray, angle: np.ndarray) -> np.ndarray:
    radius, height = profile[:, :1], np.broadcast_to(profile[:, 1:], (len(profile), len(angle)))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1).reshape(-1, 3)


def _side_normals(outward: np.ndarray, crease_rad: float) -> tuple[np.ndarray, np.ndarray]:
    """Normals at the start and end of every side of a polygon, shared where two sides meet without a crease."""
    before = np.roll(outward, 1, axis=0)
    smooth = (outward * before).sum(-1) >= math.cos(crease_rad)
    shared = outward + before
    shared /= np.maximum(np.linalg.norm(shared, axis=1, keepdims=True), 1e-12)
    start = np.where(smooth[:, None], shared, outward)
    end = np.where(np.roll(smooth, -1)[:, None], np.roll(shared, -1, axis=0), outward)
    return start, end


def _path_frames(path: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right, up and forward at each point of a path, carried along it without twisting."""
    steps = unit_vectors(np.diff(path, axis=0))
    forward = unit_vectors(np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]]))
    seed = np.eye(3)[np.argmin(np.abs(forward[0]))]
    right = [unit_vectors(np.cross(seed, forward[0]))]
    for direction in forward[1:]:
        right.append(unit_vectors(right[-1] - (right[-1] @ direction) * direction))
    rights = np.stack(right)
    return rights, np.cross(forward, rights), forward


def _frame_matrix(x: np.ndarray, y: np.ndarray, z: np.ndarray, origin: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3] = np.column_stack([x, y, z, origin])
    return matrix
