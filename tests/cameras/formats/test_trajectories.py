"""TUM and KITTI trajectories, checked against evo and scipy, and RealEstate10K."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import detect_format, read_track, write_track
from cinescene.errors import GeometryError, InputError
from tests.cameras.formats.tracks import poses

TUM = """# ground truth trajectory
# timestamp tx ty tz qx qy qz qw
1305031102.1758 1.3405 0.6266 1.6575 0.6574 0.6126 -0.2949 -0.3248
1305031102.2100 1.3303 0.6256 1.6464 0.6579 0.6161 -0.2932 -0.3189
1305031102.2758 1.3160 0.6254 1.6302 0.6609 0.6199 -0.2893 -0.3086
"""

REAL_ESTATE = """https://www.youtube.com/watch?v=abc
45979267 0.474 0.843 0.5 0.5 0.0 0.0 1 0 0 0.1 0 1 0 0.2 0 0 1 0.3
46012634 0.474 0.843 0.5 0.5 0.0 0.0 0 0 -1 0 0 1 0 0 1 0 0 -2
"""


def test_a_tum_file_is_what_evo_and_scipy_read(tmp_path: Path) -> None:
    file_interface = pytest.importorskip("evo.tools.file_interface", reason="evo is not installed")
    path = tmp_path / "groundtruth.txt"
    path.write_text(TUM)
    track = read_track(path)
    other = file_interface.read_tum_trajectory_file(str(path))
    np.testing.assert_allclose(track.world_from_camera.numpy(), np.stack(other.poses_se3), atol=1e-3)
    np.testing.assert_allclose(track.frame_times_s().numpy(), other.timestamps, atol=1e-6)
    rotation = Rotation.from_quat([0.6574, 0.6126, -0.2949, -0.3248]).as_matrix()
    np.testing.assert_allclose(track.world_from_camera[0, :3, :3].numpy(), rotation, atol=1e-12)
    assert track.metres_per_unit == 1.0
    assert track.frame_rate is None
    assert not track.z_up
    assert read_track(path, up="z").z_up


def test_evo_reads_what_we_write(tmp_path: Path, generator: torch.Generator) -> None:
    file_interface = pytest.importorskip("evo.tools.file_interface", reason="evo is not installed")
    track = CameraTrack(world_from_camera=poses(6, generator), frame_rate=24.0, metres_per_unit=1.0)
    write_track(tmp_path / "a.tum", track)
    write_track(tmp_path / "a.kitti", track)
    tum = file_interface.read_tum_trajectory_file(str(tmp_path / "a.tum"))
    kitti = file_interface.read_kitti_poses_file(str(tmp_path / "a.kitti"))
    np.testing.assert_allclose(np.stack(tum.poses_se3), track.world_from_camera.numpy(), atol=1e-9)
    np.testing.assert_allclose(np.stack(kitti.poses_se3), track.world_from_camera.numpy(), atol=1e-9)
    np.testing.assert_allclose(tum.timestamps, np.arange(6) / 24, atol=1e-9)


def test_kitti_rows_are_camera_to_world(tmp_path: Path) -> None:
    path = tmp_path / "00.txt"
    path.write_text("1 0 0 0 0 1 0 0 0 0 1 0\n0 0 1 5 0 1 0 0 -1 0 0 2\n")
    assert detect_format(path) == "kitti"
    track = read_track(path, up="-y")
    torch.testing.assert_close(track.world_from_camera[1, :3, 3], torch.tensor([5.0, 2.0, 0.0]).double())
    torch.testing.assert_close(-track.world_from_camera[0, :3, 1], torch.tensor([0.0, 0.0, 1.0]).double())


def test_lengths_in_metres_whatever_the_tracks_unit(tmp_path: Path, generator: torch.Generator) -> None:
    track = CameraTrack(world_from_camera=poses(3, generator), metres_per_unit=0.01)
    write_track(tmp_path / "a.tum", track)
    read = read_track(tmp_path / "a.tum")
    torch.testing.assert_close(read.world_from_camera[:, :3, 3], track.world_from_camera[:, :3, 3] * 0.01)


def test_a_realestate10k_file_means_what_the_data_sets_page_says(tmp_path: Path) -> None:
    path = tmp_path / "clip.txt"
    path.write_text(REAL_ESTATE)
    assert detect_format(path) == "realestate10k"
    track = read_track(path, size_px=(1280, 720))
    cameras = track.cameras()
    torch.testing.assert_close(cameras.focal_px[0], torch.tensor([0.474 * 1280, 0.843 * 720]).double())
    torch.testing.assert_close(cameras.position[0], torch.tensor([-0.1, -0.2, -0.3]).double())
    torch.testing.assert_close(cameras.position[1], torch.tensor([2.0, 0.0, 0.0]).double())
    torch.testing.assert_close(cameras.forward[1], torch.tensor([1.0, 0.0, 0.0]).double())
    torch.testing.assert_close(track.frame_times_s()[0], torch.tensor(45.979267).double())
    assert any("youtube" in note for note in track.notes)
    assert track.metres_per_unit is None


def test_without_a_picture_size_the_field_of_view_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "clip.txt"
    path.write_text(REAL_ESTATE)
    track = read_track(path)
    assert track.cameras().size_px == (1920, 1080)
    expected = 2 * torch.atan(torch.tensor([0.5 / 0.474, 0.5 / 0.843]).double())
    torch.testing.assert_close(track.cameras().field_of_view_rad[0], expected)
    assert any("1920×1080 is assumed" in note for note in track.notes)


def test_picture_sizes_in_columns_six_and_seven_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "clip.txt"
    path.write_text(REAL_ESTATE.replace(" 0.0 0.0 ", " 1280 720 "))
    assert read_track(path).cameras().size_px == (1280, 720)


def test_a_written_file_has_nineteen_columns_and_whole_microseconds(tmp_path: Path, generator: torch.Generator) -> None:
    cameras = Cameras.from_focal_px(poses(3, generator), 500.0, 672, 384)
    write_track(tmp_path / "a.txt", CameraTrack.from_cameras(cameras, frame_rate=24.0), "realestate10k", url="http://v")
    first, *lines = (tmp_path / "a.txt").read_text().splitlines()
    assert first == "http://v"
    assert [len(line.split()) for line in lines] == [19, 19, 19]
    assert [line.split()[0] for line in lines] == ["0", "41667", "83333"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("tum", "0 1 2 3 0 0 0\n", "line 1: expected 8 numbers"),
        ("tum", "0 1 2 3 0 0 0 1\n1 1 2 nan 0 0 0 1\n", "line 2, tz: expected finite numbers, got nan"),
        ("tum", "0 1 2 3 0 0 0 2\n", "line 1: expected a unit quaternion .* length 2"),
        ("tum", "0 1 2 3 0 0 0 1\n0 1 2 3 0 0 0 1\n", "line 2: expected timestamps that increase"),
        ("tum", "0,1,2,3,0,0,0,1\n", "expected 8 numbers"),
        ("tum", "0 1,5 2 3 0 0 0 1\n", "decimals with a point"),
        ("tum", "# nothing else\n", "comments only"),
        ("tum", "0 1_0 2 3 0 0 0 1\n", "got '1_0'"),
        ("tum", "0 1e999 2 3 0 0 0 1\n", "too large"),
        ("kitti", "1 0 0 0 0 1 0 0 0 0 1\n", "line 1: expected 12 numbers"),
        ("kitti", "1 0 0 0 0 1 0 0 0 0 -1 0\n", "line 1: .* mirrors"),
        ("kitti", "1 0 0 0 0 1 0 0 0 0 1 0\n2 0 0 0 0 2 0 0 0 0 2 0\n", "line 2: .* scaled"),
        ("realestate10k", REAL_ESTATE.replace("0.474", "0"), "line 2: expected positive focal lengths, got 0"),
        ("realestate10k", REAL_ESTATE.replace("0.474 0.843", "607 607"), "line 2: .* look like pixels"),
        ("realestate10k", REAL_ESTATE.replace("46012634", "45979267"), "line 3: expected timestamps that increase"),
        ("realestate10k", REAL_ESTATE.replace(" 0.0 0.0 ", " 0.1 0.0 "), "columns six and seven"),
        ("realestate10k", REAL_ESTATE[:-20], "line 3: expected 19 numbers"),
        ("realestate10k", "https://only.the/address\n", "got none"),
    ],
)
def test_bad_lines_are_told_with_file_and_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path, name)
    assert re.match(re.escape(str(path)), str(raised.value))
