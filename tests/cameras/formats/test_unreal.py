"""The CineScene release's and ReCamMaster's camera files: Unreal matrices as text."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import read_cinescene_cameras, read_track, write_cinescene_cameras, write_track
from cinescene.cameras.transforms import invert_rigid
from cinescene.errors import GeometryError, InputError
from tests.cameras.formats.tracks import poses

LEVEL = "[1 0 0 0] [0 1 0 0] [0 0 1 0] [100 200 300 1] "


def unreal_matrix(yaw_deg: float, pitch_deg: float, roll_deg: float, location_cm: tuple[float, ...]) -> np.ndarray:
    """Unreal's FRotationTranslationMatrix: rows are forward, right and up for (pitch, yaw, roll) in degrees."""
    p, y, r = (math.radians(a) for a in (pitch_deg, yaw_deg, roll_deg))
    sp, cp, sy, cy, sr, cr = math.sin(p), math.cos(p), math.sin(y), math.cos(y), math.sin(r), math.cos(r)
    return np.array(
        [
            [cp * cy, cp * sy, sp, 0],
            [sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, -sr * cp, 0],
            [-(cr * sp * cy + sr * sy), cy * sr - cr * sp * sy, cr * cp, 0],
            [*location_cm, 1],
        ]
    )


def text_of(matrix: np.ndarray, digits: int = 17) -> str:
    return "".join("[" + " ".join(f"{v:.{digits}g}" for v in row) + "] " for row in matrix)


def recipe(matrices: list[np.ndarray]) -> np.ndarray:
    """The published loaders' relative poses: columns of the transpose reordered, one negated, metres."""
    result = []
    for matrix in matrices:
        c = matrix.T.copy()
        c = c[:, [1, 2, 0, 3]]
        c[:3, 1] *= -1
        c[:3, 3] /= 100
        result.append(c)
    return np.stack([np.linalg.inv(result[0]) @ c for c in result])


angles = st.tuples(st.floats(-180, 180), st.floats(-80, 80), st.floats(-30, 30))
places = st.tuples(*[st.floats(-5000, 5000)] * 3)


@settings(max_examples=15)
@given(st.lists(st.tuples(angles, places), min_size=1, max_size=4))
def test_relative_poses_are_those_of_the_published_recipe(
    tmp_path_factory: pytest.TempPathFactory, shot: list[tuple]
) -> None:
    matrices = [unreal_matrix(*rotation, place) for rotation, place in shot]
    path = tmp_path_factory.mktemp("release") / "s_cam.json"
    path.write_text(json.dumps({str(i): {"01_24mm": text_of(m)} for i, m in enumerate(matrices)}))
    track = read_track(path)
    assert (torch.linalg.det(track.world_from_camera[:, :3, :3]) > 0.999).all()
    relative = invert_rigid(track.world_from_camera[:1]) @ track.world_from_camera
    np.testing.assert_allclose(relative.numpy(), recipe(matrices), atol=1e-9)


def test_an_unreal_camera_stands_upright_in_our_world(tmp_path: Path) -> None:
    path = tmp_path / "a_cam.json"
    to_the_right = text_of(unreal_matrix(90, 0, 0, (0, 0, 0)))
    looking_up = text_of(unreal_matrix(0, 30, 0, (0, 0, 0)))
    path.write_text(json.dumps({"0": {"c": LEVEL}, "1": {"c": to_the_right}, "2": {"c": looking_up}}))
    track = read_track(path)
    right, down, forward, position = (track.world_from_camera[:, :3, k] for k in range(4))
    torch.testing.assert_close(position[0], torch.tensor([1.0, -2.0, 3.0]).double())
    torch.testing.assert_close(forward[0], torch.tensor([1.0, 0.0, 0.0]).double())
    torch.testing.assert_close(right[0], torch.tensor([0.0, -1.0, 0.0]).double())
    torch.testing.assert_close(down[0], torch.tensor([0.0, 0.0, -1.0]).double())
    torch.testing.assert_close(forward[1], torch.tensor([0.0, -1.0, 0.0]).double())
    torch.testing.assert_close(forward[2, 2], torch.tensor(0.5).double())
    assert track.z_up
    assert track.metres_per_unit == 1.0


