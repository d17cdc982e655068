from pathlib import Path

import pytest

from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.rig import level_pose
from cinescene.cli import main


def run(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    code = main(["path", "plot", *arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_moves_are_drawn_planned_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "new folder" / "é.png"
    code, written, told = run(capsys, "dolly in 1m over 1s; then pan left 30deg", "-o", str(out))
    assert code == 0
    assert written.strip() == str(out)
    assert out.exists()
    assert "0.00–1.00 s: dolly in 1m over 1s" in told
    assert "97 frames, 4.00 s." in told


def test_a_camera_file_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file, out = tmp_path / "ein Weg.json", tmp_path / "plot.png"
    keys = (
        Keyframe(time_s=0.0, world_from_camera=level_pose((0.0, 0.0, 1.6))),
        Keyframe(time_s=2.0, world_from_camera=level_pose((1.0, 2.0, 1.6), 30.0)),
    )
    CameraPath(keyframes=keys).save(file)
    code, _, told = run(capsys, "--camera", str(file), "-o", str(out))
    assert code == 0
    assert out.exists()
    assert "49 frames, 2.00 s. The camera travels 2.24 m" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a camera file or moves"),
        (["static", "--camera", "static"], "expected a camera file or moves, once"),
        (["doly in 1m"], 'did you mean "dolly"?'),
        ([""], "expected a camera file or moves"),
        (["nowhere.json"], "nowhere.json: no such camera file"),
        (["static", "-o", "plot.jpg"], "ends in .png"),
        (["static", "-o", "/dev/null/plot.png"], "cannot be written"),
        (["static", "--every", "0"], "every 0"),
        (["static", "--size", "0x4"], "size: expected"),
        (["static", "--fps", "0"], "frame rate"),
        (["static", "--frames", "0"], "frames"),
        (["static", "--frames", "3", "--seconds", "2"], "got both"),
        (["static", "--lens", "0"], "focal length"),
        (["static", "--seconds", "nan"], "duration"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: list, message: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, written, told = run(capsys, *arguments)
    assert code == 2
    assert written == ""
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert not list(tmp_path.iterdir())


def test_a_file_keeps_its_own_length(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "still.json"
    CameraPath(keyframes=(Keyframe(time_s=0.0, world_from_camera=level_pose((0.0, 0.0, 1.6))),)).save(file)
    code, _, told = run(capsys, str(file), "--frames", "5", "-o", str(tmp_path / "plot.png"))
    assert code == 2
    assert "has its own length" in told
