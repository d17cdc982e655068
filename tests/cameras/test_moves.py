import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras import Cameras
from cinescene.cameras.handheld import HIGHEST_HZ, LOWEST_HZ, unrest
from cinescene.cameras.moves import (
    Arc,
    Crane,
    Dolly,
    DollyZoom,
    Handheld,
    LookAt,
    Move,
    Pan,
    Pedestal,
    Roll,
    Spiral,
    Static,
    Tilt,
    Truck,
    Zoom,
)
from cinescene.cameras.projection import project
from cinescene.cameras.rig import Rig, level_angles_deg, level_pose
from cinescene.cameras.shot import sequence, together
from cinescene.cameras.transforms import rotation_angle
from cinescene.errors import InputError

TIMES = torch.linspace(0, 3, 31, dtype=torch.float64)
START = level_pose((1.0, 2.0, 1.6), 25.0, -10.0)
LEVEL = level_pose((0.0, 0.0, 0.0))

degrees = st.floats(-170.0, 170.0)
metres = st.floats(-5.0, 5.0)
poses = st.tuples(metres, metres, metres, degrees, st.floats(-85.0, 85.0), degrees)
"""Position, yaw, pitch and roll."""


def posed(numbers: tuple) -> torch.Tensor:
    return level_pose(numbers[:3], *numbers[3:])


def moved(*moves: Move, start: torch.Tensor = START, focal_mm: float | None = None) -> Rig:
    return sequence(together(*moves)).rig_at(TIMES, start=start, focal_mm=focal_mm)


def close(actual: torch.Tensor, expected: torch.Tensor | list, atol: float = 1e-12) -> None:
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(actual, expected.expand_as(actual), atol=atol, rtol=0)


# ---- directions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "position", "forward", "right"),
    [
        (Static(), (0, 0, 0), (0, 1, 0), (1, 0, 0)),
        (Pan(right_deg=90), (0, 0, 0), (1, 0, 0), (0, -1, 0)),
        (Tilt(up_deg=90), (0, 0, 0), (0, 0, 1), (1, 0, 0)),
        (Roll(clockwise_deg=90), (0, 0, 0), (0, 1, 0), (0, 0, -1)),
        (Dolly(in_m=2), (0, 2, 0), (0, 1, 0), (1, 0, 0)),
        (Truck(right_m=2), (2, 0, 0), (0, 1, 0), (1, 0, 0)),
        (Pedestal(up_m=2), (0, 0, 2), (0, 1, 0), (1, 0, 0)),
        (Crane(up_m=2), (0, 0, 2), (0, 1, 0), (1, 0, 0)),
        (Arc(right_deg=90, around_m=3.0), (3, 3, 0), (-1, 0, 0), (0, 1, 0)),
        (Arc(up_deg=90, around_m=3.0), (0, 3, 3), (0, 0, -1), (1, 0, 0)),
        (Spiral(right_deg=180, around_m=3.0, to_m=1.0, up_m=0.0), (0, 4, 0), (0, -1, 0), (-1, 0, 0)),
        (LookAt(point_m=(5.0, 0.0, 0.0)), (0, 0, 0), (1, 0, 0), (0, -1, 0)),
    ],
)
def test_each_move_ends_where_its_name_says(move: Move, position: tuple, forward: tuple, right: tuple) -> None:
    end = moved(move, start=LEVEL).at(-1)
    close(end.position_m, position)
    close(end.rotation[:, 2], forward)
    close(end.rotation[:, 0], right)


def test_a_subject_at_the_pivot_shows_its_other_side_when_the_camera_arcs_right() -> None:
    """What stands behind the subject drifts to the right of the picture, what stands before it to the left."""
    rig = moved(Arc(right_deg=20, around_m=3.0), start=LEVEL)
    cameras = Cameras.from_focal_mm(rig.world_from_camera, 24.0, 640, 360)
    pixels, _ = project(cameras[-1], torch.tensor([[0.0, 3, 0], [0.0, 6, 0], [0.0, 2, 0]], dtype=torch.float64))
    close(pixels[0], [320.0, 180.0], atol=1e-9)
    assert pixels[1, 0] > 320 > pixels[2, 0]


# ---- exactness ------------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(poses, degrees)
def test_turns_do_not_translate(numbers: tuple, angle: float) -> None:
    start = posed(numbers)
    for move in (Pan(right_deg=angle), Tilt(up_deg=angle), Roll(clockwise_deg=angle)):
        rig = moved(move, start=start)
        assert (rig.position_m == start[:3, 3]).all()
        turned = rotation_angle(start[:3, :3].mT @ rig.rotation)
        close(turned, torch.linspace(0, 1, 31, dtype=torch.float64) * math.radians(abs(angle)), atol=1e-7)


