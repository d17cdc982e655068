"""``cinescene scene``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from cinescene.scene.inspect import SceneReport
    from cinescene.scene.scene import Scene


def inspect(
    source: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("contact.png"),
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
    kind: Literal["auto", "panorama", "photos", "video", "posed"] = "auto",
    layout: str = "paper",
    cameras: Path | None = None,
    frames: int = 20,
    exposure: float = 0.0,
) -> None:
    """Say what there is of a place and what it is good for, and write a contact sheet.

    Args:
        source: A panorama (equirectangular, 2:1), photos, a folder or "glob" of photos, a video, or a COLMAP or
            nerfstudio folder.
        out: The contact sheet to write (.png).
        as_json: Print all that was measured as JSON instead of the table.
        kind: What the source is, where its content does not tell.
        layout: Views cut from a panorama: paper (20 of 90°), cube, dense, or a number of views on the horizon.
        cameras: A camera file that names the photos, where they have no COLMAP or nerfstudio folder of their own.
        frames: How many frames to choose from a video.
        exposure: Stops of exposure for EXR and HDR pictures, about their automatic exposure.
    """
    from cinescene.cli.progress import progress_bar
    from cinescene.scene.advice import warnings_of
    from cinescene.scene.contact_sheet import contact_sheet, contact_sheet_file
    from cinescene.scene.inspect import inspect_scene

    scene = _opened(source, kind, layout, cameras, frames, exposure)
    with contact_sheet_file(out) as file:
        with progress_bar("inspect", len(scene.views), unit="views") as progress:
            inspection = inspect_scene(scene, progress)
        warnings = warnings_of(inspection.report)
        contact_sheet(scene, inspection, warnings).save(file, format="PNG")
    if as_json:
        print(json.dumps(_as_document(inspection.report, warnings, out), indent=2, ensure_ascii=False))
        return
    _print_report(inspection.report)
    for warning in warnings:
        print(f"warning: {' '.join(warning.split())}", file=sys.stderr)
    print(out)


def _opened(
    source: tuple[str, ...],
    kind: Literal["auto", "panorama", "photos", "video", "posed"],
    layout: str,
    cameras: Path | None,
    frames: int,
    exposure: float,
) -> Scene:
    from cinescene.cameras.formats import read_track
    from cinescene.errors import InputError
    from cinescene.scene.scene import Scene
    from cinescene.scene.tone_mapping import ToneMapping
    from cinescene.scene.view_layout import ViewLayout

    if not source:
        raise InputError("scene inspect: expected a panorama, photos, a folder, a video or a COLMAP folder")
    return Scene.open(
        source[0] if len(source) == 1 else list(source),
        kind=kind,
        layout=ViewLayout.named(layout),
        cameras=None if cameras is None else read_track(cameras),
        frame_count=frames,
        tone_mapping=ToneMapping(exposure_ev=exposure),
    )


def _as_document(report: SceneReport, warnings: tuple[str, ...], out: Path) -> dict[str, object]:
    import dataclasses

    return {**dataclasses.asdict(report), "warnings": list(warnings), "contact_sheet": str(out)}


def _print_report(report: SceneReport) -> None:
    print(_summary(report))
    rows = [("view", "size", "field of view", "sharpness", "exposure", "shared", "most with")]
    for view in report.views:
        if view.sharpness is None or view.exposure_stops is None:
            rows.append((view.name, "cannot be read", "", "", "", "", ""))
            continue
        rows.append(
            (
                view.name,
                f"{view.width_px}×{view.height_px}",
                f"{view.horizontal_fov_deg:.1f}° {view.lens}",
                f"{view.sharpness:.2f}",
                f"{view.exposure_stops:+.1f} EV",
                "?" if view.best_overlap is None else f"{view.best_overlap:.0%}",
                view.best_overlap_with or "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _summary(report: SceneReport) -> str:
    names = {"panorama": "a panorama", "photos": "photos", "video": "a video", "posed": "photos with their cameras"}
    count = f"{len(report.views)} views" if len(report.views) != 1 else "1 view"
    lines = [f"{report.name}: {names[report.kind]}, {count}"]
    if report.panorama is not None:
        size = f"{report.panorama.width_px}×{report.panorama.height_px}"
        lines.append(f"panorama: {size}, {report.panorama.pixels_a_degree:.1f} pixels a degree")
    if report.exposure_spread_stops is not None and len(report.views) > 1:
        lines.append(f"exposure: differs by {report.exposure_spread_stops:.1f} stops")
    basis = {
        "cameras": "by the known cameras",
        "likeness": "a rough guess by the likeness of the pictures, since their poses are not known",
        "none": "",
    }[report.overlap_basis]
    if basis:
        lines.append(f"shared: the largest part of a view that another shows too, {basis}")
    scale = "not known" if report.metres_per_unit is None else f"1 unit is {report.metres_per_unit:g} m"
    lines.append(f"scale: {scale}; up: {'known' if report.up_known else 'not known'}; start view: {report.start_view}")
    return "\n".join(lines)
