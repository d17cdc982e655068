"""Writing one scene of a data set: files first, the manifest that declares it whole last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats.cinescene_json import write as write_track
from cinescene.cameras.formats.cinescene_release import write_cinescene_cameras
from cinescene.data.documents import read_kind, write_json
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import write_manifest
from cinescene.data.strips import write_depth_strip, write_mask_strip
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.tensor_types import Bool, Float, Tensor, UInt8
from cinescene.video import write_video

PANORAMA_JPEG_QUALITY = 95
VIDEO_CRF = 14


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipRecord:
    """One shot, with and without its subject, and everything known about it.

    ``subject_mask`` marks the subject's pixels, ``affected_mask`` all pixels that it changes (its shadow and soft edge
    too): outside it both clips show the same. ``depth_m`` is the z-depth of the place without the subject.
    """

    clip: str
    track: CameraTrack
    with_subject: UInt8[Tensor, "t 3 h w"]
    without_subject: UInt8[Tensor, "t 3 h w"]
    subject_mask: Bool[Tensor, "t h w"]
    affected_mask: Bool[Tensor, "t h w"]
    depth_m: Float[Tensor, "t h w"]
    caption: str
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class PanoramaRecord:
    """The panorama of a scene, its exact camera and the distance of each of its pixels."""

    image: UInt8[Tensor, "3 h w"]
    camera: Cameras
    distance_m: Float[Tensor, "h w"]


def write_scene(
    layout: DatasetLayout,
    scene_id: str,
    panoramas: Sequence[PanoramaRecord],
    clips: Iterable[ClipRecord],
    place: dict[str, object],
    recipe: dict[str, object],
) -> None:
    """Writes a scene in the release's layout with our extras beside it.

    The first of ``panoramas`` is the release's; further ones lie with the extras.
    ``clips`` may be a generator: one clip is held at a time. ``place`` (what the set is) and ``recipe`` (what makes the
    same scene again) must be JSON. A scene without its manifest does not exist for readers that ask for whole scenes,
    so that a job killed at any moment leaves nothing that looks finished.
    """
    layout.manifest_file(scene_id).unlink(missing_ok=True)
    files = _write_place(layout, scene_id, panoramas, place)
    tracks: dict[str, CameraTrack] = {}
    for record in clips:
        if record.clip in tracks:
            raise InputError(f"scene {scene_id}: two clips are named {record.clip!r}")
        tracks[record.clip] = record.track
        files += _write_clip(layout, scene_id, record)
        del record  # or it stays while the next one is made
    for subject in (True, False):
        path = layout.camera_file(scene_id, subject=subject)
        write_cinescene_cameras(path, tracks)
        files.append(path)
    write_manifest(layout, scene_id, files, recipe)


def _write_place(
    layout: DatasetLayout, scene_id: str, panoramas: Sequence[PanoramaRecord], place: dict[str, object]
) -> list[Path]:
    written = []
    for number, panorama in enumerate(panoramas, start=1):
        picture, distance = panorama_files(layout, scene_id, number)
        with written_whole(picture) as temporary:
            array = np.ascontiguousarray(panorama.image.movedim(0, -1).numpy())
            Image.fromarray(array).save(temporary, format="JPEG", quality=PANORAMA_JPEG_QUALITY, subsampling=0)
        write_depth_strip(distance, panorama.distance_m[None])
        written += [picture, distance]
    document = {
        "kind": "cinescene.set",
        "version": 1,
        "licence": "CC0-1.0",
        "panorama_world_from_camera": panoramas[0].camera.world_from_camera.tolist(),
        "place": place,
    }
    if len(panoramas) > 1:
        document["further_panoramas"] = [p.camera.world_from_camera.tolist() for p in panoramas[1:]]
    write_json(layout.set_file(scene_id), document)
    return [*written, layout.set_file(scene_id)]


def panorama_files(layout: DatasetLayout, scene_id: str, number: int) -> tuple[Path, Path]:
    """Picture and distances of a place's panorama, counted from 1."""
    if number == 1:
        return layout.panorama_file(scene_id), layout.panorama_depth_file(scene_id)
    return layout.further_panorama_file(scene_id, number), layout.further_depth_file(scene_id, number)


@dataclass(frozen=True, kw_only=True)
class StoredPanorama:
    """Files of a panorama, and how high above the ground of its set it was taken."""

    picture_file: Path
    distance_file: Path
    height_m: float


def stored_panoramas(layout: DatasetLayout, scene_id: str) -> list[StoredPanorama]:
    """The panoramas of a place whose exact cameras are recorded; none for the published data. Raises `InputError`."""
    if not layout.set_file(scene_id).is_file():
        return []
    document = read_kind(layout.set_file(scene_id), "set file", "cinescene.set", 1)
    poses = [document.get("panorama_world_from_camera"), *document.get("further_panoramas", [])]
    stored = []
    for number, pose in enumerate(poses, start=1):
        picture, distance = panorama_files(layout, scene_id, number)
        try:
            height = float(np.asarray(pose, dtype=np.float64)[2, 3])
        except (TypeError, ValueError, IndexError) as error:
            raise InputError(
                f"{layout.set_file(scene_id)}: panorama {number}: expected a 4×4 matrix, got {pose!r}"
            ) from error
        stored.append(StoredPanorama(picture_file=picture, distance_file=distance, height_m=height))
    return stored


def _write_clip(layout: DatasetLayout, scene_id: str, record: ClipRecord) -> list[Path]:
    frame_rate = record.track.frame_rate
    if frame_rate is None or len(record.track) != len(record.with_subject):
        raise InputError(f"scene {scene_id}, clip {record.clip}: expected a track with a frame rate and a pose a frame")
    with_file = layout.video_file(scene_id, record.clip, subject=True)
    without_file = layout.video_file(scene_id, record.clip, subject=False)
    write_video(with_file, record.with_subject, frame_rate, crf=VIDEO_CRF)
    write_video(without_file, record.without_subject, frame_rate, crf=VIDEO_CRF)
    depth_file, mask_file = layout.depth_file(scene_id, record.clip), layout.mask_file(scene_id, record.clip)
    write_depth_strip(depth_file, record.depth_m)
    write_mask_strip(mask_file, record.subject_mask, record.affected_mask)
    clip_file = layout.clip_file(scene_id, record.clip)
    document = {
        "kind": "cinescene.clip",
        "version": 1,
        "caption": record.caption,
        "facts": record.facts,
    }
    write_json(clip_file, document)
    track_file = layout.track_file(scene_id, record.clip)
    write_track(track_file, record.track)
    return [with_file, without_file, depth_file, mask_file, clip_file, track_file]
