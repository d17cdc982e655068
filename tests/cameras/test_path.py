import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cinescene.cameras.arc_length import distances
from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.rig import level_pose
from cinescene.cameras.transforms import rotation_angle
from cinescene.errors import GeometryError, InputError

SIZE = {"width_px": 64, "height_px": 36}
coordinate = st.floats(-5.0, 5.0)


def key(time_s: float, position=(0.0, 0.0, 0.0), yaw_deg: float = 0.0, pitch_deg: float = 0.0, **rest) -> Keyframe:
    return Keyframe(time_s=time_s, world_from_camera=level_pose(position, yaw_deg, pitch_deg), **rest)


@st.composite
def plans(draw: st.DrawFn, easings: tuple[str, ...] = ("linear",), least: int = 2) -> dict:
    """Of paths with uneven times; about half of the keys look at a point that lies far from the path."""
    count = draw(st.integers(least, 6))
    times = [draw(st.floats(-3.0, 3.0))]
    for _ in range(count - 1):
        times.append(times[-1] + draw(st.floats(0.1, 3.0)))
    keys = [
        {
            "time_s": time,
            "position": (draw(coordinate), draw(coordinate), draw(coordinate)),
            "yaw_deg": draw(st.floats(-180.0, 180.0)),
            "pitch_deg": draw(st.floats(-60.0, 60.0)),
            "focal_mm": draw(st.floats(14.0, 200.0)),
            "look_at_m": draw(st.none() | st.just((50.0, 30.0, 1.0)) | st.just((40.0, 60.0, 5.0))),
            "easing": draw(st.sampled_from(easings)),
        }
        for time in times
    ]
    return {"keys": keys, "spline": draw(st.sampled_from(["catmull-rom", "cubic"]))}


def made(plan: dict) -> CameraPath:
    return CameraPath(keyframes=tuple(key(**k) for k in plan["keys"]), position_spline=plan["spline"])


def times_of(path: CameraPath) -> torch.Tensor:
    return torch.tensor([k.time_s for k in path.keyframes], dtype=torch.float64)


@settings(max_examples=12)
@given(plans(easings=("linear", "ease", "ease-in", "ease-out")))
def test_every_key_is_reached_at_its_time_with_its_lens(plan: dict) -> None:
    path = made(plan)
    cameras = path.cameras_at(times_of(path), **SIZE)
    for index, expected in enumerate(path.keyframes):
        torch.testing.assert_close(cameras.position[index], expected.world_from_camera[:3, 3])
        assert float(cameras.focal_mm()[index]) == pytest.approx(expected.focal_mm)
        if expected.look_at_m is None:
            relative = cameras.world_from_camera[index, :3, :3].mT @ expected.world_from_camera[:3, :3]
            assert float(rotation_angle(relative)) < 1e-6
        else:
            towards = torch.tensor(expected.look_at_m, dtype=torch.float64) - cameras.position[index]
            torch.testing.assert_close(towards / towards.norm(), cameras.forward[index])


@settings(max_examples=12)
@given(plans(least=3))
def test_with_linear_easing_everything_is_continuously_differentiable(plan: dict) -> None:
    path = made(plan)
    times = times_of(path)
    step = 1e-6 * float(times.diff().min())
    inner = times[1:-1]
    before, here, after = (path.cameras_at(inner + d, **SIZE) for d in (-step, 0.0, step))
    for name in ("world_from_camera", "intrinsics_px"):
        left = (getattr(here, name) - getattr(before, name)) / step
        right = (getattr(after, name) - getattr(here, name)) / step
        largest_speed = (getattr(here, name).abs().max() + 10) / times.diff().min()
        assert (left - right).abs().max() < 1e-4 * largest_speed, name


@settings(max_examples=12)
@given(plans(easings=("ease",), least=3))
def test_ease_brings_the_camera_to_rest_at_every_key(plan: dict) -> None:
    path = made(plan)
    times = times_of(path)
    near = path.cameras_at(times[1:-1] + 1e-4 * times.diff().min(), **SIZE)
    here = path.cameras_at(times[1:-1], **SIZE)
    torch.testing.assert_close(near.world_from_camera, here.world_from_camera, atol=1e-6, rtol=0)


@settings(max_examples=12)
@given(plans(easings=("linear", "ease", "ease-in", "ease-out")))
def test_a_reversed_path_is_the_path_backwards(plan: dict) -> None:
    path = made(plan)
    there = path.track(frame_rate=10, **SIZE, frames=25)
    back = path.reversed().track(frame_rate=10, **SIZE, frames=25)
    torch.testing.assert_close(back.world_from_camera.flip(0), there.world_from_camera, atol=1e-7, rtol=0)
    torch.testing.assert_close(back.intrinsics_px.flip(0), there.intrinsics_px, atol=1e-7, rtol=1e-9)


