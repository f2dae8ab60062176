"""Basses of the synthetic band are held as people hold theirs."""

from __future__ import annotations

from composer.corpora.holding import held
from composer.corpora.song import Song
from composer.harmony.lane import ChordLane
from composer.score import Part, Score

TICKS = 480
BAR = 4 * TICKS


def a_song(notes, chart, style="rock"):
    score = Score((Part("Bass", notes, 33, role="bass"), Part("Piano", [(0, 4 * BAR, 48, 60)], role="piano")))
    return Song(
        *("a/1", "mma", "a/1", "train", "MIT", "", True, style, "", score, ChordLane.from_chart(chart, score.bars()))
    )


def lengths(song):
    return song.score.part("bass").notes["duration"].tolist()


def test_short_notes_are_held_nearly_to_the_next_and_the_last_no_longer_than_the_song():
    song = held(a_song([(at * TICKS, TICKS // 2, 36, 90) for at in range(16)], "C | C | F | F"))
    assert all(0.9 * TICKS < length <= TICKS for length in lengths(song))
    assert song.score.part("piano").notes.tolist() == [(0, 4 * BAR, 48, 60)]
    assert len(song.score.bars()) == 4


def test_a_detached_note_stays_shorter_than_the_others():
    bass = [(at * TICKS, TICKS // 8 if at % 4 == 3 else TICKS // 2, 36, 90) for at in range(16)]
    after = lengths(held(a_song(bass, "C | C | F | F")))
    assert max(after[3::4]) < min(length for at, length in enumerate(after) if at % 4 != 3)
    assert all(now >= note[1] for now, note in zip(after, bass, strict=True))


def test_no_note_is_held_into_the_next_chord():
    after = lengths(held(a_song([(0, 3 * TICKS, 36, 90), (BAR + 2 * TICKS, TICKS, 41, 90)], "C | F | F | F")))
    assert after[0] <= BAR


def test_where_a_short_bass_is_the_style_nothing_is_touched():
    song = a_song([(at * TICKS, TICKS // 2, 36, 90) for at in range(16)], "C | C | F | F", "waltz")
    assert held(song) is song
