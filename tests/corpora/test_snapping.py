"""Snapping: where strokes were meant to be, from where they were played."""

from __future__ import annotations

import numpy as np
import pytest

from composer.corpora.snapping import snap
from composer.vocab import POSITIONS_PER_QUARTER


def played(
    pattern: list[int], bars: int, bpm: float, spread_s: float, lag_s: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """A pattern of twelfths in a bar of four, repeated, and its onsets in quarter notes as somebody plays it."""
    meant = np.concatenate([np.array(pattern) + bar * 4 * POSITIONS_PER_QUARTER for bar in range(1, bars + 1)])
    late = np.random.default_rng(seed).normal(lag_s, spread_s, len(meant)) * bpm / 60
    return meant, meant / POSITIONS_PER_QUARTER + late


@pytest.mark.parametrize(
    "pattern",
    [
        list(range(0, 48, 6)),
        list(range(0, 48, 3)),
        [0, 12, 20, 24, 36, 44],
        list(range(0, 48, 4)),
        [0, 6, 12, 18, 20, 24, 30, 36, 42, 45],
    ],
    ids=["eighths", "sixteenths", "swing", "triplets", "eighths with fills"],
)
@pytest.mark.parametrize("lag_s", [-0.02, 0.0, 0.015])
def test_people_are_understood(pattern: list[int], lag_s: float) -> None:
    meant, onsets = played(pattern, 16, 104, 0.011, lag_s, seed=3)
    places, lag = snap(onsets, 104)
    assert np.mean(places == meant) > 0.97
    assert lag * 60 / 104 == pytest.approx(lag_s, abs=0.006)
    nearest = np.mean(np.rint(onsets * POSITIONS_PER_QUARTER) == meant)
    assert np.mean(places == meant) > nearest


def test_what_is_on_the_grid_stays() -> None:
    meant, onsets = played(list(range(0, 48, 3)), 8, 120, 0, 0, seed=0)
    places, lag = snap(onsets, 120)
    assert places.tolist() == meant.tolist()
    assert lag == pytest.approx(0)


def test_nothing_is_nothing() -> None:
    places, lag = snap(np.zeros(0), 120)
    assert len(places) == 0
    assert lag == 0
