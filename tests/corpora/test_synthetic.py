"""The synthetic band: charts in mma's spelling, and bands that stay with their song bar by bar."""

from __future__ import annotations

import random
import shutil

import numpy as np
import pytest

from composer.corpora import synthetic, synthetic_build
from composer.corpora.mma_grooves import find_groove, grooves
from composer.corpora.song import Song
from composer.errors import InputError
from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.lane import ChordLane
from composer.score import Part, Score
from composer.styles import STYLES
from composer.timing import Meter, TempoMap

needs_mma = pytest.mark.skipif(shutil.which("mma") is None, reason="mma, a build-time tool, is not installed")
TICKS = 480


def sheet(meter="4/4", bars=16, pickup=0, chart="C | Am7 | Dm7 G7 | C", phrases=((0, "A"), (8, "B"))):
    """A lead sheet; `pickup` in the metre's own units."""
    numerator, denominator = map(int, meter.split("/"))
    unit = TICKS * 4 // denominator
    length = numerator * unit
    changes = (
        ((0, pickup, denominator), (pickup * unit, numerator, denominator))
        if pickup
        else ((0, numerator, denominator),)
    )
    notes = [(0, pickup * unit, 67, 90)] if pickup else []
    notes += [(pickup * unit + i * length // 2, length // 2, 60 + i * 5 % 12, 90) for i in range(2 * bars)]
    score = Score((Part("Tune", notes, 73, role="melody"),), TempoMap.constant(110, TICKS), Meter(TICKS, changes))
    lane = ChordLane.from_chart(chart, score.bars())
    return Song("hand/1", "hand", "hand/1", "train", "CC0", "0" * 64, False, "", "", score, lane, phrases)


@pytest.mark.parametrize(
    ("symbol", "spelt"),
    [
        ("C", "CM"),
        ("F#m7b5", "F#m7b5"),
        ("Bb6", "Bb6"),
        ("Dm/F", "Dm/F"),
        ("Gsus4", "Gsus4"),
        ("Edim", "Edim3"),
        ("A7alt", None),
    ],
)
def test_chords_are_spelt_by_their_tones(symbol, spelt):
    name = synthetic.chord_name(Chord.parse(symbol))
    assert name == spelt if spelt else name.startswith("A")


def test_no_chord_is_a_rest():
    assert synthetic.chord_name(NO_CHORD) == "z"


def test_the_table_of_grooves_is_sound():
    table = grooves()
    assert len(table) >= 100
    assert {groove.style for groove in table.values()} <= set(STYLES)
    found = {groove.style for groove in table.values()}
    assert found >= {"pop", "rock", "metal", "swing", "bossa", "samba", "funk", "reggae", "ska", "tango", "march"}
    for groove in table.values():
        assert groove.sections, groove.label
        assert groove.meter in ("4/4", "3/4", "6/8")
        assert all(1 <= bars <= 4 for _, bars in groove.ends + groove.intros)


def test_an_unknown_groove_is_named():
    with pytest.raises(InputError, match="no groove called 'nope'"):
        find_groove("nope")


def test_a_groove_of_another_metre_is_refused():
    with pytest.raises(InputError, match="plays 3/4, not 4/4"):
        synthetic.arrange(sheet(), "stdlib/waltz", 0)


def test_a_song_without_chords_is_refused():
    from dataclasses import replace

    with pytest.raises(InputError, match="no chords"):
        synthetic.arrange(replace(sheet(), lane=None), "stdlib/swing", 0)


def test_a_missing_program_says_how_to_get_it():
    with pytest.raises(InputError, match="apt install mma"):
        synthetic.arrange(sheet(), "stdlib/swing", 0, mma="no-such-program")


def test_drawn_grooves_suit_the_song_and_differ():
    drawn = synthetic.draw(sheet("3/4"), 6, random.Random(1))
    assert len({groove.label for groove in drawn}) == 6
    assert all(groove.meter == "3/4" for groove in drawn)
    assert len({groove.style for groove in drawn}) >= 3


def test_two_bars_of_two_four_share_one_of_four_four():
    assert synthetic.suits(sheet("2/4"), find_groove("stdlib/polka"))
    assert not synthetic.suits(sheet("2/4"), find_groove("stdlib/bebop"))


@needs_mma
@pytest.mark.parametrize(
    ("meter", "pickup", "label"),
    [
        ("4/4", 0, "casio/8beatpop1"),
        ("4/4", 1, "stdlib/bossanova"),
        ("4/4", 0, "extra/reggae"),
        ("3/4", 1, "stdlib/waltz"),
        ("6/8", 1, "stdlib/68march"),
        ("6/8", 0, "stdlib/blues128@6/8"),
        ("2/4", 0, "stdlib/polka"),
    ],
)
def test_a_band_keeps_to_its_song(meter, pickup, label):
    song = sheet(meter, 17 if meter == "2/4" else 16, pickup)
    made = synthetic.arrange(song, label, 3)
    assert made.score.part("melody").notes.tolist() == song.score.part("melody").notes.tolist()
    assert made.score.bars() == song.score.bars()
    assert made.lane == song.lane
    assert made.work == song.work
    assert made.split == song.split
    assert made.synthetic
    assert made.style == find_groove(label).style
    assert made.groove == label
    roles = [part.role for part in made.score.parts]
    assert "bass" in roles
    assert "drums" in roles
    assert len(set(roles)) == len(roles) >= 3
    bars = made.score.bars()
    last = bars[-2].start
    assert all(part.end > last for part in made.score.parts if part.role == "bass")
    bass = made.score.part("bass").notes
    right = heard = 0
    for bar, chords in song.lane.by_bar(bars):
        first = bass[np.abs(bass["onset"] - bar.start) < bar.beat_length / 4]
        heard += len(first) > 0
        right += len(first) > 0 and int(first["pitch"][0]) % 12 in chords[0].tones
    assert heard >= 6
    assert right >= 0.8 * heard


@needs_mma
def test_the_same_seed_plays_the_same():
    first, again, other = (synthetic.arrange(sheet(), "stdlib/swing", seed) for seed in (1, 1, 2))
    assert first.score.parts == again.score.parts
    assert first.score.parts != other.score.parts


@needs_mma
def test_songs_and_shards(tmp_path):
    made = list(synthetic.songs([sheet()], 2, 0))
    assert len(made) == 2
    assert made[0].groove != made[1].groove
    assert list(synthetic_build.read(tmp_path)) == []
