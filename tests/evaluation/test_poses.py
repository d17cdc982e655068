"""Poses that are known, found again: by comparison with a known place, and by structure from motion."""

from __future__ import annotations

import math

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import level_rotation, rigid, rotation_about_axis
from cinescene.errors import InputError
from cinescene.evaluation.camera_error import camera_error
from cinescene.evaluation.poses.colmap import ColmapOptions, ColmapPoses
from cinescene.evaluation.poses.known_place import KnownPlacePoses, panorama_place, recorded_place
from cinescene.evaluation.poses.photometric import PlaceView, align_frame
from cinescene.scene.panorama import Panorama
from tests.evaluation import room


def disturbed(cameras: Cameras, angle_deg: float, shift_m: float, seed: int = 0) -> Cameras:
    """Every camera turned and moved by a known amount in a random direction."""
    generator = torch.Generator().manual_seed(seed)
    poses = cameras.world_from_camera.clone()
    for i in range(len(poses)):
        axis, way = torch.randn(2, 3, generator=generator).double()
        poses[i, :3, :3] = poses[i, :3, :3] @ rotation_about_axis(axis, torch.tensor(math.radians(angle_deg)).double())
        poses[i, :3, 3] += shift_m * way / way.norm()
    return Cameras(world_from_camera=poses, intrinsics_px=cameras.intrinsics_px, image_size_px=cameras.image_size_px)


def from_renders(camera: Cameras, frame: int) -> PlaceView:
    images, depth = room.render(camera.reshape(1))
    return PlaceView(image=images[0], depth=depth[0], camera=camera)


@pytest.mark.parametrize(("angle_deg", "shift_m"), [(0.0, 0.0), (6.0, 0.25)])
def test_known_offsets_from_a_rendered_place_are_measured(angle_deg: float, shift_m: float) -> None:
    wanted = room.arc(2)
    real = disturbed(wanted, angle_deg, shift_m)
    frames = room.as_bytes(room.render(real)[0])
    found = KnownPlacePoses(look=from_renders)(frames, wanted)
    assert bool(found.posed.all())
    assert found.world == "place"
    against_truth = camera_error(found.world_from_camera, real.world_from_camera, "none")
    assert float(against_truth.rotation_deg.max()) < 0.05
    assert float(against_truth.translation.max()) < 0.004
    error = camera_error(found.world_from_camera, wanted.world_from_camera, "none").means()
    assert error["rot_err_deg"] == pytest.approx(angle_deg, abs=0.05)
    assert error["trans_err"] == pytest.approx(shift_m, abs=0.004)


def test_recorded_frames_with_depth_serve_as_the_place() -> None:
    wanted = room.arc(3)
    real = disturbed(wanted, 3.0, 0.1)
    found = KnownPlacePoses(look=recorded_place(room.depth_views(wanted)))(room.as_bytes(room.render(real)[0]), wanted)
    error = camera_error(found.world_from_camera, real.world_from_camera, "none", found.posed)
    assert error.unposed == ()
    assert float(error.rotation_deg.max()) < 0.1
    assert float(error.translation.max()) < 0.01


def test_a_subject_in_front_does_not_pull_the_camera() -> None:
    wanted = room.arc(2)
    real = disturbed(wanted, 2.0, 0.08)
    pictures = room.render(real)[0]
    background = torch.ones(2, 128, 192, dtype=torch.bool)
    background[:, 30:110, 60:120] = False
    pictures = torch.where(background[:, None], pictures, torch.tensor([0.9, 0.2, 0.1])[:, None, None])
    found = KnownPlacePoses(look=from_renders)(room.as_bytes(pictures), wanted, background)
    error = camera_error(found.world_from_camera, real.world_from_camera, "none", found.posed)
    assert error.unposed == ()
    assert float(error.rotation_deg.max()) < 0.1
    unmasked = KnownPlacePoses(look=from_renders)(room.as_bytes(pictures), wanted)
    error = camera_error(unmasked.world_from_camera, real.world_from_camera, "none", unmasked.posed)
    assert float(error.rotation_deg.max()) < 0.2


