"""Houses seen from outside: storeys of windows, shops, doors, cornices, roofs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cinescene.sets.collision import Obstacle
from cinescene.sets.description import Building, Facade, Point
from cinescene.sets.mesh_operations import mesh_of, smooth_normals
from cinescene.sets.objects.panels import Rect, cut, panel, reveals
from cinescene.sets.textures.prints import PANES_A_SIDE
from cinescene.sets.workshop import Workshop

WALL, TRIM, ROOF, PANES, DOOR, SHOP, SIGN, AWNING, GROUND = range(9)
_SIDES = {"front": 0, "right": 1, "back": 2, "left": 3}
_RECESS_M = 0.14


@dataclass(frozen=True, kw_only=True)
class _Front:
    """A façade's measures in its own frame: x along it from −width/2, the wall at y = 0 facing −y."""

    width: float
    storeys: int
    storey_m: float
    height: float
    bays: int
    window: tuple[float, float]

    def bay(self, k: int) -> tuple[float, float]:
        """Left and right end of a bay."""
        pitch = self.width / self.bays
        return -self.width / 2 + k * pitch, -self.width / 2 + (k + 1) * pitch


def build_building(shop: Workshop, building: Building) -> None:
    """All four sides and the roof."""
    facades = {facade.side: facade for facade in building.facades}
    w, d, h = building.size
    rng = np.random.default_rng(building.seed)
    for side, quarter in _SIDES.items():
        width, depth = (w, d) if quarter % 2 == 0 else (d, w)
        turn = building.turn_rad + quarter * math.pi / 2
        shop.stand(_moved(building.position, turn, -depth / 2), turn, building.finishes)
        front = _Front(
            width=width,
            storeys=building.storeys,
            storey_m=building.storey_m,
            height=h,
            bays=facades[side].bays if side in facades else 1,
            window=building.window,
        )
        if side in facades:
            _facade(shop, front, facades[side], rng)
        else:
            panel(shop, WALL, np.array([[-width / 2, 0, width / 2, h]]), 0.0, front=True)
    shop.stand(building.position, building.turn_rad, building.finishes)
    _roof(shop, building, rng)


def _moved(position: Point, turn: float, y: float) -> Point:
    return position[0] - math.sin(turn) * y, position[1] + math.cos(turn) * y, position[2]


def _facade(shop: Workshop, front: _Front, facade: Facade, rng: np.random.Generator) -> None:
    upper = [_window(front, bay, storey) for storey in range(1, front.storeys) for bay in range(front.bays)]
    ground = [_ground_hole(front, facade, bay) for bay in range(front.bays)]
    recess = _RECESS_M if facade.relief else 0.0
    half = front.width / 2
    holes = [*upper, *(hole for _, hole in ground)] if facade.relief else []
    split = front.storey_m
    rects = cut((-half, 0.0, half, front.height), holes, z_lines=[split])
    low = rects[:, 3] <= split + 1e-6
    panel(shop, WALL, rects[~low], 0.0, front=True)
    panel(shop, GROUND, rects[low], 0.0, front=True)
    if facade.relief:
        reveals(shop, TRIM, holes, 0.0, recess)
    plane = recess if facade.relief else -0.02
    _panes(shop, rng, [*upper, *(hole for kind, hole in ground if kind == PANES)], plane)
    for kind, hole in ground:
        if kind != PANES:
            shop.picture(kind, (hole[0], plane, hole[1]), (hole[2] - hole[0], 0, 0), (0, 0, hole[3] - hole[1]))
    if facade.relief:
        _window_trim(shop, [*upper, *(hole for kind, hole in ground if kind == PANES)], facade)
        _ground_trim(shop, front, facade, ground, rng)
    _bands(shop, front, facade)


def _window(front: _Front, bay: int, storey: int) -> Rect:
    left, right = front.bay(bay)
    middle, half = (left + right) / 2, front.window[0] * (right - left) / 2
    height = front.window[1] * front.storey_m
    low = storey * front.storey_m + 0.5 * (front.storey_m - height) * 0.9
    return middle - half, low, middle + half, low + height


def _ground_hole(front: _Front, facade: Facade, bay: int) -> tuple[int, Rect]:
    """What the ground floor has in a bay: finish and extent."""
    left, right = front.bay(bay)
    middle, pitch = (left + right) / 2, right - left
    door = facade.ground == "door" and bay == front.bays // 2
    if facade.ground == "shops":
        if bay % 3 == 1 or front.bays == 1:
            half = min(0.6, 0.42 * pitch)
            return DOOR, (middle - half, 0.0, middle + half, min(2.5, front.storey_m - 0.6))
        return SHOP, (middle - 0.44 * pitch, 0.5, middle + 0.44 * pitch, front.storey_m - 0.75)
    if facade.ground == "garage" and bay % 2 == 0:
        half = min(1.4, 0.44 * pitch)
        return AWNING, (middle - half, 0.0, middle + half, min(2.5, front.storey_m - 0.5))
    if door:
        half = min(0.62, 0.4 * pitch)
        return DOOR, (middle - half, 0.15, middle + half, min(2.55, front.storey_m - 0.4))
    half = front.window[0] * pitch / 2
    return PANES, (
        middle - half,
        0.95,
        middle + half,
        min(0.95 + front.window[1] * front.storey_m, front.storey_m - 0.3),
    )


