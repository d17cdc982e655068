"""The errors that CineScene raises for its users.

Every message says what was expected, what came and what to do. The command line prints it on one line and exits
with status 2; a traceback is therefore always a defect of the program.
"""

import traceback


class CineSceneError(Exception):
    """Base of every error that a user can cause or mend."""


class InputError(CineSceneError, ValueError):
    """A file, argument or value that cannot be used as it is."""


class GeometryError(CineSceneError, ValueError):
    """Numbers that describe no camera, rotation, projection or scale."""


class CheckpointError(CineSceneError):
    """Weights that are missing, damaged, foreign or of another architecture."""


class MissingDependencyError(CineSceneError, ImportError):
    """An optional package or system library that is not installed; the message names the command that installs it."""


def failure_reason(error: Exception) -> str:
    """Why a task of many failed, in a sentence; of a defect of the program the traceback is printed, too."""
    if isinstance(error, CineSceneError):
        return " ".join(str(error).split())
    if isinstance(error, OSError):
        return error.strerror or str(error)
    traceback.print_exception(error)
    return f"a defect of the program ({type(error).__name__}: {error})"
