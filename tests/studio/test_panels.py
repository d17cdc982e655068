"""What is done on the page, without a browser: handles, numbers, errors."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("viser", reason="the studio's package is not installed")

from cinescene.presets import NANO_FOLDER
from cinescene.studio.server import Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = tmp_path_factory.mktemp("studio")
    running = Studio(folder=folder, host="127.0.0.1", port=port, model="nano", nano=NANO_FOLDER)
    running.page.open("sample:courtyard", 1.6)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def fresh(studio: Studio) -> None:
    """A path of seven keyframes, the third of them chosen."""
    studio.page.desk.shoot_moves("arc right 60deg around 3m over 3s", focal_mm=24.0, frame_rate=8.0)
    studio.page.chosen = 2
    studio.page.path_changed()


def phase(name: str) -> SimpleNamespace:
    return SimpleNamespace(phase=name, client=None)


def test_dragging_a_keyframe_moves_it_and_is_one_step(studio: Studio) -> None:
    panel, desk = studio.page.camera_panel, studio.page.desk
    before = desk.path.to_json()
    for name, x in (("start", 0.1), ("update", 0.4), ("end", 0.7)):
        panel.gizmo.position = (x, 1.0, 0.0)
        panel._dragged(phase(name))
    assert desk[2].world_from_camera[:3, 3].tolist() == pytest.approx([0.7, 1.0, 0.0])
    assert not panel.dragging
    desk.undo()
    assert desk.path.to_json() == before


def test_a_point_to_look_at_is_dragged(studio: Studio) -> None:
    panel, desk = studio.page.camera_panel, studio.page.desk
    panel.target.position = (1.0, 4.0, 0.0)
    panel.looks.value = True
    panel._look(phase("update"))
    panel.target.position = (2.0, 4.0, 0.5)
    panel._aimed(phase("end"))
    assert desk[2].look_at_m == (2.0, 4.0, 0.5)
    track = studio.page.track()
    towards = torch.tensor([2.0, 4.0, 0.5], dtype=torch.float64) - desk[2].world_from_camera[:3, 3]
    frame = round(desk[2].time_s * studio.page.shot_panel.frame_rate)
    assert torch.allclose(track.world_from_camera[frame, :3, 2], towards / towards.norm(), atol=1e-3)
    panel.looks.value = False
    panel._look(phase("update"))
    assert desk[2].look_at_m is None


def test_numbers_change_the_chosen_keyframe(studio: Studio) -> None:
    panel, desk = studio.page.camera_panel, studio.page.desk
    panel.lens.value = 50.0
    panel._values(phase("update"))
    assert desk[2].focal_mm == 50.0
    panel.duration.value = 6.0
    panel._retime(phase("update"))
    assert desk.path.duration_s == pytest.approx(6.0)
    assert studio.page.playhead.max == pytest.approx(6.0)


def test_a_number_that_makes_no_path_is_said_and_put_back(studio: Studio) -> None:
    panel, desk = studio.page.camera_panel, studio.page.desk
    before = desk.path.to_json()
    panel.time.value = 99.0
    studio.page.guarded(panel._values)(phase("update"))
    assert "Not done" in studio.page.message.content
    assert desk.path.to_json() == before
    assert panel.time.value == pytest.approx(desk[2].time_s)


def test_the_scale_is_set_by_two_points(studio: Studio) -> None:
    panel = studio.page.scene_panel
    panel.measure.value = True
    panel._show_points(phase("update"))
    panel._points[0].position, panel._points[1].position = (0.0, 2.0, -1.6), (2.0, 2.0, -1.6)
    panel.really.value = 3.0
    panel._scale(phase("update"))
    assert studio.page.stage is not None
    assert studio.page.stage.camera_height_m == pytest.approx(2.4)
    studio.page.open("sample:courtyard", 1.6)


def test_paths_that_leave_the_place_are_warned_of(studio: Studio) -> None:
    studio.page.desk.shoot_moves("dolly in 60m over 2s", focal_mm=24.0, frame_rate=8.0)
    studio.page.path_changed()
    assert "wall" in studio.page.warnings.content
    assert "too fast" in studio.page.warnings.content


def test_defects_are_said_without_ending_the_page(studio: Studio) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("inside")

    studio.page.guarded(broken)(None)
    assert "defect" in studio.page.message.content
    assert "inside" not in studio.page.message.content
