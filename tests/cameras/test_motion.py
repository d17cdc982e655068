import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras.motion import Jump, motion_report
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.rig import level_pose
from cinescene.cameras.track import CameraTrack


def track_of(text: str, **length: float) -> CameraTrack:
    return parse_moves(text).track(width_px=64, height_px=36, **length)


def poses_of(*positions: tuple[float, float, float]) -> torch.Tensor:
    return torch.stack([level_pose(p) for p in positions])


def displaced(track: CameraTrack, frames: slice, offset: tuple[float, float, float]) -> CameraTrack:
    poses = track.world_from_camera.clone()
    poses[frames, :3, 3] += torch.tensor(offset, dtype=torch.float64)
    return dataclasses.replace(track, world_from_camera=poses)


@given(st.floats(0.1, 5.0), st.floats(0.5, 4.0), st.sampled_from([12.0, 24.0, 60.0]))
@settings(max_examples=15)
def test_a_steady_dolly_has_its_stated_speed_and_no_acceleration(length: float, time_s: float, rate: float) -> None:
    report = motion_report(track_of(f"dolly in {length:.3f}m over {round(time_s * rate)} frames", frame_rate=rate))
    speed = float(f"{length:.3f}") / (round(time_s * rate) / rate)
    torch.testing.assert_close(report.speed_m_s, torch.full_like(report.speed_m_s, speed))
    assert report.acceleration_m_s2.max() < 1e-6
    assert report.length_m == pytest.approx(float(f"{length:.3f}"))
    assert report.jumps == ()


def test_a_pan_has_its_stated_angular_speed_also_beyond_half_a_turn() -> None:
    report = motion_report(track_of("pan left 360deg over 4s"))
    torch.testing.assert_close(report.angular_speed_deg_s, torch.full((96,), 90.0, dtype=torch.float64))
    assert report.turned_deg == pytest.approx(360)
    assert report.length_m == 0


def test_a_circle_has_the_acceleration_of_a_circle() -> None:
    report = motion_report(track_of("arc right 90deg around 2m over 1s", frame_rate=240))
    angular = math.pi / 2
    torch.testing.assert_close(report.speed_m_s.median(), torch.tensor(2 * angular).double(), rtol=1e-4, atol=0)
    torch.testing.assert_close(
        report.acceleration_m_s2.median(), torch.tensor(2 * angular**2).double(), rtol=1e-4, atol=0
    )
    torch.testing.assert_close(report.jerk_m_s3.median(), torch.tensor(2 * angular**3).double(), rtol=1e-3, atol=0)


def test_uneven_times_are_taken_into_account() -> None:
    times = torch.tensor([0.0, 0.1, 0.4, 0.5, 1.1, 1.2], dtype=torch.float64)
    track = CameraTrack(world_from_camera=poses_of(*((0.0, 3 * float(t), 0.0) for t in times)), times_s=times)
    report = motion_report(track)
    torch.testing.assert_close(report.speed_m_s, torch.full((5,), 3.0, dtype=torch.float64))
    assert report.acceleration_m_s2.max() < 1e-9
    assert report.unit == "units"
    assert report.focal_mm is None


def test_lengths_are_metres_where_the_scale_is_known() -> None:
    track = CameraTrack(world_from_camera=poses_of((0, 0, 0), (0, 100, 20)), frame_rate=1.0, metres_per_unit=0.01)
    report = motion_report(track)
    assert report.length_m == pytest.approx(math.hypot(1, 0.2))
    assert report.height_m.tolist() == pytest.approx([0, 0.2])
    assert report.unit == "m"


MOVES = [
    "dolly in 2m over 3s ease",
    "arc right 75deg around 3m",
    "handheld over 4s",
    "truck left 3m ease; handheld 5cm 1deg",
    "spiral right 360deg around 3m to 1m up 1m ease",
    "pan right 180deg over 2s ease-in",
    "static",
]


@pytest.mark.parametrize("text", MOVES)
def test_smooth_moves_have_no_jump(text: str) -> None:
    assert motion_report(track_of(text)).jumps == ()


@pytest.mark.parametrize("text", MOVES)
@pytest.mark.parametrize("frame", [1, 20, 40, -1])
def test_a_displacement_is_a_jump_at_its_frame(text: str, frame: int) -> None:
    track = track_of(text)
    frame = frame % len(track)
    (jump,) = motion_report(displaced(track, slice(frame, None), (0.4, 0.0, -0.3))).jumps
    assert (jump.frame, jump.kind) == (frame, "position")
    assert jump.amount == pytest.approx(0.5, rel=0.1)
    assert f"JUMP at frame {frame}" in motion_report(displaced(track, slice(frame, None), (0.4, 0.0, -0.3))).text()


def test_one_frame_out_of_place_is_one_jump() -> None:
    (jump,) = motion_report(displaced(track_of("dolly in 2m over 3s ease"), slice(30, 31), (0.1, 0.0, 0.0))).jumps
    assert (jump.frame, jump.kind) == (30, "position")


def test_cuts_of_the_view_and_of_the_lens_are_jumps() -> None:
    first, second = track_of("pan left 10deg over 1s"), track_of("start yaw 60deg lens 50mm; pan left 10deg over 1s")
    joined = CameraTrack(
        world_from_camera=torch.cat([first.world_from_camera, second.world_from_camera]),
        intrinsics_px=torch.cat([first.intrinsics_px, second.intrinsics_px]),
        image_size_px=torch.cat([first.image_size_px, second.image_size_px]),
        frame_rate=24.0,
    )
    jumps = {jump.kind: jump for jump in motion_report(joined).jumps}
    assert set(jumps) == {"rotation", "lens"}
    assert {jump.frame for jump in jumps.values()} == {25}
    assert jumps["rotation"].amount == pytest.approx(70, abs=1)
    assert jumps["lens"].amount == pytest.approx(50 / 24)


@pytest.mark.parametrize("over", ["1s", "0.98s"])
def test_an_abrupt_start_is_named_but_is_no_jump_of_the_camera(over: str) -> None:
    report = motion_report(track_of(f"static over {over}; then dolly in 2m over 2s"))
    assert [(j.frame, j.kind) for j in report.jumps] == [(24 if over == "1s" else 23, "speed")]
    assert report.jumps[0].amount == pytest.approx(1.0, rel=0.02)
    assert "The speed changes abruptly at frame" in report.text()
    assert "JUMP" not in report.text()


def test_the_paragraph_tells_what_a_director_asks() -> None:
    text = motion_report(track_of("at 1.6m height; dolly in 2m over 2s ease; zoom 24mm->50mm")).text()
    assert "\n" not in text
    for part in ("49 frames, 2.00 s", "travels 2.00 m", "up to 1.87 m/s", "z = 1.60 m", "Lens 24 to 50 mm"):
        assert part in text, part
    assert "does not travel" in motion_report(track_of("pan left 5deg")).text()


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
def test_the_shortest_tracks_have_a_report(frames: int) -> None:
    report = motion_report(track_of("dolly in 1m; pan left 4deg", frames=frames))
    assert len(report.speed_m_s) == frames - 1
    assert len(report.jerk_m_s3) == max(0, frames - 3)
    assert report.text()


def test_jumps_are_values() -> None:
    assert Jump(frame=3, kind="lens", amount=2.0) == Jump(frame=3, kind="lens", amount=2.0)
