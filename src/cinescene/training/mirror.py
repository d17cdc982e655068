"""Mirrored clips: twice the data at no cost, with left and right exchanged in pictures, cameras and words."""

from __future__ import annotations

import re

_OTHER = {"left": "right", "right": "left"}
_SIDE = re.compile(r"\b(left|right)(?=(?:wards?|most|-hand)?\b)", re.IGNORECASE)


def mirrored_caption(caption: str) -> str:
    """The caption of the mirrored clip: *left* and *right* exchanged, also in *leftwards*, *right-hand* …"""
    return _SIDE.sub(_exchanged, caption)


def _exchanged(match: re.Match[str]) -> str:
    word = match[0]
    other = _OTHER[word.lower()]
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
