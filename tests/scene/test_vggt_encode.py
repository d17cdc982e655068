"""Views made fit, scenes encoded, known cameras honoured, results kept on disk."""

import dataclasses
import logging
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import project, unproject
from cinescene.cameras.transforms import rigid
from cinescene.errors import CheckpointError, InputError
from cinescene.scene.vggt import (
    EncodeOptions,
    TensorCache,
    Vggt,
    VggtConfig,
    VggtOutput,
    default_cache_folder,
    encode_scene,
    encoding_cache,
    encoding_from_cameras,
    fit_images,
)
from tests.scene import analytic_room as room


@pytest.fixture(scope="module")
def model() -> Vggt:
    return Vggt(VggtConfig.small(), torch.Generator().manual_seed(0)).eval()


class Oracle(Vggt):
    """A network that knows the room, in a unit of its own, and may misjudge single views."""

    def __init__(self, truth: Cameras, unit: float, misjudged: torch.Tensor | None = None) -> None:
        super().__init__(VggtConfig.small(), torch.Generator().manual_seed(0))
        self.truth, self.unit, self.misjudged = truth, unit, misjudged

    def forward(self, images: torch.Tensor, views_per_chunk: int | None = None) -> VggtOutput:
        output = super().forward(images, views_per_chunk)
        _, depth = room.render(self.truth)
        if self.misjudged is not None:
            depth = depth * self.misjudged[:, None, None]
        encoding = encoding_from_cameras(self.truth.scaled(1 / self.unit))
        return dataclasses.replace(
            output, depth=depth[None] / self.unit, pose_encodings=encoding.expand(4, 1, *encoding.shape).float()
        )


# ---- fitting --------------------------------------------------------------------------------------------------------