@settings(max_examples=15)
@given(poses, degrees)
def test_a_pan_keeps_every_elevation_and_a_tilt_keeps_the_right_axis(numbers: tuple, angle: float) -> None:
    start = posed(numbers)
    close(moved(Pan(right_deg=angle), start=start).rotation[:, 2], start[2, :3])
    close(moved(Tilt(up_deg=angle), start=start).rotation[..., 0], start[:3, 0])
    close(moved(Roll(clockwise_deg=angle), start=start).rotation[..., 2], start[:3, 2])


@settings(max_examples=15)
@given(poses, metres)
def test_rails_are_level_straight_and_as_long_as_stated(numbers: tuple, length: float) -> None:
    start = posed(numbers)
    for move in (Dolly(in_m=length), Truck(right_m=length)):
        rig = moved(move, start=start)
        offset = rig.position_m - start[:3, 3]
        close(offset[:, 2], 0.0)
        close(offset.norm(dim=-1), torch.linspace(0, 1, 31, dtype=torch.float64) * abs(length))
        close(offset, torch.linspace(0, 1, 31, dtype=torch.float64)[:, None] * offset[-1])
        close(rig.rotation, start[:3, :3])
    dolly, truck = (moved(m, start=start).position_m[-1] - start[:3, 3] for m in (Dolly(in_m=1), Truck(right_m=1)))
    close(dolly @ truck, 0.0)
    assert dolly @ start[:3, 2] >= 0
    close(torch.linalg.cross(dolly, truck), [0.0, 0.0, -1.0])
    close(moved(Pedestal(up_m=length), start=start).position_m[-1] - start[:3, 3], [0.0, 0.0, length])


@pytest.mark.parametrize(("pitch_deg", "forward"), [(-90, (1.0, 0.0, 0.0)), (90, (1.0, 0.0, 0.0))])
def test_straight_up_or_down_the_rails_run_where_a_level_camera_would_face(pitch_deg: float, forward: tuple) -> None:
    start = level_pose((0.0, 0.0, 0.0), 90.0, pitch_deg)
    close(moved(Dolly(in_m=1), start=start).position_m[-1], forward)
    close(moved(Truck(right_m=1), start=start).position_m[-1], [0.0, -1.0, 0.0])


@settings(max_examples=15)
@given(poses, degrees, st.floats(-80.0, 80.0), st.floats(0.1, 50.0))
def test_an_arc_keeps_its_radius_and_its_target_in_the_centre(
    numbers: tuple, right: float, up: float, radius: float
) -> None:
    start = posed(numbers)
    rig = moved(Arc(right_deg=right, up_deg=up, around_m=radius), start=start)
    pivot = start[:3, 3] + radius * start[:3, 2]
    towards = pivot - rig.position_m
    close(towards.norm(dim=-1), radius, atol=1e-9)
    close(rig.rotation[..., 2], towards / radius, atol=1e-9)


@given(degrees)
def test_an_arc_around_a_point_off_the_axis_keeps_its_radius_and_ends_looking_at_it(angle: float) -> None:
    point = torch.tensor([4.0, 5.0, 0.5], dtype=torch.float64)
    rig = moved(Arc(right_deg=angle, around_m=(4.0, 5.0, 0.5)))
    towards = point - rig.position_m
    close(towards.norm(dim=-1), float((point - START[:3, 3]).norm()), atol=1e-9)
    close(rig.rotation[0], START[:3, :3])
    close(rig.rotation[-1, :, 2], towards[-1] / towards[-1].norm(), atol=1e-9)
    close(rig.rotation[:, 2, 0], 0.0)


def test_a_crane_that_keeps_its_target_holds_it_in_the_picture() -> None:
    target = START[:3, 3] + 4 * START[:3, 2]
    for move in (Crane(up_m=2, keep_m=4.0), Truck(right_m=3, look_at_m=4.0), Dolly(in_m=2, keep_m=4.0)):
        rig = moved(move)
        towards = target - rig.position_m
        close(rig.rotation[..., 2], towards / towards.norm(dim=-1, keepdim=True), atol=1e-9)
        close(rig.rotation[:, 2, 0], 0.0)


def test_keeping_a_point_off_the_centre_leaves_it_where_it_is_and_looking_at_it_brings_it_in() -> None:
    point = (3.0, 6.0, 1.6)
    kept = moved(Truck(right_m=2, keep_m=point), start=level_pose((0.0, 0.0, 1.6)))
    brought = moved(Truck(right_m=2, look_at_m=point), start=level_pose((0.0, 0.0, 1.6)))
    for rig, end in ((kept, None), (brought, [500.0, 300.0])):
        cameras = Cameras.from_focal_px(rig.world_from_camera, 1000.0, 1000, 600)
        pixels, _ = project(cameras, torch.tensor([point], dtype=torch.float64))
        close(pixels[-1, 0], pixels[0, 0] if end is None else end, atol=1e-6)


