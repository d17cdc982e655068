"""Subjects go where the prompt says, as the camera sees it, and stay in the picture."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.blocking.document import blocking_from_json, blocking_to_json, read_blocking, write_blocking
from cinescene.blocking.staging import stage_prompt
from cinescene.blocking.stand_ins import People, solids_at, with_stand_ins
from cinescene.cameras import Cameras
from cinescene.cameras.projection import project
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.previz.flight import PrevizFrame
from cinescene.scene.panorama import Panorama

FLOOR_M = -1.6
TIMES = [i / 8 for i in range(17)]


def panning(start: float, by: float, focal_mm: float = 28.0) -> Cameras:
    """Level cameras at the origin that turn."""
    yaws = [start + by * i / 16 for i in range(17)]
    poses = torch.stack([rigid(level_rotation(yaw, 0.0), torch.zeros(3, dtype=torch.float64)) for yaw in yaws])
    return Cameras.from_focal_mm(poses, focal_mm, 160, 96)


def seen_at(camera: Cameras, place: np.ndarray) -> tuple[float, float]:
    pixel, depth = project(camera, torch.from_numpy(place)[None])
    return float(pixel[0, 0]), float(depth[0])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["left", "right"]), st.floats(-math.pi, math.pi), st.floats(-0.4, 0.4), st.integers(0, 2**31))
def test_left_and_right_are_as_the_first_frame_sees_them(side: str, start: float, by: float, seed: int) -> None:
    cameras = panning(start, by)
    (one,) = stage_prompt(f"a woman in a red coat walks to the {side}", cameras, TIMES, FLOOR_M, seed)
    begin, _ = seen_at(cameras[0], one.position_at(0.0))
    end, depth = seen_at(cameras[0], one.position_at(TIMES[-1]))
    assert depth > 0
    assert (end - begin > 5) == (side == "right")


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["a man stands still", "a dog trots to the left", "a red ball rolls closer", "a girl runs away"]),
    st.floats(-0.8, 0.8),
    st.floats(18, 50),
    st.integers(0, 2**31),
)
def test_subjects_are_in_the_picture_most_of_the_time(prompt: str, by: float, focal_mm: float, seed: int) -> None:
    cameras = panning(0.3, by, focal_mm)
    (one,) = stage_prompt(prompt, cameras, TIMES, FLOOR_M, seed)
    inside = 0
    for index, time in enumerate(TIMES):
        middle = one.position_at(time) + np.array([0, 0, one.subject.height_m / 2])
        pixel, depth = project(cameras[index], torch.from_numpy(middle)[None])
        u, v = pixel[0].tolist()
        inside += bool(depth[0] > 0) and 0 < u < 160 and 0 < v < 96
    assert inside >= 0.7 * len(TIMES)


def test_towards_comes_nearer_and_away_goes_farther() -> None:
    cameras = panning(0.0, 0.0)
    for words, sign in (("towards the camera", -1), ("away into the distance", 1)):
        (one,) = stage_prompt(f"a man walks {words}", cameras, TIMES, FLOOR_M, 3)
        far = [float(np.linalg.norm(one.position_at(t)[:2])) for t in (0.0, TIMES[-1])]
        assert (far[1] - far[0]) * sign > 0.3


def test_subjects_keep_apart_and_seeds_make_takes() -> None:
    cameras = panning(0.0, 0.0, 20.0)
    first, second = stage_prompt("a man waves and a woman stands", cameras, TIMES, FLOOR_M, 0)
    assert np.linalg.norm(first.position_at(0.0) - second.position_at(0.0)) > 0.6
    again = stage_prompt("a man waves and a woman stands", cameras, TIMES, FLOOR_M, 0)
    assert again == (first, second)
    assert stage_prompt("a man waves and a woman stands", cameras, TIMES, FLOOR_M, 1) != again


@pytest.mark.parametrize("people", ["figures", "solids"])
@pytest.mark.parametrize("deed", ["sits down", "bends down", "jumps", "waves", "turns around", "runs to the left"])
def test_stand_ins_stay_on_the_floor_and_below_their_height(deed: str, people: People) -> None:
    (one,) = stage_prompt(f"a woman in a green dress {deed}", panning(0.0, 0.0), TIMES, FLOOR_M, 5)
    lows, highs = [], []
    for time in TIMES:
        points = np.concatenate([solid.positions for solid in solids_at(one, time, people)])
        lows.append(points[:, 2].min() - FLOOR_M)
        highs.append(points[:, 2].max() - FLOOR_M)
    assert -0.09 < min(lows) < 0.05
    assert max(highs) < 1.5 * one.subject.height_m
    assert max(highs) > 0.9 * one.subject.height_m


def grey_frames(depth_m: float | None) -> list[PrevizFrame]:
    image = torch.full((3, 96, 160), 0.4)
    depth = None if depth_m is None else torch.full((96, 160), depth_m)
    return [PrevizFrame(image=image, photographed=torch.full((96, 160), 0.5), depth=depth) for _ in TIMES]


def test_a_stand_in_is_marked_and_elsewhere_only_darkens_the_ground_a_little() -> None:
    cameras = panning(0.0, 0.0)
    performances = stage_prompt("a man in a red jacket stands", cameras, TIMES, FLOOR_M, 2)
    for before, after in zip(
        grey_frames(None), with_stand_ins(grey_frames(None), cameras, performances, TIMES), strict=True
    ):
        assert after.staged is not None
        share = after.image / before.image
        drawn = share.std(0) > 1e-3
        assert bool(drawn.any())
        assert bool((after.staged[drawn] == 1).all())
        unmarked = share[:, after.staged == 0]
        assert 0.89 < float(unmarked.min()) <= float(unmarked.max()) <= 1
        assert float(share[:, :40].min()) == 1
        changed = after.photographed != before.photographed
        assert bool((after.photographed[changed] > 0.5).all())
        assert bool((after.staged[changed] == 1).all())


def test_a_stand_in_is_as_bright_as_its_place_and_the_same_in_all_frames() -> None:
    """Whatever passes behind it."""
    cameras = panning(0.0, 0.0)
    performances = stage_prompt("a man in a red jacket stands", cameras, TIMES, FLOOR_M, 2)

    def red(grey: float) -> list[float]:
        panorama = Panorama.from_image(torch.full((3, 32, 64), grey), "grey")
        behind = [
            dataclasses.replace(frame, image=frame.image * (0.5 + 0.1 * number))
            for number, frame in enumerate(grey_frames(None))
        ]
        drawn = with_stand_ins(behind, cameras, performances, TIMES, panorama, people="solids")
        return [float((frame.image[0] - frame.image[1]).max()) for frame in drawn]

    dark, bright = red(0.2), red(0.6)
    assert max(bright) == pytest.approx(min(bright), rel=0.02)
    assert bright[0] > 1.5 * dark[0]


@pytest.mark.parametrize(
    "prompt",
    ["a woman stands and looks towards the camera", "a man sits down to the left", "a man points to the right"],
)
def test_who_stays_does_not_walk_where_it_looks(prompt: str) -> None:
    (performance,) = stage_prompt(prompt, panning(0.0, 0.0), TIMES, FLOOR_M, 0)
    places = performance.path.position_m(np.array([0.0, 2.0]))
    assert np.allclose(places[0], places[1], atol=1e-6)


@pytest.mark.parametrize("focal_mm", [50.0, 70.0, 85.0, 135.0])
def test_what_is_low_is_in_the_picture_of_a_long_lens(focal_mm: float) -> None:
    cameras = panning(0.0, 0.0, focal_mm)
    (performance,) = stage_prompt("a red ball rolls to the left", cameras, TIMES, FLOOR_M, 1)
    ((x, y),) = performance.path.position_m(np.array([1.0]))
    height_m = performance.subject.height_m
    pixel, depth = project(cameras[8], torch.tensor([[x, y, FLOOR_M + 0.6 * height_m]]))
    assert float(depth[0]) > 0
    assert 0 < float(pixel[0, 1]) < 96


def test_a_single_frame_of_somebody_who_stops() -> None:
    (performance,) = stage_prompt("a man walks to the left and stops", panning(0.0, 0.0)[:1], [0.0], FLOOR_M, 0)
    assert performance.path is not None


def test_known_geometry_in_front_hides_a_stand_in() -> None:
    cameras = panning(0.0, 0.0)
    performances = stage_prompt("a man stands", cameras, TIMES, FLOOR_M, 2)
    frames = list(with_stand_ins(grey_frames(0.5), cameras, performances, TIMES))
    assert all(torch.equal(frame.image, before.image) for frame, before in zip(frames, grey_frames(0.5), strict=True))


def test_blocking_survives_a_file(tmp_path) -> None:
    performances = stage_prompt("a dog trots left and a man in a hat waves", panning(0.0, 0.2), TIMES, FLOOR_M, 9)
    assert blocking_from_json(blocking_to_json(performances), "here") == performances
    file = tmp_path / "blocking.json"
    write_blocking(file, performances)
    assert read_blocking(file) == performances
    file.write_text(file.read_text().replace('"duration_s": 2.0', '"duration_s": -2.0'))
    with pytest.raises(InputError, match="performance 1"):
        read_blocking(file)
    file.write_text("[]")
    with pytest.raises(InputError, match=r"cinescene\.blocking"):
        read_blocking(file)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["a woman walks to the left", "a man stands still", "a dog trots to the right"]), st.integers(0, 99)
)
def test_where_the_floor_is_known_nobody_stands_in_a_wall(prompt: str, seed: int) -> None:
    """A wall 2.6 m ahead of the camera: subjects stay on this side of it."""
    free = stage_prompt(prompt, panning(0.0, 0.0), TIMES, FLOOR_M, seed, lambda places: places[:, 1] < 2.6)
    for time in TIMES:
        assert float(free[0].position_at(time)[1]) < 2.6 + 0.3
