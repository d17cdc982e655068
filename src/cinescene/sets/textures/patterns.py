"""The list of texture patterns by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cinescene.sets.textures import fabric, ground, leaves, masonry, metal, paintings, prints, wood
from cinescene.sets.textures.colour import Colour, Picture

Pattern = Callable[[np.random.Generator, int, Sequence[Colour]], Picture]

_FUNCTIONS: tuple[Pattern, ...] = (
    *(wood.wood, wood.planks, wood.parquet, wood.panelling, wood.painted, wood.bark),
    *(masonry.brick, masonry.stone_blocks, masonry.rubble_wall, masonry.cobbles, masonry.tiles, masonry.encaustic),
    *(masonry.plaster, masonry.render_coat, masonry.concrete, masonry.marble, masonry.marble_chequer),
    *(masonry.terrazzo, ground.paving, ground.asphalt, ground.screed, ground.gravel, ground.soil, ground.grass),
    *(ground.roof_tiles, ground.water, fabric.cloth, fabric.stripes, fabric.plaid, fabric.leather, fabric.curtain),
    *(fabric.wallpaper, fabric.rug, paintings.painting, paintings.mural_tile, prints.book_spines, prints.sign),
    *(prints.shop_window, prints.door, prints.poster, prints.screen, prints.window_panes, prints.window_panes_lit),
    *(prints.dial, metal.plain, metal.brushed, metal.rusty, metal.corrugated, metal.grille),
    *(leaves.foliage, leaves.hedge, leaves.blade),
)

PATTERNS: dict[str, Pattern] = {function.__name__: function for function in _FUNCTIONS}

_ATLASES = {"book_spines", "window_panes", "window_panes_lit"}
SHOWN_ONCE = frozenset(
    _ATLASES | {"rug", "painting", "poster", "sign", "screen", "dial", "shop_window", "door", "blade"}
)
"""Patterns that are a whole picture or an atlas, not meant to repeat."""

GRAINED = frozenset({"wood", "painted", "brushed"})
"""Patterns whose x axis follows the longer side of whatever they cover."""
