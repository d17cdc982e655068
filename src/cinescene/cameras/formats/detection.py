"""Which format a camera file is in, by its content first and its name second."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Literal

from cinescene.cameras.formats import cinescene_json, cinescene_path
from cinescene.cameras.formats.colmap import find_model
from cinescene.cameras.formats.documents import Field, decode_text, existing, parse_json, read_bytes
from cinescene.cameras.formats.rows import is_number
from cinescene.errors import CineSceneError, InputError
from cinescene.files import readable_file

FormatName = Literal[
    "cinescene-track",
    "cinescene-path",
    "cinescene",
    "recammaster",
    "realestate10k",
    "nerfstudio",
    "nerfstudio-path",
    "colmap",
    "colmap-binary",
    "tum",
    "kitti",
    "usd",
    "gltf",
    "chan",
]

_NAMES: tuple[tuple[str, FormatName], ...] = (
    (r".*_cam\.json", "cinescene"),
    (r"camera_extrinsics\.json", "recammaster"),
    (r"transforms(_train|_test|_val)?\.json", "nerfstudio"),
    (r"camera_path\.json", "nerfstudio-path"),
    (r"(cameras|images|points3D|rigs|frames)\.txt", "colmap"),
    (r"(cameras|images|points3D|rigs|frames)\.bin", "colmap-binary"),
    (r".*\.tum", "tum"),
    (r".*\.kitti", "kitti"),
    (r".*\.(usd|usda|usdc|usdz)", "usd"),
    (r".*\.(gltf|glb)", "gltf"),
    (r".*\.chan", "chan"),
)
"""File names that say a format by themselves."""

_SNIFFED_BYTES = 64 * 2**10


def format_of_name(path: Path) -> FormatName | None:
    """The format that a file's name claims, or None: ``.json`` and ``.txt`` alone claim nothing."""
    return next((name for pattern, name in _NAMES if re.fullmatch(pattern, path.name, re.IGNORECASE)), None)


def format_for_writing(path: Path) -> FormatName:
    """The format to write to a path by its name; raises `InputError` where that does not tell."""
    claimed = format_of_name(path)
    if claimed in ("colmap", "colmap-binary"):
        raise InputError(
            f"{path}: a COLMAP model is a folder; name the folder and the format (colmap or colmap-binary)"
        )
    if claimed is not None:
        return claimed
    if path.suffix.lower() == ".json":
        return "cinescene-track"
    if path.suffix.lower() == ".txt":
        raise InputError(f"{path}: .txt may be several formats; state one of realestate10k, tum, kitti")
    if path.suffix == "":
        raise InputError(f"{path}: state a format; for a folder, colmap or colmap-binary")
    raise InputError(f"{path}: no camera file format is known by the suffix {path.suffix!r}; state the format")


def detect_format(path: str | Path) -> FormatName:
    """The format of a file or folder that is to be read.

    Raises `InputError` where nothing tells it, and where the file's name claims another format than its content has.
    """
    path = existing(path)
    if path.is_dir():
        return _detect_folder(path)
    claimed = format_of_name(path)
    try:
        looks = _by_content(path)
    except CineSceneError:
        if claimed is None:
            raise
        return claimed
    if looks is None and claimed is None:
        raise InputError(f"{path}: this is no camera file of a known format; if it is, state the format")
    if looks is None or claimed is None or claimed == looks or looks in ("cinescene-track", "cinescene-path"):
        return looks or claimed  # type: ignore[return-value]
    raise InputError(
        f"{path}: named as a file of format {claimed!r}, but its content looks like {looks!r}; "
        f"state the format to read it all the same, or rename it"
    )


def _detect_folder(path: Path) -> FormatName:
    model = find_model(path)
    if (path / "transforms.json").is_file() and (model is None or model[0].resolve() != path.resolve()):
        return "nerfstudio"
    if model is not None:
        return "colmap-binary" if model[1] == "bin" else "colmap"
    raise InputError(f"{path}: this folder holds neither a COLMAP model nor a transforms.json")


def looks_like(path: Path) -> FormatName | None:
    """The format that a file's content has, or None where the content does not tell or cannot be read."""
    try:
        return _by_content(path)
    except (CineSceneError, OSError):
        return None


def _by_content(path: Path) -> FormatName | None:
    if path.is_dir():
        return _detect_folder(path)
    with readable_file(path, "camera file").open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
    if head.startswith(b"glTF"):
        return "gltf"
    if head.startswith((b"PXR-USDC", b"#usda")) or (head.startswith(b"PK") and path.suffix.lower() == ".usdz"):
        return "usd"
    if path.suffix.lower() == ".bin":
        return "colmap-binary" if find_model(path) else None
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _by_json(parse_json(path, decode_text(path, read_bytes(path))))
    whole_lines = head if len(head) < _SNIFFED_BYTES else head[: head.rfind(b"\n") + 1]
    return _by_text(path, decode_text(path, whole_lines))


def _by_json(document: Field) -> FormatName | None:
    content: dict[str, Any] = dict(document.value)
    own: dict[str, FormatName] = {cinescene_json.KIND: "cinescene-track", cinescene_path.KIND: "cinescene-path"}
    if isinstance(content.get("kind"), str) and content["kind"] in own:
        return own[content["kind"]]
    if isinstance(content.get("asset"), dict) and "version" in content["asset"]:
        return "gltf"
    if isinstance(content.get("frames"), list):
        return "nerfstudio"
    if "camera_path" in content or "keyframes" in content:
        return "nerfstudio-path"
    key, value = next(iter(content.items()), ("", None))
    strings = list(value.values()) if isinstance(value, dict) else [value]
    if not any(isinstance(string, str) and string.lstrip().startswith("[") for string in strings):
        return None
    return "cinescene" if key.isdigit() else "recammaster"


def _by_text(path: Path, text: str) -> FormatName | None:
    if path.name.lower() in ("cameras.txt", "images.txt") or re.match(r"# (Camera|Image) list", text):
        return "colmap" if find_model(path) else None
    lines = [line.split() for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) > 1 and len(lines[0]) == 1:
        lines = lines[1:]
    if not lines or not all(is_number(word) for word in lines[0]):
        return None
    count = len(lines[0])
    if count == 8:
        length = math.hypot(*(float(word) for word in lines[0][4:]))
        return "tum" if abs(length - 1) < 0.01 else "chan"
    by_count: dict[int, FormatName] = {19: "realestate10k", 12: "kitti", 7: "chan"}
    return by_count.get(count)
