import json
import re
import shutil
import tarfile
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from cinescene.cameras.projection import project, unproject
from cinescene.data.dataset import DatasetConfig, SceneDecoupledDataset
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import check_manifest
from cinescene.data.sample import shuffled_order
from cinescene.data.shards import export_shards
from cinescene.errors import InputError
from cinescene.scene.view_layout import ViewLayout
from tests.data.painted_place import see, write_painted_scene

LAYOUT = ViewLayout.ring(6).with_size(48, 48)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data set é")
    write_painted_scene(folder)
    return folder


def config(root: Path, **changes: object) -> DatasetConfig:
    values: dict = {"root": root, "frames": 5, "width_px": 96, "height_px": 64, "layout": LAYOUT} | changes
    return DatasetConfig(**values)


def test_files_are_read_by_a_reader_written_from_the_layouts_description(root: Path) -> None:
    """camera/, panorama/, video/ as published: Unreal row-vector matrices in centimetres, read with json and numpy."""
    text = (root / "camera/whuman/place1/place1_cam.json").read_text()
    assert text == (root / "camera/wohuman/place1/place1_cam.json").read_text()
    frames = json.loads(text)
    assert list(frames) == [str(i) for i in range(9)]
    matrices = []
    for frame in frames.values():
        rows = re.findall(r"\[([^\]]*)\]", frame["02_24mm"])
        c = np.array([[float(x) for x in row.split()] for row in rows]).T
        c = c[:, [1, 2, 0, 3]]
        c[:3, 1] *= -1
        c[:3, 3] /= 100
        matrices.append(c)
    relative = np.stack([np.linalg.inv(matrices[0]) @ m for m in matrices])
    sample = SceneDecoupledDataset(config(root, frames=9, shuffle_views=False))[1]
    np.testing.assert_allclose(relative, sample.cameras.world_from_camera.numpy(), atol=1e-6)
    with Image.open(root / "panorama/place1/place1_pano.jpeg") as picture:
        assert picture.size == (512, 256)
    with av.open(str(root / "video/whuman/place1/place1_02_24mm.mp4")) as video:
        assert video.streams.video[0].frames == 9
        assert (video.streams.video[0].width, float(video.streams.video[0].average_rate)) == (96, 15.0)


def test_a_sample_shows_the_place_where_its_cameras_say(root: Path) -> None:
    sample = SceneDecoupledDataset(config(root, shuffle_views=False))[1]
    assert sample.caption == "a red disc hangs in the air, take 02_24mm"
    first = sample.cameras[0]
    torch.testing.assert_close(first.world_from_camera, torch.eye(4).double(), atol=1e-9, rtol=0)
    # The truth, seen by the sample's own cameras put back into the world.
    world_from_first = write_tracks_first(root)
    truth, _ = see(sample.cameras.moved(world_from_first)[3])
    assert (sample.without_subject[3] - truth).abs().mean() < 0.02
    for index in (0, 2, 5):
        truth, _ = see(sample.view_cameras.moved(world_from_first)[index])
        assert (sample.views[index] - truth).abs().mean() < 0.02
    forward = sample.view_cameras.forward[0]
    assert forward[2] > 0.99, "the start view looks where the clip begins"
    assert sample.depth_m is not None
    points = unproject(
        sample.cameras[:1], torch.tensor([[[48.5, 60.5]]]).double(), sample.depth_m[:1, 60, 48, None].double()
    )
    ground = (world_from_first[:3, :3] @ points[0, 0] + world_from_first[:3, 3])[2]
    assert abs(float(ground)) < 1e-2, "the lower middle of the frame shows the ground"
    assert project(sample.cameras[:1], points)[0][0, 0].tolist() == pytest.approx([48.5, 60.5])


def write_tracks_first(root: Path) -> torch.Tensor:
    track = json.loads((root / "extras/place1/place1_02_24mm_cameras.json").read_text())
    return torch.tensor(track["world_from_camera"][0], dtype=torch.float64)


def test_with_and_without_the_subject_differ_only_where_the_mask_says(root: Path) -> None:
    sample = SceneDecoupledDataset(config(root))[0]
    assert sample.subject_mask is not None
    assert sample.affected_mask is not None
    difference = (sample.with_subject - sample.without_subject).abs().amax(1)
    # The codec smears a little over the mask's edge.
    grown = torch.nn.functional.max_pool2d(sample.affected_mask.float()[:, None], 9, 1, 4)[:, 0] > 0
    assert difference[~grown].max() < 0.1
    assert difference[sample.subject_mask].mean() > 0.2
    assert sample.affected_mask[sample.subject_mask].all()


def test_views_are_shuffled_by_seed_and_epoch_with_their_cameras(root: Path) -> None:
    plain = SceneDecoupledDataset(config(root, shuffle_views=False))[0]
    shuffled = SceneDecoupledDataset(config(root))
    one, again = shuffled[0], shuffled[0]
    torch.testing.assert_close(one.views, again.views)
    torch.testing.assert_close(one.views[0], plain.views[0])
    orders = []
    for epoch in range(3):
        shuffled.set_epoch(epoch)
        sample = shuffled[0]
        order = [int((plain.views - view).flatten(1).abs().amax(1).argmin()) for view in sample.views]
        assert sorted(order) == list(range(6))
        torch.testing.assert_close(sample.view_cameras.world_from_camera, plain.view_cameras.world_from_camera[order])
        orders.append(tuple(order))
    assert len(set(orders)) > 1
    free = SceneDecoupledDataset(config(root, start_view="panorama"))
    firsts = set()
    for epoch in range(8):
        free.set_epoch(epoch)
        firsts.add(round(float(free[0].views[0].sum()), 3))
    assert len(firsts) > 1, "with a free start any view may come first"


