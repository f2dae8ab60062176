"""Context noise: wrong notes are heard, right ones are to be written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.model.sequence import NOTE, Brief, cells, encode_song, training_example
from composer.training.context_noise import add_wrong_notes
from composer.vocab import DRUM_PART, GridSong
from tests.model.songs import toy_song

BASS = 2


def stacks(song: GridSong) -> GridSong:
    """With chords of neighbouring semitones, which a wrong note could turn round."""
    notes = np.concatenate([song.notes, song.notes])
    notes["pitch"][len(song.notes) :] += 1
    return replace(song, notes=np.sort(notes, order=["bar", "part", "position", "pitch"]))


@pytest.mark.parametrize("seed", range(12))
def test_only_pitches_that_are_asked_for_are_wrong(seed: int) -> None:
    song = stacks(toy_song(16, seed))
    brief = Brief(cells(16, (DRUM_PART, BASS)), cells(16, (0,)))
    noisy = add_wrong_notes(song, brief, np.random.default_rng(seed))
    changed = noisy.notes["pitch"] != song.notes["pitch"]
    assert set(noisy.notes["part"][changed].tolist()) <= {BASS}
    for name in song.notes.dtype.names or ():
        if name != "pitch":
            assert np.array_equal(noisy.notes[name], song.notes[name])
    told, meant = encode_song(noisy, brief).events, encode_song(song, brief).events
    for name in told.dtype.names or ():
        if name != "pitch":
            assert np.array_equal(told[name], meant[name]), "the events are in the same order"


def test_most_songs_have_some() -> None:
    song, brief = toy_song(16), Brief(cells(16, (1, 2, 3, 4, 5)), cells(16, (0,)))
    shares = [
        np.mean(add_wrong_notes(song, brief, np.random.default_rng(seed)).notes["pitch"] != song.notes["pitch"])
        for seed in range(40)
    ]
    assert 0.01 < np.mean(shares) < 0.25


def test_what_is_heard_is_wrong_and_what_is_to_be_written_right() -> None:
    song, brief = toy_song(16), Brief(cells(16, (1, 2, 3, 4, 5)), cells(16, (0,)))
    right = encode_song(song, brief)
    noisy = encode_song(add_wrong_notes(song, brief, np.random.default_rng(1)), brief)
    clean, heard = training_example(song, brief), training_example(song, brief, told=replace(noisy, meant=right.events))
    assert np.array_equal(heard.target["pitch"], clean.target["pitch"])
    wrong = heard.event["pitch"] != clean.event["pitch"]
    assert wrong.any()
    assert (heard.event["kind"][wrong] == NOTE).all()
    assert (heard.pitch_features != clean.pitch_features).any(), "the canvas holds the wrong notes too"
