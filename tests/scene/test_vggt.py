"""The network: agreement with the public code, the symmetries it must have, and what it refuses."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cinescene.cameras.camera import Cameras
from cinescene.cameras.transforms import rigid, rotation_angle, rotation_from_quaternion
from cinescene.errors import CheckpointError, InputError
from cinescene.scene.vggt import (
    Vggt,
    VggtConfig,
    cameras_from_encoding,
    encoding_from_cameras,
    load_vggt,
)
from cinescene.scene.vggt.camera_head import camera_from_world_of, intrinsics_of

FACTS = Path(__file__).parents[3] / "shared" / "vggt"
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason="the parity case ../shared/vggt is not beside this checkout"
)


@pytest.fixture(scope="module")
def model() -> Vggt:
    return Vggt(VggtConfig.small(), torch.Generator().manual_seed(0)).eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(1, 4, 3, 42, 56, generator=torch.Generator().manual_seed(1))


def _off(got: torch.Tensor, expected: torch.Tensor) -> float:
    return float((got.reshape(expected.shape) - expected).abs().max() / expected.abs().max())


@needs_facts
@pytest.mark.parametrize("case", ["square", "wide"])
def test_agrees_with_the_public_code(case: str) -> None:
    expected = {k.split("/")[1]: v for k, v in load_file(FACTS / "small-expected.safetensors").items() if case in k}
    public = load_vggt(FACTS / "small-random.safetensors")
    images = expected["images"]
    with torch.no_grad():
        output = public(images)
        first, last = public.aggregator(images, (0, 3))
    encoding = output.pose_encodings[-1]
    assert output.points is not None
    assert output.points_confidence is not None
    got = {
        "tokens_first": first,
        "tokens_last": last,
        "pose_encoding": encoding,
        "depth": output.depth,
        "depth_confidence": output.depth_confidence,
        "world_points": output.points,
        "world_points_confidence": output.points_confidence,
        "camera_from_world": camera_from_world_of(encoding)[..., :3, :],
        "intrinsics_px": intrinsics_of(encoding, images.shape[-1], images.shape[-2]),
    }
    assert got.keys() == expected.keys() - {"images"}
    assert torch.equal(output.tokens, last)
    assert {
        name: _off(value, expected[name]) for name, value in got.items() if _off(value, expected[name]) > 1e-5
    } == {}


@needs_facts
def test_the_1b_configuration_has_the_public_names_and_shapes() -> None:
    lines = (FACTS / "vggt-1b-tensors.tsv").read_text().splitlines()[1:]
    public = {name: tuple(map(int, shape.split("x"))) for name, shape in (line.split("\t") for line in lines)}
    with torch.device("meta"):
        ours = {n: tuple(t.shape) for n, t in Vggt(VggtConfig.vggt_1b()).state_dict().items()}
    assert ours == {name: shape for name, shape in public.items() if not name.startswith("track_head.")}
    assert VggtConfig.from_shapes(public) == VggtConfig.vggt_1b()


@pytest.mark.parametrize("config", [VggtConfig.small(), VggtConfig.nano()])
def test_a_configuration_survives_its_stored_form_and_its_shapes(config: VggtConfig) -> None:
    assert VggtConfig.from_dict(config.to_dict()) == config
    with torch.device("meta"):
        shapes = {n: tuple(t.shape) for n, t in Vggt(config).state_dict().items()}
    inferred = VggtConfig.from_shapes(shapes)
    assert inferred.to_dict() | {"layer_scale": 0} == config.to_dict() | {"layer_scale": 0}


def test_nano_has_four_to_eight_million_parameters() -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in Vggt(VggtConfig.nano()).parameters())
    assert 4e6 <= count <= 8e6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 66}, "width that 4 heads divide"),
        ({"heads": 32, "camera_heads": 32}, "per head that 4 divides"),
        ({"dense_layers": [0, 1, 2, 9]}, "dense layers below 4"),
        ({"image_size_px": 75}, "whole patches"),
        ({"depth": 0}, "depth of at least 1"),
        ({"depth": "four"}, "expected int"),
        ({"colour": 1}, "unknown values"),
        ({"format_version": 99}, "version 1"),
        ({"format": "other"}, "something else"),
    ],
)
def test_a_configuration_that_makes_no_network_is_refused(change: dict, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        VggtConfig.from_dict(VggtConfig.small().to_dict() | change)


def test_swapping_views_but_the_first_swaps_their_results(model: Vggt, images: torch.Tensor) -> None:
    order = [0, 3, 1, 2]
    with torch.no_grad():
        plain, shuffled = model(images), model(images[:, order])
    assert torch.allclose(plain.tokens[:, order], shuffled.tokens, atol=1e-4)
    assert torch.allclose(plain.depth[:, order], shuffled.depth, atol=1e-5)
    assert torch.allclose(plain.pose_encodings[:, :, order], shuffled.pose_encodings, atol=1e-5)
    with torch.no_grad():
        other_first = model(images[:, [1, 0, 2, 3]])
    assert not torch.allclose(plain.tokens[:, [1, 0, 2, 3]], other_first.tokens, atol=1e-3)


def test_scenes_of_a_batch_do_not_see_each_other(model: Vggt, images: torch.Tensor) -> None:
    batch = torch.cat([images, images.flip(-1)])
    with torch.no_grad():
        together, alone = model(batch), model(images)
    assert torch.allclose(together.tokens[:1], alone.tokens, atol=1e-4)
    assert torch.allclose(together.depth[:1], alone.depth, atol=1e-5)


def test_views_taken_in_parts_give_the_same_maps(model: Vggt, images: torch.Tensor) -> None:
    with torch.no_grad():
        whole, parts = model(images), model(images, views_per_chunk=3)
    assert torch.allclose(whole.depth, parts.depth, atol=1e-6)
    assert whole.points is not None
    assert parts.points is not None
    assert torch.allclose(whole.points, parts.points, atol=1e-6)


@pytest.mark.parametrize(("views", "height", "width"), [(1, 14, 14), (1, 70, 28), (2, 14, 98), (7, 28, 28)])
def test_takes_any_number_and_size_of_views(model: Vggt, views: int, height: int, width: int) -> None:
    with torch.no_grad():
        output = model(torch.rand(2, views, 3, height, width))
    assert output.tokens.shape == (2, views, 5 + height * width // 196, 128)
    assert output.depth.shape == output.depth_confidence.shape == (2, views, height, width)
    assert (output.depth > 0).all()
    assert (output.depth_confidence > 1).all()
    assert output.cameras().size_px == (width, height)


def test_bf16_autocast_stays_near_fp32(model: Vggt, images: torch.Tensor) -> None:
    with torch.no_grad():
        exact = model(images)
        with torch.autocast("cpu", torch.bfloat16):
            quick = model(images)
    assert quick.depth.dtype == torch.float32
    assert _off(quick.tokens.float(), exact.tokens) < 0.03
    assert _off(quick.depth, exact.depth) < 0.01


def test_recomputing_blocks_changes_no_gradient(images: torch.Tensor) -> None:
    def gradients(recompute: bool) -> list[torch.Tensor]:
        model = Vggt(VggtConfig.small(), torch.Generator().manual_seed(0))
        model.enable_gradient_checkpointing(recompute)
        output = model(images)
        assert output.points is not None
        (
            output.depth.sum() + output.pose_encodings.sum() + output.points.sum() + output.tokens.square().sum()
        ).backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    plain, recomputed = gradients(False), gradients(True)
    assert len(plain) == len(list(Vggt(VggtConfig.small()).parameters()))
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(plain, recomputed, strict=True))


def test_learns_depth_and_cameras_of_one_scene() -> None:
    generator = torch.Generator().manual_seed(0)
    model = Vggt(VggtConfig.small(), generator)
    images = torch.rand(1, 2, 3, 28, 28, generator=generator)
    depth = 1 + 2 * images.mean(2)
    target = torch.rand(1, 2, 9, generator=generator)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(20):
        output = model(images)
        loss = (output.depth.log() - depth.log()).abs().mean() + (output.pose_encodings - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_start_values_depend_on_the_generator_alone() -> None:
    first, again, other = (
        Vggt(VggtConfig.small(), torch.Generator().manual_seed(seed)).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["aggregator.camera_token"], other["aggregator.camera_token"])


def test_an_untrained_model_gives_sensible_cameras_and_depth(model: Vggt, images: torch.Tensor) -> None:
    with torch.no_grad():
        output = model(images)
    assert output.depth.mean() == pytest.approx(1.0, abs=0.2)
    fields = output.cameras().field_of_view_rad
    assert ((fields > 0.3) & (fields < 2.5)).all()


def test_pose_encodings_describe_cameras_in_the_first_one_s_frame(generator: torch.Generator) -> None:
    rotation = rotation_from_quaternion(torch.randn(2, 4, 4, generator=generator, dtype=torch.float64))
    cameras = Cameras(
        world_from_camera=rigid(rotation, torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)),
        intrinsics_px=torch.tensor([[90.0, 0, 56], [0, 70, 42], [0, 0, 1]], dtype=torch.float64),
        image_size_px=torch.tensor([112, 84]),
    )
    encoding = encoding_from_cameras(cameras)
    back = cameras_from_encoding(encoding, 112, 84)
    expected = cameras.relative_to(cameras[:, :1])
    assert torch.allclose(back.world_from_camera, expected.world_from_camera, atol=1e-9)
    assert torch.allclose(back.intrinsics_px, cameras.intrinsics_px, atol=1e-9)
    moved = cameras_from_encoding(torch.cat([encoding[:, 1:], encoding[:, :1]], dim=1), 112, 84)
    assert torch.allclose(moved.world_from_camera[:, 0], torch.eye(4, dtype=torch.float64), atol=1e-9)
    assert rotation_angle(back.world_from_camera[:, 0, :3, :3]).max() < 1e-6


def test_fields_of_view_that_no_lens_has_still_give_cameras() -> None:
    encoding = torch.zeros(1, 2, 9)
    encoding[..., 6] = 1
    encoding[:, 0, 7:] = torch.tensor([0.0, 4.0])
    encoding[:, 1, 7:] = 1.0
    cameras = cameras_from_encoding(encoding, 56, 42)
    assert (cameras.focal_px > 0).all()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 2, 3, 70, 75), "multiples of 14 px, got 75×70; the nearest such size is 70×70"),
        ((1, 2, 4, 70, 70), "3 channels"),
        ((1, 2, 1, 70, 70), "3 channels"),
        ((1, 0, 3, 70, 70), "at least one"),
        ((1, 1, 3, 0, 14), "multiples of 14"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(model: Vggt, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        model(torch.rand(shape))


def test_nan_is_refused_by_view(model: Vggt) -> None:
    images = torch.rand(1, 3, 3, 28, 28)
    images[0, 2, 1, 5, 5] = torch.nan
    with pytest.raises(InputError, match="view 2 holds NaN"):
        model(images)
