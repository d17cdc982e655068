import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cinescene.errors import InputError
from cinescene.shotlist.document import document_of
from cinescene.shotlist.schema import shot_list_schema
from cinescene.shotlist.shots import read_shot_list

GOOD = """
title: Two rooms
scenes: {hall: hall.png, garden: sample:garden}
defaults: {seed: 5, steps: 3, size: 64x32, lens: 35}
shots:
  - prompt: a dog runs
    camera: pan left 20deg
    scene: hall
  - name: The end
    prompt: nobody
    camera: path.json
    scene: garden
    takes: 3
    use: 2
    seed: 10
    lens: 50
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "shots.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_with_its_defaults_and_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "hall.png").write_bytes(b"x")
    (tmp_path / "path.json").write_text("{}")
    shots = read_shot_list(written(tmp_path, GOOD))
    first, last = shots.shots
    assert (shots.title, shots.model) == ("Two rooms", "nano")
    assert (first.name, first.folder, first.seeds, first.used) == ("shot 1", "01-shot-1", (5,), 0)
    assert (last.name, last.folder, last.seeds, last.used) == ("The end", "02-the-end", (10, 11, 12), 1)
    assert first.scene == str(tmp_path / "hall.png")
    assert last.scene == "sample:garden"
    assert first.camera == "pan left 20deg"
    assert last.camera == str(tmp_path / "path.json")
    assert (first.settings.focal_mm, last.settings.focal_mm, last.settings.steps) == (35, 50, 3)
    assert (first.settings.width_px, first.settings.height_px) == (64, 32)


SHOT = "scene: a.png\nshots:\n  - prompt: a dog\n    camera: pan left 9deg\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "expected"),
        ("scene: [\n", 2, "YAML"),
        ("scene: a.png\nshots: []\n", 2, "shots"),
        ("shots:\n  - prompt: x\n    camera: y\n", 1, "scene"),
        (SHOT + "    lense: 35\n", 5, "lense: unknown; expected one of blocking, camera"),
        (SHOT + "    lens: wide\n", 5, "lens"),
        (SHOT + "    takes: 0\n", 5, "takes"),
        (SHOT + "    takes: 2\n    use: 3\n", 6, "take 3 is to be used of 2"),
        (SHOT + "    prompt: again\n", 5, "twice"),
        (SHOT + "  - camera: pan left 9deg\n", 5, "expected a prompt"),
        (SHOT + "    name: one\n  - prompt: b\n    camera: dolly in 1m\n    name: ONE\n", 8, "earlier shot"),
        ("scenes: {a: a.png, b: b.png}\nshots:\n  - prompt: x\n    camera: y\n", 3, "one of the scenes a, b"),
        (SHOT + "    name: ../../etc\n", 5, "name"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_shot_list(written(tmp_path, text or "# nothing\n"))
    assert f"line {line}:" in str(caught.value)
    assert words in str(caught.value)


def test_files_that_are_no_lists_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shots.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_shot_list(tmp_path / "shots.yaml")
    with pytest.raises(InputError, match="no such"):
        read_shot_list(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="deeply"):
        document_of("[" * 5000 + "]" * 5000, "list")


def test_no_python_object_can_be_made() -> None:
    values = document_of("a: !!python/object/apply:os.system ['true']\nb: 2024-01-01\n", "list")
    assert values.values["b"] == "2024-01-01"


@given(st.text(max_size=60))
def test_any_text_is_values_or_an_error(text: str) -> None:
    with contextlib.suppress(InputError):
        document_of(text, "list")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(shot_list_schema())
