"""`ShotDefaults`: the size, length and sampling that a model was trained for; part of every saved model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinescene.errors import CheckpointError, InputError

FROM_ZERO = ("noise_scale", "detail", "relief_doubt")
"""May be 0, as guidance scales may; everything else is at least 1."""


@dataclass(frozen=True, kw_only=True)
class ShotDefaults:
    """What a model makes unless asked otherwise, and the size at which it is shown the scene's views.

    The defaults here are the CineScene paper's; ``detail`` is that of `model.detail`, 0 for none. The video is
    ``enlarge`` times as large as the pictures that the model makes, with detail that the previz has at that size.
    ``relief_doubt`` is the share of its doubt with which a previz through a relief is shown to the model
    (`PrevizFrame.with_doubt`).
    """

    width_px: int = 672
    height_px: int = 384
    frames: int = 77
    frame_rate: float = 15.0
    view_width_px: int = 672
    view_height_px: int = 384
    steps: int = 50
    text_guidance: float = 5.0
    scene_guidance: float = 1.0
    noise_scale: float = 1.0
    detail: float = 0.0
    enlarge: int = 1
    relief_doubt: float = 1.0

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if not value >= (0 if "guidance" in name or name in FROM_ZERO else 1):
                raise InputError(f"shot defaults: {name}: expected a positive number, got {value}")

    @property
    def view_size_px(self) -> tuple[int, int]:
        return self.view_width_px, self.view_height_px

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ShotDefaults:
        """From a model's index; raises `CheckpointError` for what cannot be."""
        try:
            return cls(**values)
        except (TypeError, InputError) as error:
            raise CheckpointError(f"model: its shot defaults cannot be used: {error}") from error
