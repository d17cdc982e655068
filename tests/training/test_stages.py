"""The stages themselves, on a painted place and tiny models."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import pytest
import torch

from cinescene.data.dataset import DatasetConfig
from cinescene.errors import CheckpointError, InputError
from cinescene.model.checkpoints import ModelParts, load_parts
from cinescene.pipeline import CineScenePipeline
from cinescene.presets import nano_autoencoder_config
from cinescene.scene.vggt import TensorCache, VggtConfig, load_vggt
from cinescene.scene.view_layout import ViewLayout
from cinescene.training.build import Sources, build_stage
from cinescene.training.encoded import EncodedClips, Encoders
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.engine import Trainer
from cinescene.training.estimate import estimate_step, estimate_table
from cinescene.training.optimisers import optimisers
from cinescene.training.options import TrainOptions
from cinescene.training.recipe import Recipe, presets, read_recipe
from cinescene.training.stage import sample_generator
from cinescene.training.vae import VaeOptions, VaeStage
from cinescene.training.vggt import VggtOptions, VggtStage, normalised
from cinescene.training.video import EMPTY_PLACE, VideoStage
from cinescene.training.video_options import VideoOptions
from tests.data.painted_place import write_painted_scene
from tests.tiny_models import tiny_parts

OPTIONS = TrainOptions(
    steps=3, batch_size=2, learning_rate=1e-3, warmup_steps=1, checkpoint_every=1, validate_every=0, log_every=1
)
CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    for name in ("place1", "place2"):
        write_painted_scene(folder, name)
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ModelParts:
    return tiny_parts(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def clips(root: Path, parts: ModelParts, tmp_path_factory: pytest.TempPathFactory) -> EncodedClips:
    return encoded(root, parts, tmp_path_factory.mktemp("cache"))


def encoded(root: Path, parts: ModelParts, cache: Path, options: EncodingOptions | None = None) -> EncodedClips:
    config = DatasetConfig(root=root, frames=5, width_px=64, height_px=32, layout=ViewLayout.ring(5).with_size(32, 32))
    clips = EncodedClips(
        [config],
        Encoders(autoencoder=parts.autoencoder, vggt=parts.vggt),
        options or EncodingOptions(windows=2),
        TensorCache(kind="training", folder=cache),
    )
    clips.prepare()
    return clips


def stage(clips: EncodedClips, parts: ModelParts, kind: str = "scene", **changes: object) -> VideoStage:
    import copy

    own = dataclasses.replace(parts, transformer=copy.deepcopy(parts.transformer))
    options = VideoOptions(**({"views": (2, 3)} | changes))  # type: ignore[arg-type]
    return VideoStage(kind, own, clips, clips, options=options, total_samples=100)  # type: ignore[arg-type]


# ---- encoding -------------------------------------------------------------------------------------------------------


def test_encoded_clips_are_what_the_encoders_make_of_the_data(clips: EncodedClips, parts: ModelParts) -> None:
    assert len(clips) == 8
    item = clips.items[0]
    sample, clip = item.dataset[item.clip], clips[0]
    with torch.no_grad():
        latents = parts.autoencoder.encode(sample.with_subject[None])[0]
        views = parts.autoencoder.encode_views(sample.views[None])[0]
    torch.testing.assert_close(clip.with_subject, latents, atol=5e-3, rtol=2e-3)
    torch.testing.assert_close(clip.views, views, atol=5e-3, rtol=2e-3)
    torch.testing.assert_close(clip.cameras.world_from_camera, sample.cameras.world_from_camera.float())
    torch.testing.assert_close(clip.view_cameras.world_from_camera, sample.view_cameras.world_from_camera.float())
    assert clip.caption == sample.caption
    assert sample.affected_mask is not None
    assert float(clip.affected.mean()) == pytest.approx(
        float(torch.cat([sample.affected_mask[:1], sample.affected_mask[1:].float().mean(0, keepdim=True)]).mean()),
        abs=1e-2,
    )


def test_a_mirrored_clip_is_the_encoding_of_mirrored_pictures(
    root: Path, parts: ModelParts, tmp_path: Path, clips: EncodedClips
) -> None:
    both = encoded(root, parts, tmp_path, EncodingOptions(mirrored=True, previz=("standin",)))
    assert len(both) == len(clips)
    straight, mirrored = both[0], both[1]
    sample = both.items[1].dataset[both.items[1].clip]
    with torch.no_grad():
        latents = parts.autoencoder.encode(sample.with_subject[None].flip(-1))[0]
        views = parts.autoencoder.encode_views(sample.views[None].flip(-1))[0]
    torch.testing.assert_close(mirrored.with_subject, latents, atol=5e-3, rtol=2e-3)
    torch.testing.assert_close(mirrored.views, views, atol=5e-3, rtol=2e-3)
    torch.testing.assert_close(mirrored.affected, straight.affected.flip(-1))
    torch.testing.assert_close(mirrored.previz_masks, straight.previz_masks.flip(-1), atol=1e-3, rtol=1e-3)
    expected = straight.cameras.mirrored().world_from_camera
    torch.testing.assert_close(mirrored.cameras.world_from_camera, expected)
    assert not torch.equal(mirrored.geometry_camera, straight.geometry_camera)  # type: ignore[arg-type]


def test_what_is_stored_is_not_computed_again_until_weights_change(
    clips: EncodedClips, root: Path, parts: ModelParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(EncodedClips, "_encode_clip", refuse)
    encoded(root, parts, Path(clips.cache.folder))
    import copy

    other = dataclasses.replace(parts, autoencoder=copy.deepcopy(parts.autoencoder))
    with torch.no_grad():
        next(other.autoencoder.parameters()).add_(0.1)
    with pytest.raises(AssertionError, match="computed again"):
        encoded(root, other, Path(clips.cache.folder))


# ---- the transformer's stages ---------------------------------------------------------------------------------------


def test_the_curriculum_begins_without_subjects(clips: EncodedClips, parts: ModelParts) -> None:
    made = stage(clips, parts, place_only=0.5, empty=0.0, drop_text=0.0)
    captions = {made._text(text).shape: text for text in EMPTY_PLACE}
    assert captions
    for index in range(len(clips)):
        early = made.sample(index, 10, sample_generator(0, index))
        late = made.sample(index, 60, sample_generator(0, index))
        assert torch.equal(early.data[0], clips[index].without_subject)
        assert torch.equal(late.data[0], clips[index].with_subject)
        assert torch.equal(late.inputs.text, made._text(clips[index].caption))


def test_views_are_shuffled_and_the_start_view_stays_first_where_asked(clips: EncodedClips, parts: ModelParts) -> None:
    made = stage(clips, parts, views=(3, 3), drop_scene=0.0, drop_views=0.0)
    orders = {
        made.sample(0, 99, sample_generator(1, i)).inputs.view_latents[0].sum((1, 2, 3)).argsort() for i in range(4)
    }  # type: ignore[index]
    assert len(orders) > 1
    fixed = stage(clips, parts, views=(3, 3), start_view_first=True, drop_scene=0.0, drop_views=0.0)
    clip = clips[0]
    nearest = int((clip.view_cameras.forward @ clip.cameras[0].forward).argmax())
    for i in range(4):
        inputs = fixed.sample(0, 99, sample_generator(1, i)).inputs
        assert inputs.view_latents is not None
        assert torch.equal(inputs.view_latents[0, 0], clip.views[nearest])


def test_crops_show_the_same_as_the_whole_from_a_cropped_camera(clips: EncodedClips, parts: ModelParts) -> None:
    whole = stage(clips, parts, drop_scene=0.0, drop_previz=0.0, drop_camera=0.0)
    cut = stage(clips, parts, drop_scene=0.0, drop_previz=0.0, drop_camera=0.0, crop=(2, 4))
    grid = clips[0].affected.shape[-2:]
    places = set()
    for i in range(12):
        sample = cut.sample(0, 99, sample_generator(3, i))
        inputs = sample.inputs
        assert inputs.view_count == 0
        assert inputs.cameras is not None
        assert inputs.previz_latents is not None
        assert sample.data.shape[-2:] == inputs.previz_latents.shape[-2:] == (2, 4)
        assert inputs.cameras.size_px == (4 * 8, 2 * 8)
        moved = whole.train[0].cameras.intrinsics_px[0, :2, 2] - inputs.cameras.intrinsics_px[0, 0, :2, 2]
        left, top = (round(float(shift) / 8) for shift in moved)
        assert 0 <= left <= grid[1] - 4
        assert 0 <= top <= grid[0] - 2
        clip = clips[0]
        datas = (clip.with_subject, clip.without_subject)
        assert any(torch.equal(sample.data[0], data[..., top : top + 2, left : left + 4]) for data in datas)
        places.add((left, top))
    assert len(places) > 1


def test_shares_that_are_dropped_are_as_stated(clips: EncodedClips, parts: ModelParts) -> None:
    made = stage(clips, parts, drop_scene=0.1, drop_views=0.2, drop_previz=0.3, drop_text=0.0, empty=0.0)
    samples = [made.sample(i % len(clips), 99, sample_generator(2, i)).inputs for i in range(400)]
    no_views = sum(not s.view_known.any() for s in samples) / 400  # type: ignore[union-attr]
    no_previz = sum(not s.previz_known.any() for s in samples) / 400  # type: ignore[union-attr]
    assert no_views == pytest.approx(0.1 + 0.9 * 0.2, abs=0.06)
    assert no_previz == pytest.approx(0.1 + 0.9 * 0.3, abs=0.06)


@pytest.mark.parametrize(("kind", "optimiser"), [("t2v", "adamw"), ("scene", "adamw"), ("scene", "muon")])
def test_two_steps_and_a_resumed_third_are_three(
    clips: EncodedClips, parts: ModelParts, kind: str, optimiser: Literal["adamw", "muon"], tmp_path: Path
) -> None:
    options = dataclasses.replace(OPTIONS, optimiser=optimiser)
    whole, begun, resumed = (stage(clips, parts, kind) for _ in range(3))
    for made in (whole, begun, resumed):
        made.validate = lambda folder: {}  # type: ignore[method-assign]
    Trainer(whole, options, tmp_path / "whole", device="cpu").run()
    Trainer(begun, options, tmp_path / "parts", device="cpu").run(until=2)
    Trainer(resumed, options, tmp_path / "parts", device="cpu").run()
    before, one, other = (m.transformer.state_dict() for m in (stage(clips, parts), whole, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert any(not torch.equal(one[name], before[name]) for name in one)


def test_muon_takes_the_matrices_inside_blocks_and_adamw_the_rest(parts: ModelParts) -> None:
    adamw, muon = optimisers(parts.transformer, TrainOptions(optimiser="muon"))
    names = {id(p): name for name, p in parts.transformer.named_parameters()}
    orthogonal, others = (
        {names[id(p)] for group in optimiser.param_groups for p in group["params"]} for optimiser in (muon, adamw)
    )
    assert orthogonal | others == set(names.values())
    assert not orthogonal & others
    assert "blocks.0.attn1.to_q.weight" in orthogonal
    assert {"patch_embedding.weight", "blocks.0.scale_shift_table", "proj_out.weight"} <= others


def test_a_trained_model_makes_shots(clips: EncodedClips, parts: ModelParts, tmp_path: Path) -> None:
    made = stage(clips, parts)
    numbers = made.validate(tmp_path / "validation")
    assert set(numbers) == {"flow", "psnr_made", "psnr_previz"}
    assert (tmp_path / "validation" / "shots.png").is_file()
    made.export(tmp_path / "model")
    assert not load_parts(tmp_path / "model").untrained
    assert CineScenePipeline.from_pretrained(tmp_path / "model").parts.defaults == parts.defaults


def test_training_lowers_the_loss(clips: EncodedClips, parts: ModelParts, tmp_path: Path) -> None:
    made = stage(clips, parts, drop_text=0.0)
    made.validate = lambda folder: {}  # type: ignore[method-assign]
    options = dataclasses.replace(OPTIONS, steps=40, learning_rate=3e-3, checkpoint_every=40, precision="fp32")
    Trainer(made, options, tmp_path, device="cpu").run()
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert sum(losses[-8:]) < 0.9 * sum(losses[:8])


def test_low_rank_additions_are_folded_in(clips: EncodedClips, parts: ModelParts, tmp_path: Path) -> None:
    import copy

    own = dataclasses.replace(parts, transformer=copy.deepcopy(parts.transformer))
    made = VideoStage("finetune", own, clips, None, options=VideoOptions(views=(2, 3)), trainable="lora", lora_rank=2)
    Trainer(made, dataclasses.replace(OPTIONS, steps=2), tmp_path / "run", device="cpu").run()
    tuned = load_parts(tmp_path / "run" / "model").transformer
    assert set(tuned.state_dict()) == set(parts.transformer.state_dict())
    changed = [n for n, v in tuned.state_dict().items() if not torch.equal(v, parts.transformer.state_dict()[n])]
    assert any("attn1.to_q" in name for name in changed)


# ---- the other stages -----------------------------------------------------------------------------------------------


def test_an_autoencoder_learns_and_states_its_latents_statistics(root: Path, tmp_path: Path) -> None:
    config = nano_autoencoder_config() | {"z_dim": 4, "width": 16, "fine_width": 16, "depth": 1}
    made = VaeStage([root], [root], options=VaeOptions(frames=5, crop_px=32), config=config)
    options = dataclasses.replace(OPTIONS, steps=60, learning_rate=8e-3, checkpoint_every=60, precision="fp32")
    Trainer(made, options, tmp_path, device="cpu").run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert sum(losses[-12:]) < 0.95 * sum(losses[:12])
    from cinescene.model.checkpoints import load_autoencoder

    autoencoder = load_autoencoder(tmp_path / "model" / "vae")
    with torch.no_grad():
        latents = torch.cat(
            [
                autoencoder.encode(made.pieces.piece(i % len(made.pieces), sample_generator(9, i))[None])
                for i in range(24)
            ]
        )
    assert latents.mean((0, 2, 3, 4)).abs().max() < 0.5
    deviation = latents.std((0, 2, 3, 4))
    assert float(deviation.square().mean().sqrt()) == pytest.approx(1.0, abs=0.3)
    assert deviation[0] > deviation[2]


def test_vggt_targets_are_scale_free(root: Path) -> None:
    """The same views in other units give the same batch: lengths are relative to the scene."""
    made = VggtStage([root], [root], options=VggtOptions(views=4), config=small_vggt())
    views = made.places.from_clips(0, 4, sample_generator(0, 0))
    larger = dataclasses.replace(views, depth_m=3 * views.depth_m, cameras=views.cameras.scaled(3.0))
    one, other = normalised(views, 100.0), normalised(larger, 300.0)
    torch.testing.assert_close(one.depth, other.depth)
    torch.testing.assert_close(one.poses, other.poses)


def test_depth_of_panorama_views_agrees_with_that_of_clips(root: Path) -> None:
    """Both are read from what was written; the painted place's depth is known from its ground and dome."""
    from tests.data.painted_place import CENTRE, see

    made = VggtStage([root], [root], options=VggtOptions(views=4), config=small_vggt())
    views = made.places.from_panorama(0, 4, sample_generator(0, 5))
    assert torch.isfinite(views.depth_m).all()
    from cinescene.cameras.projection import pixel_rays
    from cinescene.cameras.transforms import level_rotation, rigid

    # The panorama was taken at CENTRE, turned by 0.5 rad; its own world has it at the origin, unturned.
    placed = views.cameras.moved(rigid(level_rotation(0.5) @ level_rotation(0.0).mT, CENTRE))
    for i in range(4):
        _, distance = see(placed[i])
        _, rays = pixel_rays(placed[i])
        depth = distance * (rays * placed[i].forward).sum(-1).float()
        assert (views.depth_m[i] / depth - 1).abs().median() < 0.02


