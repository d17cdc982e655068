"""Writing USD: an animated ``UsdGeomCamera`` with a render product for its picture size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.formats.axes import FLIP_CAMERA, in_units, upright, z_up_from
from cinescene.cameras.formats.lens import lens_of, tangents
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.timing import ASSUMED_FRAME_RATE, times_for
from cinescene.cameras.formats.usd_library import quiet, usd_library
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.tensor_types import Float, Tensor

TITLE = "USD"
HOLDS = Holds(
    lens=True, pixel_aspect=True, principal_point=True, size=True, rate=True, times=True, metres=True, up=True
)

AUTHORED_TIMES = "cinescene:framesAtTimeSamples"
"""Key in the layer's custom data: frames stand at the time samples, not at whole time codes, and count from zero."""

_NEAREST_M, _FARTHEST_M = 0.01, 100_000.0


def write(
    path: Path,
    track: CameraTrack,
    *,
    up_axis: str = "Y",
    metres_per_unit: float = 0.01,
    camera: str = "camera",
    film_width_mm: float = 36.0,
    first_frame: int = 1,
) -> list[str]:
    """Writes ``.usda`` or ``.usdc`` (``.usd`` is binary) by the path's suffix; returns what is lost. Needs a lens.

    The stage is in centimetres with y up by default, which Maya, Unreal, Houdini, Blender and Omniverse all take, and
    in which USD's lens unit (a tenth of the stage's) is the millimetre.
    """
    if path.suffix.lower() not in (".usd", ".usda", ".usdc"):
        raise InputError(f"{path}: expected a name that ends in .usda, .usdc or .usd for USD")
    if up_axis not in ("Y", "Z") or not (metres_per_unit > 0 and film_width_mm > 0):
        raise InputError(f"{path}: expected up_axis Y or Z, and a positive unit and film width")
    cameras = lens_of(path, track, TITLE)
    poses, notes = upright(track)
    if up_axis == "Y":
        poses = z_up_from("y").mT @ poses
    poses, more = in_units(poses, track.metres_per_unit, metres_per_unit)
    rate = track.frame_rate or ASSUMED_FRAME_RATE
    times, assumed = times_for(track)
    codes = (times * rate if track.times_s is not None else torch.arange(len(track)) + float(first_frame)).tolist()
    stage = _stage(up_axis, metres_per_unit, rate, codes, track.times_s is not None)
    prim = _camera(stage, _identifier(camera), poses @ FLIP_CAMERA, codes)
    _lens(prim, cameras, codes, film_width_mm / 1000 / metres_per_unit * 10, metres_per_unit)
    _render_product(stage, prim, cameras)
    with written_whole(path) as temporary, quiet(path, "written"):
        stage.GetRootLayer().Export(str(temporary))
    return notes + more + assumed + what_is_lost(track, TITLE, HOLDS)


def _identifier(name: str) -> str:
    identifier = re.sub(r"\W", "_", name, flags=re.ASCII)
    return identifier if re.match(r"[A-Za-z_]", identifier) else f"camera_{identifier}"


def _stage(up_axis: str, metres_per_unit: float, rate: float, codes: list[float], uneven: bool) -> Any:
    usd = usd_library()
    stage = usd.Usd.Stage.CreateInMemory()
    usd.UsdGeom.SetStageUpAxis(stage, usd.UsdGeom.Tokens.y if up_axis == "Y" else usd.UsdGeom.Tokens.z)
    usd.UsdGeom.SetStageMetersPerUnit(stage, metres_per_unit)
    stage.SetTimeCodesPerSecond(rate)
    stage.SetFramesPerSecond(rate)
    stage.SetStartTimeCode(codes[0])
    stage.SetEndTimeCode(codes[-1])
    if uneven:
        stage.GetRootLayer().customLayerData = {AUTHORED_TIMES: True}
    return stage


def _camera(stage: Any, name: str, poses: Float[Tensor, "t 4 4"], codes: list[float]) -> Any:
    usd = usd_library()
    root = usd.UsdGeom.Xform.Define(stage, "/World")
    stage.SetDefaultPrim(root.GetPrim())
    camera = usd.UsdGeom.Camera.Define(stage, f"/World/{name}")
    transform = camera.MakeMatrixXform()
    for code, pose in zip(codes, poses, strict=True):
        transform.Set(usd.Gf.Matrix4d(*pose.T.flatten().tolist()), code)
    return camera


def _lens(camera: Any, cameras: Cameras, codes: list[float], film_width: float, metres_per_unit: float) -> None:
    """Film back and focal length in the stage's lens unit, per frame where they change."""
    half_width, half_height = tangents(cameras)
    size = cameras.image_size_px.to(torch.float64)
    centre = cameras.intrinsics_px[:, :2, 2]
    focal = film_width / 2 / half_width
    values = {
        camera.CreateFocalLengthAttr(): focal,
        camera.CreateHorizontalApertureAttr(): torch.full_like(focal, film_width),
        camera.CreateVerticalApertureAttr(): 2 * half_height * focal,
        camera.CreateHorizontalApertureOffsetAttr(): (0.5 - centre[:, 0] / size[:, 0]) * film_width,
        camera.CreateVerticalApertureOffsetAttr(): (centre[:, 1] / size[:, 1] - 0.5) * 2 * half_height * focal,
    }
    for attribute, series in values.items():
        if (series == series[0]).all():
            attribute.Set(float(series[0]))
        else:
            for code, value in zip(codes, series.tolist(), strict=True):
                attribute.Set(value, code)
    usd = usd_library()
    camera.CreateProjectionAttr(usd.UsdGeom.Tokens.perspective)
    camera.CreateClippingRangeAttr(usd.Gf.Vec2f(_NEAREST_M / metres_per_unit, _FARTHEST_M / metres_per_unit))


def _render_product(stage: Any, camera: Any, cameras: Cameras) -> None:
    usd = usd_library()
    usd.UsdGeom.Scope.Define(stage, "/Render")
    product = usd.UsdRender.Product.Define(stage, "/Render/product")
    settings = usd.UsdRender.Settings.Define(stage, "/Render/settings")
    width, height = (int(side) for side in cameras.image_size_px[0])
    for prim in (product, settings):
        prim.CreateResolutionAttr(usd.Gf.Vec2i(width, height))
        prim.CreateAspectRatioConformPolicyAttr("adjustPixelAspectRatio")
        prim.CreateCameraRel().SetTargets([camera.GetPath()])
    settings.CreateProductsRel().SetTargets([product.GetPath()])
    stage.SetMetadata("renderSettingsPrimPath", "/Render/settings")
