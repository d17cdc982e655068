"""Curves over a clip's frames as inline SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("#1f5fa8", "#c8541f", "#2c8a4b", "#8a3f9e", "#a08000", "#4a4a4a")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 190, 52, 26, 24


def curve_svg(title: str, unit: str, curves: Mapping[str, Mapping[int, float]]) -> str:
    """One line a method: value by frame number."""
    points = [(x, y) for curve in curves.values() for x, y in curve.items() if math.isfinite(y)]
    if not points:
        return ""
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low, high = _padded(min(y for _, y in points), max(y for _, y in points))

    def place(x: float, y: float) -> str:
        across = LEFT + (WIDTH - LEFT - 10) * (x - low_x) / max(high_x - low_x, 1)
        up = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (y - low) / (high - low)
        return f"{across:.1f},{up:.1f}"

    lines = [
        f'<polyline fill="none" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="1.8" points="'
        + " ".join(place(x, y) for x, y in sorted(curve.items()) if math.isfinite(y))
        + f'"><title>{html.escape(name)}</title></polyline>'
        for i, (name, curve) in enumerate(curves.items())
    ]
    ticks = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        y = float(place(low_x, value).split(",")[1])
        ticks.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y}" y2="{y}" class="grid"/>')
        ticks.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    for frame in {low_x, high_x}:
        x = float(place(frame, low).split(",")[0])
        ticks.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{frame}</text>')
    name = html.escape(f"{title} ({unit})" if unit else title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{name}">'
        f'<text x="{LEFT}" y="14" class="title">{name} by frame</text>{"".join(ticks)}{"".join(lines)}</svg>'
    )


def mean_curve(clips: Sequence[Mapping[str, Any]], measure: str) -> dict[int, float]:
    """The mean over clips of a measure at each frame number."""
    sums: dict[int, list[float]] = {}
    for clip in clips:
        for frame, value in zip(clip["series_frames"].get(measure, []), clip["series"].get(measure, []), strict=True):
            if value is not None:
                sums.setdefault(frame, []).append(value)
    return {frame: sum(values) / len(values) for frame, values in sums.items()}


def legend(names: Sequence[str]) -> str:
    """Which colour is which method."""
    entries = (
        f'<span><i style="background:{COLOURS[i % len(COLOURS)]}"></i>{html.escape(name)}</span>'
        for i, name in enumerate(names)
    )
    return f'<p class="legend">{" ".join(entries)}</p>'


def _padded(low: float, high: float) -> tuple[float, float]:
    room = 0.06 * (high - low) if high > low else max(abs(high), 1e-3) * 0.5
    return low - room, high + room
