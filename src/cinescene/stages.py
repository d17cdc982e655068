"""The stages in which a shot is made, and how far it has come when one of them reports."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage (one of `ENDS`), what is done of it, and of how much."""

ENDS = {"text": 0.01, "scene": 0.03, "previz": 0.32, "sampling": 0.37, "detail": 0.94, "decoding": 1.0}
"""Share of a shot's time that is over at the end of each stage, as nano takes it for 17 frames on two cores."""


def share_done(stage: str, done: int, total: int) -> float:
    """The share of a shot's time that is over when so much of a stage is done."""
    names = list(ENDS)
    begin = ENDS[names[names.index(stage) - 1]] if stage != names[0] else 0.0
    return begin + (ENDS[stage] - begin) * done / max(1, total)
