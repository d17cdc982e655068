"""`ShotList`: the shots of a list, each with everything that is needed to make it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.scene.samples import PREFIX as SAMPLE_PREFIX
from cinescene.shot_settings import ShotSettings
from cinescene.shotlist.document import Document, Keys, read_document
from cinescene.shotlist.schema import SHOT_ENTRIES, shot_list_schema

_SETTINGS = {
    "negative_prompt": "negative_prompt",
    "frames": "frames",
    "fps": "frame_rate",
    "lens": "focal_mm",
    "keep_coordinates": "keep_coordinates",
    "start_view": "start_view",
    "steps": "steps",
    "guidance": "text_guidance",
    "scene_guidance": "scene_guidance",
    "noise_scale": "noise_scale",
    "detail": "detail",
    "enlarge": "enlarge",
    "previz": "previz",
    "blocking": "blocking",
    "camera_height": "camera_height_m",
    "dome_radius": "dome_radius_m",
}
"""Entries of a list and the settings that they are."""


@dataclass(frozen=True, kw_only=True)
class ListedShot:
    """One shot.

    ``folder`` is its own, below the job's; ``seeds`` has one a take; ``used`` is the take in the cut, from 0; ``keys``
    say where it stands in the document.
    """

    name: str
    folder: str
    scene: str
    prompt: str
    camera: str
    settings: ShotSettings
    seeds: tuple[int, ...]
    used: int
    keys: Keys


@dataclass(frozen=True, kw_only=True, eq=False)
class ShotList:
    """Shots in the order of the cut; ``model`` and ``vggt`` are what `CineScenePipeline.from_pretrained` takes."""

    title: str
    model: str
    vggt: str | None
    shots: tuple[ListedShot, ...]
    document: Document

    def error(self, shot: ListedShot, problem: str) -> InputError:
        """What is wrong with a shot, with its line."""
        return self.document.error(shot.keys, problem)


def read_shot_list(path: Path) -> ShotList:
    """A list from a YAML file; places and camera files are looked for beside it. Raises `InputError` with the line."""
    document = read_document(path)
    _check_schema(document)
    return _shot_list(document, path.stem, path.resolve().parent)


def _check_schema(document: Document) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(shot_list_schema()).iter_errors(document.values))
    if error is None:
        return
    keys = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        known = ", ".join(sorted(error.schema.get("properties", {})))
        raise document.error((*keys, unknown[0]), f"unknown; expected one of {known}")
    if error.validator == "oneOf":
        raise document.error((), "expected either scene (one place for all shots) or scenes (places by name)")
    if not document.values:
        raise document.error((), "expected a scene and shots, found nothing")
    raise document.error(keys, error.message)


def _shot_list(document: Document, stem: str, folder: Path) -> ShotList:
    values: dict[str, Any] = document.values
    sources: dict[str, str] = values.get("scenes") or {"scene": values["scene"]}
    places = {name: _beside(source, folder) for name, source in sources.items()}
    shots: list[ListedShot] = []
    taken: set[str] = set()
    for index, entry in enumerate(values["shots"]):
        shot = _shot(document, index, values.get("defaults", {}) | entry, places, folder)
        if shot.name.lower() in taken:
            raise document.error((*shot.keys, "name"), f"{shot.name} is the name of an earlier shot; choose another")
        taken.add(shot.name.lower())
        shots.append(shot)
    return ShotList(
        title=values.get("title", stem),
        model=_beside(values.get("model", "nano"), folder),
        vggt=None if "vggt" not in values else _beside(values["vggt"], folder),
        shots=tuple(shots),
        document=document,
    )


def _shot(document: Document, index: int, entry: Mapping[str, Any], places: dict[str, str], folder: Path) -> ListedShot:
    keys: Keys = ("shots", index)
    for name in ("prompt", "camera"):
        if not str(entry.get(name, "")).strip():
            raise document.error(keys, f"expected a {name}, here or in defaults")
    place = entry.get("scene", next(iter(places)) if len(places) == 1 else None)
    if place not in places:
        said = "none is named" if place is None else f"got {place!r}"
        raise document.error((*keys, "scene"), f"expected one of the scenes {', '.join(places)}; {said}")
    takes, used = entry.get("takes", 1), entry.get("use", 1)
    if used > takes:
        raise document.error((*keys, "use"), f"take {used} is to be used of {takes}")
    name = str(entry.get("name", f"shot {index + 1}"))
    return ListedShot(
        name=name,
        folder=f"{index + 1:02d}-{re.sub(r'[ _]+', '-', name.lower())}",
        scene=places[place],
        prompt=entry["prompt"],
        camera=_beside(entry["camera"], folder),
        settings=_settings(entry, folder),
        seeds=tuple(entry.get("seed", 0) + take for take in range(takes)),
        used=used - 1,
        keys=keys,
    )


def _settings(entry: Mapping[str, Any], folder: Path) -> ShotSettings:
    assert set(_SETTINGS) <= set(SHOT_ENTRIES)
    settings = {field: entry[name] for name, field in _SETTINGS.items() if name in entry}
    if "blocking" in settings:
        settings["blocking"] = _beside(settings["blocking"], folder)
    if "size" in entry:
        settings["width_px"], settings["height_px"] = (int(side) for side in entry["size"].split("x"))
    return ShotSettings(**settings)


def _beside(source: str, folder: Path) -> str:
    """A file, folder or pattern of the list's own folder, if it is one; else the text as it stands."""
    if source.startswith(SAMPLE_PREFIX) or Path(source).is_absolute():
        return source
    try:
        found = (folder / source).exists() or (any(c in source for c in "*?[") and any(folder.glob(source)))
    except (OSError, ValueError):
        return source
    return str(folder / source) if found else source
