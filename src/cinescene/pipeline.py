"""`CineScenePipeline`: a scene, a prompt and a camera path become a video.

The way of a shot: the path is planned and everything checked before anything is computed; then the prompt is embedded,
the scene's views are encoded (once a scene), a previz is flown along the path, latents are sampled, and decoded.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from cinescene.blocking.document import blocking_to_json
from cinescene.blocking.stand_ins import with_stand_ins
from cinescene.cameras import Cameras, CameraTrack
from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts, load_parts, save_parts
from cinescene.model.conditioning import only_photographed
from cinescene.model.detail import with_detail
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.levers import Levers, apply_levers, at_work
from cinescene.model.scene_inputs import (
    EncodedScene,
    StackedPreviz,
    encode_views,
    fly_previz,
    shot_inputs,
    stack_previz,
)
from cinescene.model.text_encoder import TextTokens
from cinescene.presets import PRESETS, nano_parts
from cinescene.previz.flight import PrevizFrame
from cinescene.sampling import Guidance, Networks, SceneCaches, Step, sample
from cinescene.scene.scene import Scene
from cinescene.scene.vggt import encoding_cache
from cinescene.shot_manifest import KIND, VERSION, environment, hash_of_weights, tensor_hash, write_manifest
from cinescene.shot_plan import ShotPlan
from cinescene.shot_settings import ShotSettings, plan_path
from cinescene.stages import Progress
from cinescene.tensor_types import Float, Tensor, UInt8
from cinescene.video import Video

HASHED_BYTES = 4 * 1000**3
"""Weights up to this size are hashed for the manifest; larger ones are named by where they came from alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneratedShot:
    """A video, the path that its camera took, the previz that it was shown, and its manifest."""

    video: Video
    track: CameraTrack
    previz: Video | None
    manifest: dict[str, Any]

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed or changed, for the user."""
        return tuple(self.manifest["notes"])

    def save(self, path: str | Path, *, with_previz: bool = False) -> list[Path]:
        """Writes the video, its manifest, its first frame as a poster, and on request the previz, beside each other."""
        from PIL import Image

        from cinescene.files import written_whole

        path = Path(path)
        self.video.save(path)
        written = [path, path.with_suffix(".json"), path.with_suffix(".png")]
        write_manifest(written[1], self.manifest)
        with written_whole(written[2]) as temporary:
            Image.fromarray(self.video.frames[0].movedim(0, -1).numpy()).save(temporary)
        if with_previz and self.previz is not None:
            written.append(path.with_name(f"{path.stem}-preview{path.suffix}"))
            self.previz.save(written[-1])
        return written


class CineScenePipeline:
    """A loaded model that makes shots. What it has learnt of a scene is kept for the next shot on it."""

    def __init__(
        self, parts: ModelParts, *, levers: Levers | None = None, origin: dict[str, Any] | None = None
    ) -> None:
        """``origin`` is what the manifest says of where the model came from; ``levers`` are applied in place."""
        self.parts, self.levers = parts, levers or Levers()
        self.origin = origin or {"model": "unnamed"}
        apply_levers(parts, self.levers)
        self._scene: tuple[tuple[Any, ...], EncodedScene, SceneCaches] | None = None

    # ---- loading and saving -----------------------------------------------------------------------------------------

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path = "nano",
        *,
        levers: Levers | None = None,
        vggt: str | Path | None = None,
        **wan_options: Any,
    ) -> CineScenePipeline:
        """A model by the name of a preset, by a local folder, or by its name on the hub.

        ``vggt`` names a VGGT checkpoint for models that come without one; ``wan_options`` configure the new modules of
        a Wan model (fields of `TransformerConfig`). Raises `CheckpointError`.
        """
        levers = levers or Levers()
        name = str(source)
        if name == "nano":
            if wan_options:
                raise InputError(f"nano: its configuration is fixed; leave out {', '.join(wan_options)}")
            return cls(nano_parts(dtype=levers.dtype), levers=levers, origin={"model": name})
        preset = PRESETS.get(name)
        place = preset.source if preset is not None and preset.source is not None else source
        parts = load_parts(place, dtype=levers.dtype, vggt=vggt, **wan_options)
        if preset is not None:
            parts = dataclasses.replace(parts, defaults=preset.shot)
        origin = {"model": name, "vggt": None if vggt is None else str(vggt), "options": wan_options}
        return cls(parts, levers=levers, origin=origin)

    @classmethod
    def from_wan(
        cls, source: str | Path, *, levers: Levers | None = None, vggt: str | Path | None = None, **options: Any
    ) -> CineScenePipeline:
        """A published Wan text-to-video model with our new modules at their start values: where fine-tuning begins."""
        return cls.from_pretrained(source, levers=levers, vggt=vggt, **options)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model in the diffusers layout (safetensors)."""
        save_parts(self.parts, folder)

    def check_unchanged(self, scene: Any, camera: str, settings: ShotSettings, hashes: dict[str, Any]) -> None:
        """Raises `InputError` where a scene or camera is no longer what a manifest's hashes say."""
        source = Scene.open(scene)
        if settings.start_view is not None:
            source = source.with_start_view(settings.start_view)
        if source.content_hash != hashes["scene"]:
            raise InputError(f"{scene}: these pictures are no longer those that the manifest's shot was made from")
        track = plan_path(camera, settings, self.parts.defaults, self.parts.transformer.config.frames_per_latent).track
        if tensor_hash(track.world_from_camera.float()) != hashes["camera"]:
            raise InputError(f"{camera}: this camera path is no longer the one that the manifest's shot was made with")

    # ---- making a shot ----------------------------------------------------------------------------------------------

    def __call__(
        self,
        *,
        scene: Scene | str | Path | Sequence[str | Path],
        prompt: str,
        camera: str | Path | CameraTrack | Cameras,
        seed: int = 0,
        steps: int | None = None,
        guidance: float | Guidance | None = None,
        settings: ShotSettings | None = None,
        on_progress: Progress | None = None,
    ) -> GeneratedShot:
        """Makes a shot.

        ``scene`` is a `Scene` or what `Scene.open` takes; ``camera`` moves in words, a camera file, or a track in
        metres whose origin is where the start view was taken, +y ahead. ``steps`` and ``guidance`` (of the text, or
        all of it) override ``settings``. The same inputs, seed and machine give the same bytes. Raises `InputError`
        before anything is computed where the shot cannot be made, `SamplingError` where numbers stop being finite.
        """
        shot = ShotPlan.made(self.parts, self.levers, scene, prompt, camera, seed, _merged(settings, steps, guidance))
        report, clock = on_progress or _silent, shot.timings
        with clock("text"), at_work(self.parts.text_encoder, self.levers):
            report("text", 0, 1)
            text, negative = self._texts(prompt, shot.settings.negative_prompt)
        with clock("scene"):
            report("scene", 0, 1)
            encoded, caches = self._encoded(shot)
        with clock("previz"):
            frames = self._previz_frames(shot, shot.track, encoded, functools.partial(report, "previz"))
            with at_work(self.parts.autoencoder, self.levers):
                inputs = shot_inputs(encoded, shot.track, frames, self.parts)
        with clock("sampling"):
            inputs = inputs.with_text(text.embeddings, text.mask)
            if shot.settings.hide_scene:
                inputs, caches = inputs.without_scene(), {}
            latents = self._sampled(shot, inputs, negative, caches, report)
        large = frames
        if shot.enlarge > 1:
            with clock("detail"):
                on_frame = functools.partial(report, "detail")
                large = self._previz_frames(shot, shot.delivered_track, encoded, on_frame)
        with clock("decoding"), at_work(self.parts.autoencoder, self.levers), torch.no_grad():
            report("decoding", 0, 1)
            shown = stack_previz(large) if large else None
            pictures = as_bytes(self._pictures(shot, latents, inputs, shown))
            report("decoding", 1, 1)
        rate = shot.track.frame_rate or self.parts.defaults.frame_rate
        previz = Video(frames=as_bytes(shown.images), frame_rate=rate) if shown is not None else None
        manifest = self._manifest(shot, encoded, latents)
        return GeneratedShot(
            video=Video(frames=pictures, frame_rate=rate),
            track=shot.delivered_track,
            previz=previz,
            manifest=manifest,
        )

    def _texts(self, prompt: str, negative: str) -> tuple[TextTokens, TextTokens]:
        encoder = self.parts.text_encoder
        return encoder.encode([prompt]), encoder.encode([negative])

    def _encoded(self, shot: ShotPlan) -> tuple[EncodedScene, SceneCaches]:
        """The scene's latents, features and keys, from the last shot if it was on the same scene."""
        key = (shot.scene.content_hash, shot.previz == "vggt", shot.settings.camera_height_m)
        if self._scene is None or self._scene[0] != key:
            with at_work(self.parts.vggt, self.levers), at_work(self.parts.autoencoder, self.levers):
                encoded = encode_views(
                    shot.scene,
                    self.parts,
                    camera_height_m=shot.settings.camera_height_m,
                    with_depth=shot.previz == "vggt",
                    cache=encoding_cache(),
                )
            self._scene = (key, encoded, {})
        return self._scene[1], self._scene[2]

    def _previz_frames(
        self, shot: ShotPlan, track: CameraTrack, encoded: EncodedScene, on_frame: Callable[[int, int], None]
    ) -> list[PrevizFrame]:
        if shot.previz == "none":
            return []
        frames: list[PrevizFrame] = []
        cameras = track.cameras()
        flown = fly_previz(encoded, cameras, shot.surroundings)
        if shot.performances:
            times = track.frame_times_s().tolist()
            flown = with_stand_ins(flown, cameras, shot.performances, times, shot.scene.panorama)
        doubt = self.parts.defaults.relief_doubt if shot.previz == "relief" else 1.0
        for frame in flown:
            frames.append(frame.with_doubt(doubt))
            on_frame(len(frames), len(track))
        return frames

    def _sampled(
        self, shot: ShotPlan, inputs: Any, negative: TextTokens, caches: SceneCaches, report: Progress
    ) -> Float[Tensor, "1 c t h w"]:
        parts = self.parts
        networks = Networks(
            transformer=parts.transformer,
            low_noise=parts.low_noise_transformer,
            boundary=parts.boundary,
            device=torch.device(self.levers.device),
        )
        width, height = shot.track.cameras().size_px

        def on_step(step: Step) -> None:
            report("sampling", step.index, step.steps)

        with at_work(parts.transformer, self.levers), at_work(parts.low_noise_transformer, self.levers):
            return sample(
                networks,
                inputs,
                parts.autoencoder.latent_shape(len(shot.track), height, width),
                parts.scheduler,
                torch.Generator().manual_seed(shot.seed),
                options=shot.sampling,
                negative=negative,
                caches=caches,
                on_step=on_step,
            )

    def _pictures(
        self, shot: ShotPlan, latents: Tensor, inputs: CineSceneInputs, shown: StackedPreviz | None
    ) -> Float[Tensor, "t 3 h w"]:
        """Decoded latents, with the detail of a previz (and at its size) where that is wanted."""
        autoencoder, device = self.parts.autoencoder, self.levers.device
        pictures = autoencoder.decode(latents.to(device))[0].float()
        if shot.detail == 0 or inputs.previz_latents is None or shown is None:
            return pictures
        decoded = autoencoder.decode(inputs.previz_latents.to(device))[0].float()
        given = only_photographed(shown.images, shown.photographed).to(device)
        return with_detail(pictures, given, decoded, shot.detail)

    @cached_property
    def weights_hash(self) -> str | None:
        """SHA-256 of all weights but the text encoder's; None for models so large that it would take minutes."""
        parts = self.parts
        modules = (parts.transformer, parts.low_noise_transformer, parts.autoencoder, parts.vggt, parts.relief)
        size = sum(t.numel() * t.element_size() for m in modules if m is not None for t in m.parameters())
        return hash_of_weights(*modules) if size <= HASHED_BYTES else None

    def _manifest(self, shot: ShotPlan, encoded: EncodedScene, latents: Tensor) -> dict[str, Any]:
        parts = self.parts
        notes = [*shot.notes, *shot.scene.notes, *encoded.notes]
        if parts.untrained:
            notes.insert(
                0, f"model {self.origin['model']}: its weights are not trained for this; expect noise, not a shot"
            )
        return {
            "kind": KIND,
            "version": VERSION,
            "request": self.origin | shot.request,
            "settings": shot.settings.to_dict(),
            "resolved": {
                "size_px": list(shot.track.cameras().size_px),
                "frames": len(shot.track),
                "frame_rate": shot.track.frame_rate,
                "previz": shot.previz,
                "sampling": dataclasses.asdict(shot.sampling),
                "detail": shot.detail,
                "enlarge": shot.enlarge,
                "levers": dataclasses.asdict(self.levers),
                "transformer": parts.transformer.config.to_dict(),
            },
            "blocking": blocking_to_json(shot.performances) if shot.performances else None,
            "hashes": {
                "scene": shot.source.content_hash,
                "camera": tensor_hash(shot.track.world_from_camera.float()),
                "weights": self.weights_hash,
                "latents": tensor_hash(latents.float()),
            },
            "environment": environment(),
            "timings_s": {stage: round(seconds, 3) for stage, seconds in shot.timings.seconds.items()},
            "notes": notes,
        }


def _merged(settings: ShotSettings | None, steps: int | None, guidance: float | Guidance | None) -> ShotSettings:
    settings = settings or ShotSettings()
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)
    if isinstance(guidance, Guidance):
        return dataclasses.replace(
            settings,
            text_guidance=guidance.text,
            scene_guidance=guidance.scene,
            guidance_rescale=guidance.rescale,
            guidance_interval=guidance.interval,
            batched_guidance=guidance.batched,
        )
    return settings if guidance is None else dataclasses.replace(settings, text_guidance=float(guidance))


def _silent(stage: str, done: int, total: int) -> None:
    pass


def as_bytes(pictures: Float[Tensor, "t 3 h w"]) -> UInt8[Tensor, "t 3 h w"]:
    """Pictures in [0, 1] as 8 bits, rounded to nearest."""
    return pictures.detach().float().clamp(0, 1).mul(255).round_().to("cpu", torch.uint8)
