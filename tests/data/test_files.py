import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import check_manifest, read_manifest, write_manifest
from cinescene.data.strips import (
    read_depth_strip,
    read_mask_strip,
    write_depth_strip,
    write_mask_strip,
)
from cinescene.data.writer import ClipRecord, write_scene
from cinescene.depth_files import FAR_M, NEAR_M
from cinescene.errors import InputError
from tests.data.painted_place import clip_record, panorama_record, track


def test_depth_survives_within_the_stated_step_and_sky_stays_infinite(tmp_path: Path) -> None:
    depth = torch.logspace(-1.2, 2.9, 3 * 8 * 10).reshape(3, 8, 10)
    depth[1, 2, 3] = torch.inf
    write_depth_strip(tmp_path / "d.png", depth)
    back = read_depth_strip(tmp_path / "d.png", height_px=8)
    finite = depth.isfinite()
    assert back[~finite].isinf().all()
    assert ((back / depth - 1).abs()[finite] < 0.8e-4).all()
    torch.testing.assert_close(read_depth_strip(tmp_path / "d.png", 8, [2, 0]), back[[2, 0]])


def test_depth_outside_the_range_is_clamped_and_nonsense_refused(tmp_path: Path) -> None:
    write_depth_strip(tmp_path / "d.png", torch.tensor([[[1e-6, 1e9]]]))
    torch.testing.assert_close(read_depth_strip(tmp_path / "d.png", 1)[0, 0], torch.tensor([NEAR_M, FAR_M]))
    for bad in (torch.nan, 0.0, -1.0):
        with pytest.raises(InputError, match="positive depths"):
            write_depth_strip(tmp_path / "bad.png", torch.tensor([[[bad]]]))


@given(st.integers(0, 2**31))
def test_masks_round_trip(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = tmp_path_factory.mktemp("mask") / "m.png"
    generator = torch.Generator().manual_seed(seed)
    affected = torch.rand(2, 5, 7, generator=generator) < 0.5
    subject = affected & (torch.rand(2, 5, 7, generator=generator) < 0.5)
    write_mask_strip(path, subject, affected)
    read_subject, read_affected = read_mask_strip(path, 5)
    assert torch.equal(read_subject, subject)
    assert torch.equal(read_affected, affected)


def test_damaged_and_foreign_strips_are_named(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    write_mask_strip(path, torch.zeros(4, 6, 6, dtype=torch.bool), torch.zeros(4, 6, 6, dtype=torch.bool))
    with pytest.raises(InputError, match="rows"):
        read_mask_strip(path, 5)
    with pytest.raises(InputError, match="I;16"):
        read_depth_strip(path, 6)
    with pytest.raises(InputError, match="holds 4"):
        read_mask_strip(path, 6, [4])
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"m\.png.*damaged"):
        read_mask_strip(path, 6)


def test_paths_are_those_of_the_release(tmp_path: Path) -> None:
    layout = DatasetLayout(tmp_path)
    scene = "scene1_3x3_loc1_scene_AncientTempleEnv"
    assert layout.camera_file(scene, subject=True) == tmp_path / f"camera/whuman/{scene}/{scene}_cam.json"
    assert layout.panorama_file(scene) == tmp_path / f"panorama/{scene}/{scene}_pano.jpeg"
    expected = tmp_path / f"video/wohuman/{scene}/{scene}_01_24mm.mp4"
    assert layout.video_file(scene, "01_24mm", subject=False) == expected


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a..b"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name"):
        DatasetLayout(tmp_path).set_file(name)


def test_a_manifest_finds_what_is_missing_and_what_changed(tmp_path: Path) -> None:
    layout = DatasetLayout(tmp_path)
    files = [tmp_path / "video" / name for name in ("a", "b", "c")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(f"content of {file.name}")
    write_manifest(layout, "set1", files, {"seed": 3})
    assert check_manifest(layout, "set1") == []
    assert read_manifest(layout, "set1")["recipe"] == {"seed": 3}
    files[0].unlink()
    files[1].write_text("CONTENT of b")
    problems = check_manifest(layout, "set1")
    assert len(problems) == 2
    assert "video/a: missing" in problems[0]
    assert "video/b: differs" in problems[1]
    layout.manifest_file("set1").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        check_manifest(layout, "set1")


def test_a_clip_is_held_only_until_the_next_one_is_made(tmp_path: Path) -> None:
    held: list[int] = []

    def clips() -> Iterator[ClipRecord]:
        made: list[weakref.ref[ClipRecord]] = []
        for clip in ("01_24mm", "02_24mm", "03_24mm"):
            held.append(sum(record() is not None for record in made))
            record = clip_record(clip, track(30.0, 0.05, 3))
            made.append(weakref.ref(record))
            yield record
            del record

    write_scene(DatasetLayout(tmp_path), "place1", [panorama_record()], clips(), place={}, recipe={})
    assert held == [0, 0, 0]
