"""Finding and running Blender where there is none, or one that fails."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from cinescene.errors import InputError, MissingDependencyError
from cinescene.sets.blender import BlenderRenderer
from cinescene.sets.blender_process import VARIABLE, BlenderProcess, find_blender
from tests.sets.staging import camera, stage

SHELL = shutil.which("sh")
pytestmark = pytest.mark.skipif(SHELL is None or os.name != "posix", reason="stands in for Blender by a shell script")


def stand_in(folder: Path, *lines: str) -> Path:
    """A program that calls itself Blender 4.5 and does what the lines say; ``$folder`` is the exchange's."""
    path = folder / "blender"
    text = [
        "#!/bin/sh",
        'if [ "$1" = --version ]; then echo "Blender 4.5.0"; exit 0; fi',
        "for folder; do :; done",
        *lines,
    ]
    path.write_text("\n".join(text) + "\n")
    path.chmod(0o755)
    return path


def test_without_a_program_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'bpy.*--blender PATH or CINESCENE_BLENDER"):
        BlenderRenderer()


def test_the_program_is_named_by_option_or_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(tmp_path)
    assert find_blender(program)[:2] == [str(program), "--background"]
    monkeypatch.setenv(VARIABLE, str(program))
    assert find_blender()[0] == str(program)
    assert find_blender(Path(sys.executable)) == [sys.executable, "-I", "-u"]


def test_programs_that_are_no_blender_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="no such program"):
        find_blender(tmp_path / "nowhere")
    with pytest.raises(MissingDependencyError, match="expected a Python with bpy or a Blender executable"):
        find_blender(Path(str(shutil.which("echo"))))


def test_a_python_without_bpy_is_named_with_what_it_said(tmp_path: Path) -> None:
    if (Path(sys.prefix) / "bpy").exists():
        pytest.skip("this Python has bpy")
    with (
        BlenderRenderer(program=Path(sys.executable)) as renderer,
        pytest.raises(MissingDependencyError, match=r"while starting.*No module named 'bpy'.*pip install"),
    ):
        renderer.load(stage([]))


def test_a_process_that_dies_is_quoted(tmp_path: Path) -> None:
    program = stand_in(
        tmp_path, "echo noise", "echo 'cinescene-blender: 4.5.0'", "read name", "echo no memory >&2", "exit 3"
    )
    with BlenderRenderer(program=program) as renderer:
        renderer.load(stage([]))
        with pytest.raises(InputError, match=r"ended \(status 3\) while rendering; it said: no memory"):
            renderer.render(camera((0, 0, 0), width_px=32, height_px=32))


def test_a_missing_result_is_said(tmp_path: Path) -> None:
    program = stand_in(
        tmp_path, "echo 'cinescene-blender: 4.5.0'", "while read name; do echo 'cinescene-blender: done'; done"
    )
    with BlenderRenderer(program=program) as renderer:
        renderer.load(stage([]))
        with pytest.raises(InputError, match=r"left no colour\.exr"):
            renderer.render(camera((0, 0, 0), width_px=32, height_px=32))


def test_the_worker_gets_the_folder_and_its_requests_line_by_line(tmp_path: Path) -> None:
    program = stand_in(
        tmp_path,
        "echo 'cinescene-blender: 4.5.0'",
        "read name",
        'cp "$folder/$name" "$folder/out"',
        "echo 'cinescene-blender: done'",
    )
    folder = tmp_path / "exchange"
    folder.mkdir()
    (folder / "one.json").write_text("{}")
    process = BlenderProcess(find_blender(program), folder)
    assert process.version == "4.5.0"
    assert process.ask("one.json", ["out"])[0].read_text() == "{}"
    process.close()


def test_pictures_need_a_stage_and_samples_a_number(tmp_path: Path) -> None:
    renderer = BlenderRenderer(program=stand_in(tmp_path))
    with pytest.raises(InputError, match="call load"):
        renderer.render(camera((0, 0, 0), width_px=32, height_px=32))
    with pytest.raises(InputError, match="samples"):
        BlenderRenderer(samples=0, program=stand_in(tmp_path))
