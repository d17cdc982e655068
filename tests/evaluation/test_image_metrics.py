"""PSNR, SSIM and FLIP: known answers, independent implementations, and masks that keep pixels out altogether."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cinescene.errors import InputError
from cinescene.evaluation.flip import flip, flip_map
from cinescene.evaluation.image_metrics import mean_squared_error, psnr, ssim
from cinescene.evaluation.regions import check_pair

MEASURES = {"psnr": psnr, "ssim": ssim, "flip": flip}


def pictures(generator: torch.Generator, count: int = 2, height: int = 48, width: int = 64) -> torch.Tensor:
    coarse = torch.rand(count, 3, 8, 10, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth + 0.1 * torch.rand(count, 3, height, width, generator=generator)).clamp(0, 1)


def test_identical_pictures_have_the_best_value(generator: torch.Generator) -> None:
    image = pictures(generator)
    assert torch.isposinf(psnr(image, image)).all()
    assert torch.allclose(ssim(image, image), torch.ones(2))
    assert torch.allclose(flip(image, image), torch.zeros(2), atol=1e-6)


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.1])
def test_noise_of_a_known_strength_has_the_psnr_of_its_variance(generator: torch.Generator, sigma: float) -> None:
    image = torch.full((1, 3, 256, 256), 0.5)
    noisy = image + sigma * torch.randn(image.shape, generator=generator)
    assert float(psnr(noisy.clamp(0, 1), image)[0]) == pytest.approx(-20 * math.log10(sigma), abs=0.05)


def test_a_constant_offset_is_its_square() -> None:
    image = torch.full((3, 16, 16), 0.25)
    assert float(mean_squared_error(image + 0.1, image)) == pytest.approx(0.01, rel=1e-5)
    assert float(psnr(image + 0.1, image)) == pytest.approx(20.0, abs=1e-4)


@pytest.mark.parametrize("name", MEASURES)
def test_the_order_of_the_arguments_does_not_matter(generator: torch.Generator, name: str) -> None:
    first, second = pictures(generator), pictures(generator)
    assert torch.allclose(MEASURES[name](first, second), MEASURES[name](second, first), atol=1e-5)


def test_more_noise_is_worse_by_every_measure(generator: torch.Generator) -> None:
    image = pictures(generator, 1)
    noise = torch.randn(image.shape, generator=generator)
    values = {
        name: [float(f((image + s * noise).clamp(0, 1), image)) for s in (0.02, 0.06, 0.2)]
        for name, f in MEASURES.items()
    }
    assert values["psnr"] == sorted(values["psnr"], reverse=True)
    assert values["ssim"] == sorted(values["ssim"], reverse=True)
    assert values["flip"] == sorted(values["flip"])


def test_psnr_and_ssim_agree_with_torchmetrics(generator: torch.Generator) -> None:
    functional = pytest.importorskip("torchmetrics.functional.image", reason="needs torchmetrics (extra eval)")
    first, second = pictures(generator, 3), pictures(generator, 3)
    theirs = functional.peak_signal_noise_ratio(first, second, data_range=1.0, reduction="none", dim=(1, 2, 3))
    assert torch.allclose(psnr(first, second), theirs, atol=1e-3)
    _, everywhere = functional.structural_similarity_index_measure(
        first, second, data_range=1.0, reduction="none", return_full_image=True
    )
    without_padding = everywhere[..., 5:-5, 5:-5].mean((-3, -2, -1))
    assert torch.allclose(ssim(first, second), without_padding, atol=1e-4)


def test_flip_agrees_with_its_authors_program(generator: torch.Generator) -> None:
    evaluator = pytest.importorskip("flip_evaluator", reason="needs flip-evaluator (extra dev)")
    first, second = pictures(generator, 1, 96, 128)[0], pictures(generator, 1, 96, 128)[0]
    second = 0.7 * first + 0.3 * second
    as_array = [np.ascontiguousarray(p.movedim(0, -1).numpy()) for p in (second, first)]
    theirs, mean, _ = evaluator.evaluate(*as_array, "LDR", inputsRGB=True, applyMagma=False)
    ours = flip_map(first, second)
    assert float(ours.mean()) == pytest.approx(float(mean), abs=1e-4)
    assert np.abs(ours.numpy() - np.asarray(theirs)[..., 0]).max() < 2e-3


def test_black_against_white_is_the_largest_flip_error() -> None:
    black, white = torch.zeros(3, 32, 32), torch.ones(3, 32, 32)
    assert float(flip(black, white)) > 0.9


@pytest.mark.parametrize("name", MEASURES)
def test_masked_pixels_have_no_influence_at_all(generator: torch.Generator, name: str) -> None:
    image, reference = pictures(generator), pictures(generator)
    region = torch.ones(2, 48, 64, dtype=torch.bool)
    region[:, 10:22, 5:25] = False
    measure = MEASURES[name]
    before = measure(image, reference, region)
    for picture in (image, reference):
        changed = torch.where(region[:, None], picture, torch.rand(picture.shape, generator=generator))
        other = (changed, reference) if picture is image else (image, changed)
        assert torch.equal(measure(*other, region), before)
    assert not torch.allclose(before, measure(image, reference), atol=1e-4)


@pytest.mark.parametrize("name", MEASURES)
def test_a_mask_that_marks_nothing_changes_nothing(generator: torch.Generator, name: str) -> None:
    image, reference = pictures(generator), pictures(generator)
    whole = torch.ones(2, 48, 64, dtype=torch.bool)
    assert torch.allclose(MEASURES[name](image, reference, whole), MEASURES[name](image, reference), atol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_an_empty_region_has_no_value(generator: torch.Generator, name: str) -> None:
    image, reference = pictures(generator), pictures(generator)
    region = torch.ones(2, 48, 64, dtype=torch.bool)
    region[1] = False
    values = MEASURES[name](image, reference, region)
    assert bool(values[0].isfinite())
    assert bool(values[1].isnan())


def test_a_difference_under_the_mask_alone_is_no_difference(generator: torch.Generator) -> None:
    image = pictures(generator)
    region = torch.ones(2, 48, 64, dtype=torch.bool)
    region[:, :20] = False
    changed = torch.where(region[:, None], image, 1 - image)
    assert torch.isposinf(psnr(changed, image, region)).all()
    assert torch.allclose(ssim(changed, image, region), torch.ones(2))
    assert torch.allclose(flip(changed, image, region), torch.zeros(2), atol=1e-6)


def test_pictures_that_do_not_fit_are_refused(generator: torch.Generator) -> None:
    image = pictures(generator)
    with pytest.raises(InputError, match="one shape"):
        check_pair(image, image[..., 1:], None)
    with pytest.raises(InputError, match="region of shape"):
        check_pair(image, image, torch.ones(2, 8, 8, dtype=torch.bool))
    for measure in MEASURES.values():
        with pytest.raises(InputError, match="0 to 1"):
            measure(image * 255, image)