def _panes(shop: Workshop, rng: np.random.Generator, holes: list[Rect], y: float) -> None:
    """Glass with what is behind it, a random cell of the atlas for every window."""
    if not holes:
        return
    cell = rng.integers(0, PANES_A_SIDE**2, len(holes))
    row, column = np.divmod(cell, PANES_A_SIDE)
    u0, v0 = column / PANES_A_SIDE, 1 - (row + 1) / PANES_A_SIDE
    step = 1 / PANES_A_SIDE
    corners = [(u0, v0), (u0 + step, v0), (u0 + step, v0 + step), (u0, v0 + step)]
    uvs = np.stack([np.stack(corner, -1) for corner in corners], 1)
    panel(shop, PANES, np.array(holes), y, front=True, uvs=uvs)


def _window_trim(shop: Workshop, holes: list[Rect], facade: Facade) -> None:
    for x0, z0, x1, z1 in holes:
        shop.block(TRIM, (x0 - 0.1, -0.1, z0 - 0.09), (x1 + 0.1, 0.0, z0), (0, 4, 5))
        shop.block(TRIM, (x0 - 0.06, -0.05, z1), (x1 + 0.06, 0.0, z1 + 0.18), (0, 5))
        if "shutters" in facade.extras:
            wide = 0.46 * (x1 - x0)
            shop.block(DOOR, (x0 - wide - 0.02, -0.05, z0), (x0 - 0.02, 0.0, z1), (0, 3))
            shop.block(DOOR, (x1 + 0.02, -0.05, z0), (x1 + wide + 0.02, 0.0, z1), (0, 1))
        elif "balconies" in facade.extras and z0 > 2.5:
            _balcony(shop, x0 - 0.25, x1 + 0.25, z0 - 0.12)


def _balcony(shop: Workshop, left: float, right: float, z: float) -> None:
    shop.block(TRIM, (left, -0.75, z - 0.12), (right, 0.0, z), (0, 1, 3, 4, 5))
    for y0, y1, x0, x1 in (
        (-0.75, -0.72, left, right),
        (-0.75, 0.0, left, left + 0.03),
        (-0.75, 0.0, right - 0.03, right),
    ):
        shop.block(ROOF, (x0, y0, z + 0.92), (x1, y1, z + 0.97), (0, 1, 3, 4))
    for x in np.arange(left + 0.05, right, 0.24):
        shop.block(ROOF, (x, -0.745, z), (x + 0.03, -0.725, z + 0.92), (0, 1))


def _ground_trim(
    shop: Workshop, front: _Front, facade: Facade, ground: list[tuple[int, Rect]], rng: np.random.Generator
) -> None:
    for kind, (x0, _, x1, z1) in ground:
        if kind == DOOR and facade.ground == "door":
            shop.block(TRIM, (x0 - 0.2, -0.12, 0.0), (x0, 0.0, z1 + 0.2), (0, 1, 3, 4))
            shop.block(TRIM, (x1, -0.12, 0.0), (x1 + 0.2, 0.0, z1 + 0.2), (0, 1, 3, 4))
            shop.block(TRIM, (x0 - 0.35, -0.45, z1 + 0.2), (x1 + 0.35, 0.0, z1 + 0.34), (0, 1, 3, 4, 5))
            shop.block(TRIM, (x0 - 0.25, -0.4, 0.0), (x1 + 0.25, 0.0, 0.15), (0, 1, 3, 4))
    if facade.ground != "shops":
        return
    half, band = front.width / 2, front.storey_m - 0.62
    count = max(1, round(front.bays / 3))
    for k in range(count):
        left, right = -half + k * front.width / count, -half + (k + 1) * front.width / count
        shop.block(TRIM, (left + 0.15, -0.1, band), (right - 0.15, 0.0, band + 0.52), (0, 1, 3, 4, 5))
        board = min(3.6, 0.8 * (right - left))
        middle = (left + right) / 2
        shop.picture(SIGN, (middle - board / 2, -0.105, band + 0.05), (board, 0, 0), (0, 0, 0.42))
        if "awnings" in facade.extras and rng.random() < 0.7:
            shop.bar(AWNING, (middle, -1.25, band - 0.42), (middle, -0.1, band - 0.02), 0.9 * (right - left), 0.03)
            x0, x1 = middle - 0.45 * (right - left), middle + 0.45 * (right - left)
            shop.block(AWNING, (x0, -1.27, band - 0.62), (x1, -1.25, band - 0.41), (0, 1, 2, 3))


