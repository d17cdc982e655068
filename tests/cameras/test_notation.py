import math
import re
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
from cinescene.cameras.notation import parse_moves, unparse
from cinescene.cameras.path import CameraPath
from cinescene.cameras.shot import Shot, Start, Step, Timed, sequence, timed, together
from cinescene.errors import CineSceneError, InputError

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
"""The run-time type checker samples the tuples in the shots that hypothesis builds."""

# ---- what is read ---------------------------------------------------------------------------------------------------

EXAMPLE = "dolly in 1.5m over 2s ease; then arc right 75deg around 3m; zoom 24mm->50mm"


def test_the_example_of_the_documentation() -> None:
    assert parse_moves(EXAMPLE) == sequence(
        timed(Dolly(in_m=1.5), 2.0, "ease"),
        together(Arc(right_deg=75.0, around_m=3.0), Zoom(start_focal_mm=24.0, focal_mm=50.0)),
    )
    track = parse_moves(EXAMPLE).track(width_px=672, height_px=384, frame_rate=15, frames=77)
    assert len(track) == 77
    torch.testing.assert_close(track.cameras().focal_mm()[[0, 30, -1]], torch.tensor([24, 24, 50], dtype=torch.float64))


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("static", Static()),
        ("hold", Static()),
        ("pan left 30deg", Pan(right_deg=-30.0)),
        ("PAN Right 30°", Pan(right_deg=30.0)),
        ("pan 30deg right", Pan(right_deg=30.0)),
        ("pan right 90", Pan(right_deg=90.0)),
        ("pan right 0.5 turn", Pan(right_deg=180.0)),
        ("pan right 1rad", Pan(right_deg=math.degrees(1))),
        ("tilt up 10 degrees", Tilt(up_deg=10.0)),
        ("roll ccw 5deg", Roll(clockwise_deg=-5.0)),
        ("roll clockwise 5deg", Roll(clockwise_deg=5.0)),
        ("dolly forward 2m", Dolly(in_m=2.0)),
        ("dolly back 50cm", Dolly(in_m=-0.5)),
        ("dolly in 10ft", Dolly(in_m=10 * 0.3048)),
        ("push in .5 m", Dolly(in_m=0.5)),
        ("pull back 2m keep 4m", Dolly(in_m=-2.0, keep_m=4.0)),
        ("truck left 2m", Truck(right_m=-2.0)),
        ("track left 2m looking at 1,2,0.5", Truck(right_m=-2.0, look_at_m=(1.0, 2.0, 0.5))),
        ("crab right 2m", Truck(right_m=2.0)),
        ("pedestal down 30cm", Pedestal(up_m=-0.3)),
        ("crane up 3m keep (0, 3, 1)", Crane(up_m=3.0, keep_m=(0.0, 3.0, 1.0))),
        ("boom up 3 metres", Crane(up_m=3.0)),
        ("arc left 75deg around 3m", Arc(right_deg=-75.0, around_m=3.0)),
        ("orbit right 75deg up 10deg around -1,2.5,0", Arc(right_deg=75.0, up_deg=10.0, around_m=(-1.0, 2.5, 0.0))),
        ("arc 75deg up around 2m", Arc(up_deg=75.0, around_m=2.0)),
        ("zoom 24mm to 50mm", Zoom(start_focal_mm=24.0, focal_mm=50.0)),
        ("zoom 24→50", Zoom(start_focal_mm=24.0, focal_mm=50.0)),
        ("zoom to 50mm", Zoom(focal_mm=50.0)),
        ("zoom in 2x", Zoom(factor=2.0)),
        ("zoom out 4×", Zoom(factor=0.25)),
        ("dolly-zoom out 1m at 3m", DollyZoom(in_m=-1.0, subject_m=3.0)),
        ("dolly zoom in 1m at 3m", DollyZoom(in_m=1.0, subject_m=3.0)),
        ("spiral left 360deg around 3m", Spiral(right_deg=-360.0, around_m=3.0)),
        ("spiral right 2 turns around 3m to 1m up 2m", Spiral(right_deg=720.0, around_m=3.0, to_m=1.0, up_m=2.0)),
        ("look at 1,2,3", LookAt(point_m=(1.0, 2.0, 3.0))),
        ("handheld", Handheld()),
        ("handheld 0.5deg 2cm seed 7", Handheld(amplitude_m=0.02, amplitude_deg=0.5, seed=7)),
    ],
)
def test_every_move_can_be_written(text: str, move: Move) -> None:
    assert parse_moves(text) == sequence(move)


