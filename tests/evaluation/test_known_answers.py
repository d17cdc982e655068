"""Perfect, constant and staged clips get the values that mathematics says; seeds and cases are counted as they are."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.data.strips import write_mask_strip
from cinescene.evaluation.clip_inputs import read_inputs
from cinescene.evaluation.clip_job import ClipJob, ScoreOptions
from cinescene.evaluation.clip_result import ClipScore
from cinescene.evaluation.find_jobs import dataset_jobs
from cinescene.evaluation.returning import returns, score_return
from cinescene.evaluation.score import score_clip
from cinescene.evaluation.score_subject import score_subject
from cinescene.evaluation.summary import summarise, values_by_clip
from cinescene.evaluation.tables import markdown_tables
from cinescene.video import Video, read_video
from tests.data.painted_place import write_painted_scene

OPTIONS = ScoreOptions(frames_for_costly=2, poses="none")
HEIGHT, WIDTH, FRAMES = 48, 64, 5


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> ClipJob:
    root = tmp_path_factory.mktemp("set")
    write_painted_scene(root, frames=5)
    return next(iter(dataset_jobs(root).values()))


# ---- perfect and constant clips -------------------------------------------------------------------------------------


def test_the_truth_without_its_subject_is_perfect(job: ClipJob) -> None:
    pytest.importorskip("cv2", reason="needs OpenCV (extra eval)")
    measures = score_clip(dataclasses.replace(job, video=job.reference), OPTIONS)["measures"]
    for name in ("psnr_background", "psnr_whole"):
        assert measures[name] == 100
    for name in ("flip_whole", "efficientnet_lite0_feature_distance_whole", "change_error_whole"):
        assert measures[name] == pytest.approx(0, abs=1e-5)
    assert measures["ssim_whole"] == pytest.approx(1, abs=1e-6)


def test_a_constant_picture_has_the_error_of_its_colour(job: ClipJob, tmp_path: Path) -> None:
    truth = read_video(job.reference)
    grey = torch.full_like(truth.frames, 128)
    Video(frames=grey, frame_rate=truth.frame_rate).save(tmp_path / "grey.mp4", 0)
    shown = read_video(tmp_path / "grey.mp4").as_float()
    result = score_clip(dataclasses.replace(job, video=tmp_path / "grey.mp4"), OPTIONS)
    squares = (shown - truth.as_float()).square().flatten(1).mean(1)
    assert result["measures"]["psnr_whole"] == pytest.approx(float(-10 * squares.log10().mean()), abs=1e-4)
    assert any(flag.startswith("a still") for flag in result["flags"])
    assert result["measures"].get("subject_motion_ratio") is None


# ---- coming back ----------------------------------------------------------------------------------------------------


def path(*yaws_deg: float, x: tuple[float, ...] | None = None, lens_mm: float = 24.0) -> Cameras:
    places = x or (0.0,) * len(yaws_deg)
    poses = [
        rigid(level_rotation(math.radians(yaw)), torch.tensor([place, 0.0, 0.0]).double())
        for yaw, place in zip(yaws_deg, places, strict=True)
    ]
    return Cameras.from_focal_mm(torch.stack(poses), lens_mm, WIDTH, HEIGHT)


def test_which_paths_come_back() -> None:
    assert returns(path(0, 90, 180, 270, 360))
    assert returns(path(0, 0, 0, x=(0.0, 1.0, 0.0)))
    assert not returns(path(0, 90, 180))
    assert not returns(path(0, 0, 0))
    assert not returns(path(0, 0, 0, x=(0.0, 1.0, 0.2)))
    assert not returns(path(0, 360))
    longer = Cameras.cat([path(0, 90), path(360, lens_mm=35.0)])
    assert not returns(longer)


def returned(job: ClipJob, frames: torch.Tensor, mask: torch.Tensor | None = None) -> dict[str, float]:
    inputs = dataclasses.replace(
        read_inputs(dataclasses.replace(job, camera=None, mask=None, depth=None), OPTIONS),
        frames=frames,
        reference=None,
        cameras=path(0, 90, 180, 270, 360),
        region=mask,
    )
    score = ClipScore()
    score_return(inputs, score)
    return score.measures


def test_the_error_of_coming_back_is_that_of_the_last_frame(job: ClipJob) -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(40, 200, (FRAMES, 3, HEIGHT, WIDTH), generator=generator, dtype=torch.uint8)
    frames[-1] = frames[0]
    assert returned(job, frames) == {"return_psnr": 100, "return_feature_distance": pytest.approx(0, abs=1e-6)}
    frames[-1] = frames[0] + 10
    assert returned(job, frames)["return_psnr"] == pytest.approx(20 * math.log10(255 / 10), abs=1e-4)
    region = torch.ones(FRAMES, HEIGHT, WIDTH, dtype=torch.bool)
    frames[-1, :, :, : WIDTH // 2] = frames[0, :, :, : WIDTH // 2]
    region[0, :, WIDTH // 2 :] = False
    assert returned(job, frames, region)["return_psnr"] == 100


# ---- actors that a model placed -------------------------------------------------------------------------------------


def box(colour: tuple[int, int, int] | None, left: int = 20) -> torch.Tensor:
    """A textured place with somebody of a colour in it."""
    generator = torch.Generator().manual_seed(1)
    frames = torch.randint(90, 110, (1, 3, HEIGHT, WIDTH), generator=generator, dtype=torch.uint8)
    frames = frames.repeat(FRAMES, 1, 1, 1)
    if colour is not None:
        frames[:, :, 15:40, left : left + 12] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
    return frames


def acted(job: ClipJob, folder: Path, made: torch.Tensor) -> dict[str, float]:
    """Measures of a clip whose model was shown a red box, and whose empty clip is empty."""
    red = box((220, 30, 30))
    mask = (red != box(None)).any(1)
    for name, frames in (("made", made), ("previz", red), ("empty", box(None))):
        Video(frames=frames, frame_rate=8.0).save(folder / f"{name}.mp4", 4)
    write_mask_strip(folder / "actors.png", mask, mask)
    staged = ClipJob(
        name="a",
        video=folder / "made.mp4",
        staged_mask=folder / "actors.png",
        staged_previz=folder / "previz.mp4",
        staged_empty=folder / "empty.mp4",
    )
    score = ClipScore()
    score_subject(staged, read_inputs(staged, OPTIONS), score)
    assert "placed its actors itself" in score.off["subject_presence"]
    return score.measures


@pytest.mark.parametrize(
    ("made", "there", "in_place", "colour"),
    [
        (box((220, 30, 30)), 1, 1, 1),
        (box((220, 30, 30), left=44), 1, 0, 0),
        (box((30, 30, 220)), 1, 1, 0),
        (box(None), 0, 0, 0),
    ],
    ids=["as blocked", "elsewhere", "of another colour", "not there"],
)
def test_actors_are_found_where_they_were_blocked(
    job: ClipJob, tmp_path: Path, made: torch.Tensor, there: int, in_place: int, colour: int
) -> None:
    expected = {"actor_present": there, "actor_in_place": in_place, "actor_colour": colour}
    assert acted(job, tmp_path, made) == expected


def test_the_background_leaves_out_the_actors_that_a_model_placed(job: ClipJob, tmp_path: Path) -> None:
    truth = read_video(job.reference)
    made, mask = truth.frames.clone(), torch.zeros(5, 64, 96, dtype=torch.bool)
    made[:, :, 30:50, 60:75], mask[:, 30:50, 60:75] = 255, True
    Video(frames=made, frame_rate=15.0).save(tmp_path / "made.mp4", 4)
    write_mask_strip(tmp_path / "actors.png", mask, mask)
    changed = dataclasses.replace(job, video=tmp_path / "made.mp4")
    inputs = [
        read_inputs(j, OPTIONS) for j in (changed, dataclasses.replace(changed, staged_mask=tmp_path / "actors.png"))
    ]
    assert inputs[0].region[:, 30:50, 60:75].any()
    assert not inputs[1].region[:, 30:50, 60:75].any()


@pytest.mark.parametrize(("who", "nobody"), [("reference", 1), ("video", 0)])
def test_an_empty_place_is_empty(job: ClipJob, who: str, nobody: int) -> None:
    clip = dataclasses.replace(job, video=getattr(job, who), expect_empty=True)
    score = ClipScore()
    score_subject(clip, read_inputs(clip, OPTIONS), score)
    assert score.measures == {"nobody_there": nobody}


# ---- seeds and cases ------------------------------------------------------------------------------------------------


def clip(name: str, value: float | None, seed: int | None = None, case: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "group": name,
        "seed": seed,
        "case": case,
        "measures": {"psnr_background": value},
        "features": {},
    }


def test_equal_seeds_have_no_spread_and_count_once() -> None:
    once = [clip(f"c{i}", 20.0 + i) for i in range(4)]
    thrice = [clip(f"c{i}", 20.0 + i, seed) for i in range(4) for seed in range(3)]
    found = summarise({"once": once, "thrice": thrice})
    alone, seeds = (found["summary"][m]["psnr_background"] for m in ("once", "thrice"))
    assert seeds["seed_spread"] == 0
    assert seeds["seeds"] == 3
    for key in ("mean", "median", "low", "high", "clips", "groups"):
        assert seeds[key] == alone[key]
    difference = found["comparisons"][0]["measures"]["psnr_background"]["difference"]
    assert (difference["mean"], difference["clips"]) == (0, 4)


def test_the_spread_between_seeds_is_that_of_their_means() -> None:
    clips = [clip(f"c{i}", 20.0 + i + 2.0 * seed, seed) for i in range(3) for seed in (0, 1)]
    estimate = summarise({"m": clips})["summary"]["m"]["psnr_background"]
    assert estimate["mean"] == 22
    assert estimate["seed_spread"] == pytest.approx(math.sqrt(2))
    assert values_by_clip(clips, "psnr_background") == {"c0": 21, "c1": 22, "c2": 23}


def test_a_seed_without_a_value_is_left_out() -> None:
    clips = [clip("a", 20.0, 0), clip("a", None, 1), clip("b", None, 0), clip("b", None, 1)]
    estimate = summarise({"m": clips})["summary"]["m"]["psnr_background"]
    assert (estimate["mean"], estimate["clips"], estimate["missing"], estimate["seeds"]) == (20, 1, 1, 1)
    assert estimate["seed_spread"] is None


def test_cases_are_summarised_by_themselves() -> None:
    clips = [clip("a", 10.0, case="pan"), clip("b", 12.0, case="pan"), clip("c", 30.0, case="zoom")]
    found = summarise({"m": clips, "n": clips[:2]})
    assert found["cases"]["pan"]["m"]["psnr_background"]["mean"] == 11
    assert found["cases"]["zoom"]["m"]["psnr_background"]["mean"] == 30
    assert "n" not in found["cases"]["zoom"]
    assert summarise({"m": clips[:2]})["cases"] == {}
    document = found | {"provenance": {"command": "x", "commit": None, "seconds": 1}}
    tables = markdown_tables(document)
    assert "**zoom**\n\n| method | clips | PSNR ↑ |" in tables
    assert "| m | 1 | 30.00 dB |" in tables
