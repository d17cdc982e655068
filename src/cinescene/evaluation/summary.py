"""Means with intervals over clips, by method and by case, comparisons between methods, and Fréchet distances.

A clip that was made with several seeds counts as one: its value is the mean over its seeds. How far apart the seeds'
own means over the clips are is given beside it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cinescene.evaluation.frechet import NAME as FRECHET_NAME
from cinescene.evaluation.frechet import video_frechet
from cinescene.evaluation.measures import MEASURES
from cinescene.evaluation.statistics import compare, mean_with_interval, seed_spread

Clips = Sequence[Mapping[str, Any]]
Results = Mapping[str, Clips]


def summarise(results: Results, seed: int = 0) -> dict[str, Any]:
    """The parts of a document that follow from its clips.

    ``measures`` (what each is), ``summary`` by method, ``cases`` by case and method (where there are several cases),
    ``frechet`` by method, ``comparisons`` with the first method. Differences are "method minus first method", on the
    clips that both have.
    """
    first = next(iter(results))
    return {
        "measures": {name: dataclasses.asdict(measure) for name, measure in MEASURES.items()},
        "summary": {method: _summary(clips, seed) for method, clips in results.items()},
        "cases": _cases(results, seed),
        "frechet": {method: _frechet(clips) for method, clips in results.items()},
        "comparisons": [
            {"method": method, "against": first, "measures": _comparison(results[first], clips, seed)}
            for method, clips in results.items()
            if method != first
        ],
    }


def values_by_clip(clips: Clips, measure: str) -> dict[str, float]:
    """A measure of each clip by name, the mean over its seeds; NaN where none has a value."""
    values: dict[str, list[float]] = {}
    for clip in clips:
        values.setdefault(clip["name"], []).append(_number(clip["measures"].get(measure)))
    return {name: _mean(numbers) for name, numbers in values.items()}


def _summary(clips: Clips, seed: int) -> dict[str, Any]:
    out = {}
    groups = {clip["name"]: clip["group"] for clip in clips}
    for name in MEASURES:
        values = values_by_clip(clips, name)
        if any(math.isfinite(value) for value in values.values()):
            estimate = mean_with_interval(list(values.values()), [groups[clip] for clip in values], seed)
            out[name] = _plain(dataclasses.asdict(estimate) | _seeds(clips, name))
    return out


def _seeds(clips: Clips, measure: str) -> dict[str, Any]:
    """How many seeds there are, and the standard deviation between them; nothing for clips without one."""
    by_seed: dict[int, list[float]] = {}
    for clip in clips:
        if clip.get("seed") is not None:
            by_seed.setdefault(clip["seed"], []).append(_number(clip["measures"].get(measure)))
    known = {s: values for s, values in by_seed.items() if any(math.isfinite(value) for value in values)}
    return {"seeds": len(known), "seed_spread": seed_spread(known)[1]} if known else {}


def _cases(results: Results, seed: int) -> dict[str, Any]:
    names = sorted({clip["case"] for clips in results.values() for clip in clips if clip.get("case")})
    if len(names) < 2:
        return {}
    chosen = {
        case: {method: [clip for clip in clips if clip.get("case") == case] for method, clips in results.items()}
        for case in names
    }
    return {case: {m: _summary(clips, seed) for m, clips in found.items() if clips} for case, found in chosen.items()}


def _comparison(first: Clips, second: Clips, seed: int) -> dict[str, Any]:
    groups = {clip["name"]: clip["group"] for clip in (*first, *second)}
    out = {}
    for name in MEASURES:
        pair = [
            {clip: value for clip, value in values_by_clip(clips, name).items() if math.isfinite(value)}
            for clips in (first, second)
        ]
        if set(pair[0]) & set(pair[1]):
            out[name] = _plain(dataclasses.asdict(compare(pair[0], pair[1], groups, seed)))
    return out


def _frechet(clips: Clips) -> dict[str, Any]:
    """Of each seed's clips by themselves, as the distance depends on how many clips there are; the mean over seeds."""
    by_seed: dict[int | None, list[Mapping[str, Any]]] = {}
    for clip in clips:
        if {"clip", "reference"} <= set(clip["features"]):
            by_seed.setdefault(clip.get("seed"), []).append(clip["features"])
    usable = [pairs for pairs in by_seed.values() if sum(len(pair["clip"]) for pair in pairs) >= 2]
    if not usable:
        return {"name": FRECHET_NAME, "distance": None, "note": "needs at least two windows of frames with a reference"}
    found = [
        video_frechet(*([torch.tensor(pair[side]) for pair in pairs] for side in ("clip", "reference")))
        for pairs in usable
    ]
    windows = min(min(one.windows) for one in found)
    note = (
        None
        if all(one.reliable for one in found)
        else (
            f"biased upwards: {windows} windows of frames for {found[0].features} features; compare only "
            "between methods with equally many"
        )
    )
    distances = {i: [one.distance] for i, one in enumerate(found)}
    mean, spread = seed_spread(distances)
    return _plain({"name": FRECHET_NAME, "distance": mean, "seed_spread": spread, "windows": windows, "note": note})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _plain(values: Any) -> Any:
    """JSON without NaN."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    return None if isinstance(values, float) and not math.isfinite(values) else values
