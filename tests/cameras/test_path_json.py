import json
import math
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras.path import CameraPath
from cinescene.cameras.path_json import is_path_file
from cinescene.cameras.rig import level_pose
from cinescene.errors import CineSceneError, GeometryError, InputError
from tests.cameras.test_path import made, plans

POSE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
GOOD = {
    "kind": "cinescene.camera-path",
    "version": 1,
    "keyframes": [{"time_s": 0, "position_m": [0, -4, 1.6]}, {"time_s": 2, "position_m": [1, 0, 1.6], "yaw_deg": 30}],
}


@settings(max_examples=15)
@given(plans(easings=("linear", "ease", "hold")))
def test_json_gives_every_number_back(plan: dict) -> None:
    path = made(plan)
    again = CameraPath.from_json(path.to_json())
    assert again.position_spline == path.position_spline
    assert again.sensor_width_mm == path.sensor_width_mm
    for mine, other in zip(path.keyframes, again.keyframes, strict=True):
        assert torch.equal(mine.world_from_camera, other.world_from_camera)
        for name in ("time_s", "focal_mm", "look_at_m", "easing"):
            assert getattr(mine, name) == getattr(other, name)
    assert again.to_json() == path.to_json()


def test_a_path_written_by_hand_is_read() -> None:
    path = CameraPath.from_json(json.dumps(GOOD | {"sensor_width_mm": 24.9}))
    first, second = path.keyframes
    torch.testing.assert_close(first.world_from_camera, level_pose((0, -4, 1.6)))
    torch.testing.assert_close(second.world_from_camera, level_pose((1, 0, 1.6), 30))
    assert first.focal_mm == second.focal_mm == 24
    assert path.sensor_width_mm == 24.9


def test_files_round_trip_under_any_name(tmp_path: Path) -> None:
    file = tmp_path / "ein Weg – 道.json"
    path = CameraPath.from_json(json.dumps(GOOD))
    path.save(file)
    assert CameraPath.load(file).to_json() == path.to_json()
    assert is_path_file(file)
    assert not is_path_file(tmp_path / "missing.json")


def test_messages_about_a_file_name_it(tmp_path: Path) -> None:
    for name, content, message in (
        ("empty", b"", "is empty"),
        ("binary", b"\xff\xfe\x00", "UTF-8"),
        ("cut", json.dumps(GOOD).encode()[:60], "expected JSON"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}: .*{message}"):
            CameraPath.load(tmp_path / name)


def keyed(**changes: object) -> dict:
    return GOOD | {"keyframes": [GOOD["keyframes"][0], {"time_s": 2, "position_m": [1, 0, 0]} | changes]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "expected a JSON object with"),
        ({"kind": "other"}, "got 'other'"),
        (GOOD | {"version": 2}, "reads version 1, not 2"),
        (GOOD | {"fps": 24}, 'unknown entry "fps"'),
        (GOOD | {"keyframes": {}}, 'expected a list of "keyframes"'),
        (GOOD | {"keyframes": []}, "at least one keyframe"),
        (GOOD | {"keyframes": [3]}, "keyframe 0: expected an object"),
        (GOOD | {"position_spline": "bezier"}, "expected one of catmull-rom, cubic, got 'bezier'"),
        (GOOD | {"sensor_width_mm": 0}, "sensor width"),
        (GOOD | {"sensor_width_mm": True}, "expected a number, got True"),
        (keyed(time_s=0), "keyframe 1 is at 0 s"),
        (keyed(time_s=-1), "keyframe 1 is at -1 s"),
        (keyed(time_s="1"), "keyframe 1: time_s: expected a number, got '1'"),
        (keyed(focal_mm=0), "focal length above 0 mm"),
        (keyed(focal_mm=10**400), "focal length"),
        (keyed(easing="bouncy"), "got 'bouncy'"),
        (keyed(easing={}), "easing: expected one of"),
        (keyed(look_at_m=[1, 2]), "expected three numbers"),
        (keyed(position_m=[1, 2]), "keyframe 1: position_m: expected three numbers"),
        (keyed(pos=[1, 2, 3]), 'keyframe 1: unknown entry "pos"'),
        (keyed(world_from_camera=POSE), 'leave out "position_m"'),
        (GOOD | {"keyframes": [{"time_s": 0}]}, 'expected "world_from_camera" or "position_m"'),
        (GOOD | {"keyframes": [{"position_m": [0, 0, 0]}]}, 'expected a "time_s"'),
        (GOOD | {"keyframes": [{"time_s": 0, "world_from_camera": POSE[:3]}]}, "four rows of four"),
    ],
)
def test_what_is_wrong_is_named(content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CameraPath.from_json(json.dumps(content))


def test_numbers_that_are_none_and_matrices_of_no_camera_are_refused() -> None:
    with pytest.raises(InputError, match="expected finite numbers, got NaN"):
        CameraPath.from_json(json.dumps(keyed(time_s=math.nan)))
    mirrored = [[-1, 0, 0, 0], *POSE[1:]]
    with pytest.raises(GeometryError, match="right-handed"):
        CameraPath.from_json(json.dumps(GOOD | {"keyframes": [{"time_s": 0, "world_from_camera": mirrored}]}))
    with pytest.raises(InputError, match="expected JSON"):
        CameraPath.from_json("[" * 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(["time_s", "position_m", "focal_mm", "look_at_m", "easing", "yaw_deg"]), json_values)
def test_any_value_in_any_entry_is_read_or_refused(name: str, value: object) -> None:
    with suppress(CineSceneError):
        assert len(CameraPath.from_json(json.dumps(keyed(**{name: value}))).keyframes) == 2
