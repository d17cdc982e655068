"""nerfstudio's transforms.json and camera_path.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import detect_format, read_track, write_track
from cinescene.errors import GeometryError, InputError

# A camera at (0, −4, 1.5) that looks along +y, level, in a z-up world: OpenGL axes are right, up, backwards.
LOOKING_NORTH = [[1.0, 0, 0, 0], [0, 0, -1, -4], [0, 1, 0, 1.5], [0, 0, 0, 1]]
LENS = {"fl_x": 800.0, "fl_y": 810.0, "cx": 322.0, "cy": 238.0, "w": 640, "h": 480}


def transforms(**changes: Any) -> dict[str, Any]:
    frames = [
        {"file_path": "images/a.png", "transform_matrix": LOOKING_NORTH},
        {"file_path": "images/b.png", "transform_matrix": LOOKING_NORTH[:3]},
    ]
    return {"camera_model": "OPENCV", **LENS, "frames": frames, **changes}


def written(folder: Path, document: Any, name: str = "transforms.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_hand_written_file_means_what_nerfstudio_says(tmp_path: Path) -> None:
    track = read_track(written(tmp_path, transforms()))
    cameras = track.cameras()
    torch.testing.assert_close(cameras.position[0], torch.tensor([0.0, -4.0, 1.5]).double())
    torch.testing.assert_close(cameras.forward[0], torch.tensor([0.0, 1.0, 0.0]).double())
    torch.testing.assert_close(-cameras.world_from_camera[0, :3, 1], torch.tensor([0.0, 0.0, 1.0]).double())
    assert cameras.intrinsics_px[1].tolist() == [[800.0, 0.0, 322.0], [0.0, 810.0, 238.0], [0.0, 0.0, 1.0]]
    assert track.names == ("images/a.png", "images/b.png")
    assert track.z_up
    assert track.notes == ()
    assert len(read_track(tmp_path)) == 2


def test_a_lens_in_each_frame_comes_before_the_shared_one(tmp_path: Path) -> None:
    document = transforms()
    document["frames"][1] |= {"fl_x": 500.0, "w": 320, "h": 200, "cx": 160.0, "cy": 100.0}
    track = read_track(written(tmp_path, document))
    assert track.image_size_px is not None
    assert track.image_size_px.tolist() == [[640, 480], [320, 200]]
    assert track.cameras().focal_px.tolist() == [[800.0, 810.0], [500.0, 810.0]]


def test_the_field_of_view_of_the_synthetic_sets(tmp_path: Path) -> None:
    frames = [{"file_path": "./train/r_0", "rotation": 0.01, "transform_matrix": LOOKING_NORTH}]
    path = written(tmp_path, {"camera_angle_x": 0.6911, "frames": frames}, "transforms_train.json")
    track = read_track(path, size_px=(800, 800))
    torch.testing.assert_close(track.cameras().focal_px[0, 0], torch.tensor(400 / math.tan(0.6911 / 2)).double())
    assert track.cameras().size_px == (800, 800)
    assert any("is assumed" in note for note in read_track(path).notes)


def test_the_original_world_is_had_by_undoing_the_applied_transform(tmp_path: Path) -> None:
    applied = np.array([[1.0, 0, 0, 0.5], [0, 0, 1, 0], [0, -1, 0, 2], [0, 0, 0, 1]])
    original = np.array(LOOKING_NORTH)
    frames = [{"file_path": "a", "transform_matrix": (applied @ original).tolist()}]
    path = written(tmp_path, transforms(frames=frames, applied_transform=applied[:3].tolist()))
    undone = read_track(path, original_world=True)
    expected = original @ np.diag([1, -1, -1, 1])
    np.testing.assert_allclose(undone.world_from_camera[0].numpy(), expected, atol=1e-12)
    assert not undone.z_up
    assert any("applied_transform" in note for note in read_track(path).notes)


def test_distortion_is_measured_and_refused_where_it_matters(tmp_path: Path) -> None:
    little = read_track(written(tmp_path, transforms(k1=-0.02, k2=0.001)))
    assert any("Lens distortion (OPENCV) is left out" in note for note in little.notes)
    strong = written(tmp_path, transforms(k1=0.9))
    with pytest.raises(InputError, match=r"frames\[0\].*undistort"):
        read_track(strong)
    assert len(read_track(strong, ignore_distortion=True)) == 2
    fisheye = written(tmp_path, transforms(camera_model="OPENCV_FISHEYE"))
    with pytest.raises(InputError, match="as a fisheye does"):
        read_track(fisheye)
    assert read_track(written(tmp_path, transforms(k1=0.0, p1=0.0))).notes == ()


def test_opencv_axes_under_an_opengl_name_are_suspected(tmp_path: Path) -> None:
    opencv = (np.array(LOOKING_NORTH) @ np.diag([1, -1, -1, 1])).tolist()
    frames = [{"file_path": n, "transform_matrix": opencv} for n in ("a", "b")]
    track = read_track(written(tmp_path, transforms(frames=frames)))
    assert any("upside down" in note for note in track.notes)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "expected an object, got an array of 0"),
        ({"frames": {}}, "frames: expected an array"),
        (transforms(frames=[]), "at least one frame"),
        (transforms(frames=[{"file_path": "a"}]), r"frames\[0\]: the key 'transform_matrix' is missing"),
        (
            transforms(frames=[{"transform_matrix": [[1, 2], [3, 4]]}]),
            r"frames\[0\].transform_matrix: expected a matrix",
        ),
        (transforms(frames=[{"transform_matrix": [["1"] * 4] * 4}]), r"transform_matrix\[0\]\[0\]: expected a number"),
        (transforms(frames=transforms()["frames"][:1] * 2), r"frames\[1\]: the picture 'images/a.png' stands at"),
        (transforms(fl_x=0), "fl_x: expected a positive number, got 0"),
        (transforms(w=0), "sides of 1 to"),
        (transforms(w=2.5), "w: expected a whole number"),
        (transforms(w=None), "not the picture size"),
        (transforms(camera_angle_x=4.0, fl_x=None), "between 0 and π"),
        (transforms(frames=[{"transform_matrix": np.diag([1.0, 1, -1, 1]).tolist()}]), "mirrors"),
        (transforms(frames=[{"transform_matrix": np.diag([2.0, 2, 2, 1]).tolist()}]), "scaled or sheared"),
        (transforms(frames=[{"transform_matrix": np.array(LOOKING_NORTH).T.tolist()}]), "transposed"),
    ],
)
def test_bad_documents_are_told_with_the_place(tmp_path: Path, document: Any, words: str) -> None:
    path = written(tmp_path, document, "bad.json")
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path, "nerfstudio")
    assert str(path) in str(raised.value)


# ---- camera_path.json -----------------------------------------------------------------------------------------------


def camera_path(**changes: Any) -> dict[str, Any]:
    frame = {"camera_to_world": [v for row in LOOKING_NORTH for v in row], "fov": 50.0, "aspect": 16 / 9}
    keyframe = {"matrix": frame["camera_to_world"], "fov": 50.0, "aspect": 16 / 9}
    return {
        "keyframes": [keyframe, keyframe],
        "camera_type": "perspective",
        "render_height": 1080,
        "render_width": 1920,
        "camera_path": [frame, {**frame, "fov": 60.0}],
        "fps": 24,
        "seconds": 2 / 24,
        "smoothness_value": 0.5,
        "is_cycle": False,
        "crop": None,
        **changes,
    }


def test_the_rendered_frames_of_a_camera_path(tmp_path: Path) -> None:
    path = written(tmp_path, camera_path(), "camera_path.json")
    assert detect_format(path) == "nerfstudio-path"
    track = read_track(path)
    torch.testing.assert_close(track.cameras().forward[0], torch.tensor([0.0, 1.0, 0.0]).double())
    vertical = torch.rad2deg(track.cameras().field_of_view_rad[:, 1])
    torch.testing.assert_close(vertical, torch.tensor([50.0, 60.0]).double())
    assert track.frame_rate == 24.0
    assert track.cameras().size_px == (1920, 1080)


def test_keyframes_of_the_present_and_the_former_viewer(tmp_path: Path) -> None:
    columns_first = json.dumps([v for row in np.array(LOOKING_NORTH).T.tolist() for v in row])
    document = camera_path()
    document["keyframes"][1] = {"matrix": columns_first, "fov": 50.0}
    track = read_track(written(tmp_path, document, "camera_path.json"), keyframes=True)
    assert torch.equal(track.world_from_camera[0], track.world_from_camera[1])


def test_a_written_path_has_what_the_renderer_and_the_viewer_read(tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double().expand(3, 4, 4), frame_rate=12.0, z_up=True)
    write_track(tmp_path / "camera_path.json", track.with_lens(24.0, 672, 384))
    document = json.loads((tmp_path / "camera_path.json").read_text())
    assert len(document["camera_path"]) == len(document["keyframes"]) == 3
    assert document["seconds"] * document["fps"] == 3
    assert (document["render_width"], document["render_height"]) == (672, 384)
    assert document["camera_path"][0]["camera_to_world"][5] == -1.0
    assert document["keyframes"][0]["matrix"] == document["camera_path"][0]["camera_to_world"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (camera_path(camera_path=[]), "generate them in the viewer"),
        (camera_path(camera_path=[{"camera_to_world": [1, 2, 3], "fov": 50}]), r"camera_path\[0\].camera_to_world"),
        (camera_path(render_height=0), "sides of 1 to"),
        (camera_path(fps=0), "fps: expected a positive number"),
        (camera_path(camera_path=[{**camera_path()["camera_path"][0], "fov": 180.0}]), "field of view"),
    ],
)
def test_bad_camera_paths_are_told(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises((InputError, GeometryError), match=words):
        read_track(written(tmp_path, document, "camera_path.json"))


def test_a_panoramic_camera_path_gives_poses_alone(tmp_path: Path) -> None:
    track = read_track(written(tmp_path, camera_path(camera_type="equirectangular"), "camera_path.json"))
    assert track.intrinsics_px is None
    assert any("equirectangular" in note for note in track.notes)
