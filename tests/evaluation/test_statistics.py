"""Intervals, the classifier and the two-sample test: right where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from composer.evaluation import logistic, two_sample
from composer.evaluation.bootstrap import interval_of, mean_interval
from tests.evaluation.bands import plain_band, song


def test_a_mean_over_songs_counts_every_song_once() -> None:
    found = mean_interval(np.array([0.0, 0.0, 0.0, 1.0, np.nan]), ["a", "a", "a", "b", "c"])
    assert (found.value, found.songs) == (0.5, 2)
    assert (found.low, found.high) == (0.0, 1.0)


def test_the_interval_narrows_with_songs_and_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    small, large = (mean_interval(rng.normal(3, 1, n), [str(i) for i in range(n)]) for n in (10, 200))
    assert small.high - small.low > large.high - large.low
    assert large.low < 3 < large.high
    assert large.high - large.low == pytest.approx(2 * 1.96 / 200**0.5, rel=0.2)


def test_nothing_known_is_no_number() -> None:
    found = mean_interval(np.array([np.nan]), ["a"])
    assert math.isnan(found.value)
    assert str(found) == ""


def test_same_seed_same_interval() -> None:
    values, songs = np.arange(20.0), [str(i // 2) for i in range(20)]
    draw = [interval_of(lambda rows: float(values[rows].mean()), songs, 5) for _ in range(2)]
    assert draw[0] == draw[1]


def test_logistic_learns_and_lets_things_be_missing() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    features = rng.normal(0, 1, (120, 5))
    features[:, 0] += 4 * labels
    features[rng.random((120, 5)) < 0.1] = np.nan
    model = logistic.fit(features, labels, 3)
    assert (model.predict(features) == labels).mean() > 0.85
    assert np.array_equal(model.weights, logistic.fit(features, labels, 3).weights)


@pytest.mark.parametrize(("guesses", "expected"), [([1, 2, 3, 4], 1.0), ([3, 4, 1, 2], 0.0), ([1, 1, 1, 1], 0.5)])
def test_area(guesses: list[float], expected: float) -> None:
    assert two_sample.area(np.array(guesses, float), np.array([0, 0, 1, 1])) == expected


def test_folds_go_by_song() -> None:
    """A mark that only names the song helps nobody: both bands of a song bear it."""
    rng = np.random.default_rng(1)
    songs = np.repeat([f"song {i}" for i in range(10)], 4)
    labels = np.tile([0, 0, 1, 1], 10)
    marks = np.repeat(rng.normal(0, 1, (10, 3)), 4, axis=0)
    assert two_sample.area(two_sample.out_of_fold(marks, labels, songs), labels) == pytest.approx(0.5, abs=0.15)
    told = marks + 3 * labels[:, None]
    assert two_sample.area(two_sample.out_of_fold(told, labels, songs), labels) > 0.95


def test_too_even_and_too_wild_both_give_away() -> None:
    rng = np.random.default_rng(2)
    songs = np.repeat([f"song {i}" for i in range(20)], 4)
    labels = np.tile([0, 0, 1, 1], 20)
    spread = rng.normal(0, 1, (80, 1)) * np.where(labels == 1, 6.0, 0.5)[:, None]
    assert two_sample.area(two_sample.out_of_fold(spread, labels, songs), labels) > 0.8


def test_what_gives_a_band_away_is_named() -> None:
    quiet, loud = [], []
    for number in range(6):
        whole = song(bars=8, work=f"song {number}")
        band = plain_band(8)
        band["position"][band["part"] == 1] += number % 2
        moved = band.copy()
        moved["velocity"][moved["part"] == 2] = np.arange((moved["part"] == 2).sum()) % 8
        quiet.append((f"song {number}", whole, band, ("drums", "bass", "piano")))
        loud.append((f"song {number}", whole, moved, ("drums", "bass", "piano")))
    verdict = two_sample.compare(two_sample.gather(quiet), two_sample.gather(loud))
    assert verdict.telling[0][0].startswith("bass: ")
    assert verdict.by_family["touch"].value == 1.0
    assert verdict.by_family["harmony"].value == pytest.approx(0.5, abs=0.2)
