"""Controls: what is measured of a bar is what a musician would say of it."""

from __future__ import annotations

import numpy as np
import pytest

from composer.gm import ROLES
from composer.model.controls import (
    DENSITY,
    POLYPHONY,
    REGISTER,
    ROLE,
    ROLE_NAMES,
    measure,
    moved_register,
    overall,
    playing_roles,
)
from composer.vocab import GRID_NOTE_DTYPE, GridSong
from tests.model.songs import toy_song

HALF, EIGHTH, WHOLE = 19, 5, 27


def bar_of(part: str, notes: list[tuple[int, int, int]]) -> GridSong:
    """One 4/4 bar of C major: notes as (position, pitch, duration class)."""
    rows = [(ROLES.index(part), 0, at, pitch, long, 10) for at, pitch, long in notes]
    tones = np.zeros((4, 12), bool)
    tones[:, [0, 4, 7]] = True
    roots, one = np.zeros(4, np.int64), np.zeros(1, np.int64)
    return GridSong(np.array(rows, GRID_NOTE_DTYPE), one + 48, one + 12, roots, roots, tones, one, one, one)


@pytest.mark.parametrize(
    ("part", "notes", "role"),
    [
        ("bass", [(0, 36, EIGHTH), (24, 36, EIGHTH)], "roots"),
        ("bass", [(0, 36, EIGHTH), (24, 43, EIGHTH)], "alternating"),
        ("bass", [(0, 36, EIGHTH), (12, 48, EIGHTH), (24, 36, EIGHTH), (36, 48, EIGHTH)], "octaves"),
        ("bass", [(0, 36, EIGHTH), (12, 40, EIGHTH), (24, 43, EIGHTH), (36, 45, EIGHTH)], "walking"),
        ("piano", [(0, 60, WHOLE), (0, 64, WHOLE), (0, 67, WHOLE)], "pad"),
        ("piano", [(at, pitch, 3) for at in (6, 30) for pitch in (60, 64, 67)], "comp"),
        ("guitar", [(at, pitch, 3) for at in range(0, 48, 6) for pitch in (52, 55, 60)], "strum"),
        (
            "guitar",
            [(at, pitch, 3) for at, pitch in zip(range(0, 48, 6), (48, 52, 55, 60) * 2, strict=True)],
            "arpeggio",
        ),
        ("drums", [(0, 36, 0), (12, 38, 0), (24, 36, 0), (36, 38, 0)], "beat"),
        ("drums", [(24, 50, 0), (30, 47, 0), (36, 43, 0), (42, 41, 0)], "fill"),
        ("drums", [(at, 42, 0) for at in range(0, 48, 6)], "light"),
    ],
)
def test_roles_in_words(part: str, notes: list[tuple[int, int, int]], role: str) -> None:
    assert ROLE_NAMES[playing_roles(bar_of(part, notes))[0, ROLES.index(part)]] == role


def test_levels() -> None:
    part = ROLES.index("piano")
    low = measure(bar_of("piano", [(0, 40, HALF), (24, 43, HALF)]))[0, part]
    full = measure(bar_of("piano", [(at, pitch, 3) for at in range(0, 48, 6) for pitch in (67, 72, 76, 79)]))[0, part]
    assert (low[DENSITY], low[REGISTER], low[POLYPHONY]) == (1, 1, 1)
    assert (full[DENSITY], full[REGISTER], full[POLYPHONY]) == (5, 5, 5)


def test_a_song_in_a_word_and_in_another_key() -> None:
    measured = measure(toy_song(8))
    assert (moved_register(measured, toy_song(8)) == measured).all()
    once = overall(measured)
    assert once[1:, DENSITY].min() >= 1
    assert (once[1:, ROLE] > 0).all()
