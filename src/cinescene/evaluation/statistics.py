"""How sure a mean over clips is: bootstrap intervals, paired comparison, several seeds.

Clips of one scene are alike, so whole scenes are drawn, not single clips (Field and Welsh, "Bootstrapping clustered
data", 2007). Missing values (NaN) are left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cinescene.errors import InputError

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over clips with its bootstrap interval (NaN with fewer than two groups).

    ``clips`` values in ``groups`` groups went in; ``missing`` had no value. ``median`` is that of the clips.
    """

    mean: float
    median: float
    low: float
    high: float
    clips: int
    groups: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Mean difference (second − first) over the clips that both have, its interval, and how often it is positive.

    ``p_value``: two-sided, by flipping the signs of whole groups; the chance of a mean difference as large if the two
    were alike. NaN with fewer than two groups.
    """

    difference: Estimate
    share_positive: float
    p_value: float


def mean_with_interval(
    values: Sequence[float], groups: Sequence[str] | None = None, seed: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """The mean of clips' values and its percentile bootstrap interval over groups (each clip its own by default)."""
    numbers, labels = _checked(values, groups)
    kept = np.isfinite(numbers)
    sums, counts = _grouped(numbers[kept], labels[kept])
    mean = float(sums.sum() / counts.sum()) if len(sums) else float("nan")
    low = high = float("nan")
    if len(sums) > 1:
        draws = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
        means = sums[draws].sum(1) / counts[draws].sum(1)
        edge = 50 * (1 - confidence)
        low, high = (float(edge_value) for edge_value in np.percentile(means, [edge, 100 - edge]))
    median = float(np.median(numbers[kept])) if kept.any() else float("nan")
    return Estimate(
        mean=mean,
        median=median,
        low=low,
        high=high,
        clips=int(kept.sum()),
        groups=len(sums),
        missing=int((~kept).sum()),
    )


def compare(
    first: Mapping[str, float], second: Mapping[str, float], groups: Mapping[str, str] | None = None, seed: int = 0
) -> Comparison:
    """Compares two methods on the same clips, by name; clips that only one has are left out.

    Raises `InputError` where they share none.
    """
    names = sorted(set(first) & set(second))
    if not names:
        raise InputError("comparison: expected two results with clips of the same names, but they share none")
    differences = np.array([second[name] - first[name] for name in names], dtype=np.float64)
    labels = [name if groups is None else groups.get(name, name) for name in names]
    estimate = mean_with_interval(differences.tolist(), labels, seed)
    kept = np.isfinite(differences)
    positive = float((differences[kept] > 0).mean()) if kept.any() else float("nan")
    return Comparison(
        difference=estimate,
        share_positive=positive,
        p_value=_sign_flip_p(*_grouped(differences[kept], np.asarray(labels)[kept]), seed),
    )


def seed_spread(values_by_seed: Mapping[int, Sequence[float]]) -> tuple[float, float]:
    """Mean over seeds of the mean over clips, and the standard deviation of that between seeds (NaN for one seed)."""
    means = [float(np.nanmean(values)) for values in values_by_seed.values()]
    if not means:
        raise InputError("seeds: expected at least one")
    return float(np.mean(means)), float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")


def _sign_flip_p(sums: np.ndarray, counts: np.ndarray, seed: int) -> float:
    if len(sums) < 2:
        return float("nan")
    observed = abs(sums.sum())
    if len(sums) <= 11:
        signs = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float((np.abs(signs @ sums) >= observed - 1e-12).mean())
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (RESAMPLES, len(sums)))
    return float((1 + (np.abs(signs @ sums) >= observed - 1e-12).sum()) / (1 + RESAMPLES))


def _checked(values: Sequence[float], groups: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.asarray(values, dtype=np.float64)
    labels = np.arange(len(numbers)).astype(str) if groups is None else np.asarray(groups)
    if len(labels) != len(numbers):
        raise InputError(f"statistics: expected a group for each of {len(numbers)} values, got {len(labels)}")
    return numbers, labels


def _grouped(numbers: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of each group."""
    _, index = np.unique(labels, return_inverse=True)
    size = int(index.max()) + 1 if len(index) else 0
    return np.bincount(index, numbers, size), np.bincount(index, minlength=size).astype(np.float64)
