"""Means with intervals over clips, comparisons between methods, and Fréchet distances between their clip sets."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cinescene.evaluation.frechet import NAME as FRECHET_NAME
from cinescene.evaluation.frechet import video_frechet
from cinescene.evaluation.measures import MEASURES
from cinescene.evaluation.statistics import compare, mean_with_interval

Results = Mapping[str, Sequence[Mapping[str, Any]]]


def summarise(results: Results, seed: int = 0) -> dict[str, Any]:
    """``measures`` (what each is), ``summary`` by method, ``frechet`` by method, ``comparisons`` with the first method.

    Differences are "method minus first method", on the clips that both have.
    """
    first = next(iter(results))
    return {
        "measures": {name: dataclasses.asdict(measure) for name, measure in MEASURES.items()},
        "summary": {method: _summary(clips, seed) for method, clips in results.items()},
        "frechet": {method: _frechet(clips) for method, clips in results.items()},
        "comparisons": [
            {"method": method, "against": first, "measures": _comparison(results[first], clips, seed)}
            for method, clips in results.items()
            if method != first
        ],
    }


def _summary(clips: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    out = {}
    groups = [clip["group"] for clip in clips]
    for name in MEASURES:
        values = [_number(clip["measures"].get(name)) for clip in clips]
        if any(math.isfinite(value) for value in values):
            out[name] = _plain(dataclasses.asdict(mean_with_interval(values, groups, seed)))
    return out


def _comparison(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    groups = {clip["name"]: clip["group"] for clip in (*first, *second)}
    out = {}
    for name in MEASURES:
        pair = [
            {clip["name"]: value for clip in clips if (value := clip["measures"].get(name)) is not None}
            for clips in (first, second)
        ]
        if set(pair[0]) & set(pair[1]):
            out[name] = _plain(dataclasses.asdict(compare(pair[0], pair[1], groups, seed)))
    return out


def _frechet(clips: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pairs = [clip["features"] for clip in clips if {"clip", "reference"} <= set(clip["features"])]
    if sum(len(pair["clip"]) for pair in pairs) < 2:
        return {"name": FRECHET_NAME, "distance": None, "note": "needs at least two windows of frames with a reference"}
    sides = [[torch.tensor(pair[side]) for pair in pairs] for side in ("clip", "reference")]
    found = video_frechet(*sides)
    note = (
        None
        if found.reliable
        else (
            f"biased upwards: {min(found.windows)} windows of frames for {found.features} features; compare only "
            "between methods with equally many"
        )
    )
    return {"name": FRECHET_NAME, "distance": found.distance, "windows": list(found.windows), "note": note}


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _plain(values: Any) -> Any:
    """JSON without NaN."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    return None if isinstance(values, float) and not math.isfinite(values) else values
