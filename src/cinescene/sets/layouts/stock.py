"""Finishes to choose from: patterns with colours of a palette, fresh seeds and scales in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cinescene.sets.description import Colour, Finish
from cinescene.sets.layouts.palette import Palette, make_palette
from cinescene.sets.textures.colour import hsv, jittered, lighter

LARGE_PX = 512
"""Resolution of the textures of floors and walls; those of objects have the default."""


class Stock:
    """Makes finishes from a palette. Finishes that a set shares are made once and kept by whoever asked."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.palette: Palette = make_palette(rng)

    def finish(self, pattern: str, colours: Sequence[Colour], metres: float = 1.0, **more: float | int) -> Finish:
        """A finish of a pattern with a new seed; ``more`` are further fields of `Finish`."""
        return Finish(
            pattern=pattern,
            colours=tuple((float(r), float(g), float(b)) for r, g, b in colours),
            seed=int(self.rng.integers(2**31)),
            metres_per_tile=metres,
            **more,  # type: ignore[arg-type]
        )

    def accent(self) -> Colour:
        """One of the palette's strong colours."""
        return jittered(self.rng, self.palette.accents[int(self.rng.integers(3))], 0.015, 0.06)

    def some_colours(self, count: int) -> list[Colour]:
        """Different colours of the palette, in any order."""
        order = self.rng.permutation(len(self.palette.accents))
        return [self.palette.accents[int(k) % len(self.palette.accents)] for k in np.resize(order, count)]

    # ---- materials ----------------------------------------------------------------------------------------------

    def wood(self, second: bool = False, gloss: float = 0.12) -> Finish:
        colours = self.palette.second_wood if second else self.palette.wood
        return self.finish("wood", colours, 0.9, specular=gloss, shininess=40.0)

    def paint(self, colour: Colour | None = None, gloss: float = 0.1) -> Finish:
        return self.finish("painted", [colour or self.palette.trim], 1.0, specular=gloss, shininess=30.0)

    def metal(self, colour: Colour | None = None) -> Finish:
        shade = colour or self.palette.metal
        return self.finish("brushed", [shade], 0.5, size_px=128, specular=0.5, shininess=60.0)

    def dark_metal(self) -> Finish:
        shade = float(self.rng.uniform(0.08, 0.2))
        return self.plain((shade, shade, shade * 1.08), 0.3)

    def plain(self, colour: Colour, gloss: float = 0.05, shininess: float = 40.0, emission: float = 0.0) -> Finish:
        """One colour without a texture."""
        return Finish(
            pattern="plain", colours=(colour,), size_px=1, specular=gloss, shininess=shininess, emission=emission
        )

    def enamel(self, colour: Colour | None = None) -> Finish:
        """Paint on small things: trim, frames, fittings."""
        return self.plain(colour or self.palette.trim, 0.1, 30.0)

    def glow(self, colour: Colour = (1.0, 0.93, 0.78), strength: float = 2.2) -> Finish:
        return self.plain(colour, 0.0, emission=strength)

    def china(self) -> Finish:
        colour = self.accent() if self.rng.random() < 0.6 else (0.93, 0.92, 0.88)
        return self.plain(colour, 0.45, 70.0)

    def upholstery(self) -> Finish:
        """Cloth, leather, stripes or a plaid for seats."""
        main = self.palette.fabric if self.rng.random() < 0.7 else self.accent()
        kind = self.rng.choice(["cloth", "leather", "stripes", "plaid"], p=[0.6, 0.2, 0.1, 0.1])
        if kind == "leather":
            hide = jittered(
                self.rng, ((0.42, 0.24, 0.14), (0.16, 0.12, 0.11), (0.62, 0.5, 0.38))[int(self.rng.integers(3))]
            )
            return self.finish("leather", [hide], 0.6, specular=0.22, shininess=28.0)
        if kind == "cloth":
            return self.finish("cloth", [main, lighter(main, 1.35)], 0.35)
        return self.finish(str(kind), [main, *self.some_colours(3)], 0.5)

    def linen(self, colour: Colour = (0.90, 0.88, 0.84)) -> Finish:
        return self.finish("cloth", [colour, lighter(colour, 0.9)], 0.3, size_px=128)

    def cushion(self) -> Finish:
        kind = str(self.rng.choice(["cloth", "stripes", "plaid", "mural_tile"]))
        return self.finish(kind, [self.accent(), *self.some_colours(3)], 0.4)

    def curtain(self) -> Finish:
        main = self.accent() if self.rng.random() < 0.5 else lighter(self.palette.wall, 0.9)
        return self.finish("curtain", [main, lighter(main, 1.3)], 0.8)

    def rug(self) -> Finish:
        return self.finish("rug", self.some_colours(5))

    def painting(self) -> Finish:
        """A picture of its own colours."""
        rng = self.rng
        hue = rng.random()
        own = [
            hsv(hue + rng.normal(0, 0.12) + 0.45 * (k % 2), rng.uniform(0.3, 0.85), rng.uniform(0.25, 0.95))
            for k in range(4)
        ]
        return self.finish(
            str(rng.choice(["painting", "painting", "painting", "poster"])), [*own, (0.92, 0.88, 0.8)], 1.0
        )

    def books(self) -> Finish:
        rng = self.rng
        bindings = [hsv(rng.random(), rng.uniform(0.2, 0.7), rng.uniform(0.2, 0.7)) for _ in range(5)]
        return self.finish("book_spines", [*bindings, (0.86, 0.82, 0.72), (0.16, 0.14, 0.14)], 1.0, size_px=512)

    def leaves(self, pattern: str = "foliage") -> Finish:
        rng = self.rng
        hue = rng.uniform(0.2, 0.36) if rng.random() < 0.88 else rng.uniform(0.03, 0.13)
        deep = hsv(hue, rng.uniform(0.55, 0.75), rng.uniform(0.2, 0.3))
        leaf = hsv(hue - 0.02, rng.uniform(0.5, 0.7), rng.uniform(0.36, 0.5))
        return self.finish(pattern, [deep, leaf, lighter(leaf, 1.45)], 0.8 if pattern == "foliage" else 1.0)

    def blade(self) -> Finish:
        rng = self.rng
        hue = rng.uniform(0.24, 0.40)
        colours = [hsv(hue, 0.7, 0.26), hsv(hue, 0.6, 0.46), hsv(hue - 0.05, 0.4, 0.75)]
        return self.finish("blade", colours, 1.0, specular=0.15, shininess=30.0)

    def soil(self) -> Finish:
        return self.finish("soil", [(0.36, 0.27, 0.19), (0.20, 0.14, 0.10)], 0.5, size_px=128)

    def pot(self) -> Finish:
        colour = (0.66, 0.36, 0.24) if self.rng.random() < 0.5 else self.accent()
        return self.finish("plaster", [colour], 0.6, size_px=128, specular=0.1)

    def stone(self, pattern: str | None = None, metres: float = 2.0) -> Finish:
        """Stone for columns, kerbs and fountains."""
        colour = jittered(self.rng, self.palette.stone, 0.01, 0.06)
        name = pattern or str(
            self.rng.choice(["concrete", "marble", "plaster", "stone_blocks"], p=[0.2, 0.25, 0.3, 0.25])
        )
        colours = [colour, lighter(colour, 0.84), lighter(colour, 0.55)]
        return self.finish(name, colours, metres, specular=0.15 if name == "marble" else 0.03)

    # ---- surfaces of rooms and streets -----------------------------------------------------------------------------

    def floor(self, styles: Sequence[str]) -> Finish:
        """A floor in one of the styles."""
        rng, palette = self.rng, self.palette
        style = str(rng.choice(list(styles)))
        light = (0.88, 0.86, 0.81)
        dark = lighter(self.accent(), 0.45)
        grout = (0.55, 0.53, 0.5)
        stone = palette.stone
        table: dict[str, tuple[Sequence[Colour], float, float]] = {
            "planks": (palette.floor_wood, rng.uniform(1.5, 2.2), 0.14),
            "parquet": (palette.floor_wood, rng.uniform(1.6, 2.4), 0.2),
            "tiles": ([lighter(stone, 1.15), dark, grout], rng.uniform(1.8, 2.8), 0.3),
            "encaustic": ([light, *self.some_colours(3)], rng.uniform(0.8, 1.3), 0.2),
            "marble": ([light, lighter(light, 0.85), lighter(stone, 0.6)], rng.uniform(1.6, 2.4), 0.5),
            "marble_chequer": ([light, dark, grout], rng.uniform(2.0, 3.2), 0.5),
            "terrazzo": ([lighter(light, 0.92), *self.some_colours(4)], rng.uniform(1.2, 1.8), 0.35),
            "screed": ([lighter(stone, 0.9)], rng.uniform(3.0, 4.5), 0.1),
            "stone_blocks": ([stone, lighter(stone, 0.85), lighter(stone, 0.6)], rng.uniform(2.5, 3.5), 0.08),
            "cloth": ([lighter(palette.fabric, 0.8), palette.fabric], 0.5, 0.0),
        }  # fmt: skip
        colours, metres, gloss = table[style]
        return self.finish(style, colours, float(metres), size_px=LARGE_PX, specular=gloss, shininess=50.0)

    def wall(self, styles: Sequence[str], colour: Colour | None = None) -> Finish:
        """An inside wall in one of the styles."""
        rng, palette = self.rng, self.palette
        style = str(rng.choice(list(styles)))
        base = colour or palette.wall
        brick = jittered(rng, (0.62, 0.32, 0.24), 0.015, 0.12)
        stone = palette.stone
        table: dict[str, tuple[Sequence[Colour], float]] = {
            "plaster": ([base], 2.0),
            "wallpaper": ([base, lighter(base, 0.78), self.accent()], rng.uniform(0.9, 1.6)),
            "brick": ([brick, lighter(brick, 0.75), (0.7, 0.66, 0.6)], 1.2),
            "painted_brick": ([base, lighter(base, 0.93), lighter(base, 0.85)], 1.2),
            "stone_blocks": ([stone, lighter(stone, 0.86), lighter(stone, 0.62)], rng.uniform(1.8, 2.6)),
            "rubble_wall": ([stone, lighter(stone, 0.75), lighter(stone, 0.95)], 2.0),
            "concrete": ([lighter(stone, 0.95)], 4.0),
            "panelling": ([palette.wood[0], palette.wood[1]], rng.uniform(0.9, 1.4)),
            "painted_panelling": ([base, lighter(base, 0.8)], rng.uniform(0.9, 1.4)),
            "tiles": ([lighter(base, 1.1), self.accent(), (0.75, 0.74, 0.72)], rng.uniform(0.9, 1.4)),
            "corrugated": ([lighter(base, 0.8), (0.45, 0.26, 0.14)], 1.6),
        }
        colours, metres = table[style]
        pattern = style.removeprefix("painted_")
        return self.finish(pattern, colours, float(metres), size_px=LARGE_PX, specular=0.2 if style == "tiles" else 0.0)

    def ceiling(self, styles: Sequence[str] = ("plaster",)) -> Finish:
        style = str(self.rng.choice(list(styles)))
        wood = self.palette.second_wood
        colours = {
            "plaster": [self.palette.ceiling],
            "planks": list(wood),
            "concrete": [lighter(self.palette.stone, 0.9)],
        }
        return self.finish(style, colours[style], 2.5)

    def house_wall(self) -> Finish:
        """An outside wall: render, brick, stone."""
        rng = self.rng
        style = str(
            rng.choice(
                ["render_coat", "brick", "stone_blocks", "rubble_wall", "panelling"], p=[0.42, 0.28, 0.17, 0.05, 0.08]
            )
        )
        if style == "brick":
            brick = jittered(
                rng, ((0.60, 0.30, 0.22), (0.48, 0.24, 0.18), (0.72, 0.58, 0.42))[int(rng.integers(3))], 0.015, 0.1
            )
            return self.finish(style, [brick, lighter(brick, 0.74), (0.68, 0.64, 0.58)], 1.3)
        if style in ("stone_blocks", "rubble_wall"):
            stone = jittered(rng, self.palette.stone, 0.01, 0.08)
            return self.finish(style, [stone, lighter(stone, 0.82), lighter(stone, 0.6)], 2.4)
        hue = float(rng.choice([0.08, 0.1, 0.12, 0.03, 0.58, 0.3, 0.0, 0.14]))
        paint = hsv(hue + rng.normal(0, 0.02), rng.uniform(0.05, 0.42), rng.uniform(0.62, 0.92))
        return self.finish(style, [paint, lighter(paint, 0.82)], 3.0 if style == "render_coat" else 1.5)

    def roof(self) -> Finish:
        tile = jittered(
            self.rng, ((0.62, 0.30, 0.20), (0.30, 0.30, 0.33), (0.45, 0.30, 0.24))[int(self.rng.integers(3))]
        )
        return self.finish("roof_tiles", [tile, lighter(tile, 0.75)], 2.2)
