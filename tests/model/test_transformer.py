"""What the model's output does and does not depend on."""

import dataclasses

import pytest
import torch

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import rigid, rotation_about_axis
from cinescene.errors import InputError
from cinescene.model.config import TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.levers import offload_blocks
from tests.model.models import random_case, tiny_config, trained_model

CLOSE = {"atol": 1e-4, "rtol": 0}
MODES = pytest.mark.parametrize("attention", ["joint", "cached"])
TOKENS = ["none", "image", "geometry", "both", "geometry_patch_only", "geometry_camera_only"]
KINDS = [(tokens, "prope") for tokens in TOKENS] + [("both", "none"), ("image", "extrinsics"), ("none", "extrinsics")]


@MODES
@pytest.mark.parametrize(("tokens", "camera"), KINDS)
@torch.no_grad()
def test_every_kind_of_model_runs_and_every_condition_has_an_effect(attention: str, tokens: str, camera: str) -> None:
    config = tiny_config(context_attention=attention, camera=camera, scene_tokens=tokens)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    out = model(noisy, time, inputs)
    assert out.shape == noisy.shape
    changed = [inputs.with_text(inputs.text + 1), inputs.without_previz()]
    if tokens != "none":
        changed.append(inputs.without_views())
    if camera != "none":
        moved = inputs.cameras.moved(rigid(torch.eye(3), torch.tensor([1.0, 0.5, 0.0])))
        turned = Cameras.cat([inputs.cameras[:1], moved[1:]])[:, [0, *range(8, 0, -1)]]
        changed.append(dataclasses.replace(inputs, cameras=turned))
    for other in changed:
        assert (model(noisy, time, other) - out).abs().max() > 1e-4


@MODES
@pytest.mark.parametrize("tokens", ["image", "geometry", "both"])
@torch.no_grad()
def test_views_are_a_set(attention: str, tokens: str) -> None:
    config = tiny_config(context_attention=attention, scene_tokens=tokens)
    model = trained_model(config)
    noisy, time, inputs = random_case(config, views=5)
    inputs = dataclasses.replace(
        inputs,
        view_known=torch.tensor([[True] * 5, [True, True, False, True, False]]),
        view_posed=torch.tensor([[True, False, True, True, False], [False, True, True, True, True]]),
    )
    expected = model(noisy, time, inputs)
    torch.testing.assert_close(
        model(noisy, time, inputs.permuted_views(torch.tensor([3, 0, 4, 2, 1]))), expected, **CLOSE
    )


@MODES
@torch.no_grad()
def test_the_start_view_alone_has_a_place(attention: str) -> None:
    config = tiny_config(context_attention=attention, start_view_first=True)
    model = trained_model(config)
    noisy, time, inputs = random_case(config, views=4)
    expected = model(noisy, time, inputs)
    torch.testing.assert_close(model(noisy, time, inputs.permuted_views(torch.tensor([0, 3, 1, 2]))), expected, **CLOSE)
    swapped = model(noisy, time, inputs.permuted_views(torch.tensor([1, 0, 2, 3])))
    assert (swapped - expected).abs().max() > 1e-4


@MODES
@torch.no_grad()
def test_splitting_a_batch_changes_nothing(attention: str) -> None:
    config = tiny_config(context_attention=attention)
    model = trained_model(config)
    noisy, time, inputs = random_case(config, batch_size=3, views=4)
    inputs = dataclasses.replace(
        inputs,
        text_mask=torch.tensor([[True] * 5, [True] * 2 + [False] * 3, [True] * 4 + [False]]),
        view_known=torch.tensor([[True] * 4, [True, False, False, False], [False] * 4]),
        view_posed=torch.tensor([[True, False, True, True], [False] * 4, [True] * 4]),
        previz_known=torch.tensor([True, False, True]),
    )
    whole = model(noisy, time, inputs)
    assert whole.isfinite().all()
    for i in range(3):
        one = slice(i, i + 1)
        torch.testing.assert_close(model(noisy[one], time[one], inputs[one]), whole[one], **CLOSE)
    rejoined = CineSceneInputs.cat([inputs[:1], inputs[1:]])
    torch.testing.assert_close(model(noisy, time, rejoined), whole, **CLOSE)


@MODES
@torch.no_grad()
def test_padding_a_scene_with_unknown_views_changes_nothing(attention: str) -> None:
    config = tiny_config(context_attention=attention)
    model = trained_model(config)
    noisy, time, inputs = random_case(config, views=5)
    three = inputs.permuted_views(torch.arange(3))
    padded = dataclasses.replace(inputs, view_known=torch.tensor([[True] * 3 + [False] * 2] * 2))
    torch.testing.assert_close(model(noisy, time, padded), model(noisy, time, three), **CLOSE)


