"""Where every file of a scene-decoupled data set lies.

The first three folders are those of the CineScene release (the data card of KlingTeam/Scene-Decoupled-Video-dataset)::

    camera/{whuman,wohuman}/<scene_id>/<scene_id>_cam.json
    panorama/<scene_id>/<scene_id>_pano.jpeg
    video/{whuman,wohuman}/<scene_id>/<scene_id>_<clip>.mp4         clip such as 01_24mm

What the release does not have lies beside them and is optional when reading::

    extras/<scene_id>/set.json                  the set, its licence and the panorama's exact camera
    extras/<scene_id>/<scene_id>_pano_depth.png distance of every panorama pixel
    extras/<scene_id>/<scene_id>_pano02.jpeg, …_pano02_depth.png   further panoramas of the place
    extras/<scene_id>/<scene_id>_<clip>.json    caption and facts of the clip
    extras/<scene_id>/<scene_id>_<clip>_cameras.json                exact cameras with lens, size and frame rate
    extras/<scene_id>/<scene_id>_<clip>_depth.png, …_mask.png
    extras/<scene_id>/manifest.json             checksums of all files of the scene; written last
    dataset.json                                what the whole data set is and how it was made
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cinescene.errors import InputError

WITH_SUBJECT = "whuman"
WITHOUT_SUBJECT = "wohuman"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class DatasetLayout:
    """Paths below the folder of a data set. Names that could leave that folder are refused with `InputError`."""

    root: Path

    def camera_file(self, scene_id: str, *, subject: bool) -> Path:
        return self.root / "camera" / _branch(subject) / _name(scene_id) / f"{scene_id}_cam.json"

    def panorama_file(self, scene_id: str) -> Path:
        return self.root / "panorama" / _name(scene_id) / f"{scene_id}_pano.jpeg"

    def further_panorama_file(self, scene_id: str, number: int) -> Path:
        """Of the second panorama of a place (2) and those after it."""
        return self.extras_folder(scene_id) / f"{scene_id}_pano{number:02d}.jpeg"

    def video_file(self, scene_id: str, clip: str, *, subject: bool) -> Path:
        return self.root / "video" / _branch(subject) / _name(scene_id) / f"{scene_id}_{_name(clip)}.mp4"

    def extras_folder(self, scene_id: str) -> Path:
        return self.root / "extras" / _name(scene_id)

    def set_file(self, scene_id: str) -> Path:
        return self.extras_folder(scene_id) / "set.json"

    def manifest_file(self, scene_id: str) -> Path:
        return self.extras_folder(scene_id) / "manifest.json"

    def panorama_depth_file(self, scene_id: str) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_pano_depth.png"

    def further_depth_file(self, scene_id: str, number: int) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_pano{number:02d}_depth.png"

    def clip_file(self, scene_id: str, clip: str) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_{_name(clip)}.json"

    def track_file(self, scene_id: str, clip: str) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_{_name(clip)}_cameras.json"

    def depth_file(self, scene_id: str, clip: str) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_{_name(clip)}_depth.png"

    def mask_file(self, scene_id: str, clip: str) -> Path:
        return self.extras_folder(scene_id) / f"{scene_id}_{_name(clip)}_mask.png"

    @property
    def dataset_file(self) -> Path:
        return self.root / "dataset.json"

    def scene_ids(self) -> list[str]:
        """Names of the scenes that have a camera file, sorted."""
        found = {
            folder.name
            for branch in (WITH_SUBJECT, WITHOUT_SUBJECT)
            for folder in (self.root / "camera" / branch).glob("*")
            if (folder / f"{folder.name}_cam.json").is_file()
        }
        return sorted(found)


def _branch(subject: bool) -> str:
    return WITH_SUBJECT if subject else WITHOUT_SUBJECT


def _name(name: str) -> str:
    if not _NAME.fullmatch(name) or ".." in name:
        raise InputError(f"data set: {name!r} cannot be the name of a scene or clip; expected letters, digits and _-+.")
    return name
