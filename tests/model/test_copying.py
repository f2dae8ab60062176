"""Copying: a loop is pointed at note for note, in another chord too, until the part plays something else."""

from __future__ import annotations

import numpy as np

from composer.model.copying import NOTHING, Copying, point, repeated_bars
from composer.vocab import GRID_NOTE_DTYPE, MAX_POSITIONS, PARTS, GridSong

BASS, DRUMS = 2, 1


def song_of(rows: list[tuple[int, int, int, int]], roots: list[int]) -> GridSong:
    """Rows of (part, bar, position, pitch) over one chord a bar."""
    bars = len(roots)
    notes = np.array([(part, bar, at, pitch, 5, 10 + bar) for part, bar, at, pitch in rows], GRID_NOTE_DTYPE)
    notes = np.sort(notes, order=["bar", "part", "position", "pitch"])
    per_beat = np.repeat(np.array(roots), 4)
    none = np.full(bars, -1)
    return GridSong(
        notes, np.full(bars, 48), np.full(bars, 12), per_beat, per_beat, np.zeros((len(per_beat), 12), bool), none, none,
        np.zeros(bars, np.int64),
    )  # fmt: skip


def pointers_of(song: GridSong, part: int):  # type: ignore[no-untyped-def]
    asked = np.zeros((song.bar_count, PARTS), bool)
    asked[:, part] = True
    copying = Copying(song, np.full(song.bar_count, -1))
    copying.paint(song.notes)
    for bar in range(song.bar_count):
        copying.settle(bar)
    return point(copying, asked, ~asked)


def test_a_loop_is_pointed_at_and_moves_with_the_chord() -> None:
    song = song_of([(BASS, 0, 0, 36), (BASS, 0, 24, 43), (BASS, 1, 0, 41), (BASS, 1, 24, 48)], [0, 5])
    told = pointers_of(song, BASS)
    # Bar 0: two notes and END point at nothing; bar 1 follows bar 0 moved by a fourth.
    assert (told.position[:3] == NOTHING).all()
    assert told.position[3:, 0].tolist() == [0, 24, MAX_POSITIONS]
    assert told.pitch[3, :2].tolist() == [36, 41]
    assert told.pitch[4, :2].tolist() == [43, 48]
    assert told.velocity[4, 2] == 10
    assert told.track.tolist() == [0, 0, 0, 0, 1, 1]
    assert repeated_bars(song, np.full(2, -1))[:, BASS].tolist() == [False, True]


def test_who_leaves_the_track_is_not_led_back() -> None:
    rows = [(DRUMS, 0, 0, 36), (DRUMS, 0, 24, 38), (DRUMS, 1, 0, 36), (DRUMS, 1, 12, 38), (DRUMS, 1, 24, 38)]
    told = pointers_of(song_of(rows, [0, 0]), DRUMS)
    assert told.position[3:, 0].tolist() == [0, 24, NOTHING, NOTHING]


def test_a_two_bar_loop_is_found() -> None:
    rows = [(DRUMS, bar, at, 36) for bar in range(8) for at in ((0, 24) if bar % 2 else (0, 12, 36))]
    song = song_of(rows, [0] * 8)
    copying = Copying(song, np.full(8, -1))
    copying.paint(song.notes)
    for bar in range(8):
        copying.settle(bar)
    assert copying.sources[7, DRUMS].tolist() == [6, 5]
    assert repeated_bars(song, np.full(8, -1))[4:, DRUMS].all()


def test_from_a_fresh_bar_on_nothing_older_is_copied() -> None:
    song = song_of([(BASS, bar, 0, 36) for bar in range(6)], [0] * 6)
    copying = Copying(song, np.array([-1, -1, -1, 0, 1, 2]), fresh_from=3)
    copying.paint(song.notes)
    for bar in range(6):
        copying.settle(bar)
    assert copying.sources[3, BASS].tolist() == [NOTHING, NOTHING]
    assert copying.sources[5, BASS].tolist() == [4, 3]
