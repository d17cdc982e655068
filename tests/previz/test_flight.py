import dataclasses
import math
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.projection import pixel_grid, pixel_rays
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError, InputError
from cinescene.previz.flight import PrevizFrame, fly_through_panorama
from cinescene.previz.preview import write_preview
from cinescene.previz.stand_in import StandIn
from cinescene.previz.support import path_warnings, support_warnings
from cinescene.scene.panorama import Panorama, resample_panorama
from cinescene.video import read_video, video_info

PLACE = StandIn(camera_height_m=1.6, dome_radius_m=8.0)


def painted(points: torch.Tensor) -> torch.Tensor:
    """A smooth colour for every point of the world, (…, 3) to (…, 3)."""
    return 0.5 + 0.4 * torch.sin(1.3 * points + torch.tensor([0.0, 1.0, 2.0]) + points.roll(1, -1))


def true_picture(camera: Cameras) -> torch.Tensor:
    """What a camera sees of the painted ground and dome."""
    origin, rays = pixel_rays(camera)
    distance = PLACE.distance(origin, rays)
    return painted(origin + rays * distance[..., None]).movedim(-1, 0)


@pytest.fixture(scope="module")
def panorama() -> Panorama:
    pose = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
    return Panorama.from_image(true_picture(Cameras.equirectangular(pose.float(), 1024, 512)))


def cameras_at(positions: list[list[float]], yaw: float = 0.4, focal_mm: float = 24.0) -> Cameras:
    poses = [rigid(level_rotation(yaw, -0.3), torch.tensor(p, dtype=torch.float64)) for p in positions]
    return Cameras.from_focal_mm(torch.stack(poses), focal_mm, 96, 64)


def test_moving_shows_the_ground_and_the_dome_from_the_new_place(panorama: Panorama) -> None:
    cameras = cameras_at([[0.0, 0.0, 0.0], [1.0, -0.5, 0.3], [-2.0, 1.5, -0.6]])
    for index, frame in enumerate(fly_through_panorama(panorama, cameras, PLACE)):
        expected = true_picture(cameras[index].to(dtype=torch.float32))
        error = (frame.image - expected).abs()
        assert error.mean() < 0.01
        assert error.quantile(0.99) < 0.06, "the corner where the ground meets the dome is the only sharp place"


def test_turning_and_zooming_are_exact_and_wholly_photographed(panorama: Panorama) -> None:
    for focal_mm in (18.0, 85.0):
        cameras = cameras_at([[0.0, 0.0, 0.0]] * 2, yaw=2.0, focal_mm=focal_mm)
        for index, frame in enumerate(fly_through_panorama(panorama, cameras, PLACE)):
            torch.testing.assert_close(frame.image, resample_panorama(panorama, cameras[index]), atol=2e-3, rtol=0)
            assert (frame.photographed == 1).all()


def test_trust_falls_with_the_distance_from_where_the_panorama_was_taken(panorama: Panorama) -> None:
    cameras = cameras_at([[0.1 * 4**i, 0.0, 0.0] for i in range(3)])
    shares = [float(f.photographed.mean()) for f in fly_through_panorama(panorama, cameras, PLACE)]
    assert 1 > shares[0] > shares[1] > shares[2] > 0


def test_trust_is_the_parallax_angle(panorama: Panorama) -> None:
    camera = cameras_at([[1.0, 0.0, 0.0]])
    frame = next(fly_through_panorama(panorama, camera, PLACE))
    origin, rays = pixel_rays(camera[0])
    points = origin + rays * PLACE.distance(origin, rays)[..., None]
    cosine = (rays * points).sum(-1) / points.norm(dim=-1)
    angle = (torch.acos(cosine) - 1 / float(camera.focal_px.min())).clamp_min(0)
    expected = 1 / (1 + (angle / math.radians(20)) ** 2)
    torch.testing.assert_close(frame.photographed.double(), expected, atol=1e-3, rtol=0)


