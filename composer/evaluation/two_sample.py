"""Can they be told apart? A classifier learns ours against people's bands and is asked about songs it has not seen.

After Lopez-Paz & Oquab, "Revisiting classifier two-sample tests" (ICLR 2017), with the area under the curve: 0.5 is a coin, 1.0 is
always right. Folds go by song: both bands of a song, and all its excerpts, are on one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from composer.evaluation import logistic
from composer.evaluation.bootstrap import Interval, interval_of
from composer.evaluation.measures import FAMILIES, Measure, all_measures, measure
from composer.vocab import GridSong, excerpt

WINDOW_BARS = 8
FOLDS = 8
STEPS = 8
PENALTY = 30.0


@dataclass(frozen=True)
class Samples:
    """Windows of bands as rows of figures."""

    features: np.ndarray
    """Shape (n, f), NaN where there is nothing to judge."""
    names: tuple[str, ...]
    families: tuple[str, ...]
    """Of each feature."""
    songs: tuple[str, ...]
    """The work each row is from."""


@dataclass(frozen=True)
class Verdict:
    """How well they are told apart, and by what."""

    whole: Interval
    by_family: dict[str, Interval]
    telling: tuple[tuple[str, float, float, float], ...]
    """(feature, AUC of it alone, mean in the first, mean in the second), the most telling first."""


def rows_of(song: GridSong, notes: np.ndarray, parts: tuple[str, ...]) -> tuple[np.ndarray, list[Measure]]:
    """Figures of every eight bars of a band, shape (windows, f). Parts the song lacks are NaN, whoever plays."""
    measures = [one for one in all_measures() if one.short]
    rows = []
    for start in range(0, song.bar_count - WINDOW_BARS + 1, WINDOW_BARS):
        mine = notes[(notes["bar"] >= start) & (notes["bar"] < start + WINDOW_BARS)].copy()
        mine["bar"] -= start
        found = measure(excerpt(song, start, start + WINDOW_BARS), mine, measures)
        absent = [one.name.partition(":")[0] not in (*parts, one.name) for one in measures]
        rows.append([np.nan if gone else found[one.name] for one, gone in zip(measures, absent, strict=True)])
    return np.array(rows, float).reshape(len(rows), len(measures)), measures


def gather(bands: Sequence[tuple[str, GridSong, np.ndarray, tuple[str, ...]]]) -> Samples:
    """(work, measured song, band's notes, parts) of every excerpt → rows."""
    rows, works = [], []
    measures: list[Measure] = []
    for work, song, notes, parts in bands:
        found, measures = rows_of(song, notes, parts)
        rows.append(found)
        works += [work] * len(found)
    table = np.concatenate(rows) if rows else np.zeros((0, 0))
    return Samples(table, tuple(one.name for one in measures), tuple(one.family for one in measures), tuple(works))


def compare(first: Samples, second: Samples, rng_seed: int = 0) -> Verdict:
    """How well `second` is told from `first`. Needs two songs at least; NaN otherwise."""
    features = np.concatenate([first.features, second.features])
    labels = np.repeat([0, 1], [len(first.features), len(second.features)])
    songs = np.array(first.songs + second.songs)
    families = np.array(first.families)

    def judged(columns: np.ndarray) -> Interval:
        guesses = out_of_fold(features[:, columns], labels, songs, rng_seed)
        return interval_of(lambda rows: area(guesses[rows], labels[rows]), songs.tolist(), rng_seed)

    by_family = {family: judged(families == family) for family in FAMILIES if (families == family).any()}
    telling = []
    for column, name in enumerate(first.names):
        known = np.isfinite(features[:, column])
        apart = area(features[known, column], labels[known])
        if np.isfinite(apart) and known.sum() >= 0.2 * len(known):
            means = [float(features[known & (labels == label), column].mean()) for label in (0, 1)]
            telling.append((name, apart, means[0], means[1]))
    telling.sort(key=lambda one: -abs(one[1] - 0.5))
    return Verdict(judged(np.ones(features.shape[1], bool)), by_family, tuple(telling))


def out_of_fold(features: np.ndarray, labels: np.ndarray, songs: np.ndarray, rng_seed: int = 0) -> np.ndarray:
    """Log-odds of the second class for every row, from a model that saw none of its song, shape (n,).

    Every figure also enters as steps ("above the 3rd eighth of what is usual"), so that too little and too much can both give
    away. On 132 windows of 16 songs this was as sure as a random forest of 300 trees (AUC 0.99 and 0.99, 0.99 and 0.99).
    """
    names = np.unique(songs)
    if len(names) < 2:
        return np.full(len(labels), np.nan)
    fold_of = dict(zip(np.random.default_rng(rng_seed).permutation(names).tolist(), range(len(names)), strict=True))
    fold = np.array([fold_of[name] % min(FOLDS, len(names)) for name in songs.tolist()])
    guesses = np.full(len(labels), np.nan)
    for held in np.unique(fold):
        train, test = fold != held, fold == held
        wide = _in_steps(features, train)
        model = logistic.fit(wide[train], labels[train], 2, PENALTY)
        scores = model.scores(wide[test])
        guesses[test] = scores[:, 1] - scores[:, 0]
    return guesses


def _in_steps(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Figures, their distance from the median, and whether they reach each quantile; quantiles are the training rows'."""
    columns: list[np.ndarray] = []
    for column in features.T:
        known = column[train & np.isfinite(column)]
        if not len(known):
            continue
        columns += [column, np.abs(column - np.median(known))]
        for edge in np.unique(np.quantile(known, np.arange(1, STEPS) / STEPS)):
            columns += [np.where(np.isfinite(column), reached, np.nan) for reached in (column > edge, column >= edge)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(features), 1))


def area(guesses: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: how often a row of the second class is guessed above one of the first; ties are half."""
    one, other = np.sort(guesses[labels == 0]), guesses[labels == 1]
    if not len(one) or not len(other) or not np.isfinite(guesses).all():
        return float("nan")
    below = np.searchsorted(one, other, side="left")
    ties = np.searchsorted(one, other, side="right") - below
    return float((below + ties / 2).mean() / len(one))
