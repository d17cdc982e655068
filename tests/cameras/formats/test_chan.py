"""Nuke's .chan, checked against scipy's Euler angles."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import detect_format, read_track, write_track
from cinescene.cameras.formats.chan import euler_from_rotation, rotation_from_euler
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError, InputError

CHAN = """1 0 1.5 4 0 0 0 46.4
2 0 1.5 4 0 -90 0 46.4
3 0 1.5 4 -30 0 0 46.4
4 0 1.5 4 0 0 90 46.4
"""


def saved(folder: Path, text: str) -> Path:
    path = folder / "kamera.chan"
    path.write_text(text)
    return path


def test_a_hand_written_file_in_nukes_convention(tmp_path: Path) -> None:
    path = saved(tmp_path, CHAN)
    assert detect_format(path) == "chan"
    track = read_track(path, size_px=(672, 384), frame_rate=24.0)
    cameras = track.cameras()
    torch.testing.assert_close(cameras.position[0], torch.tensor([0.0, -4.0, 1.5]).double())
    forward = [[0.0, 1, 0], [1, 0, 0], [0, 3**0.5 / 2, -0.5], [0, 1, 0]]
    torch.testing.assert_close(cameras.forward, torch.tensor(forward, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(
        -cameras.world_from_camera[3, :3, 1], torch.tensor([-1.0, 0, 0]).double(), atol=1e-12, rtol=0
    )
    assert float(torch.rad2deg(cameras.field_of_view_rad[0, 1])) == pytest.approx(46.4)
    assert track.frame_rate == 24.0
    assert track.z_up


def test_seven_columns_are_poses_alone(tmp_path: Path) -> None:
    path = saved(tmp_path, "\n".join(" ".join(line.split()[:7]) for line in CHAN.splitlines()))
    assert read_track(path).intrinsics_px is None


@settings(max_examples=20)
@given(
    st.lists(st.floats(-179, 179), min_size=3, max_size=3),
    st.sampled_from(["".join(o) for o in itertools.permutations("XYZ")]),
)
def test_rotation_orders_are_scipys(degrees: list[float], order: str) -> None:
    """ "ZXY" applies z first: scipy's extrinsic ``zxy``."""
    indices = tuple("XYZ".index(axis) for axis in order)
    angles = torch.deg2rad(torch.tensor([degrees], dtype=torch.float64))
    ours = rotation_from_euler(angles, indices)
    theirs = Rotation.from_euler(order.lower(), [degrees["XYZ".index(axis)] for axis in order], degrees=True)
    np.testing.assert_allclose(ours[0].numpy(), theirs.as_matrix(), atol=1e-12)
    again = rotation_from_euler(euler_from_rotation(ours, indices), indices)
    torch.testing.assert_close(again, ours, atol=1e-9, rtol=0)


@pytest.mark.parametrize("pitch", [90.0, -90.0, 89.99999])
def test_cameras_that_look_straight_up_or_down_survive(tmp_path: Path, pitch: float) -> None:
    rotation = level_rotation(0.7, np.deg2rad(pitch), 0.2)
    track = CameraTrack(world_from_camera=rigid(rotation, torch.ones(3).double())[None])
    write_track(tmp_path / "a.chan", track)
    torch.testing.assert_close(
        read_track(tmp_path / "a.chan").world_from_camera, track.world_from_camera, atol=1e-6, rtol=0
    )


def test_angles_run_on_through_half_turns(tmp_path: Path) -> None:
    turns = [rigid(level_rotation(np.deg2rad(20.0 * i)), torch.zeros(3).double()) for i in range(40)]
    write_track(tmp_path / "a.chan", CameraTrack(world_from_camera=torch.stack(turns)))
    ry = [float(line.split()[5]) for line in (tmp_path / "a.chan").read_text().splitlines()]
    np.testing.assert_allclose(np.diff(ry), -20.0, atol=1e-9)


def test_steps_and_gaps_in_the_frame_numbers(tmp_path: Path) -> None:
    stepped = saved(tmp_path, "1 0 0 0 0 0 0\n3 0 0 0 0 0 0\n5 0 0 0 0 0 0\n")
    track = read_track(stepped, frame_rate=24.0)
    assert track.frame_rate == 12.0
    assert any("are 2 apart" in note for note in track.notes)
    gap = saved(tmp_path, "1 0 0 0 0 0 0\n2 0 0 0 0 0 0\n5 0 0 0 0 0 0\n")
    with pytest.raises(InputError, match="line 3: frames jump from 2 to 5"):
        read_track(gap)
    assert read_track(gap, frame_rate=10.0).frame_times_s().tolist() == pytest.approx([0.0, 0.1, 0.4])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 0 0 0 0 0\n", "line 1: expected 7 numbers"),
        (CHAN + "5 0 0 0 0 0 0\n", "line 5: expected 8 numbers"),
        (CHAN + "4 0 0 0 0 0 0 46\n", "line 5: expected frame numbers that increase"),
        (CHAN.replace("46.4", "0"), "field of view between 0° and 180°, got 0"),
        (CHAN.replace("46.4", "inf"), "line 1, vfov: expected finite"),
        ("# empty\n", "comments only"),
    ],
)
def test_bad_files_are_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises((InputError, GeometryError), match=words):
        read_track(saved(tmp_path, text), "chan")


def test_an_unknown_rotation_order_is_refused(tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double()[None])
    for order in ("XXY", "XY"):
        with pytest.raises(InputError, match="expected one of XYZ"):
            write_track(tmp_path / "a.chan", track, rotation_order=order)
