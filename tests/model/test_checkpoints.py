"""Model folders in the published layout, read and written; and everything that can be wrong with one."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from cinescene.errors import CheckpointError, InputError
from cinescene.model import weight_files
from cinescene.model.autoencoder import Autoencoder
from cinescene.model.checkpoints import load_parts, load_transformer, resolve, save_parts
from cinescene.model.trainable import is_new
from cinescene.scene.vggt import Vggt, VggtConfig, save_vggt
from tests.model.wan_folders import autoencoder as wan_autoencoder
from tests.model.wan_folders import write_wan

OPTIONS = {"geometry_dim": 8, "projective_dim": 16, "projective_heads": 1}
WEIGHTS = Path("transformer") / "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wan")
    write_wan(folder)
    return folder


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "model"))


@pytest.mark.parametrize("kind", ["2.1 T2V", "2.2 14B", "2.2 TI2V"])
def test_a_wan_folder_loads_whole(kind: str, tmp_path: Path) -> None:
    wan = write_wan(tmp_path, kind)
    parts = load_parts(tmp_path, **OPTIONS)
    state = parts.transformer.state_dict()
    theirs = wan.transformer.state_dict()
    assert all(torch.equal(state[name], theirs[name]) for name in theirs)
    assert all(is_new(name) for name in state.keys() - theirs.keys())
    assert not any(parameter.is_meta for parameter in parts.transformer.parameters())
    assert (parts.low_noise_transformer is not None, parts.boundary) == (
        kind == "2.2 14B",
        0.875 if "14B" in kind else None,
    )
    assert parts.autoencoder.latent_channels == (48 if kind == "2.2 TI2V" else 16)
    for ours, original in ((parts.autoencoder.wan, wan.vae), (parts.text_encoder.model, wan.text_encoder)):
        expected = original.state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())


def test_saved_and_read_again_it_is_the_same(published: Path, tmp_path: Path) -> None:
    first = load_parts(published, camera="extrinsics", **OPTIONS)
    with torch.no_grad():
        first.transformer.blocks[0].camera_encoder.projection.weight.fill_(0.5)
    save_parts(first, tmp_path / "ours")
    second = load_parts(tmp_path / "ours")
    assert second.transformer.config == first.transformer.config
    for part in ("transformer", "autoencoder"):
        expected = getattr(first, part).state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in getattr(second, part).state_dict().items())
    prompts = ["a dog walks"]
    encoded = [parts.text_encoder.encode(prompts).embeddings for parts in (first, second)]
    torch.testing.assert_close(*encoded, atol=0, rtol=0)
    settings = [{k: v for k, v in p.scheduler.config.items() if k[0] != "_"} for p in (first, second)]
    assert settings[0] == settings[1]
    save_parts(second, tmp_path / "ours")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ours"]
    with pytest.raises(CheckpointError, match="configuration is fixed; leave out camera"):
        load_parts(tmp_path / "ours", camera="prope")


def test_two_transformers_and_a_vggt_are_saved_with_it(tmp_path: Path) -> None:
    write_wan(tmp_path / "wan", "2.2 14B")
    vggt = Vggt(VggtConfig.nano())
    save_vggt(vggt, tmp_path / "vggt")
    parts = load_parts(tmp_path / "wan", vggt=tmp_path / "vggt", projective_dim=16, projective_heads=1)
    assert parts.transformer.config.geometry_dim == 2 * vggt.config.width
    save_parts(parts, tmp_path / "ours")
    again = load_parts(tmp_path / "ours")
    assert again.boundary == 0.875
    assert again.low_noise_transformer is not None
    assert again.vggt is not None
    assert again.vggt.config.width == vggt.config.width


def test_half_precision_keeps_what_wan_keeps_in_32_bits(published: Path) -> None:
    model = load_transformer(published / "transformer", dtype=torch.bfloat16, **OPTIONS)
    types = {name: parameter.dtype for name, parameter in model.named_parameters()}
    assert types["blocks.0.attn1.to_q.weight"] == types["blocks.0.projective.to_q.weight"] == torch.bfloat16
    assert (
        types["blocks.1.scale_shift_table"] == types["condition_embedder.time_embedder.linear_1.bias"] == torch.float32
    )
    assert types["blocks.0.norm2.weight"] == torch.float32
    assert model.dtype == torch.bfloat16


def test_shards_are_read_and_written(copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = load_transformer(copy / "transformer", **OPTIONS)
    monkeypatch.setattr(weight_files, "SHARD_BYTES", 30_000)
    folder = tmp_path / "sharded"
    weight_files.save_weights(expected, folder)
    weight_files.write_json(folder / "config.json", expected.config.to_dict())
    assert len(list(folder.glob("*.safetensors"))) > 2
    again = load_transformer(folder).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in expected.state_dict().items())
    (folder / next(folder.glob("*-00002-of-*.safetensors")).name).unlink()
    with pytest.raises(CheckpointError, match=r"00002-of.*missing; download"):
        load_transformer(folder)


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def rewrite(path: Path, change: str) -> None:
    tensors = load_file(path)
    if change == "missing":
        del tensors["proj_out.weight"], tensors["blocks.0.attn1.to_q.bias"]
    elif change == "foreign":
        tensors["blocks.7.attn1.to_q.bias"] = torch.zeros(3)
    else:
        tensors["proj_out.bias"] = torch.zeros(5)
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"missing tensors .*proj_out\.weight"),
        ("foreign", r"foreign tensors blocks\.7\.attn1\.to_q\.bias"),
        ("misshapen", r"proj_out\.bias is \(5,\), expected \(64,\)"),
    ],
)
def test_other_tensors_are_named(copy: Path, change: str, message: str) -> None:
    rewrite(copy / WEIGHTS, change)
    with pytest.raises(CheckpointError, match=message):
        load_parts(copy)


def test_truncated_and_pickled_weights_are_refused(copy: Path) -> None:
    whole = (copy / WEIGHTS).read_bytes()
    for part in (whole[:-100], whole[:4], b"no safetensors at all"):
        (copy / WEIGHTS).write_bytes(part)
        with pytest.raises(CheckpointError, match=r"diffusion_pytorch_model\.safetensors: this file is truncated"):
            load_parts(copy)
    (copy / WEIGHTS).unlink()
    torch.save({"a": torch.zeros(2)}, copy / "transformer" / "diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pickled weights only \(diffusion_pytorch_model\.bin\)"):
        load_parts(copy)
    (copy / "transformer" / "diffusion_pytorch_model.bin").unlink()
    with pytest.raises(CheckpointError, match=r"expected weights in a \.safetensors file, found none"):
        load_parts(copy)


def test_other_architectures_are_refused(copy: Path) -> None:
    config = copy / "transformer" / "config.json"
    original = config.read_text()
    for values, message in (
        ({"_class_name": "FluxTransformer2DModel"}, "expected a WanTransformer3DModel configuration, got Flux"),
        ({"image_dim": 1280}, "image-to-video checkpoint"),
        ({"in_channels": 36}, "36 in and 16 out; this is an image-to-video checkpoint"),
        ({"text_dim": 31}, "belong to another architecture|do not belong together"),
    ):
        edit(config, **values)
        with pytest.raises(CheckpointError, match=message):
            load_parts(copy)
        config.write_text(original)
    for part, values, message in (
        (
            "vae",
            {"_class_name": "AutoencoderKL"},
            "expected an AutoencoderKLWan or PatchAutoencoder configuration, got AutoencoderKL",
        ),
        ("text_encoder", {"model_type": "clip"}, "expected a umt5 configuration, got clip"),
    ):
        path = copy / part / "config.json"
        original = path.read_text()
        edit(path, **values)
        with pytest.raises(CheckpointError, match=message):
            load_parts(copy)
        path.write_text(original)
    edit(copy / "scheduler" / "scheduler_config.json", prediction_type="epsilon")
    with pytest.raises(CheckpointError, match="flow prediction, got epsilon"):
        load_parts(copy)
    edit(copy / "model_index.json", _class_name="StableDiffusionPipeline")
    with pytest.raises(CheckpointError, match="text-to-video model, got StableDiffusionPipeline"):
        load_parts(copy)


def test_damaged_folders_are_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "transformer" / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="expected a JSON file"):
        load_parts(copy)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"model_index\.json: missing"):
        load_parts(tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match="this is a file"):
        load_parts(tmp_path / "file")
    with pytest.raises(CheckpointError, match="no such folder, and no name of a model"):
        load_parts(tmp_path / "nowhere" / "at" / "all")


def test_unknown_options_and_places_are_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected some of camera, .*; got cameras"):
        load_parts(published, cameras="prope")
    parts = load_parts(published, **OPTIONS)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="expected a new folder or one that holds a model"):
        save_parts(parts, tmp_path)
    with pytest.raises(CheckpointError, match="autoencoder: this transformer expects 16, got 48"):
        dataclasses.replace(parts, autoencoder=Autoencoder(wan_autoencoder("2.2 TI2V")))


def test_without_network_and_copy_it_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"hf download some/model --local-dir model; bring that folder here"):
        resolve("some/model")


def test_a_complete_copy_in_the_hubs_cache_is_found_without_network(
    published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    revision = "0" * 40
    repository = tmp_path / "models--some--model"
    shutil.copytree(published, repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    assert resolve("some/model") == repository / "snapshots" / revision
    (repository / "snapshots" / revision / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="no complete local copy"):
        resolve("some/model")
