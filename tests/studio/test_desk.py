"""Editing a camera path: whatever is done, it is a path, and undo brings back what was."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.path import CameraPath, Keyframe
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.studio.camera_panel import FILE_NAMES, MOVES
from cinescene.studio.desk import PathDesk


def key(time_s: float, x: float = 0.0, yaw: float = 0.0, focal_mm: float = 24.0) -> Keyframe:
    pose = rigid(level_rotation(yaw), torch.tensor([x, 0.0, 0.0], dtype=torch.float64))
    return Keyframe(time_s=time_s, world_from_camera=pose, focal_mm=focal_mm)


def states(path: CameraPath) -> str:
    return path.to_json()


Change = tuple[str, float, float]
changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "append", "replace", "remove", "retime", "look", "free"]),
        st.floats(0.1, 9.0),
        st.floats(-3.0, 3.0),
    ),
    max_size=12,
)


def do(desk: PathDesk, change: Change) -> bool:
    """Whether something was changed; what makes no path is refused and changes nothing."""
    name, time_s, number = change
    before = states(desk.path)
    try:
        if name == "add":
            desk.add(key(time_s, number))
        elif name == "append":
            desk.append(key(0.0, number), time_s)
        elif name == "replace":
            desk.replace(len(desk) - 1, focal_mm=10 + abs(number))
        elif name == "remove":
            desk.remove(0)
        elif name == "retime":
            desk.retime(time_s)
        elif name == "look":
            desk.look_at((number, 4.0, 0.0))
        else:
            desk.look_at(None)
    except InputError:
        assert states(desk.path) == before
        return False
    return True


@given(changes)
def test_undo_and_redo_bring_back_every_state(steps: list[Change]) -> None:
    desk = PathDesk()
    seen = [states(desk.path)]
    for step in steps:
        if do(desk, step):
            seen.append(states(desk.path))
    for state in reversed(seen):
        assert states(desk.path) == state
        desk.undo()
    for state in seen[1:]:
        desk.redo()
        assert states(desk.path) == state
    assert not desk.can_redo
    times = [k.time_s for k in desk.path.keyframes]
    assert times == sorted(set(times))


def test_a_drag_is_one_step() -> None:
    desk = PathDesk()
    first = states(desk.path)
    for i in range(5):
        desk.replace(0, goes_on=i > 0, world_from_camera=key(0.0, i).world_from_camera)
    desk.undo()
    assert states(desk.path) == first


def test_a_change_after_undo_ends_redo() -> None:
    desk = PathDesk()
    desk.append(key(0.0, 1.0))
    desk.undo()
    desk.append(key(0.0, 2.0))
    assert not desk.can_redo


def test_a_keyframe_where_one_is_takes_its_place() -> None:
    desk = PathDesk()
    desk.add(key(2.0, 1.0))
    desk.add(key(2.01, 5.0))
    assert len(desk) == 2
    assert float(desk[1].world_from_camera[0, 3]) == 5.0


def test_looking_at_a_point_and_letting_go_keeps_the_view() -> None:
    desk = PathDesk()
    desk.append(key(0.0, 1.0))
    desk.look_at((3.0, 4.0, 0.5))
    looking = desk.track(width_px=64, height_px=36, frame_rate=8)
    ends = looking.world_from_camera[[0, -1]]
    desk.look_at(None)
    left = desk.track(width_px=64, height_px=36, frame_rate=8)
    assert torch.allclose(left.world_from_camera[[0, -1]], ends, atol=1e-9)
    towards = torch.tensor([3.0, 4.0, 0.5], dtype=torch.float64) - ends[1, :3, 3]
    assert torch.allclose(ends[1, :3, 2], towards / towards.norm(), atol=1e-9)


@pytest.mark.parametrize("name", list(MOVES))
def test_every_move_of_the_panel_makes_a_path(name: str) -> None:
    desk = PathDesk()
    desk.shoot_moves(MOVES[name], focal_mm=24.0, frame_rate=8.0)
    assert len(desk) >= 2
    begin = desk[0].world_from_camera
    assert torch.allclose(begin, PathDesk()[0].world_from_camera, atol=0.05)


def test_moves_after_the_path_begin_where_it_ends() -> None:
    desk = PathDesk()
    desk.shoot_moves("dolly in 2m over 2s", focal_mm=24.0, frame_rate=8.0)
    desk.shoot_moves("pan right 90deg over 1s", focal_mm=24.0, frame_rate=8.0, from_end=True)
    assert desk.path.duration_s == pytest.approx(3.0)
    last = desk[-1].world_from_camera
    assert torch.allclose(last[:3, 3], torch.tensor([0.0, 2.0, 0.0], dtype=torch.float64), atol=1e-6)
    assert math.degrees(math.atan2(float(last[0, 2]), float(last[1, 2]))) == pytest.approx(90.0, abs=1e-6)


@pytest.mark.parametrize("name", list(FILE_NAMES))
def test_every_format_of_the_panel_is_written_and_read_again(name: str, tmp_path: Path) -> None:
    desk = PathDesk()
    desk.shoot_moves(MOVES["arc"], focal_mm=24.0, frame_rate=8.0)
    wanted = desk.path.track(frame_rate=8.0, width_px=64, height_px=36).world_from_camera[-1]
    file = tmp_path / FILE_NAMES[name]
    try:
        desk.save(file, name, width_px=64, height_px=36, frame_rate=8.0)
        other = PathDesk()
        other.open(file)
    except ImportError as error:
        pytest.skip(str(error))
    found = other[-1].world_from_camera @ torch.linalg.inv(other[0].world_from_camera)
    expected = wanted @ torch.linalg.inv(desk[0].world_from_camera)
    angle = torch.acos(((found[:3, :3] @ expected[:3, :3].mT).diagonal().sum() / 2 - 0.5).clamp(-1, 1))
    assert math.degrees(float(angle)) < 0.5


def test_what_is_no_camera_file_leaves_the_path(tmp_path: Path) -> None:
    desk = PathDesk()
    before = states(desk.path)
    (tmp_path / "no.json").write_text("{")
    with pytest.raises(InputError):
        desk.open(tmp_path / "no.json")
    with pytest.raises(InputError):
        desk.shoot_moves("fly like a bird", focal_mm=24.0, frame_rate=8.0)
    assert states(desk.path) == before
    assert not desk.can_undo
