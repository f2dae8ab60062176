"""What a band hears before it plays: a reference's bars, a style's example, or some of each style of a mixture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.errors import InputError
from composer.model.example import cut_example, fits, in_key_of, twice
from composer.model.examples import Example, Examples
from composer.references import Reference, find_example, hear_reference
from composer.score import Score
from composer.styles import resolve
from composer.vocab import GridSong
from tests.model.songs import checkpoint_of, toy_network, toy_song

POP, ROCK = resolve("pop"), resolve("rock")


def named(seed: int, style: str, groove: str) -> Example:
    return Example(
        replace(cut_example(toy_song(8, seed=seed), 2), style=style, groove=groove, meta={}), groove, "CC0-1.0"
    )


@pytest.fixture(scope="module")
def knows():
    library = Examples((named(1, "pop", "a"), named(2, "pop", "b"), named(3, "rock", "r")))
    return replace(checkpoint_of(toy_network()), examples=library)


def notes_of(example: GridSong | None, part: int) -> list[tuple[int, int]]:
    assert example is not None
    mine = example.notes[example.notes["part"] == part]
    return list(zip(mine["bar"].tolist(), mine["position"].tolist(), strict=True))


def test_the_groove_s_own_bars_are_taken(knows) -> None:
    found = find_example(knows, toy_song(4), ((POP, "b", 1.0),), None, ("drums",), np.random.default_rng(0))
    assert notes_of(found, 1) == notes_of(twice(knows.examples.entries[1].song), 1)
    other = find_example(knows, toy_song(4), ((POP, "unheard of", 1.0),), None, ("drums",), np.random.default_rng(0))
    assert other is not None
    assert find_example(knows, toy_song(4), (), None, ("drums",), np.random.default_rng(0)) is None
    assert (
        find_example(knows, toy_song(4, quarters=5), ((POP, "b", 1.0),), None, ("drums",), np.random.default_rng(0))
        is None
    )


def test_a_reference_goes_before_a_style(knows) -> None:
    reference = Reference(np.zeros((2, 3)), cut_example(toy_song(8, seed=7), 0))
    found = find_example(knows, toy_song(4), ((POP, "b", 1.0),), reference, ("drums",), np.random.default_rng(0))
    assert notes_of(found, 1) == notes_of(twice(reference.example), 1)


def test_of_a_mixture_every_part_hears_one_style(knows) -> None:
    song, parts = toy_song(4), ("drums", "bass", "guitar", "piano")
    mixture = ((POP, "a", 0.25), (ROCK, "r", 0.75))
    found = find_example(knows, song, mixture, None, parts, np.random.default_rng(0))
    rock, pop = (knows.examples.entries[at].song for at in (2, 0))
    assert found is not None
    assert fits(song, found)
    assert [notes_of(found, part) == notes_of(twice(rock), part) for part in (1, 2, 3, 4)] == [True, True, True, False]
    assert notes_of(found, 4) == notes_of(twice(in_key_of(rock, pop)), 4)


def test_a_reference_without_a_band_is_refused() -> None:
    with pytest.raises(InputError, match="no band in it"):
        hear_reference(Score())
