"""Opening a place from whatever there is of it, and what a `Scene` promises."""

import dataclasses
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import write_track
from cinescene.errors import GeometryError, InputError
from cinescene.scene.scene import Scene
from cinescene.scene.view_layout import ViewLayout
from cinescene.video import write_video

SHARED_PANORAMAS = Path(__file__).parents[3] / "shared" / "panoramas"


def photo(path: Path, width: int = 60, height: int = 40, seed: int = 0, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **options)
    return path


def orientation_six() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


# ---- what can be opened ----------------------------------------------------------------------------------------------


def test_a_single_two_to_one_picture_is_a_panorama_unless_called_a_photo(tmp_path: Path) -> None:
    path = photo(tmp_path / "été 1.png", 128, 64)
    scene = Scene.open(path)
    assert scene.kind == "panorama"
    assert scene.panorama is not None
    assert len(scene.views) == 20
    assert scene.up_known
    assert scene.metres_per_unit == 1.0
    assert {view.lens for view in scene.views} == {"exact"}
    as_photo = Scene.open(path, kind="photos")
    assert as_photo.panorama is None
    assert [view.size_px for view in as_photo.views] == [(128, 64)]
    assert Scene.open([str(path)]).kind == "panorama"
    assert Scene.open(tmp_path).kind == "panorama"


def test_a_picture_that_is_nearly_two_to_one_is_a_photo_and_says_why(tmp_path: Path) -> None:
    scene = Scene.open(photo(tmp_path / "a.png", 1060, 512))
    assert scene.kind == "photos"
    assert "nearly, but not, 2:1" in scene.notes[0]
    assert Scene.open(photo(tmp_path / "b.png", 1018, 512)).kind == "panorama"


