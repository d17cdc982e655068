"""What a format holds comes back to 1e-6, and what it does not hold is said."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import FORMATS, read_options, read_track, write_track
from cinescene.errors import InputError
from tests.cameras.formats.tracks import RATES, Recipe, assert_kept, poses, recipes

FILES = {
    "cinescene-track": "track.json",
    "cinescene-path": "path.json",
    "cinescene": "a_cam.json",
    "recammaster": "camera_extrinsics.json",
    "realestate10k": "a.txt",
    "nerfstudio": "transforms.json",
    "nerfstudio-path": "camera_path.json",
    "colmap": "model",
    "colmap-binary": "model",
    "tum": "a.tum",
    "kitti": "a.kitti",
    "usd": "a.usda",
    "gltf": "a.gltf",
    "chan": "a.chan",
}
NEEDS_LENS = {name for name, entry in FORMATS.items() if entry.module.HOLDS.lens} - {"cinescene-track", "chan"}


def written_and_read(track: CameraTrack, name: str, file_name: str, **stated: Any) -> tuple[CameraTrack, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ein Ordner" / file_name
        said = write_track(path, track, name)
        options = {key: value for key, value in stated.items() if key in read_options(name)}
        return read_track(path, name, **options), said


def stated_by_user(track: CameraTrack, name: str) -> dict[str, Any]:
    """What a user would state of a file of a track: its world's axis up, and the picture size."""
    stated: dict[str, Any] = {"up": "z"} if track.z_up and not FORMATS[name].module.HOLDS.up else {}
    if track.image_size_px is not None:
        stated["size_px"] = tuple(track.image_size_px[0].tolist())
    if name == "chan" and track.frame_rate is not None:
        stated["frame_rate"] = track.frame_rate
    return stated


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "cinescene-path"])
def test_what_a_format_holds_comes_back(name: str) -> None:
    holds = FORMATS[name].module.HOLDS

    @settings(max_examples=12)
    @given(recipes(lens=True if name in NEEDS_LENS else None, mixed_sizes=None if holds.mixed_sizes else False))
    def check(recipe: Recipe) -> None:
        track = recipe.track()
        read, _ = written_and_read(track, name, FILES[name], **stated_by_user(track, name))
        assert_kept(read, track, holds, size_is_read="size_px" in read_options(name))

    check()


@settings(max_examples=10)
@given(st.integers(1, 5), st.integers(0, 2**20), st.sampled_from(RATES), st.booleans())
def test_every_frame_as_a_keyframe_gives_the_frames_back(frames: int, seed: int, rate: float, zoom: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    focal = 500 + 100 * torch.rand(frames if zoom else 1, generator=generator, dtype=torch.float64).expand(frames)
    cameras = Cameras.from_focal_px(poses(frames, generator), focal, 672, 384)
    track = CameraTrack.from_cameras(cameras, frame_rate=rate, metres_per_unit=1.0)
    read, _ = written_and_read(track, "cinescene-path", "path.json", frame_rate=rate, size_px=(672, 384))
    assert_kept(read, track, FORMATS["cinescene-path"].module.HOLDS, size_is_read=True)


@settings(max_examples=15)
@given(recipes())
def test_our_own_json_is_exact(recipe: Recipe) -> None:
    track = recipe.track()
    read, said = written_and_read(track, "cinescene-track", "a.json")
    assert said == []
    assert torch.equal(read.world_from_camera, track.world_from_camera)
    assert (read.frame_rate, read.names, read.metres_per_unit, read.z_up) == (
        track.frame_rate,
        track.names,
        track.metres_per_unit,
        track.z_up,
    )
    for found, expected in (
        (read.intrinsics_px, track.intrinsics_px),
        (read.image_size_px, track.image_size_px),
        (read.times_s, track.times_s),
    ):
        assert (found is None) == (expected is None)
        assert expected is None or torch.equal(found, expected)


@settings(max_examples=12)
@given(recipes(lens=True, mixed_sizes=False), st.sampled_from(["a.usdc", "a.usd", "a.glb"]))
def test_binary_usd_and_gltf_hold_the_same(recipe: Recipe, file_name: str) -> None:
    track = recipe.track()
    name = "gltf" if file_name.endswith("glb") else "usd"
    read, _ = written_and_read(track, name, file_name)
    assert_kept(read, track, FORMATS[name].module.HOLDS)


@pytest.mark.parametrize("name", list(FORMATS))
def test_what_a_format_does_not_hold_is_said(name: str) -> None:
    holds = FORMATS[name].module.HOLDS
    generator = torch.Generator().manual_seed(3)
    intrinsics = torch.tensor([[[500.0, 2.0, 300.0], [0, 510.0, 200.0], [0, 0, 1]]]).double().repeat(3, 1, 1)
    track = CameraTrack(
        world_from_camera=poses(3, generator),
        intrinsics_px=intrinsics,
        image_size_px=torch.tensor([[640, 480], [640, 480], [800, 600]]),
        frame_rate=24.0,
        times_s=torch.tensor([0.0, 0.1, 0.3]).double(),
        names=("a", "b", "c"),
        metres_per_unit=2.0,
    )
    _, said = written_and_read(track, name, FILES[name])
    text = " ".join(said)
    for held, word in (
        (holds.lens, "the lens"),
        (not holds.lens or holds.pixel_aspect, "not square"),
        (not holds.lens or holds.principal_point, "principal point"),
        (not holds.lens or holds.skew, "skew"),
        (holds.size, "the picture size"),
        (not holds.size or holds.mixed_sizes, "several picture sizes"),
        (holds.names, "names of the pictures"),
        (holds.metres, "the scale"),
        (holds.up, "which way is up"),
        (holds.times, "a time for each frame"),
        (holds.rate or holds.times, "the frame rate"),
    ):
        assert (word in text) != held, f"{word}: {text}"
    assert all(sentence.endswith(".") for sentence in said)


@pytest.mark.parametrize("name", sorted(NEEDS_LENS))
def test_a_track_without_a_lens_is_refused_with_advice(name: str, tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double()[None])
    with pytest.raises(InputError, match="--focal-mm"):
        write_track(tmp_path / FILES[name], track, name)


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_output_that_cannot_be_written_is_an_input_error(name: str, tmp_path: Path) -> None:
    blocking = tmp_path / "file"
    blocking.write_text("in the way")
    track = CameraTrack(world_from_camera=torch.eye(4).double()[None]).with_lens(24.0, 672, 384)
    with pytest.raises(InputError, match="file"):
        write_track(blocking / FILES[name], track, name)
    assert blocking.read_text() == "in the way"


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_track_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    track = CameraTrack(world_from_camera=poses(3, generator), frame_rate=24.0).with_lens(35.0, 672, 384)
    contents = []
    for folder in ("one", "two"):
        path = tmp_path / folder / FILES[name]
        write_track(path, track, name)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]


def test_the_table_of_the_documentation_is_what_the_formats_hold() -> None:
    text = (Path(__file__).parents[3] / "docs/formats.md").read_text(encoding="utf-8")
    table = text.split("## What each format holds")[1].split("## Conventions")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| `")
    ]
    assert [row[0].strip("`") for row in rows] == list(FORMATS)
    for name, _, *cells in rows:
        holds = FORMATS[name.strip("`")].module.HOLDS
        assert [cell.startswith("yes") for cell in cells] == [
            holds.lens,
            holds.pixel_aspect,
            holds.principal_point,
            holds.size,
            holds.rate,
            holds.times,
            holds.names,
            holds.metres,
            holds.up,
        ], name
        assert (cells[3] == "yes, a frame") == holds.mixed_sizes
