"""Distances: nothing between a band and itself, as much as one moved it otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from composer.evaluation.distances import HABITS, distances, overlap, shares, wasserstein
from tests.evaluation.bands import plain_band, song


def test_overlap_and_wasserstein() -> None:
    one, other = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert overlap(one, other) == 0.5
    assert overlap(one, one) == 1
    assert wasserstein(one, other, np.array([0.0, 1.0, 2.0])) == 1
    assert wasserstein(one, other, np.array([0.0, 10.0, 20.0])) == 10


def test_wasserstein_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    one, other = rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(9))
    bins = np.cumsum(rng.random(9))
    assert wasserstein(one, other, bins) == pytest.approx(stats.wasserstein_distance(bins, bins, one, other))


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_shares_sum_to_one(habit: object) -> None:
    assert shares(song(), plain_band(), "bass", habit).sum() == pytest.approx(1)  # type: ignore[arg-type]
    assert not shares(song(), plain_band(), "strings", habit).any()  # type: ignore[arg-type]


def test_a_band_moved_up_is_that_far_away() -> None:
    songs = [song(work=f"song {i}") for i in range(4)]
    band, higher = plain_band(), plain_band()
    higher["pitch"][higher["part"] == 2] += 7
    works = [f"song {i}" for i in range(4)]
    near = distances([(one, band) for one in songs], [(one, band) for one in songs], works)
    far = distances([(one, band) for one in songs], [(one, higher) for one in songs], works)
    assert near["bass: pitch"].overlap.value == pytest.approx(1)
    assert near["bass: pitch"].ceiling == pytest.approx(1)
    assert far["bass: pitch"].wasserstein is not None
    assert far["bass: pitch"].wasserstein.value == pytest.approx(7)
    assert far["piano: pitch"].overlap.value == pytest.approx(1)
    assert "strings: pitch" not in far
