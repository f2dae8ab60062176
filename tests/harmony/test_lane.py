"""The chord lane and its chart: what is written reads back, and bars share their beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ChordError
from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.lane import ChordLane
from composer.timing import Meter

FOUR = Meter(480).bars(4 * 1920)
PICKUP = Meter(480, ((0, 1, 4), (480, 4, 4))).bars(480 + 3 * 1920)
WALTZ = Meter(480, ((0, 3, 4),)).bars(3 * 1440)
JIG = Meter(480, ((0, 6, 8),)).bars(3 * 1440)


def names(lane: ChordLane) -> str:
    return " ".join(chord.symbol for chord in lane.chords)


def test_chords_share_a_bar_evenly_and_a_short_chart_repeats() -> None:
    assert names(ChordLane.from_chart("C | Am7 D7 | G", FOUR)) == "C C C C Am7 Am7 D7 D7 G G G G C C C C"
    assert names(ChordLane.from_chart("C G", WALTZ)) == "C C G " * 2 + "C C G"
    assert names(ChordLane.from_chart("C G", JIG)) == "C G C G C G"
    assert names(ChordLane.from_chart("C F G", FOUR[:1])) == "C C F G"


def test_text_file_with_comments_holds_and_repeats() -> None:
    text = "# a verse\nC / / G7 | %   # turn\n\n| F#m | Bb |\n"
    lane = ChordLane.from_chart(text, FOUR)
    assert names(lane) == "C C C G7 C C C G7 F#m F#m F#m F#m Bb Bb Bb Bb"
    assert lane.chart(FOUR) == "C / / G7 | C / / G7 | F#m | Bb"
    assert lane.chart(FOUR, bars_per_line=2) == "C / / G7 | C / / G7\nF#m | Bb\n"


def test_pickup_bar() -> None:
    assert names(ChordLane.from_chart("C | F", PICKUP)).startswith("C C C C C F")
    lane = ChordLane.from_chart("(G7) | C | F", PICKUP)
    assert names(lane).startswith("G7 C C C C F")
    assert lane.chart(PICKUP) == "(G7) | C | F | C"
    with pytest.raises(ChordError, match="pick-up"):
        ChordLane.from_chart("(G7) | C", FOUR)


def test_symbols_at_ticks() -> None:
    lane = ChordLane.from_symbols(((480, "Am"), (1900, "D7"), (2000, "G")), FOUR)
    assert names(lane) == "N.C. Am Am Am " + " ".join(["G"] * 12)
    assert lane.to_symbols(FOUR) == ((0, "N.C."), (480, "Am"), (1920, "G"))
    assert names(ChordLane.from_symbols(((480, "Am"),), PICKUP)).startswith("Am Am")
    assert set(ChordLane.from_symbols((), FOUR).chords) == {NO_CHORD}
    with pytest.raises(ChordError, match="bar 2: chord 'Xy'"):
        ChordLane.from_symbols(((1920, "Xy"),), FOUR)


def test_arrays_and_transposition() -> None:
    lane = ChordLane(tuple(Chord.parse(s) for s in ("C/E", "N.C.", "Am7")))
    roots, bass, tones = lane.arrays()
    assert (roots.tolist(), bass.tolist(), tones.sum(1).tolist()) == ([0, -1, 9], [4, -1, 9], [3, 0, 4])
    assert roots.dtype == bass.dtype == np.int8
    assert tones.dtype == bool
    assert names(lane.transpose(2)) == "D/F# N.C. Bm7"


@given(
    st.lists(st.sampled_from(["C", "Am7", "D7/F#", "Bbmaj7", "N.C.", "Ebm7b5"]), min_size=1, max_size=13),
    st.sampled_from([FOUR, PICKUP, WALTZ, JIG]),
)
def test_charts_and_symbols_read_back(chords: list[str], bars: tuple) -> None:  # type: ignore[type-arg]
    beats = sum(bar.beat_count for bar in bars)
    lane = ChordLane(tuple(Chord.parse(chords[beat % len(chords)]) for beat in range(beats)))
    assert ChordLane.from_chart(lane.chart(bars), bars) == lane
    assert ChordLane.from_chart(lane.chart(bars, bars_per_line=2), bars) == lane
    assert ChordLane.from_symbols(lane.to_symbols(bars), bars) == lane


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty"),
        ("% | C", "no.* name a chord|there is none"),
        ("/ C", "begins with a hold"),
        ("C | Foo", "bar 2: chord 'Foo', character 3"),
        ("C\nD | E F | Gx", r"bar 4 \(line 2\)"),
        ("C D E F G", "5 chords, but bar 1 of the piece has 4 beats"),
    ],
)
def test_mistakes_are_named(text: str, match: str) -> None:
    with pytest.raises(ChordError, match=match):
        ChordLane.from_chart(text, FOUR)


def test_lane_of_other_bars_is_refused() -> None:
    with pytest.raises(ChordError, match="4 beats, the piece 16"):
        ChordLane((NO_CHORD,) * 4).chart(FOUR)
