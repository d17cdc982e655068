"""``cinescene scene inspect`` from outside: what it prints and writes, and its answers to bad input."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cinescene.cli import main


def picture(path: Path, width: int, height: int) -> Path:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["scene", "inspect", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_panorama_is_described_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = picture(tmp_path / "my place.png", 128, 64), tmp_path / "contact.png"
    code, printed, _ = run(capsys, path, "--layout", "4", "-o", out)
    assert code == 0
    assert "my place.png: a panorama, 4 views" in printed
    assert "90.0° exact" in printed
    assert printed.splitlines()[-1] == str(out)
    assert Image.open(out).format == "PNG"


def test_json_is_one_document_with_the_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [picture(tmp_path / f"{i}.png", 60, 40) for i in range(3)]
    code, printed, _ = run(capsys, *paths, "--json", "-o", tmp_path / "c.png")
    document = json.loads(printed)
    assert code == 0
    assert [view["name"] for view in document["views"]] == ["0.png", "1.png", "2.png"]
    assert document["overlap_basis"] == "likeness"
    assert any("lens" in warning for warning in document["warnings"])


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (lambda p: p / "missing.jpg", [], "no such file"),
        (lambda p: (p / "empty.jpg").touch() or p / "empty.jpg", [], "empty"),
        (lambda p: (p / "no.jpg").write_text("text") and p / "no.jpg", [], "expected a picture"),
        (lambda p: picture(p / "dot.png", 1, 1), [], "at least 16×16"),
        (lambda p: picture(p / "square.png", 64, 64), ["--kind", "panorama"], "twice as wide as high"),
        (lambda p: picture(p / "pano.png", 128, 64), ["--layout", "nothing"], "paper, cube, dense"),
        (lambda p: picture(p / "pano.png", 128, 64), ["--layout", "2", "-o", "sheet.gif"], "ends in .png"),
        (lambda p: picture(p / "pano.png", 128, 64), ["--exposure", "nan"], "expected from -30 to 30"),
        (lambda p: picture(p / "pano.png", 128, 64), ["--cameras", "nowhere.json"], "nowhere.json"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make, options: list[str], words: str
) -> None:
    defaults = [] if "-o" in options else ["-o", tmp_path / "c.png"]
    code, _, errors = run(capsys, make(tmp_path), *options, *defaults)
    assert code == 2
    message = errors.strip().splitlines()[-1]
    assert message.startswith("error: ")
    assert words in message
    assert "Traceback" not in errors


def test_huge_and_bombastic_pictures_are_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("1", (14142, 7071)).save(tmp_path / "hundred.png")
    code, _, errors = run(capsys, tmp_path / "hundred.png", "-o", tmp_path / "c.png")
    assert code == 2
    assert "100 megapixels, but at most 80 are taken" in errors
    Image.new("1", (14000, 14000)).save(tmp_path / "bomb.png")
    code, _, errors = run(capsys, tmp_path / "bomb.png", "-o", tmp_path / "c.png")
    assert code == 2
    assert "more than the 128 megapixels" in errors


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    path = picture(tmp_path / "p.png", 128, 64)
    command = f"{sys.executable} -m cinescene scene inspect '{path}' --layout 2 -o '{tmp_path}/c.png' | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
