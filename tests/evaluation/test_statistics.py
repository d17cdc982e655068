"""Intervals cover as they claim, comparisons see what is there, groups count as one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cinescene.errors import InputError
from cinescene.evaluation.statistics import compare, mean_with_interval, seed_spread


def test_intervals_cover_the_truth_about_as_often_as_they_claim() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        estimate = mean_with_interval(rng.normal(5, 2, 40).tolist(), seed=trial)
        hits += estimate.low <= 5 <= estimate.high
    assert 0.88 <= hits / 200 <= 0.99


def test_the_width_is_that_of_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(0, 3, 400)
    estimate = mean_with_interval(values.tolist())
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_copies_of_a_clip_add_no_certainty_when_grouped() -> None:
    values = np.random.default_rng(2).normal(0, 1, 20).tolist()
    alone = mean_with_interval(values)
    copied = mean_with_interval(values * 5, [str(i) for i in range(20)] * 5)
    careless = mean_with_interval(values * 5)
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert careless.high - careless.low < 0.6 * (alone.high - alone.low)


def test_missing_values_are_left_out_and_counted() -> None:
    estimate = mean_with_interval([1.0, float("nan"), 3.0])
    assert (estimate.mean, estimate.clips, estimate.missing) == (2.0, 2, 1)
    nothing = mean_with_interval([float("nan")])
    assert math.isnan(nothing.mean)
    assert math.isnan(mean_with_interval([4.0]).low)
    with pytest.raises(InputError, match="a group for each"):
        mean_with_interval([1.0, 2.0], ["a"])


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(0, 1, 10).tolist()
    assert mean_with_interval(values, seed=4) == mean_with_interval(values, seed=4)
    assert mean_with_interval(values, seed=4).low != mean_with_interval(values, seed=5).low


def test_a_paired_comparison_sees_a_small_constant_gain_under_large_spread() -> None:
    rng = np.random.default_rng(4)
    first = {f"clip{i}": float(v) for i, v in enumerate(rng.normal(14, 4, 30))}
    second = {name: value + 0.5 + float(rng.normal(0, 0.3)) for name, value in first.items()}
    there, back = compare(first, second), compare(second, first)
    assert there.difference.low > 0.3
    assert there.difference.mean == pytest.approx(-back.difference.mean)
    assert there.share_positive > 0.8
    assert there.p_value < 0.01
    nothing = compare(first, first)
    assert (nothing.difference.mean, nothing.p_value) == (0, 1)


def test_p_values_of_pure_chance_are_evenly_spread() -> None:
    rng = np.random.default_rng(5)
    small = 0
    for trial in range(200):
        values = rng.normal(0, 1, (2, 9))
        a, b = ({str(i): float(v) for i, v in enumerate(row)} for row in values)
        small += compare(a, b, seed=trial).p_value <= 0.1
    assert 0.04 <= small / 200 <= 0.17


def test_comparisons_need_shared_clips() -> None:
    with pytest.raises(InputError, match="share none"):
        compare({"a": 1.0}, {"b": 2.0})
    assert compare({"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 9.0}).difference.mean == 1.0


def test_seeds_have_a_spread_of_their_own() -> None:
    mean, spread = seed_spread({0: [1.0, 2.0], 1: [2.0, 3.0], 2: [3.0, 4.0]})
    assert (mean, spread) == (2.5, 1.0)
    assert math.isnan(seed_spread({0: [1.0]})[1])
