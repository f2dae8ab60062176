"""A planted copy is found to the note, in any key; what is new is not."""

from __future__ import annotations

import numpy as np

from composer.evaluation.originality import SHORTEST, copied, lines_of
from composer.vocab import GridSong
from tests.evaluation.bands import notes, song


def tune(rng: np.random.Generator, bars: int, role: str = "bass") -> np.ndarray:
    return notes((role, bar, 6 * step, int(rng.integers(30, 60))) for bar in range(bars) for step in range(8))


def longest(train: np.ndarray, band: np.ndarray) -> int:
    whole: GridSong = song(bars=8)
    return int(copied(lines_of([(train, whole.bar_length)]), [(whole, band)]).longest[0])


def test_a_transposed_copy_is_found_whole() -> None:
    rng = np.random.default_rng(0)
    theirs, mine = tune(rng, 8), tune(rng, 8)
    mine["pitch"][20:45] = theirs["pitch"][4:29] + 5
    assert longest(theirs, mine) == 25


def test_new_music_shares_nothing_to_speak_of() -> None:
    rng = np.random.default_rng(1)
    assert longest(tune(rng, 8), tune(rng, 8)) == SHORTEST


def test_drums_are_named_by_instrument_and_parts_do_not_mix() -> None:
    rng = np.random.default_rng(2)
    drums = tune(rng, 8, "drums")
    moved = drums.copy()
    moved["pitch"] += 1
    assert longest(drums, drums) == 64
    assert longest(drums, moved) == SHORTEST
    as_bass = drums.copy()
    as_bass["part"] = 2
    assert longest(drums, as_bass) == SHORTEST


def test_runs_do_not_cross_from_one_song_to_the_next() -> None:
    rng = np.random.default_rng(3)
    whole = song(bars=8)
    line = tune(rng, 8)
    halves = [(line[:32], whole.bar_length), (line[32:], whole.bar_length)]
    assert copied(lines_of(halves), [(whole, line)]).longest[0] == 32


def test_too_few_notes_say_nothing() -> None:
    whole = song(bars=8)
    few = notes([("bass", 0, 0, 36), ("bass", 1, 0, 38)])
    found = copied(lines_of([(tune(np.random.default_rng(4), 8), whole.bar_length)]), [(whole, few), (whole, few[:0])])
    assert found.longest.tolist() == [0, 0]
    assert np.isnan(found.share).all()


def test_share_of_runs() -> None:
    rng = np.random.default_rng(5)
    whole = song(bars=8)
    theirs = tune(rng, 8)
    found = copied(lines_of([(theirs, whole.bar_length)]), [(whole, theirs), (whole, tune(rng, 8))])
    assert found.share.tolist() == [1.0, 0.0]