def test_a_zoom_changes_the_lens_by_equal_factors_and_nothing_else() -> None:
    rig = moved(Zoom(start_focal_mm=24.0, focal_mm=50.0))
    close(rig.focal_mm.log().diff(), math.log(50 / 24) / 30)
    close(rig.focal_mm[[0, -1]], [24.0, 50.0])
    close(rig.world_from_camera, START)
    close(moved(Zoom(factor=2.0), focal_mm=35.0).focal_mm[-1], 70.0)
    close(moved(Zoom(focal_mm=85.0), focal_mm=35.0).focal_mm[[0, -1]], [35.0, 85.0])


@given(st.floats(-6.0, 2.5), st.floats(-40.0, 40.0))
def test_a_dolly_zoom_keeps_the_subject_the_same_size(in_m: float, pitch_deg: float) -> None:
    start = level_pose((0.0, 0.0, 1.6), 30.0, pitch_deg)
    rig = moved(DollyZoom(in_m=in_m, subject_m=4.0), start=start, focal_mm=35.0)
    cameras = Cameras.from_focal_px(rig.world_from_camera, rig.focal_mm * 10, 640, 360)
    middle = start[:3, 3] + 4 * start[:3, 2]
    ends = torch.stack([middle, middle + 0.5 * start[:3, 0]])
    pixels, _ = project(cameras, ends)
    size = (pixels[:, 1] - pixels[:, 0]).norm(dim=-1)
    close(size, float(size[0]), atol=1e-8)


def test_a_spiral_ends_at_its_distance_and_height_still_looking_at_its_target() -> None:
    rig = moved(Spiral(right_deg=360, around_m=3.0, to_m=1.5, up_m=2.0), start=LEVEL)
    pivot = torch.tensor([0.0, 3.0, 0.0], dtype=torch.float64)
    towards = pivot - rig.position_m
    radius = towards[:, :2].norm(dim=-1)
    close(radius, torch.linspace(3, 1.5, 31, dtype=torch.float64))
    close(rig.position_m[-1], [0.0, 1.5, 2.0])
    close(rig.rotation[..., 2], towards / towards.norm(dim=-1, keepdim=True), atol=1e-9)


# ---- there and back, sums -------------------------------------------------------------------------------------------

PAIRS = [
    (Pan(right_deg=40), Pan(right_deg=-40)),
    (Tilt(up_deg=30), Tilt(up_deg=-30)),
    (Roll(clockwise_deg=30), Roll(clockwise_deg=-30)),
    (Dolly(in_m=2), Dolly(in_m=-2)),
    (Truck(right_m=2), Truck(right_m=-2)),
    (Pedestal(up_m=2), Pedestal(up_m=-2)),
    (Crane(up_m=2, keep_m=(2.0, 8.0, 1.0)), Crane(up_m=-2, keep_m=(2.0, 8.0, 1.0))),
    (Arc(right_deg=75, around_m=3.0), Arc(right_deg=-75, around_m=3.0)),
    (Arc(up_deg=25, around_m=3.0), Arc(up_deg=-25, around_m=3.0)),
    (Zoom(factor=2.0), Zoom(factor=0.5)),
]


@pytest.mark.parametrize(("there", "back"), PAIRS)
def test_a_move_and_its_opposite_are_time_reversed(there: Move, back: Move) -> None:
    rig = sequence(there, back).rig_at(torch.cat([TIMES, 3 + TIMES]), start=START)
    close(rig.world_from_camera[31:], rig.world_from_camera[:31].flip(0), atol=1e-9)
    close(rig.focal_mm[31:], rig.focal_mm[:31].flip(0), atol=1e-9)


moves = st.one_of(
    st.builds(Pan, right_deg=degrees),
    st.builds(Tilt, up_deg=st.floats(-60.0, 60.0)),
    st.builds(Roll, clockwise_deg=degrees),
    st.builds(Dolly, in_m=st.floats(-1.0, 1.0)),
    st.builds(Truck, right_m=metres),
    st.builds(Pedestal, up_m=metres),
    st.builds(Zoom, factor=st.floats(0.5, 2.0)),
    st.builds(Handheld, seed=st.integers(0, 9)),
    st.just(Static()),
)


