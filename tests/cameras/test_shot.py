import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras.moves import Arc, Dolly, DollyZoom, Handheld, Move, Pan, Pedestal, Static, Zoom
from cinescene.cameras.rig import level_pose
from cinescene.cameras.shot import Shot, Start, Step, Timed, sequence, timed, together
from cinescene.errors import GeometryError, InputError

SIZE = {"width_px": 64, "height_px": 36}
moves = st.one_of(
    st.builds(Pan, right_deg=st.floats(-90.0, 90.0)),
    st.builds(Dolly, in_m=st.floats(-2.0, 2.0)),
    st.builds(Pedestal, up_m=st.floats(-1.0, 1.0)),
    st.builds(Arc, right_deg=st.floats(-90.0, 90.0), around_m=st.floats(1.0, 5.0)),
    st.builds(Zoom, factor=st.floats(0.5, 2.0)),
)
parts = st.lists(
    st.builds(timed, moves, st.floats(0.2, 3.0), st.sampled_from(["linear", "ease"])), min_size=2, max_size=4
)


def matrices(shot: Shot, times_s: torch.Tensor, **given) -> torch.Tensor:
    return shot.rig_at(times_s, **given).world_from_camera


@settings(max_examples=8)
@given(parts)
def test_each_step_starts_where_the_one_before_it_ended(moves_in_turn: list[Timed]) -> None:
    whole = sequence(*moves_in_turn)
    start, begin = level_pose((0.0, 0.0, 0.0)), 0.0
    for part in moves_in_turn:
        local = torch.linspace(0, part.duration_s, 7, dtype=torch.float64)
        focal = float(whole.rig_at(torch.tensor([begin])).focal_mm[0])
        alone = sequence(part).rig_at(local, start=start, focal_mm=focal)
        inside = whole.rig_at((begin + local).clamp(max=begin + part.duration_s * (1 - 1e-12)))
        torch.testing.assert_close(inside.world_from_camera, alone.world_from_camera, atol=1e-6, rtol=0)
        torch.testing.assert_close(inside.focal_mm, alone.focal_mm, rtol=1e-6, atol=0)
        start, begin = alone.world_from_camera[-1], begin + part.duration_s


@given(parts)
def test_sequences_are_associative(moves_in_turn: list[Timed]) -> None:
    first, *rest = moves_in_turn
    assert sequence(first, sequence(*rest)) == sequence(sequence(first), *rest) == sequence(*moves_in_turn)


@settings(max_examples=15)
@given(st.floats(-5.0, 5.0), st.floats(0.1, 0.9))
def test_two_parts_of_a_move_in_proportional_times_are_the_move(length: float, share: float) -> None:
    times = torch.linspace(0, 4, 41, dtype=torch.float64)
    whole = sequence(timed(Dolly(in_m=length), 4.0))
    split = sequence(
        timed(Dolly(in_m=length * share), 4.0 * share), timed(Dolly(in_m=length * (1 - share)), 4.0 * (1 - share))
    )
    torch.testing.assert_close(matrices(whole, times), matrices(split, times), atol=1e-12, rtol=0)


@pytest.mark.parametrize("frame_rate", [15.0, 16.0, 24.0, 29.97, 60.0])
@pytest.mark.parametrize("length", [{}, {"frames": 77}, {"frames": 2}, {"duration_s": 1.234}])
def test_the_first_frame_is_the_start_and_the_last_the_end(frame_rate: float, length: dict) -> None:
    shot = sequence(Dolly(in_m=2), Pan(right_deg=90))
    track = shot.track(frame_rate=frame_rate, **SIZE, **length)
    torch.testing.assert_close(track.world_from_camera[0], level_pose((0.0, 0.0, 0.0)))
    end = level_pose((0.0, 2.0, 0.0), 90.0)
    torch.testing.assert_close(track.world_from_camera[-1], end, atol=1e-12, rtol=0)
    assert track.frame_rate == frame_rate
    assert len(track) == length.get("frames", round(length.get("duration_s", 6.0) * frame_rate) + 1)


def test_frame_i_is_taken_at_i_over_the_rate() -> None:
    track = sequence(timed(Dolly(in_m=2), 2.0)).track(frame_rate=24, **SIZE)
    assert len(track) == 49
    torch.testing.assert_close(track.world_from_camera[:, 1, 3], torch.arange(49, dtype=torch.float64) / 24)