def test_between_two_targets_the_camera_looks_exactly_at_the_moving_target() -> None:
    path = CameraPath(
        keyframes=(
            key(0, (0, 0, 1.6), look_at_m=(0.0, 5.0, 1.0)),
            key(1.5, (2, 1, 1.6), look_at_m=(1.0, 5.0, 1.0)),
        )
    )
    at = torch.linspace(0, 1.5, 31, dtype=torch.float64)
    cameras = path.cameras_at(at, **SIZE)
    target = torch.tensor([0.0, 5.0, 1.0]) + at[:, None] / 1.5 * torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    towards = target - cameras.position
    torch.testing.assert_close(cameras.forward, towards / towards.norm(dim=-1, keepdim=True), atol=1e-12, rtol=0)
    right = cameras.world_from_camera[:, :3, 0]
    torch.testing.assert_close(right[:, 2], torch.zeros(31, dtype=torch.float64), atol=1e-12, rtol=0)


def test_a_lens_changes_by_equal_factors_in_equal_times() -> None:
    path = CameraPath(keyframes=(key(0, focal_mm=20.0), key(2, focal_mm=80.0)))
    focal = path.cameras_at(torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0]), **SIZE).focal_mm()
    torch.testing.assert_close(focal, 20 * 2 ** torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0], dtype=torch.float64))


def test_hold_stays_and_then_cuts() -> None:
    path = CameraPath(keyframes=(key(0, easing="hold"), key(1, (1, 0, 0)), key(2, (2, 0, 0))))
    x = path.cameras_at(torch.tensor([0.0, 0.5, 0.999, 1.0, 2.0]), **SIZE).position[:, 0]
    torch.testing.assert_close(x, torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0], dtype=torch.float64))


@settings(max_examples=8)
@given(plans())
def test_constant_speed_means_equal_ways_along_the_line(plan: dict) -> None:
    path = made(plan)
    try:
        track = path.track(frame_rate=24, **SIZE, frames=121, spacing="constant-speed")
    except InputError:
        assume(False)
    chords = track.world_from_camera[:, :3, 3].diff(dim=0).norm(dim=-1)
    way = path.length_m / 120
    assert chords.max() < way * 1.001
    assert chords.median() > way * 0.98
    coarse = path.track(frame_rate=24, **SIZE, frames=13, spacing="constant-speed")
    torch.testing.assert_close(coarse.world_from_camera, track.world_from_camera[::10], atol=1e-6, rtol=0)


def test_constant_speed_on_a_quarter_circle_like_arc_matches_quadrature() -> None:
    path = CameraPath(keyframes=(key(0, (3, 0, 0)), key(5, (2.1, 2.1, 0)), key(5.5, (0, 3, 0))))
    track = path.track(frame_rate=24, **SIZE, frames=50, spacing="constant-speed")
    steps = track.world_from_camera[:, :3, 3].diff(dim=0).norm(dim=-1)
    assert float(steps.max() / steps.min()) < 1.01
    by_time = path.track(frame_rate=24, **SIZE, frames=50).world_from_camera[:, :3, 3].diff(dim=0).norm(dim=-1)
    assert float(by_time.max() / by_time.min()) > 3


