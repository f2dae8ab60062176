"""Beats and bars of melodies whose beats and bars are known."""

from __future__ import annotations

import numpy as np
import pytest

from composer.transcription.rhythm import Rhythm, beats_a_bar, find_rhythm

_BAR_PAIR = ((0, 1), (1, 1), (2, 1), (3, 0.5), (3.5, 0.5), (4, 2), (6, 2))
FOUR = (*_BAR_PAIR, (8, 1), (9, 1), (10, 1), (11, 0.5), (11.5, 0.5), (12, 4))
THREE = ((0, 2), (2, 1), (3, 2), (5, 1), (6, 2), (8, 0.5), (8.5, 0.5), (9, 3))


def heard(rows: tuple[tuple[float, float], ...], bar: int, pace: float, sway_s: float, **given: object) -> Rhythm:
    """The rhythm of a pattern played twice, a second into the recording."""
    again = [(onset + shift, length) for shift in (0, rows[-1][0] + rows[-1][1]) for onset, length in rows]
    assert again[-1][0] % bar == rows[-1][0] % bar
    starts, lengths = (np.array(column) * 60 / pace for column in zip(*again, strict=True))
    starts = 1.0 + starts + np.random.default_rng(1).normal(0, sway_s, len(starts))
    return find_rhythm(starts, starts + 0.9 * lengths, np.full(len(starts), 80), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("bpm", [76, 92, 108, 126])
@pytest.mark.parametrize(("rows", "meter"), [(FOUR, (4, 4)), (THREE, (3, 4))])
def test_tempo_metre_and_downbeat(bpm: float, rows: tuple[tuple[float, float], ...], meter: tuple[int, int]) -> None:
    found = heard(rows, meter[0], bpm, 0.012)
    assert found.bpm == pytest.approx(bpm, rel=0.03)
    assert found.meter == meter
    assert found.beats_s[0] == pytest.approx(1.0, abs=0.06)


def test_what_the_user_says_is_taken() -> None:
    found = heard(THREE, 3, 90, 0.012, bpm=90.0, meter=(6, 8))
    assert found.bpm == pytest.approx(90.0)
    assert (found.meter, found.beat_quarters, found.sure, found.steady) == ((6, 8), 1.5, 1.0, True)


def test_a_singer_who_slows_down_is_followed() -> None:
    beats = 1 + np.cumsum(np.linspace(0.55, 0.68, 48))
    found = find_rhythm(beats, beats + 0.4, np.full(48, 80))
    assert not found.steady
    near = np.abs(beats[2:-2, None] - found.beats_s[None]).min(axis=1)
    assert np.quantile(near, 0.8) < 0.09


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_notes_have_a_rhythm_too(count: int) -> None:
    onsets = 1.0 + 0.6 * np.arange(count)
    found = find_rhythm(onsets, onsets + 0.5, np.full(count, 80))
    assert np.all(np.diff(found.beats_s) > 0)
    assert found.beats_s[0] <= 1.1


def test_beats_a_bar() -> None:
    assert [beats_a_bar(meter) for meter in ((4, 4), (3, 4), (6, 8), (12, 8), (2, 2), (3, 8))] == [4, 3, 2, 4, 4, 2]
