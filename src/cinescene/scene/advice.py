"""What a scene's measurements mean for a shoot, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cinescene.scene.finding import in_words
from cinescene.scene.inspect import SceneReport, ViewReport

SOFT = 0.4
"""Sharpness below this share of the scene's median is called soft."""

EXPOSURE_SPREAD_STOPS = 1.5
BLOWN_SHARE = 0.2
LITTLE_OVERLAP = 0.25
MOST_LONELY = 0.4
"""Where likeness finds nothing for more views than this share, it is likeness that fails."""

FEW_PHOTOS = 5
SMALL_LONG_SIDE_PX = 640
SEAM = 6.0
CAP_DEG = 3.0
WIDE_FRAME_PX, WIDE_LENS_FOCAL_PX = 672, 448
"""The model's frame, and the focal length of a 24 mm lens on it."""


def warnings_of(report: SceneReport) -> tuple[str, ...]:
    """What a director should know before shooting on this set; empty where nothing is wrong."""
    readable = [view for view in report.views if view.problem is None]
    return (
        *(view.problem for view in report.views if view.problem is not None),
        *_panorama_warnings(report),
        *(() if report.kind == "panorama" else _photo_warnings(report, readable)),
        *_world_warnings(report),
        *report.notes,
        *_left_out(report),
    )


def _photo_warnings(report: SceneReport, views: Sequence[ViewReport]) -> Iterator[str]:
    soft = [view.name for view in views if view.sharpness is not None and view.sharpness < SOFT]
    if soft:
        yield f"{in_words(soft)} {_are(soft)} much softer than the rest (shake or focus): shoot again or leave out"
    yield from _exposure_warnings(report, views)
    blown = [view.name for view in views if view.white is not None and view.white > BLOWN_SHARE]
    if blown:
        yield f"{in_words(blown)} {_are(blown)} blown out over more than {BLOWN_SHARE:.0%}: expose for the highlights"
    yield from _overlap_warnings(report, views)
    if report.kind != "posed" and 1 < len(views) < FEW_PHOTOS:
        yield f"{len(views)} pictures leave most of the place unseen: 10 to 40 from all over it are a good set"
    small = [view.name for view in views if max(view.width_px, view.height_px) < SMALL_LONG_SIDE_PX]
    if small:
        yield f"{_pictures(report, small)} smaller than the frame of a shot: use the original files"
    upright = [view.name for view in views if view.height_px > view.width_px]
    if 0 < len(upright) < len(views):
        yield "upright and wide pictures are mixed: of the upright ones a wide shot keeps only the middle"
    guessed = [view.name for view in views if view.lens == "assumed"]
    if guessed:
        named = "the video" if report.kind == "video" else in_words(guessed)
        yield f"the lens of {named} is not known: 28 mm (on 36×24 mm) is assumed until it is estimated"


def _exposure_warnings(report: SceneReport, views: Sequence[ViewReport]) -> Iterator[str]:
    spread = report.exposure_spread_stops
    if spread is None or spread < EXPOSURE_SPREAD_STOPS:
        return
    by_light = sorted(views, key=lambda view: view.exposure_stops or 0.0)
    yield (
        f"the light differs by {spread:.1f} stops between {by_light[0].name} (darkest) and {by_light[-1].name} "
        "(brightest): lock the exposure, or grade the pictures to match"
    )


def _overlap_warnings(report: SceneReport, views: Sequence[ViewReport]) -> Iterator[str]:
    if len(views) < 2:
        return
    if report.overlap_basis == "cameras":
        alone = [view.name for view in views if view.best_overlap is not None and view.best_overlap < LITTLE_OVERLAP]
        if alone:
            yield f"{in_words(alone)} {_shares(alone)} little with any other view: take pictures in between"
        return
    alone = [view.name for view in views if view.best_overlap is None]
    if len(alone) > MOST_LONELY * len(views):
        yield "how much the pictures share cannot be told from them: each should show half of what the next one does"
    elif alone:
        yield (
            f"{in_words(alone)} {_shares(alone)} nothing recognisable with the others (a rough guess by likeness): "
            "take pictures in between"
        )


def _panorama_warnings(report: SceneReport) -> Iterator[str]:
    panorama = report.panorama
    if panorama is None:
        return
    if panorama.seam_contrast > SEAM:
        yield "the left and right edges of the panorama do not meet: is it really a full 360°?"
    for degrees, end in ((panorama.uniform_top_deg, "top"), (panorama.uniform_bottom_deg, "bottom")):
        if degrees > CAP_DEG:
            yield f"the {end} {degrees:.0f}° of the panorama are one flat colour: nothing was photographed there"
    magnified = WIDE_LENS_FOCAL_PX / (panorama.pixels_a_degree * 57.2958)
    if magnified > 1.25:
        yield (
            f"{panorama.pixels_a_degree:.1f} pixels a degree are few: a {WIDE_FRAME_PX}-pixel frame through a 24 mm "
            f"lens magnifies them {magnified:.1f} times and looks soft; 2816×1408 or more stays sharp"
        )


def _world_warnings(report: SceneReport) -> Iterator[str]:
    unposed = [view.name for view in report.views if not view.posed]
    if unposed and len(unposed) < len(report.views):
        yield f"where {in_words(unposed)} {_are(unposed)} taken from is not known"
    elif unposed:
        yield "where the pictures were taken from is not known: it must be estimated before a camera can move"
    if unposed or report.metres_per_unit is None:
        yield "lengths in metres need one measured distance on the set"
    if not unposed and not report.up_known:
        yield "which way is up is not known: level moves may tilt"


def _left_out(report: SceneReport) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for item in report.left_out:
        by_reason.setdefault(item.reason, []).append(item.name)
    for reason, names in by_reason.items():
        yield f"left out: {in_words(names)} ({reason})"


def _pictures(report: SceneReport, names: Sequence[str]) -> str:
    """Names with their verb; frames of a video that are all alike in this are the video."""
    return "the video is" if report.kind == "video" else f"{in_words(names)} {_are(names)}"


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _shares(names: Sequence[str]) -> str:
    return "share" if len(names) > 1 else "shares"
