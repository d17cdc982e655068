"""Stage `relief`: its data are what was photographed, and it learns."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts, load_parts, save_parts
from cinescene.scene.relief import ReliefConfig, ReliefNet, load_relief_net, save_relief_net
from cinescene.training.build import Sources, model_parts
from cinescene.training.encoded import EncodedClips, Encoders
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.engine import Trainer
from cinescene.training.options import TrainOptions
from cinescene.training.recipe import read_recipe
from cinescene.training.relief import ReliefStage
from cinescene.training.stage import sample_generator
from tests.data.painted_place import CENTRE, DOME_M, GROUND_M, write_painted_scene
from tests.tiny_models import tiny_parts

SMALL = ReliefConfig(height_px=32, widths=(8, 16), depths=(1, 1), heads=2)
NEARER = CENTRE + torch.tensor([1.0, 0.5, -0.3], dtype=torch.float64)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    write_painted_scene(folder, "place1", further=(NEARER,))
    write_painted_scene(folder, "place2")
    return folder


def test_all_panoramas_are_found_at_their_heights(root: Path) -> None:
    made = ReliefStage([root], [root], config=SMALL)
    assert len(made) == 3
    below = [float(made.places[i].closeness[0, -1].exp().mean()) for i in range(3)]
    # Straight down is the ground, at one camera height whatever that is.
    assert below == pytest.approx([1.08] * 3, rel=0.02)


def test_targets_are_the_distances_of_the_place(root: Path) -> None:
    made = ReliefStage([root], [root], config=SMALL)
    level = made.places[0].closeness[0, made.places[0].closeness.shape[1] // 2 - 1]
    assert level.exp() - 0.08 == pytest.approx(GROUND_M / DOME_M, rel=0.02)


def test_turned_and_mirrored_samples_keep_picture_and_distances_together(root: Path) -> None:
    """A row's brightest column marks a direction: whatever is done to a sample, its distance is the same."""
    made = ReliefStage([root], [root], config=SMALL)
    known = made.places[1]
    marked = known.closeness[0, 8].argmax()
    image = torch.zeros_like(known.images)
    image[..., 2 * marked : 2 * marked + 2] = 1
    made.places._loaded = lambda index: ((image * 255).byte(), known.closeness)  # type: ignore[assignment]
    for position in range(6):
        sample = made.sample(1, position, sample_generator(0, position))
        column = int(sample.images[0].sum((0, 1)).argmax()) // 2
        assert torch.equal(sample.closeness[0, :, column], known.closeness[0, :, marked])


def test_it_learns_and_exports(root: Path, tmp_path: Path) -> None:
    made = ReliefStage([root], [root], config=SMALL)
    options = TrainOptions(
        steps=20,
        batch_size=3,
        learning_rate=4e-3,
        warmup_steps=1,
        optimiser="muon",
        checkpoint_every=20,
        validate_every=0,
        log_every=1,
        precision="fp32",
    )
    Trainer(made, options, tmp_path, device="cpu").run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    errors = [line["closeness"] for line in lines if "closeness" in line]
    assert sum(errors[-4:]) < 0.8 * sum(errors[:4])
    assert "validation/held_out_closeness" in lines[-1]
    assert load_relief_net(tmp_path / "model" / "relief").config == SMALL
    again = ReliefStage([root], [root], start=tmp_path / "model" / "relief")
    assert again.net.config == SMALL
    assert all(parameter.requires_grad for parameter in again.net.parameters())


def test_data_without_distances_are_refused(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bare"
    shutil.copytree(root, copy)
    for scene in DatasetLayout(copy).scene_ids():
        DatasetLayout(copy).set_file(scene).unlink()
    with pytest.raises(InputError, match="exact distances"):
        ReliefStage([copy], [copy], config=SMALL)


def with_relief(folder: Path) -> ModelParts:
    torch.manual_seed(0)
    return dataclasses.replace(tiny_parts(folder), relief=ReliefNet(SMALL).eval().requires_grad_(False))


def test_a_model_keeps_its_relief_network(tmp_path: Path) -> None:
    parts = with_relief(tmp_path / "wan")
    save_parts(parts, tmp_path / "model")
    again = load_parts(tmp_path / "model")
    assert again.relief is not None
    assert parts.relief is not None
    for name, tensor in parts.relief.state_dict().items():
        assert torch.equal(again.relief.state_dict()[name], tensor)


def test_a_recipes_model_takes_a_trained_relief_network(root: Path, tmp_path: Path) -> None:
    save_relief_net(ReliefNet(SMALL), tmp_path / "relief")
    parts = model_parts(read_recipe("nano-scene"), Sources(train=(root,), relief=tmp_path / "relief"))
    assert parts.relief is not None
    assert parts.relief.config == SMALL


def test_clips_are_encoded_with_a_previz_through_the_relief(root: Path, tmp_path: Path) -> None:
    from cinescene.data.dataset import DatasetConfig
    from cinescene.scene.vggt import TensorCache
    from cinescene.scene.view_layout import ViewLayout

    parts = with_relief(tmp_path / "wan")
    config = DatasetConfig(root=root, frames=5, width_px=64, height_px=32, layout=ViewLayout.ring(5).with_size(32, 32))

    def clips(relief: ReliefNet | None) -> EncodedClips:
        encoders = Encoders(autoencoder=parts.autoencoder, vggt=None, relief=relief)
        options = EncodingOptions(previz=("standin", "relief"))
        return EncodedClips([config], encoders, options, TensorCache(kind="training", folder=tmp_path / "cache"))

    with_, without = clips(parts.relief)[1], clips(None)[1]
    assert torch.equal(without.previz[0], without.previz[1])
    assert torch.equal(with_.previz[0], without.previz[0])
    assert not torch.equal(with_.previz[0], with_.previz[1])
