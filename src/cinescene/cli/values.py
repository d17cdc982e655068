"""Option values that several commands share."""

import re

from cinescene.errors import InputError


def parse_size(text: str) -> tuple[int, int]:
    """``"672x384"`` as (width, height) in pixels; raises `InputError` otherwise."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*[x×X]\s*(\d{1,6})\s*", text)
    if not match or "0" in {match[1].lstrip("0") or "0", match[2].lstrip("0") or "0"}:
        raise InputError(f"size: expected WIDTHxHEIGHT in pixels such as 672x384, got {text!r}")
    return int(match[1]), int(match[2])
