"""Guitar strings are damped where a player would damp them."""

from __future__ import annotations

from composer.corpora.ringing import damped
from composer.corpora.song import Song
from composer.harmony.lane import ChordLane
from composer.score import Part, Score

TICKS = 480
BAR = 4 * TICKS


def a_song(notes, chart):
    guitar = Part("Guitar", notes, 25, role="guitar")
    piano = Part("Piano", [(0, 4 * BAR, 48, 60)], role="piano")
    score = Score((guitar, piano))
    lane = ChordLane.from_chart(chart, score.bars())
    return Song("a/1", "mma", "a/1", "train", "MIT", "", True, "", "", score, lane)


def lengths(song):
    return song.score.part("guitar").notes["duration"].tolist()


def test_a_string_stops_at_the_first_stroke_of_the_next_chord():
    song = a_song([(0, 3 * BAR, 52, 80), (BAR, BAR, 57, 80)], "C | F | F | F")
    assert lengths(damped(song)) == [BAR, BAR]
    assert damped(song).score.part("piano") is song.score.part("piano")


def test_an_arpeggio_over_one_chord_rings_on():
    notes = [(beat * TICKS, BAR, 52 + 3 * beat, 80) for beat in range(4)]
    song = a_song(notes, "C | C | F | F")
    assert damped(song) is song


def test_a_strum_stops_the_strum_before_but_not_itself():
    strums = [(at + 20 * string, 2 * BAR, 48 + 4 * string, 80) for at in (0, 2 * TICKS) for string in range(4)]
    damp = lengths(damped(a_song(strums, "C | C | C | C")))
    assert damp == [2 * TICKS - 20 * string for string in range(4)] + [2 * BAR] * 4


def test_nothing_rings_for_more_than_two_bars():
    assert lengths(damped(a_song([(0, 4 * BAR, 52, 80)], "C | C | C | C"))) == [2 * BAR]
