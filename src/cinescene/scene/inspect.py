"""What a scene's pictures are good for, measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cinescene.errors import CineSceneError
from cinescene.scene.fitting import Fitting
from cinescene.scene.lens import LensOrigin
from cinescene.scene.likeness import Fingerprint, fingerprint
from cinescene.scene.overlap import overlap_by_cameras, overlap_by_likeness
from cinescene.scene.panorama import seam_contrast, uniform_caps
from cinescene.scene.quality import exposure, luma, sharpness
from cinescene.scene.scene import Kind, LeftOut, Scene
from cinescene.tensor_types import Tensor, UInt8

THUMBNAIL_PX = (640, 480)

OverlapBasis = Literal["cameras", "likeness", "none"]
"""By the known cameras; by the likeness of the pictures, which is a rough guess; or there is but one view."""


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """One view, measured.

    ``sharpness`` is relative to the median of the scene, ``exposure_stops`` to middle grey; ``black`` and ``white`` are
    shares of clipped pixels. ``best_overlap`` is the largest share of it that another view, ``best_overlap_with``,
    shows too; None where that is not known. ``problem`` says why it cannot be read; of its pixels nothing is then
    known.
    """

    name: str
    width_px: int
    height_px: int
    horizontal_fov_deg: float
    lens: LensOrigin
    posed: bool
    sharpness: float | None = None
    exposure_stops: float | None = None
    black: float | None = None
    white: float | None = None
    best_overlap: float | None = None
    best_overlap_with: str | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class PanoramaReport:
    """The panorama itself: how hard its edges meet (1 is seamless), and how much of its ends is a single colour."""

    width_px: int
    height_px: int
    pixels_a_degree: float
    seam_contrast: float
    uniform_top_deg: float
    uniform_bottom_deg: float


@dataclass(frozen=True, kw_only=True)
class SceneReport:
    """A whole scene, measured; `advice` puts it into words."""

    name: str
    kind: Kind
    views: tuple[ViewReport, ...]
    panorama: PanoramaReport | None
    overlap_basis: OverlapBasis
    exposure_spread_stops: float | None
    metres_per_unit: float | None
    up_known: bool
    start_view: str
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """A report, and a small picture of each view (None where it cannot be read) for a contact sheet."""

    report: SceneReport
    thumbnails: tuple[UInt8[Tensor, "3 _h _w"] | None, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    sharpness: float
    exposure_stops: float
    black: float
    white: float
    fingerprint: Fingerprint
    thumbnail: UInt8[Tensor, "3 h w"]


def inspect_scene(scene: Scene, progress: Callable[[int], None] | None = None) -> Inspection:
    """Decodes every view once, measures it and compares it with the others; unreadable views are reported as such.

    ``progress`` is called with the number of views done.
    """
    measured: list[_Measured | None] = []
    problems: list[str | None] = []
    for view, (pixels, problem) in zip(scene.views, _decoded(scene), strict=True):
        measured.append(None if pixels is None else _measure(pixels, view.horizontal_fov_rad))
        problems.append(problem)
        if progress is not None:
            progress(len(measured))
    views = _view_reports(scene, measured, problems)
    stops = [m.exposure_stops for m in measured if m is not None]
    report = SceneReport(
        name=scene.name,
        kind=scene.kind,
        views=views,
        panorama=_panorama_report(scene),
        overlap_basis="none" if len(views) == 1 else "likeness" if scene.cameras is None else "cameras",
        exposure_spread_stops=max(stops) - min(stops) if stops else None,
        metres_per_unit=scene.metres_per_unit,
        up_known=scene.up_known,
        start_view=scene.views[scene.start_view].name,
        notes=scene.notes,
        left_out=scene.left_out,
    )
    return Inspection(report=report, thumbnails=tuple(None if m is None else m.thumbnail for m in measured))


def _decoded(scene: Scene) -> Iterator[tuple[UInt8[Tensor, "3 h w"] | None, str | None]]:
    if scene.panorama is not None:
        yield from ((pixels, None) for pixels in scene.pictures())
        return
    for view in scene.views:
        try:
            yield view.load(), None
        except CineSceneError as error:
            yield None, str(error)


def _measure(pixels: UInt8[Tensor, "3 h w"], horizontal_fov_rad: float) -> _Measured:
    grey = luma(pixels)
    light = exposure(grey)
    width, height = pixels.shape[-1], pixels.shape[-2]
    shrink = min(1.0, THUMBNAIL_PX[0] / width, THUMBNAIL_PX[1] / height)
    small = max(1, round(width * shrink)), max(1, round(height * shrink))
    return _Measured(
        sharpness=sharpness(grey),
        exposure_stops=light.mean_stops,
        black=light.black,
        white=light.white,
        fingerprint=fingerprint(grey, horizontal_fov_rad),
        thumbnail=Fitting.of((width, height), small).picture(pixels),
    )


def _view_reports(scene: Scene, measured: list[_Measured | None], problems: list[str | None]) -> tuple[ViewReport, ...]:
    best = _best_overlaps(scene, measured)
    typical = float(np.median([m.sharpness for m in measured if m is not None] or [0.0])) or 1.0
    reports = []
    for index, (view, m, problem) in enumerate(zip(scene.views, measured, problems, strict=True)):
        share, other = best[index]
        reports.append(
            ViewReport(
                name=view.name,
                width_px=view.size_px[0],
                height_px=view.size_px[1],
                horizontal_fov_deg=math.degrees(view.horizontal_fov_rad),
                lens=view.lens,
                posed=view.world_from_camera is not None,
                sharpness=None if m is None else m.sharpness / typical,
                exposure_stops=None if m is None else m.exposure_stops,
                black=None if m is None else m.black,
                white=None if m is None else m.white,
                best_overlap=share,
                best_overlap_with=None if other is None else scene.views[other].name,
                problem=problem,
            )
        )
    return tuple(reports)


def _best_overlaps(scene: Scene, measured: list[_Measured | None]) -> list[tuple[float | None, int | None]]:
    """For each view the largest share of it that another shows, and which; (None, None) where none was recognised."""
    if len(measured) < 2:
        return [(None, None)] * len(measured)
    cameras = scene.cameras
    shares = (
        overlap_by_likeness([None if m is None else m.fingerprint for m in measured])
        if cameras is None
        else overlap_by_cameras(cameras)
    )
    shares.fill_diagonal_(-1)
    share, other = shares.max(-1)
    best: list[tuple[float | None, int | None]] = []
    for m, value, index in zip(measured, share.tolist(), other.tolist(), strict=True):
        if m is None or (value <= 0 and cameras is None):
            best.append((None, None))
        else:
            best.append((max(value, 0.0), index if value > 0 else None))
    return best


def _panorama_report(scene: Scene) -> PanoramaReport | None:
    if scene.panorama is None:
        return None
    width, height = scene.panorama.size_px
    top, bottom = uniform_caps(scene.panorama)
    return PanoramaReport(
        width_px=width,
        height_px=height,
        pixels_a_degree=width / 360,
        seam_contrast=seam_contrast(scene.panorama),
        uniform_top_deg=top,
        uniform_bottom_deg=bottom,
    )
