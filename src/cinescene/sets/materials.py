"""Finishes to materials: the one place where textures are made. Equal finishes share one texture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.description import Finish
from cinescene.sets.mesh import Material
from cinescene.sets.textures.colour import quantised
from cinescene.sets.textures.patterns import PATTERNS

_REMEMBERED = 192
"""Textures kept in memory: those of the last few sets, about 50 MB."""


@lru_cache(maxsize=_REMEMBERED)
def material_of(finish: Finish) -> Material:
    """The material of a finish; the same finish gives the same bytes. Raises `InputError` for an unknown pattern."""
    pattern = PATTERNS.get(finish.pattern)
    if pattern is None:
        raise InputError(f"finish: unknown pattern {finish.pattern!r}; known are {', '.join(sorted(PATTERNS))}")
    picture = pattern(np.random.default_rng(finish.seed), finish.size_px, finish.colours)
    return Material(
        albedo=quantised(picture),
        metres_per_tile=finish.metres_per_tile,
        specular=finish.specular,
        shininess=finish.shininess,
        emission=finish.emission,
    )
