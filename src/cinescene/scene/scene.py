"""`Scene`: the pictures of one place, where they were taken as far as that is known, and how long a unit is."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import check_rigid
from cinescene.errors import GeometryError, InputError
from cinescene.scene.fitting import Fit, Fitting
from cinescene.scene.lens import LensOrigin
from cinescene.scene.panorama import Panorama, closest_spacing_rad, resample_panorama
from cinescene.scene.tone_mapping import ToneMapping
from cinescene.scene.view_layout import ViewLayout
from cinescene.scene.view_sources import ViewSource, pixel_digest
from cinescene.tensor_types import Float, Tensor, UInt8

Kind = Literal["panorama", "photos", "video", "posed"]
"""``posed``: photos whose cameras came with them (COLMAP, nerfstudio)."""

VIEWS_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneView:
    """One picture of the place. Its pixels are read by `load`, not before.

    ``intrinsics_px``
        Perspective intrinsics at the picture's own size (`Cameras`); how they are known says ``lens``.
    ``world_from_camera``
        Its pose in the scene's world, or None.
    """

    name: str
    source: ViewSource
    intrinsics_px: Float[Tensor, "3 3"]
    lens: LensOrigin
    world_from_camera: Float[Tensor, "4 4"] | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        return self.source.size_px

    @property
    def horizontal_fov_rad(self) -> float:
        return float(self._camera(torch.eye(4, dtype=torch.float64)).field_of_view_rad[0])

    @property
    def camera(self) -> Cameras | None:
        """Its camera (no batch axis), or None if its pose is not known."""
        return None if self.world_from_camera is None else self._camera(self.world_from_camera)

    def _camera(self, world_from_camera: Tensor) -> Cameras:
        return Cameras(
            world_from_camera=world_from_camera,
            intrinsics_px=self.intrinsics_px,
            image_size_px=torch.tensor(self.size_px),
        )

    def load(self) -> UInt8[Tensor, "3 h w"]:
        """Its pixels, 8-bit sRGB; raises `InputError` that names the file where it is damaged."""
        return self.source.load()


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that was given but is not part of the scene, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneImages:
    """Views at one size, with intrinsics to match; ``cameras`` (v,) if all their poses are known."""

    images: Float[Tensor, "v 3 h w"]
    intrinsics_px: Float[Tensor, "v 3 3"]
    cameras: Cameras | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A place as it was photographed.

    ``views``
        Its perspective pictures, of any sizes; those of a panorama are cut from it by a `ViewLayout`.
    ``panorama``
        The panorama, if it was taken from one.
    ``metres_per_unit``
        Length of a world unit, or None if unknown, as in a reconstruction. A panorama's world holds nothing but its
        own centre, so its unit is a metre by definition.
    ``up_known``
        Whether the world's +z is known to point up.
    ``start_view``
        Index of the view that a shot starts from unless it says otherwise.
    ``notes``, ``left_out``
        What had to be assumed, and what was given but not used, in sentences for the user.
    """

    name: str
    kind: Kind
    views: tuple[SceneView, ...]
    panorama: Panorama | None = None
    metres_per_unit: float | None = None
    up_known: bool = False
    start_view: int = 0
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        if not self.views:
            raise InputError(f"{self.name}: a scene needs at least one picture")
        if not 0 <= self.start_view < len(self.views):
            raise InputError(
                f"start view: expected 0 to {len(self.views) - 1} for the {len(self.views)} views of {self.name}, "
                f"got {self.start_view}"
            )
        if self.metres_per_unit is not None and not (self.metres_per_unit > 0 and math.isfinite(self.metres_per_unit)):
            raise GeometryError(f"metres per unit: expected a positive number, got {self.metres_per_unit}")
        for view in self.views:
            if view.world_from_camera is not None:
                check_rigid(view.world_from_camera, f"{view.name}: world_from_camera")

    @classmethod
    def open(
        cls,
        source: str | Path | Sequence[str | Path],
        *,
        kind: Kind | Literal["auto"] = "auto",
        layout: ViewLayout | None = None,
        cameras: CameraTrack | None = None,
        frame_count: int = 20,
        tone_mapping: ToneMapping | None = None,
        metres_per_unit: float | None = None,
    ) -> Scene:
        """The scene in a panorama, a photo, several photos (list, folder, glob), a video, or a posed folder.

        A single picture twice as wide as high is taken as a panorama, unless ``kind`` says ``photos``. ``cameras``
        gives the poses of photos by their names (see ``cinescene.cameras.formats.read_track``). ``layout`` says which
        views are cut from a panorama (the paper's 20 by default), ``frame_count`` how many frames are chosen from a
        video. Only headers are read; damaged pixels are found when a view is loaded.

        Raises `InputError` that names the file and says what to do.
        """
        from cinescene.scene.opening import OpenOptions, open_scene

        options = OpenOptions(
            kind=kind,
            layout=layout or ViewLayout.paper(),
            cameras=cameras,
            frame_count=frame_count,
            tone_mapping=tone_mapping or ToneMapping(),
        )
        scene = open_scene(source, options)
        return scene if metres_per_unit is None else dataclasses.replace(scene, metres_per_unit=metres_per_unit)

    # ---- cameras ----------------------------------------------------------------------------------------------------

    @cached_property
    def cameras(self) -> Cameras | None:
        """The cameras (v,) of all views, of mixed sizes perhaps; None unless every pose is known."""
        poses = [view.world_from_camera for view in self.views if view.world_from_camera is not None]
        if len(poses) < len(self.views):
            return None
        return Cameras(
            world_from_camera=torch.stack([pose.double() for pose in poses]),
            intrinsics_px=torch.stack([view.intrinsics_px.double() for view in self.views]),
            image_size_px=torch.tensor([view.size_px for view in self.views]),
        )

    @property
    def unposed(self) -> tuple[str, ...]:
        """Names of the views whose pose is not known."""
        return tuple(view.name for view in self.views if view.world_from_camera is None)

    # ---- pictures ---------------------------------------------------------------------------------------------------

    def pictures(self) -> Iterator[UInt8[Tensor, "3 h w"]]:
        """The pixels of each view at its own size, one after the other; quicker than `SceneView.load` for panoramas."""
        if self.panorama is None or self.cameras is None:
            for view in self.views:
                yield view.load()
            return
        pyramid = self.panorama.pyramid(closest_spacing_rad(self.cameras))
        for start in range(0, len(self.views), VIEWS_AT_ONCE):
            part = resample_panorama(self.panorama, self.cameras[start : start + VIEWS_AT_ONCE], pyramid)
            yield from part.mul_(255).round_().to(torch.uint8)

    def view_images(self, size_px: tuple[int, int], fit: Fit = "cover") -> SceneImages:
        """All views at one size (width, height), RGB in [0, 1], with the intrinsics and cameras of those pictures.

        Proportions are kept: ``cover`` cuts what does not fit, ``contain`` pads with grey (a panorama is simply looked
        into wider instead). Raises `InputError` that names the file where a picture is damaged.
        """
        fittings = [Fitting.of(view.size_px, size_px, fit) for view in self.views]
        pairs = list(zip(self.views, fittings, strict=True))
        intrinsics = torch.stack([fitting.intrinsics(view.intrinsics_px.double()) for view, fitting in pairs])
        cameras = self.cameras
        if cameras is not None:
            cameras = dataclasses.replace(
                cameras, intrinsics_px=intrinsics, image_size_px=torch.tensor(size_px).expand(len(pairs), 2)
            )
        if self.panorama is not None and cameras is not None:
            images = resample_panorama(self.panorama, cameras)
        else:
            images = torch.stack([fitting.picture(view.load()) for view, fitting in pairs]).float() / 255
        return SceneImages(images=images, intrinsics_px=intrinsics, cameras=cameras)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the decoded pixels, lenses, poses, scale and start view: the same wherever the files lie.

        Reads every picture the first time. A panorama counts as itself and the cameras of its views.
        """
        digest = hashlib.sha256(f"cinescene scene 1: {self.metres_per_unit} {self.up_known} {self.start_view}".encode())
        if self.panorama is not None:
            digest.update(pixel_digest(self.panorama.image).encode())
            digest.update(_canonical(self.panorama.camera.world_from_camera))
        for view in self.views:
            digest.update(f"\n{view.size_px} ".encode())
            digest.update(b"cut" if self.panorama is not None else view.source.digest.encode())
            digest.update(_canonical(view.intrinsics_px))
            digest.update(b"unposed" if view.world_from_camera is None else _canonical(view.world_from_camera))
        return digest.hexdigest()

    # ---- scale ------------------------------------------------------------------------------------------------------

    def metres(self, distance_units: float) -> float:
        """A distance in this scene's units in metres; raises `GeometryError` where its scale is not known."""
        return distance_units * self._scale()

    def units(self, distance_m: float) -> float:
        """A distance in metres in this scene's units; raises `GeometryError` where its scale is not known."""
        return distance_m / self._scale()

    def _scale(self) -> float:
        if self.metres_per_unit is None:
            raise GeometryError(
                f"{self.name}: lengths in metres need the scale of this scene, which pictures alone do not tell; "
                "measure one distance on the set and state it (Scene.with_scale, or metres_per_unit when opening)"
            )
        return self.metres_per_unit

    def with_scale(self, *, distance_units: float, distance_m: float) -> Scene:
        """The same scene with its scale fixed by one measured distance, given in its units and in metres."""
        for value, unit in ((distance_units, "scene units"), (distance_m, "metres")):
            if not (value > 0 and math.isfinite(value)):
                raise GeometryError(f"measured distance: expected a positive number of {unit}, got {value}")
        return dataclasses.replace(self, metres_per_unit=distance_m / distance_units)

    def with_start_view(self, start_view: int) -> Scene:
        """The same scene with another start view."""
        return dataclasses.replace(self, start_view=start_view)


def _canonical(numbers: Tensor) -> bytes:
    """Numbers to nine decimals as text, so that rounding noise of one platform does not change a hash."""
    return " ".join(f"{value + 0.0:.9f}" for value in numbers.double().round(decimals=9).flatten().tolist()).encode()
