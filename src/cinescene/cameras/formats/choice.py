"""Choosing one camera of a file that holds several."""

from __future__ import annotations

import re
from pathlib import Path

from cinescene.errors import InputError


def choose_camera(path: Path, names: list[str], camera: str | None) -> tuple[str, tuple[str, ...]]:
    """The wanted camera's name and a note if it was not stated.

    ``camera`` is a whole name, the first number in a name ("3" is cam03) or a beginning that fits one name alone.
    """
    if camera is None:
        if len(names) == 1:
            return names[0], ()
        others = ", ".join(names[1:9]) + (", ..." if len(names) > 9 else "")
        return names[0], (f"The file holds {len(names)} cameras; {names[0]} is taken. The others: {others}.",)
    fitting = [name for name in names if name == camera]
    if not fitting and re.fullmatch(r"\d{1,9}", camera, re.ASCII):
        fitting = [name for name in names if (found := re.search(r"\d+", name)) and int(found[0]) == int(camera)]
    fitting = fitting or [name for name in names if name.startswith(camera)]
    if len(fitting) != 1:
        raise InputError(f"{path}: expected one of the cameras {', '.join(names[:20])}, got {camera!r}")
    return fitting[0], ()
