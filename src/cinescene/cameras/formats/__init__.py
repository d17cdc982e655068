"""Camera files: reading and writing tracks in the formats of film, games, vision and video models.

`read_track` and `write_track` know all of them; what each holds and its convention is in ``docs/formats.md`` and at the
top of its module. Whatever a format has no place for is said in sentences, never dropped silently.
"""

from cinescene.cameras.formats.cinescene_release import read_cinescene_cameras, write_cinescene_cameras
from cinescene.cameras.formats.colmap import read_colmap_points
from cinescene.cameras.formats.colmap_model import ColmapPoints
from cinescene.cameras.formats.detection import detect_format
from cinescene.cameras.formats.registry import FORMATS, CameraFormat, read_options, read_track, write_track

__all__ = [
    "FORMATS",
    "CameraFormat",
    "ColmapPoints",
    "detect_format",
    "read_cinescene_cameras",
    "read_colmap_points",
    "read_options",
    "read_track",
    "write_cinescene_cameras",
    "write_track",
]