def test_vggt_trains_and_exports(root: Path, tmp_path: Path) -> None:
    made = VggtStage([root], [root], options=VggtOptions(views=3), config=small_vggt())
    options = dataclasses.replace(OPTIONS, steps=12, learning_rate=2e-3, checkpoint_every=12, precision="fp32")
    Trainer(made, options, tmp_path, device="cpu").run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert "validation/rotation_deg" in lines[-1]
    assert load_vggt(tmp_path / "model" / "vggt").config == made.vggt.config


def small_vggt() -> VggtConfig:
    return dataclasses.replace(VggtConfig.small(), point_head=False)


# ---- recipes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(presets()))
def test_presets_survive_json(name: str) -> None:
    recipe = read_recipe(name)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_the_papers_recipe_has_the_papers_numbers() -> None:
    recipe = read_recipe(CONFIGS / "wan2.1-1.3b.paper.json")
    assert (recipe.options.steps, recipe.options.learning_rate, recipe.video.shift) == (10_000, 5e-5, 15.0)
    assert (recipe.clips.width_px, recipe.clips.height_px, recipe.clips.frames, recipe.clips.views) == (
        672,
        384,
        77,
        20,
    )
    assert 8 * recipe.options.batch_size * recipe.options.accumulation == 16


def test_estimates_fall_with_gpus_and_rise_with_frames() -> None:
    from cinescene.training.estimate import transformer_config

    recipe = read_recipe(CONFIGS / "wan2.1-1.3b.scene.json")
    config = transformer_config(recipe)
    one, eight = (estimate_step(config, recipe, 10**9, gpus) for gpus in (1, 8))
    assert eight.weights_sharded * 8 == one.weights_sharded
    longer = dataclasses.replace(recipe, clips=dataclasses.replace(recipe.clips, frames=153))
    assert estimate_step(config, longer, 10**9, 1).seconds > 1.5 * one.seconds
    assert "8 " in estimate_table(recipe)


