"""Inspection finds what is wrong with a set's pictures, says it in words, and draws a contact sheet."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import write_track
from cinescene.errors import InputError
from cinescene.scene.advice import warnings_of
from cinescene.scene.contact_sheet import SHEET_WIDTH_PX, contact_sheet, contact_sheet_file
from cinescene.scene.inspect import Inspection, inspect_scene
from cinescene.scene.overlap import overlap_by_cameras, typical_depth
from cinescene.scene.scene import Scene
from cinescene.scene.view_layout import ViewLayout


def wall(width: int = 2400, height: int = 480) -> Image.Image:
    """A wide painted wall with detail at every scale, to photograph parts of."""
    generator = torch.Generator().manual_seed(5)
    out = torch.zeros(1, 3, height, width)
    for octave in (5, 10, 20, 40, 80, 160, 480):
        noise = torch.rand(1, 3, octave, octave * 5, generator=generator) - 0.5
        out += F.interpolate(noise, size=(height, width), mode="bicubic") * 0.35
    return Image.fromarray(((out[0] * 0.5 + 0.42).clamp(0, 1) * 255).byte().movedim(0, -1).numpy())


WALL = wall()


def shot(path: Path, left: int, blur: float = 0.0, gain: float = 1.0, size: tuple[int, int] = (720, 480)) -> Path:
    picture = WALL.crop((left, 0, left + size[0], size[1])).filter(ImageFilter.GaussianBlur(blur))
    picture = picture.point(lambda value: min(255, round(value * gain)))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 35
    picture.save(path, quality=95, exif=exif)
    return path


def inspected(scene: Scene) -> tuple[Inspection, str]:
    inspection = inspect_scene(scene)
    return inspection, "\n".join(warnings_of(inspection.report))


def test_a_good_set_of_photos_earns_no_complaint_but_that_poses_are_unknown(tmp_path: Path) -> None:
    scene = Scene.open([shot(tmp_path / f"{i}.jpg", 240 * i) for i in range(7)])
    inspection, words = inspected(scene)
    assert words.splitlines() == [
        "where the pictures were taken from is not known: it must be estimated before a camera can move",
        "lengths in metres need one measured distance on the set",
    ]
    report = inspection.report
    assert report.overlap_basis == "likeness"
    assert all(view.best_overlap == pytest.approx(2 / 3, abs=0.15) for view in report.views)
    assert all(view.sharpness == pytest.approx(1, abs=0.3) for view in report.views)
    assert all(view.lens == "exif" for view in report.views)


def test_each_fault_is_found_and_named(tmp_path: Path) -> None:
    for index in range(6):
        shot(tmp_path / f"good {index}.jpg", 240 * index)
    shot(tmp_path / "shaken.jpg", 300, blur=6)
    shot(tmp_path / "bright.jpg", 300, gain=4)
    shot(tmp_path / "upright.jpg", 500, size=(320, 480))
    Image.open(shot(tmp_path / "no lens.jpg", 240)).save(tmp_path / "no lens.jpg", exif=b"")
    Image.fromarray(np.random.default_rng(0).integers(0, 160, (480, 720, 3), dtype=np.uint8)).save(tmp_path / "x.png")
    whole = (tmp_path / "good 0.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("n")
    inspection, words = inspected(Scene.open(tmp_path))
    assert "cut.jpg: this picture is damaged or cut short" in words
    assert "shaken.jpg is much softer than the rest" in words
    assert "bright.jpg (brightest): lock the exposure" in words
    assert "bright.jpg is blown out" in words
    lonely = next(line for line in words.splitlines() if "nothing recognisable" in line)
    assert "x.png" in lonely
    assert "good" not in lonely
    assert "upright and wide pictures are mixed" in words
    assert "upright.jpg is smaller than the frame" in words
    assert "the lens of no lens.jpg and x.png is not known" in words
    assert "left out: notes.txt (no picture)" in words
    by_name = {view.name: view for view in inspection.report.views}
    assert by_name["cut.jpg"].problem is not None
    assert by_name["cut.jpg"].sharpness is None
    assert inspection.thumbnails[list(by_name).index("cut.jpg")] is None


def test_a_panorama_is_judged_as_one(tmp_path: Path) -> None:
    """An open seam and an empty ground; too few pixels for a shot."""
    ramp = np.linspace(20, 235, 256).astype(np.uint8)
    picture = np.broadcast_to(ramp[None, :, None], (128, 256, 3)).copy()
    picture[110:] = 7
    Image.fromarray(picture).save(tmp_path / "pano.png")
    inspection, words = inspected(Scene.open(tmp_path / "pano.png", layout=ViewLayout.cube().with_size(64, 64)))
    assert "edges of the panorama do not meet" in words
    assert "the bottom 25° of the panorama are one flat colour" in words
    assert "the top" not in words
    assert "0.7 pixels a degree are few" in words
    assert "poses" not in words
    assert inspection.report.overlap_basis == "cameras"
    assert {round(view.best_overlap or 0, 6) for view in inspection.report.views} == {0.0}


def test_the_paper_s_views_share_as_much_as_their_angle_says(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    scene = Scene.open(tmp_path / "p.png", layout=ViewLayout.paper().with_size(32, 32))
    report = inspect_scene(scene).report
    assert all(view.best_overlap == pytest.approx(0.72, abs=0.03) for view in report.views)
    names = [view.name for view in scene.views]
    others = [names.index(view.best_overlap_with or "") for view in report.views]
    assert {(other - index) % 20 for index, other in enumerate(others)} <= {1, 19}


def ring_of_cameras(radius: float, count: int = 8) -> Cameras:
    angle = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
    eye = radius * torch.stack([torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)], dim=-1)
    return Cameras.from_field_of_view(Cameras.looking_at(eye, torch.zeros(3, dtype=torch.float64)), 0.8, 60, 40)


def test_typical_depth_is_where_the_cameras_look() -> None:
    cameras = ring_of_cameras(3.0)
    assert typical_depth(cameras) == pytest.approx(3.0)
    outwards = torch.diag(torch.tensor([-1.0, 1, -1, 1], dtype=torch.float64))
    away = Cameras(
        world_from_camera=cameras.world_from_camera @ outwards,
        intrinsics_px=cameras.intrinsics_px,
        image_size_px=cameras.image_size_px,
    )
    assert typical_depth(away) == pytest.approx(12.0)
    turning = ViewLayout.paper().cameras(Cameras.equirectangular(torch.eye(4, dtype=torch.float64), 64, 32))
    assert typical_depth(turning) == 1.0


def test_overlap_by_cameras_is_whole_with_oneself_and_none_behind() -> None:
    shares = overlap_by_cameras(ring_of_cameras(3.0))
    torch.testing.assert_close(shares.diagonal(), torch.ones(8, dtype=torch.float64))
    assert (shares[0, 1] > 0.5).item()
    facing_away = Cameras.cat([ring_of_cameras(3.0)[:1], ring_of_cameras(3.0)[:1].moved(torch.eye(4).double())])
    assert overlap_by_cameras(facing_away)[0, 1] == 1


def test_posed_scenes_say_what_their_files_do_not_tell(tmp_path: Path) -> None:
    names = tuple(f"{i}.jpg" for i in range(8))
    for index, name in enumerate(names):
        (tmp_path / "images").mkdir(exist_ok=True)
        shot(tmp_path / "images" / name, 100 * index, size=(60, 40))
    track = CameraTrack.from_cameras(ring_of_cameras(3.0), names=names)
    write_track(tmp_path / "sparse" / "0", track, format="colmap")
    (tmp_path / "images" / "3.jpg").unlink()
    inspection, words = inspected(Scene.open(tmp_path))
    assert "which way is up is not known" in words
    assert "lengths in metres need one measured distance" in words
    assert "left out: 3.jpg (the camera file names it, but there is no such picture)" in words
    assert inspection.report.overlap_basis == "cameras"
    assert "where" not in words.split("which way")[0].replace("smaller", "")


@pytest.mark.parametrize("count", [1, 5, 50])
def test_contact_sheets_of_any_number_of_views(tmp_path: Path, count: int) -> None:
    Image.fromarray(np.zeros((32, 64, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    scene = Scene.open(tmp_path / "p.png", layout=ViewLayout.ring(count).with_size(32, 24))
    inspection = inspect_scene(scene)
    sheet = contact_sheet(scene, inspection, [f"warning {i} " + "word " * 80 for i in range(14)])
    assert sheet.width == SHEET_WIDTH_PX
    assert sheet.height < 6000
    assert np.asarray(sheet).std() > 1


def test_contact_sheets_show_the_pictures_and_go_where_asked(tmp_path: Path) -> None:
    red = tmp_path / "Küche №1 写真 with a name that is far too long for the cell of a contact sheet.png"
    Image.new("RGB", (300, 200), (200, 30, 30)).save(red)
    Image.new("RGB", (200, 300), (30, 30, 200)).save(tmp_path / "blue.png")
    scene = Scene.open([red, tmp_path / "blue.png"])
    inspection = inspect_scene(scene)
    out = tmp_path / "new folder" / "sheet é.png"
    with contact_sheet_file(out) as file:
        contact_sheet(scene, inspection).save(file)
    pixels = np.asarray(Image.open(out).convert("RGB")).reshape(-1, 3)
    for colour in ((200, 30, 30), (30, 30, 200)):
        assert (np.abs(pixels.astype(int) - colour).max(-1) <= 3).mean() > 0.05
    for place, words in ((tmp_path / "sheet.jpg", r"ends in \.png"), (red / "sheet.png", "cannot be written")):
        with pytest.raises(InputError, match=words), contact_sheet_file(place):
            pass
