"""Ways to ask a model for the same shot: the whole scene, less of it, none of it; who acts, and who says where."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.evaluation.placed_shot import moved_performance
from cinescene.scene.scene import Scene, SceneView
from cinescene.scene.view_layout import ViewLayout
from cinescene.scene.view_sources import HeldPicture
from cinescene.sets.subjects.performance import Performance
from cinescene.tensor_types import Float, Tensor

NAMES = ("recorded", "caption", "empty", "no-scene", "shuffled", "views-N", "photos-N")
EMPTY_PROMPT = "an empty place"
MOST_VIEWS = 20
ORDER_SEED = 1
_COUNTED = re.compile(r"(views|photos)-(\d{1,2})")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to ask.

    ``name`` is one of:

    ``recorded``
        The panorama, the caption, and stand-ins where the truth's subjects are (placed by the caption where the data
        does not say where they are).
    ``caption``
        The same with stand-ins placed by the caption alone.
    ``empty``
        An empty place is asked for.
    ``no-scene``
        Caption and camera alone: the same model is shown nothing of the place.
    ``shuffled``
        As ``recorded``, the scene's views in another order.
    ``views-N``
        As ``recorded``, but N views are cut from the panorama; the previz still flies through all of it.
    ``photos-N``
        N of the panorama's views as photos with known cameras, and no panorama: nothing is known beyond them.
    """

    name: str

    def __post_init__(self) -> None:
        counted = _COUNTED.fullmatch(self.name)
        if not (counted and 1 <= int(counted[2]) <= MOST_VIEWS) and self.name not in NAMES[:5]:
            raise InputError(
                f"variant: expected one of {', '.join(NAMES)} (N from 1 to {MOST_VIEWS}), got {self.name!r}"
            )

    @property
    def view_count(self) -> int | None:
        """N; None where the model's usual views are shown."""
        counted = _COUNTED.fullmatch(self.name)
        return int(counted[2]) if counted else None

    @property
    def as_photos(self) -> bool:
        return self.name.startswith("photos-")

    def method(self, model: str) -> str:
        """What the model's clips are called in tables."""
        return model if self.name == "recorded" else f"{model} {self.name}"


def chosen_variants(names: Sequence[str]) -> list[Variant]:
    """Variants by name; ``caption`` brings ``empty`` with it, which its actors are told from."""
    wanted = list(dict.fromkeys(names))
    if "caption" in wanted and "empty" not in wanted:
        wanted.insert(wanted.index("caption"), "empty")
    wanted.sort(key=lambda name: name == "caption")
    return [Variant(name=name) for name in wanted]


@dataclass(frozen=True, kw_only=True, eq=False)
class Staged:
    """A scene with path and performances in its own world; ``camera`` may be moves."""

    scene: Scene
    camera: CameraTrack | str
    performances: tuple[Performance, ...]


def staged(variant: Variant, panorama_file: Path, camera: CameraTrack | str, actors: Sequence[Performance]) -> Staged:
    """What a variant shows of a panorama; ``camera`` and ``actors`` are in the world of paths (see `PlacedShot`)."""
    yaw_rad = 0.0 if isinstance(camera, str) else _yaw_rad(camera)
    count = variant.view_count
    layout = None if count is None else _turned_ring(count, 0.0 if variant.as_photos else yaw_rad)
    if variant.as_photos:
        turn = rigid(level_rotation() @ level_rotation(yaw_rad).mT, torch.zeros(3, dtype=torch.float64))
        assert count is not None
        return Staged(
            scene=_photos(Scene.open(panorama_file, layout=_turned_ring(count, yaw_rad)), turn),
            camera=camera if isinstance(camera, str) else _moved(camera, turn),
            performances=tuple(moved_performance(p, turn) for p in actors),
        )
    scene = Scene.open(panorama_file, layout=layout)
    return Staged(
        scene=shuffled_views(scene) if variant.name == "shuffled" else scene,
        camera=camera,
        performances=tuple(actors),
    )


def shuffled_views(scene: Scene) -> Scene:
    """The same scene with its views in another order; the start view stays the same picture."""
    order = torch.randperm(len(scene.views), generator=torch.Generator().manual_seed(ORDER_SEED)).tolist()
    return dataclasses.replace(
        scene, views=tuple(scene.views[i] for i in order), start_view=order.index(scene.start_view)
    )


def _yaw_rad(track: CameraTrack) -> float:
    """Where the first camera looks, to the right of +y."""
    ahead = track.world_from_camera[0, :3, 2]
    return math.atan2(float(ahead[0]), float(ahead[1]))


def _turned_ring(count: int, yaw_rad: float) -> ViewLayout:
    """N views on the horizon, the first where the shot begins to look."""
    ring = ViewLayout.ring(count)
    return dataclasses.replace(ring, directions_rad=tuple((yaw + yaw_rad, 0.0) for yaw, _ in ring.directions_rad))


def _photos(scene: Scene, motion: Float[Tensor, "4 4"]) -> Scene:
    """A panorama's views as photos with known cameras, in the moved world."""
    pictures = scene.pictures()
    views = tuple(
        SceneView(
            name=view.name,
            source=HeldPicture(pixels=pixels),
            intrinsics_px=view.intrinsics_px,
            lens="exact",
            world_from_camera=motion @ view.world_from_camera.double(),
        )
        for view, pixels in zip(scene.views, pictures, strict=True)
        if view.world_from_camera is not None
    )
    return Scene(name=scene.name, kind="posed", views=views, metres_per_unit=1.0, up_known=True)


def _moved(track: CameraTrack, motion: Float[Tensor, "4 4"]) -> CameraTrack:
    cameras = track.cameras().to(dtype=torch.float64).moved(motion)
    return CameraTrack.from_cameras(cameras, frame_rate=track.frame_rate, metres_per_unit=track.metres_per_unit)
