"""Runs of the training songs: kept, recognised before the last note, never missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from composer.errors import CheckpointError
from composer.evaluation.originality import copied, lines_of
from composer.gm import ROLES
from composer.model.ngram_filter import (
    CARD_FIELD,
    EVERY,
    FILE,
    NgramFilter,
    NgramGuard,
    load_ngram_filter,
    longest_run,
    runs_of,
    steps_kept,
    steps_of,
)
from composer.vocab import GRID_NOTE_DTYPE, GridSong

BASS, DRUMS = ROLES.index("bass"), ROLES.index("drums")


def line(part: int, count: int, seed: int, rise: int = 0, late: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A part's notes, four a bar, and the bars' lengths; `rise` semitones and `late` bars away."""
    rng = np.random.default_rng(seed)
    notes = np.zeros(count, GRID_NOTE_DTYPE)
    notes["part"], notes["bar"] = part, late + np.arange(count) // 4
    notes["position"], notes["pitch"] = np.arange(count) % 4 * 12, rng.integers(36, 48, count) + rise
    return notes, np.full(late + count // 4 + 1, 48)


def known_of(notes: np.ndarray, bar_length: np.ndarray, part: int) -> NgramFilter:
    known = NgramFilter.empty(1 << 12)
    known.add(runs_of(steps_of(notes, bar_length, part), steps_kept(part))[::EVERY])
    return known


@pytest.mark.parametrize("part", [BASS, DRUMS])
@pytest.mark.parametrize("start", [0, 1, 7, 30])
def test_a_copy_is_noticed_in_time(part: int, start: int) -> None:
    """From wherever one begins to copy, in another key and on another bar, no more than the longest run gets through."""
    theirs, bar_length = line(part, 200, 1)
    known = known_of(theirs, bar_length, part)
    mine, my_bars = line(part, 200, 1, rise=0 if part == DRUMS else 5, late=3)
    watch = NgramGuard(known, my_bars)
    played = 0
    for note in mine[start:]:
        where = (part, int(note["bar"]), int(note["position"]), int(note["pitch"]))
        if watch.knows(*where):
            break
        watch.hear(*where)
        played += 1
    assert steps_kept(part) <= played <= longest_run(part)


def test_what_is_left_out_breaks_the_run() -> None:
    theirs, bar_length = line(BASS, 400, 2)
    watch = NgramGuard(known_of(theirs, bar_length, BASS), bar_length)
    kept = []
    for note in theirs:
        where = (BASS, int(note["bar"]), int(note["position"]), int(note["pitch"]))
        if not watch.knows(*where):
            watch.hear(*where)
            kept.append(note)
    song = GridSong.__new__(GridSong)
    object.__setattr__(song, "bar_length", bar_length)
    found = copied(lines_of([(theirs, bar_length)]), [(song, np.array(kept, GRID_NOTE_DTYPE))])
    assert len(kept) > 380
    assert 40 < found.longest[0] <= longest_run(BASS)


def test_other_music_passes() -> None:
    theirs, bar_length = line(BASS, 400, 3)
    mine, _ = line(BASS, 400, 4)
    watch = NgramGuard(known_of(theirs, bar_length, BASS), bar_length)
    for note in mine:
        where = (BASS, int(note["bar"]), int(note["position"]), int(note["pitch"]))
        assert not watch.knows(*where)
        watch.hear(*where)


def test_a_filter_holds_what_was_added_and_little_else() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.integers(0, 2**63, (2, 5000), dtype=np.uint64)
    known = NgramFilter.empty(1 << 14)
    known.add(inside)
    assert all(int(run) in known for run in inside)
    assert sum(int(run) in known for run in outside) < 25


def test_an_ancestors_runs_are_known_too() -> None:
    ours, theirs, outside = np.random.default_rng(1).integers(0, 2**63, (3, 500), dtype=np.uint64)
    known, inherited = NgramFilter.of(ours), NgramFilter.empty(1 << 13)
    inherited.add(theirs)
    both = known.beside(inherited)
    assert all(int(run) in both for run in (*ours, *theirs))
    assert sum(int(run) in known for run in theirs) < 5
    assert sum(int(run) in both for run in outside) < 10


def test_filters_of_different_sizes_stand_beside_the_weights(tmp_path: Path) -> None:
    both = NgramFilter.of(np.arange(3000, dtype=np.uint64)).beside(
        NgramFilter.of(np.arange(7000, 7050, dtype=np.uint64))
    )
    again = load_ngram_filter(tmp_path, {CARD_FIELD: both.save(tmp_path)})
    assert again is not None
    assert [len(one) for one in again.filters] == [len(one) for one in both.filters] == [8192, 1024]
    assert all(run in again for run in (0, 2999, 7000, 7049))


def test_it_stands_beside_the_weights(tmp_path: Path) -> None:
    known = NgramFilter.empty(1 << 10)
    known.add(np.arange(50, dtype=np.uint64))
    digest = known.save(tmp_path)
    again = load_ngram_filter(tmp_path, {CARD_FIELD: digest})
    assert again is not None
    np.testing.assert_array_equal(again.filters, known.filters)
    assert load_ngram_filter(tmp_path, {}) is None
    (tmp_path / FILE).write_bytes(b"x")
    with pytest.raises(CheckpointError, match="does not match its hash"):
        load_ngram_filter(tmp_path, {CARD_FIELD: digest})
