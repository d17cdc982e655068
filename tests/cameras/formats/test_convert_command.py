"""``cinescene path convert``, and what a user may state of a file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track, write_cinescene_cameras, write_track
from cinescene.cameras.formats.stated import Stated, read_stated_track, resized_keeping_width
from cinescene.cli import main
from cinescene.errors import InputError
from tests.cameras.formats.tracks import poses


@pytest.fixture
def release(tmp_path: Path, generator: torch.Generator) -> Path:
    path = tmp_path / "mein Ort" / "szene_cam.json"
    tracks = {f"0{i}_24mm": CameraTrack(world_from_camera=poses(5, generator), metres_per_unit=1.0) for i in (1, 2)}
    write_cinescene_cameras(path, tracks)
    return path


def test_the_release_to_usd(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pxr", reason="usd-core is not installed")
    target = tmp_path / "shot.usda"
    arguments = ["path", "convert", str(release), str(target), "--camera", "02_24mm", "--focal-mm", "24"]
    assert main([*arguments, "--size", "672x384", "--fps", "15"]) == 0
    out = capsys.readouterr().out
    assert "5 frames at 15 a second" in out
    assert "24.0 mm on 36 mm film (73.7° × 46.4°), picture 672×384" in out
    assert "Everything that was read is in it." in out
    read = read_track(target)
    expected = read_track(release, camera="02")
    torch.testing.assert_close(read.world_from_camera, expected.world_from_camera, atol=1e-6, rtol=1e-6)


def test_losses_are_printed(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["path", "convert", str(release), str(tmp_path / "a.tum"), "--focal-mm", "24", "--size", "672x384"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "The file holds 2 cameras; 01_24mm is taken" in out
    assert "A TUM trajectory cannot hold the lens, 24.0 mm" in out
    assert "The frame rate was not known" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.json", "a.usda"], "no such camera file"),
        (["SOURCE", "a.fbx"], "'.fbx'"),
        (["SOURCE", "a.txt"], "several formats"),
        (["SOURCE", "a.glb"], "--focal-mm 24 --size 672x384"),
        (["SOURCE", "a.usda", "--focal-mm", "24"], "--size"),
        (["SOURCE", "a.usda", "--size", "672x384"], "--focal-mm"),
        (["SOURCE", "a.usda", "--size", "big"], "WIDTHxHEIGHT"),
        (["SOURCE", "a.json", "--focal-mm", "0", "--size", "672x384"], "focal length: expected a positive"),
        (["SOURCE", "a.json", "--fps", "0"], "frame rate: expected a positive"),
        (["SOURCE", "a.json", "--fps", "nan"], "frame rate: expected a positive"),
        (["SOURCE", "a.json", "--camera", "09"], "expected one of the cameras 01_24mm, 02_24mm"),
        (["SOURCE", "a.json", "--up", "y"], "say which way is up"),
        (["SOURCE", "a.json", "--from-format", "fbx"], "expected one of cinescene-track"),
        (["SOURCE", "a.json", "--to-format", "fbx"], "expected one of cinescene-track"),
        (["SOURCE", "a.json", "--from-format", "nerfstudio"], "looks like the CineScene release"),
        (["SOURCE", "SOURCE/a.json"], "cannot be written"),
    ],
)
def test_bad_requests_end_in_one_line_and_status_two(
    release: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["path", "convert", *[a.replace("SOURCE", str(release)) for a in arguments]]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err


# ---- what is stated -------------------------------------------------------------------------------------------------


def test_a_stated_lens_replaces_the_files_own_and_says_so(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "a.json"
    write_track(path, CameraTrack(world_from_camera=poses(2, generator), frame_rate=30.0).with_lens(50.0, 640, 480))
    track = read_stated_track(path, Stated(focal_mm=24.0, frame_rate=24.0))
    assert track.cameras().size_px == (640, 480)
    assert float(track.cameras().focal_mm()[0]) == pytest.approx(24.0)
    assert track.frame_rate == 24.0
    assert any("own lens, 50.0 mm" in note for note in track.notes)
    assert any("own rate, 30, is replaced" in note for note in track.notes)


def test_another_picture_size_keeps_the_width_of_the_view(generator: torch.Generator) -> None:
    cameras = Cameras.from_focal_mm(poses(2, generator), 24.0, 1920, 1080)
    resized = resized_keeping_width(cameras, (672, 384))
    assert resized.size_px == (672, 384)
    torch.testing.assert_close(resized.field_of_view_rad[:, 0], cameras.field_of_view_rad[:, 0])
    torch.testing.assert_close(resized.focal_px[:, 0], resized.focal_px[:, 1])
    torch.testing.assert_close(resized.intrinsics_px[0, :2, 2], torch.tensor([336.0, 192.0]).double())


def test_what_a_format_has_no_use_for_is_refused(tmp_path: Path, generator: torch.Generator) -> None:
    path = tmp_path / "a.json"
    write_track(path, CameraTrack(world_from_camera=poses(2, generator)))
    with pytest.raises(InputError, match="hold one camera"):
        read_stated_track(path, Stated(camera="left"))
    with pytest.raises(InputError, match="say which way is up"):
        read_stated_track(path, Stated(up="y"))


def test_frame_rate_of_a_stepped_file_is_counted_by_its_frame_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.chan"
    path.write_text("1 0 0 0 0 0 0\n3 0 0 0 0 0 0\n")
    assert read_stated_track(path, Stated(frame_rate=24.0)).frame_rate == 12.0


def test_every_pair_of_formats_converts(tmp_path: Path, generator: torch.Generator) -> None:
    """A shot goes through all formats in turn and its relative motion is still that of the first."""
    track = CameraTrack(world_from_camera=poses(3, generator), frame_rate=24.0, metres_per_unit=1.0)
    steps = ["a.json", "a.usda", "a.tum", "camera_extrinsics.json", "a.glb", "s_cam.json", "a.chan", "transforms.json"]
    write_track(tmp_path / steps[0], track.with_lens(24.0, 672, 384))
    for source, target in itertools.pairwise(steps):
        code = main(
            ["path", "convert", str(tmp_path / source), str(tmp_path / target), "--focal-mm", "24", "--size", "672x384"]
        )
        assert code == 0
    final = read_track(tmp_path / steps[-1]).world_from_camera
    first = track.world_from_camera
    torch.testing.assert_close(
        torch.linalg.inv(final[0]) @ final, torch.linalg.inv(first[0]) @ first, atol=2e-5, rtol=1e-5
    )
    assert len(json.loads((tmp_path / steps[-1]).read_text())["frames"]) == 3
