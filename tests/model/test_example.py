"""Examples: told before the song, in its key and metre, never heard; and the library they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import CheckpointError
from composer.model.decoder import Decoder
from composer.model.example import best_example, cut_example, fits, lead_in, twice
from composer.model.examples import (
    CARD_FIELD,
    FILE,
    Example,
    Examples,
    in_metre_of,
    load_examples,
    minor_share,
    save_examples,
)
from composer.model.guidance import without_style
from composer.model.sampling import stream
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import Brief, cells
from composer.vocab import GridSong, transpose
from tests.model.songs import checkpoint_of, toy_network, toy_song


def in_c(song: GridSong, root: int = 0) -> GridSong:
    """The song on one chord."""
    roots = np.full(len(song.roots), root)
    tones = np.zeros((len(roots), 12), bool)
    tones[:, [(root + step) % 12 for step in (0, 4, 7)]] = True
    return replace(song, roots=roots, basses=roots, tones=tones)


def brief_of(song: GridSong, example: GridSong | None, **more: object) -> Brief:
    asked, given = cells(song.bar_count, (1, 2)), cells(song.bar_count, (0,))
    return replace(Brief(asked, given, 2, ((1, 1, 1.0),)), example=example, **more)


def test_it_stands_before_the_song_given_and_in_its_key() -> None:
    song, example = in_c(toy_song(8), 2), in_c(cut_example(toy_song(6, seed=4), 1), 11)
    joined, brief = lead_in(song, brief_of(song, example, fresh_from=3))
    assert joined.bar_count == 12
    assert (brief.example_bars, brief.fresh_from, brief.example) == (4, 7, None)
    assert not brief.asked[:4].any()
    assert brief.given[:4, 1:].all()
    assert not brief.given[:4, 0].any()
    assert (brief.asked[4:] == cells(8, (1, 2))).all()
    assert set(joined.roots.tolist()) == {2}
    before = joined.notes[joined.notes["bar"] < 4]
    bass = before["pitch"][before["part"] == 2].astype(int)
    own = example.notes["pitch"][example.notes["part"] == 2]
    assert set(np.sort(bass) - np.sort(own.astype(int))) == {3}
    drums = before["pitch"][before["part"] == 1]
    assert sorted(drums) == sorted(example.notes["pitch"][example.notes["part"] == 1])
    after = joined.notes[joined.notes["bar"] >= 4]
    assert len(after) == len(song.notes)


def test_nobody_hears_it_but_the_band() -> None:
    decoder, song = Decoder(checkpoint_of(toy_network())), toy_song(8)
    example = cut_example(toy_song(6, seed=4), 0)

    def bars(one: GridSong | None) -> list[np.ndarray]:
        return list(stream(decoder, song, brief_of(song, one), SamplingSettings(), np.random.default_rng(1)))

    without, with_it = bars(None), bars(example)
    assert len(without) == len(with_it) == 8
    for number, notes in enumerate(with_it):
        assert set(notes["bar"].tolist()) <= {number}
        assert set(notes["part"].tolist()) <= {1, 2}
    assert any(not np.array_equal(a, b) for a, b in zip(without, with_it, strict=True))


def test_strength_nought_was_never_played_it() -> None:
    checkpoint, song = checkpoint_of(toy_network()), toy_song(6)
    brief = brief_of(song, cut_example(toy_song(6, seed=4), 0))
    assert without_style(brief).example is None

    def bars(strength: float) -> list[np.ndarray]:
        dice = np.random.default_rng(1)
        return list(stream(Decoder(checkpoint), song, brief, SamplingSettings(), dice, strength))

    assert all(np.array_equal(a, b) for a, b in zip(bars(1.000001), bars(1.0), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(bars(2.0), bars(1.0), strict=True))


def test_the_fullest_bars_are_chosen() -> None:
    song = toy_song(12)
    notes = song.notes[(song.notes["bar"] >= 6) | (song.notes["part"] == 1)]
    found = best_example(replace(song, notes=notes))
    assert found is not None
    assert set(found.notes["part"].tolist()) == {1, 2, 3, 4, 5}
    assert best_example(replace(song, notes=song.notes[:0])) is None
    assert best_example(toy_song(1)) is None


@pytest.mark.parametrize(("quarters", "beat", "bars", "share"), [(2, 12, 8, 1.0), (3, 12, 4, 0.75), (3, 18, 8, 1.0)])
def test_four_four_is_cut_as_musicians_cut_it(quarters: int, beat: int, bars: int, share: float) -> None:
    example = cut_example(toy_song(6), 0)
    song = toy_song(4, quarters=quarters, beat=beat)
    shaped = in_metre_of(song, example)
    assert shaped is not None
    assert shaped.bar_count == bars
    assert fits(song, shaped)
    if beat == 18:
        assert set(np.unique(shaped.notes["position"] % 18)) <= {0, 6, 12}
        return
    assert len(shaped.roots) == 16 * share
    assert shaped.notes["position"].max() < 12 * quarters
    if share == 1:
        assert len(shaped.notes) == len(example.notes)


def test_no_example_in_a_metre_that_cannot_be_had() -> None:
    assert in_metre_of(toy_song(4, quarters=5), cut_example(toy_song(6), 0)) is None
    assert in_metre_of(toy_song(4, quarters=4), cut_example(toy_song(6, quarters=3), 0)) is None


def library() -> list[Example]:
    songs = [cut_example(toy_song(6, seed=seed, quarters=quarters), 1) for seed, quarters in ((1, 4), (2, 4), (3, 3))]
    named = [replace(song, style=style, groove=groove, meta={}) for song, style, groove in zip(
        songs, ("pop", "pop", "rock"), ("g", "h", "r"), strict=True)]  # fmt: skip
    return [Example(song, f"song/{i}", "CC0-1.0") for i, song in enumerate(named)]


def test_a_library_comes_back_as_it_was(tmp_path: Path) -> None:
    written = library()
    found = load_examples(tmp_path, {CARD_FIELD: save_examples(written, tmp_path)})
    for old, new in zip(written, found.entries, strict=True):
        assert (old.source, old.licence, old.song.style, old.song.groove) == (
            new.source, new.licence, new.song.style, new.song.groove,
        )  # fmt: skip
        assert np.array_equal(old.song.notes, new.song.notes)
        for name in ("bar_length", "beat_length", "roots", "basses", "tones"):
            assert np.array_equal(getattr(old.song, name), getattr(new.song, name))
    assert [e.song.groove for e in found.of("pop", "", toy_song(4), ("drums",))] == ["g", "h"]
    assert [e.song.groove for e in found.of("pop", "h", toy_song(4), ("drums",))] == ["h"]
    assert found.of("rock", "", toy_song(4), ("drums",)) == []
    assert load_examples(tmp_path, {}) == Examples()


def test_a_minor_song_hears_minor_examples_and_a_song_on_one_note_any() -> None:
    major = library()[0]
    tones = np.roll(major.song.tones, 0, axis=1).copy()
    beats = np.arange(len(tones))
    known = major.song.roots >= 0
    tones[beats[known], (major.song.roots[known] + 4) % 12] = False
    tones[beats[known], (major.song.roots[known] + 3) % 12] = True
    minor = replace(major, song=replace(major.song, tones=tones))
    tune = in_c(toy_song(4))
    assert minor_share(major.song) < minor_share(minor.song) == 1
    assert Examples((minor, major)).of("pop", "g", tune, ("drums",))[0].song.tones.tolist() == major.song.tones.tolist()
    bare = replace(tune, roots=np.full(len(tune.roots), -1))
    assert minor_share(bare) == 0.5


def test_another_library_than_the_card_s_is_refused(tmp_path: Path) -> None:
    digest = save_examples(library(), tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="does not match its hash on the card"):
        load_examples(tmp_path, {CARD_FIELD: digest})
    (tmp_path / FILE).unlink()
    with pytest.raises(CheckpointError, match="the card lists it"):
        load_examples(tmp_path, {CARD_FIELD: digest})


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / FILE).write_bytes(json.dumps({}).encode())
    digest = hashlib.sha256((tmp_path / FILE).read_bytes()).hexdigest()
    with pytest.raises(CheckpointError, match="is damaged"):
        load_examples(tmp_path, {CARD_FIELD: digest})


def test_transposing_by_an_octave_changes_nothing_but_pitch() -> None:
    song = toy_song(4)
    assert np.array_equal(transpose(song, 12).roots, song.roots)


def test_twice_is_the_same_bars_again() -> None:
    example = cut_example(toy_song(8), 0, 4)
    both = twice(example)
    assert both.bar_count == 2 * example.bar_count
    again = both.notes[both.notes["bar"] >= 4].copy()
    again["bar"] -= 4
    assert np.array_equal(again, example.notes)
    assert both.roots.tolist() == [*example.roots, *example.roots]
