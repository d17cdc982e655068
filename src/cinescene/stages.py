"""The stages in which a shot is made, and how far it has come when one of them reports."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage (one of `SHARES`), what is done of it, and of how much."""

SHARES = {
    "text": (0.0, 0.01),
    "scene": (0.01, 0.03),
    "previz": (0.03, 0.32),
    "sampling": (0.32, 0.37),
    "detail": (0.37, 0.94),
    "decoding": (0.94, 1.0),
}
"""Shares of a shot's time that are over at the start and end of each stage, of 17 frames by nano on two cores."""


def share_done(stage: str, done: int, total: int) -> float:
    """The share of a shot's time that is over when so much of a stage is done."""
    begin, end = SHARES[stage]
    return begin + (end - begin) * done / max(1, total)
