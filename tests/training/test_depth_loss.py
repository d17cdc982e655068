"""Depth supervision: no scale is asked for, unknown depth counts nothing, and the truth is the data's own."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.cameras.projection import pixel_rays
from cinescene.data.dataset import DatasetConfig
from cinescene.errors import InputError
from cinescene.scene.vggt import TensorCache
from cinescene.scene.view_layout import ViewLayout
from cinescene.training.depth_loss import DepthProbe
from cinescene.training.encoded import EncodedClips, Encoders
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.video import VideoStage
from cinescene.training.video_options import VideoOptions
from tests.data.painted_place import CENTRE, see, write_painted_scene
from tests.tiny_models import tiny_parts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> VideoStage:
    folder = tmp_path_factory.mktemp("place")
    write_painted_scene(folder / "data", "place1")
    parts = tiny_parts(folder)
    layout = ViewLayout.ring(5).with_size(32, 32)
    config = DatasetConfig(root=folder / "data", frames=5, width_px=64, height_px=32, layout=layout)
    clips = EncodedClips(
        [config],
        Encoders(autoencoder=parts.autoencoder, vggt=parts.vggt),
        EncodingOptions(mirrored=True, previz=("standin",)),
        TensorCache(kind="training", folder=folder / "cache"),
    )
    options = VideoOptions(views=(3, 3), drop_scene=0.0, drop_views=0.0, depth_weight=0.5)
    return VideoStage("scene", parts, clips, None, options=options, total_samples=1)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100), st.integers(0, 99))
def test_tokens_that_hold_log_depth_up_to_scale_have_no_loss(scale: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    depth = torch.rand(2, 3, 4, 6, generator=generator) + 0.1
    depth[0, 1] = math.nan
    probe = DepthProbe(5, (2, 3))
    with torch.no_grad():
        probe.read.weight.zero_()[0, 2] = 1
    tokens = torch.randn(2, 12, 5, generator=generator)
    tokens[..., 2] = (scale * depth[..., 1::2, 1::3]).log().flatten(1).nan_to_num(7.0)
    assert float(probe(tokens, depth.log()).detach()) == pytest.approx(0, abs=2e-4)
    tokens[..., 2] += torch.linspace(-1, 1, 12)
    assert float(probe(tokens, depth.log()).detach()) > 0.1


def test_views_have_the_depth_of_the_place(made: VideoStage) -> None:
    straight, mirrored = made.train[0], made.train[1]
    assert straight.view_log_depth is not None
    assert mirrored.view_log_depth is not None
    torch.testing.assert_close(mirrored.view_log_depth, straight.view_log_depth.flip(-1))
    item = made.train.items[0]
    panorama, _ = item.dataset.placed(item.clip)
    rows, columns = straight.views.shape[-2:]
    cameras = item.dataset.config.layout.with_size(columns, rows).cameras(panorama.camera)
    for index in range(len(cameras)):
        camera = dataclasses.replace(cameras[index], world_from_camera=cameras[index].world_from_camera)
        assert torch.allclose(camera.position, CENTRE)
        _, rays = pixel_rays(camera)
        depth = see(camera)[1] * (rays * camera.forward).sum(-1)
        error = (straight.view_log_depth[index] - depth.log()).abs()
        assert float(error.median()) < 0.05


def test_the_loss_reaches_the_geometry_tokens(made: VideoStage) -> None:
    batch = made.sample(0, 0, torch.Generator().manual_seed(0))
    assert batch.view_log_depth is not None
    assert batch.view_log_depth.shape[1] == 3
    loss, numbers = made.objective(made.collate([batch, batch]))
    assert numbers["depth"] > 0
    loss.backward()
    probe = made.objective.depth_probe
    assert probe is not None
    assert float(probe.read.weight.grad.abs().max()) > 0


def test_data_without_distances_and_models_without_geometry_are_refused(made: VideoStage, tmp_path: Path) -> None:
    clip = dataclasses.replace(made.train[0], view_log_depth=None)
    with pytest.raises(InputError, match="exact distances"):
        made._sample(clip, 0, torch.Generator().manual_seed(0))
    parts = tiny_parts(tmp_path, scene_tokens="image")
    with pytest.raises(InputError, match="geometry tokens"):
        VideoStage("scene", parts, made.train, None, options=made.options, total_samples=1)
