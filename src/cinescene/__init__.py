"""CineScene: shoot on a set that you only photographed.

Names are imported on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("cinescene")
except PackageNotFoundError:
    __version__ = "0+unknown"

_EXPORTS = {
    "CameraTrack": "cinescene.cameras",
    "Cameras": "cinescene.cameras",
    "CineSceneError": "cinescene.errors",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'cinescene' has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
