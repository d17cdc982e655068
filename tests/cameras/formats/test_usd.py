"""USD cameras, checked against OpenUSD's own camera (GfCamera) and hand-written stages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import detect_format, read_track, write_track
from cinescene.cameras.formats.lens import intrinsics_from
from cinescene.cameras.projection import project, unproject
from cinescene.errors import GeometryError, InputError, MissingDependencyError
from tests.cameras.formats.tracks import poses

pytest.importorskip("pxr", reason="usd-core is not installed")

STAGE = """#usda 1.0
(
    upAxis = "Z"
    metersPerUnit = 1
    timeCodesPerSecond = 24
)
def Xform "rig" (kind = "component")
{
    double3 xformOp:translate.timeSamples = { 1: (0, -4, 1.5), 25: (2.4, -4, 1.5) }
    float3 xformOp:scale = (10, 10, 10)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
    def Camera "shotCam"
    {
        float xformOp:rotateX = 90
        uniform token[] xformOpOrder = ["xformOp:rotateX"]
        float horizontalAperture = 0.36
        float verticalAperture = 0.2025
        float focalLength = 0.24
    }
}
"""


def random_track(frames: int = 3) -> CameraTrack:
    generator = torch.Generator().manual_seed(4)
    step = torch.arange(frames).double()
    cameras = Cameras(
        world_from_camera=poses(frames, generator),
        intrinsics_px=intrinsics_from(700 + 10 * step, 690 + 20 * step, 300 + step, 220 + step),
        image_size_px=torch.tensor([672, 384]),
    )
    return CameraTrack.from_cameras(cameras, frame_rate=24.0, metres_per_unit=1.0)


def saved(folder: Path, text: str, name: str = "stage.usda") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("options", [{}, {"up_axis": "Z", "metres_per_unit": 1.0}])
def test_openusd_sees_points_where_our_cameras_do(tmp_path: Path, options: dict) -> None:
    from pxr import Gf, Usd, UsdGeom

    track = random_track()
    path = tmp_path / "Ä b.usda"
    write_track(path, track, **options)
    stage = Usd.Stage.Open(str(path))
    camera = UsdGeom.Camera(stage.GetPrimAtPath("/World/camera"))
    cameras = track.cameras()
    depth = torch.full((5,), 7.0).double()
    aims = torch.tensor([[10.0, 20], [600, 30], [320, 200], [100, 380], [650, 370]]).double()
    for i in range(len(track)):
        points = unproject(cameras[i], aims, depth)
        pixels, _ = project(cameras[i], points)
        frustum = camera.GetCamera(Usd.TimeCode(1 + i)).frustum
        matrix = frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix()
        for point, pixel in zip(points.tolist(), pixels.tolist(), strict=True):
            x, y, z = point
            on_stage = Gf.Vec3d(*point) if options else Gf.Vec3d(x, z, -y) * 100
            ndc = matrix.Transform(on_stage)
            seen = ((ndc[0] + 1) / 2 * 672, (1 - ndc[1]) / 2 * 384)
            assert seen == pytest.approx(pixel, abs=2e-3)


def test_the_lens_is_in_millimetres_on_a_stage_in_centimetres(tmp_path: Path) -> None:
    from pxr import Usd, UsdGeom

    track = CameraTrack(world_from_camera=torch.eye(4).double()[None], metres_per_unit=1.0).with_lens(24.0, 672, 384)
    write_track(tmp_path / "a.usdc", track)
    write_track(tmp_path / "m.usdc", track, metres_per_unit=1.0)
    for name, focal, aperture in (("a", 24.0, 36.0), ("m", 0.24, 0.36)):
        stage = Usd.Stage.Open(str(tmp_path / f"{name}.usdc"))
        camera = UsdGeom.Camera(stage.GetPrimAtPath("/World/camera"))
        assert camera.GetFocalLengthAttr().Get() == pytest.approx(focal)
        assert camera.GetHorizontalApertureAttr().Get() == pytest.approx(aperture)


def test_a_camera_under_moving_scaled_parents(tmp_path: Path) -> None:
    path = saved(tmp_path, STAGE)
    assert detect_format(path) == "usd"
    track = read_track(path)
    assert len(track) == 25
    assert track.frame_rate == 24.0
    cameras = track.cameras()
    torch.testing.assert_close(cameras.position[12], torch.tensor([1.2, -4.0, 1.5]).double())
    torch.testing.assert_close(cameras.forward[0], torch.tensor([0.0, 1.0, 0.0]).double())
    torch.testing.assert_close(-cameras.world_from_camera[0, :3, 1], torch.tensor([0.0, 0.0, 1.0]).double())
    assert cameras.size_px == (1920, 1080)
    assert float(torch.rad2deg(cameras.field_of_view_rad[0, 0])) == pytest.approx(73.7398, abs=1e-3)
    assert len(read_track(path, frame_rate=48.0)) == 49


def test_y_up_centimetres_come_out_z_up_in_metres(tmp_path: Path) -> None:
    text = STAGE.replace('upAxis = "Z"', 'upAxis = "Y"').replace("metersPerUnit = 1", "metersPerUnit = 0.01")
    track = read_track(saved(tmp_path, text.replace("rotateX = 90", "rotateX = 0")))
    torch.testing.assert_close(track.world_from_camera[0, :3, 3], torch.tensor([0.0, -0.015, -0.04]).double())
    torch.testing.assert_close(track.cameras().forward[0], torch.tensor([0.0, 1.0, 0.0]).double())


def test_the_stages_range_and_rates_say_which_frames_there_are(tmp_path: Path) -> None:
    ranged = STAGE.replace("timeCodesPerSecond = 24", "startTimeCode = 1\nendTimeCode = 13\ntimeCodesPerSecond = 24")
    track = read_track(saved(tmp_path, ranged))
    assert len(track) == 13
    assert any("1 time samples lie outside" in note for note in track.notes)
    ticks = STAGE.replace("timeCodesPerSecond = 24", "timeCodesPerSecond = 240\nframesPerSecond = 24")
    assert len(read_track(saved(tmp_path, ticks))) == 3
    still = STAGE.replace(".timeSamples = { 1: (0, -4, 1.5), 25: (2.4, -4, 1.5) }", " = (0, -4, 1.5)")
    assert len(read_track(saved(tmp_path, still))) == 1


RENDER = """
def RenderProduct "product"
{
    rel camera = </rig/shotCam>
    uniform int2 resolution = (1000, 1000)
    uniform token aspectRatioConformPolicy = "POLICY"
}
"""


@pytest.mark.parametrize(
    ("policy", "tangents"),
    [
        ("expandAperture", (0.75, 0.75)),
        ("cropAperture", (0.421875, 0.421875)),
        ("adjustApertureWidth", (0.421875, 0.421875)),
        ("adjustApertureHeight", (0.75, 0.75)),
        ("adjustPixelAspectRatio", (0.75, 0.421875)),
    ],
)
def test_the_render_product_gives_size_and_conform_policy(
    tmp_path: Path, policy: str, tangents: tuple[float, float]
) -> None:
    track = read_track(saved(tmp_path, STAGE + RENDER.replace("POLICY", policy)))
    cameras = track.cameras()
    assert cameras.size_px == (1000, 1000)
    found = (500 / cameras.focal_px[0]).tolist()
    assert found == pytest.approx(tangents, rel=1e-6)


def test_a_size_of_another_shape_keeps_the_width(tmp_path: Path) -> None:
    track = read_track(saved(tmp_path, STAGE), size_px=(1000, 1000))
    assert track.cameras().focal_px[0].tolist() == pytest.approx([500 / 0.75] * 2)
    assert any("its width is kept" in note for note in track.notes)


def test_one_of_several_cameras(tmp_path: Path) -> None:
    path = saved(tmp_path, STAGE + 'def Camera "other"\n{\n}\n')
    assert any("2 cameras; /rig/shotCam is taken" in note for note in read_track(path).notes)
    assert torch.equal(read_track(path, camera="other").world_from_camera[0, :3, 3], torch.zeros(3).double())
    assert torch.equal(read_track(path, camera="/other").world_from_camera[0, :3, 3], torch.zeros(3).double())
    with pytest.raises(InputError, match=r"expected one of the cameras /rig/shotCam, /other, got 'third'"):
        read_track(path, camera="third")


def test_uneven_times_are_kept_as_time_samples(tmp_path: Path) -> None:
    track = random_track()
    times = torch.tensor([0.5, 0.6, 1.7]).double()
    uneven = CameraTrack.from_cameras(track.cameras(), times_s=times)
    write_track(tmp_path / "a.usda", uneven)
    torch.testing.assert_close(read_track(tmp_path / "a.usda").frame_times_s(), times)


def test_no_unit_means_centimetres_and_is_said(tmp_path: Path) -> None:
    track = read_track(saved(tmp_path, STAGE.replace("    metersPerUnit = 1\n", "")))
    assert any("centimetres are taken" in note for note in track.notes)
    torch.testing.assert_close(track.world_from_camera[0, :3, 3], torch.tensor([0.0, -0.04, 0.015]).double())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#usda 1.0\n", "no camera"),
        ("#usda 1.0\n(\n  garbage", "cannot be read"),
        (STAGE.replace("focalLength = 0.24", "focalLength = 0"), "shotCam.focalLength: expected positive"),
        (STAGE.replace("float focalLength", 'token projection = "orthographic"\nfloat focalLength'), "orthographic"),
        (STAGE.replace("(10, 10, 10)", "(10, 10, -10)"), "time code 1: .* mirrors"),
        (STAGE.replace("(10, 10, 10)", "(10, 0, 10)"), "squeezes space"),
        (STAGE.replace("(0, -4, 1.5)", "(0, nan, 1.5)"), "not finite"),
        (STAGE.replace("25: (2.4", "25000000: (2.4"), "more than 100000"),
        (STAGE.replace("timeCodesPerSecond = 24", "timeCodesPerSecond = 0"), "positive frame rates"),
        (STAGE.replace("metersPerUnit = 1", "metersPerUnit = -1"), "positive metersPerUnit"),
    ],
)
def test_bad_stages_are_told(tmp_path: Path, text: str, words: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_damaged_binary_stage_is_an_input_error(tmp_path: Path) -> None:
    write_track(tmp_path / "a.usdc", random_track())
    whole = (tmp_path / "a.usdc").read_bytes()
    for length in (9, 40, len(whole) // 2, len(whole) - 10):
        path = tmp_path / f"cut{length}.usdc"
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=f"cut{length}"):
            read_track(path)


def test_a_stage_read_again_after_it_was_replaced_is_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.usda"
    for focal in (24.0, 50.0):
        track = CameraTrack(world_from_camera=torch.eye(4).double()[None]).with_lens(focal, 672, 384)
        write_track(path, track)
        assert float(read_track(path).cameras().focal_mm()[0]) == pytest.approx(focal, rel=1e-6)


def test_names_are_made_usd_identifiers_and_suffixes_checked(tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double()[None]).with_lens(24.0, 672, 384)
    write_track(tmp_path / "a.usda", track, camera="1 Kamera ä")
    assert 'def Camera "camera_1_Kamera__"' in (tmp_path / "a.usda").read_text()
    with pytest.raises(InputError, match=r"\.usda, \.usdc or \.usd"):
        write_track(tmp_path / "a.usdz", track, "usd")


def test_without_usd_core_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pxr", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cinescene\[interop\]'"):
        read_track(saved(tmp_path, STAGE))
