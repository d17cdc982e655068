"""Models are asked for a data set's own shots: with the scene, with less of it, without it; by words; with seeds."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.transforms import invert_rigid, level_rotation, rigid
from cinescene.cli import main
from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.evaluation.clip_job import ClipJob
from cinescene.evaluation.find_jobs import dataset_jobs, spread
from cinescene.evaluation.placed_shot import moved_performance, placed_shot
from cinescene.evaluation.results import read_results
from cinescene.evaluation.run_models import ModelRequest, model_jobs
from cinescene.evaluation.variants import Variant, chosen_variants, shuffled_views, staged
from cinescene.scene.scene import Scene
from cinescene.sets.subjects import Performance, random_subject
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.video import read_video
from tests.data.painted_place import CENTRE, write_painted_scene
from tests.tiny_models import write_tiny_model


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("set")
    write_painted_scene(root, frames=5)
    return root


@pytest.fixture(scope="module")
def jobs(data: Path) -> list[ClipJob]:
    return list(dataset_jobs(data).values())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny", tmp_path_factory.mktemp("scratch"))


def performance() -> Performance:
    subject = random_subject(np.random.default_rng(0), kinds=("person",))
    path = GroundPath.straight((1.0, 2.0), 0.3, 1.2, 2.0, floor_m=0.0)
    return Performance(subject=subject, path=path, duration_s=2.0)


# ---- where a shot is ------------------------------------------------------------------------------------------------


def test_a_shot_is_moved_to_its_panoramas_world(jobs: list[ClipJob], data: Path) -> None:
    shot = placed_shot(jobs[1])
    assert shot.camera_height_m == pytest.approx(float(CENTRE[2]))
    document = json.loads(DatasetLayout(data).set_file("place1").read_text())
    pose = torch.tensor(document["panorama_world_from_camera"], dtype=torch.float64)
    # What the panorama's own camera is to the shot does not change: its pose in the world of paths is the level one.
    level = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    from cinescene.cameras.formats import read_track

    set_track = read_track(jobs[1].camera).world_from_camera
    torch.testing.assert_close(
        invert_rigid(level) @ shot.track.world_from_camera, invert_rigid(pose) @ set_track, atol=1e-9, rtol=0
    )


def test_performances_move_with_the_world() -> None:
    before = performance()
    motion = rigid(level_rotation(0.7) @ level_rotation().mT, torch.tensor([3.0, -1.0, -1.5]).double())
    after = moved_performance(before, motion)
    for time_s in (0.0, 0.8, 2.0):
        expected = motion[:3, :3] @ torch.from_numpy(before.position_at(time_s)) + motion[:3, 3]
        assert after.position_at(time_s) == pytest.approx(expected.numpy(), abs=1e-9)
        turned = after.heading_at(time_s) - before.heading_at(time_s)
        assert math.cos(turned - math.atan2(float(motion[1, 0]), float(motion[0, 0]))) == pytest.approx(1)
    with pytest.raises(InputError, match="vertical"):
        moved_performance(before, rigid(level_rotation(0.0, 0.5), torch.zeros(3).double()))


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_another_order_shows_the_same_pictures_and_start(data: Path) -> None:
    scene = Scene.open(DatasetLayout(data).panorama_file("place1"))
    other = shuffled_views(scene)
    assert {view.name for view in other.views} == {view.name for view in scene.views}
    assert [view.name for view in other.views] != [view.name for view in scene.views]
    assert other.views[other.start_view].name == scene.views[scene.start_view].name


@pytest.mark.parametrize("name", ["views-4", "photos-4"])
def test_few_views_begin_where_the_shot_begins_to_look(data: Path, jobs: list[ClipJob], name: str) -> None:
    shot = placed_shot(jobs[1])
    shown = staged(Variant(name=name), shot.panorama_file, shot.track, (performance(),))
    assert len(shown.scene.views) == 4
    assert isinstance(shown.camera, CameraTrack)
    assert (shown.scene.panorama is None) == (name == "photos-4")
    first = shown.scene.views[0].world_from_camera
    ahead = shown.camera.world_from_camera[0, :2, 2]
    assert torch.nn.functional.cosine_similarity(first[:2, 2].double(), ahead, dim=0) == pytest.approx(1, abs=1e-6)
    if name == "photos-4":  # the start view's world: it looks along +y
        assert first[:3, 2].tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    gap = shown.camera.world_from_camera[2, :3, 3].numpy() - shown.performances[0].position_at(1.0)
    before = shot.track.world_from_camera[2, :3, 3].numpy() - performance().position_at(1.0)
    assert np.linalg.norm(gap) == pytest.approx(np.linalg.norm(before))


def test_photos_show_what_the_panorama_shows_there(jobs: list[ClipJob]) -> None:
    shot = placed_shot(jobs[0])
    views = staged(Variant(name="views-4"), shot.panorama_file, shot.track, ()).scene
    photos = staged(Variant(name="photos-4"), shot.panorama_file, shot.track, ()).scene
    for view, photo in zip(views.pictures(), photos.pictures(), strict=True):
        assert torch.equal(view, photo)


def test_variants_by_name() -> None:
    assert [v.name for v in chosen_variants(["caption", "recorded", "recorded"])] == ["empty", "recorded", "caption"]
    assert Variant(name="views-8").view_count == 8
    assert Variant(name="recorded").method("nano") == "nano"
    assert Variant(name="no-scene").method("nano") == "nano no-scene"
    for name in ("views-0", "views-21", "views-N", "all"):
        with pytest.raises(InputError, match="variant: expected one of"):
            Variant(name=name)


def test_requests_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="different whole numbers"):
        ModelRequest(models=("nano",), seeds=(1, 1))
    with pytest.raises(InputError, match="at least one model"):
        ModelRequest(models=())
    (tmp_path / "a" / "m").mkdir(parents=True)
    (tmp_path / "b" / "m").mkdir(parents=True)
    with pytest.raises(InputError, match="different names"):
        ModelRequest(models=(str(tmp_path / "a" / "m"), str(tmp_path / "b" / "m"))).methods()


def test_shots_are_spread_over_the_data() -> None:
    jobs = {str(i): ClipJob(name=str(i), video=Path()) for i in range(9)}
    assert list(spread(jobs, 3)) == ["0", "4", "8"]
    assert list(spread(jobs, None)) == list(jobs)
    assert list(spread(jobs, 1)) == ["0"]


# ---- making ---------------------------------------------------------------------------------------------------------


def test_clips_are_made_kept_and_made_again_when_stale(model: Path, jobs: list[ClipJob], tmp_path: Path) -> None:
    request = ModelRequest(models=(str(model),), variants=("recorded", "no-scene", "views-2"), seeds=(0, 1))
    made = model_jobs(request, jobs[:1], tmp_path)
    assert list(made.jobs) == ["tiny", "tiny no-scene", "tiny views-2"]
    assert not any(made.failed.values())
    clips = {(m, job.seed): read_video(job.video).frames for m, found in made.jobs.items() for job in found}
    assert len(clips) == 6
    pictures = list(clips.values())
    assert pictures[0].shape == read_video(jobs[0].reference).frames.shape
    for i, first in enumerate(pictures):
        assert not any(torch.equal(first, other) for other in pictures[i + 1 :])
    video = made.jobs["tiny"][0].video
    before = video.stat().st_mtime_ns
    assert model_jobs(request, jobs[:1], tmp_path).jobs["tiny"][0] == made.jobs["tiny"][0]
    assert video.stat().st_mtime_ns == before
    model_jobs(ModelRequest(models=(str(model),)), [dataclasses.replace(jobs[0], prompt="a dog")], tmp_path)
    assert video.stat().st_mtime_ns != before


def test_a_shot_that_cannot_be_made_is_listed(model: Path, jobs: list[ClipJob], tmp_path: Path) -> None:
    wordless = dataclasses.replace(jobs[0], prompt=None)
    made = model_jobs(ModelRequest(models=(str(model),)), [wordless], tmp_path)
    assert "needs a prompt" in made.failed["tiny"][f"{jobs[0].name}, seed 0"]
    assert made.jobs["tiny"] == []


# ---- the command ----------------------------------------------------------------------------------------------------


def test_a_table_of_models_and_baselines_by_one_command(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")
    command = ["evaluate", "--data", str(data), "--models", str(model), "--variants", "recorded", "no-scene"]
    command += ["--seeds", "0", "1", "--baselines", "truth", "--poses", "none", "--frames", "2", "--most", "1"]
    assert main([*command, "-o", str(tmp_path / "out")]) == 0
    found = read_results(tmp_path / "out")
    assert list(found["methods"]) == ["tiny", "tiny no-scene", "truth"]
    estimate = found["summary"]["tiny"]["psnr_background"]
    assert (estimate["clips"], estimate["seeds"]) == (1, 2)
    assert estimate["seed_spread"] >= 0
    assert "seeds" not in found["summary"]["truth"]["psnr_background"]
    assert found["models"]["tiny"]["weights_sha256"]
    assert found["provenance"]["inputs_sha256"]
    assert len(found["methods"]["truth"]["clips"][0]["hashes"]) > 3
    tables = (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")
    assert "| tiny no-scene | 1 × 2 seeds |" in tables
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "seed 1" in page
    assert "tiny no-scene minus tiny" in page


@pytest.mark.slow
def test_models_on_a_panorama_alone(model: Path, data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")
    panorama = DatasetLayout(data).panorama_file("place1")
    command = ["evaluate", "--scene", str(panorama), "--models", str(model), "--prompt", "a dog", "--variants", "empty"]
    command += ["--poses", "none", "--frames", "2", "-o", str(tmp_path / "out")]
    assert main([*command, "--camera", "pan right 20deg"]) == 0
    clip = read_results(tmp_path / "out")["methods"]["tiny empty"]["clips"][0]
    assert clip["group"] == "place1_pano"
    assert "psnr_background" in clip["measures"]
    assert "no reference clip: compared with the panorama" in " ".join(clip["flags"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "nano"], "expected --data, or --scene"),
        (["--models", "nano", "--scene", "FOLDER"], "expected --prompt"),
        (["--models", "nano", "--scene", "FOLDER", "--prompt", "a dog"], "it holds no picture"),
        (["--models", "nano", "--variants", "half"], "variant: expected one of"),
        (["--models", "nano", "--data", "FOLDER"], "expected clips in the release's layout"),
    ],
)
def test_bad_requests_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    arguments = [str(tmp_path) if argument == "FOLDER" else argument for argument in arguments]
    assert main(["evaluate", *arguments, "-o", str(tmp_path / "out")]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert message in lines[0]


def test_cameras_of_a_shot_are_the_data_sets(jobs: list[ClipJob]) -> None:
    cameras = placed_shot(jobs[0]).track.cameras()
    assert isinstance(cameras, Cameras)
    assert cameras.size_px == (96, 64)