def test_then_is_afterwards_and_everything_else_at_the_same_time() -> None:
    pan, tilt = Pan(right_deg=1.0), Tilt(up_deg=2.0)
    for joint in ("; then", ", then", "then", " and then", ";then", "+ then"):
        assert parse_moves(f"pan right 1deg {joint} tilt up 2deg") == sequence(pan, tilt), joint
    for joint in (";", "and", "+", "with"):
        assert parse_moves(f"pan right 1deg {joint} tilt up 2deg") == sequence(together(pan, tilt)), joint
    assert parse_moves("pan right 1deg; ") == sequence(pan)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("over 2s", {"duration_s": 2.0}),
        ("for 1.5 sec ease", {"duration_s": 1.5, "easing": "ease"}),
        ("ease-in over 500ms", {"duration_s": 0.5, "easing": "ease-in"}),
        ("ease out", {"easing": "ease-out"}),
        ("ease in out", {"easing": "ease"}),
        ("linear over 48 frames", {"duration_frames": 48}),
        ("over 48f", {"duration_frames": 48}),
    ],
)
def test_durations_and_easings(text: str, expected: dict) -> None:
    assert parse_moves(f"pan left 3deg {text}") == sequence(Timed(move=Pan(right_deg=-3.0), **expected))


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("start at 1,-2,1.6 yaw 20deg pitch -5deg lens 35mm;", Start(
            position_m=(1.0, -2.0, 1.6), yaw_deg=20.0, pitch_deg=-5.0, focal_mm=35.0)),
        ("at 1.6m height;", Start(height_m=1.6)),
        ("from yaw 30° then", Start(yaw_deg=30.0)),
        ("start 24mm,", Start(focal_mm=24.0)),
        ("height 160cm; then", Start(height_m=1.6)),
        ("start at (0, 0, 1) looking at 0,5,1 roll 3deg:", Start(
            position_m=(0.0, 0.0, 1.0), look_at_m=(0.0, 5.0, 1.0), roll_deg=3.0)),
    ],
)  # fmt: skip
def test_the_start_clause(text: str, start: Start) -> None:
    assert parse_moves(f"{text} static") == Shot(steps=sequence(Static()).steps, start=start)


def test_handheld_throughout_is_no_step_of_its_own() -> None:
    expected = Shot(steps=sequence(Dolly(in_m=1.0), Pan(right_deg=3.0)).steps, throughout=(Handheld(),))
    for text in (
        "dolly in 1m; handheld throughout; then pan right 3deg",
        "dolly in 1m then pan right 3deg; handheld throughout",
    ):
        assert parse_moves(text) == expected
    assert parse_moves("handheld throughout") == Shot(steps=sequence(Static()).steps, throughout=(Handheld(),))


