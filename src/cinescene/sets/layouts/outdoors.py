"""What streets and courtyards have in common: houses in a row, trees, lamps, street furniture, cars."""

from __future__ import annotations

import math

from cinescene.sets.description import Building, Facade, Finish
from cinescene.sets.layouts.plan import Plan
from cinescene.sets.layouts.shell import house_panes
from cinescene.sets.textures.colour import hsv, lighter


class Streetscape:
    """Finishes that a whole outdoor set shares, and the things made of them."""

    def __init__(self, plan: Plan, lit: bool) -> None:
        stock = plan.stock
        self.plan = plan
        self.lit = lit
        self.panes = (house_panes(plan, lit), house_panes(plan, lit))
        self.roofs = (stock.roof(), stock.roof())
        self.bark = stock.finish("bark", [(0.44, 0.37, 0.29), (0.19, 0.14, 0.11)], 0.8, size_px=128)
        self.leaves = (stock.leaves(), stock.leaves())
        self.iron = stock.dark_metal()
        self.wood = stock.wood(gloss=0.04)
        self.stone = stock.stone("plaster", 1.5)
        self.soil = stock.soil()
        self.glow = stock.glow((1.0, 0.86, 0.6), 3.0 if lit else 0.35)
        goods = [stock.accent(), stock.accent(), (0.85, 0.8, 0.7), (0.3, 0.32, 0.36)]
        frame = lighter(stock.accent(), 0.5)
        inside = (1.0, 0.85, 0.6) if lit else (0.5, 0.44, 0.36)
        colours = [frame, inside, (0.7, 0.8, 0.9), *goods]
        self.shop = stock.finish("shop_window", colours, 1.0, emission=0.5 if lit else 0.0, specular=0.25)
        self.looks = [self._house_look() for _ in range(5)]
        self.signs = [self._sign() for _ in range(4)]
        self.tyre, self.rim = stock.plain((0.06, 0.06, 0.065)), stock.plain((0.62, 0.63, 0.65), 0.5)
        self.car_glass = stock.plain((0.13, 0.16, 0.19), 0.9, 120.0)
        self.head_light = stock.plain((0.95, 0.93, 0.86), 0.5, emission=0.8 if lit else 0.1)
        self.tail_light = stock.plain((0.62, 0.08, 0.07), 0.4, emission=0.6 if lit else 0.0)

    # ---- houses -------------------------------------------------------------------------------------------------

    def house(
        self,
        position: tuple[float, float],
        size: tuple[float, float],
        turn_rad: float,
        facades: dict[str, bool],
        *,
        ground: str | None = None,
        storeys: int | None = None,
    ) -> Building:
        """A house of its own colours. ``facades`` are its windowed sides and whether they are seen from near."""
        plan = self.plan
        storeys = storeys or int(plan.rng.integers(2, 6))
        storey = plan.between(2.9, 3.7)
        wall, trim, base, entrance, awning = self.looks[int(plan.rng.integers(len(self.looks)))]
        sign = self.signs[int(plan.rng.integers(len(self.signs)))]
        floor = ground or plan.pick(["shops", "door", "windows"], [0.5, 0.35, 0.15])
        extras = [name for name, share in _EXTRAS.items() if plan.chance(share)]
        if "shutters" in extras and "balconies" in extras:
            extras.remove("balconies")
        pitch = plan.between(2.0, 3.2)
        sides = tuple(
            Facade(
                side=side,  # type: ignore[arg-type]
                bays=max(1, round((size[0] if side in ("front", "back") else size[1]) / pitch)),
                ground=(floor if near else "windows"),  # type: ignore[arg-type]
                relief=near,
                extras=tuple(extras) if near else tuple(e for e in extras if e in ("cornice", "bands")),
            )
            for side, near in facades.items()
        )
        roof = plan.pick(["flat", "gable", "mansard"], [0.4, 0.4, 0.2])
        return Building(
            position=(float(position[0]), float(position[1]), 0.0),
            size=(float(size[0]), float(size[1]), storeys * storey + 0.5),
            turn_rad=float(turn_rad),
            storeys=storeys,
            storey_m=storey,
            window=(plan.between(0.38, 0.56), plan.between(0.46, 0.62)),
            roof=roof,  # type: ignore[arg-type]
            facades=sides,
            finishes=(
                *(wall, trim, self.roofs[int(plan.rng.integers(2))], self.panes[int(plan.rng.integers(2))]),
                *(entrance, self.shop, sign, awning, base),
            ),
            seed=int(plan.rng.integers(2**31)),
        )

    def _house_look(self) -> tuple[Finish, Finish, Finish, Finish, Finish]:
        """Wall, trim, ground floor, door and awning of a house."""
        plan, stock = self.plan, self.plan.stock
        wall = stock.house_wall()
        base = wall if plan.chance(0.6) else stock.stone(plan.pick(["stone_blocks", "plaster", "concrete"]))
        trim = lighter(wall.colours[0], plan.between(1.1, 1.35) if plan.chance(0.6) else 0.6)
        glass = (1.0, 0.82, 0.5) if self.lit and plan.chance(0.5) else (0.25, 0.32, 0.38)
        colours = [lighter(stock.accent(), 0.7), glass, (0.75, 0.65, 0.35)]
        entrance = stock.finish("door", colours, 1.0, size_px=128, specular=0.15)
        stripe = [stock.accent(), (0.92, 0.9, 0.84)]
        awning = stock.finish("stripes", stripe, plan.between(0.5, 1.0), size_px=128)
        return wall, stock.plain(trim), base, entrance, awning

    def _sign(self) -> Finish:
        board = self.plan.stock.accent()
        lettering = (0.95, 0.92, 0.82) if sum(board) < 1.5 else (0.12, 0.12, 0.14)
        return self.plan.stock.finish("sign", [board, lettering], 1.0, emission=0.4 if self.lit else 0.0)

    # ---- things ---------------------------------------------------------------------------------------------------

    def tree(self, at: tuple[float, float], near: bool = True) -> bool:
        plan = self.plan
        tall = plan.between(4.5, 8.5)
        wide = tall * plan.between(0.45, 0.65)
        style = plan.pick(["round", "tall", "conifer"], [0.55, 0.33, 0.12]) if near else "far"
        if style == "conifer":
            wide *= 0.7
        leaves = self.leaves[int(plan.rng.integers(2))]
        return plan.try_add(plan.piece("tree", at, (wide, wide, tall), (self.bark, leaves), style=style), 0.1)

    def lamp(self, at: tuple[float, float], turn_rad: float, style: str) -> bool:
        """A street lamp, lit after dark."""
        plan = self.plan
        tall = plan.between(3.3, 4.2) if style == "lantern" else plan.between(5.0, 6.5)
        piece = plan.piece(
            "street_lamp", at, (0.45, 0.45, tall), (self.iron, self.glow), turn_rad=turn_rad, style=style
        )
        if not plan.try_add(piece, 0.05):
            return False
        if self.lit:
            x, y = at if style == "lantern" else plan.beside(piece, 0.0, 1.2)
            plan.light(
                (x, y, tall - (0.45 if style == "lantern" else 0.15)), (1.0, 0.74, 0.42), plan.between(3.5, 6.0), 0.35
            )
        return True

    def bench(self, at: tuple[float, float], turn_rad: float) -> bool:
        size = (self.plan.between(1.4, 2.0), 0.6, 0.86)
        return self.plan.try_add(self.plan.piece("bench", at, size, (self.wood, self.iron), turn_rad=turn_rad), 0.1)

    def car(self, at: tuple[float, float], turn_rad: float) -> bool:
        plan, stock = self.plan, self.plan.stock
        style = plan.pick(["saloon", "hatch", "van"], [0.4, 0.42, 0.18])
        length, width, height = {"saloon": (4.5, 1.8, 1.45), "hatch": (3.9, 1.74, 1.5), "van": (4.9, 1.95, 2.05)}[style]
        paint = hsv(plan.between(0, 1), plan.between(0.0, 0.8), plan.between(0.12, 0.8))
        body = stock.plain(paint, 0.8, 90.0)
        finishes = (body, self.car_glass, self.tyre, self.head_light, self.tail_light, self.rim)
        piece = plan.piece("car", at, (length, width, height), finishes, turn_rad=turn_rad, style=style)
        return plan.try_add(piece, 0.25)

    def planter(self, at: tuple[float, float], turn_rad: float = 0.0) -> bool:
        plan = self.plan
        box = self.wood if plan.chance(0.5) else self.stone
        leaves = self.leaves[int(plan.rng.integers(2))]
        size = (plan.between(0.8, 1.8), plan.between(0.45, 0.6), plan.between(0.8, 1.2))
        return plan.try_add(
            plan.piece("bush", at, size, (leaves, box, self.soil), turn_rad=turn_rad, style="boxed"), 0.1
        )

    def flower_bed(self, at: tuple[float, float], size: tuple[float, float], turn_rad: float = 0.0) -> bool:
        plan, stock = self.plan, self.plan.stock
        blossoms = (stock.plain(hsv(plan.between(0, 1), 0.7, 0.85)), stock.plain(hsv(plan.between(0, 1), 0.5, 0.9)))
        piece = plan.piece(
            "flower_bed",
            at,
            (*size, plan.between(0.5, 0.8)),
            (self.stone, self.soil, self.leaves[0], *blossoms),
            turn_rad=turn_rad,
        )
        return plan.try_add(piece, 0.1)

    def cafe_table(self, at: tuple[float, float]) -> bool:
        """A small round table with chairs, under a parasol at times."""
        plan, stock = self.plan, self.plan.stock
        if plan.chance(0.55):
            cloth = stock.finish("stripes" if plan.chance(0.5) else "cloth", [stock.accent(), (0.92, 0.9, 0.84)], 1.0)
            wide = plan.between(2.0, 2.6)
            table = plan.piece("parasol", at, (wide, wide, 2.55), (cloth, self.iron, self.wood))
        else:
            table = plan.piece("round_table", at, (0.75, 0.75, 0.73), (self.wood, self.iron))
        if not plan.try_add(table, 0.1):
            return False
        start = plan.between(0, 6.3)
        for k in range(int(plan.rng.integers(2, 5))):
            angle = start + k * 1.7
            spot = (at[0] + 0.78 * math.cos(angle), at[1] + 0.78 * math.sin(angle))
            chair = plan.piece(
                "chair", spot, (0.42, 0.42, 0.84), (self.iron, self.wood), turn_rad=angle - math.pi / 2, style="slats"
            )
            plan.try_add(chair, 0.02)
        return True

    def small_thing(self, at: tuple[float, float], turn_rad: float = 0.0) -> bool:
        """A bin, a bollard, a post box, a sign, a barrel."""
        plan, stock = self.plan, self.plan.stock
        kind = plan.pick(["bin", "pillar_box", "post_sign", "barrel", "planter", "bollard"])
        if kind == "planter":
            return self.planter(at, turn_rad)
        table: dict[str, tuple[tuple[float, float, float], tuple[Finish, ...], str]] = {
            "bin": ((0.45, 0.45, 0.9), (self.iron, stock.plain((0.05, 0.05, 0.05))), ""),
            "pillar_box": (
                (0.4, 0.4, plan.between(0.9, 1.5)),
                (stock.paint(stock.accent(), 0.4), stock.plain((0.05, 0.05, 0.05))),
                "",
            ),
            "post_sign": (
                (0.6, 0.6, 2.5),
                (stock.metal((0.6, 0.6, 0.62)), self.signs[int(plan.rng.integers(len(self.signs)))]),
                plan.pick(["round", "name", "square"]),
            ),
            "barrel": ((0.6, 0.6, 0.9), (self.wood, self.iron), "wood"),
            "bollard": ((0.2, 0.2, 0.95), (self.iron, stock.plain((0.85, 0.8, 0.7))), ""),
        }
        size, finishes, style = table[kind]
        return plan.try_add(plan.piece(kind, at, size, finishes, turn_rad=turn_rad, style=style), 0.08)

    def stall(self, at: tuple[float, float], turn_rad: float) -> bool:
        """A market stall."""
        plan, stock = self.plan, self.plan.stock
        cloth = stock.finish("stripes", [stock.accent(), (0.94, 0.92, 0.86)], 0.8)
        goods = tuple(stock.plain(hsv(plan.between(0.0, 0.35), 0.75, plan.between(0.5, 0.85)), 0.2) for _ in range(3))
        size = (plan.between(2.0, 2.8), 1.1, plan.between(2.3, 2.5))
        return plan.try_add(plan.piece("market_stall", at, size, (self.wood, cloth, *goods), turn_rad=turn_rad), 0.3)


_EXTRAS = {"cornice": 0.6, "bands": 0.5, "shutters": 0.3, "balconies": 0.25, "awnings": 0.5}
