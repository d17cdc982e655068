"""Plants: pots with large leaves, bushes, hedges, trees. Leaves are opaque cards and ragged clumps."""

from __future__ import annotations

import numpy as np

from cinescene.sets.description import Piece
from cinescene.sets.mesh import Mesh
from cinescene.sets.mesh_operations import merged, mesh_of, smooth_normals, unit_vectors
from cinescene.sets.primitives import sphere
from cinescene.sets.workshop import Workshop


def pot(shop: Workshop, finish: int, soil: int, radius: float, height: float) -> None:
    """A flower pot filled with earth, at the frame's origin."""
    rim = 0.88 * height
    profile = [
        (0, 0),
        (0.7 * radius, 0),
        (0.92 * radius, rim),
        (radius, rim),
        (radius, height),
        (0.88 * radius, height),
    ]
    shop.lathe(finish, (0, 0, 0), [*profile, (0.86 * radius, 0.9 * height)], 16)
    shop.cylinder(soil, (0, 0, 0.85 * height), 0.87 * radius, 0.06 * height, segments=12)


def potted_plant(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Arching blades from a pot. Finishes: pot, soil, leaf. Styles: arching, upright."""
    w, _, h = piece.size
    pot_height = min(0.42, 0.32 * h)
    pot(shop, 0, 1, min(0.75 * pot_height, 0.42 * w), pot_height)
    count = int(rng.integers(12, 20))
    meshes = []
    for k in range(count):
        angle = 2.399963 * k + rng.uniform(-0.3, 0.3)
        rise = rng.uniform(0.55, 1.0) * (h - pot_height)
        reach = w / 2 * rng.uniform(0.55, 1.0) * (0.45 if piece.style == "upright" else 1.0)
        meshes.append(_blade(shop, 2, angle, reach, rise, pot_height, rng.uniform(0.05, 0.09) * (0.6 + h)))
    shop.mesh(2, merged(meshes))


def _blade(shop: Workshop, finish: int, angle: float, reach: float, rise: float, base: float, width: float) -> Mesh:
    """One leaf: a strip that rises, arches outwards and droops; both sides."""
    t = np.linspace(0, 1, 5)
    out = reach * t**1.4
    up = base + rise * (1.35 * t - 0.35 * t**3 - 0.25 * t**4)
    half = width * np.array([0.15, 0.75, 1.0, 0.7, 0.02]) / 2
    direction, side = np.array([np.cos(angle), np.sin(angle), 0]), np.array([-np.sin(angle), np.cos(angle), 0])
    spine = out[:, None] * direction + up[:, None] * [0, 0, 1]
    left, right = spine - half[:, None] * side, spine + half[:, None] * side
    positions = np.stack([left, right], 1).reshape(-1, 3)
    first = 2 * np.arange(4)[:, None]
    front = np.concatenate([first + np.array([0, 1, 3]), first + np.array([0, 3, 2])])
    tangent = np.gradient(spine, axis=0)
    normals = np.repeat(unit_vectors(np.cross(side, tangent)), 2, axis=0)
    normals = np.where(normals[:, 2:] < 0, -normals, normals)
    uvs = np.stack([np.tile([0.0, 1.0], 5), np.repeat(t, 2)], -1)
    material = shop.material(finish)
    return merged(
        [mesh_of(positions, normals, uvs, front, material), mesh_of(positions, normals, uvs, front[:, ::-1], material)]
    )


def clump(
    shop: Workshop,
    finish: int,
    rng: np.random.Generator,
    centre: np.ndarray,
    radii: np.ndarray,
    cards: int,
    card_size: float,
    segments: int = 8,
) -> None:
    """A ragged ball of leaves: a displaced sphere with small leafy cards standing out of it."""
    ball = sphere(1.0, shop.material(finish), segments, max(4, segments // 2 + 1))
    bumps = rng.standard_normal((4, 3)) * 2.2
    wave = np.sin(ball.positions @ bumps.T + rng.uniform(0, 6, 4)).sum(1)
    positions = ball.positions * (1 + 0.07 * wave)[:, None] * radii + centre
    solid = mesh_of(
        positions,
        smooth_normals(positions, ball.triangles),
        ball.uvs * float(radii.mean()),
        ball.triangles,
        ball.material,
    )
    direction = unit_vectors(rng.standard_normal((cards, 3)))
    direction[:, 2] = np.where(direction[:, 2] < -0.4, -direction[:, 2], direction[:, 2])
    middle = centre + direction * radii * rng.uniform(0.92, 1.08, (cards, 1))
    first = unit_vectors(np.cross(direction, rng.standard_normal((cards, 3)))) * card_size
    second = unit_vectors(np.cross(direction, first)) * card_size * rng.uniform(0.6, 1.0, (cards, 1))
    second = second + direction * card_size * rng.uniform(-0.7, 0.7, (cards, 1))
    corners = np.stack([middle - first, middle - second, middle + first, middle + second], 1)
    normals = np.repeat(direction[:, None], 4, 1)
    uvs = rng.uniform(0, 4, (cards, 1, 2)) + np.array([[0, 0.5], [0.5, 0], [1, 0.5], [0.5, 1]]) * card_size * 2
    front = (4 * np.arange(cards))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    both = np.concatenate([front.reshape(-1, 3), front.reshape(-1, 3)[:, ::-1]])
    leaves = mesh_of(corners.reshape(-1, 3), normals.reshape(-1, 3), uvs.reshape(-1, 2), both, shop.material(finish))
    shop.mesh(finish, merged([solid, leaves]))


def tree(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """Trunk, branches and a crown of clumps. Finishes: bark, leaves. Styles: round, tall, conifer, far (simple)."""
    w, _, h = piece.size
    r = w / 2
    if piece.style == "conifer":
        shop.cylinder(0, (0, 0, 0), 0.05 + 0.02 * h, 0.3 * h, 0.04 + 0.012 * h, segments=8)
        tiers = 6
        for k in range(tiers):
            z = 0.16 * h + k * 0.8 * h / tiers
            radius = r * (1 - 0.85 * k / tiers)
            _skirt(shop, 1, rng, z, radius, 0.3 * h * (1 - 0.4 * k / tiers))
        return
    fork = (0.42 if piece.style == "tall" else 0.34) * h
    thick = 0.035 * h**0.9 + 0.04
    lean = rng.uniform(-0.04, 0.04, 2) * h
    path = [
        (0, 0, 0),
        (0.3 * lean[0], 0.3 * lean[1], 0.5 * fork),
        (lean[0], lean[1], fork),
        (lean[0], lean[1], 0.7 * h),
    ]
    shop.tube(0, path, [1.35 * thick, thick, 0.8 * thick, 0.3 * thick], 7)
    centre = np.array([lean[0], lean[1], (fork + h) / 2 + 0.04 * h])
    half = (h - fork) / 2
    clumps, cards = {"round": (6, 26), "far": (4, 10)}.get(piece.style, (5, 26))
    for k in range(clumps):
        angle = 2.399963 * k + rng.uniform(-0.4, 0.4)
        level = (k / (clumps - 1) - 0.5) * 1.1
        spread = 0.5 * r * np.sqrt(max(0.05, 1 - (1.3 * level) ** 2))
        place = centre + np.array([spread * np.cos(angle), spread * np.sin(angle), level * half])
        size = np.array([0.62 * r, 0.62 * r, 0.42 * half if piece.style == "tall" else 0.52 * half])
        clump(shop, 1, rng, place, size * rng.uniform(0.85, 1.15), cards, 0.17 + 0.06 * r)
        if k < 4 and piece.style != "far":
            stem = (lean[0], lean[1], fork * (0.85 + 0.1 * k))
            shop.tube(0, [stem, tuple(0.35 * centre + 0.65 * place)], [0.45 * thick, 0.15 * thick], 4)


def _skirt(shop: Workshop, finish: int, rng: np.random.Generator, z: float, radius: float, height: float) -> None:
    """A ragged cone of needles."""
    segments = 14
    reach = radius * rng.uniform(0.8, 1.1, segments)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    rim = np.stack([reach * np.cos(angle), reach * np.sin(angle), z - 0.12 * radius * rng.uniform(0, 1, segments)], -1)
    tip, heart = np.array([[0, 0, z + height]]), np.array([[0, 0, z + 0.1 * height]])
    positions = np.concatenate([rim, tip, heart])
    k = np.arange(segments)
    following = (k + 1) % segments
    triangles = np.concatenate(
        [np.stack([k, following, 0 * k + segments], -1), np.stack([following, k, 0 * k + segments + 1], -1)]
    )
    flat = positions[triangles].reshape(-1, 3)
    faces = np.arange(len(flat)).reshape(-1, 3)
    uvs = np.stack([np.hypot(flat[:, 0], flat[:, 1]) + flat[:, 2], np.arctan2(flat[:, 1], flat[:, 0])], -1)
    shop.mesh(finish, mesh_of(flat, smooth_normals(flat, faces), uvs, faces, shop.material(finish)))


def bush(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A low shrub. Finishes: leaves, planter, soil, stem. Styles: boxed (in a planter box), potted, or neither."""
    w, d, h = piece.size
    base = 0.0
    if piece.style == "boxed":
        base = 0.42 * h
        shop.block(1, (-w / 2, -d / 2, 0), (w / 2, d / 2, base - 0.02))
        shop.block(1, (-w / 2 - 0.02, -d / 2 - 0.02, base - 0.05), (w / 2 + 0.02, d / 2 + 0.02, base))
        shop.block(2, (-w / 2 + 0.03, -d / 2 + 0.03, base), (w / 2 - 0.03, d / 2 - 0.03, base + 0.01))
    elif piece.style == "potted":
        base = 0.35 * h
        pot(shop, 1, 2, 0.36 * w, base)
        shop.cylinder(3 if len(piece.finishes) > 3 else 2, (0, 0, base - 0.03), 0.025, 0.3 * h, segments=6)
        base = 0.5 * h
    count = max(1, round(w / max(1.4 * d, 0.3)))
    for k in range(count):
        x = -w / 2 + (k + 0.5) * w / count
        radii = np.array([0.55 * w / count, 0.5 * d, (h - base) / 2]) * rng.uniform(0.85, 1.08)
        clump(shop, 0, rng, np.array([x, 0, (base + h) / 2 - 0.02]), radii, 22, 0.1 + 0.05 * w / count, 7)


def hedge(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A clipped hedge. Finish: leaves."""
    w, d, h = piece.size
    shop.cushion(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, h), 0.08)


def flower_bed(shop: Workshop, piece: Piece, rng: np.random.Generator) -> None:
    """A kerbed bed with tufts and blossoms. Finishes: kerb, soil, leaves, then blossoms."""
    w, d, h = piece.size
    kerb = min(0.16, 0.5 * h)
    shop.block(0, (-w / 2, -d / 2, 0), (w / 2, d / 2, kerb), (0, 1, 2, 3))
    shop.block(0, (-w / 2, -d / 2, kerb - 0.02), (w / 2, d / 2, kerb))
    shop.block(1, (-w / 2 + 0.1, -d / 2 + 0.1, kerb), (w / 2 - 0.1, d / 2 - 0.1, kerb + 0.02))
    for _ in range(max(3, round(w * d * 3))):
        x, y = rng.uniform(-w / 2 + 0.22, w / 2 - 0.22), rng.uniform(-d / 2 + 0.2, max(d / 2 - 0.2, -d / 2 + 0.21))
        high = h * rng.uniform(0.5, 1.0)
        radii = np.array([0.18, 0.18, (high - kerb) / 2])
        clump(shop, 2, rng, np.array([x, y, (high + kerb) / 2]), radii, 10, 0.09, segments=6)
        if len(piece.finishes) > 3:
            blossom = 3 + int(rng.integers(len(piece.finishes) - 3))
            clump(shop, blossom, rng, np.array([x, y, high - 0.02]), np.array([0.1, 0.1, 0.06]), 8, 0.05, segments=5)
