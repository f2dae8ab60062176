"""A song goes to a score and back without losing a note, a bar or a chord."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.evaluation.ungrid import beats_of, lane_of, meter_of, score_of
from composer.harmony.chord import NO_CHORD
from composer.timing import Meter
from composer.vocab import GridSong, bar_lengths, grid_notes
from tests.evaluation.bands import plain_band, song


def bars(whole: GridSong) -> list[tuple[int, int]]:
    score = score_of(whole)
    lengths, beats = bar_lengths(score.meter.bars(int(whole.bar_length.sum()) * 40), score.ticks_per_beat)
    return list(zip(lengths.tolist(), beats.tolist(), strict=True))


def test_notes_come_back() -> None:
    whole = song(plain_band())
    score = score_of(whole)
    assert {part.role for part in score.parts} == {"melody", "drums", "bass", "piano"}
    assert score.part("drums").is_drum
    back = grid_notes(score, score.meter.bars(4 * 4 * 480))
    assert np.array_equal(back, whole.notes)


@pytest.mark.parametrize(
    ("lengths", "beat"),
    [
        ([48, 48], 12),
        ([12, 36, 36], 12),
        ([36, 36], 18),
        ([18, 72], 18),
        ([36, 9, 36], 18),
        ([18, 18], 9),
        ([36, 36, 42], 6),
        ([42, 42], 6),
        ([48, 30, 48], 12),
        ([30, 30, 48], 12),
    ],
)
def test_bars_come_back(lengths: list[int], beat: int) -> None:
    whole = song()
    count = len(lengths)
    odd = replace(whole, notes=whole.notes[:1], bar_length=np.array(lengths), beat_length=np.full(count, beat))
    assert bars(odd) == [(length, beat) for length in lengths]


def test_common_metres_are_spelled_as_people_spell_them() -> None:
    whole = song()
    assert meter_of(whole) == Meter(480, ((0, 4, 4),))
    assert meter_of(replace(whole, bar_length=np.full(4, 36), beat_length=np.full(4, 18))).changes == ((0, 6, 8),)


def test_chords_come_back() -> None:
    whole = song()
    roots, basses, tones = lane_of(whole).arrays()
    assert np.array_equal(roots, whole.roots)
    assert np.array_equal(basses, whole.basses)
    assert np.array_equal(tones, whole.tones)
    assert [chord.symbol for chord in lane_of(whole).chords[::4]] == ["C", "Am", "F", "G"]
    silent = replace(whole, roots=np.full(16, -1))
    assert lane_of(silent).chords[0] == NO_CHORD


def test_beats_of_notes() -> None:
    whole = song()
    assert beats_of(whole, whole.notes).tolist() == list(range(16))
