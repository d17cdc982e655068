"""`ShotSettings`: how a shot is to be made, as far as its maker wants to say; the model's defaults fill the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.request import ShotRequest
from cinescene.errors import InputError
from cinescene.model.defaults import ShotDefaults
from cinescene.sampling import Guidance, SamplingOptions, Solver

MOST_ENLARGED = 16
Previz = Literal["auto", "relief", "standin", "vggt", "none"]


@dataclass(frozen=True, kw_only=True)
class ShotSettings:
    """Everything about a shot but its scene, prompt, camera and seed. None: as the model was trained.

    ``width_px``, ``height_px``, ``frames``, ``frame_rate``
        Of what the model makes. A camera file or moves with stated durations bring their own length.
    ``enlarge``
        The video is so many times as large, with detail that the previz has at that size (`model.detail`). By default
        as the model does it where it also chooses the size, 1 where a size is asked for.
    ``focal_mm``
        Lens on 36 mm film where the moves or the file state none.
    ``keep_coordinates``
        Leaves the poses of a camera file where they are (see `ShotRequest`).
    ``steps``, ``text_guidance``, ``scene_guidance``, ``guidance_rescale``, ``guidance_interval``, ``batched_guidance``,
    ``solver``, ``shift``, ``noise_scale``, ``step_cache``
        See `SamplingOptions` and `Guidance`.
    ``detail``
        Tolerance of giving the shot the previz's own detail (`model.detail`); 0 is none.
    ``negative_prompt``
        What the video shall not show.
    ``previz``
        Which geometry hints at the parallax; see `cinescene.model.scene_inputs.PrevizKind`.
    ``blocking``
        Stand-in actors in the previz: ``auto`` (for what the prompt names), ``none``, or a file of `blocking.document`.
    ``camera_height_m``, ``dome_radius_m``
        Of the stand-in, and the scale of photos whose scale is not known.
    ``start_view``
        The scene view that the shot starts from, by its number; None: the scene's own.
    ``hide_scene``
        Shows the model nothing of the place, neither views nor previz: text and camera alone, to compare with.
    """

    width_px: int | None = None
    height_px: int | None = None
    frames: int | None = None
    frame_rate: float | None = None
    focal_mm: float | None = None
    keep_coordinates: bool = False
    steps: int | None = None
    text_guidance: float | None = None
    scene_guidance: float | None = None
    guidance_rescale: float = 0.0
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    batched_guidance: bool = False
    solver: Solver | None = None
    shift: float | None = None
    noise_scale: float | None = None
    step_cache: float = 0.0
    detail: float | None = None
    enlarge: int | None = None
    negative_prompt: str = ""
    previz: Previz = "auto"
    blocking: str = "auto"
    camera_height_m: float = 1.6
    dome_radius_m: float = 15.0
    start_view: int | None = None
    hide_scene: bool = False

    def sampling(self, defaults: ShotDefaults) -> SamplingOptions:
        """The sampler's options, with a model's defaults filled in. Raises `InputError` for what cannot be."""
        guidance = Guidance(
            text=_or(self.text_guidance, defaults.text_guidance),
            scene=_or(self.scene_guidance, defaults.scene_guidance),
            rescale=self.guidance_rescale,
            interval=self.guidance_interval,
            batched=self.batched_guidance,
        )
        return SamplingOptions(
            steps=int(_or(self.steps, defaults.steps)),
            solver=self.solver,
            shift=self.shift,
            guidance=guidance,
            noise_scale=_or(self.noise_scale, defaults.noise_scale),
            step_cache_threshold=self.step_cache,
        )

    def detail_tolerance(self, defaults: ShotDefaults) -> float:
        """The tolerance of `model.detail` with a model's default filled in; raises `InputError` below 0."""
        tolerance = _or(self.detail, defaults.detail)
        if not tolerance >= 0:
            raise InputError(f"detail: expected 0 or more, got {tolerance}")
        return tolerance

    def enlargement(self, defaults: ShotDefaults, *, has_detail: bool) -> int:
        """How many times as large as what the model makes the video is, with a model's default filled in.

        Raises `InputError` for what cannot be: only a previz whose detail is used makes a picture larger.
        """
        if self.enlarge is None:
            sized = self.width_px is not None or self.height_px is not None
            return defaults.enlarge if has_detail and not sized else 1
        if not 1 <= self.enlarge <= MOST_ENLARGED:
            raise InputError(f"enlarge: expected 1 to {MOST_ENLARGED}, got {self.enlarge}")
        if self.enlarge > 1 and not has_detail:
            raise InputError("enlarge: takes its detail from the previz, but this shot has none (--previz, --detail)")
        return self.enlarge

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ShotSettings:
        """From a manifest; raises `InputError` for settings that this version does not know."""
        unknown = set(values) - {f.name for f in dataclasses.fields(cls)}
        if unknown:
            raise InputError(f"manifest: settings that this version does not know: {', '.join(sorted(unknown))}")
        interval = tuple(values.get("guidance_interval", (0.0, 1.0)))
        return cls(**(dict(values) | {"guidance_interval": interval}))


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedPath:
    """A camera path of a length that the model can make, and what had to be changed for that."""

    track: CameraTrack
    notes: tuple[str, ...]


