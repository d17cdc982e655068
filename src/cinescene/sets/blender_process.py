"""Blender as a program of its own: finding it, starting it, and talking to it through files and lines of text."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cinescene.errors import InputError, MissingDependencyError
from cinescene.files import readable_file

VARIABLE = "CINESCENE_BLENDER"
ANSWER = "cinescene-blender:"
"""As in ``blender_worker.py``."""
WORKER = Path(__file__).with_name("blender_worker.py")
LAST_LINES = 12
START_S, END_S = 120, 20
HOW_TO = (
    "make an environment of Python 3.11 for it (python3.11 -m venv blender-env; blender-env/bin/pip install "
    f"'bpy==4.5.*'), or install Blender 4.2 or newer, and name its program with --blender PATH or {VARIABLE}"
)


def find_blender(program: Path | None = None) -> list[str]:
    """The command that runs a Python script in Blender, without the script.

    ``program`` (or else the environment variable ``CINESCENE_BLENDER``) is a Python that has ``bpy``, or a ``blender``
    executable. Raises `MissingDependencyError`, saying what to do, where there is neither.
    """
    named = str(program) if program is not None else os.environ.get(VARIABLE, "")
    if not named:
        raise MissingDependencyError(f"rendering with Blender needs its program: {HOW_TO}")
    found = shutil.which(named)
    if found is None:
        raise MissingDependencyError(f"{named}: no such program; for rendering with Blender {HOW_TO}")
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=START_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingDependencyError(f"{found}: cannot be run ({error}); {HOW_TO}") from error
    version = said.stdout + said.stderr
    if version.lstrip().startswith("Blender"):
        return [found, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]
    if version.lstrip().startswith("Python"):
        return [found, "-I", "-u"]
    raise MissingDependencyError(
        f"{found}: expected a Python with bpy or a Blender executable, but its --version says "
        f"{version.strip()[:80]!r}; {HOW_TO}"
    )


class BlenderProcess:
    """A running Blender that has loaded the stage in ``folder`` (see `cinescene.sets.blender_exchange`).

    Raises `MissingDependencyError` where it does not start or has no ``bpy``.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        self.folder = folder
        self._log = folder / "said.txt"
        arguments = [*command, str(WORKER), *(["--"] if "--background" in command else []), str(folder)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, errors="replace"
            )
        try:
            self.version = self._answer("starting")
        except InputError as error:
            self.close()
            raise MissingDependencyError(f"{arguments[0]}: {error}; expected one that works: {HOW_TO}") from error

    def ask(self, request: str, results: list[str]) -> list[Path]:
        """Has a request of the folder carried out and gives the paths of the files that it must leave there.

        Raises `InputError`, quoting what Blender last said, where it ended or left no such file.
        """
        paths = [self.folder / name for name in results]
        for path in paths:
            path.unlink(missing_ok=True)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # of a process that has ended, which the missing answer tells
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        self._answer("rendering")
        for path in paths:
            if not path.is_file():
                raise InputError(f"Blender left no {path.name}{self._last_words()}; is the disk full?")
            readable_file(path, "picture of Blender's")
        return paths

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _answer(self, doing: str) -> str:
        """The rest of the next answer's line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(ANSWER):
                return line.removeprefix(ANSWER).strip()
        status = self._process.wait()
        raise InputError(f"Blender ended (status {status}) while {doing}{self._last_words()}")

    def _last_words(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.is_file() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]
        return "; it said: " + " | ".join(lines) if lines else "; it said nothing"


def exchange_folder() -> Path:
    """A new folder for one process; the process deletes it when it ends."""
    return Path(tempfile.mkdtemp(prefix="cinescene-blender-"))
