"""Signs that a file is of another convention than it was read in: things that are possible but hardly meant."""

import math

import torch

from cinescene.cameras.track import CameraTrack


def suspicions(track: CameraTrack) -> list[str]:
    """Sentences on a track that looks misread."""
    found = []
    if track.z_up and len(track) > 1:
        tops = -track.world_from_camera[:, 2, 1]
        if bool((tops < -0.5).all()):
            found.append(
                "Every camera is upside down: are the file's camera axes OpenCV's where OpenGL's are the format's, "
                "or the reverse?"
            )
    if track.intrinsics_px is not None:
        widest = float(track.cameras().to(dtype=torch.float64).field_of_view_rad.max())
        if widest > math.radians(170):
            found.append(
                f"A field of view of {math.degrees(widest):.1f}° is hardly meant: are focal lengths in other units?"
            )
    return found