def test_the_examples_in_the_documentation_are_true(capsys: pytest.CaptureFixture) -> None:
    page = (Path(__file__).parents[2] / "docs" / "camera_moves.md").read_text(encoding="utf-8")
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], {})
    assert "2.00–5.07 s: arc right 75deg around 3m; zoom 24mm -> 50mm" in capsys.readouterr().out
    path = CameraPath.from_json(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    assert path.duration_s == 4
    for code in re.findall(r"`((?:start|at|from) [^`]*;)`", page):
        assert parse_moves(f"{code} static").start != Start()
    for command in re.findall(r'cinescene path plot "([^"]*)"', page):
        assert parse_moves(command).steps


# ---- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES = [
    ("doly in 1m", "doly", 'expected a move: static, pan, tilt, .*did you mean "dolly"'),
    ("pan right 30deg then doly in 1m", "doly", 'did you mean "dolly"'),
    ("pan 30deg", "", "expected a direction: right, left"),
    ("pan rihgt 30deg", "rihgt", 'did you mean "right"'),
    ("pan right", "", "expected an angle such as 30deg"),
    ("pan up 30deg", "up", "expected a direction: right, left"),
    ("dolly in 2deg", "deg", "expected another unit: m, cm, mm, ft"),
    ("dolly in fast", "fast", "expected a length such as 1.5m"),
    ("dolly in -1m", "-1", "without a sign; name the other direction"),
    ("dolly in 1m over", "", "expected a duration such as 2s or 48 frames"),
    ("dolly in 1m over 2m", "m", "expected another unit: s, ms, min"),
    ("dolly in 1m over 0s", "0", "duration above 0 s"),
    ("dolly in 1m over 1.5 frames", "1.5", "whole number of frames"),
    ("dolly in 1m over 99999s", "dolly", "up to 3600 s"),
    ("dolly in 1m over 2s over 3s", "over", "one duration and one easing"),
    ("dolly in 1m eaze", "eaze", 'did you mean "ease"'),
    ("dolly in 1m, pan left 3deg", ",", '";" .at the same time. or "then"'),
    ("dolly in 1m pan left 3deg", "pan", '";" .at the same time., "then" .afterwards.'),
    ("arc right 75deg", "", 'expected "around"'),
    ("arc right 75deg around 0m", "0", "distance ahead above 0 m"),
    ("arc right 75deg around 1,2", "", "rest of a point"),
    ("arc right 75deg around (1,2,3", "", r'expected "\)"'),
    ("arc right 5deg left 5deg around 3m", "left", "one angle to the side"),
    ("zoom 24mm", "", 'expected "->"'),
    ("zoom 0mm->50mm", "0", "focal length above 0 mm"),
    ("zoom 24mm->999999mm", "zoom", "from 1 to 10000 mm"),
    ("zoom in 2", "", 'factor such as "2x"'),
    ("zoom in 0x", "0", "factor above 0"),
    ("dolly-zoom in 1m", "", 'expected "at" and the distance'),
    ("handheld 2cm 3cm", "3", "one amplitude in cm and one in deg"),
    ("handheld seed -1", "-1", "whole number as seed"),
    ("look at 3m", "", "rest of a point"),
    ("pan right 3deg @ 2s", "@", "no meaning here"),
    ("start; pan left 3deg", ";", "expected where to start"),
    ("start yaw 20deg yaw 30deg; static", "yaw", "each part of the start once"),
    ("start yaw 20deg dolly in 1m", "dolly", "expected a part of the start"),
    ("start at 1,2,3 at 1m height; static", "start", "position or a height"),
    ("start yaw 20deg;", "", "expected a move"),
    ("pan right 3deg then", "", "expected a move"),
    ("pan right 3deg; ; tilt up 2deg", ";", "expected a move"),
    ("", "", "expected moves such as static, pan"),
    ("dolly in " + "9" * 400 + "m", "9" * 400, "fewer digits"),
]


@pytest.mark.parametrize(("text", "word", "message"), MISTAKES)
def test_a_mistake_is_pointed_at_on_one_line(text: str, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_moves(text)
    line = str(caught.value)
    assert line.startswith("camera: ")
    assert "\n" not in line
    assert f">>>{word}<<<" in line
    position = int(re.search(r"\(character (\d+)\)", line)[1]) - 1
    assert text[position : position + len(word)] == word


def test_only_the_surroundings_of_a_mistake_are_shown_and_control_characters_are_not() -> None:
    with pytest.raises(InputError) as caught:
        parse_moves("pan left 1deg then " * 50 + "dolly\tin\n\x1b[31m")
    assert len(str(caught.value)) < 300
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="up to 10000 characters, got 20000"):
        parse_moves("x" * 20_000)