def test_the_layout_is_the_caller_s(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", 128, 64)
    scene = Scene.open(path, layout=ViewLayout.cube().with_size(30, 20))
    assert [view.size_px for view in scene.views] == [(30, 20)] * 6
    assert scene.cameras is not None
    torch.testing.assert_close(
        scene.cameras.forward[4], torch.tensor([0.0, 0, 1], dtype=torch.float64), atol=1e-12, rtol=0
    )
    assert scene.views[4].load().shape == (3, 20, 30)


def test_a_folder_is_sorted_out_by_content_and_ordered_as_people_count(tmp_path: Path) -> None:
    for number in (10, 9, 1, 2):
        photo(tmp_path / f"view {number}.jpg", 60 + number, 40)
    photo(tmp_path / ".hidden.jpg")
    photo(tmp_path / "no suffix", format="PNG")
    (tmp_path / "notes.txt").write_text("light from the left")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (tmp_path / "empty.png").touch()
    (tmp_path / "sub").mkdir()
    scene = Scene.open(tmp_path)
    assert [view.name for view in scene.views] == ["no suffix"] + [f"view {n}.jpg" for n in (1, 2, 9, 10)]
    assert [view.size_px for view in scene.views][1:] == [(61, 40), (62, 40), (69, 40), (70, 40)]
    assert {item.name: item.reason for item in scene.left_out}["notes.txt"] == "no picture"
    assert {item.name for item in scene.left_out} == {"notes.txt", "broken.jpg", "empty.png"}


def test_lists_keep_their_order_and_globs_are_natural(tmp_path: Path) -> None:
    paths = [photo(tmp_path / "photos é" / f"{n}.png", seed=n) for n in (12, 3, 7)]
    assert [view.name for view in Scene.open(paths).views] == ["12.png", "3.png", "7.png"]
    assert [view.name for view in Scene.open(f"{tmp_path}/photos é/*.png").views] == ["3.png", "7.png", "12.png"]
    assert [view.name for view in Scene.open(f"{tmp_path}/**/1*.png", kind="photos").views] == ["12.png"]
    odd = photo(tmp_path / "set [1].png")
    assert Scene.open(str(odd)).views[0].name == "set [1].png"


def test_names_that_collide_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    scene = Scene.open([photo(tmp_path / "left" / "1.png"), photo(tmp_path / "right" / "1.png", seed=1)])
    assert [view.name for view in scene.views] == ["left/1.png", "right/1.png"]


def test_a_video_gives_its_frames_as_views(tmp_path: Path) -> None:
    frames = [torch.full((3, 48, 64), 5 * i, dtype=torch.uint8) for i in range(30)]
    write_video(tmp_path / "walk.mp4", frames, 10)
    scene = Scene.open(tmp_path / "walk.mp4", frame_count=5)
    assert scene.kind == "video"
    assert [view.size_px for view in scene.views] == [(64, 48)] * 5
    brightness = [float(view.load().float().mean()) for view in scene.views]
    assert brightness == sorted(brightness)
    assert scene.cameras is None
    assert scene.metres_per_unit is None


def test_lenses_come_from_exif_or_are_assumed_and_say_so(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 36
    known = photo(tmp_path / "known.jpg", 300, 200, exif=exif)
    views = Scene.open([known, photo(tmp_path / "unknown.jpg", 300, 200)]).views
    assert [view.lens for view in views] == ["exif", "assumed"]
    assert views[0].horizontal_fov_rad == pytest.approx(2 * math.atan(0.5), rel=1e-6)
    assert math.degrees(views[1].horizontal_fov_rad) == pytest.approx(65.5, abs=0.1)


# ---- posed folders ---------------------------------------------------------------------------------------------------


def ring(count: int, width: int = 60, height: int = 40) -> Cameras:
    angle = torch.arange(count, dtype=torch.float64) * 0.4
    eye = torch.stack([3 * torch.cos(angle), 3 * torch.sin(angle), torch.full_like(angle, 1.0)], dim=-1)
    poses = Cameras.looking_at(eye, torch.zeros(3, dtype=torch.float64))
    return Cameras.from_field_of_view(poses, 1.0, width, height)


def posed(folder: Path, format: str, count: int = 4, picture_size: tuple[int, int] = (60, 40)) -> CameraTrack:
    names = tuple(f"a {i}.png" for i in range(count))
    prefix = "images/" if format == "nerfstudio" else ""
    for index, name in enumerate(names):
        photo(folder / "images" / name, *picture_size, seed=index)
    track = CameraTrack.from_cameras(ring(count), names=tuple(prefix + name for name in names))
    target = folder / "transforms.json" if format == "nerfstudio" else folder / "sparse" / "0"
    write_track(target, track, format=format)
    return track


@pytest.mark.parametrize("format", ["colmap", "colmap-binary", "nerfstudio"])
def test_posed_folders_bring_their_cameras(tmp_path: Path, format: str) -> None:
    track = posed(tmp_path, format)
    scene = Scene.open(tmp_path)
    assert scene.kind == "posed"
    assert scene.cameras is not None
    torch.testing.assert_close(scene.cameras.world_from_camera, track.world_from_camera, atol=1e-6, rtol=0)
    torch.testing.assert_close(scene.cameras.intrinsics_px, track.intrinsics_px, atol=1e-4, rtol=0)
    assert scene.metres_per_unit is None
    assert scene.up_known == (format == "nerfstudio")
    assert {view.lens for view in scene.views} == {"calibrated"}
    assert [int(view.load().sum()) for view in scene.views] == [
        int(np.asarray(Image.open(tmp_path / "images" / f"a {i}.png")).sum()) for i in range(4)
    ]


def test_poses_without_picture_and_pictures_without_pose_are_named(tmp_path: Path) -> None:
    posed(tmp_path, "colmap")
    (tmp_path / "images" / "a 2.png").unlink()
    photo(tmp_path / "images" / "extra.png")
    photo(tmp_path / "images" / "a 1.png", 60, 60)
    scene = Scene.open(tmp_path)
    assert [view.name for view in scene.views] == ["a 0.png", "a 3.png"]
    reasons = {item.name: item.reason for item in scene.left_out}
    assert "no such picture" in reasons["a 2.png"]
    assert reasons["extra.png"] == "it has no pose"
    assert "60×60" in reasons["a 1.png"]
    assert len(scene.left_out) == 3


def test_pictures_scaled_since_get_scaled_lenses(tmp_path: Path) -> None:
    track = posed(tmp_path, "nerfstudio", picture_size=(120, 80))
    scene = Scene.open(tmp_path)
    assert scene.views[0].size_px == (120, 80)
    assert track.intrinsics_px is not None
    torch.testing.assert_close(scene.views[0].intrinsics_px[0, 0], 2 * track.intrinsics_px[0, 0, 0])
    fov = scene.views[0].horizontal_fov_rad
    assert fov == pytest.approx(1.0, abs=1e-6)


def test_exif_orientation_is_left_alone_where_the_cameras_ignored_it(tmp_path: Path) -> None:
    track = posed(tmp_path, "colmap", 2)
    photo(tmp_path / "images" / "a 0.png", 60, 40, exif=orientation_six())
    scene = Scene.open(tmp_path)
    assert [view.size_px for view in scene.views] == [(60, 40), (60, 40)]
    assert scene.views[0].load().shape == (3, 40, 60)
    upright = dataclasses.replace(
        track, intrinsics_px=ring(2, 40, 60).intrinsics_px, image_size_px=torch.tensor([[40, 60]] * 2)
    )
    again = Scene.open(tmp_path / "images" / "a 0.png", kind="photos", cameras=upright)
    assert again.views[0].size_px == (40, 60)
    assert again.views[0].load().shape == (3, 60, 40)


def test_cameras_given_separately_are_matched_by_name(tmp_path: Path) -> None:
    track = posed(tmp_path, "colmap")
    shutil.rmtree(tmp_path / "sparse")
    scene = Scene.open(tmp_path / "images", cameras=track)
    assert len(scene.views) == 4
    one = Scene.open([tmp_path / "images" / "a 2.png"], cameras=track)
    assert [view.name for view in one.views] == ["a 2.png"]
    with pytest.raises(InputError, match="none of the 4 pictures"):
        Scene.open(photo(tmp_path / "other" / "x.png").parent, cameras=dataclasses.replace(track, names=tuple("pqrs")))
    with pytest.raises(InputError, match="poses only"):
        Scene.open(tmp_path / "images", cameras=dataclasses.replace(track, names=None))


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_bad_sources_are_explained(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("no picture")
    square = photo(tmp_path / "square.png", 64, 64)
    wide = photo(tmp_path / "pano" / "wide.png", 400, 100)
    two = [photo(tmp_path / "two" / f"{i}.png", 128, 64, seed=i) for i in range(2)]
    for source, options, words in (
        (tmp_path / "none.jpg", {}, "no such file or folder"),
        (f"{tmp_path}/*.xyz", {}, "match this pattern"),
        ("x" * 5000, {}, "cannot be read"),
        (Path(os.devnull), {}, "device or pipe"),
        (tmp_path / "empty", {}, "found nothing"),
        (tmp_path / "text.txt", {}, "expected a picture"),
        (square, {"kind": "panorama"}, "fisheye"),
        (wide, {"kind": "panorama"}, "partial or cylindrical"),
        (two[0].parent, {}, "one panorama, so name one of them"),
        (two, {"kind": "panorama"}, "one panorama, got 2"),
        (two, {"kind": "video"}, "one video file"),
        ([two[0], two[0]], {}, "listed twice"),
        ([], {}, "at least one picture"),
        (tmp_path / "two", {"kind": "posed"}, "COLMAP model or a transforms.json"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            Scene.open(source, **options)
        assert "\n" not in str(caught.value)
    assert len(Scene.open(two, kind="photos").views) == 2


def test_a_folder_of_nothing_readable_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match=r"only unreadable ones \(a\.jpg: "):
        Scene.open(tmp_path)
    (tmp_path / "a.jpg").unlink()
    write_video(tmp_path / "walk.mp4", [torch.zeros(3, 32, 32, dtype=torch.uint8)] * 2, 10)
    with pytest.raises(InputError, match=r"walk\.mp4: name the video itself"):
        Scene.open(tmp_path)


def test_pictures_cut_short_are_named_when_they_are_loaded(tmp_path: Path) -> None:
    whole = photo(tmp_path / "a.jpg", 200, 150).read_bytes()
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2])
    scene = Scene.open(tmp_path)
    with pytest.raises(InputError, match=r"b\.jpg: .*cut short"):
        scene.view_images((32, 32))


def test_photo_sphere_metadata_of_a_part_is_believed(tmp_path: Path) -> None:
    xmp = (
        b'GPano:CroppedAreaImageWidthPixels="2000" GPano:CroppedAreaImageHeightPixels="1000" '
        b'GPano:FullPanoWidthPixels="4000" GPano:FullPanoHeightPixels="2000"'
    )
    path = photo(tmp_path / "half.jpg", 128, 64, xmp=xmp)
    with pytest.raises(InputError, match="covers 180° × 90°"):
        Scene.open(path)
    assert Scene.open(path, kind="photos").kind == "photos"


# ---- pictures, hash, scale -------------------------------------------------------------------------------------------


def test_view_images_are_of_one_size_with_lenses_to_match(tmp_path: Path) -> None:
    scene = Scene.open([photo(tmp_path / "a.png", 90, 60), photo(tmp_path / "b.png", 50, 100)])
    for fit in ("cover", "contain"):
        found = scene.view_images((48, 32), fit)
        assert found.images.shape == (2, 3, 32, 48)
        assert 0 <= found.images.min() <= found.images.max() <= 1
        assert found.cameras is None
        torch.testing.assert_close(found.intrinsics_px[:, 0, 2], torch.full((2,), 24.0, dtype=torch.float64))
        torch.testing.assert_close(found.intrinsics_px[:, 1, 2], torch.full((2,), 16.0, dtype=torch.float64))


def test_panorama_views_at_another_shape_are_the_same_pixels_cropped(tmp_path: Path) -> None:
    scene = Scene.open(photo(tmp_path / "a.png", 256, 128), layout=ViewLayout.ring(3).with_size(64, 64))
    full = scene.view_images((64, 64))
    wide = scene.view_images((64, 32))
    torch.testing.assert_close(wide.images, full.images[:, :, 16:48], atol=5e-3, rtol=0)
    assert wide.cameras is not None
    assert wide.cameras.size_px == (64, 32)
    torch.testing.assert_close(wide.cameras.intrinsics_px, wide.intrinsics_px)
    wider = scene.view_images((64, 32), "contain")
    assert wider.cameras is not None
    assert float(wider.cameras.field_of_view_rad[0, 0]) > float(wide.cameras.field_of_view_rad[0, 0])


def test_the_content_hash_is_of_content(tmp_path: Path) -> None:
    a = [photo(tmp_path / "x" / f"{i}.png", seed=i) for i in range(2)]
    first = Scene.open(a)
    copies = []
    for index, path in enumerate(a):
        copies.append(tmp_path / "elsewhere" / f"renamed {index}.bmp")
        copies[-1].parent.mkdir(exist_ok=True)
        Image.open(path).save(copies[-1])
    assert Scene.open(copies).content_hash == first.content_hash
    assert Scene.open(a[::-1]).content_hash != first.content_hash
    assert first.with_scale(distance_units=2, distance_m=3).content_hash != first.content_hash
    photo(a[1], seed=99)
    assert Scene.open(a).content_hash != first.content_hash
    assert len(first.content_hash) == 64


def test_a_panorama_s_hash_is_of_its_pixels_and_layout(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", 128, 64)
    one, two = Scene.open(path), Scene.open(path, layout=ViewLayout.cube())
    assert one.content_hash == Scene.open(shutil.copy(path, tmp_path / "b.png")).content_hash
    assert one.content_hash != two.content_hash


def test_metres_need_a_scale_and_say_how_to_get_one(tmp_path: Path) -> None:
    scene = Scene.open(photo(tmp_path / "a.png"))
    for convert in (scene.metres, scene.units):
        with pytest.raises(GeometryError, match=r"measure one distance .*with_scale"):
            convert(1.0)
    scaled = scene.with_scale(distance_units=4.0, distance_m=2.0)
    assert scaled.metres(10.0) == 5.0
    assert scaled.units(5.0) == 10.0
    assert Scene.open(photo(tmp_path / "a.png"), metres_per_unit=0.5).metres_per_unit == 0.5
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(GeometryError, match="measured distance"):
            scene.with_scale(distance_units=wrong, distance_m=1.0)
        with pytest.raises(GeometryError, match="metres per unit"):
            Scene.open(photo(tmp_path / "a.png"), metres_per_unit=wrong)


def test_the_start_view_is_one_of_the_views(tmp_path: Path) -> None:
    scene = Scene.open(photo(tmp_path / "a.png", 128, 64))
    assert scene.with_start_view(5).start_view == 5
    with pytest.raises(InputError, match="expected 0 to 19"):
        scene.with_start_view(20)


@pytest.mark.skipif(not SHARED_PANORAMAS.is_dir(), reason="the sample panoramas are not beside this checkout")
@pytest.mark.parametrize("name", ["city", "courtyard", "forest", "interior"])
def test_real_panoramas_open(name: str) -> None:
    scene = Scene.open(SHARED_PANORAMAS / f"{name}.jpg", layout=ViewLayout.cube().with_size(64, 64))
    images = scene.view_images((64, 64)).images
    assert images.std() > 0.05
    assert scene.notes == ()