@given(
    sizes=st.lists(st.tuples(st.integers(20, 300), st.integers(20, 300)), min_size=1, max_size=4),
    longest=st.integers(28, 140),
)
def test_points_stay_on_the_same_picture_content(sizes: list[tuple[int, int]], longest: int) -> None:
    """Pictures hold their own pixel coordinates as colours; the fitted camera must find them again."""
    images, cameras = [], []
    for width, height in sizes:
        u = (torch.arange(width) + 0.5)[None].expand(height, -1) / width
        v = (torch.arange(height) + 0.5)[:, None].expand(-1, width) / height
        images.append(torch.stack([u, v, torch.zeros(height, width)]))
        cameras.append(Cameras.from_field_of_view(torch.eye(4)[None], 1.0, width, height))
    fitted = fit_images(images, Cameras.cat(cameras), longest_px=longest)
    rows, columns = fitted.images.shape[-2:]
    assert rows % 14 == columns % 14 == 0
    assert max(rows, columns) == max(round(longest / 14), 1) * 14
    assert fitted.cameras is not None
    assert fitted.cameras.size_px == (columns, rows)
    middle = torch.tensor([[columns // 2 + 0.5, rows // 2 + 0.5]])
    for index, camera in enumerate(cameras):
        point = unproject(fitted.cameras[index], middle, torch.ones(1))
        seen, _ = project(camera[0], point)
        colour = fitted.images[index, :2, rows // 2, columns // 2]
        size = torch.tensor(camera.size_px)
        assert torch.allclose(colour * size, seen[0], atol=1.5 + 0.02 * float(size.max()))


def test_pictures_that_fit_already_are_left_alone() -> None:
    images = torch.rand(2, 3, 56, 70)
    fitted = fit_images(images, longest_px=70)
    assert torch.equal(fitted.images, images)
    assert fitted.kept_px.tolist() == [[0, 0, 70, 56]] * 2


def test_a_view_of_another_shape_is_cropped_about_its_centre() -> None:
    fitted = fit_images([torch.rand(3, 60, 80), torch.rand(3, 60, 80), torch.rand(3, 80, 60)], longest_px=112)
    assert fitted.images.shape == (3, 3, 84, 112)
    left, top, width, height = fitted.kept_px[2].tolist()
    assert (left, width) == (0, 60)
    assert height == 45
    assert top == (80 - 45) // 2


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "1 to"),
        ([torch.rand(4, 20, 20)], "RGB"),
        ([torch.rand(20, 20)], "RGB"),
        ([torch.full((3, 20, 20), torch.nan)], "view 0 holds NaN"),
        ([torch.zeros(3, 20, 20, dtype=torch.uint8)], "floats"),
        ([torch.rand(3, 0, 20)], "empty"),
    ],
)
def test_pictures_that_are_none_are_refused(images: list[torch.Tensor], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_images(images)


def test_cameras_must_belong_to_the_pictures() -> None:
    images = torch.rand(2, 3, 40, 40)
    one = Cameras.from_field_of_view(torch.eye(4)[None], 1.0, 40, 40)
    with pytest.raises(InputError, match=r"shape \(2,\)"):
        fit_images(images, one)
    with pytest.raises(InputError, match="40×40 px, but its camera says 80×80"):
        fit_images(images[:1], one.resized(80, 80))
    with pytest.raises(InputError, match="panoramas"):
        fit_images(images[:1], Cameras.equirectangular(torch.eye(4)[None], 40, 40))


# ---- encoding -------------------------------------------------------------------------------------------------------


def test_an_encoding_holds_tokens_cameras_and_geometry(model: Vggt) -> None:
    images = [torch.rand(3, 50, 70) for _ in range(3)]
    encoding = encode_scene(model, images)
    assert encoding.patch_tokens.shape == (3, 4, 5, 128)
    assert encoding.camera_tokens.shape == (3, 128)
    assert encoding.depth.shape == encoding.depth_confidence.shape == (3, 56, 70)
    assert torch.allclose(encoding.cameras.world_from_camera[0], torch.eye(4), atol=1e-6)
    assert encoding.depth_scale == 1.0
    with torch.no_grad():
        output = model(encoding.images[None])
    assert torch.allclose(encoding.camera_tokens, output.tokens[0, :, 0], atol=1e-5)
    assert torch.allclose(encoding.patch_tokens[1, 2, 3], output.tokens[0, 1, 5 + 2 * 5 + 3], atol=1e-5)
    points, depth = project(encoding.cameras[1], encoding.points[1].reshape(-1, 3))
    assert torch.allclose(depth, encoding.depth[1].flatten(), atol=1e-4)
    assert torch.allclose(points[0], torch.tensor([0.5, 0.5]), atol=1e-3)


def test_known_cameras_are_used_whatever_the_network_says(model: Vggt) -> None:
    known = room.ring(4, 70)
    images, _ = room.render(known)
    encoding = encode_scene(model, images, known)
    assert torch.equal(encoding.cameras.world_from_camera, known.world_from_camera)
    assert not torch.allclose(encoding.estimated_cameras.world_from_camera, known.world_from_camera, atol=0.1)
    assert encoding.depth_scale is None
    assert "stand at one point" in encoding.notes[0]


def test_the_network_s_unit_is_converted_to_that_of_known_cameras() -> None:
    known = room.cameras(*(room.camera(10 * i, (0.6 * i, 0.2 * i, 0.0)) for i in range(4)), width=70, height=70)
    images, depth = room.render(known)
    encoding = encode_scene(Oracle(known, unit=7.3), images, known)
    assert encoding.depth_scale == pytest.approx(7.3, rel=1e-3)
    assert torch.allclose(encoding.depth, depth, rtol=5e-3)
    assert encoding.notes == ()


def test_views_of_a_panorama_that_disagree_are_balanced() -> None:
    known = room.ring(8, 70)
    images, depth = room.render(known)
    misjudged = torch.tensor([1.0, 1.4, 0.7, 1.1, 0.9, 1.2, 0.8, 1.3])
    encoding = encode_scene(Oracle(known, unit=3.0, misjudged=misjudged), images, known)
    ratio = (encoding.depth / depth).flatten(1).median(-1).values
    assert float(ratio.max() / ratio.min()) < 1.02
    off = encode_scene(
        Oracle(known, unit=3.0, misjudged=misjudged), images, known, options=EncodeOptions(balance_depth=False)
    )
    assert torch.allclose(off.depth, depth * misjudged[:, None, None] / 3, rtol=1e-4)


def test_one_view_can_be_encoded(model: Vggt) -> None:
    known = room.cameras(room.camera(0), width=42, height=42)
    encoding = encode_scene(model, torch.rand(1, 3, 42, 42), known)
    assert len(encoding.depth) == 1
    assert encoding.depth_scale is None
    assert torch.isfinite(encoding.points).all()


def test_encoding_leaves_the_model_as_it_was(model: Vggt) -> None:
    training = Vggt(VggtConfig.small(), torch.Generator().manual_seed(0)).train()
    encoding = encode_scene(training, torch.rand(2, 3, 28, 28))
    assert training.training
    assert not encoding.patch_tokens.requires_grad


def test_precision_and_parts_hardly_change_the_result(model: Vggt) -> None:
    images = torch.rand(3, 3, 56, 56)
    exact = encode_scene(model, images)
    quick = encode_scene(model, images, options=EncodeOptions(precision="bf16", views_per_chunk=1))
    assert quick.patch_tokens.dtype == torch.float32
    scale = exact.patch_tokens.abs().max()
    assert (exact.patch_tokens - quick.patch_tokens).abs().max() < 0.03 * scale
    assert torch.allclose(exact.depth, quick.depth, rtol=0.02)


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="views per chunk"):
        EncodeOptions(views_per_chunk=0)
    with pytest.raises(InputError, match="at least 14"):
        fit_images(torch.rand(1, 3, 20, 20), longest_px=7)


def test_a_network_that_gives_nan_is_named() -> None:
    broken = Vggt(VggtConfig.small(), torch.Generator().manual_seed(0))
    with torch.no_grad():
        broken.depth_head.scratch.output_conv2[2].bias.fill_(200.0)
    with pytest.raises(CheckpointError, match="depth hold NaN or infinity"):
        encode_scene(broken, torch.rand(1, 3, 28, 28))


# ---- cache ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> TensorCache:
    return encoding_cache(str(tmp_path / "cache"))


def _entries(cache: TensorCache) -> list[Path]:
    return sorted(Path(cache.folder).rglob("*.safetensors"))


class Counting(Vggt):
    calls = 0

    def forward(self, images: torch.Tensor, views_per_chunk: int | None = None) -> VggtOutput:
        self.calls += 1
        return super().forward(images, views_per_chunk)


def test_a_scene_is_encoded_once(cache: TensorCache) -> None:
    model = Counting(VggtConfig.small(), torch.Generator().manual_seed(0))
    images, known = torch.rand(2, 3, 42, 42), room.ring(2, 42)
    first = encode_scene(model, images, known, cache=cache)
    again = encode_scene(model, images.clone(), known, cache=cache)
    assert model.calls == 1
    assert len(_entries(cache)) == 1
    for field in ("images", "patch_tokens", "camera_tokens", "depth", "depth_confidence"):
        assert torch.equal(getattr(first, field), getattr(again, field))
    assert torch.equal(first.cameras.world_from_camera, again.cameras.world_from_camera)
    assert torch.equal(first.estimated_cameras.intrinsics_px, again.estimated_cameras.intrinsics_px)
    assert (first.depth_scale, first.notes) == (again.depth_scale, again.notes)


def test_whatever_matters_makes_another_entry(cache: TensorCache) -> None:
    model = Counting(VggtConfig.small(), torch.Generator().manual_seed(0))
    images, known = torch.rand(2, 3, 42, 42), room.ring(2, 42)
    encode_scene(model, images, cache=cache)
    encode_scene(model, images, known, cache=cache)
    encode_scene(model, images.flip(0), cache=cache)
    encode_scene(model, images + 1e-6, cache=cache)
    encode_scene(model, images, cache=cache, options=EncodeOptions(longest_px=56))
    encode_scene(model, images, cache=cache, options=EncodeOptions(precision="bf16"))
    with torch.no_grad():
        model.camera_head.trunk_norm.weight[0] += 1e-3
    encode_scene(model, images, cache=cache)
    assert model.calls == len(_entries(cache)) == 7


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "other"])
def test_a_damaged_entry_is_made_anew_with_a_warning(cache: TensorCache, damage: str, caplog) -> None:
    model = Counting(VggtConfig.small(), torch.Generator().manual_seed(0))
    images = torch.rand(2, 3, 42, 42)
    first = encode_scene(model, images, cache=cache)
    (path,) = _entries(cache)
    whole = path.read_bytes()
    if damage == "other":
        cache.write(path.stem, {"depth": torch.zeros(1)}, {})
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "noise": bytes(500)}[damage])
    with caplog.at_level(logging.WARNING):
        again = encode_scene(model, images, cache=cache)
    assert "damaged cache entry" in caplog.text
    assert torch.equal(first.depth, again.depth)
    assert path.read_bytes() == whole
    assert model.calls == 2


