"""Clips of the published data set: where their panorama stands and which lens they have, found from the pictures.

The release states neither the panorama's pose nor the film back. All clips of a scene begin where its panorama was
taken, so that a clip's first frame, matched with the panorama, gives both.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.lens_fit import RELIABLE_SCORE, LensFit, fit_lens
from cinescene.errors import InputError
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama
from cinescene.tensor_types import Float, Tensor
from cinescene.video import read_video


@lru_cache(maxsize=1024)
def released_lens(panorama: Path, subject_free_video: Path) -> LensFit:
    """Lens and heading of a clip's first frame. Raises `InputError` where it is not seen in the panorama."""
    place = Panorama.from_image(load_image(panorama).pixels, str(panorama))
    fit = fit_lens(place, read_video(subject_free_video, [0]).as_float()[0])
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
