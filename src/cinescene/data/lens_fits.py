"""Lens fits of a data set's scenes, found once and kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from cinescene.data.documents import read_kind, write_json
from cinescene.data.lens_fit import LensFit
from cinescene.errors import InputError

KIND, VERSION = "cinescene.lens-fits", 1


class LensFits:
    """`LensFit` by scene; kept in a JSON file where one is named, in memory otherwise."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._fits: dict[str, LensFit] = {}
        if path is not None and path.exists():
            fits = read_kind(path, "file of lens fits", KIND, VERSION).get("fits")
            try:
                self._fits = {scene_id: LensFit(**numbers) for scene_id, numbers in dict(fits or {}).items()}
            except TypeError as error:
                raise InputError(f"{path}: this file of lens fits is damaged ({error})") from error

    def get(self, scene_id: str, find: Callable[[], LensFit]) -> LensFit:
        """The fit of a scene, found by ``find`` the first time. Raises `InputError` if it is not reliable."""
        if scene_id not in self._fits:
            self._fits[scene_id] = find()
            if self._path is not None:
                fits = {name: dataclasses.asdict(fit) for name, fit in self._fits.items()}
                write_json(self._path, {"kind": KIND, "version": VERSION, "fits": fits})
        fit = self._fits[scene_id]
        if not fit.reliable:
            raise InputError(
                f"scene {scene_id}: its first frames do not match its panorama (correlation {fit.score:.2f}); "
                "state the film back instead (sensor_width_mm)"
            )
        return fit