@MODES
@torch.no_grad()
def test_the_world_frame_of_the_cameras_does_not_matter(attention: str) -> None:
    config = tiny_config(context_attention=attention)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    turn = rotation_about_axis(torch.tensor([0.0, 0.6, 0.8]), torch.tensor(1.1))
    world = rigid(turn, torch.tensor([5.0, -3.0, 2.0]))
    moved = dataclasses.replace(
        inputs, cameras=inputs.cameras.moved(world), view_cameras=inputs.view_cameras.moved(world)
    )
    torch.testing.assert_close(model(noisy, time, moved), model(noisy, time, inputs), atol=1e-3, rtol=0)


@MODES
@torch.no_grad()
def test_the_stated_pose_of_a_view_without_one_does_not_matter(attention: str) -> None:
    config = tiny_config(context_attention=attention)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    inputs = dataclasses.replace(inputs, view_posed=torch.tensor([[False, True, True], [False, False, False]]))
    moved = inputs.view_cameras.moved(rigid(torch.eye(3), torch.tensor([2.0, 0.0, 1.0])))
    unposed = ~inputs.view_posed[..., None, None]
    matrix = torch.where(unposed, moved.world_from_camera, inputs.view_cameras.world_from_camera)
    other = dataclasses.replace(inputs, view_cameras=dataclasses.replace(inputs.view_cameras, world_from_camera=matrix))
    torch.testing.assert_close(model(noisy, time, other), model(noisy, time, inputs), **CLOSE)


@torch.no_grad()
def test_a_zoom_is_seen_by_projective_attention() -> None:
    config = tiny_config(scene_tokens="none", camera="prope", previz=False)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    lens = inputs.cameras.intrinsics_px.clone()
    lens[:, 1:, 0, 0] *= 1.5
    lens[:, 1:, 1, 1] *= 1.5
    zoomed = dataclasses.replace(inputs, cameras=dataclasses.replace(inputs.cameras, intrinsics_px=lens))
    assert (model(noisy, time, zoomed) - model(noisy, time, inputs)).abs().max() > 1e-4


@torch.no_grad()
def test_a_picture_of_another_size_with_the_same_view_is_the_same_camera() -> None:
    config = tiny_config(camera="prope")
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    resized = dataclasses.replace(
        inputs, cameras=inputs.cameras.resized(640, 360), view_cameras=inputs.view_cameras.resized(100, 900)
    )
    torch.testing.assert_close(model(noisy, time, resized), model(noisy, time, inputs), **CLOSE)


@pytest.mark.parametrize("reference", ["first_frame", "start_view"])
@torch.no_grad()
def test_extrinsics_are_relative_to_what_was_chosen(reference: str) -> None:
    config = tiny_config(camera="extrinsics", extrinsics_reference=reference)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    moved = dataclasses.replace(
        inputs, cameras=inputs.cameras.moved(rigid(torch.eye(3), torch.tensor([1.0, 2.0, 3.0])))
    )
    change = (model(noisy, time, moved) - model(noisy, time, inputs)).abs().max()
    assert (change < 1e-4) == (reference == "first_frame")


@torch.no_grad()
def test_the_scene_knows_nothing_of_the_shot_in_the_cached_form() -> None:
    config = tiny_config()
    model = trained_model(config)
    _, _, inputs = random_case(config)
    cache = model.encode_scene(inputs)
    other_noisy, other_time, other = random_case(config, seed=5, latent_frames=2, latent_size=(6, 4))
    scene = {
        name: getattr(inputs, name) for name in ("view_latents", "geometry_patches", "geometry_camera", "view_cameras")
    }
    other = dataclasses.replace(other, **scene)
    other_cache = model.encode_scene(other)
    for layer, other_layer in zip(cache.layers, other_cache.layers, strict=True):
        assert torch.equal(layer.key, other_layer.key)
        assert torch.equal(layer.projective_value, other_layer.projective_value)
    torch.testing.assert_close(
        model(other_noisy, other_time, other, cache), model(other_noisy, other_time, other), **CLOSE
    )


@torch.no_grad()
def test_one_scene_serves_several_shots() -> None:
    config = tiny_config()
    model = trained_model(config)
    noisy, time, inputs = random_case(config, batch_size=3)
    one = inputs[:1]
    shared = dataclasses.replace(
        inputs,
        view_latents=one.view_latents.expand_as(inputs.view_latents),
        geometry_patches=one.geometry_patches.expand_as(inputs.geometry_patches),
        geometry_camera=one.geometry_camera.expand_as(inputs.geometry_camera),
        view_cameras=Cameras.cat([one.view_cameras] * 3),
    )
    cache = model.encode_scene(one)
    torch.testing.assert_close(model(noisy, time, shared.without_views(), cache), model(noisy, time, shared), **CLOSE)
    torch.testing.assert_close(
        model(noisy[1:], time[1:], shared[1:], cache.expanded(3)[1:]), model(noisy, time, shared)[1:], **CLOSE
    )


