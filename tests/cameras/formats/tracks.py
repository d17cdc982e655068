"""Random camera tracks, and what of a track must survive a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats.lens import intrinsics_from
from cinescene.cameras.formats.losses import Holds
from cinescene.cameras.transforms import invert_rigid, rigid, rotation_from_quaternion

RATES = [24.0, 24000 / 1001, 25.0, 15.0, 30.0, 60.0, 12.5]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A random track in a few numbers, which hypothesis can draw and print."""

    frames: int
    seed: int
    spread: float
    lens: bool
    changing_lens: bool
    mixed_sizes: bool
    square_pixels: bool
    centred: bool
    frame_rate: float | None
    start_s: float | None
    named: bool
    metres_per_unit: float | None
    z_up: bool

    def track(self) -> CameraTrack:
        """The track; times are used where there is no frame rate but a start."""
        generator = torch.Generator().manual_seed(self.seed)
        known: dict[str, Any] = self._lens(generator) if self.lens else {}
        if self.frame_rate is None and self.start_s is not None:
            steps = 0.01 + torch.rand(self.frames, generator=generator, dtype=torch.float64)
            known["times_s"] = (self.start_s + steps.cumsum(0)).mul(1e6).round() / 1e6
        if self.named:
            known["names"] = tuple(f"bilder/ä_{self.seed}_{i}.png" for i in range(self.frames))
        return CameraTrack(
            world_from_camera=poses(self.frames, generator, self.spread),
            frame_rate=self.frame_rate,
            metres_per_unit=self.metres_per_unit,
            z_up=self.z_up,
            **known,
        )

    def _lens(self, generator: torch.Generator) -> dict[str, Any]:
        rows = self.frames if self.changing_lens else 1
        sizes = torch.randint(16, 5000, (rows if self.mixed_sizes else 1, 2), generator=generator).expand(rows, 2)
        unit = torch.rand(4, rows, generator=generator, dtype=torch.float64)
        aspect = 1.0 if self.square_pixels else 0.9 + 0.2 * unit[1]
        shift = 0.2 * (unit[2:] - 0.5) * (0.0 if self.centred else 1.0)
        fx = sizes[:, 0] * (0.4 + 4 * unit[0])
        intrinsics = intrinsics_from(fx, fx * aspect, sizes[:, 0] * (0.5 + shift[0]), sizes[:, 1] * (0.5 + shift[1]))
        return {
            "intrinsics_px": intrinsics.expand(self.frames, 3, 3),
            "image_size_px": sizes.expand(self.frames, 2),
        }


def recipes(lens: bool | None = None, mixed_sizes: bool | None = None) -> st.SearchStrategy[Recipe]:
    """Recipes for tracks of one to five frames; ``lens`` and ``mixed_sizes`` fix those two."""
    either = st.booleans()
    return st.builds(
        Recipe,
        frames=st.integers(1, 5),
        seed=st.integers(0, 2**20),
        spread=st.sampled_from([0.1, 10.0, 300.0]),
        lens=either if lens is None else st.just(lens),
        changing_lens=either,
        mixed_sizes=either if mixed_sizes is None else st.just(mixed_sizes),
        square_pixels=either,
        centred=either,
        frame_rate=st.none() | st.sampled_from(RATES) | st.floats(1.0, 120.0),
        start_s=st.sampled_from([None, 0.0, 3.25]),
        named=either,
        metres_per_unit=st.sampled_from([None, 1.0, 0.01, 3.3]),
        z_up=either,
    )


def poses(frames: int, generator: torch.Generator, spread: float = 10.0) -> torch.Tensor:
    """Random rigid motions, float64."""
    quaternions = torch.randn(frames, 4, generator=generator, dtype=torch.float64)
    positions = torch.randn(frames, 3, generator=generator, dtype=torch.float64) * spread
    return rigid(rotation_from_quaternion(quaternions), positions)


def assert_kept(read: CameraTrack, track: CameraTrack, holds: Holds, size_is_read: bool = False) -> None:
    """Everything that the format holds is what it was, to 1e-6 of its size."""
    assert len(read) == len(track)
    _assert_poses_kept(read, track, holds)
    if holds.lens and track.intrinsics_px is not None:
        _assert_lens_kept(read, track, holds, holds.size or size_is_read)
    if not holds.lens:
        assert read.intrinsics_px is None
    if holds.times or (holds.rate and track.times_s is None):
        close(read.frame_times_s(24.0), track.frame_times_s(24.0), scale=1.0)
        told = len(track) > 1 or holds.rate
        if track.frame_rate is not None and told:
            assert read.frame_rate is not None
            assert abs(read.frame_rate / track.frame_rate - 1) < 1e-4
    if holds.names and track.names is not None:
        assert read.names == track.names


def _assert_poses_kept(read: CameraTrack, track: CameraTrack, holds: Holds) -> None:
    expected, found = track.world_from_camera.clone(), read.world_from_camera.clone()
    if holds.metres:
        expected[:, :3, 3] *= track.metres_per_unit or 1.0
        found[:, :3, 3] *= read.metres_per_unit or 1.0
    extent = float(expected[:, :3, 3].abs().max())
    if read.z_up != track.z_up:
        expected, found = invert_rigid(expected[:1]) @ expected, invert_rigid(found[:1]) @ found
    close(found[:, :3, :3], expected[:, :3, :3], scale=1.0)
    close(found[:, :3, 3], expected[:, :3, 3], scale=extent)


def _assert_lens_kept(read: CameraTrack, track: CameraTrack, holds: Holds, size: bool) -> None:
    assert read.intrinsics_px is not None
    cameras, expected = read.cameras(), track.cameras()
    if size:
        count = len(track) if holds.mixed_sizes else 1
        assert cameras.image_size_px[:count].tolist() == expected.image_size_px[:count].tolist()
    read_size = cameras.image_size_px.double()
    true_size = expected.image_size_px.double()
    close(cameras.focal_px[:, 1] / read_size[:, 1], expected.focal_px[:, 1] / true_size[:, 1], scale=1.0)
    if holds.pixel_aspect:
        close(cameras.focal_px[:, 0] / read_size[:, 0], expected.focal_px[:, 0] / true_size[:, 0], scale=1.0)
    if holds.principal_point:
        close(cameras.intrinsics_px[:, :2, 2] / read_size, expected.intrinsics_px[:, :2, 2] / true_size, scale=1.0)


def close(found: torch.Tensor, expected: torch.Tensor, scale: float) -> None:
    """To 1e-6, relative or of ``scale``."""
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6 * max(scale, 1e-9))
