import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from cinescene.cameras.formats import read_track, write_track
from cinescene.data.layout import DatasetLayout
from cinescene.data.show import write_clip_wall, write_contact_sheet
from cinescene.data.strips import write_mask_strip
from cinescene.data.verify import verify_scene
from cinescene.video import video_info, write_video
from tests.data.painted_place import write_painted_scene


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    write_painted_scene(folder)
    return folder


@pytest.fixture
def root(good: Path, tmp_path: Path) -> Path:
    """A copy to damage, without the manifest, so that the checks behind the checksums are reached."""
    shutil.copytree(good, tmp_path / "data")
    DatasetLayout(tmp_path / "data").manifest_file("place1").unlink()
    return tmp_path / "data"


def problems(root: Path) -> str:
    return "\n".join(verify_scene(DatasetLayout(root), "place1"))


def test_a_good_scene_has_no_problems(good: Path, root: Path) -> None:
    assert problems(good) == ""
    assert problems(root) == ""


def test_a_changed_file_is_found_by_its_checksum(good: Path, tmp_path: Path) -> None:
    shutil.copytree(good, tmp_path / "data")
    layout = DatasetLayout(tmp_path / "data")
    file = layout.video_file("place1", "01_24mm", subject=True)
    file.write_bytes(file.read_bytes()[:-100])
    assert "differs from its checksum" in problems(tmp_path / "data")


def test_a_wrong_camera_is_found_by_warping(root: Path) -> None:
    path = DatasetLayout(root).track_file("place1", "02_24mm")
    document = json.loads(path.read_text())
    document["world_from_camera"][-1][0][3] += 0.8
    path.write_text(json.dumps(document))
    assert "02_24mm: frame 4 warped" in problems(root)
    write_track(path, read_track(DatasetLayout(root).track_file("place1", "01_24mm")))
    assert "warped" in problems(root)


def test_a_subject_outside_its_mask_is_found(root: Path) -> None:
    nothing = torch.zeros(9, 64, 96, dtype=torch.bool)
    layout = DatasetLayout(root)
    write_mask_strip(layout.mask_file("place1", "01_24mm"), nothing, nothing)
    dark = torch.zeros(9, 3, 64, 96)
    write_video(layout.video_file("place1", "01_24mm", subject=True), dark, 15)
    assert "outside its mask" in problems(root)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda layout: layout.video_file("place1", "01_24mm", subject=True).write_bytes(b"x"), "expected a video"),
        (lambda layout: layout.video_file("place1", "01_24mm", subject=False).unlink(), "no such video"),
        (lambda layout: layout.panorama_file("place1").write_bytes(b"x"), "place1_pano.jpeg"),
        (lambda layout: layout.camera_file("place1", subject=False).write_text("{}"), "differ"),
        (lambda layout: layout.clip_file("place1", "01_24mm").write_text("{"), "damaged"),
        (lambda layout: layout.depth_file("place1", "01_24mm").write_bytes(b"x"), "damaged"),
    ],
)
def test_damage_is_named(root: Path, damage, words: str) -> None:
    damage(DatasetLayout(root))
    assert words in problems(root)


def test_a_short_video_is_named(root: Path) -> None:
    file = DatasetLayout(root).video_file("place1", "01_24mm", subject=True)
    write_video(file, torch.zeros(4, 3, 64, 96), 15)
    assert "9 poses, but 4 frames" in problems(root)


def test_a_data_set_can_be_looked_at(good: Path, tmp_path: Path) -> None:
    layout = DatasetLayout(good)
    write_contact_sheet(layout, ["place1"], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
    write_clip_wall(layout, ["place1", "place1", "place1"], tmp_path / "wall.mp4", columns=2)
    assert video_info(tmp_path / "wall.mp4").frame_count == 9
