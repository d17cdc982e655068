"""Photos whose cameras came with them: a COLMAP or nerfstudio folder, or any camera file that names its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import torch

from cinescene.cameras.track import CameraTrack
from cinescene.errors import CineSceneError, InputError
from cinescene.scene.finding import natural_key
from cinescene.scene.images import PictureInfo, picture_format, picture_info
from cinescene.scene.lens import LensOrigin, photo_intrinsics
from cinescene.scene.scene import LeftOut, Scene, SceneView
from cinescene.scene.tone_mapping import ToneMapping
from cinescene.scene.view_sources import PictureFile
from cinescene.tensor_types import Float, Tensor

PICTURE_FOLDERS = ("", "images", "input", "rgb")
"""Where pictures lie beside a camera file, in the order of trying."""

MISSING_SUFFIXES = ("", ".png", ".jpg", ".jpeg", ".JPG")
"""Endings tried: synthetic NeRF data name pictures without one."""

FOLDERS_UP = 3
SAME_SHAPE = 0.01


@dataclass(frozen=True, kw_only=True)
class Matched:
    """A picture and its pose; ``as_stored`` if the camera belongs to it without its EXIF orientation."""

    index: int
    info: PictureInfo
    as_stored: bool


def camera_file_in(path: Path) -> Path | None:
    """``path`` itself if it is (or holds) a COLMAP model or a nerfstudio file, else None."""
    from cinescene.cameras.formats import detect_format

    try:
        return path if detect_format(path) in ("colmap", "colmap-binary", "nerfstudio") else None
    except CineSceneError:
        return None


def open_posed(
    folder: Path, cameras: Path | CameraTrack, tone_mapping: ToneMapping, only: Sequence[Path] | None = None
) -> Scene:
    """The scene of a folder of pictures and a camera file or track that names them.

    ``only`` limits the scene to those pictures. Poses without a picture and pictures without a pose are left out and
    named. Raises `InputError` where no picture is found or the cameras name none.
    """
    if isinstance(cameras, CameraTrack):
        track = cameras
    else:
        from cinescene.cameras.formats import read_track

        track = read_track(cameras)
    if track.names is None:
        raise InputError(f"{folder}: expected cameras that name their pictures, but these hold poses only")
    matched, left_out = _matched(folder, track, only)
    if not matched:
        raise InputError(
            f"{folder}: none of the {len(track)} pictures that its camera file names was found, such as "
            f"{track.names[0]!r}; expected them in this folder or in {folder / 'images'}"
        )
    views = tuple(_view(track, match, tone_mapping) for match in matched)
    return Scene(
        name=folder.resolve().name or str(folder),
        kind="posed",
        views=views,
        metres_per_unit=track.metres_per_unit,
        up_known=track.z_up,
        notes=track.notes,
        left_out=(*left_out, *_unposed(matched, left_out, only)),
    )


def _matched(folder: Path, track: CameraTrack, only: Sequence[Path] | None) -> tuple[list[Matched], list[LeftOut]]:
    matched: list[Matched] = []
    left_out: list[LeftOut] = []
    allowed = None if only is None else {path.resolve() for path in only}
    used: set[Path] = set()
    for index, name in enumerate(track.names or ()):
        path = _picture_path(folder, name, used)
        if allowed is not None and (path is None or path.resolve() not in allowed):
            continue
        if path is None:
            left_out.append(LeftOut(name=name, reason="the camera file names it, but there is no such picture"))
            continue
        used.add(path)
        try:
            matched.append(_match(index, path, track))
        except InputError as error:
            left_out.append(LeftOut(name=name, reason=str(error).removeprefix(f"{path}: ")))
    return matched, left_out


def _picture_path(folder: Path, name: str, used: Set[Path]) -> Path | None:
    """The picture of that name in or a little above a folder; where folders were renamed, its file name alone counts.

    A picture that is already used is not taken again, since ``left/1.png`` and ``right/1.png`` share a file name.
    """
    roots = [folder, *list(folder.absolute().parents)[:FOLDERS_UP]]
    for wanted in (name, Path(name).name):
        for root in roots:
            for inside in PICTURE_FOLDERS:
                for suffix in MISSING_SUFFIXES:
                    path = root / inside / f"{wanted}{suffix}"
                    if path not in used and path.is_file():
                        return path
    return None


def _match(index: int, path: Path, track: CameraTrack) -> Matched:
    """Reconstruction programs mostly ignore the EXIF orientation, so a picture's shape as stored is tried first."""
    stored = picture_info(path, upright=False)
    if track.image_size_px is None:
        return Matched(index=index, info=picture_info(path), as_stored=False)
    width, height = (int(x) for x in track.image_size_px[index])
    for info, as_stored in ((stored, True), (picture_info(path), False)):
        if abs(info.width_px / info.height_px / (width / height) - 1) <= SAME_SHAPE:
            return Matched(index=index, info=info, as_stored=as_stored)
    raise InputError(f"{path}: its size is {stored.width_px}×{stored.height_px}, but its camera is {width}×{height}")


def _view(track: CameraTrack, match: Matched, tone_mapping: ToneMapping) -> SceneView:
    info = match.info
    intrinsics, lens = _intrinsics(track, match)
    size = (info.width_px, info.height_px)
    source = PictureFile(path=info.path, size_px=size, upright=not match.as_stored, tone_mapping=tone_mapping)
    assert track.names is not None
    return SceneView(
        name=track.names[match.index],
        source=source,
        intrinsics_px=intrinsics,
        lens=lens,
        world_from_camera=track.world_from_camera[match.index],
    )


def _intrinsics(track: CameraTrack, match: Matched) -> tuple[Float[Tensor, "3 3"], LensOrigin]:
    """The track's lens, scaled where the pictures were scaled since; by EXIF data where the track has none."""
    if track.intrinsics_px is None:
        return photo_intrinsics(match.info.width_px, match.info.height_px, match.info.focal_px)
    camera = track.cameras()[match.index].to(dtype=torch.float64)
    return camera.resized(match.info.width_px, match.info.height_px).intrinsics_px, "calibrated"


def _unposed(matched: Sequence[Matched], left_out: Sequence[LeftOut], only: Sequence[Path] | None) -> Iterator[LeftOut]:
    """Pictures beside the posed ones (or among those asked for) that have no pose."""
    used = {match.info.path.resolve() for match in matched}
    named = {Path(item.name).name for item in left_out}
    if only is None:
        folders = {match.info.path.parent for match in matched}
        beside = [path for folder in folders for path in folder.iterdir() if not path.name.startswith(".")]
        candidates = [path for path in beside if path.is_file() and picture_format(path) is not None]
    else:
        candidates = list(only)
    for path in sorted(candidates, key=natural_key):
        if path.resolve() not in used and path.name not in named:
            yield LeftOut(name=path.name, reason="it has no pose")
