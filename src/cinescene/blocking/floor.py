"""Where in a place somebody may stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from cinescene.previz.relief_surface import ReliefSurface

FreeFloor = Callable[[np.ndarray], np.ndarray]
"""Whether somebody can stand at floor points (n, 2), metres in the world of the cameras; bool, (n,)."""

MARGIN = 0.12
"""Share of a direction's distance that subjects keep from what is there."""


def free_floor(surface: ReliefSurface, floor_m: float) -> FreeFloor:
    """Floor on which the middle of a body is well in front of everything that the panorama shows.

    Points count from below where the panorama was taken, ``floor_m`` is the (negative) height of the floor there.
    """

    def free(places: np.ndarray) -> np.ndarray:
        middle = np.column_stack([places, np.full(len(places), 0.5 * floor_m)])
        return surface.clear(torch.from_numpy(middle), MARGIN).numpy()

    return free
