"""COLMAP models, checked against pycolmap in both directions, and damaged in every way."""

from __future__ import annotations

import contextlib
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import detect_format, read_colmap_points, read_track, write_track
from cinescene.cameras.formats.colmap_model import CAMERA_MODELS, ColmapCamera
from cinescene.errors import GeometryError, InputError
from tests.cameras.formats.tracks import poses

CAMERAS = """# Camera list with one line of data per camera:
#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
1 PINHOLE 640 480 500 510 320 240
7 SIMPLE_PINHOLE 320 200 250 160 100
"""
IMAGES = """# Image list with two lines of data per image:
#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME
#   POINTS2D[] as (X, Y, POINT3D_ID)
2 1 0 0 0 0 0 2 7 second.png
1.5 2.5 -1 10 20 5
1 0.7071067811865476 0 0.7071067811865476 0 1 2 3 1 first picture.png

"""
POINTS = """# 3D point list
5 1 2 3 255 128 0 0.5 1 0 2 1
9 -1 -2 -3 1 2 3 1.5 2 0
"""


def text_model(folder: Path, cameras: str = CAMERAS, images: str = IMAGES, points: str | None = POINTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.txt").write_text(cameras)
    (folder / "images.txt").write_text(images)
    if points is not None:
        (folder / "points3D.txt").write_text(points)
    return folder


def track_with_lens(frames: int = 4) -> CameraTrack:
    generator = torch.Generator().manual_seed(2)
    cameras = Cameras.from_focal_px(poses(frames, generator), 500.0, 640, 480)
    return CameraTrack.from_cameras(cameras, names=tuple(f"b{frames - i}.png" for i in range(frames)))


def test_a_hand_written_model(tmp_path: Path) -> None:
    folder = text_model(tmp_path / "sparse" / "0")
    assert detect_format(tmp_path) == "colmap"
    for path in (tmp_path, folder, folder / "images.txt"):
        track = read_track(path)
        assert track.names == ("first picture.png", "second.png")
    cameras = track.cameras()
    assert cameras.image_size_px.tolist() == [[640, 480], [320, 200]]
    assert cameras.focal_px.tolist() == [[500.0, 510.0], [250.0, 250.0]]
    torch.testing.assert_close(cameras.position[1], torch.tensor([0.0, 0.0, -2.0]).double())
    torch.testing.assert_close(cameras.forward[0], torch.tensor([-1.0, 0.0, 0.0]).double())
    assert not track.z_up
    assert track.metres_per_unit is None


def test_files_without_their_empty_lines_are_read(tmp_path: Path) -> None:
    images = IMAGES.replace("\n\n", "\n").replace("first picture", "first")
    swapped = "\n".join(line for line in reversed(images.splitlines()) if not line.startswith("#") and "-1" not in line)
    assert read_track(text_model(tmp_path, images=swapped + "\n")).names == ("first.png", "second.png")


@pytest.mark.parametrize("binary", [False, True])
def test_pycolmap_reads_what_we_write(tmp_path: Path, binary: bool) -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    track = track_with_lens()
    write_track(tmp_path / "m", track, "colmap-binary" if binary else "colmap")
    model = pycolmap.Reconstruction(str(tmp_path / "m"))
    for i, matrix in enumerate(track.cameras().camera_from_world):
        image = model.images[i + 1]
        np.testing.assert_allclose(image.cam_from_world().matrix(), matrix[:3].numpy(), atol=1e-9)
        assert track.names is not None
        assert image.name == track.names[i]
        np.testing.assert_allclose(model.cameras[image.camera_id].params, [500, 500, 320, 240])


@pytest.mark.parametrize("binary", [False, True])
def test_we_read_what_pycolmap_writes_with_rigs_and_frames(tmp_path: Path, binary: bool) -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_cameras_per_rig, options.num_frames_per_rig, options.num_points3D = 2, 2, 3, 40
    model = pycolmap.synthesize_dataset(options)
    (model.write_binary if binary else model.write_text)(str(tmp_path))
    track = read_track(tmp_path, ignore_distortion=True)
    assert len(track) == 12
    for i, key in enumerate(sorted(model.images)):
        image = model.images[key]
        expected = np.linalg.inv(np.vstack([image.cam_from_world().matrix(), [0, 0, 0, 1]]))
        np.testing.assert_allclose(track.world_from_camera[i].numpy(), expected, atol=1e-9)
        camera = model.cameras[image.camera_id]
        np.testing.assert_allclose(track.cameras().focal_px[i].numpy(), [camera.mean_focal_length()] * 2)
    points = read_colmap_points(tmp_path)
    ours = sorted(map(tuple, points.positions.tolist()))
    np.testing.assert_allclose(ours, sorted(tuple(p.xyz) for p in model.points3D.values()), atol=1e-12)
    assert sorted(points.seen_by.tolist()) == sorted(p.track.length() for p in model.points3D.values())


def test_points_of_a_hand_written_model(tmp_path: Path) -> None:
    points = read_colmap_points(text_model(tmp_path))
    assert points.positions.tolist() == [[1, 2, 3], [-1, -2, -3]]
    assert points.colours.tolist() == [[255, 128, 0], [1, 2, 3]]
    assert points.error_px.tolist() == [0.5, 1.5]
    assert points.seen_by.tolist() == [2, 1]
    assert read_colmap_points(tmp_path, up="-y").positions.tolist() == [[1, 3, -2], [-1, -3, 2]]
    (tmp_path / "points3D.txt").unlink()
    with pytest.raises(InputError, match="no such"):
        read_colmap_points(tmp_path)


PARAMETERS: dict[str, list[float]] = {
    "SIMPLE_RADIAL": [500, 320, 240, -0.03],
    "RADIAL": [500, 320, 240, -0.03, 0.01],
    "OPENCV": [500, 510, 320, 240, -0.03, 0.01, 0.002, -0.003],
    "FULL_OPENCV": [500, 510, 320, 240, -0.03, 0.01, 0.002, -0.003, 0.01, 0.02, -0.01, 0.005],
    "FOV": [500, 510, 320, 240, 0.3],
    "SIMPLE_DIVISION": [500, 320, 240, -0.05],
    "DIVISION": [500, 510, 320, 240, 0.02],
}


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_distortion_is_measured_as_pycolmap_distorts(name: str) -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    model = next(m for m in CAMERA_MODELS if m.name == name)
    ours = ColmapCamera(model=model, size_px=(640, 480), parameters=tuple(PARAMETERS[name]), where="")
    theirs = pycolmap.Camera(model=name, width=640, height=480, params=PARAMETERS[name])
    lens = ours.lens()
    u, v = np.meshgrid(np.linspace(0, 640, 17), np.linspace(0, 480, 17))
    plane = np.stack([(u - lens.centre_px[0]) / lens.focal_px[0], (v - lens.centre_px[1]) / lens.focal_px[1]], -1)
    rays = np.concatenate([plane, np.ones((17, 17, 1))], -1).reshape(-1, 3)
    seen = theirs.img_from_cam(rays)
    shift = np.linalg.norm(seen - np.stack([u, v], -1).reshape(-1, 2), axis=-1).max()
    assert lens.largest_shift_px() == pytest.approx(shift, rel=1e-6)


def test_the_table_of_camera_models_is_pycolmaps() -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    for model in CAMERA_MODELS:
        camera = pycolmap.Camera.create_from_model_name(1, model.name, 500.0, 640, 480)
        assert int(pycolmap.CameraModelId.__members__[model.name]) == model.number
        assert len(camera.params) == model.parameters
        assert len(camera.focal_length_idxs()) == model.focals


def test_distortion_is_reported_or_refused(tmp_path: Path) -> None:
    mild = read_track(
        text_model(
            tmp_path / "a",
            cameras=CAMERAS.replace("PINHOLE 640", "OPENCV 640").replace("320 240", "320 240 -0.03 0 0 0"),
        )
    )
    assert any("OPENCV" in note for note in mild.notes)
    fisheye = CAMERAS.replace("1 PINHOLE 640 480 500 510 320 240", "1 OPENCV_FISHEYE 640 480 500 510 320 240 0 0 0 0")
    folder = text_model(tmp_path / "b", cameras=fisheye)
    with pytest.raises(InputError, match=r"cameras.txt: line 3: the lens \(OPENCV_FISHEYE\)"):
        read_track(folder)
    assert len(read_track(folder, ignore_distortion=True)) == 2
    panorama = text_model(tmp_path / "c", cameras="1 EQUIRECTANGULAR 640 320 640 320\n")
    with pytest.raises(InputError, match="panorama"):
        read_track(panorama)


def test_writing_never_mixes_with_a_model_that_is_there(tmp_path: Path) -> None:
    track = track_with_lens()
    write_track(tmp_path / "m", track, "colmap")
    write_track(tmp_path / "m", track, "colmap")
    with pytest.raises(InputError, match="holds a COLMAP model already"):
        write_track(tmp_path / "m", track, "colmap-binary")
    text_model(tmp_path / "real")
    with pytest.raises(InputError, match=r"points3D\.txt"):
        write_track(tmp_path / "real", track, "colmap")
    assert (tmp_path / "real" / "images.txt").read_text() == IMAGES


def test_names_that_text_cannot_hold(tmp_path: Path) -> None:
    track = CameraTrack.from_cameras(track_with_lens(1).cameras(), names=("a b.png",))
    assert any("first space" in note for note in write_track(tmp_path / "t", track, "colmap"))
    assert not any("first space" in note for note in write_track(tmp_path / "b", track, "colmap-binary"))
    assert read_track(tmp_path / "t").names == read_track(tmp_path / "b").names == ("a b.png",)
    broken = CameraTrack.from_cameras(track_with_lens(1).cameras(), names=("a\nb",))
    with pytest.raises(InputError, match="cannot be written"):
        write_track(tmp_path / "n", broken, "colmap")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cameras": CAMERAS.replace("510", "x")}, r"cameras.txt: line 3: expected a number, got 'x'"),
        ({"cameras": CAMERAS.replace("500 510", "0 0")}, r"cameras.txt: line 3: expected a positive focal length"),
        ({"cameras": CAMERAS.replace(" 240\n", "\n")}, "line 3: expected 4 parameters of PINHOLE, got 3"),
        ({"cameras": CAMERAS.replace("1 PINHOLE", "1 LENSBABY")}, "unknown camera model 'LENSBABY'"),
        ({"cameras": CAMERAS.replace("7 SIMPLE", "1 SIMPLE")}, "line 4: camera 1 stands twice"),
        ({"cameras": CAMERAS.replace("640 480", "640 0")}, "line 3: expected a picture with sides"),
        ({"images": IMAGES.replace("0 0 2 7", "0 0 2 8")}, "images.txt: line 4: camera 8 is not in"),
        ({"images": IMAGES.replace("2 1 0 0 0", "2 3 0 0 0")}, "line 4: expected a unit quaternion"),
        ({"images": IMAGES.replace("2 1 0 0 0", "2 nan 0 0 0")}, "line 4: expected finite numbers"),
        ({"images": IMAGES.replace("1 0.70", "2 0.70")}, "line 6: image 2 stands twice"),
        ({"images": IMAGES.replace("first picture", "second")}, "stands twice; it is also"),
        ({"images": "# nothing\n"}, "no pictures"),
        ({"images": IMAGES.replace(" 7 second.png", "")}, "line 4: expected IMAGE_ID"),
    ],
)
def test_bad_text_models_are_told_with_the_line(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    folder = text_model(tmp_path, **changes)
    with pytest.raises((InputError, GeometryError), match=words):
        read_track(folder)


@pytest.mark.parametrize("part", ["cameras", "images"])
def test_a_binary_model_cut_off_anywhere_is_an_input_error(tmp_path: Path, part: str) -> None:
    write_track(tmp_path, track_with_lens(2), "colmap-binary")
    path = tmp_path / f"{part}.bin"
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=re.escape(str(path))):
            read_track(tmp_path)
    path.write_bytes(whole + b"x")
    with pytest.raises(InputError, match="1 bytes are left over"):
        read_track(tmp_path)


