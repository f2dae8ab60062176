"""Directions by example: the part that is asked for something hears it played, and nobody else's bars change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.gm import ROLES
from composer.model.controls import CONTROLS, DENSITY, REGISTER, ROLE, measure, overall, role_class
from composer.model.directions import as_asked
from composer.model.examples import Example, Examples
from composer.vocab import GridSong
from tests.model.songs import toy_song

BASS, PIANO = ROLES.index("bass"), ROLES.index("piano")


def example(seed: int, style: str = "pop") -> GridSong:
    song = replace(toy_song(4, seed), style=style)
    return replace(song, notes=song.notes[song.notes["part"] != 0])


def thinned(song: GridSong, part: int) -> GridSong:
    """With one note a bar of a part."""
    mine = song.notes["part"] == part
    first = np.ones(len(song.notes), bool)
    first[1:] = song.notes["bar"][1:] != song.notes["bar"][:-1]
    first[1:] |= song.notes["part"][1:] != song.notes["part"][:-1]
    return replace(song, notes=song.notes[~mine | first])


def asked(part: int, control: int, wish: int) -> np.ndarray:
    wishes = np.zeros((len(ROLES), len(CONTROLS)), np.int64)
    wishes[part, control] = wish
    return wishes


@pytest.fixture
def library() -> Examples:
    return Examples(
        tuple(Example(one, "a song", "CC0") for one in (example(1), thinned(example(2), PIANO), example(3, "rock")))
    )


def directed(wishes: np.ndarray, library: Examples) -> GridSong:
    return as_asked(example(0), wishes, library, "pop", toy_song(), np.random.default_rng(0))


def test_a_part_hears_what_it_is_asked_for_and_the_others_are_as_they_were(library: Examples) -> None:
    before, after = example(0), directed(asked(PIANO, DENSITY, 1), library)
    assert overall(measure(before))[PIANO, DENSITY] > 1
    assert overall(measure(after))[PIANO, DENSITY] == 1
    others = [song.notes[song.notes["part"] != PIANO] for song in (before, after)]
    np.testing.assert_array_equal(*others)
    assert after.notes.tolist() == sorted(after.notes.tolist(), key=lambda note: (note[1], note[0], *note[2:4]))


def test_notes_from_another_example_keep_their_place_over_the_chord(library: Examples) -> None:
    def degrees(song: GridSong) -> list[int]:
        mine = song.notes[song.notes["part"] == PIANO]
        roots = song.roots[song.beat_at(mine["bar"], mine["position"])]
        return [
            -1 if root < 0 else (pitch - root) % 12
            for pitch, root in zip(mine["pitch"].tolist(), roots.tolist(), strict=True)
        ]

    source = library.entries[1].song
    for here, there in zip(degrees(directed(asked(PIANO, DENSITY, 1), library)), degrees(source), strict=True):
        assert here in (there, -1) or there == -1


def test_who_already_does_what_is_asked_is_left_alone(library: Examples) -> None:
    level = int(overall(measure(example(0)))[PIANO, DENSITY])
    np.testing.assert_array_equal(directed(asked(PIANO, DENSITY, level), library).notes, example(0).notes)


def test_a_register_moves_a_part_by_octaves(library: Examples) -> None:
    before, after = (
        song.notes["pitch"][song.notes["part"] == BASS].astype(int)
        for song in (example(0), directed(asked(BASS, REGISTER, 1), library))
    )
    assert set((before - after).tolist()) <= {12, 24, 36}
    assert abs(after.mean() - 31) <= 6


def test_nobody_plays_it_so(library: Examples) -> None:
    wishes = asked(PIANO, ROLE, role_class("piano", "pad"))
    np.testing.assert_array_equal(
        as_asked(example(0), wishes, Examples(), "pop", toy_song(), np.random.default_rng(0)).notes, example(0).notes
    )