def plan_path(
    camera: str | Path | CameraTrack | Cameras, settings: ShotSettings, defaults: ShotDefaults, frames_per_latent: int
) -> PlannedPath:
    """The path of a shot at its size, in metres, z up.

    Moves without stated durations take the model's usual length; with them, the shot lasts as long as they do, and the
    camera holds its last pose until the next length of 1 + k · ``frames_per_latent`` frames. A camera file is cut to
    the last such length. Raises `InputError` for anything that cannot be read or framed.
    """
    width, height = int(_or(settings.width_px, defaults.width_px)), int(_or(settings.height_px, defaults.height_px))
    rate = float(_or(settings.frame_rate, defaults.frame_rate))
    if isinstance(camera, Cameras):
        camera = CameraTrack.from_cameras(camera)
    if isinstance(camera, CameraTrack):
        return _given(camera, settings, width, height, rate, frames_per_latent)
    request = ShotRequest(
        camera=str(camera),
        width_px=width,
        height_px=height,
        frame_rate=rate,
        frames=settings.frames,
        focal_mm=settings.focal_mm,
        ground_z_m=-settings.camera_height_m,
        keep_coordinates=settings.keep_coordinates,
    )
    if settings.frames is not None:
        return PlannedPath(track=request.track(), notes=())
    if request.is_file():
        return _cut(request.track(), frames_per_latent)
    if all(step.stated_s(rate) is None for step in parse_moves(str(camera)).steps):
        return PlannedPath(track=dataclasses.replace(request, frames=defaults.frames).track(), notes=())
    natural = len(request.track())
    whole = 1 + -(-(natural - 1) // frames_per_latent) * frames_per_latent
    notes = (f"the moves take {natural} frames; the shot has {whole}",) if whole != natural else ()
    return PlannedPath(track=dataclasses.replace(request, frames=whole).track(), notes=notes)


def _given(
    track: CameraTrack, settings: ShotSettings, width: int, height: int, rate: float, frames_per_latent: int
) -> PlannedPath:
    """A track as it is, at the shot's picture size."""
    if track.intrinsics_px is None:
        track = track.with_lens(_or(settings.focal_mm, 24.0), width, height)
    cameras = track.cameras()
    if cameras.size_px != (width, height):
        cameras = _framed(cameras, width, height)
    if settings.frames is not None and settings.frames != len(track):
        raise InputError(f"frames: this camera track has {len(track)} frames, but {settings.frames} were asked for")
    track = dataclasses.replace(
        track,
        intrinsics_px=cameras.intrinsics_px,
        image_size_px=cameras.image_size_px,
        frame_rate=track.frame_rate or rate,
    )
    return _cut(track, frames_per_latent)


def _framed(cameras: Cameras, width: int, height: int) -> Cameras:
    """The same horizontal field of view in a picture of another size, with square pixels."""
    return Cameras.from_focal_px(cameras.world_from_camera, cameras.focal_mm(float(width)), width, height)


def _cut(track: CameraTrack, frames_per_latent: int) -> PlannedPath:
    frames = 1 + (len(track) - 1) // frames_per_latent * frames_per_latent
    if frames == len(track):
        return PlannedPath(track=track, notes=())
    notes = (f"the camera path has {len(track)} frames; the first {frames} are used",)
    return PlannedPath(track=track.first_frames(frames), notes=notes)
