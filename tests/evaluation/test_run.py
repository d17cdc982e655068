"""Whole evaluations: a data set's own clips, damaged ones, folders, clips with a panorama; and bad input."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import write_track
from cinescene.cli import main
from cinescene.data.layout import DatasetLayout
from cinescene.errors import GeometryError, InputError
from cinescene.evaluation import run_baselines
from cinescene.evaluation.clip_inputs import read_inputs
from cinescene.evaluation.clip_job import ClipJob, ScoreOptions, input_hashes, result_key
from cinescene.evaluation.find_jobs import KnownInputs, dataset_jobs, find_jobs
from cinescene.evaluation.merge import merged_runs
from cinescene.evaluation.results import read_results, write_results
from cinescene.evaluation.run import evaluate
from cinescene.evaluation.run_baselines import baseline_jobs
from cinescene.evaluation.score import evenly_spaced, score_clip
from cinescene.video import Video, read_video
from tests.data.painted_place import write_painted_scene

pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")
QUICK = ScoreOptions(frames_for_costly=3, frames_for_poses=3)
WITHOUT_POSES = ScoreOptions(frames_for_costly=2, poses="none")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("set")
    write_painted_scene(root)
    return root


@pytest.fixture(scope="module")
def jobs(data: Path) -> list[ClipJob]:
    return list(dataset_jobs(data).values())


def damaged(job: ClipJob, folder: Path, noise: float) -> Path:
    """The clip with its subject, and noise."""
    clip = read_video(job.video)
    generator = torch.Generator().manual_seed(0)
    frames = clip.frames.float() + noise * torch.randn(clip.frames.shape, generator=generator)
    path = folder / f"{job.name}.mp4"
    Video(frames=frames.clamp(0, 255).to(torch.uint8), frame_rate=clip.frame_rate).save(path, 8)
    return path


def test_the_data_sets_own_clip_is_nearly_perfect(jobs: list[ClipJob]) -> None:
    result = score_clip(jobs[1], QUICK)
    measures = result["measures"]
    assert measures["psnr_background"] > 35 > measures["psnr_whole"]
    assert measures["ssim_background"] > 0.97 > measures["ssim_whole"]
    assert measures["flip_background"] < 0.05 < measures["flip_whole"]
    assert measures["subject_presence"] == 1
    assert measures["subject_overlap"] > 0.4
    assert measures["posed_share"] == 1
    assert measures["rot_err_deg"] < 0.5
    assert measures["change_error_background"] < 0.02
    assert result["facts"]["camera"]["alignment"] == "none"
    assert "lpips_background" in result["off"]
    assert "clip_t" in result["off"]
    assert json.loads(json.dumps(result)) == result


def test_a_subject_free_clip_shows_no_subject(jobs: list[ClipJob]) -> None:
    job = ClipJob(**{**vars(jobs[0]), "video": jobs[0].reference})
    measures = score_clip(job, WITHOUT_POSES)["measures"]
    assert measures["psnr_whole"] == 100
    assert measures["subject_presence"] == 0


def test_who_is_added_to_an_empty_place_is_told_from_a_wrong_background(jobs: list[ClipJob]) -> None:
    job = jobs[0]
    assert job.reference is not None
    asked = dataclasses.replace(job, expect_empty=True, staged_previz=job.reference)
    somebody = score_clip(asked, WITHOUT_POSES)["measures"]
    assert (somebody["nobody_there"], somebody["nobody_added"]) == (0, 0)
    nobody = score_clip(dataclasses.replace(asked, video=job.reference), WITHOUT_POSES)["measures"]
    assert (nobody["nobody_there"], nobody["nobody_added"]) == (1, 1)
    wrong = score_clip(dataclasses.replace(asked, staged_previz=job.video), WITHOUT_POSES)["measures"]
    assert (wrong["nobody_there"], wrong["nobody_added"]) == (0, 1)


def test_methods_are_compared_resumed_and_reported(jobs: list[ClipJob], tmp_path: Path) -> None:
    methods = {}
    for name, noise in (("clean", 0.0), ("noisy", 30.0)):
        (tmp_path / name).mkdir()
        methods[name] = [ClipJob(**{**vars(job), "video": damaged(job, tmp_path / name, noise)}) for job in jobs]
    out = tmp_path / "out"
    document = evaluate(methods, WITHOUT_POSES, out)
    summary = document["summary"]
    assert summary["clean"]["psnr_background"]["mean"] > summary["noisy"]["psnr_background"]["mean"] + 5
    difference = document["comparisons"][0]["measures"]["psnr_background"]["difference"]
    assert difference["mean"] < -5
    assert difference["clips"] == 2
    assert document["frechet"]["noisy"]["distance"] > document["frechet"]["clean"]["distance"]
    files = write_results(document, out)
    assert read_results(out)["summary"] == json.loads(json.dumps(summary))
    page = files[0].read_text(encoding="utf-8")
    assert "data:video/mp4;base64," in page
    assert not any(outside in page for outside in ('src="http', "href=", "<script", "@import", "url("))
    assert "noisy minus clean" in page
    rows = list(csv.DictReader((out / "clips.csv").open()))
    assert [row["clip"] for row in rows if row["method"] == "noisy"] == [job.name for job in jobs]
    stored = out / "clips" / "clean" / f"{jobs[0].name}.json"
    before = stored.stat().st_mtime_ns
    again = evaluate(methods, WITHOUT_POSES, out)
    assert stored.stat().st_mtime_ns == before
    assert again["summary"] == summary
    stored.write_text("damaged")
    assert evaluate(methods, WITHOUT_POSES, out)["summary"] == summary


def test_the_key_of_a_result_follows_every_input(jobs: list[ClipJob], tmp_path: Path) -> None:
    copy = tmp_path / jobs[0].video.name
    shutil.copy(jobs[0].video, copy)
    job = ClipJob(**{**vars(jobs[0]), "video": copy})
    key = result_key(job, QUICK, input_hashes(job))
    assert result_key(job, QUICK, input_hashes(job)) == key
    assert result_key(job, WITHOUT_POSES, input_hashes(job)) != key
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert result_key(job, QUICK, input_hashes(job)) != key


@pytest.mark.parametrize("baseline", ["panorama-standin", "panorama-relief", "nearest-view", "explicit-geometry"])
def test_baselines_see_the_place_where_the_data_set_says_it_is(
    jobs: list[ClipJob], tmp_path: Path, baseline: str
) -> None:
    made = baseline_jobs(baseline, jobs[:1], tmp_path)
    clip, reference = (read_video(path).as_float() for path in (made[0].video, jobs[0].reference))
    assert clip.shape == reference.shape
    error = (clip - reference).abs().mean(1)
    assert float(error.median()) < 0.03


def test_the_published_data_need_no_extras(data: Path, tmp_path: Path) -> None:
    published = tmp_path / "release"
    shutil.copytree(data, published)
    shutil.rmtree(published / "extras")
    job = next(iter(dataset_jobs(published).values()))
    made = baseline_jobs("panorama-standin", [job], tmp_path / "made")
    assert job.reference is not None
    clip, reference = (read_video(path).as_float() for path in (made[0].video, job.reference))
    assert float((clip - reference).abs().mean(1)[0].median()) < 0.03
    recorded, found = (read_inputs(next(iter(dataset_jobs(root).values())), QUICK) for root in (data, published))
    assert recorded.cameras is not None
    assert found.cameras is not None
    torch.testing.assert_close(found.cameras.focal_mm(), recorded.cameras.focal_mm(), rtol=0.02, atol=0)


def test_a_published_clip_that_begins_elsewhere_is_named(data: Path, tmp_path: Path) -> None:
    published = tmp_path / "release"
    shutil.copytree(data, published)
    shutil.rmtree(published / "extras")
    job = next(iter(dataset_jobs(published).values()))
    noise = np.random.default_rng(0).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    Image.fromarray(noise).save(DatasetLayout(published).panorama_file(job.group))
    with pytest.raises(InputError, match="not found in"):
        baseline_jobs("panorama-standin", [job], tmp_path / "made")
    assert any("film back of 36 mm" in flag for flag in read_inputs(job, QUICK).flags)


def test_points_of_vggt_show_the_place_where_they_show_anything(jobs: list[ClipJob], tmp_path: Path) -> None:
    made = baseline_jobs("explicit-vggt", jobs[:1], tmp_path)
    clip, reference = (read_video(path).as_float() for path in (made[0].video, jobs[0].reference))
    shown = clip.amax(1) > 0.1
    assert float(shown.float().mean()) > 0.5
    assert float((clip - reference).abs().mean(1)[shown].median()) < 0.08


def test_a_shot_that_a_baseline_cannot_make_is_listed_and_the_others_are_scored(
    data: Path, jobs: list[ClipJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = run_baselines.write_baseline

    def none_for_the_first(path: Path, frames: Iterator[torch.Tensor], track: CameraTrack) -> None:
        if path.stem == jobs[0].name:
            raise GeometryError("no level plane was found")
        written(path, frames, track)

    monkeypatch.setattr(run_baselines, "write_baseline", none_for_the_first)
    options = ["--baselines", "nearest-view", "--poses", "none", "--frames", "2", "--workers", "1"]
    code = main(["evaluate", "--data", str(data), *options, "-o", str(tmp_path)])
    method = read_results(tmp_path)["methods"]["nearest-view"]
    assert code == 0
    assert len(method["clips"]) == len(jobs) - 1 > 0
    assert list(method["failed"].values()) == ["no level plane was found"]
    assert "no level plane was found" in capsys.readouterr().err
    assert "no level plane was found" in (tmp_path / "report.html").read_text()


# ---- bad and odd input ----------------------------------------------------------------------------------------------


def test_other_sizes_and_lengths_are_refused_and_resampled_on_request(jobs: list[ClipJob], tmp_path: Path) -> None:
    clip = read_video(jobs[0].video)
    smaller = tmp_path / "smaller.mp4"
    Video(frames=clip.frames[:7, :, ::2, ::2].contiguous(), frame_rate=15.0).save(smaller)
    job = ClipJob(**{**vars(jobs[0]), "video": smaller})
    with pytest.raises(InputError, match=r"7 frames of 48×32, but its reference has 9 of 96×64.*--resample"):
        score_clip(job, WITHOUT_POSES)
    result = score_clip(job, ScoreOptions(frames_for_costly=2, poses="none", resample=True))
    assert any(flag.startswith("resampled") for flag in result["flags"])
    assert result["facts"]["frames"] == 9


def test_masks_of_another_length_are_refused(jobs: list[ClipJob], tmp_path: Path) -> None:
    Image.new("L", (96, 64 * 4)).save(tmp_path / "mask.png")
    job = ClipJob(**{**vars(jobs[0]), "mask": tmp_path / "mask.png"})
    with pytest.raises(InputError, match="masks of 96×256"):
        score_clip(job, WITHOUT_POSES)
    (tmp_path / "mask.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="mask picture"):
        score_clip(job, WITHOUT_POSES)


@pytest.mark.parametrize("level", [0, 255])
def test_masks_that_mark_nothing_or_all_are_flagged(jobs: list[ClipJob], tmp_path: Path, level: int) -> None:
    Image.new("L", (96, 64), level).save(tmp_path / "mask.png")
    result = score_clip(ClipJob(**{**vars(jobs[0]), "mask": tmp_path / "mask.png"}), WITHOUT_POSES)
    if level == 0:
        assert any("mask is empty in 9 of 9 frames" in flag for flag in result["flags"])
        assert result["measures"]["psnr_background"] == result["measures"]["psnr_whole"]
        assert "subject_presence" in result["off"]
    else:
        assert any(flag.startswith("no background") for flag in result["flags"])
        assert "psnr_background" not in result["measures"]
        assert "psnr_background" in result["off"]


def test_without_a_mask_the_background_is_not_guessed(jobs: list[ClipJob]) -> None:
    result = score_clip(ClipJob(name="a", video=jobs[0].video, reference=jobs[0].reference), WITHOUT_POSES)
    assert "mask" in result["off"]["psnr_background"]
    assert "psnr_whole" in result["measures"]
    assert "rot_err_deg" in result["off"]


def test_black_and_still_clips_are_flagged_and_unposable(jobs: list[ClipJob], tmp_path: Path) -> None:
    path = tmp_path / f"{jobs[0].name}.mp4"
    Video(frames=torch.zeros(9, 3, 64, 96, dtype=torch.uint8), frame_rate=15.0).save(path)
    result = score_clip(ClipJob(**{**vars(jobs[0]), "video": path}), QUICK)
    assert any("9 of 9 frames are black" in flag for flag in result["flags"])
    assert any(flag.startswith("a still") for flag in result["flags"])
    assert result["measures"]["posed_share"] == 0
    assert "could be posed" in result["off"]["rot_err_deg"]
    assert result["facts"]["camera"]["unposed_frames"] == [0, 4, 8]


def test_one_frame_is_enough_for_what_needs_one(jobs: list[ClipJob], tmp_path: Path) -> None:
    for name in ("clip", "reference"):
        source = jobs[0].video if name == "clip" else jobs[0].reference
        Video(frames=read_video(source).frames[:1], frame_rate=15.0).save(tmp_path / f"{name}.mp4")
    job = ClipJob(name="one", video=tmp_path / "clip.mp4", reference=tmp_path / "reference.mp4")
    result = score_clip(job, WITHOUT_POSES)
    assert math.isfinite(result["measures"]["psnr_whole"])
    assert "needs at least 3 frames" in result["off"]["motion_smoothness"]


def test_clips_that_cannot_be_scored_are_listed_and_the_others_are_scored(jobs: list[ClipJob], tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    broken = ClipJob(**{**vars(jobs[0]), "name": "broken", "video": tmp_path / "broken.mp4"})
    document = evaluate({"a": [jobs[0], broken]}, WITHOUT_POSES, tmp_path / "out")
    assert "broken.mp4" in document["methods"]["a"]["failed"]["broken"]
    assert len(document["methods"]["a"]["clips"]) == 1
    assert "not scored" in write_results(document, tmp_path / "out")[0].read_text(encoding="utf-8")
    none_of_b = evaluate({"a": [jobs[0]], "b": [broken]}, WITHOUT_POSES, tmp_path / "out")
    assert list(none_of_b["summary"]) == ["a"]
    assert "not scored" in write_results(none_of_b, tmp_path / "out")[0].read_text(encoding="utf-8")
    with pytest.raises(InputError, match="broken"):
        evaluate({"a": [broken]}, WITHOUT_POSES, tmp_path / "other")


def test_folders_must_match_by_name(data: Path, jobs: list[ClipJob], tmp_path: Path) -> None:
    shutil.copy(jobs[0].video, tmp_path / "shot.mp4")
    with pytest.raises(InputError, match="name of a clip"):
        find_jobs(tmp_path, KnownInputs(data=(data,)))
    empty = tmp_path / "references"
    empty.mkdir()
    with pytest.raises(InputError, match=r"one reference named shot\.\*, found 0"):
        find_jobs(tmp_path, KnownInputs(references=empty))
    with pytest.raises(InputError, match="folder of videos"):
        find_jobs(empty, KnownInputs())
    with pytest.raises(InputError, match="no such"):
        find_jobs(tmp_path / "none", KnownInputs())
    (tmp_path / "again").mkdir()
    shutil.copy(jobs[0].video, tmp_path / "again" / "shot.mp4")
    with pytest.raises(InputError, match="two clips are named"):
        find_jobs(tmp_path, KnownInputs())


def test_runs_with_other_options_are_not_compared(jobs: list[ClipJob], tmp_path: Path) -> None:
    for name, options in (("a", WITHOUT_POSES), ("b", ScoreOptions(frames_for_costly=3, poses="none"))):
        write_results(evaluate({name: jobs[:1]}, options, tmp_path / name), tmp_path / name)
    with pytest.raises(InputError, match="other options"):
        merged_runs([tmp_path / "a", tmp_path / "b"])
    write_results(evaluate({"c": jobs[:1]}, WITHOUT_POSES, tmp_path / "c"), tmp_path / "c")
    merged = merged_runs([tmp_path / "a", tmp_path / "c"])
    assert merged["comparisons"][0]["measures"]["psnr_whole"]["difference"]["mean"] == 0
    shutil.copytree(tmp_path / "a", tmp_path / "other" / "a")
    assert list(merged_runs([tmp_path / "a", tmp_path / "other" / "a"])["methods"]) == [
        f"{tmp_path / 'a'}: a",
        f"{tmp_path / 'other' / 'a'}: a",
    ]
    with pytest.raises(InputError, match="twice"):
        merged_runs([tmp_path / "a", tmp_path / "other" / ".." / "a"])


def test_frames_are_spread_from_first_to_last() -> None:
    assert evenly_spaced(5, 24) == [0, 1, 2, 3, 4]
    assert evenly_spaced(77, 3) == [0, 38, 76]
    with pytest.raises(InputError, match="at least 2"):
        ScoreOptions(frames_for_poses=1)


# ---- the command ----------------------------------------------------------------------------------------------------


def test_a_clip_with_a_panorama_and_moves(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panorama = DatasetLayout(data).panorama_file("place1")
    common = ["--size", "96x64", "--fps", "8", "--frames", "8", "--no-map", "-o", str(tmp_path / "clip.mp4")]
    assert main(["preview", "--scene", str(panorama), "--camera", "pan right 20deg", *common]) == 0
    arguments = ["evaluate", str(tmp_path / "clip.mp4"), "--scene", str(panorama), "--pose-frames", "3"]
    assert main([*arguments, "--camera", "pan right 20deg", "-o", str(tmp_path / "out")]) == 0
    clip = read_results(tmp_path / "out")["methods"]["clip"]["clips"][0]
    assert clip["measures"]["psnr_background"] > 30
    assert clip["measures"]["rot_err_deg"] < 0.5
    assert "turning" in clip["off"]["trans_err"]
    assert "off: " in capsys.readouterr().err
    assert main([*arguments, "--camera", "pan right 30deg", "-o", str(tmp_path / "other")]) == 0
    wrong = read_results(tmp_path / "other")["methods"]["clip"]["clips"][0]
    assert wrong["measures"]["rot_err_deg"] == pytest.approx(5, abs=1.5)
    assert wrong["measures"]["psnr_background"] < clip["measures"]["psnr_background"] - 3


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_folders_compared_on_the_command_line(workers: str, data: Path, jobs: list[ClipJob], tmp_path: Path) -> None:
    for name, noise in (("a", 0.0), ("b", 20.0)):
        (tmp_path / name).mkdir()
        for job in jobs:
            damaged(job, tmp_path / name, noise)
    arguments = [
        "--data",
        str(data),
        "--poses",
        "none",
        "--frames",
        "2",
        "--workers",
        workers,
        "-o",
        str(tmp_path / "out"),
    ]
    assert main(["evaluate", "--compare", str(tmp_path / "a"), str(tmp_path / "b"), *arguments]) == 0
    assert read_results(tmp_path / "out")["comparisons"][0]["measures"]["psnr_background"]["difference"]["mean"] < -3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a video"),
        (["none.mp4"], "no such"),
        (["--compare", "a", "b"], "no such"),
        (["--baselines", "nearest-view"], "expected --data"),
        (["CLIP", "--poses", "vggt"], "expected a VGGT checkpoint"),
        (["CLIP", "--camera", "none.json"], "none.json"),
        (["CLIP", "--masks", "none.png"], "no such mask"),
        (["CLIP", "--frames", "1"], "at least 2"),
    ],
)
def test_bad_commands_are_one_line(
    jobs: list[ClipJob],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [str(jobs[0].video) if argument == "CLIP" else argument for argument in arguments]
    assert main(["evaluate", *arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert message in lines[0]


def test_other_peoples_clips_with_cameras_of_any_format(jobs: list[ClipJob], tmp_path: Path) -> None:
    from cinescene.cameras.formats import read_track

    for folder in ("clips", "cameras"):
        (tmp_path / folder).mkdir()
    shutil.copy(jobs[0].video, tmp_path / "clips" / "walk.mp4")
    write_track(tmp_path / "cameras" / "walk.txt", read_track(jobs[0].camera), "realestate10k")
    found = find_jobs(tmp_path / "clips", KnownInputs(cameras=str(tmp_path / "cameras"), references=jobs[0].reference))
    result = score_clip(found[0], ScoreOptions(frames_for_costly=2, poses="panorama"))
    assert "need one (--scene)" in result["off"]["rot_err_deg"]
    assert result["measures"]["psnr_whole"] > 10
