"""The stage: what is shown is where it is, and what is wrong with a path is said."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import CineSceneError, InputError
from cinescene.presets import NANO_FOLDER
from cinescene.previz.flight import PrevizFrame
from cinescene.scene.samples import sample_path
from cinescene.studio.draw import pose_of, speed_colours, vertical_fov, wxyz_of
from cinescene.studio.stage import GUESSED, Stage, guess_warnings, measured_height_m, open_stage, speed_warnings, tinted


@pytest.fixture(scope="module")
def courtyard() -> Stage:
    return open_stage("sample:courtyard", 1.6, NANO_FOLDER)


def camera(position: tuple[float, float, float] = (0.0, 0.0, 0.0), yaw: float = 0.0) -> Cameras:
    pose = rigid(level_rotation(yaw), torch.tensor(position, dtype=torch.float64))
    return Cameras.from_focal_mm(pose[None], 24.0, 64, 36)


def moving(speed_m_s: float) -> CameraTrack:
    poses = [camera((0.0, speed_m_s * i / 8, 0.0)).world_from_camera[0] for i in range(9)]
    return CameraTrack.from_cameras(Cameras.from_focal_mm(torch.stack(poses), 24.0, 64, 36), frame_rate=8.0)


def test_points_have_the_colours_that_a_camera_sees_there(courtyard: Stage) -> None:
    """Points ahead, projected into a camera at the origin, look like its picture."""
    from cinescene.cameras.projection import project

    view = camera()
    frame = courtyard.look(view)
    pixels, depth = project(view, courtyard.points[None].double())
    u, v = pixels[0].nan_to_num(-1).floor().long().unbind(-1)
    inside = (depth[0] > 0) & (u >= 0) & (u < 64) & (v >= 0) & (v < 36)
    seen = frame.image[:, v[inside], u[inside]].T * 255
    assert int(inside.sum()) > 300
    assert float((seen - courtyard.colours[inside].float()).abs().median()) < 12


def test_the_ground_lies_a_camera_height_below(courtyard: Stage) -> None:
    down = courtyard.points[:, 2] < -1.2
    assert float(courtyard.points[down][:, 2].median()) == pytest.approx(-1.6, abs=0.15)
    assert float(courtyard.points[:, 2].min()) >= -1.6 - 1e-3


def test_at_the_origin_everything_was_photographed(courtyard: Stage) -> None:
    frame = courtyard.look(camera(yaw=1.0))
    assert float(frame.photographed.min()) > 0.95
    assert torch.equal(tinted(frame), (frame.image.clamp(0, 1) * 255).round().to(torch.uint8).movedim(0, -1)) or (
        (tinted(frame).float() - frame.image.movedim(0, -1) * 255).abs().max() < 12
    )


def test_what_is_guessed_is_tinted() -> None:
    frame = PrevizFrame(image=torch.zeros(3, 2, 2), photographed=torch.tensor([[1.0, 0.0], [0.5, 1.0]]))
    shown = tinted(frame).float() / 255
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[0, 1] == pytest.approx(0.75 * torch.tensor(GUESSED), abs=0.01)
    assert float(shown[1, 0].sum()) < float(shown[0, 1].sum())


def test_paths_that_go_wrong_are_warned_of(courtyard: Stage) -> None:
    assert courtyard.warn(moving(0.5)) == []
    assert any("too fast" in warning for warning in courtyard.warn(moving(5.0)))
    below = CameraTrack.from_cameras(camera((0.0, 0.0, -2.0)), frame_rate=8.0)
    assert any("ground" in warning for warning in courtyard.warn(below))
    beyond = CameraTrack.from_cameras(camera((0.0, 300.0, 0.0)), frame_rate=8.0)
    assert courtyard.warn(beyond)
    assert speed_warnings(below) == []


def test_what_is_mostly_guessed_is_warned_of(courtyard: Stage) -> None:
    still = CameraTrack.from_cameras(camera(), frame_rate=8.0)
    assert guess_warnings(courtyard, still) == []
    looks = dataclasses.replace(
        courtyard,
        look=lambda view: PrevizFrame(
            image=torch.zeros(3, 4, 4), photographed=torch.full((4, 4), float(view.position[0, 1] < 0.5))
        ),
    )
    (warning,) = guess_warnings(looks, moving(1.0))
    assert "from 0.6 to 1.0 s" in warning


def test_photos_have_a_stage_too() -> None:
    stage = open_stage("sample:courtyard/photos", 1.6, NANO_FOLDER)
    assert len(stage.points) > 1000
    assert stage.view_cameras is not None
    assert len(stage.view_cameras) == len(stage.views)
    assert stage.look(stage.view_cameras[:1].resized(64, 36)).image.shape == (3, 36, 64)
    assert any("fit together" in note for note in stage.notes)


def test_a_single_photo_has_the_depth_that_was_estimated() -> None:
    stage = open_stage(str(sample_path("sample:courtyard/photos") / "01.jpg"), 1.6, NANO_FOLDER)
    assert len(stage.points) > 1000
    assert any("small network" in note for note in stage.notes)


def test_one_measured_distance_sets_the_scale(courtyard: Stage) -> None:
    height = measured_height_m(courtyard, 2.0, 3.0)
    assert height == pytest.approx(2.4)
    larger = open_stage("sample:courtyard", height, NANO_FOLDER)
    near = courtyard.points.norm(dim=-1) < 12
    assert torch.allclose(larger.points[near], 1.5 * courtyard.points[near], rtol=0.05, atol=0.02)
    with pytest.raises(InputError, match="scale"):
        measured_height_m(courtyard, 0.0, 1.0)


@pytest.mark.parametrize(
    ("source", "height"), [("sample:nowhere", 1.6), ("/no/such/file.jpg", 1.6), ("sample:courtyard", 0.0)]
)
def test_places_that_cannot_be_are_refused(source: str, height: float) -> None:
    with pytest.raises(CineSceneError):
        open_stage(source, height, NANO_FOLDER)


def test_without_a_relief_network_the_stand_in_serves_and_it_is_said(tmp_path: Path) -> None:
    stage = open_stage("sample:courtyard", 1.6, tmp_path)
    assert any("relief" in note for note in stage.notes)
    assert stage.warn(CameraTrack.from_cameras(camera((0.0, 30.0, 0.0)), frame_rate=8.0))


def test_poses_go_to_the_page_and_back() -> None:
    pytest.importorskip("viser")
    pose = rigid(level_rotation(0.4, -0.3, 0.2), torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))
    assert torch.allclose(pose_of(wxyz_of(pose), pose[:3, 3].numpy()), pose, atol=1e-12)


def test_the_field_of_view_is_the_vertical_one() -> None:
    assert vertical_fov(camera()) == pytest.approx(2 * math.atan(36 / 64 * 36 / 2 / 24))


def test_speeds_are_coloured() -> None:
    slow, fast = speed_colours(moving(0.1)), speed_colours(moving(9.0))
    assert slow.shape == (8, 2, 3)
    assert (slow[..., 2] > slow[..., 0]).all()
    assert (fast[..., 0] > fast[..., 2]).all()