def test_one_frame_shows_the_start() -> None:
    for shot in (sequence(timed(Dolly(in_m=2), 2.0)), sequence(Handheld())):
        track = shot.track(frames=1, **SIZE)
        assert len(track) == 1
        torch.testing.assert_close(track.world_from_camera[0], level_pose((0.0, 0.0, 0.0)))
    assert len(sequence(Static()).track(duration_s=0.0, **SIZE)) == 1
    still = sequence(Static()).track(**SIZE)
    assert len(still) == 73
    assert (still.world_from_camera == still.world_from_camera[0]).all()


def test_who_gets_the_time() -> None:
    shot = sequence(timed(Dolly(in_m=1), 2.0), Pan(right_deg=10), Static())
    assert shot.step_durations_s() == [2.0, 3.0, 3.0]
    assert shot.step_durations_s(10.0) == [2.0, 4.0, 4.0]
    fixed = sequence(timed(Dolly(in_m=1), 2.0), timed(Pan(right_deg=10), 2.0))
    assert fixed.step_durations_s(5.0) == [2.0, 2.0]
    assert sum(fixed.step_durations_s(95 / 24, 24.0)) == pytest.approx(95 / 24)
    with pytest.raises(InputError, match="the moves take 4 s, but the shot lasts 3 s"):
        fixed.step_durations_s(3.0)
    with pytest.raises(InputError, match=r"take 2 s of the shot's 1.5 s and leave nothing"):
        shot.step_durations_s(1.5)


def test_a_shot_that_outlasts_its_moves_holds_the_last_pose() -> None:
    track = sequence(timed(Dolly(in_m=1), 1.0)).track(frame_rate=10, duration_s=3.0, **SIZE)
    torch.testing.assert_close(track.world_from_camera[10:, 1, 3], torch.ones(21, dtype=torch.float64))


def test_a_duration_in_frames_follows_the_rate() -> None:
    shot = sequence(Timed(move=Dolly(in_m=1), duration_frames=48), Timed(move=Pan(right_deg=10), duration_frames=12))
    assert shot.duration_s(24.0) == 2.5
    assert len(shot.track(frame_rate=12, **SIZE)) == len(shot.track(frame_rate=30, **SIZE)) == 61


def test_moves_of_a_step_keep_their_own_time() -> None:
    step = together(timed(Dolly(in_m=1), 4.0), timed(Pan(right_deg=60), 2.0, "ease"), Zoom(factor=2.0))
    rig = sequence(step).rig_at(torch.tensor([0.0, 1.0, 2.0, 4.0]))
    close = {"atol": 1e-9, "rtol": 0}
    torch.testing.assert_close(rig.position_m[:, 1], torch.tensor([0, 0.25, 0.5, 1], dtype=torch.float64), **close)
    yaw = torch.rad2deg(torch.atan2(rig.rotation[:, 0, 2], rig.rotation[:, 1, 2]))
    torch.testing.assert_close(yaw, torch.tensor([0.0, 30, 60, 60], dtype=torch.float64), **close)
    expected = 24 * 2 ** torch.tensor([0, 0.25, 0.5, 1], dtype=torch.float64)
    torch.testing.assert_close(rig.focal_mm, expected, **close)


def test_what_the_shot_states_of_its_start_replaces_what_is_given() -> None:
    given_pose = level_pose((1.0, 2.0, 3.0), 40.0, -20.0, 5.0)
    torch.testing.assert_close(Start().pose(given_pose), given_pose)
    torch.testing.assert_close(Start(height_m=1.6).pose(given_pose), level_pose((1.0, 2.0, 1.6), 40.0, -20.0, 5.0))
    torch.testing.assert_close(Start(yaw_deg=90).pose(given_pose), level_pose((1.0, 2.0, 3.0), 90.0, -20.0, 5.0))
    looking = Start(position_m=(0.0, 0.0, 1.0), look_at_m=(3.0, 0.0, 1.0)).pose(given_pose)
    torch.testing.assert_close(looking, level_pose((0.0, 0.0, 1.0), 90.0))
    shot = sequence(Dolly(in_m=1))
    track = shot.track(start=given_pose, focal_mm=35.0, **SIZE)
    torch.testing.assert_close(track.world_from_camera[0], given_pose)
    torch.testing.assert_close(track.cameras().focal_mm(), torch.full((73,), 35.0, dtype=torch.float64))