@settings(max_examples=15)
@given(st.lists(moves, min_size=1, max_size=4), st.booleans())
def test_the_order_of_a_sum_does_not_matter_and_static_adds_nothing(sum_of: list[Move], with_arc: bool) -> None:
    if with_arc:
        sum_of = [*sum_of, Arc(right_deg=50, around_m=4.0)]
    first, second = moved(*sum_of), moved(Static(), *reversed(sum_of))
    close(first.world_from_camera, second.world_from_camera, atol=1e-9)
    close(first.focal_mm, second.focal_mm, atol=1e-9)


@settings(max_examples=15)
@given(st.lists(moves, min_size=2, max_size=4))
def test_translations_and_lens_factors_of_a_sum_add_up(sum_of: list[Move]) -> None:
    whole = moved(*sum_of)
    parts = [moved(m) for m in sum_of]
    close(whole.position_m - START[:3, 3], sum(p.position_m - START[:3, 3] for p in parts), atol=1e-9)
    close((whole.focal_mm / 24).log(), sum((p.focal_mm / 24).log() for p in parts), atol=1e-9)


def test_a_dolly_during_an_arc_comes_closer_and_keeps_looking() -> None:
    rig = moved(Arc(right_deg=90, around_m=3.0), Dolly(in_m=1.0), Pedestal(up_m=0.5), start=LEVEL)
    towards = torch.tensor([0.0, 3.0, 0.0], dtype=torch.float64) - rig.position_m
    close(towards[:, :2].norm(dim=-1), torch.linspace(3, 2, 31, dtype=torch.float64))
    close(rig.rotation[..., 2], towards / towards.norm(dim=-1, keepdim=True), atol=1e-9)
    panned = moved(Arc(right_deg=90, around_m=3.0), Pan(right_deg=10), start=LEVEL)
    angle = torch.rad2deg(torch.atan2(panned.rotation[-1, 0, 2], panned.rotation[-1, 1, 2]))
    assert float(angle) == pytest.approx(-80)


@settings(max_examples=15)
@given(poses)
def test_level_angles_are_those_that_make_the_pose(numbers: tuple) -> None:
    pose = posed(numbers)
    close(level_pose(pose[:3, 3].tolist(), *level_angles_deg(pose[:3, :3])), pose, atol=1e-9)


# ---- handheld -------------------------------------------------------------------------------------------------------


def test_unrest_stays_in_its_band_and_has_about_unit_size() -> None:
    duration, rate = 64.0, 32
    times = torch.arange(int(duration * rate), dtype=torch.float64) / rate
    noise = unrest(times, duration, seed=3)
    power = torch.fft.rfft(noise * torch.hann_window(len(times), dtype=torch.float64)[:, None], dim=0).abs() ** 2
    frequency = torch.fft.rfftfreq(len(times), 1 / rate)
    outside = (frequency > HIGHEST_HZ * 1.1) | ((frequency > 0.06) & (frequency < LOWEST_HZ * 0.8))
    assert power[outside].sum() < 1e-4 * power.sum()
    assert 0.7 < float(noise.std()) < 1.3


def test_unrest_is_seeded_and_nil_at_both_ends() -> None:
    first, again, other = (moved(Handheld(seed=s)) for s in (1, 1, 2))
    assert torch.equal(first.world_from_camera, again.world_from_camera)
    assert not torch.allclose(first.world_from_camera, other.world_from_camera)
    close(first.world_from_camera[[0, -1]], START)
    assert (first.position_m[1:-1] != START[:3, 3]).any(-1).all()


# ---- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pan(right_deg=math.nan), "pan: expected an angle"),
        (lambda: Dolly(in_m=math.inf), "dolly: expected a length"),
        (lambda: Arc(right_deg=10, around_m=0.0), "arc: expected a distance ahead above 0 m"),
        (lambda: Zoom(focal_mm=0.0), "zoom: expected a focal length from 1"),
        (lambda: Zoom(), "zoom: expected a focal length to end at or a factor"),
        (lambda: Zoom(factor=0.0), "factor from 0.001"),
        (lambda: Spiral(right_deg=1, around_m=2.0, to_m=0.0), "spiral: expected a distance above 0"),
        (lambda: Truck(right_m=1, keep_m=2.0, look_at_m=3.0), "got both"),
        (lambda: Handheld(amplitude_m=-1.0), "handheld"),
        (lambda: Handheld(seed=-1), "seed"),
        (lambda: moved(DollyZoom(in_m=4.0, subject_m=3.0)), "reaches its subject"),
        (lambda: moved(Dolly(in_m=3.0, keep_m=3.0), start=LEVEL), "runs into the point"),
        (lambda: moved(Truck(right_m=1, keep_m=3.0), Crane(up_m=1, keep_m=4.0)), "look at different points"),
        (lambda: moved(Zoom(factor=2.0), Pan(right_deg=1), focal_mm=0.0), "focal length from 1"),
    ],
)
def test_what_cannot_be_is_said(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
