"""Where the panorama of a scene stands: recorded in our own data sets, found from the pictures in the published one.

The release states neither the panorama's pose nor the film back. All clips of a scene begin where its panorama was
taken, so that a clip's first frame, matched with the panorama, gives both.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch

from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.documents import read_kind
from cinescene.data.layout import DatasetLayout
from cinescene.data.lens_fit import RELIABLE_SCORE, LensFit, fit_lens
from cinescene.errors import InputError
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama
from cinescene.tensor_types import Float, Tensor
from cinescene.video import read_video


def recorded_panorama_pose(layout: DatasetLayout, scene_id: str) -> Float[Tensor, "4 4"] | None:
    """``world_from_panorama`` as a data set of ours states it; None where nothing is stated."""
    path = layout.set_file(scene_id)
    if not path.is_file():
        return None
    document = read_kind(path, "set file", "cinescene.set", 1)
    return torch.tensor(document["panorama_world_from_camera"], dtype=torch.float64)


def first_frame_lens(panorama: Panorama, video: Path) -> LensFit:
    """Lens and heading of a clip's first frame, however well it matches."""
    return fit_lens(panorama, read_video(video, [0]).as_float()[0])


@lru_cache(maxsize=1024)
def released_lens(panorama: Path, subject_free_video: Path) -> LensFit:
    """Lens and heading of a clip's first frame. Raises `InputError` where it is not seen in the panorama."""
    place = Panorama.from_image(load_image(panorama).pixels, str(panorama))
    fit = first_frame_lens(place, subject_free_video)
    if not fit.reliable:
        raise InputError(
            f"{subject_free_video}: its first frame is not found in {panorama} (correlation {fit.score:.2f}, expected "
            f"{RELIABLE_SCORE} or more); expected a clip that begins where the panorama was taken"
        )
    return fit


def released_panorama_pose(fit: LensFit, first: Float[Tensor, "4 4"]) -> Float[Tensor, "4 4"]:
    """``world_from_panorama``, given the first frame's ``world_from_camera``."""
    panorama_from_view = level_rotation().mT @ level_rotation(fit.yaw_rad, fit.pitch_rad)
    return rigid(first[:3, :3] @ panorama_from_view.mT.to(first), first[:3, 3])
