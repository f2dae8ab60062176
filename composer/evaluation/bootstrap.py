"""How sure a mean is: songs drawn again and again (percentile bootstrap, Efron & Tibshirani 1993)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
COVERAGE = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and where it lies in 95 of 100 redrawings of the songs."""

    value: float
    low: float
    high: float
    songs: int
    """How many songs had anything to say."""

    def __str__(self) -> str:
        if not self.songs:
            return ""
        return f"{self.value:.2f} ({self.low:.2f}–{self.high:.2f})"


def mean_interval(values: np.ndarray, songs: Sequence[str], rng_seed: int = 0) -> Interval:
    """Mean over songs of each song's mean. values: shape (n,), NaN left out; songs: which song each is from.

    Excerpts of one song are not independent, so songs are resampled, never excerpts.
    """
    values, names = np.asarray(values, float), np.asarray(songs)
    known = np.isfinite(values)
    means = np.array([values[known & (names == name)].mean() for name in np.unique(names[known])])
    if not len(means):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    drawn = np.random.default_rng(rng_seed).integers(0, len(means), (RESAMPLES, len(means)))
    return _interval(float(means.mean()), means[drawn].mean(axis=1), len(means))


def interval_of(
    statistic: Callable[[np.ndarray], float], songs: Sequence[str], rng_seed: int = 0, resamples: int = 400
) -> Interval:
    """Any figure of a set of rows. `statistic` takes row indices; rows of a song are drawn together."""
    names = np.asarray(songs)
    each = [np.flatnonzero(names == name) for name in np.unique(names)]
    rng = np.random.default_rng(rng_seed)
    draws = [
        statistic(np.concatenate([each[i] for i in rng.integers(0, len(each), len(each))])) for _ in range(resamples)
    ]
    return _interval(statistic(np.arange(len(names))), np.array(draws), len(each))


def _interval(value: float, draws: np.ndarray, songs: int) -> Interval:
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Interval(value, float("nan"), float("nan"), songs)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Interval(value, float(low), float(high), songs)
