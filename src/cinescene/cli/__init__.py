"""The command line: ``cinescene <command>``.

Each command is a function in a module of this package whose parameters are its options. Those modules import nothing
heavy at their top, so that ``cinescene --help`` answers at once; the work is imported inside the functions.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from cinescene.errors import CineSceneError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns 0, or 2 after a one-line message about bad input.

    As the shell expects, 130 when interrupted and 141 when the reader of its output goes away (``| head``).
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments in (["--version"], ["-V"]):
        import cinescene

        print(f"cinescene {cinescene.__version__}")
        return 0
    try:
        _run(arguments)
    except CineSceneError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _run(arguments: list[str]) -> None:
    from tyro.extras import subcommand_cli_from_dict

    from cinescene.cli.commands import COMMANDS, GROUPS

    if arguments and arguments[0] in GROUPS:
        about, commands = GROUPS[arguments[0]]
        subcommand_cli_from_dict(
            commands, prog=f"cinescene {arguments[0]}", description=about, args=arguments[1:], sort_subcommands=False
        )
        return
    entries = COMMANDS | {name: _group_entry(about, commands) for name, (about, commands) in GROUPS.items()}
    subcommand_cli_from_dict(
        entries,
        prog="cinescene",
        description="Shoot on a set that you only photographed.",
        args=arguments,
        sort_subcommands=False,
    )


def _group_entry(about: str, commands: dict[str, Callable[..., Any]]) -> Callable[[], None]:
    def entry() -> None:
        raise AssertionError("groups are dispatched before this table is read")

    entry.__doc__ = f"{about} ({', '.join(commands)})"
    return entry
