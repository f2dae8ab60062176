"""Notes, parts and scores as values that never change."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import ScoreError
from composer.score import NOTE_DTYPE, Part, Score, as_notes
from composer.timing import HAIR_BEATS, Meter, TempoMap
from composer.vocab import POSITIONS_PER_QUARTER

PART = Part("Tune", as_notes([(480, 240, 64, 90), (0, 480, 60, 80)]), role="melody")


def test_notes_are_sorted_and_read_only() -> None:
    assert PART.notes["onset"].tolist() == [0, 480]
    with pytest.raises(ValueError, match="read-only"):
        PART.notes["pitch"][0] = 1


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ((-1, 1, 60, 80), "onset -1"),
        ((0, -1, 60, 80), "duration -1"),
        ((0, 1, 128, 80), "pitch 128"),
        ((0, 1, 60, 0), "velocity 0"),
    ],
)
def test_a_note_that_cannot_be_played_is_named(row: tuple[int, int, int, int], says: str) -> None:
    with pytest.raises(ScoreError, match=says):
        Part("x", as_notes([row]))


def test_edits_return_new_parts() -> None:
    assert PART.transpose(12).notes["pitch"].tolist() == [72, 76]
    assert PART.notes["pitch"].tolist() == [60, 64]
    assert PART.clip(0, 400).notes.tolist() == [(0, 400, 60, 80)]
    with pytest.raises(ScoreError, match="pitch"):
        PART.transpose(100)
    drums = Part("d", PART.notes, is_drum=True)
    assert drums.transpose(5) == drums


def test_parts_compare_by_what_they_hold() -> None:
    assert Part("Tune", PART.notes.copy(), role="melody") == PART
    assert Part("Tune", PART.notes, 1, role="melody") != PART
    assert Part("Tune", PART.notes, role="melody") != "Tune"


def test_a_score_knows_its_end_and_its_parts() -> None:
    score = Score((PART, Part("Other", is_drum=True)))
    assert (score.end, len(score.bars()), score.duration_s) == (720, 1, 0.75)
    assert score.part("MELODY") is score.part("tune") is PART
    with pytest.raises(ScoreError, match="has: melody, Other"):
        score.part("bass")
    assert score.with_parts([]).end == 0


@pytest.mark.parametrize(
    ("row", "bars"),
    [
        ((1440, 495, 60, 80), 1),  # rings on for 1/32 of a beat
        ((1440, 580, 60, 80), 1),  # legato, as hands play
        ((1440, 600, 60, 80), 2),  # a sixteenth into the bar
        ((1919, 60, 60, 80), 2),  # meant for the bar line
        ((1900, 60, 60, 80), 2),
        ((1890, 60, 60, 80), 2),  # half of it: a push
        ((1890, 50, 60, 80), 1),
        ((1905, 16, 60, 80), 2),
        ((1920, 10, 60, 80), 2),  # as short as a drum stroke
    ],
)
def test_a_bar_that_notes_only_ring_into_is_not_played_in(row: tuple[int, int, int, int], bars: int) -> None:
    assert len(Score((Part("Tune", [(0, 480, 60, 80), row]),)).bars()) == bars
    assert HAIR_BEATS == 0.5 / POSITIONS_PER_QUARTER


def test_tempo_and_metre_count_alike() -> None:
    with pytest.raises(ScoreError, match="480 and 96"):
        Score(tempo=TempoMap(480), meter=Meter(96))


def test_rows_that_are_no_notes() -> None:
    with pytest.raises(ScoreError, match="rows of onset"):
        as_notes([("a", 1, 2, 3)])  # type: ignore[list-item]
    assert as_notes(np.array([(1, 2, 3, 4)], dtype=PART.notes.dtype)).tolist() == [(1, 2, 3, 4)]


def test_a_transposition_beyond_every_pitch_is_refused() -> None:
    part = Part("Flute", as_notes([(0, 480, 60, 80)]))
    for semitones in (100, 70_000, -70_000):
        with pytest.raises(ScoreError, match=r"Flute: note 0 is not playable: pitch -?\d+ at tick 0"):
            part.transpose(semitones)


def test_numbers_too_large_for_a_note_do_not_wrap_round() -> None:
    wide = np.dtype([(name, "<i8") for name in NOTE_DTYPE.names or ()])
    with pytest.raises(ScoreError, match="notes must be rows"):
        as_notes(np.array([(2**32, 480, 60, 80)], wide))
