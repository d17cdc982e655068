"""Checkpoints: what loads, what is left out, and what is refused and why."""

import json
import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from cinescene.errors import CheckpointError
from cinescene.scene.vggt import Vggt, VggtConfig, load_vggt, load_weights, save_vggt, weights_hash

SMALL = VggtConfig.small()


@pytest.fixture(scope="module")
def model() -> Vggt:
    return Vggt(SMALL, torch.Generator().manual_seed(0)).eval()


@pytest.fixture
def folder(model: Vggt, tmp_path: Path) -> Path:
    save_vggt(model, tmp_path / "model")
    return tmp_path / "model"


def _rewritten(folder: Path, change) -> Path:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    path = folder / "changed" / "model.safetensors"
    path.parent.mkdir()
    save_file(tensors, path)
    return path


def test_a_saved_model_comes_back_the_same(model: Vggt, folder: Path) -> None:
    back = load_vggt(folder)
    assert back.config == model.config
    assert not back.training
    assert all(torch.equal(back.state_dict()[n], t) for n, t in model.state_dict().items())
    assert weights_hash(back) == weights_hash(model)
    images = torch.rand(1, 2, 3, 28, 28)
    with torch.no_grad():
        assert torch.equal(back(images).depth, model(images).depth)


def test_weights_alone_are_enough(model: Vggt, folder: Path) -> None:
    (folder / "config.json").unlink()
    assert load_vggt(folder).config.to_dict() | {"layer_scale": 0} == SMALL.to_dict() | {"layer_scale": 0}
    assert load_vggt(folder / "model.safetensors").config.width == 64


def test_a_foreign_configuration_beside_the_weights_is_no_obstacle(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"img_size": 518, "embed_dim": 1024}))
    assert load_vggt(folder).config.width == 64


def test_the_tracking_head_is_left_out_and_said_to_be(model: Vggt, folder: Path, caplog) -> None:
    extra = {"track_head.tracker.weight": torch.zeros(2), "track_head.norm.bias": torch.zeros(3)}
    path = _rewritten(folder, lambda tensors: tensors.update(extra))
    with caplog.at_level(logging.INFO):
        report = load_weights(model, path)
    assert set(report.left_out) == set(extra)
    assert set(report.loaded) == set(model.state_dict())
    assert "left out on purpose: track_head (2 tensors)" in caplog.text


def test_the_point_head_can_be_left_out(folder: Path, caplog) -> None:
    with caplog.at_level(logging.INFO):
        model = load_vggt(folder, point_head=False)
    assert model.point_head is None
    assert "left out on purpose: point_head" in caplog.text
    with torch.no_grad():
        assert model(torch.rand(1, 1, 3, 14, 14)).points is None


def test_weights_are_converted_to_the_type_asked_for(folder: Path) -> None:
    model = load_vggt(folder, dtype=torch.bfloat16)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    with torch.no_grad():
        assert torch.isfinite(model(torch.rand(1, 2, 3, 28, 28).bfloat16()).depth).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("camera_head.trunk_norm.bias"), "1 missing: camera_head.trunk_norm.bias"),
        (lambda t: t.update({"depth_head.extra": torch.zeros(1)}), "1 not of a VGGT: depth_head.extra"),
        (
            lambda t: t.update({"camera_head.trunk_norm.bias": torch.zeros(7)}),
            r"1 of another shape: camera_head.trunk_norm.bias \(7,\) instead of \(128,\)",
        ),
        (lambda t: t["aggregator.camera_token"].fill_(torch.nan), "aggregator.camera_token holds NaN"),
    ],
)
def test_tensors_that_do_not_fit_are_named(folder: Path, change, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_vggt(_rewritten(folder, change))


def test_a_refused_checkpoint_leaves_the_model_as_it_was(folder: Path) -> None:
    model = Vggt(SMALL, torch.Generator().manual_seed(5))
    before = weights_hash(model)
    path = _rewritten(folder, lambda t: t["point_head.norm.weight"].fill_(torch.inf))
    with pytest.raises(CheckpointError):
        load_weights(model, path)
    assert weights_hash(model) == before


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"transformer.blocks.0.attn.qkv.weight": torch.zeros(6, 2)}, path)
    with pytest.raises(CheckpointError, match="expected the weights of a VGGT"):
        load_vggt(path)


def test_a_configuration_of_another_size_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(SMALL.to_dict() | {"camera_depth": 3}))
    with pytest.raises(CheckpointError, match=r"camera_head.trunk.2"):
        load_vggt(folder)


@pytest.mark.parametrize("kept", [0, 4, 200, 100_000])
def test_a_truncated_file_is_refused(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        load_vggt(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickled_file_is_never_opened(tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "model.pt"
    torch.save({"aggregator.camera_token": torch.zeros(2)}, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(CheckpointError, match="pickled"):
        load_vggt(path)


def test_a_damaged_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="expected JSON"):
        load_vggt(folder)


def test_where_nothing_is_found_the_message_says_what_to_do(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(CheckpointError, match=r"expected a folder that holds model\.safetensors"):
        load_vggt(tmp_path)
    with pytest.raises(CheckpointError, match="no such VGGT checkpoint"):
        load_vggt(tmp_path / "absent.safetensors")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"download model.safetensors"):
        load_vggt("nobody/no-such-vggt")


def test_the_hash_follows_every_weight(model: Vggt) -> None:
    other = Vggt(SMALL, torch.Generator().manual_seed(0))
    assert weights_hash(other) == weights_hash(model)
    with torch.no_grad():
        other.camera_head.pose_branch.fc2.bias.data[3] += 1e-6
    assert weights_hash(other) != weights_hash(model)
