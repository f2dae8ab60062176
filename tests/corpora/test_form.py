"""Form found from the music: known forms come back, whatever the key; nothing is made up for scraps."""

from __future__ import annotations

import numpy as np
import pytest

from composer.corpora.form import find_phrases
from composer.score import Part, Score
from composer.timing import Meter, TempoMap

TICKS = 480
BAR = 4 * TICKS


def a_song(form, transposed=0, pickup=0):
    """A melody and a bass; bars of one letter are alike, those of two are not."""
    melody, bass, at = [], [], pickup
    meter = ((0, 4, 4),) if not pickup else ((0, pickup // TICKS, 4), (pickup, 4, 4))
    for letter, bars in form:
        rng = np.random.default_rng(ord(letter))
        for _ in range(bars):
            root = int(rng.integers(0, 12))
            for place in np.flatnonzero(rng.random(8) < 0.6):
                pitch = 60 + transposed + int(rng.integers(0, 15))
                if letter.isupper():
                    melody.append((at + int(place) * TICKS // 2, TICKS // 2, pitch, 80))
            bass.append((at, BAR, 36 + transposed + root, 80))
            at += BAR
    parts = Part("Melody", melody, role="melody"), Part("Bass", bass, 33, role="bass")
    return Score(parts, TempoMap(TICKS), Meter(TICKS, meter))


@pytest.mark.parametrize("transposed", [0, 5])
def test_an_aaba_song(transposed):
    letters = dict(find_phrases(a_song([("A", 8), ("A", 8), ("B", 8), ("A", 8)], transposed)))
    assert letters[0] == letters[8] == letters[24] == "A"
    assert letters[16] not in ("A", "a")


def test_intro_and_outro_are_where_nobody_sings():
    phrases = find_phrases(a_song([("i", 4), ("A", 8), ("B", 8), ("A", 8), ("B", 8), ("o", 4)]))
    assert phrases[0] == (0, "i")
    assert phrases[-1] == (36, "o")
    letters = dict(phrases)
    assert letters[4] == letters[20] == "A"  # a verse and its chorus may count as one


def test_a_pickup_stands_before_the_first_section():
    phrases = find_phrases(a_song([("A", 8), ("A", 8), ("B", 8)], pickup=TICKS))
    assert [start for start, _ in phrases][:3] == [1, 9, 17]


def test_scraps_have_no_form():
    assert find_phrases(a_song([("A", 4)])) == ()
    assert find_phrases(Score()) == ()


def test_drums_alone_and_a_part_of_silence():
    kit = Part("Drums", [(bar * BAR, 10, 36 if bar % 8 < 7 else 49, 90) for bar in range(16)], 0, True, "drums")
    starts = [start for start, _ in find_phrases(Score((kit, Part("Bass", role="bass"))))]
    assert starts == sorted(set(starts))
    assert starts[0] in (0, 1)
