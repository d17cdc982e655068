"""Making a `Scene` of whatever a user has: see `Scene.open`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError
from cinescene.files import readable_file
from cinescene.scene.finding import (
    FoundPictures,
    in_words,
    is_pattern,
    is_video,
    listed_pictures,
    pictures_in_folder,
    pictures_of_pattern,
)
from cinescene.scene.images import PictureInfo, load_image, picture_format, picture_info
from cinescene.scene.lens import photo_intrinsics
from cinescene.scene.panorama import ASPECT_TOLERANCE, Panorama, check_panorama_size
from cinescene.scene.posed_folder import camera_file_in, open_posed
from cinescene.scene.samples import is_sample, sample_path
from cinescene.scene.scene import Kind, LeftOut, Scene, SceneView
from cinescene.scene.tone_mapping import ToneMapping
from cinescene.scene.video_frames import choose_frames
from cinescene.scene.view_layout import ViewLayout
from cinescene.scene.view_sources import HeldPicture, PanoramaCrop, PictureFile

WIDE_ASPECT = 2.2
NEARLY_TWO_TO_ONE = 0.15
KINDS = ("auto", "panorama", "photos", "video", "posed")


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenOptions:
    """The arguments of `Scene.open` after their defaults are filled in."""

    kind: Kind | Literal["auto"]
    layout: ViewLayout
    cameras: CameraTrack | None
    frame_count: int
    tone_mapping: ToneMapping


def open_scene(source: str | Path | Sequence[str | Path], options: OpenOptions) -> Scene:
    """See `Scene.open`."""
    if options.kind not in KINDS:
        raise InputError(f"kind of scene: expected one of {', '.join(KINDS)}, got {options.kind!r}")
    if not isinstance(source, (str, Path)):
        paths = list(source)
        if len(paths) == 1:
            return open_scene(paths[0], options)
        return _from_pictures(listed_pictures(paths), f"{len(paths)} pictures", options)
    path = sample_path(source) if isinstance(source, str) and is_sample(source) else Path(source)
    try:
        exists = path.exists()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if path.is_dir():
        return _open_folder(path, options)
    if not exists and is_pattern(str(source)):
        return _from_pictures(pictures_of_pattern(str(source)), str(source), options)
    return _open_file(path, options)


def _open_folder(folder: Path, options: OpenOptions) -> Scene:
    if options.cameras is not None:
        return open_posed(folder, options.cameras, options.tone_mapping)
    if options.kind in ("auto", "posed"):
        camera_file = camera_file_in(folder)
        if camera_file is not None:
            return open_posed(folder, camera_file, options.tone_mapping)
        if options.kind == "posed":
            raise InputError(
                f"{folder}: expected a COLMAP model or a transforms.json in this folder, but found neither"
            )
    return _from_pictures(pictures_in_folder(folder), folder.resolve().name or str(folder), options)


def _open_file(path: Path, options: OpenOptions) -> Scene:
    if not path.exists():
        raise InputError(
            f"{path}: no such file or folder; expected a panorama, a photo, a folder or glob of photos, a video, or a "
            "COLMAP or nerfstudio folder"
        )
    if not path.is_file():
        raise InputError(f"{path}: expected a file or folder, but this is a device or pipe")
    readable_file(path)
    if options.kind == "video" or (options.kind == "auto" and is_video(path)):
        return _from_video(path, options.frame_count)
    if options.kind == "posed" or (options.kind == "auto" and picture_format(path) is None and camera_file_in(path)):
        return open_posed(path.parent, path, options.tone_mapping)
    found = FoundPictures(pictures=(picture_info(path),))
    return _from_pictures(found, path.name, options)


# ---- pictures -------------------------------------------------------------------------------------------------------


def _from_pictures(found: FoundPictures, name: str, options: OpenOptions) -> Scene:
    pictures, tone_mapping = found.pictures, options.tone_mapping
    if options.kind == "video":
        raise InputError(f"{name}: expected one video file, got {len(pictures)} pictures")
    if options.kind == "panorama" and len(pictures) != 1:
        raise InputError(f"{name}: expected one panorama, got {len(pictures)} pictures; name one of them")
    alone = len(pictures) == 1 and options.cameras is None
    if options.kind == "panorama" or (options.kind == "auto" and alone and _is_two_to_one(pictures[0])):
        return _from_panorama(pictures[0], options.layout, tone_mapping)
    if options.kind == "auto" and len(pictures) > 1 and all(_is_two_to_one(info) for info in pictures):
        raise InputError(
            f"{name}: all {len(pictures)} pictures are twice as wide as high; a scene is made of one panorama, so name "
            "one of them, or say that they are photos (kind photos)"
        )
    if options.cameras is not None:
        return open_posed(pictures[0].path.parent, options.cameras, tone_mapping, [info.path for info in pictures])
    names = _display_names([info.path for info in pictures])
    views = tuple(_photo_view(info, view_name, tone_mapping) for info, view_name in zip(pictures, names, strict=True))
    return Scene(name=name, kind="photos", views=views, notes=_photo_notes(pictures, names), left_out=_left_out(found))


def _photo_view(info: PictureInfo, name: str, tone_mapping: ToneMapping) -> SceneView:
    size = (info.width_px, info.height_px)
    intrinsics, lens = photo_intrinsics(*size, info.focal_px)
    source = PictureFile(path=info.path, size_px=size, tone_mapping=tone_mapping)
    return SceneView(name=name, source=source, intrinsics_px=intrinsics, lens=lens)


def _photo_notes(pictures: Sequence[PictureInfo], names: Sequence[str]) -> tuple[str, ...]:
    notes = [f"{name}: {note}" for info, name in zip(pictures, names, strict=True) for note in info.notes]
    whole, nearly, wide = (
        [name for info, name in zip(pictures, names, strict=True) if shape(info)]
        for shape in (_is_two_to_one, _is_nearly_two_to_one, _is_very_wide)
    )
    if whole:
        notes.append(f"{in_words(whole)}: twice as wide as high; a panorama must be given alone")
    if nearly:
        notes.append(
            f"{in_words(nearly)}: nearly, but not, 2:1, so taken as a photo; a panorama must be 2:1 to within 1 %"
        )
    if wide:
        notes.append(f"{in_words(wide)}: so wide a picture is often stitched, and no single lens describes it")
    return tuple(notes)


def _left_out(found: FoundPictures) -> tuple[LeftOut, ...]:
    unreadable = [LeftOut(name=path.name, reason=reason) for path, reason in found.unreadable]
    return (*unreadable, *(LeftOut(name=path.name, reason="no picture") for path in found.ignored))


def _display_names(paths: Sequence[Path]) -> list[str]:
    """File names, with as many folders before them as it takes to tell them apart."""
    for depth in range(1, 1 + max(len(path.parts) for path in paths)):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


# ---- panorama and video ---------------------------------------------------------------------------------------------


def _is_two_to_one(info: PictureInfo) -> bool:
    return abs(info.width_px / info.height_px / 2 - 1) <= ASPECT_TOLERANCE


def _is_nearly_two_to_one(info: PictureInfo) -> bool:
    return not _is_two_to_one(info) and abs(info.width_px / info.height_px - 2) < NEARLY_TWO_TO_ONE


def _is_very_wide(info: PictureInfo) -> bool:
    return info.width_px / info.height_px >= WIDE_ASPECT


def _from_panorama(info: PictureInfo, layout: ViewLayout, tone_mapping: ToneMapping) -> Scene:
    check_panorama_size(info.width_px, info.height_px, str(info.path))
    if info.partial is not None:
        raise InputError(
            f"{info.path}: expected a full panorama, but {info.partial}; extend it to 360° × 180° equirectangular in a "
            "stitcher, or give it as a photo (kind photos)"
        )
    picture = load_image(info.path, tone_mapping)
    panorama = Panorama.from_image(picture.pixels, str(info.path))
    return panorama_scene(info.path.name, panorama, layout, picture.info.notes)


def panorama_scene(name: str, panorama: Panorama, layout: ViewLayout, notes: tuple[str, ...] = ()) -> Scene:
    """The scene of a panorama, with the views that a layout cuts from it."""
    cameras = layout.cameras(panorama.camera)
    views = tuple(
        SceneView(
            name=view_name,
            source=PanoramaCrop(panorama=panorama, camera=cameras[index]),
            intrinsics_px=cameras.intrinsics_px[index],
            lens="exact",
            world_from_camera=cameras.world_from_camera[index],
        )
        for index, view_name in enumerate(layout.names)
    )
    return Scene(
        name=name,
        kind="panorama",
        views=views,
        panorama=panorama,
        metres_per_unit=1.0,
        up_known=True,
        notes=notes,
    )


def _from_video(path: Path, frame_count: int) -> Scene:
    chosen = choose_frames(path, frame_count)
    _, _, height, width = chosen.frames.shape
    intrinsics, lens = photo_intrinsics(width, height, None)
    views = tuple(
        SceneView(
            name=f"{_clock(time_s)} (frame {index})",
            source=HeldPicture(pixels=frame),
            intrinsics_px=intrinsics,
            lens=lens,
        )
        for frame, index, time_s in zip(chosen.frames, chosen.indices, chosen.times_s, strict=True)
    )
    notes = []
    if len(views) < frame_count:
        notes.append(f"the video holds only {len(views)} frames; all of them are used")
    if chosen.cut_times_s:
        cuts = ", ".join(_clock(time_s) for time_s in chosen.cut_times_s[:5])
        notes.append(f"the video seems to cut at {cuts}; a scene must show one place, so cut out the part that does")
    return Scene(name=path.name, kind="video", views=views, notes=tuple(notes))


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(time_s, 60)
    return f"{int(minutes):02d}:{seconds:05.2f}"
