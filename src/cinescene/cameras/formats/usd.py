"""USD (``.usda``, ``.usdc``, ``.usd``; ``.usdz`` for reading): an animated ``UsdGeomCamera``, through usd-core.

Cameras look along −z with +y up; the stage states its up axis (y or z), its unit (``metersPerUnit``) and its
``timeCodesPerSecond``. ``focalLength``, the apertures and their offsets are in tenths of the stage's unit, so in
millimetres on a stage in centimetres. A positive offset moves the picture's window to the right and up, the principal
point to the left and down. A picture's size is not the camera's but that of a ``UsdRenderProduct`` (or settings) that
targets it, whose policy says what gives where the aspect ratios differ. Source: OpenUSD's documentation of
``UsdGeomCamera``, ``UsdRenderSettingsBase`` and ``UsdGeomMetrics``; checked against ``UsdGeomCamera::GetCamera``.

A frame is read at every ``timeCodesPerSecond / framesPerSecond`` time codes from the stage's start to its end (from
the camera's first to its last time sample where the stage states none), interpolated as USD does. Tracks with uneven
times are written with a frame at each time sample, and marked so in the layer's custom data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cinescene.cameras.formats.axes import checked_poses, in_units, turned_up, without_scale
from cinescene.cameras.formats.choice import choose_camera
from cinescene.cameras.formats.lens import (
    SizePx,
    intrinsics_from,
    is_rounded,
    nominal_note,
    nominal_size,
    repeated_size,
)
from cinescene.cameras.formats.timing import timing_of
from cinescene.cameras.formats.usd_library import quiet, usd_library
from cinescene.cameras.formats.usd_write import AUTHORED_TIMES, HOLDS, TITLE, write
from cinescene.cameras.track import CameraTrack
from cinescene.errors import GeometryError, InputError
from cinescene.files import readable_file

__all__ = ["HOLDS", "TITLE", "read", "write"]

MAX_FRAMES = 100_000


def read(
    path: Path, *, camera: str | None = None, size_px: SizePx | None = None, frame_rate: float | None = None
) -> CameraTrack:
    """One camera of a stage, in metres and z up.

    ``camera`` is its name or prim path (the first by default), ``size_px`` the picture size where the stage has none,
    ``frame_rate`` the frames a second to read instead of the stage's.
    """
    usd = usd_library()
    readable_file(path, "USD file")
    with quiet(path, "read"):
        stage = usd.Usd.Stage.Open(str(path))
        prim, notes = _chosen(path, stage, camera)
        grid = _Grid.of(path, stage, prim, frame_rate, notes)
        poses = _poses(path, prim, grid.codes)
        lens = _lens(path, stage, prim, grid.codes, size_px, notes)
        scale = usd.UsdGeom.GetStageMetersPerUnit(stage)
        up = "z" if usd.UsdGeom.GetStageUpAxis(stage) == usd.UsdGeom.Tokens.z else "y"
        if not usd.UsdGeom.StageHasAuthoredMetersPerUnit(stage):
            notes.append("The stage states no unit: centimetres are taken, as USD does.")
    if not (scale > 0 and math.isfinite(scale)):
        raise GeometryError(f"{path}: expected a positive metersPerUnit, got {scale:g}")
    metric, _ = in_units(turned_up(poses, up)[0], scale, 1.0)
    return CameraTrack(world_from_camera=metric, metres_per_unit=1.0, notes=tuple(notes), **grid.timing(), **lens)


def _chosen(path: Path, stage: Any, camera: str | None) -> tuple[Any, list[str]]:
    usd = usd_library()
    prims = [p for p in stage.Traverse(usd.Usd.TraverseInstanceProxies()) if p.IsA(usd.UsdGeom.Camera)]
    if not prims:
        raise InputError(f"{path}: this USD stage holds no camera")
    by_path = {str(prim.GetPath()): prim for prim in prims}
    if camera is not None:
        named = [prim for prim in prims if prim.GetName() == camera]
        if len(named) == 1:
            return named[0], []
    name, notes = choose_camera(path, list(by_path), camera)
    return by_path[name], list(notes)


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """The time codes that frames are read at, and the rate they have."""

    codes: list[float]
    codes_per_second: float
    frame_rate: float | None

    def timing(self) -> dict[str, Any]:
        """Frame rate and times of the track."""
        if self.frame_rate is not None:
            return {"frame_rate": self.frame_rate}
        return timing_of(torch.tensor(self.codes, dtype=torch.float64) / self.codes_per_second)

    @classmethod
    def of(cls, path: Path, stage: Any, prim: Any, frame_rate: float | None, notes: list[str]) -> _Grid:
        per_second = stage.GetTimeCodesPerSecond()
        rate = stage.GetFramesPerSecond() if frame_rate is None else frame_rate
        if not (per_second > 0 and rate > 0 and math.isfinite(per_second) and math.isfinite(rate)):
            raise InputError(
                f"{path}: expected positive frame rates, got {per_second:g} time codes and {rate:g} frames"
            )
        samples = _samples(prim)
        if frame_rate is None and (stage.GetRootLayer().customLayerData or {}).get(AUTHORED_TIMES):
            return cls(codes=samples or [0.0], codes_per_second=per_second, frame_rate=None)
        stated = stage.HasAuthoredTimeCodeRange()
        start, end = (samples[0], samples[-1]) if samples else (0.0, 0.0)
        if stated:
            outside = sum(not stage.GetStartTimeCode() <= code <= stage.GetEndTimeCode() for code in samples)
            start, end = stage.GetStartTimeCode(), stage.GetEndTimeCode()
            if outside:
                notes.append(
                    f"{outside} time samples lie outside the stage's range {start:g} to {end:g} and are left out."
                )
        if not (math.isfinite(start) and math.isfinite(end) and start <= end):
            raise InputError(f"{path}: expected a time range, got {start:g} to {end:g}")
        step = per_second / rate
        count = math.floor((end - start) / step + 1e-6) + 1
        if count > MAX_FRAMES:
            raise InputError(f"{path}: the range {start:g} to {end:g} is {count} frames, more than {MAX_FRAMES}")
        return cls(codes=[start + i * step for i in range(count)], codes_per_second=per_second, frame_rate=rate)


def _samples(prim: Any) -> list[float]:
    """Time codes at which the camera, its lens or any of its parents has a value."""
    usd = usd_library()
    camera = usd.UsdGeom.Camera(prim)
    codes: set[float] = set()
    for attribute in _lens_attributes(camera).values():
        codes.update(attribute.GetTimeSamples())
    while prim and not prim.IsPseudoRoot():
        codes.update(usd.UsdGeom.Xformable(prim).GetTimeSamples() if prim.IsA(usd.UsdGeom.Xformable) else [])
        prim = prim.GetParent()
    return sorted(codes)


def _poses(path: Path, prim: Any, codes: list[float]) -> torch.Tensor:
    usd = usd_library()
    cache = usd.UsdGeom.XformCache()
    matrices = []
    for code in codes:
        cache.SetTime(code)
        matrix = np.array(cache.GetLocalToWorldTransform(prim)).T
        matrices.append(without_scale(matrix, f"{path}: {prim.GetPath()} at time code {code:g}"))
    return checked_poses(
        np.stack(matrices), lambda i: f"{path}: {prim.GetPath()} at time code {codes[i]:g}", opengl=True
    )


def _lens_attributes(camera: Any) -> dict[str, Any]:
    return {
        "focal": camera.GetFocalLengthAttr(),
        "width": camera.GetHorizontalApertureAttr(),
        "height": camera.GetVerticalApertureAttr(),
        "right": camera.GetHorizontalApertureOffsetAttr(),
        "up": camera.GetVerticalApertureOffsetAttr(),
    }


def _lens(
    path: Path, stage: Any, prim: Any, codes: list[float], size_px: SizePx | None, notes: list[str]
) -> dict[str, Any]:
    usd = usd_library()
    camera = usd.UsdGeom.Camera(prim)
    if camera.GetProjectionAttr().Get() == usd.UsdGeom.Tokens.orthographic:
        raise GeometryError(f"{path}: {prim.GetPath()} is an orthographic camera; a perspective one is needed")
    film = {
        name: torch.tensor([_number(path, attribute, code) for code in codes], dtype=torch.float64)
        for name, attribute in _lens_attributes(camera).items()
    }
    for name, label in (("focal", "focalLength"), ("width", "horizontalAperture"), ("height", "verticalAperture")):
        if not ((film[name] > 0) & torch.isfinite(film[name])).all():
            raise GeometryError(
                f"{path}: {prim.GetPath()}.{label}: expected positive numbers, got {film[name].min():g}"
            )
    stated, policy, pixel_aspect = _render_size(path, stage, prim)
    aspect = float(film["width"][0] / film["height"][0])
    size = stated or size_px
    if size is None:
        size = nominal_size(aspect)
        notes.append(nominal_note(size))
    elif stated is None and not is_rounded(size, aspect):
        policy = "adjustApertureHeight"
        notes.append(f"The film back is {aspect:.4g} times as wide as high: its width is kept.")
    sizes = repeated_size(size, len(codes), str(path))
    width, height = _conformed(film["width"], film["height"], size[0] / size[1] * pixel_aspect, policy)
    fx, fy = film["focal"] / width * size[0], film["focal"] / height * size[1]
    cx = size[0] / 2 - film["right"] / width * size[0]
    cy = size[1] / 2 + film["up"] / height * size[1]
    return {"intrinsics_px": intrinsics_from(fx, fy, cx, cy), "image_size_px": sizes}


def _number(path: Path, attribute: Any, code: float) -> float:
    value = attribute.Get(code)
    if not isinstance(value, (int, float)):
        raise InputError(f"{path}: {attribute.GetPath()}: expected a number at time code {code:g}, got {value!r}")
    return float(value)


def _render_size(path: Path, stage: Any, prim: Any) -> tuple[SizePx | None, str, float]:
    """Resolution, conform policy and pixel aspect of the render product or settings for this camera."""
    usd = usd_library()
    found = []
    for candidate in stage.Traverse():
        if candidate.IsA(usd.UsdRender.Product) or candidate.IsA(usd.UsdRender.Settings):
            settings = usd.UsdRender.SettingsBase(candidate)
            targets = settings.GetCameraRel().GetForwardedTargets()
            if prim.GetPath() in targets and settings.GetResolutionAttr().HasAuthoredValue():
                found.append((not candidate.IsA(usd.UsdRender.Product), settings))
    if not found:
        return None, "adjustPixelAspectRatio", 1.0
    settings = min(found, key=lambda entry: entry[0])[1]
    resolution = settings.GetResolutionAttr().Get()
    pixel_aspect = settings.GetPixelAspectRatioAttr().Get()
    if not isinstance(resolution, usd.Gf.Vec2i) or not isinstance(pixel_aspect, float) or not pixel_aspect > 0:
        raise InputError(f"{path}: {settings.GetPath()}: expected a resolution of two numbers and a pixel aspect ratio")
    return (resolution[0], resolution[1]), str(settings.GetAspectRatioConformPolicyAttr().Get()), pixel_aspect


def _conformed(
    width: torch.Tensor, height: torch.Tensor, aspect: float, policy: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """The film back after the policy has fitted it to a picture of the stated aspect ratio."""
    wider = aspect > width / height
    if policy == "adjustPixelAspectRatio":
        return width, height
    if policy == "adjustApertureWidth":
        return height * aspect, height
    if policy == "adjustApertureHeight":
        return width, width / aspect
    change_width = wider if policy == "expandAperture" else ~wider
    return torch.where(change_width, height * aspect, width), torch.where(change_width, height, width / aspect)
