"""What a rendered data set is made of: sizes, lengths and kinds of sets, by preset or by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cinescene.data.backdrops import Backdrop
from cinescene.errors import InputError

MOST_BLENDER_SAMPLES = 4096
KIND, VERSION = "cinescene.dataset", 1
Shots = Literal["random", "stress"]


@dataclass(frozen=True, kw_only=True)
class RenderRecipe:
    """Everything that decides a data set's bytes, except how many scenes it has.

    ``clips``
        Shots a scene. With ``shared_start`` all begin with the same camera, where the panorama was taken, as in the
        paper's data; otherwise they begin anywhere.
    ``kinds``
        Kinds of sets to draw from (`cinescene.sets.description.KINDS`); empty for all.
    ``panoramas``
        Of each place: the first where the set is photographed from, others from anywhere in it, for training on depth.
    ``samples``
        Per pixel: 4 or 1.
    ``shots``
        ``random``, or ``stress``: one of each of `cinescene.sets.stress_shots.CASES`; ``clips`` and ``shared_start``
        do not matter then.
    ``renderer``
        ``opengl`` (`cinescene.sets.renderer`) or ``blender`` (`cinescene.sets.blender`), which takes
        ``blender_samples`` paths a pixel instead of ``samples``.
    ``backdrops``
        Panoramas that stand in for the sets' skies; none by default.
    """

    width_px: int = 672
    height_px: int = 384
    frames: int = 81
    frame_rate: float = 15.0
    clips: int = 7
    panorama_width_px: int = 2048
    shared_start: bool = True
    kinds: tuple[str, ...] = ()
    samples: int = 4
    panoramas: int = 1
    shots: Shots = "random"
    renderer: Literal["opengl", "blender"] = "opengl"
    blender_samples: int = 32
    backdrops: tuple[Backdrop, ...] = ()

    def __post_init__(self) -> None:
        if not (16 <= self.width_px <= 4096 and 16 <= self.height_px <= 4096):
            raise InputError(f"size: expected 16 to 4096 pixels a side, got {self.width_px}×{self.height_px}")
        if self.width_px % 2 or self.height_px % 2:
            raise InputError(f"size: expected even sides, got {self.width_px}×{self.height_px}")
        if not 1 <= self.frames <= 2000:
            raise InputError(f"frames: expected 1 to 2000, got {self.frames}")
        if not 0 < self.frame_rate <= 240:
            raise InputError(f"frame rate: expected more than 0 and up to 240, got {self.frame_rate}")
        if not 1 <= self.clips <= 99:
            raise InputError(f"clips: expected 1 to 99, got {self.clips}")
        if not 64 <= self.panorama_width_px <= 8192 or self.panorama_width_px % 2:
            raise InputError(f"panorama width: expected an even number from 64 to 8192, got {self.panorama_width_px}")
        if not 1 <= self.panoramas <= 99:
            raise InputError(f"panoramas: expected 1 to 99, got {self.panoramas}")
        if self.shots not in get_args(Shots):
            raise InputError(f"shots: expected one of {', '.join(get_args(Shots))}, got {self.shots!r}")
        if self.samples not in (1, 4):
            raise InputError(f"samples: expected 1 or 4, got {self.samples}")
        if not 1 <= self.blender_samples <= MOST_BLENDER_SAMPLES:
            raise InputError(f"Blender's samples: expected 1 to {MOST_BLENDER_SAMPLES}, got {self.blender_samples}")

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values, without what does not count for it."""
        values = dataclasses.asdict(self) | {"kinds": list(self.kinds)}
        values["backdrops"] = [dataclasses.asdict(backdrop) for backdrop in self.backdrops]
        idle = ["samples"] if self.renderer == "blender" else ["renderer", "blender_samples"]
        idle += ["panoramas"] if self.panoramas == 1 else []
        idle += ["shots"] if self.shots == "random" else []
        idle += [] if self.backdrops else ["backdrops"]
        return {name: value for name, value in values.items() if name not in idle}


@dataclass(frozen=True, kw_only=True)
class RenderMeans:
    """Where this machine has what a recipe names: Blender's program, and the folder of the backdrops."""

    blender: Path | None = None
    backdrops: Path | None = None


def preset(name: str) -> RenderRecipe:
    """``release``: the published data set's size, length and rule of a shared start. ``nano``: for the small model."""
    presets = {
        "release": RenderRecipe(),
        "nano": RenderRecipe(
            width_px=256, height_px=144, frames=33, frame_rate=8.0, clips=6, panorama_width_px=1024, shared_start=False
        ),
    }
    if name not in presets:
        raise InputError(f"preset: expected one of {', '.join(presets)}, got {name!r}")
    return presets[name]
