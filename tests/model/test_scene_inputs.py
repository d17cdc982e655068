"""What the model is told of a place: its views, their features, and where they stand in the world of camera paths."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from cinescene.cameras import CameraTrack
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import GeometryError, InputError
from cinescene.model.checkpoints import ModelParts
from cinescene.model.levers import Levers
from cinescene.model.memory import estimate_memory
from cinescene.model.scene_inputs import encode_views, multiple_px, previz_kind
from cinescene.model.transformer import CineSceneTransformer
from cinescene.scene.scene import Scene
from cinescene.scene.view_layout import ViewLayout
from tests.tiny_models import tiny_parts, write_panorama


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ModelParts:
    return tiny_parts(tmp_path_factory.mktemp("wan"))


@pytest.fixture(scope="module")
def panorama(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    path = write_panorama(tmp_path_factory.mktemp("place") / "place.png")
    return Scene.open(path, layout=ViewLayout.ring(4))


def with_config(parts: ModelParts, **options: object) -> ModelParts:
    config = dataclasses.replace(parts.transformer.config, **options)  # type: ignore[arg-type]
    return dataclasses.replace(parts, transformer=CineSceneTransformer.from_seed(config, 0))


def posed_photos(folder: Path, metres_per_unit: float | None) -> Scene:
    """Three photos on a line, a unit apart, that look along world −x in a z-up world."""
    names = tuple(f"{index}.png" for index in range(3))
    for index, name in enumerate(names):
        Image.new("RGB", (80, 80), (80 * index, 120, 200)).save(folder / name)
    position = torch.tensor([[0.0, float(index), 2.0] for index in range(3)], dtype=torch.float64)
    rotation = level_rotation(-math.pi / 2).double().expand(3, 3, 3)
    track = CameraTrack(world_from_camera=rigid(rotation, position), names=names).with_lens(24.0, 80, 80)
    return Scene.open(folder, cameras=track, metres_per_unit=metres_per_unit)


def test_a_panoramas_views_stand_where_they_were_cut(parts: ModelParts, panorama: Scene) -> None:
    encoded = encode_views(panorama, parts)
    inputs = encoded.inputs
    assert inputs.view_latents.shape == (1, 4, 16, 4, 4)
    assert inputs.geometry_patches.shape[:3] == (1, 4, 128)
    assert inputs.geometry_camera.shape == (1, 4, 128)
    torch.testing.assert_close(inputs.view_cameras[0].forward.double(), panorama.cameras.forward, atol=1e-6, rtol=0)
    assert inputs.view_cameras.size_px == (32, 32)
    torch.testing.assert_close(inputs.view_cameras.field_of_view_rad[0, :, 0], torch.full((4,), math.pi / 2))
    assert encoded.geometry is None


def test_the_start_view_comes_first(parts: ModelParts, panorama: Scene) -> None:
    usual = encode_views(panorama, parts).inputs
    started = encode_views(panorama.with_start_view(2), parts).inputs
    order = torch.tensor([2, 0, 1, 3])
    expected = usual.permuted_views(order)
    torch.testing.assert_close(started.view_latents, expected.view_latents)
    torch.testing.assert_close(started.geometry_camera, expected.geometry_camera)
    torch.testing.assert_close(started.view_cameras.world_from_camera, expected.view_cameras.world_from_camera)


def test_posed_photos_stand_in_metres_around_the_start_view(parts: ModelParts, tmp_path: Path) -> None:
    cameras = encode_views(posed_photos(tmp_path, 0.5), parts).inputs.view_cameras[0]
    torch.testing.assert_close(cameras.forward, torch.tensor([[0.0, 1.0, 0.0]]).expand(3, 3), atol=1e-6, rtol=0)
    expected = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0]])
    torch.testing.assert_close(cameras.position, expected, atol=1e-6, rtol=0)


def test_photos_of_unknown_scale_need_one(parts: ModelParts, tmp_path: Path) -> None:
    scene = posed_photos(tmp_path, None)
    without = with_config(dataclasses.replace(parts, vggt=None), scene_tokens="image")
    with pytest.raises(GeometryError, match="measure one distance"):
        encode_views(scene, without)


def test_unposed_photos_are_said_to_be_so(parts: ModelParts, tmp_path: Path) -> None:
    for index in range(2):
        Image.new("RGB", (80, 60), (80 * index, 120, 200)).save(tmp_path / f"{index}.png")
    without = with_config(dataclasses.replace(parts, vggt=None), scene_tokens="image")
    encoded = encode_views(Scene.open(tmp_path), without)
    assert encoded.inputs.view_cameras is None
    assert any("where the photos were taken is not known" in note for note in encoded.notes)


def test_the_previz_fits_scene_and_model(parts: ModelParts, panorama: Scene, tmp_path: Path) -> None:
    photos = posed_photos(tmp_path, 1.0)
    without = dataclasses.replace(parts, vggt=None)
    assert previz_kind("auto", panorama, parts) == "standin"
    assert previz_kind("auto", photos, parts) == "vggt"
    assert previz_kind("auto", photos, without) == "none"
    assert previz_kind("none", panorama, parts) == "none"
    assert previz_kind("auto", panorama, with_config(parts, previz=False)) == "none"
    with pytest.raises(InputError, match="needs a panorama"):
        previz_kind("standin", photos, parts)
    with pytest.raises(InputError, match="without a previz input"):
        previz_kind("standin", panorama, with_config(parts, previz=False))


@torch.no_grad()
def test_the_estimate_of_the_scene_cache_is_exact_and_grows_with_everything(parts: ModelParts, panorama: Scene) -> None:
    def estimate(levers: Levers | None = None, **changed: int) -> object:
        size = {"frames": 5, "width_px": 64, "height_px": 32, "views": 4} | changed
        return estimate_memory(parts, levers or Levers(), **size)  # type: ignore[arg-type]

    usual = estimate()
    cache = parts.transformer.encode_scene(encode_views(panorama, parts).inputs)
    assert usual.scene_cache == cache.byte_count
    assert estimate(frames=401).peak > estimate(frames=41).peak > usual.peak
    assert estimate(width_px=640).decoding > usual.decoding
    assert estimate(views=40).scene_cache == 10 * usual.scene_cache
    assert estimate(Levers(precision="bf16")).scene_cache == usual.scene_cache // 2
    assert (
        estimate(Levers(tiling=True), width_px=1280, height_px=704).decoding
        < estimate(width_px=1280, height_px=704).decoding
    )
    assert estimate(Levers(attention="explicit")).sampling > usual.sampling
    assert multiple_px(parts) == 16
