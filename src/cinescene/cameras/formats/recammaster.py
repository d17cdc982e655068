"""ReCamMaster's and MultiCamVideo's ``camera_extrinsics.json``, and 360Motion's cameras.

``{"frame0": {"cam01": "[a b c 0] ... ", ..., "cam10": ...}, ..., "frame80": {...}}``: ten cameras that film one scene
at once; see `unreal` for the strings. Source: ReCamMaster's inference script, which reads ``frame{i}`` and
``cam{n:02d}`` and keeps every fourth of the 81 frames, one for each latent frame of its video autoencoder. The lens is
in the clip's folder name (``f18_aperture10``), not in this file.

360Motion (3DTrajMaster) has ``Hemi12_transforms.json``, ``{"C_01_35mm": "[a b c 0] ...", ...}``, without frames: twelve
cameras that stand still. Such a file is read as one pose a camera, named after the camera; or, with ``camera``, as
that camera's one pose.
"""

from __future__ import annotations

from pathlib import Path

from cinescene.cameras.formats.choice import choose_camera
from cinescene.cameras.formats.documents import Field, read_json, write_json
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.unreal import (
    camera_strings,
    frames_in_order,
    poses_from_unreal,
    unreal_strings,
)
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError

TITLE = "A ReCamMaster camera file"
HOLDS = Holds(metres=True, up=True)


def read(path: Path, *, camera: str | None = None, every: int = 1) -> CameraTrack:
    """One camera of a file ("cam03", or its number "3"; the first by default), every ``every``-th frame."""
    if every < 1:
        raise InputError(f"every: expected a whole number of at least 1, got {every}")
    document = read_json(path)
    entries = document.entries()
    if entries and all(isinstance(field.value, str) for _, field in entries):
        return _standing_cameras(path, document, camera)
    cameras = camera_strings(frames_in_order(document, "frame")[::every])
    name, notes = choose_camera(path, list(cameras), camera)
    return CameraTrack(world_from_camera=poses_from_unreal(cameras[name]), metres_per_unit=1.0, notes=notes)


def _standing_cameras(path: Path, document: Field, camera: str | None) -> CameraTrack:
    fields = dict(document.entries())
    if camera is not None:
        name, _ = choose_camera(path, list(fields), camera)
        fields = {name: fields[name]}
    return CameraTrack(
        world_from_camera=poses_from_unreal(list(fields.values())),
        names=tuple(fields),
        metres_per_unit=1.0,
        notes=("The file holds cameras that stand still: one pose a camera.",),
    )


def write(path: Path, track: CameraTrack, *, camera: str = "cam01") -> list[str]:
    """Writes one camera under the name ``camera``; returns sentences on what is lost."""
    strings, notes = unreal_strings(track)
    write_json(path, {f"frame{i}": {camera: string} for i, string in enumerate(strings)})
    return notes + what_is_lost(track, TITLE, HOLDS)
