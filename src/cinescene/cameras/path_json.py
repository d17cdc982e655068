"""`CameraPath` as JSON: kind ``cinescene.camera-path``, version 1.

::

    {"kind": "cinescene.camera-path", "version": 1,
     "position_spline": "catmull-rom", "sensor_width_mm": 36,
     "keyframes": [
       {"time_s": 0, "position_m": [0, -4, 1.6], "yaw_deg": 0, "pitch_deg": -5, "focal_mm": 35, "easing": "ease"},
       {"time_s": 4, "position_m": [2, -3, 1.6], "look_at_m": [0, 0, 1]}]}

A keyframe's pose is either ``world_from_camera`` (4×4, rows; OpenCV axes), which is what is written, or ``position_m``
with ``yaw_deg``, ``pitch_deg`` and ``roll_deg`` (0 where left out; see `level_rotation`). ``focal_mm`` is that of the
keyframe before where left out, 24 on the first. World: metres, z up. Entries that the format does not know are errors.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from cinescene.cameras.easing import check_easing
from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.spline import check_position_spline
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import CineSceneError, InputError
from cinescene.files import readable_file
from cinescene.tensor_types import Float, Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "cinescene.camera-path"
VERSION = 1

_PATH_ENTRIES = {"kind", "version", "position_spline", "sensor_width_mm", "keyframes"}
_ANGLES = ("yaw_deg", "pitch_deg", "roll_deg")
_KEYFRAME_ENTRIES = {"time_s", "world_from_camera", "position_m", *_ANGLES, "focal_mm", "look_at_m", "easing"}


def path_to_json(path: CameraPath) -> str:
    """The path as text; `path_from_json` gives the same numbers back, bit by bit."""
    content = {
        "kind": KIND,
        "version": VERSION,
        "position_spline": path.position_spline,
        "sensor_width_mm": path.sensor_width_mm,
        "keyframes": [_keyframe_entries(key) for key in path.keyframes],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def path_from_json(text: str) -> CameraPath:
    """The path in a JSON text; raises `InputError` that names the entry, `GeometryError` for a matrix of no camera."""
    try:
        content = json.loads(text, parse_constant=_no_number, parse_int=float)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"camera path: expected JSON, but it cannot be read ({error})") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        kind = content.get("kind") if isinstance(content, dict) else type(content).__name__
        raise InputError(f'camera path: expected a JSON object with "kind": "{KIND}", got {kind!r}')
    if content.get("version") != VERSION:
        raise InputError(f"camera path: this program reads version {VERSION}, not {content.get('version')!r}")
    _check_entries(content, _PATH_ENTRIES, "camera path")
    keyframes = content.get("keyframes")
    if not isinstance(keyframes, list):
        raise InputError('camera path: expected a list of "keyframes"')
    spline = content.get("position_spline", "catmull-rom")
    check_position_spline(spline)
    return CameraPath(
        keyframes=_keyframes(keyframes),
        position_spline=spline,
        sensor_width_mm=_number(content.get("sensor_width_mm", 36.0), "sensor_width_mm"),
    )


def load_path(path: str | Path) -> CameraPath:
    """`path_from_json` of a file; every message names the file."""
    path = readable_file(path, "camera path")
    try:
        return path_from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected a camera path in JSON, but this is no UTF-8 text") from error
    except CineSceneError as error:
        raise type(error)(f"{path}: {error}") from error


def is_path_file(path: str | Path) -> bool:
    """Whether a file says that it is a camera path, right or wrong in the rest."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("kind") == KIND


def _keyframe_entries(key: Keyframe) -> dict[str, Any]:
    entries: dict[str, Any] = {
        "time_s": key.time_s,
        "world_from_camera": key.world_from_camera.tolist(),
        "focal_mm": key.focal_mm,
        "easing": key.easing,
    }
    return entries if key.look_at_m is None else entries | {"look_at_m": list(key.look_at_m)}


def _keyframes(items: list[Any]) -> tuple[Keyframe, ...]:
    keys: list[Keyframe] = []
    for index, entries in enumerate(items):
        where = f"keyframe {index}"
        if not isinstance(entries, dict):
            raise InputError(f"camera path: {where}: expected an object, got {type(entries).__name__}")
        _check_entries(entries, _KEYFRAME_ENTRIES, f"camera path: {where}")
        if "time_s" not in entries:
            raise InputError(f'camera path: {where}: expected a "time_s"')
        target = entries.get("look_at_m")
        easing = entries.get("easing", "linear")
        check_easing(easing)
        keys.append(
            Keyframe(
                time_s=_number(entries["time_s"], f"{where}: time_s"),
                world_from_camera=_pose(entries, where),
                focal_mm=_number(entries.get("focal_mm", keys[-1].focal_mm if keys else 24.0), f"{where}: focal_mm"),
                look_at_m=None if target is None else _triple(target, f"{where}: look_at_m"),
                easing=easing,
            )
        )
    return tuple(keys)


def _pose(entries: Mapping[str, Any], where: str) -> Float[Tensor, "4 4"]:
    stated = [name for name in ("position_m", *_ANGLES) if name in entries]
    if "world_from_camera" not in entries:
        if "position_m" not in entries:
            raise InputError(f'camera path: {where}: expected "world_from_camera" or "position_m"')
        angles = [math.radians(_number(entries.get(name, 0.0), f"{where}: {name}")) for name in _ANGLES]
        position = _triple(entries["position_m"], f"{where}: position_m")
        return rigid(level_rotation(*angles), torch.tensor(position, dtype=torch.float64))
    if stated:
        raise InputError(f'camera path: {where}: "world_from_camera" is the whole pose; leave out "{stated[0]}"')
    rows = entries["world_from_camera"]
    if not isinstance(rows, list) or len(rows) != 4 or any(not isinstance(r, list) or len(r) != 4 for r in rows):
        raise InputError(f"camera path: {where}: world_from_camera: expected four rows of four numbers")
    numbers = [[_number(c, f"{where}: world_from_camera") for c in row] for row in rows]
    return torch.tensor(numbers, dtype=torch.float64)


def _triple(value: Any, where: str) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise InputError(f"camera path: {where}: expected three numbers [x, y, z] in metres, got {value!r}")
    x, y, z = (_number(c, where) for c in value)
    return x, y, z


def _number(value: Any, where: str) -> float:
    if not isinstance(value, float):
        raise InputError(f"camera path: {where}: expected a number, got {value!r}")
    return value


def _check_entries(content: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(content) - known)
    if unknown:
        raise InputError(f'{where}: unknown entry "{unknown[0]}"; expected {", ".join(sorted(known))}')


def _no_number(text: str) -> NoReturn:
    raise InputError(f"camera path: expected finite numbers, got {text}")