def test_absurd_counts_ask_for_no_memory(tmp_path: Path) -> None:
    write_track(tmp_path, track_with_lens(2), "colmap-binary")
    for name, words in (("cameras", "cameras"), ("images", "images"), ("points3D", "points")):
        path = tmp_path / f"{name}.bin"
        whole = path.read_bytes()
        path.write_bytes(struct.pack("<Q", 2**63) + whole[8:])
        with pytest.raises(InputError, match=f"{2**63} {words} do not fit"):
            read_colmap_points(tmp_path) if name == "points3D" else read_track(tmp_path)
        path.write_bytes(whole)


def test_random_damage_never_ends_in_another_error(tmp_path: Path) -> None:
    write_track(tmp_path, track_with_lens(2), "colmap-binary")
    numbers = np.random.default_rng(0)
    for part in ("cameras", "images"):
        path = tmp_path / f"{part}.bin"
        whole = path.read_bytes()
        for _ in range(25):
            damaged = bytearray(whole)
            damaged[numbers.integers(len(whole))] = numbers.integers(256)
            path.write_bytes(bytes(damaged))
            with contextlib.suppress(InputError, GeometryError):
                read_track(tmp_path)
        path.write_bytes(whole)


def test_a_folder_without_a_model_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a COLMAP model nor"):
        read_track(tmp_path)
    with pytest.raises(InputError, match="expected a COLMAP model"):
        read_track(tmp_path, "colmap")
    with pytest.raises(InputError, match="no such COLMAP model"):
        read_colmap_points(tmp_path / "nowhere")
