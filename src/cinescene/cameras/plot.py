"""A camera track on one page: from above, from the side, and its height, speed, turning and lens over time."""

from __future__ import annotations

import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.motion import MotionReport, motion_report
from cinescene.cameras.projection import unproject
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.tensor_types import Float, Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = "viridis"
START_COLOUR, END_COLOUR, JUMP_COLOUR, GRID_COLOUR = "#1a9850", "#d73027", "#d73027", "#dddddd"
CURVE_COLOUR = "#333333"
FRUSTUM_SHARE = 0.14
"""Length of a drawn frustum as a share of the path's extent."""

STANDING_M = 0.25
"""A camera that moves less than this is drawn with frusta of one metre."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawing:
    """What the views share: numbers in metres (or scene units) and seconds."""

    times_s: Float[Tensor, "t"]
    positions: Float[Tensor, "t 3"]
    frusta: Float[Tensor, "k 5 3"]
    frusta_times_s: Float[Tensor, "k"]
    report: MotionReport


def plot_track(
    track: CameraTrack, path: str | Path, *, title: str = "", every: int | None = None, sensor_width_mm: float = 36.0
) -> MotionReport:
    """Writes the page as a PNG and returns the motion report that stands below it; see `track_figure`."""
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: expected a name that ends in .png")
    figure, report = track_figure(track, title=title, every=every, sensor_width_mm=sensor_width_mm)
    with written_whole(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure.savefig(temporary, format="png", dpi=110)
    return report


def track_figure(
    track: CameraTrack, *, title: str = "", every: int | None = None, sensor_width_mm: float = 36.0
) -> tuple[Figure, MotionReport]:
    """The page as a matplotlib figure.

    A frustum is drawn at every ``every``-th frame and at the last, about 14 in all by default; colour is time. Both
    views have equal axes. The side view is seen across the horizontal world axis along which the camera moves most.
    """
    from matplotlib.figure import Figure

    if every is not None and every < 1:
        raise InputError(f"plot: expected a frustum at every 1st, 2nd, … frame, got every {every}")
    drawing = _drawing(track, every, sensor_width_mm)
    figure = Figure(figsize=(15, 9.2))
    figure.text(0.03, 0.965, textwrap.fill(title, 140), fontsize=13, va="center", parse_math=False)
    figure.text(0.03, 0.035, textwrap.fill(drawing.report.text(), 205), fontsize=9.5, va="center", parse_math=False)
    left = figure.add_gridspec(2, 1, left=0.05, right=0.5, bottom=0.12, top=0.91, height_ratios=[1.45, 1], hspace=0.22)
    right = figure.add_gridspec(4, 1, left=0.63, right=0.985, bottom=0.12, top=0.88, hspace=0.12)
    axes: Any = left.subplots()
    above, side = axes
    across = 0 if _extent(drawing)[0] >= _extent(drawing)[1] else 1
    names = ("x", "y", "height" if track.z_up else "z")
    _draw_view(above, drawing, (0, 1), names, "from above")
    lines = _draw_view(side, drawing, (across, 2), names, f"from the side, looking along {('+y', '−x')[across]}")
    side.axhline(0.0, color="#999999", linewidth=0.8, zorder=0)
    figure.colorbar(lines, cax=figure.add_axes((0.515, 0.3, 0.012, 0.4)), label="time (s)")
    _draw_curves(right.subplots(sharex=True), drawing, names[2], track.frame_rate)
    return figure, drawing.report


def _drawing(track: CameraTrack, every: int | None, sensor_width_mm: float) -> _Drawing:
    report = motion_report(track, sensor_width_mm=sensor_width_mm)
    scale = track.metres_per_unit or 1.0
    positions = track.world_from_camera[:, :3, 3].double() * scale
    every = every or max(1, round((len(track) - 1) / 13))
    chosen = sorted({*range(0, len(track), every), len(track) - 1})
    extent = float((positions.amax(0) - positions.amin(0)).max())
    length = FRUSTUM_SHARE * extent if extent > STANDING_M else 1.0
    return _Drawing(
        times_s=report.times_s,
        positions=positions,
        frusta=_frusta(track, chosen, length / scale) * scale,
        frusta_times_s=report.times_s[chosen],
        report=report,
    )


def _frusta(track: CameraTrack, chosen: list[int], depth: float) -> Float[Tensor, "k 5 3"]:
    """Optical centre and the four corners of the picture at a depth; 50° × 30° where the lens is unknown."""
    if track.intrinsics_px is None:
        cameras = Cameras.from_field_of_view(track.world_from_camera, 0.873, 16, 9)[chosen]
    else:
        cameras = track.cameras()[chosen]
    cameras = cameras.to(dtype=torch.float64)
    corners = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64) * cameras.image_size_px[:, None, :]
    points = unproject(cameras, corners, torch.full(corners.shape[:-1], depth, dtype=torch.float64))
    return torch.cat([cameras.position[:, None], points], dim=1)


def _extent(drawing: _Drawing) -> Float[Tensor, "3"]:
    points = torch.cat([drawing.positions, drawing.frusta.reshape(-1, 3)])
    return points.amax(0) - points.amin(0)


def _draw_view(axes: Axes, drawing: _Drawing, plane: tuple[int, int], names: tuple[str, ...], title: str) -> Any:
    from matplotlib.collections import LineCollection

    keep = list(plane)
    span = (float(drawing.times_s[0]), max(float(drawing.times_s[-1]), float(drawing.times_s[0]) + 1e-9))
    frusta = drawing.frusta[..., keep]
    edges = torch.stack([torch.tensor([0, 0, 0, 0, 1, 2, 3, 4]), torch.tensor([1, 2, 3, 4, 2, 3, 4, 1])], dim=-1)
    wires = LineCollection(frusta[:, edges].reshape(-1, 2, 2).tolist(), cmap=COLOURS, linewidths=0.9, alpha=0.75)
    wires.set_array(drawing.frusta_times_s.repeat_interleave(len(edges)).numpy())
    wires.set_clim(*span)
    axes.add_collection(wires)
    flat = drawing.positions[:, keep]
    if len(flat) > 1:
        pieces = torch.stack([flat[:-1], flat[1:]], dim=1)
        line = LineCollection(pieces.tolist(), cmap=COLOURS, linewidths=2.6, capstyle="round")
        line.set_array(((drawing.times_s[1:] + drawing.times_s[:-1]) / 2).numpy())
        line.set_clim(*span)
        axes.add_collection(line)
    axes.plot(*flat[0].tolist(), "o", color=START_COLOUR, markersize=9, label="start", zorder=5)
    axes.plot(*flat[-1].tolist(), "s", color=END_COLOUR, markersize=7, label="end", zorder=5)
    cuts = [j.frame for j in drawing.report.jumps if j.kind in ("position", "rotation", "lens")]
    if cuts:
        axes.plot(*flat[cuts].mT.tolist(), "x", color=JUMP_COLOUR, markersize=11, mew=2.5, label="jump", zorder=6)
    unit = drawing.report.unit if drawing.report.unit == "m" else "scene units"
    axes.set_title(title, loc="left", fontsize=12)
    axes.set(xlabel=f"{names[plane[0]]} ({unit})", ylabel=f"{names[plane[1]]} ({unit})")
    axes.margins(0.08)
    axes.autoscale_view()
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(color=GRID_COLOUR, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=9, frameon=False, borderaxespad=0.1)
    return wires


def _draw_curves(panels: Any, drawing: _Drawing, height: str, frame_rate: float | None) -> None:
    report = drawing.report
    times = report.times_s
    middles = (times[1:] + times[:-1]) / 2
    unit = report.unit if report.unit == "m" else "units"
    curves = [
        (f"{height} ({unit})", times, report.height_m),
        (f"speed ({unit}/s)", middles, report.speed_m_s),
        ("turning (°/s)", middles, report.angular_speed_deg_s),
        ("lens (mm)", times, report.focal_mm),
    ]
    for axes, (label, at, values) in zip(panels, curves, strict=True):
        axes.set_ylabel(label)
        axes.grid(color=GRID_COLOUR, linewidth=0.7)
        if values is None:
            axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center", va="center", color="#888888")
            axes.set_yticks([])
            continue
        axes.plot(at.tolist(), values.tolist(), color=CURVE_COLOUR, linewidth=1.6)
        _set_range(axes, values, from_zero=at is middles)
        for jump in report.jumps:
            cut = jump.kind in ("position", "rotation", "lens")
            style = "-" if cut else ":"
            axes.axvline(float(times[jump.frame]), color=JUMP_COLOUR, linewidth=1.2, linestyle=style, zorder=0)
    panels[-1].set_xlabel("time (s)")
    begin, end = float(times[0]), float(times[-1])
    panels[-1].set_xlim(begin, end if end > begin else begin + 1)
    if frame_rate is not None:
        top = panels[0].secondary_xaxis(
            "top", functions=(lambda s: (s - begin) * frame_rate, lambda f: f / frame_rate + begin)
        )
        top.set_xlabel(f"frame, at {frame_rate:g} a second")


def _set_range(axes: Axes, values: Tensor, from_zero: bool) -> None:
    """Limits that neither cut the curve nor blow rounding errors up."""
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    if from_zero:
        axes.set_ylim(0, 1.1 * high if high > 1e-6 else 1.0)
        return
    room = max(0.1 * (high - low), 0.02 * abs(high), 0.1)
    axes.set_ylim(low - room, high + room)
