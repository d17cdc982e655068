import dataclasses

import pytest
import torch

from cinescene.cameras import CameraTrack
from cinescene.errors import GeometryError, InputError

POSES = torch.eye(4, dtype=torch.float64).expand(2, 4, 4)


@pytest.mark.parametrize("times", [[0.0, 0.0], [1.0, 0.0], [0.0, float("inf")], [0.0, float("nan")]])
def test_times_are_finite_and_increase(times: list[float]) -> None:
    with pytest.raises(InputError, match="finite times that increase"):
        CameraTrack(world_from_camera=POSES, times_s=torch.tensor(times))


def test_a_lens_that_cannot_be_is_refused() -> None:
    track = CameraTrack(world_from_camera=POSES).with_lens(24.0, 672, 384)
    with pytest.raises(GeometryError, match="image size beside them"):
        dataclasses.replace(track, image_size_px=None)
    with pytest.raises(GeometryError, match="positive focal lengths"):
        dataclasses.replace(track, intrinsics_px=torch.zeros(2, 3, 3) + torch.diag(torch.tensor([0.0, 0, 1])))


def test_a_track_that_is_cut_keeps_what_is_known_of_it() -> None:
    track = CameraTrack(
        world_from_camera=POSES, times_s=torch.tensor([0.0, 0.5]), metres_per_unit=2.0, notes=("the lens is assumed",)
    ).with_lens(24.0, 672, 384)
    cut = track.first_frames(1)
    assert len(cut) == 1
    assert cut.notes == track.notes
    assert cut.metres_per_unit == 2.0
    assert cut.times_s is not None
    assert cut.times_s.tolist() == [0.0]
    assert cut.cameras().size_px == (672, 384)
