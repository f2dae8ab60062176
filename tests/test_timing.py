"""Ticks, seconds, bars and beats."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ScoreError
from composer.timing import Meter, TempoMap, beat_quarters, usual_meter


def test_seconds_follow_every_tempo_change() -> None:
    tempo = TempoMap(480, ((0, 500_000), (960, 1_000_000)))
    np.testing.assert_allclose(tempo.seconds(np.array([0, 480, 960, 1440])), [0, 0.5, 1, 2])
    assert tempo.bpm_at(959) == 120
    assert tempo.bpm_at(960) == 60


@given(
    st.integers(1, 32767),
    st.dictionaries(st.integers(1, 10**6), st.integers(1000, 0xFFFFFF), max_size=5),
    st.lists(st.integers(0, 2 * 10**6), min_size=1, max_size=20),
)
def test_seconds_and_ticks_are_inverse(division: int, changes: dict[int, int], ticks: list[int]) -> None:
    tempo = TempoMap(division, ((0, 500_000), *sorted(changes.items())))
    there_and_back = tempo.ticks(tempo.seconds(np.array(ticks)))
    np.testing.assert_allclose(there_and_back, ticks, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize(
    ("metre", "beats", "length"),
    [((4, 4), 4, 1920), ((3, 4), 3, 1440), ((6, 8), 2, 1440), ((5, 4), 5, 2400), ((7, 8), 7, 1680), ((2, 2), 4, 1920)],
)
def test_bars(metre: tuple[int, int], beats: int, length: int) -> None:
    bar, second = Meter(480, ((0, *metre),)).bars(length + 1)
    assert (bar.beat_count, bar.length, second.start) == (beats, length, length)
    assert len(bar.beat_starts()) == beats


def test_a_pickup_is_a_short_metre_first() -> None:
    bars = Meter(480, ((0, 1, 4), (480, 3, 4))).bars(480 + 1440 * 2)
    assert [(bar.start, bar.length) for bar in bars] == [(0, 480), (480, 1440), (1920, 1440)]
    assert Meter(480, ((0, 1, 4), (480, 3, 4))).position(480) == "bar 1, beat 1"
    assert [bar.number for bar in bars] == [0, 1, 2], "the first full bar is 1"
    assert Meter(480, ((0, 4, 4), (1920, 3, 4))).bars(4000)[0].number == 1
    assert Meter(480, ((0, 3, 4), (1440, 4, 4)), starts_whole=True).bars(4000)[0].number == 1


def test_a_change_cuts_the_bar_that_it_interrupts() -> None:
    bars = Meter(480, ((0, 4, 4), (960, 3, 4))).bars(2000)
    assert [(bar.start, bar.length, bar.beat_count) for bar in bars] == [(0, 960, 2), (960, 1440, 3)]


def test_a_three_hour_piece_has_its_bars_at_once() -> None:
    began = time.perf_counter()
    assert len(Meter(480).bars(3 * 3600 * 2 * 480)) == 5400
    assert time.perf_counter() - began < 1


def test_compound_beats() -> None:
    assert [beat_quarters(*metre) for metre in ((6, 8), (9, 8), (12, 8), (3, 8), (5, 8))] == [1.5, 1.5, 1.5, 0.5, 0.5]


def test_what_is_no_tempo_or_metre() -> None:
    with pytest.raises(ScoreError, match="must start at tick 0"):
        TempoMap(480, ((1, 500_000),))
    with pytest.raises(ScoreError, match="come in order"):
        Meter(480, ((0, 4, 4), (0, 3, 4)))
    with pytest.raises(ScoreError, match="cannot be 4/3"):
        Meter(480, ((0, 4, 3),))
    with pytest.raises(ScoreError, match=r"4\.\.1000 BPM"):
        TempoMap.constant(1)


def test_usual_metre_is_where_the_time_goes() -> None:
    pickup_and_odd = Meter(480, ((0, 1, 4), (480, 4, 4), (480 * 9, 2, 4), (480 * 11, 4, 4)))
    assert usual_meter(pickup_and_odd.bars(480 * 23)) == (4, 4)
    with pytest.raises(ScoreError, match="no bars"):
        usual_meter(())
