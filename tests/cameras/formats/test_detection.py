"""Formats are known by content, and a name that claims another is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import FORMATS, detect_format, read_track, write_track
from cinescene.cameras.formats.detection import format_for_writing
from cinescene.errors import GeometryError, InputError
from tests.cameras.formats.test_round_trips import FILES
from tests.cameras.formats.tracks import poses


@pytest.fixture
def track(generator: torch.Generator) -> CameraTrack:
    return CameraTrack(world_from_camera=poses(3, generator), frame_rate=24.0).with_lens(24.0, 672, 384)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_file_is_known_by_its_content_alone(name: str, tmp_path: Path, track: CameraTrack) -> None:
    path = tmp_path / FILES[name]
    write_track(path, track, name)
    assert detect_format(path) == name
    if path.is_file() and name != "usd":
        anonymous = tmp_path / "anonymous.dat"
        shutil.copy(path, anonymous)
        assert detect_format(anonymous) == name
        assert len(read_track(anonymous)) == 3


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("nerfstudio", "scene_cam.json"),
        ("nerfstudio-path", "transforms.json"),
        ("cinescene", "camera_extrinsics.json"),
        ("recammaster", "camera_path.json"),
        ("tum", "a.chan"),
        ("kitti", "a.tum"),
        ("realestate10k", "a.kitti"),
        ("chan", "a.tum"),
        ("gltf", "a.usda"),
        ("nerfstudio", "a.gltf"),
    ],
)
def test_a_name_that_claims_another_convention_is_refused(
    name: str, claimed: str, tmp_path: Path, track: CameraTrack
) -> None:
    write_track(tmp_path / FILES[name], track, name)
    path = tmp_path / "other" / claimed
    path.parent.mkdir()
    shutil.copy(tmp_path / FILES[name], path)
    with pytest.raises(InputError, match=f"content looks like '{name}'"):
        read_track(path)
    assert len(read_track(path, name)) == 3


def test_a_processed_nerfstudio_folder_is_read_by_its_transforms(tmp_path: Path, track: CameraTrack) -> None:
    write_track(tmp_path / "transforms.json", track)
    write_track(tmp_path / "colmap" / "sparse" / "0", track, "colmap")
    assert detect_format(tmp_path) == "nerfstudio"
    (tmp_path / "transforms.json").unlink()
    assert detect_format(tmp_path) == "colmap"


def test_our_own_files_may_have_any_name(tmp_path: Path, track: CameraTrack) -> None:
    path = tmp_path / "camera_path.json"
    write_track(path, track, "cinescene-track")
    assert len(read_track(path)) == 3


@pytest.mark.parametrize(
    ("wanted", "actual"), [("kitti", "tum"), ("nerfstudio", "cinescene"), ("usd", "gltf"), ("gltf", "nerfstudio")]
)
def test_a_format_stated_wrongly_is_told_what_the_file_looks_like(
    wanted: str, actual: str, tmp_path: Path, track: CameraTrack
) -> None:
    path = tmp_path / FILES[actual]
    write_track(path, track, actual)
    with pytest.raises(InputError, match=f"it looks like .*{actual}"):
        read_track(path, wanted)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n\t", "white space"),
        (b"hello world\n", "no camera file of a known format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary file"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b'{"a": 1}', "no camera file of a known format"),
        (b'{"frames": [', "not valid JSON .*cut off"),
        (b"[1, 2, 3]", "no camera file of a known format"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply|not valid JSON"),
        (b'{"0": {"c": "[1]"}, "0": {"c": "[1]"}}', "'0' stands twice"),
        (b'{"frames": ["\xe4"]}', "byte 13 is none"),
        (b"1 2 3\n", "no camera file of a known format"),
    ],
)
def test_what_is_no_camera_file_is_told_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "Datei mit ä.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as raised:
        read_track(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_files_folders_and_strange_paths(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such camera file"):
        read_track(tmp_path / "none.json")
    with pytest.raises(InputError, match="no such camera file"):
        read_track(tmp_path / "none.chan", "chan")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match="this folder holds neither"):
        read_track(tmp_path / "folder.json")
    with pytest.raises(InputError, match="a folder"):
        read_track(tmp_path / "folder.json", "cinescene-track")
    with pytest.raises(InputError):
        read_track("x" * 5000 + ".json")


@pytest.mark.parametrize("name", ["cinescene-track", "tum", "gltf"])
def test_absurdly_large_files_are_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(InputError, match="8192 MiB is more than"):
        read_track(path, name)


def test_names_for_writing() -> None:
    expected = {
        "a.json": "cinescene-track",
        "s_cam.json": "cinescene",
        "transforms.json": "nerfstudio",
        "camera_path.json": "nerfstudio-path",
        "camera_extrinsics.json": "recammaster",
        "a.USDA": "usd",
        "a.glb": "gltf",
        "a.chan": "chan",
        "a.tum": "tum",
    }
    for name, format_name in expected.items():
        assert format_for_writing(Path(name)) == format_name
    for name, words in (
        ("a.txt", "several formats"),
        ("model", "colmap"),
        ("a.fbx", "'.fbx'"),
        ("cameras.txt", "folder"),
    ):
        with pytest.raises(InputError, match=words):
            format_for_writing(Path(name))


def test_unknown_formats_and_options_are_listed(tmp_path: Path, track: CameraTrack) -> None:
    with pytest.raises(InputError, match="expected one of cinescene-track"):
        read_track(tmp_path / "a.json", "fbx")
    write_track(tmp_path / "a.tum", track)
    with pytest.raises(InputError, match="no option 'camera' here; it has up"):
        read_track(tmp_path / "a.tum", camera="x")
    with pytest.raises(InputError, match="no option 'colour'"):
        write_track(tmp_path / "a.tum", track, colour="red")


def test_the_largest_numbers_of_json_are_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    document = {"kind": "cinescene.camera-track", "version": 1, "world_from_camera": [[[1e308] * 4] * 4]}
    path.write_text(json.dumps(document).replace("1e+308", "1" + "0" * 400, 1))
    with pytest.raises(GeometryError, match="finite"):
        read_track(path)