def _bands(shop: Workshop, front: _Front, facade: Facade) -> None:
    half = front.width / 2
    if facade.relief:
        shop.block(
            TRIM,
            (-half - 0.04, -0.06, 0.0),
            (half + 0.04, 0.0, 0.42 if facade.ground == "windows" else 0.14),
            (0, 1, 3, 4),
        )
    if "bands" in facade.extras:
        for storey in range(1, front.storeys):
            z = storey * front.storey_m
            shop.block(TRIM, (-half - 0.05, -0.08, z - 0.1), (half + 0.05, 0.0, z + 0.08), (0, 1, 3, 4, 5))
    if "cornice" in facade.extras:
        for k in range(3):
            z, out = front.height - 0.5 + 0.16 * k, 0.1 + 0.13 * k
            shop.block(TRIM, (-half - out, -out, z), (half + out, 0.0, z + 0.16), (0, 1, 3, 4, 5))


def _roof(shop: Workshop, building: Building, rng: np.random.Generator) -> None:
    w, d, h = building.size
    if building.roof == "flat":
        shop.block(ROOF, (-w / 2, -d / 2, h - 0.3), (w / 2, d / 2, h - 0.25), (4,))
        for y0, y1, x0, x1 in (
            (-d / 2, -d / 2 + 0.2, -w / 2, w / 2),
            (d / 2 - 0.2, d / 2, -w / 2, w / 2),
            (-d / 2, d / 2, -w / 2, -w / 2 + 0.2),
            (-d / 2, d / 2, w / 2 - 0.2, w / 2),
        ):
            shop.block(TRIM, (x0 - 0.05, y0 - 0.05, h - 0.02), (x1 + 0.05, y1 + 0.05, h + 0.12))
    else:
        _pitched(shop, w + 0.6, d + 0.6, h, 0.42 if building.roof == "gable" else 0.75, building.roof == "mansard")
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(-0.35, 0.35) * w, rng.uniform(-0.2, 0.2) * d
        top = h + rng.uniform(0.24, 0.34) * d * 0.8 + 1.1
        shop.block(WALL, (x - 0.4, y - 0.3, h - 0.3), (x + 0.4, y + 0.3, top))
        shop.block(TRIM, (x - 0.46, y - 0.36, top), (x + 0.46, y + 0.36, top + 0.12))


def _pitched(shop: Workshop, w: float, d: float, h: float, slope: float, hipped: bool) -> None:
    """A roof whose ridge runs along x: gabled, or hipped with a flat top."""
    inset_x = 0.16 * d if hipped else 0.0
    inset_y = 0.16 * d if hipped else d / 2 - 0.01
    rise = min(slope * (2.6 if hipped else d / 2), 4.5)
    low = [(-w / 2, -d / 2), (w / 2, -d / 2), (w / 2, d / 2), (-w / 2, d / 2)]
    high = [(-w / 2 + inset_x, -d / 2 + inset_y), (w / 2 - inset_x, -d / 2 + inset_y),
            (w / 2 - inset_x, d / 2 - inset_y), (-w / 2 + inset_x, d / 2 - inset_y)]  # fmt: skip
    for k in range(4):
        following = (k + 1) % 4
        points = np.array([(*low[k], h), (*low[following], h), (*high[following], h + rise), (*high[k], h + rise)])
        finish = WALL if k % 2 and not hipped else ROOF
        edge = float(np.linalg.norm(points[1] - points[0]))
        up = float(np.linalg.norm((points[2] + points[3] - points[0] - points[1]) / 2))
        shift = float(np.linalg.norm(points[3] - points[0]) ** 2 - up**2)
        inset = math.sqrt(max(shift, 0.0))
        uvs = np.array([(0, 0), (edge, 0), (edge - inset, up), (inset, up)])
        faces = np.array([[0, 1, 2], [0, 2, 3]])
        shop.mesh(finish, mesh_of(points, smooth_normals(points, faces), uvs, faces, shop.material(finish)))
    if hipped:
        points = np.array([(*corner, h + rise) for corner in high])
        shop.mesh(
            ROOF,
            mesh_of(
                points,
                np.tile([0.0, 0.0, 1.0], (4, 1)),
                points[:, :2],
                np.array([[0, 1, 2], [0, 2, 3]]),
                shop.material(ROOF),
            ),
        )
    shop.block(TRIM, (-w / 2, -d / 2, h - 0.16), (w / 2, d / 2, h), (0, 1, 2, 3, 5))


def building_obstacles(building: Building) -> tuple[Obstacle, ...]:
    """The whole house as one box."""
    w, d, h = building.size
    return (
        Obstacle(
            centre=(building.position[0], building.position[1]),
            half_size=(w / 2, d / 2),
            turn_rad=building.turn_rad,
            bottom_m=building.position[2],
            top_m=building.position[2] + h,
        ),
    )
