import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from cinescene.errors import InputError, MissingDependencyError
from cinescene.pipeline import CineScenePipeline
from cinescene.shotlist.cut import CutClip, cut_clips, write_animatic
from cinescene.shotlist.edit_files import write_edl, write_timeline
from cinescene.shotlist.finish import finish
from cinescene.shotlist.job import shoot, takes_of
from cinescene.shotlist.shots import ShotList, read_shot_list
from cinescene.video import Video, read_video, video_info
from tests.tiny_models import tiny_parts, write_panorama

LIST = """
scenes: {hall: hall.png, yard: yard.png}
defaults: {scene: hall, size: 32x16, frames: 5, fps: 8, steps: 1, guidance: 1, scene_guidance: 1}
shots:
  - {name: one, prompt: a dog, camera: pan left 10deg, takes: 2, use: 2}
  - {name: two, prompt: a cat, camera: dolly in 0.2m, scene: yard, frames: 9}
  - {name: three, prompt: nobody, camera: static, size: 48x16}
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> CineScenePipeline:
    return CineScenePipeline(tiny_parts(tmp_path_factory.mktemp("wan")))


@pytest.fixture
def shots(tmp_path: Path) -> ShotList:
    write_panorama(tmp_path / "hall.png", 1)
    write_panorama(tmp_path / "yard.png", 2)
    (tmp_path / "shots.yaml").write_text(LIST, encoding="utf-8")
    return read_shot_list(tmp_path / "shots.yaml")


def silent(stage: str, done: int, total: int, name: str) -> None:
    pass


def test_a_list_is_made_once_and_then_only_what_changed(
    shots: ShotList, pipeline: CineScenePipeline, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    scenes: list[str] = []
    made = shoot(shots, pipeline, out, lambda stage, done, total, name: scenes.append(name))
    assert [take.name for take in made] == ["one, take 1", "one, take 2", "three, take 1", "two, take 1"]
    assert list(dict.fromkeys(scenes)) == [take.name for take in made]
    before = {take.video: take.video.stat().st_mtime_ns for take in takes_of(shots, out)}
    assert shoot(shots, pipeline, out, silent) == []
    assert {video: video.stat().st_mtime_ns for video in before} == before
    changed = read_shot_list(_rewritten(shots, "a cat", "a black cat"))
    assert [take.name for take in shoot(changed, pipeline, out, silent)] == ["two, take 1"]
    (out / "01-one" / "take-1.mp4").write_bytes(b"cut short")
    assert [take.name for take in shoot(changed, pipeline, out, silent)] == ["one, take 1"]


def _rewritten(shots: ShotList, old: str, new: str) -> Path:
    path = Path(shots.document.source)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


def test_what_is_left_behind_agrees_with_the_clips(
    shots: ShotList, pipeline: CineScenePipeline, tmp_path: Path
) -> None:
    import opentimelineio as otio

    out = tmp_path / "out"
    shoot(shots, pipeline, out, silent)
    notes: list[str] = []
    files = finish(shots, out, notes.append)
    assert {file.name for file in files} == {"cut.mp4", "sheet.png", "cut.otio", "cut.edl", "shoot.json"}
    assert notes == []
    timeline = otio.adapters.read_from_file(str(out / "cut.otio"))
    clips = list(timeline.find_clips())
    assert [clip.name for clip in clips] == ["one", "two", "three"]
    for clip in clips:
        info = video_info(out / clip.media_reference.target_url)
        assert clip.duration().value == len(read_video(out / clip.media_reference.target_url).frames)
        assert clip.duration().rate == info.frame_rate
    assert "take-2.mp4" in clips[0].media_reference.target_url
    edl = otio.adapters.read_from_file(str(out / "cut.edl"), rate=24)
    assert [clip.duration().value for clip in edl.find_clips()] == [15, 27, 15]
    whole = read_video(out / "cut.mp4")
    assert (whole.frames.shape, whole.frame_rate) == (torch.Size([19, 3, 16, 48]), 8)
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.width > 1600
    job = json.loads((out / "shoot.json").read_text(encoding="utf-8"))
    assert [(entry["shot"], entry["take"], entry["used"]) for entry in job["takes"]] == [
        ("one", 1, False),
        ("one", 2, True),
        ("two", 1, True),
        ("three", 1, True),
    ]


def test_only_some_shots(shots: ShotList, pipeline: CineScenePipeline, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert len(shoot(shots, pipeline, out, silent, only=("three",))) == 1
    notes: list[str] = []
    finish(shots, out, notes.append)
    assert notes == ["not in the cut, for want of a take: one, two"]
    with pytest.raises(InputError, match="no shot is named 'four'"):
        shoot(shots, pipeline, out, silent, only=("four",))


def test_a_shot_that_cannot_be_made_stops_before_anything_is_made(
    shots: ShotList, pipeline: CineScenePipeline, tmp_path: Path
) -> None:
    bad = read_shot_list(_rewritten(shots, "camera: static", "camera: fly away"))
    with pytest.raises(InputError, match=r"line 7: shots\[2\]: three: "):
        shoot(bad, pipeline, tmp_path / "out", silent)
    assert not (tmp_path / "out").exists()


def test_clips_of_other_sizes_and_rates_share_a_frame(tmp_path: Path) -> None:
    bright = torch.full((8, 3, 16, 32), 200, dtype=torch.uint8)
    Video(frames=bright, frame_rate=8).save(tmp_path / "a.mp4")
    Video(frames=bright.movedim(-1, -2)[:6], frame_rate=24).save(tmp_path / "b.mp4")
    clips = [
        CutClip(name=name, video=tmp_path / f"{name}.mp4", frames=frames, frame_rate=rate)
        for name, frames, rate in (("a", 8, 8.0), ("b", 6, 24.0))
    ]
    write_animatic(clips, tmp_path / "cut.mp4")
    frames = read_video(tmp_path / "cut.mp4").frames.float()
    assert frames.shape == (10, 3, 32, 32)
    assert frames[0, :, 12:20].mean() == pytest.approx(200, abs=8)
    assert frames[0, :, :6].mean() < 12
    assert frames[-1, :, :, 12:20].mean() == pytest.approx(200, abs=8)
    assert frames[-1, :, :, :6].mean() < 12


def test_rates_without_a_time_code_are_rounded_and_said(tmp_path: Path) -> None:
    clips = [CutClip(name="a", video=tmp_path / "a.mp4", frames=7, frame_rate=11.0)]
    note = write_edl(clips, "odd", tmp_path / "cut.edl")
    assert note is not None
    assert "24 a second" in note
    assert (
        write_edl([CutClip(name="a", video=tmp_path / "a.mp4", frames=5, frame_rate=16.0)], "t", tmp_path / "b.edl")
        is None
    )


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentimelineio", None)
    with pytest.raises(MissingDependencyError, match=r"cinescene\[edit\]"):
        write_timeline([], "none", tmp_path / "cut.otio")


def test_an_empty_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no take"):
        write_animatic(cut_clips([]), tmp_path / "cut.mp4")