def test_a_recipe_with_a_misspelt_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"stage": "scene", "video": {"shifft": 3}}')
    with pytest.raises(InputError, match="shifft"):
        read_recipe(tmp_path / "r.json")
    with pytest.raises(InputError, match="nano-vae"):
        read_recipe("nano-vea")


def test_a_wan_checkpoint_takes_a_step_of_the_papers_recipe(root: Path, tmp_path: Path) -> None:
    """The dry run: the same recipe, on tiny random weights in Wan's published layout."""
    from tests.model.wan_folders import write_wan

    write_wan(tmp_path / "wan")
    vggt = tiny_parts(tmp_path / "other").vggt
    assert vggt is not None
    from cinescene.scene.vggt import save_vggt

    save_vggt(vggt, tmp_path / "vggt")
    paper = read_recipe(CONFIGS / "wan2.1-1.3b.paper.json")
    recipe = dataclasses.replace(
        paper,
        model=str(tmp_path / "wan"),
        clips=dataclasses.replace(
            paper.clips, frames=5, width_px=64, height_px=32, views=3, view_width_px=64, view_height_px=32
        ),
        video=dataclasses.replace(paper.video, views=(3, 3)),
        options=dataclasses.replace(paper.options, steps=2, checkpoint_every=1, validate_every=0),
    )
    made = build_stage(recipe, Sources(train=(root,), vggt=str(tmp_path / "vggt")), cache=tmp_path / "cache")
    Trainer(made, recipe.options, tmp_path / "run", device="cpu").run()
    learnt = load_parts(tmp_path / "run" / "model").transformer
    assert learnt.config.context_attention == "joint"
    assert learnt.config.camera == "extrinsics"


def test_going_on_with_other_encoders_is_refused(clips: EncodedClips, parts: ModelParts, tmp_path: Path) -> None:
    made = stage(clips, parts)
    made.validate = lambda folder: {}  # type: ignore[method-assign]
    Trainer(made, OPTIONS, tmp_path, device="cpu").run(until=1)
    other = stage(clips, parts)
    other.facts = other.facts | {"encoders": {"autoencoder": "other", "vggt": "none"}}
    with pytest.raises(CheckpointError, match="encoders"):
        Trainer(other, OPTIONS, tmp_path, device="cpu")