def test_frames_of_another_shape_are_cropped_with_their_cameras(root: Path) -> None:
    sample = SceneDecoupledDataset(config(root, width_px=40, height_px=40, shuffle_views=False))[1]
    assert sample.with_subject.shape == (5, 3, 40, 40)
    truth, _ = see(sample.cameras.moved(write_tracks_first(root))[2])
    assert (sample.without_subject[2] - truth).abs().mean() < 0.02


def test_random_windows_stay_inside_the_clip_and_start_at_the_identity(root: Path) -> None:
    data = SceneDecoupledDataset(config(root, random_window=True, frames=4))
    firsts = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        sample = data[1]
        torch.testing.assert_close(sample.cameras.world_from_camera[0], torch.eye(4).double(), atol=1e-9, rtol=0)
        firsts.add(round(float(sample.without_subject[0].sum())))
    assert len(firsts) > 2


def as_published(root: Path, target: Path) -> Path:
    """The same data set without our extras, as the release is."""
    shutil.copytree(root, target)
    shutil.rmtree(target / "extras")
    return target


def test_the_published_data_loads_with_a_fitted_lens_and_supplied_captions(root: Path, tmp_path: Path) -> None:
    published = as_published(root, tmp_path / "release")
    (tmp_path / "captions.json").write_text(json.dumps({"place1": "a disc", "place1/02_24mm": "a red disc"}))
    data = SceneDecoupledDataset(
        config(
            published,
            sensor_width_mm=None,
            lens_fits=tmp_path / "fits.json",
            captions=tmp_path / "captions.json",
            shuffle_views=False,
        )
    )
    sample, exact = data[1], SceneDecoupledDataset(config(root, shuffle_views=False))[1]
    assert (data[0].caption, sample.caption) == ("a disc", "a red disc")
    assert sample.subject_mask is None
    assert sample.depth_m is None
    torch.testing.assert_close(sample.cameras.focal_mm(), exact.cameras.focal_mm(), rtol=0.02, atol=0)
    torch.testing.assert_close(sample.cameras.world_from_camera, exact.cameras.world_from_camera, atol=1e-5, rtol=0)
    assert (sample.views - exact.views).abs().mean() < 0.03
    turned = sample.view_cameras.forward - exact.view_cameras.forward
    assert turned.norm(dim=-1).max() < 0.02
    assert set(json.loads((tmp_path / "fits.json").read_text())["fits"]) == {"place1"}
    stated = SceneDecoupledDataset(config(published, sensor_width_mm=23.76, lens_fits=tmp_path / "fits.json"))[0]
    torch.testing.assert_close(stated.cameras.focal_mm(23.76), torch.full((5,), 24.0).double())


def test_missing_clips_are_named(root: Path, tmp_path: Path) -> None:
    broken = as_published(root, tmp_path / "broken")
    layout = DatasetLayout(broken)
    layout.video_file("place1", "01_24mm", subject=True).unlink()
    data = SceneDecoupledDataset(config(broken))
    assert data.clips == [("place1", "02_24mm")]
    assert len(data.missing) == 1
    assert "place1/01_24mm" in data.missing[0]
    layout.panorama_file("place1").unlink()
    with pytest.raises(InputError, match="no panorama"):
        SceneDecoupledDataset(config(broken))
    with pytest.raises(InputError, match="fewer than 77"):
        SceneDecoupledDataset(config(root, frames=77))
    with pytest.raises(InputError, match="no such data set"):
        SceneDecoupledDataset(config(tmp_path / "nothing"))


def test_manifests_cover_every_file_of_a_scene(root: Path) -> None:
    assert check_manifest(DatasetLayout(root), "place1") == []
    listed = json.loads((root / "extras/place1/manifest.json").read_text())["files"]
    on_disk = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and p.name != "manifest.json"}
    assert set(listed) == on_disk


def test_shards_hold_every_clip_and_are_reproducible(root: Path, tmp_path: Path) -> None:
    data = SceneDecoupledDataset(config(root))
    shards = list(export_shards(data, tmp_path / "one"))
    assert [count for _, count in shards] == [2]
    small = list(export_shards(data, tmp_path / "small", largest_shard_bytes=1))
    assert [count for _, count in small] == [1, 1]
    again = list(export_shards(data, tmp_path / "again"))
    assert shards[0][0].read_bytes() == again[0][0].read_bytes()
    with tarfile.open(shards[0][0]) as archive:
        names = archive.getnames()
        video = archive.extractfile("place1-02_24mm.with_subject.mp4")
        assert video is not None
        assert video.read() == DatasetLayout(root).video_file("place1", "02_24mm", subject=True).read_bytes()
    keys = [name.split(".")[0] for name in names]
    assert keys == sorted(keys), "members of a sample follow each other"


def test_an_order_of_views_is_a_permutation() -> None:
    generator = torch.Generator().manual_seed(0)
    for keep_first in (True, False):
        order = shuffled_order(20, generator, keep_first)
        assert sorted(order.tolist()) == list(range(20))
        assert order[0] == 0 or not keep_first
    assert shuffled_order(1, generator).tolist() == [0]
