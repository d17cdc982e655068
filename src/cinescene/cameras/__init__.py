"""Cameras, camera paths and their files. OpenCV axes, ``world_from_camera`` matrices, pixels at +0.5."""

from cinescene.cameras.camera import Cameras
from cinescene.cameras.track import CameraTrack

__all__ = ["CameraTrack", "Cameras"]
