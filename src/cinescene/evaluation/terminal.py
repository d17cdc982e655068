"""Results as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cinescene.evaluation.measures import MEASURES


def clip_lines(clip: Mapping[str, Any]) -> Iterator[str]:
    """One clip: every measure, then what to look at, then what could not be measured."""
    for name, measure in MEASURES.items():
        value = clip["measures"].get(name)
        if value is not None:
            yield f"{measure.title:42} {value:10.4g} {measure.unit:10} ({measure.better} is better)".replace(
                "(near 1 is better)", "(1 is best)"
            )
    camera = clip["facts"].get("camera")
    if camera is not None:
        yield f"camera: {camera['estimator']}; alignment {camera['alignment']}; {camera['path']} path"
    for flag in clip["flags"]:
        yield f"note: {flag}"
    reasons: dict[str, list[str]] = {}
    for name, reason in clip["off"].items():
        reasons.setdefault(reason, []).append(MEASURES[name].title if name in MEASURES else name)
    for reason, names in reasons.items():
        yield f"off: {', '.join(names)}: {reason}"


def summary_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Several clips or methods: a table of means with intervals."""
    summary = document["summary"]
    width = max(24, *(len(method) + 2 for method in summary))
    yield f"{'':42}" + "".join(f"{method:>{width}}" for method in summary)
    for name, measure in MEASURES.items():
        cells = [estimates.get(name) for estimates in summary.values()]
        if any(cells):
            yield f"{measure.title:42}" + "".join(f"{_cell(cell):>{width}}" for cell in cells)
    for clip_count, method in ((len(entry["clips"]), m) for m, entry in document["methods"].items()):
        yield f"{method}: {clip_count} clips"


def _cell(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["mean"] is None:
        return "–"
    if estimate["low"] is None:
        return f"{estimate['mean']:.4g}"
    return f"{estimate['mean']:.4g} [{estimate['low']:.4g}, {estimate['high']:.4g}]"
