"""Renderers that tests share: making one compiles shaders, which takes longer than most tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cinescene.sets.renderer import Renderer
from tests.sets.staging import renderer


@pytest.fixture(scope="session")
def shared_renderer() -> Iterator[Callable[..., Renderer]]:
    """A function that gives the renderer of a size and settings; skips where there is no OpenGL."""
    made: dict[Any, Renderer] = {}

    def get(width_px: int, height_px: int, **settings: Any) -> Renderer:
        key = (width_px, height_px, *sorted(settings.items()))
        if key not in made:
            made[key] = renderer(width_px, height_px, **settings)
        return made[key]

    yield get
    for one in made.values():
        one.close()
