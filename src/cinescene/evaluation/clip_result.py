"""The result of one clip while its measures are taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cinescene.errors import CineSceneError
from cinescene.evaluation.clip_job import ClipJob, as_json
from cinescene.tensor_types import Tensor

Series = dict[str, list[float]]


@dataclass(kw_only=True)
class ClipScore:
    """The result of a clip while it grows; `document` is what is stored.

    ``measures`` by name; ``series`` are their values frame by frame, over ``series_frames``; ``off`` says of each
    measure that could not be had why; ``facts`` say how (alignment, estimator, frames).
    """

    measures: dict[str, float] = field(default_factory=dict)
    series: Series = field(default_factory=dict)
    series_frames: dict[str, list[int]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    off: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    features: dict[str, list[list[float]]] = field(default_factory=dict)

    def add_series(self, name: str, values: Tensor | list[float], frames: list[int]) -> None:
        """A measure that has a value a frame; its mean over the frames that have one is the clip's."""
        numbers = [float(v) for v in values]
        self.series[name], self.series_frames[name] = numbers, frames
        known = [v for v in numbers if not math.isnan(v)]
        if known:
            self.measures[name] = sum(known) / len(known)
        else:
            self.off[name] = "no frame has a value (nothing to compare in any of them)"

    def attempt(self, names: tuple[str, ...], work: Callable[[], None]) -> None:
        """Runs a measure; where it lacks a package, weights or a usable input, says so under its names."""
        try:
            work()
        except CineSceneError as error:
            for name in names:
                self.off[name] = str(error)

    def document(self, job: ClipJob) -> dict[str, Any]:
        """As JSON can hold it: missing values are None."""
        return {
            "name": job.name,
            "group": job.group or job.name,
            "seed": job.seed,
            "case": job.case,
            "inputs": as_json(job),
            "measures": {k: finite(v) for k, v in self.measures.items()},
            "series": {k: [finite(v) for v in values] for k, values in self.series.items()},
            "series_frames": self.series_frames,
            "flags": self.flags,
            "off": self.off,
            "facts": self.facts,
            "features": self.features,
        }


def finite(value: float) -> float | None:
    """As JSON can hold it."""
    return value if math.isfinite(value) else None
