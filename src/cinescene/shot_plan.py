"""`ShotPlan`: a shot that has been checked before anything is computed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cinescene.blocking.document import read_blocking
from cinescene.blocking.floor import free_floor
from cinescene.blocking.staging import stage_prompt
from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.request import ShotRequest
from cinescene.errors import InputError
from cinescene.model.autoencoder import check_clip_size
from cinescene.model.checkpoints import ModelParts
from cinescene.model.levers import Levers
from cinescene.model.memory import check_memory, estimate_memory
from cinescene.model.scene_inputs import PrevizKind, multiple_px, previz_kind, scene_to_shoot, surroundings_of
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.previz.support import path_warnings
from cinescene.sampling import SamplingOptions
from cinescene.scene.around.panorama import turns_cache
from cinescene.scene.relief_cache import relief_cache
from cinescene.scene.scene import Scene
from cinescene.sets.subjects.performance import Performance
from cinescene.shot_settings import ShotSettings, plan_path


class Clock:
    """Seconds that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - start


@dataclass(frozen=True, kw_only=True, eq=False)
class ShotPlan:
    """Scene, path and options of a shot, all settled.

    ``source`` is the scene as it was given, ``scene`` what is shot: photos may have become a panorama.
    ``track`` has the size of what the model makes; the video is ``enlarge`` times as large (`delivered_track`).
    ``surroundings`` are what a panorama's previz moves through. ``performances`` are played by stand-ins in the previz,
    in the path's world.
    ``request`` is what was asked for in words and file names, for the manifest; objects are None there.
    """

    source: Scene
    scene: Scene
    track: CameraTrack
    settings: ShotSettings
    sampling: SamplingOptions
    detail: float
    enlarge: int
    previz: PrevizKind
    surroundings: StandIn | ReliefSurface | None
    performances: tuple[Performance, ...]
    seed: int
    request: dict[str, Any]
    notes: tuple[str, ...]
    timings: Clock = field(default_factory=Clock)

    @property
    def delivered_track(self) -> CameraTrack:
        """The path with the lens in pixels of the video."""
        if self.enlarge == 1:
            return self.track
        cameras = self.track.cameras()
        width, height = cameras.size_px
        cameras = cameras.resized(self.enlarge * width, self.enlarge * height)
        return replace(self.track, intrinsics_px=cameras.intrinsics_px, image_size_px=cameras.image_size_px)

    @classmethod
    def made(
        cls,
        parts: ModelParts,
        levers: Levers,
        scene: Scene | str | Path | Sequence[str | Path],
        prompt: str,
        camera: str | Path | CameraTrack | Cameras,
        seed: int,
        settings: ShotSettings,
    ) -> ShotPlan:
        """Checks everything that can be checked; raises `InputError` that says what to change."""
        _check_prompt(prompt)
        if not 0 <= seed < 2**63:
            raise InputError(f"seed: expected a whole number from 0 to 2^63 − 1, got {seed}")
        source = scene if isinstance(scene, Scene) else Scene.open(scene)
        if settings.start_view is not None:
            source = source.with_start_view(settings.start_view)
        path = plan_path(camera, settings, parts.defaults, parts.transformer.config.frames_per_latent)
        width, height = path.track.cameras().size_px
        check_clip_size(len(path.track), height, width, parts.autoencoder.temporal_factor, multiple_px(parts))
        sampling = settings.sampling(parts.defaults)
        place = source if settings.hide_scene else scene_to_shoot(source, settings.previz, parts, turns_cache())
        previz = "none" if settings.hide_scene else previz_kind(settings.previz, place, parts)
        detail = settings.detail_tolerance(parts.defaults)
        enlarge = settings.enlargement(parts.defaults, has_detail=detail > 0 and previz != "none")
        _check_fits(parts, levers, sampling, (len(path.track), width, height), len(place.views), enlarge)
        surroundings = surroundings_of(
            place, previz, parts, settings.camera_height_m, settings.dome_radius_m, relief_cache()
        )
        warnings = [] if surroundings is None else path_warnings(path.track, surroundings)
        performances = _performances(parts, surroundings, previz, prompt, path.track, seed, settings)
        return cls(
            source=source,
            scene=place,
            track=path.track,
            settings=settings,
            sampling=sampling,
            detail=detail,
            enlarge=enlarge,
            previz=previz,
            surroundings=surroundings,
            performances=performances,
            seed=seed,
            request={
                "scene": None if isinstance(scene, Scene) else _names(scene),
                "prompt": prompt,
                "camera": str(camera) if isinstance(camera, str | Path) else None,
                "seed": seed,
            },
            notes=(*path.notes, *path.track.notes, *warnings),
        )


def _performances(
    parts: ModelParts,
    surroundings: StandIn | ReliefSurface | None,
    previz: PrevizKind,
    prompt: str,
    track: CameraTrack,
    seed: int,
    settings: ShotSettings,
) -> tuple[Performance, ...]:
    """What stand-ins play; nothing for a model that does not know them."""
    known = parts.transformer.config.stand_ins and previz != "none"
    if settings.blocking not in ("auto", "none"):
        if not known:
            raise InputError(
                "blocking: stand-ins are drawn into the previz; this shot has none, or its model was built without "
                "stand-ins (stand_ins=False)"
            )
        return read_blocking(Path(settings.blocking))
    if settings.blocking == "none" or not known:
        return ()
    floor_m = -settings.camera_height_m
    free = free_floor(surroundings, floor_m) if isinstance(surroundings, ReliefSurface) else None
    return stage_prompt(prompt, track.cameras(), track.frame_times_s().tolist(), floor_m, seed, free)


def check_words(scene: str | Sequence[str], prompt: str, camera: str) -> None:
    """Raises `InputError` for what can be seen to be wrong before a model is loaded, which takes a while."""
    _check_prompt(prompt)
    request = ShotRequest(camera=camera, width_px=16, height_px=16)
    if request.is_file():
        read_track(Path(camera))
    else:
        parse_moves(camera)
    Scene.open(scene)


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise InputError("prompt: expected a few words about what happens (the place need not be described), got none")


def _check_fits(
    parts: ModelParts, levers: Levers, sampling: SamplingOptions, size: tuple[int, int, int], views: int, enlarge: int
) -> None:
    frames, width, height = size
    guidance = sampling.guidance
    branches = 1 + (guidance.text != 1) + (guidance.scene != 1) if guidance.batched else 1
    needed = estimate_memory(
        parts,
        levers,
        frames=frames,
        width_px=width,
        height_px=height,
        views=views,
        branches=branches,
        enlarge=enlarge,
    )
    check_memory(needed, levers)


def _names(scene: str | Path | Sequence[str | Path]) -> str | list[str]:
    return str(scene) if isinstance(scene, str | Path) else [str(item) for item in scene]
