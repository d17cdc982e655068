"""The camera file formats by name, and reading and writing through them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from cinescene.cameras.formats.detection import detect_format, format_for_writing, looks_like
from cinescene.cameras.formats.documents import existing
from cinescene.cameras.formats.plausibility import suspicions
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError


@dataclass(frozen=True, kw_only=True)
class CameraFormat:
    """A format: what it is called, the module that reads and writes it, and options that are fixed when writing."""

    about: str
    module_name: str
    write_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> ModuleType:
        """The module, imported on first use: functions ``read`` and ``write``, ``TITLE`` and ``HOLDS``."""
        return import_module(f"cinescene.cameras.formats.{self.module_name}")


FORMATS: dict[str, CameraFormat] = {
    "cinescene-track": CameraFormat(about="CineScene's own JSON", module_name="cinescene_json"),
    "cinescene-path": CameraFormat(about="CineScene's keyframed camera path", module_name="cinescene_path"),
    "cinescene": CameraFormat(about="the CineScene release's _cam.json", module_name="cinescene_release"),
    "recammaster": CameraFormat(about="ReCamMaster's camera_extrinsics.json", module_name="recammaster"),
    "realestate10k": CameraFormat(about="RealEstate10K .txt", module_name="realestate10k"),
    "nerfstudio": CameraFormat(about="nerfstudio's transforms.json", module_name="nerfstudio"),
    "nerfstudio-path": CameraFormat(about="nerfstudio's camera_path.json", module_name="nerfstudio_path"),
    "colmap": CameraFormat(about="a COLMAP model, text", module_name="colmap"),
    "colmap-binary": CameraFormat(about="a COLMAP model, binary", module_name="colmap", write_options={"binary": True}),
    "tum": CameraFormat(about="a TUM trajectory", module_name="tum"),
    "kitti": CameraFormat(about="a KITTI trajectory", module_name="kitti"),
    "usd": CameraFormat(about="USD, .usda or .usdc", module_name="usd"),
    "gltf": CameraFormat(about="glTF 2.0, .gltf or .glb", module_name="gltf"),
    "chan": CameraFormat(about="Nuke's .chan", module_name="chan"),
}


def camera_format(name: str) -> CameraFormat:
    """The format of a name; raises `InputError` that lists the names."""
    if name not in FORMATS:
        raise InputError(f"camera file format: expected one of {', '.join(FORMATS)}, got {name!r}")
    return FORMATS[name]


def read_track(path: str | Path, format: str | None = None, **options: Any) -> CameraTrack:
    """The camera track in a file or folder.

    ``format`` is a name in `FORMATS`; by default the file's name and content tell it. ``options`` are those of the
    format's ``read`` function, such as ``camera`` for files of several, ``size_px`` where a file states no picture size
    or ``up`` where it does not say which axis is. The track's ``notes`` say what was assumed or left out. Raises
    `InputError` or `GeometryError` that names the file and the place in it.
    """
    path = Path(path)
    name = format if format is not None else detect_format(path)
    function = camera_format(name).module.read
    _check_options(name, function, options)
    existing(path)
    try:
        track: CameraTrack = function(path, **options)
    except (InputError, GeometryError) as error:
        raise _placed(path, name, error) from error
    return dataclasses.replace(track, notes=(*track.notes, *suspicions(track)))


def _placed(path: Path, name: str, error: InputError | GeometryError) -> InputError | GeometryError:
    """The error with the file's name in it, and with what the file looks like where that is another format."""
    text = str(error) if str(path) in str(error) else f"{path}: {error}"
    other = looks_like(path)
    if other is not None and FORMATS[other].module_name != FORMATS[name].module_name:
        text += f"; it looks like {FORMATS[other].about} (format {other!r})"
    return type(error)(text)


def write_track(path: str | Path, track: CameraTrack, format: str | None = None, **options: Any) -> list[str]:
    """Writes a track; returns plain sentences on what the format could not hold and what had to be assumed.

    ``format`` is a name in `FORMATS`; by default the file's name tells it. ``options`` are those of the format's
    ``write`` function. Raises `InputError` where the file cannot be written or the track lacks what the format needs.
    """
    path = Path(path)
    name = format if format is not None else format_for_writing(path)
    entry = camera_format(name)
    _check_options(name, entry.module.write, options)
    notes: list[str] = entry.module.write(path, track, **{**entry.write_options, **options})
    return list(dict.fromkeys(notes))


def read_options(name: str) -> tuple[str, ...]:
    """The options that reading a format takes."""
    return _options(camera_format(name).module.read)


def _options(function: Callable[..., Any]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def _check_options(name: str, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
    known = _options(function)
    for option in options:
        if option not in known:
            raise InputError(f"format {name!r}: no option {option!r} here; it has {', '.join(known) or 'none'}")
