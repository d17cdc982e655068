"""COLMAP models, text or binary: a folder with cameras, images and points3D.

An image's pose is camera-from-world, quaternion ``(w, x, y, z)`` and translation, OpenCV camera axes; pixel centres
lie at +0.5. The world is a reconstruction's: neither its scale nor which way is up is stated. Frames are taken in the
order of the image numbers, which is the order in which COLMAP read the pictures. Models of COLMAP 3.12 and later have
``rigs`` and ``frames`` besides; their ``images`` still hold every picture's whole pose, so they are not needed.
Source: COLMAP's documentation, "Output format".
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import torch

from cinescene.cameras.formats import colmap_binary, colmap_text
from cinescene.cameras.formats.axes import Up, checked_poses, turned_up, z_up_from
from cinescene.cameras.formats.colmap_model import MODEL_BY_NAME, ColmapCamera, ColmapImage, ColmapPoints
from cinescene.cameras.formats.distortion import distortion_note
from cinescene.cameras.formats.documents import existing
from cinescene.cameras.formats.lens import check_size, intrinsics_from, lens_of
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import (
    invert_rigid,
    quaternion_from_rotation,
    rigid,
    rotation_from_quaternion,
    transform_points,
)
from cinescene.errors import GeometryError, InputError

TITLE = "A COLMAP model"
HOLDS = Holds(lens=True, pixel_aspect=True, principal_point=True, size=True, mixed_sizes=True, names=True)

SUBFOLDERS = (".", "sparse/0", "sparse", "0", "colmap/sparse/0", "colmap")
"""Where, under a folder that a user names, a model is looked for."""

_PARTS = ("cameras", "images", "points3D", "rigs", "frames")


def find_model(path: Path) -> tuple[Path, str] | None:
    """The folder of the model that a path means (a folder near it, or one of its files), and ``bin`` or ``txt``."""
    if path.is_file():
        kind = path.suffix[1:].lower()
        return (path.parent, kind) if path.stem in _PARTS and kind in ("bin", "txt") else None
    for folder in (path / sub for sub in SUBFOLDERS):
        for kind in ("bin", "txt"):
            if all((folder / f"{part}.{kind}").is_file() for part in ("cameras", "images")):
                return folder, kind
    return None


def _found(path: Path) -> tuple[Path, str, ModuleType]:
    found = find_model(existing(path, "COLMAP model"))
    if found is None:
        raise InputError(f"{path}: expected a COLMAP model, a folder with cameras and images as .bin or .txt")
    return *found, colmap_binary if found[1] == "bin" else colmap_text


def read(path: Path, *, up: Up | None = None, ignore_distortion: bool = False) -> CameraTrack:
    """The pictures of a model, by image number; ``up`` is the axis of its world that points up, if you know it.

    Raises `InputError` for lenses too bent to be taken for pinholes, unless ``ignore_distortion`` is set.
    """
    folder, kind, module = _found(path)
    cameras: dict[int, ColmapCamera] = module.read_cameras(folder / f"cameras.{kind}")
    numbered: dict[int, ColmapImage] = module.read_images(folder / f"images.{kind}")
    images = [numbered[key] for key in sorted(numbered)]
    if not images:
        raise InputError(f"{folder / f'images.{kind}'}: this model holds no pictures")
    poses, z_up = turned_up(_poses(images), up)
    notes: dict[str, None] = {}
    lenses = {}
    for key in sorted({image.camera_id for image in images}):
        if key not in cameras:
            image = next(image for image in images if image.camera_id == key)
            raise InputError(f"{image.where}: camera {key} is not in cameras.{kind}")
        lenses[key] = cameras[key].lens()
        _check_lens(cameras[key])
        note = distortion_note(lenses[key], cameras[key].where, ignore_distortion)
        notes |= {note: None} if note else {}
    numbers = torch.tensor(
        [[*lenses[image.camera_id].focal_px, *lenses[image.camera_id].centre_px] for image in images],
        dtype=torch.float64,
    )
    return CameraTrack(
        world_from_camera=poses,
        intrinsics_px=intrinsics_from(*numbers.unbind(-1)),
        image_size_px=torch.tensor([lenses[image.camera_id].size_px for image in images]),
        names=_unique_names(images),
        z_up=z_up,
        notes=tuple(notes),
    )


def _check_lens(camera: ColmapCamera) -> None:
    lens = camera.lens()
    check_size(lens.size_px, camera.where)
    if not min(lens.focal_px) > 0:
        raise GeometryError(f"{camera.where}: expected a positive focal length, got {min(lens.focal_px):g} px")


def _poses(images: list[ColmapImage]) -> torch.Tensor:
    quaternions = torch.tensor([image.quaternion for image in images], dtype=torch.float64)
    lengths = torch.linalg.vector_norm(quaternions, dim=-1)
    for image, length in zip(images, lengths.tolist(), strict=True):
        if abs(length - 1) > 0.01:
            raise GeometryError(f"{image.where}: expected a unit quaternion, got one of length {length:.4g}")
    translations = torch.tensor([image.translation for image in images], dtype=torch.float64)
    camera_from_world = rigid(rotation_from_quaternion(quaternions), translations)
    return invert_rigid(checked_poses(camera_from_world.numpy(), lambda i: images[i].where))


def _unique_names(images: list[ColmapImage]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for image in images:
        if image.name in seen:
            raise InputError(
                f"{image.where}: the picture {image.name!r} stands twice; it is also at {seen[image.name]}"
            )
        seen[image.name] = image.where
    return tuple(seen)


def read_colmap_points(path: str | Path, *, up: Up | None = None) -> ColmapPoints:
    """The sparse points of a model, in the world that `read` gives for the same ``up``.

    Raises `InputError` where the folder holds no model or the model no file of points.
    """
    folder, kind, module = _found(Path(path))
    points: ColmapPoints = module.read_points(folder / f"points3D.{kind}")
    if up is None:
        return points
    return ColmapPoints(
        positions=transform_points(z_up_from(up), points.positions),
        colours=points.colours,
        error_px=points.error_px,
        seen_by=points.seen_by,
    )


def write(path: Path, track: CameraTrack, *, binary: bool = False) -> list[str]:
    """Writes a model without points into the folder ``path``; returns sentences on what is lost. Needs a lens."""
    cameras = lens_of(path, track, TITLE)
    _check_free(path, "bin" if binary else "txt")
    names, notes = _names_to_write(path, track, binary)
    world_to_camera = invert_rigid(cameras.world_from_camera)
    quaternions = quaternion_from_rotation(world_to_camera[:, :3, :3]).tolist()
    translations = world_to_camera[:, :3, 3].tolist()
    lenses: dict[tuple, int] = {}
    images = {}
    for i, (k, size) in enumerate(zip(cameras.intrinsics_px.tolist(), cameras.image_size_px.tolist(), strict=True)):
        lens = (*size, k[0][0], k[1][1], k[0][2], k[1][2])
        images[i + 1] = ColmapImage(
            quaternion=tuple(quaternions[i]),
            translation=tuple(translations[i]),
            camera_id=lenses.setdefault(lens, len(lenses) + 1),
            name=names[i],
            where="",
        )
    pinhole = MODEL_BY_NAME["PINHOLE"]
    models = {
        key: ColmapCamera(model=pinhole, size_px=lens[:2], parameters=lens[2:], where="")
        for lens, key in lenses.items()
    }
    (colmap_binary if binary else colmap_text).write_model(path, models, images)
    return notes + what_is_lost(track, TITLE, HOLDS)


def _check_free(folder: Path, kind: str) -> None:
    """Refuses a folder that holds another model, so that none is mixed with it or loses its points."""
    ours = {folder / f"{part}.{kind}" for part in ("cameras", "images", "points3D")}
    for present in (folder / f"{part}.{k}" for part in _PARTS for k in ("bin", "txt")):
        if present.exists() and (present not in ours or (present.stem == "points3D" and _has_points(folder))):
            raise InputError(
                f"{folder}: this folder holds a COLMAP model already ({present.name}); name another folder"
            )


def _has_points(folder: Path) -> bool:
    try:
        return len(read_colmap_points(folder).positions) > 0
    except InputError:
        return True


def _names_to_write(path: Path, track: CameraTrack, binary: bool) -> tuple[tuple[str, ...], list[str]]:
    if track.names is None:
        names = tuple(f"frame_{i + 1:05d}.png" for i in range(len(track)))
        return names, ["The pictures had no names: frame_00001.png and so on are written."]
    for name in track.names:
        if not name.strip() or any(c in name for c in "\0\n\r") or name != name.strip():
            raise InputError(f"{path}: the picture name {name!r} cannot be written to a COLMAP model")
    if not binary and any(" " in name or "\t" in name for name in track.names):
        return track.names, [
            "COLMAP's own reader cuts picture names in text models at the first space; colmap-binary holds them."
        ]
    return track.names, []
