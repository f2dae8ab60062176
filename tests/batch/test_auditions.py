"""Auditions: the band is heard after every example, what was said is kept with it, and grooves are drawn from what comes across."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.batch.auditions import best, hold, in_their_own, made_to_fit
from composer.gm import ROLES
from composer.model.checkpoint import Checkpoint
from composer.model.example import cut_example
from composer.model.examples import Example, Examples, metre_called, metre_of
from composer.planning import draw_groove
from composer.styles import FULL_BAND, PEOPLE, resolve
from composer.vocab import GridSong
from tests.model.songs import checkpoint_of, toy_network, toy_song
from tests.model.test_style_fit import listener

FOUR, THREE = "48/12", "36/12"


def example(seed: int, style: str, groove: str, **heard: float) -> Example:
    song = replace(cut_example(toy_song(8, seed=seed), 2), style=style, groove=groove, meta={})
    return Example(song, groove, "CC0-1.0", {{"four": FOUR, "three": THREE}[name]: p for name, p in heard.items()})


def tune(seed: int, quarters: int = 4) -> GridSong:
    song = toy_song(2, seed, quarters)
    return replace(song, notes=song.notes[song.notes["part"] == 0])


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return replace(checkpoint_of(toy_network()), listener=listener())


def without_drums(one: Example) -> Example:
    return replace(one, song=replace(one.song, notes=one.song.notes[one.song.notes["part"] > 3]))


def drawn(checkpoint: Checkpoint, entries: list[Example], meter: str, parts: tuple[str, ...] = FULL_BAND) -> set[str]:
    known = replace(checkpoint, examples=Examples(tuple(entries)))
    return {draw_groove(known, resolve("pop"), meter, parts, np.random.default_rng(seed)) for seed in range(12)}


def test_the_listener_s_word_stands_beside_every_example(checkpoint: Checkpoint) -> None:
    entries = [example(1, "pop", "a"), example(2, "rock", "b"), example(3, "own", "mine")]
    tunes = {FOUR: [tune(4), tune(5)]}
    told = hold(checkpoint, entries, in_their_own(entries, tunes, 0))
    assert [set(one.heard) for one in told] == [{FOUR}, {FOUR}, set()]
    assert all(0 <= probability <= 1 for one in told for probability in one.heard.values())
    again = hold(checkpoint, entries, in_their_own(entries, tunes, 0))
    assert [one.heard for one in again] == [one.heard for one in told]


def test_examples_are_made_to_fit_only_where_none_of_the_metre_comes_across() -> None:
    entries = [example(1, "pop", "a", four=0.9), example(2, "rock", "b", four=0.9, three=0.8)]
    tunes = {FOUR: [tune(4)], THREE: [tune(5, quarters=3)]}
    asked = [(one.number, metre_of(one.tune)) for one in made_to_fit(entries, tunes, 0)]
    assert asked == [(0, THREE)]


def test_of_people_s_playing_the_best_are_kept() -> None:
    people = [example(seed, "pop", PEOPLE, four=0.6 + seed / 50) for seed in range(15)]
    unheard = [example(seed, "rock", PEOPLE, four=0.4) for seed in range(2)]
    pianists = [replace(without_drums(one), heard={}) for one in people]
    grooves = [example(seed, "pop", "a", four=0.1) for seed in range(15)]
    kept = best([*people, *unheard, *pianists, *grooves])
    assert [one.heard.get(FOUR) for one in kept] == [0.6 + seed / 50 for seed in range(3, 15)] + [None] * 12 + [
        0.1
    ] * 15
    assert not list(in_their_own(pianists, {FOUR: [tune(4)]}, 0)), "the listener knows bands"


def test_a_style_is_played_in_grooves_that_come_across(checkpoint: Checkpoint) -> None:
    entries = [example(1, "pop", "a", four=0.9), example(2, "pop", "b", four=0.2), example(3, "pop", "c", four=0.8)]
    assert drawn(checkpoint, entries, "4/4") == {"a", "c"}
    assert drawn(checkpoint, [example(2, "pop", "b", four=0.2)], "4/4") == {"b"}, "the best there is"
    assert drawn(checkpoint, [], "4/4") == {"g"}, "none: any that the card knows"
    assert drawn(checkpoint, [example(2, "pop", "b")], "4/4") == {"b"}, "never auditioned: believed in its own metre"
    assert drawn(checkpoint, [example(2, "pop", "b")], "3/4") == {""}


def test_people_s_playing_goes_before_grooves_where_enough_of_it_comes_across(checkpoint: Checkpoint) -> None:
    people = [example(seed, "pop", PEOPLE, four=0.9) for seed in range(3)]
    groove = example(4, "pop", "a", four=0.9)
    assert drawn(checkpoint, [*people, groove], "4/4") == {PEOPLE}
    assert drawn(checkpoint, [*people[:2], replace(people[2], heard={FOUR: 0.3}), groove], "4/4") == {"a"}


def test_who_asks_for_no_drums_hears_people_without_drums(checkpoint: Checkpoint) -> None:
    band = [example(seed, "pop", PEOPLE, four=0.9) for seed in range(3)]
    pianists = [without_drums(one) for one in band]
    groove = example(4, "pop", "a", four=0.9)
    assert drawn(checkpoint, [*band, groove], "4/4", ("piano",)) == {"a"}
    assert drawn(checkpoint, [*pianists, groove], "4/4", ("piano",)) == {PEOPLE}
    assert drawn(checkpoint, [*pianists, groove], "4/4") == {"a"}
    assert drawn(checkpoint, [*pianists, groove], "4/4", ("piano", "bass")) == {"a"}, (
        "no bass is heard beside these pianos"
    )
    library = Examples((*band, *pianists))
    assert not any("drums" in one.parts for one in library.of("pop", PEOPLE, tune(0), ("piano",)))
    assert all("drums" in one.parts for one in library.of("pop", PEOPLE, tune(0), FULL_BAND))


def test_examples_that_come_across_in_the_song_s_metre_are_taken() -> None:
    library = Examples((example(1, "pop", "a", four=0.9), example(2, "pop", "a", four=0.2, three=0.9)))
    assert [one.song.notes.size for one in library.of("pop", "a", tune(0), FULL_BAND)] == [
        library.entries[0].song.notes.size
    ]
    three = library.of("pop", "a", tune(0, quarters=3), FULL_BAND)
    assert [one.heard for one in three] == [library.entries[1].heard]
    assert len(Examples((example(1, "pop", "a"), example(2, "pop", "a"))).of("pop", "a", tune(0), FULL_BAND)) == 2


def test_an_example_that_shows_a_part_goes_before_one_that_does_not() -> None:
    full = example(1, "pop", PEOPLE, four=0.9)
    piano = ROLES.index("piano")
    bare = replace(full, song=replace(full.song, notes=full.song.notes[full.song.notes["part"] != piano]))
    library = Examples((full, bare, full))
    assert len(library.of("pop", PEOPLE, tune(0), FULL_BAND)) == 2
    assert len(library.of("pop", PEOPLE, tune(0), ("drums", "bass"))) == 3


@pytest.mark.parametrize(
    ("meter", "metre"), [("4/4", FOUR), ("2/2", FOUR), ("3/4", THREE), ("6/8", "36/18"), ("2/4", "24/12")]
)
def test_metres_by_name_are_those_of_songs(meter: str, metre: str) -> None:
    assert metre_called(meter) == metre
