"""How a worker makes a shot: a request, as the service checked it, becomes files in a folder."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.service.settings import ServiceSettings

Report = Callable[[str, int, int], None]
"""Called with the stage, what is done of it, and of how much; raises to stop the work."""
Maker = Callable[[dict[str, Any], Path, Report], None]
"""Makes ``video.mp4``, ``.png`` and ``.json`` in a folder. Raises `CineSceneError` for what cannot be made."""
MakerFactory = Callable[[ServiceSettings, str], Maker]

VIDEO, THUMBNAIL, MANIFEST = "video.mp4", "video.png", "video.json"
VARIANTS = {"video": VIDEO, "thumbnail": THUMBNAIL, "manifest": MANIFEST}


def maker_of(settings: ServiceSettings, device: str) -> Maker:
    """The maker that the settings name. Raises `InputError`."""
    module, _, name = settings.maker.partition(":")
    try:
        factory: MakerFactory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"maker: expected module:function, got {settings.maker!r} ({error})") from error
    return factory(settings, device)


def pipeline_maker(settings: ServiceSettings, device: str) -> Maker:
    """Shots by a `CineScenePipeline`; what it learnt of the last scene serves the next shot on it."""
    from cinescene.model.levers import Levers
    from cinescene.pipeline import CineScenePipeline
    from cinescene.shot_settings import ShotSettings

    levers = Levers(device=device, precision="bf16" if device.startswith("cuda") else "fp32")
    pipeline = CineScenePipeline.from_pretrained(settings.model, levers=levers, vggt=settings.vggt)

    def make(request: dict[str, Any], folder: Path, report: Report) -> None:
        frames = _frames(
            request, pipeline.parts.defaults.frame_rate, pipeline.parts.transformer.config.frames_per_latent
        )
        shot = pipeline(
            scene=_scene(request, settings.folder),
            prompt=request["prompt"],
            camera=_camera(request, settings.folder),
            seed=request["seed"],
            settings=ShotSettings(frames=frames, **request["settings"]),
            on_progress=report,
        )
        shot.save(folder / VIDEO)

    return make


def _frames(request: dict[str, Any], frame_rate: float, group: int) -> int | None:
    """The asked length, or that nearest to the asked seconds, of 1 more than a multiple of ``group``."""
    if request.get("frames") is not None:
        return int(request["frames"])
    if request.get("seconds") is None:
        return None
    rate = float(request["settings"].get("frame_rate") or frame_rate)
    return 1 + group * max(1, round((float(request["seconds"]) * rate - 1) / group))


def _scene(request: dict[str, Any], folder: Path) -> Any:
    source = request["scene"]
    if "sample" in source:
        return f"sample:{source['sample']}"
    place = folder / "scenes" / source["id"]
    if not place.is_dir():
        raise InputError(f"scene {source['id']}: it was deleted before the shot was made")
    pictures = sorted(place.iterdir())
    return pictures[0] if len(pictures) == 1 else pictures


def _camera(request: dict[str, Any], folder: Path) -> str | Path:
    camera = request["camera"]
    if "moves" in camera:
        return str(camera["moves"])
    files = sorted((folder / "paths" / camera["id"]).glob("*"))
    if not files:
        raise InputError(f"path {camera['id']}: it was deleted before the shot was made")
    return files[0]
