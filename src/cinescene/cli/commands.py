"""The list of commands; a command that is itself a table is a group (``cinescene path convert``)."""

from collections.abc import Callable
from typing import Any

from cinescene.cli import path_plot

Command = Callable[..., Any]

COMMANDS: dict[str, Command] = {}

GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "path": ("Camera paths.", {"plot": path_plot.plot}),
}
"""Group name -> (what it is about, its commands)."""