@torch.no_grad()
def test_a_frame_may_have_its_own_time() -> None:
    config = tiny_config()
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    per_frame = time[:, None].expand(-1, 3)
    torch.testing.assert_close(model(noisy, per_frame, inputs), model(noisy, time, inputs), **CLOSE)
    first_clean = per_frame * torch.tensor([0.0, 1.0, 1.0])
    assert (model(noisy, first_clean, inputs) - model(noisy, time, inputs)).abs().max() > 1e-3


@MODES
def test_gradient_checkpointing_changes_no_gradient(attention: str) -> None:
    config = tiny_config(context_attention=attention)
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    gradients = []
    for model.gradient_checkpointing in (False, True):
        model.zero_grad()
        model(noisy, time, inputs).square().mean().backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_attention_back_ends_agree() -> None:
    config = tiny_config()
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    inputs = dataclasses.replace(inputs, view_known=torch.tensor([[True, True, False], [True] * 3]))
    expected = model(noisy, time, inputs)
    for backend in ("explicit", "native"):
        model.set_attention_backend(backend)
        torch.testing.assert_close(model(noisy, time, inputs), expected, **CLOSE)
    with pytest.raises(InputError, match="expected one of sdpa"):
        model.set_attention_backend("fast")
    with pytest.raises(InputError, match="cannot be used here"):
        model.set_attention_backend("_flash_3")


@torch.no_grad()
def test_any_length_and_size_of_whole_patches() -> None:
    config = tiny_config()
    model = trained_model(config)
    for frames, size, views in ((1, (2, 2), 1), (7, (8, 2), 2), (2, (2, 10), 6)):
        noisy, time, inputs = random_case(config, latent_frames=frames, latent_size=size, views=views)
        assert model(noisy, time, inputs).isfinite().all()


def test_the_same_seed_gives_the_same_model_and_leaves_the_global_state() -> None:
    state = torch.random.get_rng_state()
    first, second, other = (trained_model(tiny_config(), seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["proj_out.weight"], other["proj_out.weight"])


def wrong(config: TransformerConfig, **fields: object) -> None:
    noisy, time, inputs = random_case(config)
    trained_model(config)(noisy, time, dataclasses.replace(inputs, **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": torch.randn(2, 5, 7)}, "text: expected embeddings of 20 channels, got 7"),
        ({"text": torch.randn(3, 5, 20)}, "text: expected a batch of 2"),
        ({"view_latents": torch.randn(2, 3, 8, 4, 6)}, "view_latents: expected 4 channels, got 8"),
        ({"view_latents": torch.randn(2, 3, 4, 5, 6)}, "multiples of 2 and 2, got 5×6"),
        ({"view_latents": None}, "needs view_latents and geometry_patches and geometry_camera, got only"),
        ({"geometry_camera": torch.randn(2, 3, 9)}, "geometry_camera: expected features of 10 channels, got 9"),
        ({"previz_mask": None}, "needs its mask"),
        ({"previz_latents": torch.randn(2, 4, 3, 4, 8)}, "previz_latents: expected the shape"),
        ({"view_cameras": Cameras.equirectangular(torch.eye(4).expand(2, 3, 4, 4), 64, 32)}, "expected perspective"),
        (
            {"cameras": Cameras.from_focal_px(torch.eye(4).expand(2, 3, 4, 4), 9.0, 9, 9)},
            r"expected cameras of shape \(2, 9\)",
        ),
    ],
)
@pytest.mark.usefixtures("as_users_run")
def test_inputs_that_do_not_fit_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        wrong(tiny_config(), **fields)


@pytest.mark.usefixtures("as_users_run")
def test_further_mistakes_are_named() -> None:
    config = tiny_config()
    model = trained_model(config)
    noisy, time, inputs = random_case(config)
    with pytest.raises(InputError, match="time: expected shape"):
        model(noisy, torch.rand(2, 2), inputs)
    with pytest.raises(InputError, match="no scene views"):
        model.encode_scene(inputs.without_scene())
    without_previz = trained_model(tiny_config(previz=False))
    with pytest.raises(InputError, match="without a previz input"):
        without_previz(noisy, time, inputs)
    with pytest.raises(InputError, match="needs the pose of the first scene view"):
        wrong(tiny_config(camera="extrinsics", extrinsics_reference="start_view"), view_cameras=None)
    too_long = random_case(config, latent_frames=33, latent_size=(2, 2))
    with pytest.raises(InputError, match="at most 32 latent frames, got 33"):
        model(*too_long)


@torch.no_grad()
def test_blocks_that_come_one_by_one_change_nothing() -> None:
    model = trained_model(tiny_config())
    noisy, time, inputs = random_case(model.config)
    expected = model(noisy, time, inputs)
    offload_blocks(model, torch.device("cpu"))
    torch.testing.assert_close(model(noisy, time, inputs, model.encode_scene(inputs)), expected, **CLOSE)