def test_distances_are_exact_for_polynomial_speeds() -> None:
    starts, ends = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor([1.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(
        distances(lambda t: 3 * t**2, starts, ends), torch.tensor([1.0, 26.0], dtype=torch.float64)
    )


@pytest.mark.parametrize(
    ("duration_s", "frame_rate", "frames"), [(2.0, 24.0, 49), (5.0, 16.0, 81), (1.0, 29.97, 31), (0.001, 24.0, 2)]
)
def test_a_track_has_both_ends_and_one_frame_more_than_intervals(
    duration_s: float, frame_rate: float, frames: int
) -> None:
    path = CameraPath(keyframes=(key(1.0), key(1.0 + duration_s, (1, 0, 0), 30.0)))
    track = path.track(frame_rate=frame_rate, **SIZE)
    assert len(track) == frames
    assert track.frame_rate == frame_rate
    assert track.metres_per_unit == 1.0
    torch.testing.assert_close(track.world_from_camera[0], path.keyframes[0].world_from_camera)
    torch.testing.assert_close(track.world_from_camera[-1], path.keyframes[-1].world_from_camera)


def test_frames_or_a_duration_stretch_the_path() -> None:
    path = CameraPath(keyframes=(key(0), key(1, (1, 0, 0))))
    for length in ({"frames": 77}, {"duration_s": 76 / 24}):
        track = path.track(frame_rate=24, **SIZE, **length)
        assert len(track) == 77
        torch.testing.assert_close(
            track.world_from_camera[:, 0, 3], torch.linspace(0, 1, 77, dtype=torch.float64), atol=1e-12, rtol=0
        )


def test_one_keyframe_is_a_still_of_a_stated_length() -> None:
    path = CameraPath(keyframes=(key(3.0, (1, 2, 3), 40.0),))
    track = path.track(frame_rate=24, **SIZE, duration_s=1)
    assert len(track) == 25
    assert (track.world_from_camera == track.world_from_camera[0]).all()
    assert len(path.track(frame_rate=24, **SIZE, frames=5)) == 5
    with pytest.raises(InputError, match="one keyframe is a still; state its duration"):
        path.track(frame_rate=24, **SIZE)


def test_a_path_made_of_every_frame_of_a_track_gives_the_track_back() -> None:
    path = CameraPath(keyframes=(key(0), key(1, (1, 2, 0), 50.0, focal_mm=50.0), key(3, (0, 3, 1), 120.0, -20.0)))
    track = path.track(frame_rate=12, **SIZE)
    again = CameraPath.from_track(track).track(frame_rate=12, **SIZE)
    torch.testing.assert_close(again.world_from_camera, track.world_from_camera, atol=1e-9, rtol=0)
    torch.testing.assert_close(again.intrinsics_px, track.intrinsics_px)
    sparse = CameraPath.from_track(track, every=7)
    assert [k.time_s for k in sparse.keyframes] == pytest.approx([0, 7 / 12, 14 / 12, 21 / 12, 28 / 12, 35 / 12, 3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CameraPath(keyframes=()), "at least one keyframe, got none"),
        (lambda: CameraPath(keyframes=(key(1), key(1))), "keyframe 1 is at 1 s and keyframe 0 before it at 1 s"),
        (lambda: CameraPath(keyframes=(key(0), key(2), key(1))), "keyframe 2 is at 1 s"),
        (lambda: key(math.nan), "time in seconds, got nan"),
        (lambda: key(0, focal_mm=0.0), "focal length above 0 mm, got 0"),
        (lambda: key(0, focal_mm=-35.0), "focal length above 0 mm, got -35"),
        (lambda: key(0, look_at_m=(0.0, math.inf, 0.0)), "finite look-at point"),
        (lambda: CameraPath(keyframes=(key(0),), sensor_width_mm=0.0), "sensor width above 0 mm"),
        (lambda: CameraPath.from_track(CameraPath(keyframes=(key(0),)).track(frame_rate=1, **SIZE, frames=2), 0), "0"),
    ],
)
def test_what_is_no_path_is_refused_with_a_reason(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_matrices_of_no_camera_are_refused() -> None:
    mirrored = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0], dtype=torch.float64))
    for matrix, message in ((mirrored, "right-handed"), (mirrored * math.nan, "NaN"), (mirrored.abs() * 2, "row")):
        with pytest.raises(GeometryError, match=rf"keyframe at 0 s.*{message}"):
            Keyframe(time_s=0.0, world_from_camera=matrix)


def test_tracks_that_cannot_be_made_say_why() -> None:
    path = CameraPath(keyframes=(key(0), key(1, yaw_deg=90.0)))
    for arguments, message in (
        ({"frame_rate": 0.0}, "frame rate"),
        ({"frame_rate": 24.0, "frames": 0}, "from 1 to"),
        ({"frame_rate": 24.0, "frames": 3, "duration_s": 1.0}, "got both"),
        ({"frame_rate": 24.0, "duration_s": -1.0}, "duration"),
        ({"frame_rate": 24.0, "duration_s": 1e9}, "frames"),
        ({"frame_rate": 24.0, "spacing": "constant-speed"}, "between keyframes 0 and 1 the camera stays"),
    ):
        with pytest.raises(InputError, match=message):
            path.track(**SIZE, **arguments)
    with pytest.raises(InputError, match=r"times from 0 to 1 s, got 1\.5 s"):
        path.cameras_at(torch.tensor([0.5, 1.5]), **SIZE)
    above = CameraPath(keyframes=(key(0, look_at_m=(0.0, 0.0, 5.0)), key(1, (1, 0, 0), look_at_m=(0.0, 0.0, 5.0))))
    with pytest.raises(InputError, match="at 0 s the look-at point is straight above"):
        above.track(frame_rate=24, **SIZE)
