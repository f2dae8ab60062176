"""Chords that nobody wrote: from an arrangement, and from a melody with the shipped weights."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.infer import chords_from_melody, chords_from_notes
from composer.score import NO_NOTES, Part, Score, as_notes
from composer.timing import Meter

TWINKLE = "C C G G A A G - F F E E D D C - G G F F E E D - G G F F E E D - C C G G A A G - F F E E D D C -"
PITCHES = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69}


def twinkle(transpose: int = 0) -> Part:
    rows = [
        (480 * beat, 960 if TWINKLE.split()[beat + 1 : beat + 2] == ["-"] else 480, PITCHES[name] + transpose, 80)
        for beat, name in enumerate(TWINKLE.split())
        if name != "-"
    ]
    return Part("tune", as_notes(rows), role="melody")


def band(symbols: Sequence[str]) -> Score:
    """Block chords, one a bar, with the bass below."""
    rows = []
    for bar, symbol in enumerate(symbols):
        chord = Chord.parse(symbol)
        rows += [(1920 * bar, 1920, 60 + tone, 80) for tone in chord.tones] + [(1920 * bar, 1920, 36 + chord.bass, 90)]
    return Score((Part("piano", as_notes(rows)),))


@pytest.mark.parametrize(
    "symbols",
    [("C", "Am7", "F", "G7"), ("Dm7", "G7", "Cmaj7", "Cmaj7"), ("Bb", "Gm", "Eb", "F"), ("Bm7b5", "E7", "Am", "Am")],
)
def test_block_chords_are_heard(symbols: tuple[str, ...]) -> None:
    score = band(symbols)
    lane = chords_from_notes(score)
    assert [chord.root for chord in lane.chords[::4]] == [Chord.parse(symbol).root for symbol in symbols]
    assert [chord.third for chord in lane.chords[::4]] == [Chord.parse(symbol).third for symbol in symbols]
    assert lane.chart(score.bars()).count("|") == 3


def test_the_third_of_a_power_chord_is_that_of_the_music_around() -> None:
    def fifths(*roots: int) -> list[tuple[int, int, int, int]]:
        return [(1920 * bar, 1920, 36 + root + up, 90) for bar, root in enumerate(roots) for up in (0, 7, 12)]

    def heard(*notes: tuple[int, int, int, int]) -> list[str]:
        return [
            chord.symbol for chord in chords_from_notes(Score((Part("guitar", as_notes(list(notes))),))).chords[::4]
        ]

    assert heard(*fifths(4, 4)) == ["E", "E"]
    assert heard(*fifths(4, 0, 2, 4)) == ["Em", "C", "D", "Em"]
    assert heard(*fifths(4, 0, 2, 4), (0, 1920, 56, 90))[0] == "E"


def test_silence_and_drums_have_no_chord() -> None:
    kit = Part("kit", as_notes([(0, 1, 36, 80), (1900, 1, 36, 80)]), is_drum=True)
    assert set(chords_from_notes(Score((kit,))).chords) == {NO_CHORD}
    assert len(chords_from_notes(band(["C", "G"]), end=4 * 1920)) == 16
    assert chords_from_notes(band(["C", "G"]), end=6 * 1920).chords[-1] is NO_CHORD


def test_a_tune_is_harmonised() -> None:
    melody = twinkle()
    score = Score((melody,))
    lane = chords_from_melody(melody, score)
    assert len(lane) == 48
    assert NO_CHORD not in lane.chords
    assert lane.chords[0].symbol == lane.chords[-1].symbol == "C"
    assert {chord.symbol for chord in lane.chords} <= {"C", "F", "G", "G7", "Am", "Dm", "Em", "D7", "C7", "D", "Dm7"}
    assert sum(chord.root in (0, 5, 7) for chord in lane.chords) > 36


@pytest.mark.parametrize("semitones", [-5, 1, 6])
def test_a_tune_in_another_key_has_the_same_chords(semitones: int) -> None:
    here = chords_from_melody(twinkle(), Score((twinkle(),)))
    there = chords_from_melody(twinkle(semitones), Score((twinkle(semitones),)))
    assert [chord.root for chord in there.chords] == [(chord.root + semitones) % 12 for chord in here.chords]
    assert [chord.suffix for chord in there.chords] == [chord.suffix for chord in here.chords]


@pytest.mark.parametrize("meter", [((0, 6, 8),), ((0, 1, 4), (480, 3, 4)), ((0, 5, 4),), ((0, 2, 4),)])
def test_any_metre_and_a_wrong_signature(meter: tuple[tuple[int, int, int], ...]) -> None:
    melody = twinkle(7)
    score = Score((melody,), meter=Meter(480, meter), key="C")
    lane = chords_from_melody(melody, score)
    assert len(lane) == sum(bar.beat_count for bar in score.meter.bars(melody.end))
    assert NO_CHORD not in lane.chords


def test_a_first_note_a_hair_early_is_in_the_bar_it_is_meant_for() -> None:
    rows = [(at * 480, 480, pitch, 80) for at, pitch in enumerate([60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72], 4)]
    exact, early = (Part("Tune", [(first, 480, 60, 80), *rows[1:]]) for first in (1920, 1919))
    lane = chords_from_melody(early, Score((early,)))
    assert lane == chords_from_melody(exact, Score((exact,)))
    assert set(lane.chords[:4]) == {NO_CHORD}


def test_rest_before_the_tune_and_no_tune() -> None:
    melody = Part(
        "tune", as_notes([(row["onset"] + 3840, row["duration"], row["pitch"], 80) for row in twinkle().notes])
    )
    lane = chords_from_melody(melody, Score((melody,)))
    assert set(lane.chords[:8]) == {NO_CHORD}
    assert NO_CHORD not in lane.chords[8:]
    assert set(chords_from_melody(Part("empty", NO_NOTES), Score()).chords) == {NO_CHORD}