def test_the_first_zoom_tells_the_lens_at_the_start() -> None:
    zoom = Zoom(start_focal_mm=35.0, focal_mm=50.0)
    assert float(sequence(Static(), zoom).first_rig(focal_mm=85.0).focal_mm) == 35
    assert float(sequence(Static()).first_rig().focal_mm) == 24
    for earlier in (Zoom(factor=2.0), DollyZoom(in_m=1.0, subject_m=3.0)):
        with pytest.raises(InputError, match="expected to start at 35 mm, but the lens is at"):
            sequence(earlier, zoom).track(**SIZE)


def test_sensor_width_scales_the_field_of_view() -> None:
    shot = sequence(Static())
    full, small = (shot.track(frames=1, sensor_width_mm=w, **SIZE).cameras() for w in (36.0, 18.0))
    torch.testing.assert_close(small.focal_px, 2 * full.focal_px)


def test_handheld_throughout_crosses_the_steps_without_a_break_and_is_nil_at_the_ends() -> None:
    calm = sequence(timed(Dolly(in_m=1), 1.0), timed(Pan(right_deg=30), 1.0))
    shaken = Shot(steps=calm.steps, throughout=(Handheld(amplitude_m=0.05, seed=4),))
    times = torch.linspace(0, 2, 4001, dtype=torch.float64)
    offset = matrices(shaken, times)[:, :3, 3] - matrices(calm, times)[:, :3, 3]
    assert offset[[0, -1]].abs().max() < 1e-12
    assert offset[2000].norm() > 1e-3
    assert offset.diff(dim=0).norm(dim=-1).max() < 2e-3


def test_describe_tells_each_step_and_its_times() -> None:
    shot = sequence(timed(Dolly(in_m=1.5), 2.0, "ease"), together(Arc(right_deg=75, around_m=3.0), Zoom(focal_mm=50.0)))
    lines = shot.describe(frame_rate=15, frames=77).splitlines()
    assert "77 frames at 15 a second" in lines[0]
    assert lines[1:] == [
        "0.00–2.00 s: dolly in 1.5m over 2s ease",
        "2.00–5.07 s: arc right 75deg around 3m; zoom to 50mm",
    ]
    assert sequence(timed(Static(), 1.0)).describe(duration_s=3.0).splitlines()[-1] == "1.00–3.00 s: static"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Shot(steps=()), InputError, "at least one step"),
        (lambda: Step(moves=()), InputError, "at least one move"),
        (lambda: sequence(), InputError, "at least one part"),
        (lambda: timed(Static(), 0.0), InputError, "duration above 0"),
        (lambda: timed(Static(), 1.0, "hold"), InputError, "cannot jump"),
        (lambda: Timed(move=Static(), duration_s=1.0, duration_frames=3), InputError, "got both"),
        (lambda: Start(position_m=(0.0, 0.0, 0.0), height_m=1.0), InputError, "position or a height"),
        (lambda: Start(yaw_deg=1.0, look_at_m=(0.0, 0.0, 0.0)), InputError, "look at or yaw"),
        (lambda: Start(position_m=(0.0, 0.0, 0.0), look_at_m=(0.0, 0.0, 2.0)).pose(None), InputError, "straight above"),
        (lambda: sequence(Static()).track(frame_rate=0.0, **SIZE), InputError, "frame rate"),
        (lambda: sequence(Static()).track(frames=0, **SIZE), InputError, "frames"),
        (lambda: sequence(Static()).track(frames=9, duration_s=1.0, **SIZE), InputError, "got both"),
        (lambda: sequence(Static()).track(duration_s=math.nan, **SIZE), InputError, "duration"),
        (lambda: sequence(Static()).track(focal_mm=0.0, **SIZE), InputError, "focal length"),
        (lambda: sequence(Static()).track(sensor_width_mm=0.0, **SIZE), InputError, "sensor width"),
        (lambda: sequence(Static()).track(start=2 * torch.eye(4), **SIZE), GeometryError, "start"),
        (lambda: sequence(Static()).rig_at(torch.tensor([-1.0])), InputError, "times from 0 s on"),
    ],
)
def test_what_cannot_be_is_said(make, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_shots_with_different_unrest_do_not_join() -> None:
    first, second = (Shot(steps=(together(Static()),), throughout=(Handheld(seed=s),)) for s in (1, 2))
    assert sequence(first, first).throughout == first.throughout
    with pytest.raises(InputError, match="same moves throughout"):
        sequence(first, second)


def test_a_move_is_any_object_that_drives_the_rig() -> None:
    assert issubclass(Dolly, Move)
    assert Dolly(in_m=1) == Dolly(in_m=1.0)
    assert hash(Dolly(in_m=1)) == hash(Dolly(in_m=1.0))