def test_outside_the_assumed_place_nothing_is_shown(panorama: Panorama) -> None:
    below, beyond = fly_through_panorama(panorama, cameras_at([[0.0, 0.0, -2.0], [9.0, 0.0, 0.0]]), PLACE)
    for frame in (below, beyond):
        assert (frame.image == 0).all()
        assert (frame.photographed == 0).all()


def test_only_a_path_of_perspective_cameras_can_be_flown(panorama: Panorama) -> None:
    with pytest.raises(GeometryError, match="perspective"):
        next(fly_through_panorama(panorama, panorama.camera, PLACE))


def test_a_director_is_told_where_the_path_leaves_the_place() -> None:
    cameras = cameras_at([[0.0, 0.0, 0.0], [0.0, 0.0, -1.7], [0.0, 0.0, 0.0], [8.5, 0.0, 0.0], [9.0, 0.0, 0.0]])
    track = CameraTrack.from_cameras(cameras, frame_rate=10.0)
    below, beyond = path_warnings(track, PLACE)
    assert below.startswith("frame 1 (0.10 s)")
    assert beyond.startswith("frames 3–4 (0.30–0.40 s)")
    assert path_warnings(CameraTrack.from_cameras(cameras[:1]), PLACE) == []
    (guessed,) = support_warnings([1.0, 0.9, 0.3, 0.2, 0.8], track)
    assert guessed.startswith("frames 2–3")
    assert "20 %" in guessed


def test_a_preview_and_its_map_are_written_together(tmp_path: Path) -> None:
    grid = pixel_grid(64, 32).movedim(-1, 0) / 64
    image = torch.cat([grid, grid[:1]])
    frames = [PrevizFrame(image=image, photographed=grid[0]) for _ in range(3)]
    track = CameraTrack.from_cameras(
        Cameras.from_focal_mm(torch.eye(4, dtype=torch.float64).repeat(3, 1, 1), 24.0, 64, 32), frame_rate=12.0
    )
    done: list[int] = []
    report = write_preview(iter(frames), track, tmp_path / "a.mp4", tmp_path / "a-map.mp4", done.append)
    assert done == [1, 2, 3]
    assert (read_video(tmp_path / "a.mp4").as_float() - image).abs().mean() < 0.02
    assert video_info(tmp_path / "a-map.mp4").frame_count == 3
    assert report.photographed_shares == pytest.approx([0.5] * 3)
    with pytest.raises(InputError, match="NaN"):
        write_preview(
            iter([PrevizFrame(image=image * math.nan, photographed=grid[0])]),
            track,
            tmp_path / "b.mp4",
            tmp_path / "c.mp4",
        )
    assert {p.name for p in tmp_path.iterdir()} == {"a.mp4", "a-map.mp4"}


def test_what_a_panorama_was_filled_in_with_is_not_photographed() -> None:
    panorama = Panorama.from_image(torch.full((3, 64, 128), 0.5))
    known = torch.ones(64, 128, dtype=torch.bool)
    known[32:] = False
    partly = dataclasses.replace(panorama, known=known)
    cameras = cameras_at([[0.0, 0.0, 0.0]])
    (frame,) = fly_through_panorama(partly, cameras, PLACE)
    rise = pixel_rays(cameras[0])[1][..., 2]
    assert float(frame.photographed[rise > 0.1].min()) > 0.98
    assert float(frame.photographed[rise < -0.1].max()) < 0.02
    assert torch.allclose(frame.image, torch.full_like(frame.image, 0.5), atol=1e-3)


def test_less_doubt_is_more_trust_but_never_in_what_is_unknown() -> None:
    trust = torch.tensor([[0.0, 0.2, 0.5, 1.0]])
    frame = PrevizFrame(image=torch.zeros(3, 1, 4), photographed=trust)
    assert torch.allclose(frame.with_doubt(1.0).photographed, trust)
    assert torch.allclose(frame.with_doubt(0.5).photographed, torch.tensor([[0.0, 1 / 3, 2 / 3, 1.0]]))
    assert torch.equal(frame.with_doubt(0.0).photographed, torch.tensor([[0.0, 1.0, 1.0, 1.0]]))
