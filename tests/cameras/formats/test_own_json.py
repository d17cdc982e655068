"""CineScene's own track file: its schema, versions and errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import read_track, write_track
from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError, InputError

IDENTITY = torch.eye(4).tolist()


def document(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "cinescene.camera-track",
        "version": 1,
        "world_from_camera": [IDENTITY, IDENTITY],
        "intrinsics_px": [[500, 0, 320], [0, 500, 240], [0, 0, 1]],
        "image_size_px": [640, 480],
        "frame_rate": 24,
        **changes,
    }


def saved(folder: Path, content: Any) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_one_lens_may_stand_for_all_frames(tmp_path: Path) -> None:
    track = read_track(saved(tmp_path, document()))
    assert track.cameras().focal_px.tolist() == [[500, 500], [500, 500]]
    assert track.cameras().size_px == (640, 480)
    assert track.frame_rate == 24.0
    assert track.metres_per_unit is None
    written = json.loads(_written(tmp_path, track))
    assert written["image_size_px"] == [640, 480]


def _written(folder: Path, track: CameraTrack) -> str:
    write_track(folder / "b.json", track)
    return (folder / "b.json").read_text(encoding="utf-8")


def test_notes_and_single_precision_survive(tmp_path: Path) -> None:
    pose = rigid(level_rotation(0.3), torch.tensor([0.1, 0.2, 0.3]).double()).float()[None]
    track = CameraTrack(world_from_camera=pose, notes=("Ein Hinweis.",), frame_rate=24.0)
    write_track(tmp_path / "a.json", track)
    read = read_track(tmp_path / "a.json")
    assert torch.equal(read.world_from_camera.float(), pose)
    assert read.notes == ("Ein Hinweis.",)


def test_a_byte_order_mark_and_windows_lines_are_no_matter(tmp_path: Path) -> None:
    path = saved(tmp_path, document())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b", ", b",\r\n"))
    assert len(read_track(path)) == 2


def test_a_keyframed_path_is_read_as_its_frames(tmp_path: Path) -> None:
    keys = tuple(
        Keyframe(time_s=2.0 * i, world_from_camera=rigid(level_rotation(), torch.tensor([1.0 * i, 0, 0]).double()))
        for i in range(2)
    )
    CameraPath(keyframes=keys).save(tmp_path / "path.json")
    track = read_track(tmp_path / "path.json", size_px=(672, 384))
    assert len(track) == 49
    assert track.cameras().size_px == (672, 384)
    assert any("24 frames a second" in note for note in track.notes)
    assert len(read_track(tmp_path / "path.json", frame_rate=10.0)) == 21
    CameraPath(keyframes=keys[:1]).save(tmp_path / "still.json")
    assert len(read_track(tmp_path / "still.json")) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (document(version=2), "got version 2; it was written by a later CineScene"),
        (document(version=0), "got version 0"),
        (document(version="1"), "version: expected a number, got '1'"),
        (document(world_from_camera=[]), "at least one pose"),
        (document(world_from_camera=[IDENTITY[:3]]), r"world_from_camera\[0\]: expected a matrix of 4×4"),
        (document(world_from_camera=[IDENTITY, [[2, 0, 0, 0], *IDENTITY[1:]]]), r"world_from_camera\[1\]: .* scaled"),
        (document(world_from_camera=[IDENTITY, [[-1, 0, 0, 0], *IDENTITY[1:]]]), r"world_from_camera\[1\]: .* mirrors"),
        (document(world_from_camera=[IDENTITY, [[float("nan"), 0, 0, 0], *IDENTITY[1:]]]), r"\[1\]\[0\]\[0\]: .* nan"),
        (document(image_size_px=None), "intrinsics need an image size"),
        (document(image_size_px=[0, 480]), "image_size_px: expected a width and a height"),
        (document(image_size_px=[[640, 480]]), "one for each of 2 frames, got 1"),
        (document(intrinsics_px=[[0, 0, 320], [0, 500, 240], [0, 0, 1]]), "positive focal lengths, got 0"),
        (document(intrinsics_px=[[1, 0, 3], [0, 5, 2], [0, 1, 1]]), "expected the form"),
        (document(frame_rate=0), "frame_rate: expected a positive number"),
        (document(times_s=[0, 0]), "increase"),
        (document(times_s=[0]), "times_s: expected 2 numbers"),
        (document(names=["a"]), "expected 2 names"),
        (document(names=["a", 3]), r"names\[1\]: expected a string"),
        (document(names=["a", "\ud800"]), r"names\[1\]: this string is not valid Unicode"),
        (document(metres_per_unit=-1), "metres_per_unit: expected a positive number"),
        (document(z_up="yes"), "z_up: expected true or false"),
        ({"kind": "cinescene.camera-track", "version": 1}, "'world_from_camera' is missing"),
    ],
)
def test_bad_documents_are_told_with_the_place(tmp_path: Path, content: Any, words: str) -> None:
    path = saved(tmp_path, content)
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path)
    assert str(path) in str(raised.value)


def test_a_foreign_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 'other'"):
        read_track(saved(tmp_path, document(kind="other")), "cinescene-track")
