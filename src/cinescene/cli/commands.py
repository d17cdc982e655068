"""The list of commands; a command that is itself a table is a group (``cinescene path convert``)."""

from collections.abc import Callable
from typing import Any

Command = Callable[..., Any]

COMMANDS: dict[str, Command] = {}

GROUPS: dict[str, tuple[str, dict[str, Command]]] = {}
"""Group name -> (what it is about, its commands)."""
