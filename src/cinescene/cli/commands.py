"""The list of commands; a command that is itself a table is a group (``cinescene path convert``)."""

from collections.abc import Callable
from typing import Any

from cinescene.cli import path_convert, path_plot, preview

Command = Callable[..., Any]

COMMANDS: dict[str, Command] = {"preview": preview.preview}

GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "path": ("Camera paths and camera files.", {"convert": path_convert.convert, "plot": path_plot.plot}),
}
"""Group name -> (what it is about, its commands)."""
