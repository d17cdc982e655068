import dataclasses

import pytest
import torch
from accelerate import init_empty_weights

from cinescene.errors import CheckpointError, InputError
from cinescene.model.autoencoder import Autoencoder
from cinescene.model.config import TransformerConfig
from cinescene.model.defaults import ShotDefaults
from cinescene.model.transformer import CineSceneTransformer
from cinescene.presets import NANO, PRESETS, nano_autoencoder_config, nano_transformer_config, preset, random_nano
from tests.model.conftest import as_users_run  # noqa: F401 - a fixture


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_nano_is_as_small_as_it_says() -> None:
    with init_empty_weights():
        assert parameters(CineSceneTransformer(nano_transformer_config())) == pytest.approx(8e6, rel=0.1)
        autoencoder = Autoencoder.from_config(nano_autoencoder_config())
    assert parameters(autoencoder) == pytest.approx(4.45e6, rel=0.02)
    shape = autoencoder.latent_shape(NANO.shot.frames, NANO.shot.height_px, NANO.shot.width_px)
    assert shape == (32, 5, 12, 20)


def test_the_parts_of_nano_fit_each_other() -> None:
    parts = random_nano(3)
    assert parts.untrained
    assert parts.transformer.config.geometry_dim == 2 * parts.vggt.config.width
    again = random_nano(3)
    assert torch.equal(parts.transformer.proj_out.weight, again.transformer.proj_out.weight)
    frames = torch.rand(1, 5, 3, 32, 48)
    with torch.no_grad():
        assert parts.autoencoder.decode(parts.autoencoder.encode(frames)).shape == frames.shape


@pytest.mark.parametrize("name", PRESETS)
def test_presets_make_shots_that_their_models_can_make(name: str) -> None:
    shot = preset(name).shot
    multiple = 32 if name == "wan2.2-5b" else 16
    assert shot.width_px % multiple == shot.height_px % multiple == (shot.frames - 1) % 4 == 0
    assert ShotDefaults.from_dict(dataclasses.asdict(shot)) == shot


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected one of nano, wan2\.1-1\.3b.*got 'mega'"):
        preset("mega")
    with pytest.raises(CheckpointError, match="shot defaults cannot be used"):
        ShotDefaults.from_dict({"width": 3})


@pytest.mark.usefixtures("as_users_run")
def test_configurations_are_stored_and_read_with_their_version() -> None:
    config = nano_transformer_config(scene_tokens="geometry_patch_only", camera="extrinsics", start_view_first=True)
    assert TransformerConfig.from_dict(config.to_dict()) == config
    for changed, message in (
        ({"format_version": 99}, "format 1, got 99"),
        ({"_class_name": "Other"}, "got Other"),
        ({"surprise": 1}, "surprise"),
        ({"scene_tokens": "some"}, "expected one of none, image"),
        ({"projective_dim": 20}, "multiple of 8"),
    ):
        with pytest.raises(CheckpointError, match=message):
            TransformerConfig.from_dict(config.to_dict() | changed)
    with pytest.raises(InputError, match="got 18; nearest: 17 or 21"):
        config.latent_frames(18)
    assert config.latent_frames(17) == 5
