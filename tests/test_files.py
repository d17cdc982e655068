from pathlib import Path

import pytest

from cinescene.errors import InputError
from cinescene.files import readable_file, written_whole


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "ü.json"
    with written_whole(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert temporary.suffix == ".json"
    assert target.read_text() == "half"


def test_a_failure_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way() -> None:
        with written_whole(target) as temporary:
            temporary.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_places_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"), written_whole(tmp_path / "file" / "a.txt"):
        pass
    with pytest.raises(InputError, match="folder"), written_whole(tmp_path):
        pass


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path, words in [("empty", "is empty"), ("missing", "no such picture"), (".", "folder")]:
        with pytest.raises(InputError, match=words):
            readable_file(tmp_path / path, "picture")
