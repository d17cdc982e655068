"""Patterns: the same bytes from the same seed, no seam where they repeat, different from seed to seed."""

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.sets.description import Finish
from cinescene.sets.materials import material_of
from cinescene.sets.textures.noise import blurred, fractal_noise, smooth_noise
from cinescene.sets.textures.patterns import PATTERNS, SHOWN_ONCE

COLOURS = ((0.72, 0.5, 0.3), (0.35, 0.22, 0.14), (0.8, 0.78, 0.7), (0.2, 0.35, 0.5), (0.5, 0.2, 0.2), (0.9, 0.9, 0.8))
REPEATING = sorted(set(PATTERNS) - SHOWN_ONCE)


def picture(name: str, seed: int, size: int = 96) -> np.ndarray:
    return PATTERNS[name](np.random.default_rng(seed), size, COLOURS)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_a_pattern_is_a_finite_picture_and_the_same_for_the_same_seed(name: str) -> None:
    first = picture(name, 3)
    assert first.shape == (96, 96, 3)
    assert np.isfinite(first).all()
    assert first.min() > -0.5
    assert first.max() < 2.5
    assert np.array_equal(first, picture(name, 3))


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"plain"}))
def test_seeds_differ(name: str) -> None:
    assert not np.array_equal(picture(name, 0), picture(name, 1))


@pytest.mark.parametrize("name", REPEATING)
def test_repeating_patterns_have_no_seam(name: str) -> None:
    """The mean step across the tile's edge is like the larger ones inside it: a joint may lie there, a seam may not."""
    tile = picture(name, 1, 160).astype(np.float64)
    for axis in (0, 1):
        steps = np.abs(np.diff(tile, axis=axis)).mean(axis=(1 - axis, 2))
        across = np.abs(np.take(tile, 0, axis) - np.take(tile, -1, axis)).mean()
        assert across <= steps.max() * 1.6 + 0.01


def test_noise_is_periodic_to_the_second_derivative() -> None:
    """A random shift of the tile leaves the statistics of second differences at its edge as they are inside."""
    field = smooth_noise(np.random.default_rng(0), 256, 8, 8)
    second = np.abs(np.diff(np.concatenate([field, field[:2]]), 2, axis=0)).max(axis=1)
    assert second[-2:].max() <= 1.5 * second[:-2].max()


def test_noise_is_standardised() -> None:
    field = fractal_noise(np.random.default_rng(1), 128, 3, 5)
    assert abs(field.mean()) < 1e-4
    assert field.std() == pytest.approx(1.0, abs=1e-3)


def test_blur_keeps_the_mean_and_wraps_round() -> None:
    field = np.zeros((32, 32), dtype=np.float32)
    field[0, 0] = 1.0
    soft = blurred(field, 2.0)
    assert soft.sum() == pytest.approx(1.0, abs=1e-5)
    assert soft[0, 1] == pytest.approx(soft[0, -1], abs=1e-7)
    assert soft[0, 1] == pytest.approx(soft[1, 0], abs=1e-7)


def test_materials_share_textures_and_keep_their_gloss() -> None:
    finish = Finish(pattern="wood", colours=COLOURS[:2], seed=4, metres_per_tile=0.7, specular=0.3, shininess=20.0)
    material = material_of(finish)
    assert material is material_of(finish)
    assert (material.metres_per_tile, material.specular, material.shininess) == (0.7, 0.3, 20.0)
    assert material.albedo.dtype == np.uint8
    assert material.albedo.shape == (256, 256, 3)


def test_an_unknown_pattern_is_named() -> None:
    with pytest.raises(InputError, match="unknown pattern 'velvet'"):
        material_of(Finish(pattern="velvet", colours=COLOURS))