# ---- there and back -------------------------------------------------------------------------------------------------

number = st.floats(-1000.0, 1000.0)
positive = st.floats(1e-3, 1000.0)
point = st.tuples(number, number, number)
target = positive | point
focal = st.floats(1.0, 10_000.0)
aims = st.one_of(st.just({}), st.fixed_dictionaries({"keep_m": target}), st.fixed_dictionaries({"look_at_m": target}))


def travel(kind: type, field: str) -> st.SearchStrategy:
    return st.builds(lambda length, aim: kind(**{field: length}, **aim), number, aims)


any_move = st.one_of(
    st.just(Static()),
    st.builds(Pan, right_deg=number),
    st.builds(Tilt, up_deg=number),
    st.builds(Roll, clockwise_deg=number),
    travel(Dolly, "in_m"),
    travel(Truck, "right_m"),
    travel(Pedestal, "up_m"),
    travel(Crane, "up_m"),
    st.builds(Arc, right_deg=number, up_deg=number, around_m=target),
    st.builds(Spiral, right_deg=number, around_m=target, to_m=st.none() | positive, up_m=number),
    st.builds(Zoom, focal_mm=focal, start_focal_mm=st.none() | focal),
    st.builds(Zoom, factor=st.floats(0.001, 1000.0)),
    st.builds(DollyZoom, in_m=number, subject_m=positive),
    st.builds(LookAt, point_m=point),
    st.builds(Handheld, amplitude_m=st.floats(0, 10), amplitude_deg=st.floats(0, 90), seed=st.integers(0, 2**62)),
)
easings = st.sampled_from(["linear", "ease", "ease-in", "ease-out"])
timed_moves = st.one_of(
    st.builds(Timed, move=any_move, duration_s=st.none() | st.floats(1e-3, 3600.0), easing=easings),
    st.builds(Timed, move=any_move, duration_frames=st.integers(1, 10_000), easing=easings),
)
steps = st.builds(Step, moves=st.lists(timed_moves, min_size=1, max_size=3).map(tuple))
angle = st.none() | st.floats(-360.0, 360.0)
starts = st.one_of(
    st.just(Start()),
    st.builds(Start, position_m=point, yaw_deg=angle, pitch_deg=angle, roll_deg=angle, focal_mm=st.none() | focal),
    st.builds(Start, height_m=number, look_at_m=st.none() | point, roll_deg=angle),
)
shots = st.builds(
    Shot,
    steps=st.lists(steps, min_size=1, max_size=3).map(tuple),
    start=starts,
    throughout=st.just(()) | st.just((Handheld(seed=3),)),
)


@settings(max_examples=70)
@given(shots)
@example(sequence(Pan(right_deg=1e-7), Zoom(factor=1 / 3), Zoom(factor=0.1 + 0.2)))
def test_every_shot_is_written_and_read_back_unchanged(shot: Shot) -> None:
    assert parse_moves(unparse(shot)) == shot


WORDS = re.findall(
    r"\S+",
    "dolly in out pan left right arc around zoom to then ; , + and with over ease start at yaw lens height ( ) 2 -1 3m "
    "20deg 50mm 2s 5x -> 1,2,3 keep looking look handheld seed throughout spiral up crane ° frames",
)


@settings(max_examples=200)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_text_is_moves_or_an_input_error(text: str) -> None:
    try:
        shot = parse_moves(text)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert parse_moves(unparse(shot)) == shot
        with suppress(CineSceneError):
            assert len(shot.track(width_px=8, height_px=4, frames=5)) == 5
    assert len(message.splitlines()) <= 1
