"""The relief network: what it must keep by construction, and its files."""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import CheckpointError, InputError
from cinescene.scene.panorama import Panorama
from cinescene.scene.relief import (
    FARTHEST,
    Relief,
    ReliefConfig,
    ReliefNet,
    closeness_of,
    load_relief_net,
    save_relief_net,
)

SMALL = ReliefConfig(height_px=32, widths=(8, 16), depths=(1, 1), heads=2)


def net(seed: int = 0) -> ReliefNet:
    torch.manual_seed(seed)
    made = ReliefNet(SMALL).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made


def test_an_untrained_network_sees_the_flat_ground() -> None:
    relief = ReliefNet(SMALL).estimate(Panorama.from_image(torch.rand(3, 64, 128)))
    rows = relief.closeness.shape[0]
    fall = (torch.arange(rows) + 0.5) / rows * math.pi - math.pi / 2
    steep = fall > math.radians(30)
    expected = 1 / torch.sin(fall[steep])
    assert torch.allclose(relief.distances()[steep], expected[:, None].expand(-1, 2 * rows), rtol=1e-4)


@given(st.integers(0, 15))
def test_turning_the_panorama_turns_the_relief(turn: int) -> None:
    images = torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    step = 2 ** len(SMALL.widths)
    first, _ = net()(images)
    turned, _ = net()(images.roll(turn * step, -1))
    assert torch.allclose(turned, first.roll(turn * step // 2, -1), atol=1e-4)


@given(st.floats(0.2, 30.0))
def test_closeness_and_distance_are_each_others_inverse(distance: float) -> None:
    relief = Relief(closeness=closeness_of(torch.tensor([[distance]])), doubt=torch.zeros(1, 1))
    assert float(relief.distances()) == pytest.approx(distance, rel=1e-3)


def test_the_sky_is_as_far_as_can_be() -> None:
    relief = Relief(closeness=closeness_of(torch.tensor([[math.inf]])), doubt=torch.zeros(1, 1))
    assert float(relief.distances()) == pytest.approx(FARTHEST, rel=1e-3)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_relief_net(net(), tmp_path / "relief")
    again = load_relief_net(tmp_path / "relief")
    images = torch.rand(1, 3, 32, 64)
    assert torch.equal(again(images)[0], net()(images)[0])
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_foreign_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="relief"):
        load_relief_net(tmp_path / "relief")
    save_relief_net(net(), tmp_path / "relief")
    weights = tmp_path / "relief" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="relief"):
        load_relief_net(tmp_path / "relief")
    weights.write_bytes(whole)
    config = tmp_path / "relief" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"widths": [8, 24]}))
    with pytest.raises(CheckpointError, match="no relief network of ours"):
        load_relief_net(tmp_path / "relief")


@pytest.mark.parametrize("options", [{"height_px": 30}, {"depths": (1, 1, 1)}])
def test_impossible_configurations_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="expected"):
        ReliefConfig(**({"height_px": 32, "widths": (8, 16), "depths": (1, 1)} | options))  # type: ignore[arg-type]