def test_another_brightness_and_contrast_are_no_camera_error() -> None:
    wanted = room.arc(2)
    pictures = room.render(wanted)[0]
    found = KnownPlacePoses(look=from_renders)(room.as_bytes(0.7 * pictures + 0.1), wanted)
    assert float(camera_error(found.world_from_camera, wanted.world_from_camera, "none").rotation_deg.max()) < 0.05


def test_frames_of_another_place_and_black_frames_are_unposed() -> None:
    wanted = room.arc(3)
    generator = torch.Generator().manual_seed(1)
    frames = room.as_bytes(room.render(wanted)[0])
    frames[1] = 0
    frames[2] = torch.randint(0, 256, frames[2].shape, generator=generator, dtype=torch.uint8)
    found = KnownPlacePoses(look=from_renders)(frames, wanted)
    assert found.posed.tolist() == [True, False, False]


def test_a_panorama_measures_turning_and_says_that_it_cannot_measure_travel() -> None:
    pose = rigid(level_rotation(), torch.zeros(3).double())
    around = Cameras.equirectangular(pose, 1024, 512)
    from cinescene.cameras.projection import pixel_rays

    _, rays = pixel_rays(around)
    panorama = Panorama(image=room.colour(2.5 * rays).movedim(-1, 0).float(), camera=around)
    wanted = Cameras.from_field_of_view(
        torch.stack([rigid(level_rotation(0.2 * i), torch.zeros(3).double()) for i in range(3)]), 1.2, 192, 128
    )
    real = disturbed(wanted, 4.0, 0.0)
    frames = torch.stack([panorama_place(panorama)(real[i], i).image for i in range(3)])
    found = KnownPlacePoses(look=panorama_place(panorama))(room.as_bytes(frames.clamp(0, 1)), wanted)
    assert not found.positions_known
    error = camera_error(found.world_from_camera, real.world_from_camera, "none", found.posed)
    assert error.unposed == ()
    assert float(error.rotation_deg.max()) < 0.05


def test_alignment_needs_no_matches_for_small_offsets() -> None:
    wanted = room.arc(1)
    real = disturbed(wanted, 1.5, 0.05)
    frame = room.render(real)[0][0]
    view = from_renders(wanted[0], 0)
    found = align_frame(frame, view, wanted[0])
    error = camera_error(found.world_from_camera[None], real.world_from_camera, "none")
    assert float(error.rotation_deg.max()) < 0.1
    assert found.correlation > 0.97


@pytest.mark.parametrize("mapper", ["incremental", pytest.param("global", marks=pytest.mark.slow)])
def test_structure_from_motion_finds_a_path_up_to_a_similarity(mapper: str) -> None:
    wanted = room.arc(6, 216, 144)
    frames = room.as_bytes(room.render(wanted)[0])
    found, again = (ColmapPoses(options=ColmapOptions(mapper=mapper))(frames, wanted) for _ in range(2))
    assert bool(found.posed.all())
    assert torch.allclose(found.world_from_camera, again.world_from_camera, atol=1e-6)
    for rule in ("first-frame", "similarity"):
        error = camera_error(found.world_from_camera, wanted.world_from_camera, rule, found.posed)
        assert error.means()["rot_err_deg"] < 1.5
        assert error.means()["trans_err_share"] < 0.06


def test_structure_from_motion_says_when_it_finds_nothing() -> None:
    wanted = room.arc(4, 96, 64)
    found = ColmapPoses()(torch.zeros(4, 3, 64, 96, dtype=torch.uint8), wanted)
    assert not bool(found.posed.any())
    assert "no reconstruction" in found.notes[0]
    with pytest.raises(InputError, match="overlap"):
        ColmapOptions(overlap=0)