def test_all_cameras_of_a_scene_are_read_and_written(tmp_path: Path, generator: torch.Generator) -> None:
    names = [f"{i:02d}_24mm" for i in range(1, 8)]
    tracks = {n: CameraTrack(world_from_camera=poses(4, generator), metres_per_unit=1.0) for n in names}
    path = tmp_path / "ein Ort" / "ä_cam.json"
    assert write_cinescene_cameras(path, tracks) == []
    read = read_cinescene_cameras(path)
    assert list(read) == names
    for name in names:
        torch.testing.assert_close(read[name].world_from_camera, tracks[name].world_from_camera, atol=1e-6, rtol=1e-6)
    chosen = read_track(path, camera="03")
    assert torch.equal(chosen.world_from_camera, read["03_24mm"].world_from_camera)
    assert torch.equal(read_track(path, camera="3").world_from_camera, chosen.world_from_camera)
    first = read_track(path)
    assert any("01_24mm is taken" in note for note in first.notes)
    with pytest.raises(InputError, match="01_24mm, 02_24mm"):
        read_track(path, camera="12_35mm")


def test_tracks_of_one_scene_must_be_of_one_length(tmp_path: Path, generator: torch.Generator) -> None:
    tracks = {str(n): CameraTrack(world_from_camera=poses(n, generator)) for n in (2, 3)}
    with pytest.raises(InputError, match=r"lengths \[2, 3\]"):
        write_cinescene_cameras(tmp_path / "a_cam.json", tracks)
    with pytest.raises(InputError, match="none"):
        write_cinescene_cameras(tmp_path / "a_cam.json", {})


def test_recammaster_files_and_their_every_fourth_frame(tmp_path: Path) -> None:
    matrices = {
        f"frame{i}": {f"cam{c:02d}": text_of(unreal_matrix(i, c, 0, (i, c, 0)), 7) for c in range(1, 11)}
        for i in range(81)
    }
    path = tmp_path / "camera_extrinsics.json"
    path.write_text(json.dumps(matrices))
    track = read_track(path, camera="cam10", every=4)
    assert len(track) == 21
    torch.testing.assert_close(track.world_from_camera[1, :3, 3], torch.tensor([0.04, -0.10, 0.0]).double())
    relative = invert_rigid(track.world_from_camera[:1]) @ track.world_from_camera
    expected = recipe([unreal_matrix(i, 10, 0, (i, 10, 0)) for i in range(0, 81, 4)])
    np.testing.assert_allclose(relative.numpy(), expected, atol=1e-5)
    assert torch.equal(read_track(path, camera="10", every=4).world_from_camera, track.world_from_camera)


def test_cameras_that_stand_still_are_one_pose_each(tmp_path: Path) -> None:
    path = tmp_path / "Hemi12_transforms.json"
    path.write_text(json.dumps({f"C_{i:02d}_35mm": text_of(unreal_matrix(30 * i, 0, 0, (i, 0, 0))) for i in (1, 2, 3)}))
    track = read_track(path)
    assert track.names == ("C_01_35mm", "C_02_35mm", "C_03_35mm")
    assert len(read_track(path, camera="C_02_35mm")) == 1


def test_writing_one_camera_names_it_by_its_lens(tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double()[None]).with_lens(35.0, 672, 384)
    write_track(tmp_path / "a_cam.json", track)
    assert list(json.loads((tmp_path / "a_cam.json").read_text())["0"]) == ["01_35mm"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"0": {"c": LEVEL}, "2": {"c": LEVEL}}, "frame 1 is missing"),
        ({"0": {"c": LEVEL}, "00": {"c": LEVEL}}, "frame 0 stands twice"),
        ({"0": {"c": LEVEL, "d": LEVEL}, "1": {"c": LEVEL}}, "1: every frame .* 'd'"),
        ({"0": {"c": LEVEL}, "x": {"c": LEVEL}}, "got 'x'"),
        ({"0": {}}, "0: this frame holds no cameras"),
        ({}, "holds no frames"),
        ({"0": {"c": "[1 0 0 0] [0 1 0 0] [0 0 1 0]"}}, "0.c: expected four rows"),
        ({"0": {"c": 3}}, "0.c: expected a string"),
        ({"0": {"c": LEVEL.replace("200", "nan")}}, "0.c: expected finite numbers, got nan"),
        ({"0": {"c": LEVEL.replace("200", "two")}}, "0.c: expected a number, got 'two'"),
        ({"0": {"c": "[1 0 0 5] [0 1 0 6] [0 0 1 7] [0 0 0 1] "}}, "0.c: .* column vectors"),
        ({"0": {"c": "[2 0 0 0] [0 2 0 0] [0 0 2 0] [0 0 0 1] "}}, "0.c: .* scaled or sheared"),
        ({"0": {"c": "[1 0 0 0] [0 -1 0 0] [0 0 1 0] [0 0 0 1] "}}, "0.c: .* mirrors"),
    ],
)
def test_bad_files_are_told_with_the_place(tmp_path: Path, content: dict, words: str) -> None:
    path = tmp_path / "bad_cam.json"
    path.write_text(json.dumps(content))
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path, "cinescene")
    assert str(path) in str(raised.value)