def test_the_cache_keeps_within_its_limit_and_forgets_the_oldest(tmp_path: Path) -> None:
    tensors = {"a": torch.zeros(1000)}
    cache = TensorCache(kind="test", folder=tmp_path, limit_bytes=10_000)
    for key in ("one", "two"):
        cache.write(key, tensors, {})
    assert cache.read("one") is not None
    cache.write("three", tensors, {})
    assert cache.read("two") is None
    assert cache.read("one") is not None
    assert cache.read("three") is not None
    tiny = TensorCache(kind="test", folder=tmp_path, limit_bytes=10)
    tiny.write("four", tensors, {})
    assert [path.stem for path in _entries(tiny)] == ["four"]


def test_a_cache_that_cannot_be_written_costs_only_the_caching(tmp_path: Path, model: Vggt, caplog) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = encoding_cache(str(tmp_path / "file"))
    encoding = encode_scene(model, torch.rand(1, 3, 28, 28), cache=cache)
    assert torch.isfinite(encoding.depth).all()
    assert "going on without" in caplog.text


def test_the_cache_s_place_follows_the_environment(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CINESCENE_CACHE_DIR", str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.delenv("CINESCENE_CACHE_DIR")
    assert default_cache_folder().name in ("cinescene", "Cache")


def test_an_encoding_moves_and_converts(model: Vggt) -> None:
    encoding = encode_scene(model, torch.rand(2, 3, 28, 28)).to("cpu")
    views = encoding.depth_views(metres_per_unit=2.0)
    assert torch.equal(views.depth, encoding.depth)
    assert torch.allclose(views.in_metres(2.0).world_points(), 2 * encoding.points, rtol=1e-5)
    assert math.isclose(views.in_metres(2.0).metres_per_unit or 0, 1.0)
    assert rigid(torch.eye(3), torch.zeros(3)).shape == (4, 4)
