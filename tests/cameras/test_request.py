import math
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import write_track
from cinescene.cameras.request import ShotRequest
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError


def elsewhere_track() -> CameraTrack:
    """A path far from the origin that looks to the west and slightly down while it moves north, size 640×480."""
    poses = [
        rigid(level_rotation(-math.pi / 2, -0.2), torch.tensor([50.0, 20.0 + 0.5 * i, 3.0], dtype=torch.float64))
        for i in range(5)
    ]
    cameras = Cameras.from_focal_mm(torch.stack(poses), 35.0, 640, 480)
    return CameraTrack.from_cameras(cameras, frame_rate=30.0)


def test_moves_become_a_track_of_the_size_rate_and_length_asked_for() -> None:
    request = ShotRequest(camera="pan right 90deg", width_px=64, height_px=36, frame_rate=12, frames=7)
    track = request.track()
    assert len(track) == 7
    assert track.frame_rate == 12
    assert track.cameras().size_px == (64, 36)
    assert "pan right 90" in request.describe()


def test_a_start_height_counts_from_the_ground() -> None:
    request = ShotRequest(
        camera="start at 0.5m height; static", width_px=8, height_px=8, ground_z_m=-1.6, duration_s=1.0
    )
    torch.testing.assert_close(request.track().world_from_camera[:, 2, 3].unique(), torch.tensor([-1.1]).double())


def test_a_files_path_starts_at_the_origin_looking_ahead_unless_it_is_to_stay(tmp_path: Path) -> None:
    source = elsewhere_track()
    write_track(tmp_path / "path.json", source)
    request = ShotRequest(camera=str(tmp_path / "path.json"), width_px=320, height_px=180)
    track = request.track()
    torch.testing.assert_close(
        track.world_from_camera[0], rigid(level_rotation(0.0, -0.2), torch.zeros(3).double()), atol=1e-9, rtol=0
    )
    # North of a camera that looks west is to its right: +x of the new world.
    torch.testing.assert_close(track.world_from_camera[-1, :3, 3], torch.tensor([2.0, 0.0, 0.0]).double())
    assert track.frame_rate == 30
    torch.testing.assert_close(track.cameras().focal_mm(), torch.full((5,), 35.0).double())
    assert track.cameras().size_px == (320, 180)
    kept = ShotRequest(camera=str(tmp_path / "path.json"), width_px=320, height_px=180, keep_coordinates=True).track()
    torch.testing.assert_close(kept.world_from_camera, source.world_from_camera)


def test_a_file_gives_as_many_frames_as_it_has(tmp_path: Path) -> None:
    name = str(tmp_path / "p a th é.json")
    write_track(name, elsewhere_track())
    assert len(ShotRequest(camera=name, width_px=8, height_px=8, frames=3).track()) == 3
    with pytest.raises(InputError, match="holds 5"):
        ShotRequest(camera=name, width_px=8, height_px=8, frames=6).track()
    with pytest.raises(InputError, match="its own length"):
        ShotRequest(camera=name, width_px=8, height_px=8, duration_s=1.0).track()


def test_a_missing_file_is_not_taken_for_moves() -> None:
    with pytest.raises(InputError, match="no such"):
        ShotRequest(camera="missing.usda", width_px=8, height_px=8).track()
    with pytest.raises(InputError, match="expected a move"):
        ShotRequest(camera="fly around", width_px=8, height_px=8).track()
    with pytest.raises(InputError, match="expected moves"):
        ShotRequest(camera=" ", width_px=8, height_px=8).track()
